//! Curves: operators that bend, and what they are in our blocks.
//!
//! Lives here: activations, also those that are written as several operators, gates, and layer norms. Does not live here:
//! what sums are made of (that is [`super::arithmetic`]).

use std::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

use super::Refusal;
use super::sums::{Part, Sums};
use super::walk::{Curve, Value, Walk, input, optional};
use crate::architecture::Activation;
use crate::onnx::Node;
use crate::program::NORM_EPSILON;
use crate::schema::Target;

/// How far a factor may be from what it is meant to be: such numbers are written in 32 bits.
const MEANT: f64 = 1e-6;

impl Curve {
    pub fn scaled(self, factor: f64) -> Self {
        Self { scale: self.scale * factor, shift: self.shift * factor, ..self }
    }

    /// One number is for all columns.
    pub fn shifted(self, numbers: &[f64]) -> Self {
        Self { shift: self.shift + numbers.first().copied().unwrap_or_default(), ..self }
    }
}

impl Walk<'_> {
    pub fn curve(&mut self, name: &str) -> Result<Curve, Refusal> {
        Ok(Curve { of: self.sums(name)?, scale: 1.0, shift: 0.0 })
    }

    /// A block with this activation.
    pub fn activated(&mut self, name: &str, activation: Activation) -> Result<Value, Refusal> {
        let sums = self.sums(name)?;
        self.block(&sums, activation).map(Value::Sums)
    }

    /// `LayerNorm(c a)` with our epsilon is that of `a` with another, for the right `c`.
    pub fn layer_norm(&mut self, node: &Node, epsilon: f32) -> Result<Value, Refusal> {
        let sums = self.sums(input(node, 0)?)?;
        let columns = sums.columns();
        if epsilon.is_nan() || epsilon <= 0.0 {
            return Err(format!("its epsilon is {epsilon}; it has to be above zero"));
        }
        let gain = self.graph.by_column(input(node, 1)?, columns)?;
        let shift = optional(node, 2).map_or(Ok(vec![0.0]), |name| self.graph.by_column(name, columns))?;
        let of = sums.scaled(&[(f64::from(NORM_EPSILON) / f64::from(epsilon)).sqrt()]);
        self.spend(of.numbers())?;
        Ok(Value::Sums(self.norm(of).scaled(&gain).shifted(&shift)))
    }

    /// `max(a, 0) - α max(-a, 0)`.
    pub fn leaky(&mut self, name: &str, alpha: f64) -> Result<Value, Refusal> {
        let sums = self.sums(name)?;
        let units = sums.columns();
        self.spend(sums.height().saturating_mul(4 * units))?;
        let both = Sums::side_by_side(&[&sums, &sums.scaled(&[-1.0])]);
        let said = self.block(&both, Activation::Relu)?;
        let [above, below] = [0..units, units..2 * units].map(|part| said.pick(&part.collect::<Vec<_>>()));
        self.spend(said.height().saturating_mul(2 * units))?;
        Ok(Value::Sums(above.plus(&below.scaled(&[-alpha]))))
    }

    /// `σ(a) = (1 + tanh(a / 2)) / 2`.
    pub fn sigmoid_block(&mut self, curve: &Curve) -> Result<Sums, Refusal> {
        let said = self.block(&curve.of.scaled(&[0.5]), Activation::Tanh)?;
        Ok(said.scaled(&[curve.scale / 2.0]).shifted(&[curve.scale / 2.0 + curve.shift]))
    }

    /// A product of two values: a `Silu` or a `Gelu`, or nothing that our blocks can.
    pub fn gated(&mut self, left: &str, right: &str) -> Result<Value, Refusal> {
        let gate = match (self.same(left)?, self.same(right)?) {
            (Value::Sums(sums), curve @ (Value::Sigmoid(_) | Value::Erf(_)))
            | (curve @ (Value::Sigmoid(_) | Value::Erf(_)), Value::Sums(sums)) => Some((sums, curve)),
            _ => None,
        };
        let made = match gate {
            Some((sums, Value::Sigmoid(curve))) => self.silu(&sums, &curve)?,
            Some((sums, Value::Erf(curve))) => self.gelu(&sums, &curve)?,
            _ => None,
        };
        made.map(Value::Sums).ok_or_else(|| {
            "it multiplies two values of the row, and that is neither a SiLU nor a GELU, so our blocks do not".into()
        })
    }

    /// `k a σ(a)`.
    fn silu(&mut self, sums: &Sums, curve: &Curve) -> Result<Option<Sums>, Refusal> {
        let Some(factor) = sums.multiple_of(&curve.of).filter(|_| curve.shift == 0.0) else {
            return Ok(None);
        };
        let said = self.block(&curve.of, Activation::Silu)?;
        Ok(Some(said.scaled(&[factor * curve.scale])))
    }

    /// `k z (1 + erf(z))`, of which `gelu(√2 z)` is `√2 z (1 + erf(z)) / 2`.
    fn gelu(&mut self, sums: &Sums, curve: &Curve) -> Result<Option<Sums>, Refusal> {
        let even = (curve.scale - curve.shift).abs() <= MEANT * curve.scale.abs();
        let Some(factor) = sums.multiple_of(&curve.of).filter(|_| even) else { return Ok(None) };
        let argument = curve.of.scaled(&[SQRT_2]);
        let said = self.block(&argument, Activation::Gelu)?;
        Ok(Some(said.scaled(&[factor * curve.scale * 2.0 * FRAC_1_SQRT_2])))
    }

    /// What sums to one already stays as it is.
    pub fn normalizer(&mut self, name: &str) -> Result<Value, Refusal> {
        match self.same(name)? {
            Value::Softmax(logits) => Ok(Value::Softmax(logits)),
            Value::Sigmoid(curve) if super::ending::opposite(&curve).is_some() => Ok(Value::Sigmoid(curve)),
            _ => Err("what it makes sum to one is no softmax, so it cannot be said by one".into()),
        }
    }

    /// The same numbers, for classes that have these names.
    pub fn zip_map(&mut self, name: &str, classes: &[String]) -> Result<Value, Refusal> {
        self.check_classes(classes)?;
        self.same(name)
    }

    /// Refuses classes that are not those of the schema, in their order. Whole numbers that only count them say nothing.
    pub fn check_classes(&self, classes: &[String]) -> Result<(), Refusal> {
        let Target::Classification { classes: wanted } = self.schema.target() else {
            return Err("it answers with classes, but the schema has a number to predict".into());
        };
        let counted = classes.iter().enumerate().all(|(at, name)| *name == at.to_string());
        if classes == wanted || (counted && classes.len() == wanted.len()) {
            return Ok(());
        }
        Err(format!(
            "its classes are `{}`, but those of the schema are `{}`; they have to be the same in the same order",
            classes.join("`, `"),
            wanted.join("`, `")
        ))
    }
}

/// The gains that go through the activation of a norm. Our norm has no gain and shift: a gain that is above zero goes through
/// a `Relu`, all others stay before the bend.
pub(super) fn gain(normed: &Sums, activation: Activation) -> Result<Vec<f64>, Refusal> {
    let picked = normed.parts.values().next().and_then(Part::picked).unwrap_or_default();
    let whole = normed.parts.len() == 1 && picked.iter().enumerate().all(|(column, (row, _))| column == *row);
    let gain: Vec<f64> = picked.iter().map(|(_, gain)| *gain).collect();
    let unshifted = normed.bias.iter().all(|shift| *shift == 0.0);
    let even = gain.iter().all(|gain| (gain - 1.0).abs() <= MEANT);
    match (activation, whole && unshifted && !gain.is_empty()) {
        (_, true) if even => Ok(vec![1.0]),
        (Activation::Relu, true) if gain.iter().all(|gain| *gain > 0.0) => Ok(gain),
        _ => Err(format!(
            "the layer norm before `{}` has a gain or shift, or is mixed, which the norm of our blocks is not: train it \
             without (elementwise_affine=False; center=False, scale=False)",
            activation.name()
        )),
    }
}
