//! Ending: the last value of a graph as an answer.
//!
//! Lives here: which last values are answers of which targets, and how the graph's own numbers are read as such.

use super::sums::Sums;
use super::walk::{Curve, Value, Walk};
use super::{Refusal, is_exactly};
use crate::schema::Target;

/// What the last numbers of a graph are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Of each class.
    Probabilities,
    /// Of the second of two classes.
    Second,
    /// Probabilities once they have gone through a softmax.
    Logits,
    /// Logarithms of probabilities.
    Logarithms,
    /// The number that is predicted.
    Number,
}

impl End {
    /// A row of the graph's own numbers as an answer.
    pub fn read(self, row: &[f64]) -> Vec<f64> {
        match self {
            Self::Probabilities | Self::Number => row.to_vec(),
            Self::Second => row.iter().flat_map(|second| [1.0 - second, *second]).collect(),
            Self::Logarithms => row.iter().map(|number| number.exp()).collect(),
            Self::Logits => {
                let largest = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let raised: Vec<f64> = row.iter().map(|logit| (logit - largest).exp()).collect();
                let whole: f64 = raised.iter().sum();
                raised.iter().map(|number| number / whole).collect()
            }
        }
    }
}

/// The logits, or the number, and how the graph's own answer is read.
pub(super) fn answer(walk: &mut Walk<'_>, last: Value) -> Result<(Sums, End), Refusal> {
    let outputs = walk.schema.target().outputs();
    let found = match (walk.schema.target(), last) {
        (Target::Classification { .. }, Value::Softmax(logits)) => (logits, End::Probabilities),
        (Target::Classification { .. }, Value::LogSoftmax(logits)) => (logits, End::Logarithms),
        (Target::Classification { .. }, Value::Sums(logits)) => (logits, End::Logits),
        (Target::Classification { .. }, Value::Sigmoid(curve)) => sigmoid(&curve)?,
        (Target::Regression, Value::Sums(number)) => (number, End::Number),
        (Target::Regression, Value::Sigmoid(curve)) => (walk.sigmoid_block(&curve)?, End::Number),
        (Target::Regression, Value::Softmax(_) | Value::LogSoftmax(_)) => {
            return Err("the graph answers with classes, but the schema has a number to predict".into());
        }
        (_, Value::Erf(_)) => return Err("the graph ends in the middle of a block".into()),
    };
    if found.0.columns() != outputs {
        return Err(match walk.schema.target() {
            Target::Classification { .. } => format!(
                "the graph answers with {} numbers, but the schema has {outputs} classes: give a number for each, or one \
                 Sigmoid for the second of two",
                found.0.columns()
            ),
            Target::Regression => {
                format!("the graph answers with {} numbers, where the schema has one", found.0.columns())
            }
        });
    }
    Ok(found)
}

/// σ(s) is the second of softmax(0, s); the first beside it has to be σ(-s).
fn sigmoid(curve: &Curve) -> Result<(Sums, End), Refusal> {
    let plain = is_exactly(curve.scale, 1.0) && curve.shift == 0.0;
    if let Some(second) = opposite(curve) {
        return Ok((Sums::side_by_side(&[&Sums::zero(), &second]), End::Probabilities));
    }
    if plain && curve.of.columns() == 1 {
        return Ok((Sums::side_by_side(&[&Sums::zero(), &curve.of]), End::Second));
    }
    Err("several sigmoids beside each other are no probabilities of classes of which one is true".into())
}

/// The second of two columns of sigmoids, where the first is what it lacks of one.
pub(super) fn opposite(curve: &Curve) -> Option<Sums> {
    let plain = is_exactly(curve.scale, 1.0) && curve.shift == 0.0;
    if !plain || curve.of.columns() != 2 {
        return None;
    }
    let [first, second] = [0, 1].map(|column| curve.of.pick(&[column]));
    let factor = first.multiple_of(&second)?;
    // As exact as the numbers of the file are.
    ((factor + 1.0).abs() < 1e-6).then_some(second)
}
