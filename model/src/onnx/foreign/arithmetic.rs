//! Arithmetic: operators that make sums of sums.
//!
//! Lives here: scaling, shifting, tables, and choosing columns. Does not live here: what bends (that is
//! [`super::curves`]).

use super::sums::Sums;
use super::walk::{Curve, Value, Walk, input, optional};
use super::{Refusal, is_exactly};
use crate::onnx::{Node, Op};

/// Most dimensions of a shape that is looked at.
const SHAPE_MAX: usize = 8;

impl Walk<'_> {
    /// Sums, differences, products and quotients with constants; sums and differences of values; gates.
    pub fn arithmetic(&mut self, node: &Node) -> Result<Value, Refusal> {
        let (left, right) = (input(node, 0)?, input(node, 1)?);
        match (&node.op, self.graph.is_constant(left), self.graph.is_constant(right)) {
            (_, true, true) => Err("it computes with constants alone; fold them when exporting".into()),
            (Op::Add, false, true) => self.shifted(left, right, 1.0),
            (Op::Add, true, false) => self.shifted(right, left, 1.0),
            (Op::Sub, false, true) => self.shifted(left, right, -1.0),
            (Op::Sub, true, false) => {
                let turned = self.scaled(right, &[-1.0])?;
                self.shift(turned, left, 1.0)
            }
            (Op::Mul, false, true) => self.multiplied(left, right, false),
            (Op::Mul, true, false) => self.multiplied(right, left, false),
            (Op::Div, false, true) => self.multiplied(left, right, true),
            (Op::Add, false, false) => self.together(left, right, 1.0),
            (Op::Sub, false, false) => self.together(left, right, -1.0),
            (Op::Mul, false, false) => self.gated(left, right),
            _ => Err("it divides by a value of the row, which our blocks do not".into()),
        }
    }

    fn together(&mut self, left: &str, right: &str, sign: f64) -> Result<Value, Refusal> {
        let (left, right) = (self.sums(left)?, self.sums(right)?);
        if left.columns() != right.columns() {
            return Err(format!("{} columns and {} do not go together", left.columns(), right.columns()));
        }
        let height = left.height().saturating_add(right.height());
        self.spend(height.saturating_mul(left.columns()))?;
        Ok(Value::Sums(left.plus(&right.scaled(&[sign]))))
    }

    /// A value by these factors.
    pub fn scaled(&mut self, name: &str, factors: &[f64]) -> Result<Value, Refusal> {
        match (self.same(name)?, factors) {
            (Value::Sigmoid(curve), [factor]) => Ok(Value::Sigmoid(curve.scaled(*factor))),
            (Value::Erf(curve), [factor]) => Ok(Value::Erf(curve.scaled(*factor))),
            _ => Ok(Value::Sums(self.sums(name)?.scaled(factors))),
        }
    }

    fn multiplied(&mut self, name: &str, by: &str, divides: bool) -> Result<Value, Refusal> {
        let mut factors = self.graph.by_column(by, self.columns(name)?)?;
        if divides {
            if factors.contains(&0.0) {
                return Err(format!("`{by}` is zero somewhere, and it divides"));
            }
            for factor in &mut factors {
                *factor = 1.0 / *factor;
            }
        }
        self.scaled(name, &factors)
    }

    fn shifted(&mut self, name: &str, by: &str, sign: f64) -> Result<Value, Refusal> {
        let value = match self.same(name)? {
            curve @ (Value::Sigmoid(_) | Value::Erf(_)) => curve,
            _ => Value::Sums(self.sums(name)?),
        };
        self.shift(value, by, sign)
    }

    fn shift(&mut self, value: Value, by: &str, sign: f64) -> Result<Value, Refusal> {
        let shift = |columns: usize| -> Result<Vec<f64>, Refusal> {
            Ok(self.graph.by_column(by, columns)?.iter().map(|number| sign * number).collect())
        };
        match value {
            Value::Sums(sums) => {
                let numbers = shift(sums.columns())?;
                Ok(Value::Sums(sums.shifted(&numbers)))
            }
            Value::Sigmoid(curve) => Ok(Value::Sigmoid(curve.shifted(&shift(1)?))),
            Value::Erf(curve) => Ok(Value::Erf(curve.shifted(&shift(1)?))),
            Value::Softmax(_) | Value::LogSoftmax(_) => Err("nothing can be added to an answer".into()),
        }
    }

    /// `x W`, with a table that may lie on its side.
    pub fn product(&mut self, name: &str, table: &str, turned: bool) -> Result<Value, Refusal> {
        let sums = self.sums(name)?;
        let (table, columns) = self.graph.tabled(table, sums.columns(), turned)?;
        self.multiply(&sums, &table, columns).map(Value::Sums)
    }

    fn multiply(&mut self, sums: &Sums, table: &[f64], columns: usize) -> Result<Sums, Refusal> {
        self.note_scale(sums);
        self.spend_product(sums, columns)?;
        Ok(sums.times(table, columns))
    }

    /// `x W + b`.
    pub fn gemm(&mut self, node: &Node, turned: bool) -> Result<Value, Refusal> {
        let product = self.product(input(node, 0)?, input(node, 1)?, turned)?;
        match optional(node, 2) {
            Some(bias) => self.shift(product, bias, 1.0),
            None => Ok(product),
        }
    }

    /// `x Wᵀ + b`, with numbers that stand in the node itself.
    pub fn linear(&mut self, name: &str, table: &[f32], added: &[f32]) -> Result<Sums, Refusal> {
        let sums = self.sums(name)?;
        let (numbers, rows) = (table.len(), sums.columns());
        if numbers == 0 || !numbers.is_multiple_of(rows) {
            return Err(format!("it has {numbers} coefficients for {rows} columns"));
        }
        let columns = numbers / rows;
        if !added.is_empty() && added.len() != columns {
            return Err(format!("it has {} intercepts for {columns} results", added.len()));
        }
        let wide: Vec<f64> = table.iter().copied().map(f64::from).collect();
        let product = self.multiply(&sums, &super::constants::transposed(&wide, columns), columns)?;
        let added: Vec<f64> = added.iter().copied().map(f64::from).collect();
        Ok(if added.is_empty() { product } else { product.shifted(&added) })
    }

    /// Side by side. A sigmoid beside what it lacks of one are two classes.
    pub fn concat(&mut self, node: &Node) -> Result<Value, Refusal> {
        if let [left, right] = node.inputs.as_slice()
            && let (Ok(Value::Sigmoid(left)), Ok(Value::Sigmoid(right))) = (self.find(left), self.find(right))
            && let Some(logits) = two_classes(left, right)
        {
            return Ok(Value::Softmax(logits));
        }
        let parts: Vec<Sums> = node.inputs.iter().map(|name| self.sums(name)).collect::<Result<_, _>>()?;
        let parts: Vec<&Sums> = parts.iter().collect();
        let columns = parts.iter().map(|sums| sums.columns()).fold(0, usize::saturating_add);
        let height = parts.iter().map(|sums| sums.height()).fold(0, usize::saturating_add);
        self.spend(height.saturating_mul(columns))?;
        Ok(Value::Sums(Sums::side_by_side(&parts)))
    }

    /// Some of the columns.
    pub fn gather(&mut self, name: &str, places: &str) -> Result<Value, Refusal> {
        let sums = self.sums(name)?;
        let places = self.graph.places(places, sums.columns())?;
        self.spend(sums.height().saturating_mul(places.len()))?;
        Ok(Value::Sums(sums.pick(&places)))
    }

    /// Another shape of the same table; a single column may become a list.
    pub fn reshape(&mut self, node: &Node) -> Result<Value, Refusal> {
        let name = input(node, 0)?;
        let columns = self.columns(name)?;
        let same = match (&node.op, optional(node, 1)) {
            (Op::Reshape, Some(shape)) => {
                let shape = self.graph.numbered(shape, SHAPE_MAX)?.numbers;
                let (wide, any) = (columns as f64, [-1.0, 0.0]);
                match shape.as_slice() {
                    [rows, last] if any.contains(rows) => {
                        is_exactly(*last, wide) || (any.contains(last) && !is_exactly(*rows, *last))
                    }
                    [rows] => *rows < 0.0 && columns == 1,
                    _ => false,
                }
            }
            (Op::Squeeze, _) => columns == 1,
            _ => true,
        };
        if same { self.same(name) } else { Err("it gives rows another shape".into()) }
    }

    /// `(x - offset) scale`.
    pub fn scaler(&mut self, name: &str, offset: &[f32], scale: &[f32]) -> Result<Value, Refusal> {
        let sums = self.sums(name)?;
        let fits = |list: &[f32]| [1, sums.columns()].contains(&list.len());
        if !fits(offset) || !fits(scale) {
            return Err(format!("it scales another number of columns than {}", sums.columns()));
        }
        let offset: Vec<f64> = offset.iter().map(|number| -f64::from(*number)).collect();
        let scale: Vec<f64> = scale.iter().copied().map(f64::from).collect();
        Ok(Value::Sums(sums.shifted(&offset).scaled(&scale)))
    }

    /// As it is when nobody learns: each column by what is known of it.
    pub fn batch_norm(&mut self, node: &Node, epsilon: f32) -> Result<Value, Refusal> {
        let sums = self.sums(input(node, 0)?)?;
        let list = |at| self.graph.by_column(input(node, at)?, sums.columns());
        let [gain, shift, mean, variance] = [list(1)?, list(2)?, list(3)?, list(4)?];
        let inverse: Vec<f64> =
            variance.iter().map(|variance| 1.0 / (variance + f64::from(epsilon)).sqrt()).collect();
        if inverse.iter().any(|number| !number.is_finite()) {
            return Err("a variance of it is below zero".into());
        }
        let mean: Vec<f64> = mean.iter().map(|number| -number).collect();
        let standard = sums.shifted(&mean).scaled(&inverse);
        self.note_scale(&standard);
        Ok(Value::Sums(standard.scaled(&gain).shifted(&shift)))
    }

    /// Where features are scaled before they are mixed, that is the scale that they are on.
    fn note_scale(&mut self, sums: &Sums) {
        let Some(picked) = sums.parts.get(&0).and_then(super::sums::Part::picked) else { return };
        for ((feature, weight), bias) in picked.iter().zip(&sums.bias) {
            let as_it_is = is_exactly(*weight, 1.0) && *bias == 0.0;
            let (mean, deviation) = (-bias / weight, 1.0 / weight.abs());
            let usable = mean.is_finite() && deviation.is_finite() && deviation > 0.0;
            if usable && !as_it_is && sums.parts.len() == 1 {
                self.scales[*feature].get_or_insert((mean, deviation));
            }
        }
    }

    fn columns(&self, name: &str) -> Result<usize, Refusal> {
        Ok(match self.find(name)? {
            Value::Sums(sums) | Value::Softmax(sums) | Value::LogSoftmax(sums) => sums.columns(),
            Value::Sigmoid(curve) | Value::Erf(curve) => curve.of.columns(),
        })
    }
}

/// The logits of `1 - σ(s)` and `σ(s)`, in either order.
fn two_classes(left: &Curve, right: &Curve) -> Option<Sums> {
    let is = |curve: &Curve, scale: f64, shift: f64| {
        is_exactly(curve.scale, scale) && is_exactly(curve.shift, shift)
    };
    if left.of.columns() != 1 || left.of != right.of {
        return None;
    }
    if is(left, -1.0, 1.0) && is(right, 1.0, 0.0) {
        Some(Sums::side_by_side(&[&Sums::zero(), &right.of]))
    } else if is(left, 1.0, 0.0) && is(right, -1.0, 1.0) {
        Some(Sums::side_by_side(&[&left.of, &Sums::zero()]))
    } else {
        None
    }
}
