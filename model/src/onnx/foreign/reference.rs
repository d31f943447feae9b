//! Reference: what a graph says, computed plainly, node by node, in 64 bits.
//!
//! Lives here: the operators of plain networks as ONNX means them. May not: know of blocks, sums or scales: the model is
//! held against this, so the two share nothing but the reading of constants.

use std::collections::BTreeMap;

use super::Refusal;
use super::ending::End;
use super::walk::{input, optional};
use crate::onnx::{Graph, Node, Op, ScoreEnd};
use crate::sample::Row;
use crate::schema::Schema;

/// A table of numbers, row by row.
#[derive(Clone)]
struct Sheet {
    columns: usize,
    numbers: Vec<f64>,
}

impl Sheet {
    fn rows(&self) -> impl Iterator<Item = &[f64]> {
        self.numbers.chunks_exact(self.columns)
    }

    fn map(&self, of: impl Fn(f64) -> f64) -> Self {
        Self { columns: self.columns, numbers: self.numbers.iter().map(|number| of(*number)).collect() }
    }

    fn map_rows(&self, of: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let numbers: Vec<f64> = self.rows().flat_map(of).collect();
        let rows = self.numbers.len() / self.columns.max(1);
        Self { columns: numbers.len() / rows.max(1), numbers }
    }

    /// Each number with that of its column.
    fn with(&self, list: &[f64], of: impl Fn(f64, f64) -> f64) -> Self {
        let by_column = |(at, number): (usize, &f64)| of(*number, list[at % self.columns % list.len()]);
        Self { columns: self.columns, numbers: self.numbers.iter().enumerate().map(by_column).collect() }
    }
}

/// The answers to rows, one after the other.
pub(super) fn answers(graph: &Graph, schema: &Schema, rows: &[Row], end: End) -> Result<Vec<f64>, Refusal> {
    let mut sheets: BTreeMap<&str, Sheet> = BTreeMap::new();
    let width = schema.features().len();
    if let [input] = graph.inputs.as_slice() {
        let numbers = rows.iter().flat_map(|row| row.values().iter().copied().map(f64::from)).collect();
        sheets.insert(&input.name, Sheet { columns: width, numbers });
    } else {
        for input in &graph.inputs {
            let at = schema.features().iter().position(|feature| feature.name == input.name);
            let at = at.ok_or_else(|| format!("`{}` is no feature", input.name))?;
            let numbers = rows.iter().map(|row| f64::from(row.values()[at])).collect();
            sheets.insert(&input.name, Sheet { columns: 1, numbers });
        }
    }
    for node in &graph.nodes {
        let at = usize::from(matches!(node.op, Op::LinearClassifier { .. }));
        let output = node.outputs.get(at).ok_or("a node has no result")?;
        let sheet = compute(graph, node, &sheets)?;
        sheets.insert(output, sheet);
    }
    let output = graph.outputs.first().ok_or("the graph has no output")?;
    let said = sheets.get(output.name.as_str()).ok_or("no node makes the output")?;
    Ok(said.rows().flat_map(|row| end.read(row)).collect())
}

fn compute(graph: &Graph, node: &Node, sheets: &BTreeMap<&str, Sheet>) -> Result<Sheet, Refusal> {
    let value = |name: &str| sheets.get(name).ok_or_else(|| format!("nothing makes `{name}`"));
    let first = input(node, 0)?;
    Ok(match &node.op {
        Op::Add | Op::Sub | Op::Mul | Op::Div => elementwise(graph, node, sheets)?,
        Op::Neg => value(first)?.map(|x| -x),
        Op::MatMul => product(graph, value(first)?, input(node, 1)?, false)?,
        Op::Gemm { turned } => {
            let product = product(graph, value(first)?, input(node, 1)?, *turned)?;
            match optional(node, 2) {
                None => product,
                Some(bias) => product.with(&graph.by_column(bias, product.columns)?, |x, b| x + b),
            }
        }
        Op::Relu => value(first)?.map(|x| x.max(0.0)),
        Op::LeakyRelu { alpha } => value(first)?.map(|x| if x < 0.0 { f64::from(*alpha) * x } else { x }),
        Op::Tanh => value(first)?.map(f64::tanh),
        Op::Sigmoid => value(first)?.map(sigmoid),
        Op::Erf => value(first)?.map(candle_core::cpu::erf::erf_f64),
        Op::Gelu => {
            let erf = candle_core::cpu::erf::erf_f64;
            value(first)?.map(|x| x * (1.0 + erf(x * std::f64::consts::FRAC_1_SQRT_2)) / 2.0)
        }
        Op::Softmax { .. } => value(first)?.map_rows(|row| End::Logits.read(row)),
        Op::LogSoftmax { .. } => {
            value(first)?.map_rows(|row| End::Logits.read(row).iter().map(|share| share.ln()).collect())
        }
        Op::Concat { .. } => concat(node, sheets)?,
        Op::Gather { .. } => {
            let sheet = value(first)?;
            let places = graph.places(input(node, 1)?, sheet.columns)?;
            sheet.map_rows(|row| places.iter().map(|place| row[*place]).collect())
        }
        Op::BatchNormalization { epsilon } => batch_norm(graph, node, value(first)?, *epsilon)?,
        Op::LayerNormalization { epsilon, .. } => layer_norm(graph, node, value(first)?, *epsilon)?,
        Op::Scaler { offset, scale } => {
            let [offset, scale] = [offset, scale].map(|list| wide(list));
            value(first)?.with(&offset, |x, offset| x - offset).with(&scale, |x, scale| x * scale)
        }
        Op::Normalizer => value(first)?.map_rows(|row| {
            let whole: f64 = row.iter().map(|number| number.abs()).sum();
            row.iter().map(|number| number / whole).collect()
        }),
        Op::LinearRegressor { coefficients, intercepts } => linear(value(first)?, coefficients, intercepts),
        Op::LinearClassifier { coefficients, intercepts, end, .. } => {
            let scores = linear(value(first)?, coefficients, intercepts);
            match end {
                ScoreEnd::None => scores,
                ScoreEnd::Softmax => scores.map_rows(|row| End::Logits.read(row)),
                ScoreEnd::Logistic => scores.map(sigmoid),
            }
        }
        Op::Identity
        | Op::Dropout
        | Op::Cast(_)
        | Op::Flatten
        | Op::Squeeze
        | Op::Reshape
        | Op::ZipMap { .. } => value(first)?.clone(),
        other => return Err(format!("`{}` is not computed here", other.name())),
    })
}

fn elementwise(graph: &Graph, node: &Node, sheets: &BTreeMap<&str, Sheet>) -> Result<Sheet, Refusal> {
    let of = |a: f64, b: f64| match node.op {
        Op::Add => a + b,
        Op::Sub => a - b,
        Op::Mul => a * b,
        _ => a / b,
    };
    let (left, right) = (input(node, 0)?, input(node, 1)?);
    match (sheets.get(left), sheets.get(right)) {
        (Some(left), Some(right)) => {
            let both = left.numbers.iter().zip(&right.numbers);
            Ok(Sheet { columns: left.columns, numbers: both.map(|(a, b)| of(*a, *b)).collect() })
        }
        (Some(left), None) => Ok(left.with(&graph.by_column(right, left.columns)?, of)),
        (None, Some(right)) => Ok(right.with(&graph.by_column(left, right.columns)?, |b, a| of(a, b))),
        (None, None) => Err(format!("nothing makes `{left}`")),
    }
}

fn product(graph: &Graph, sheet: &Sheet, table: &str, turned: bool) -> Result<Sheet, Refusal> {
    let (table, columns) = graph.tabled(table, sheet.columns, turned)?;
    Ok(multiplied(sheet, &table, columns))
}

fn multiplied(sheet: &Sheet, table: &[f64], columns: usize) -> Sheet {
    sheet.map_rows(|row| {
        let mut sums = vec![0.0; columns];
        for (number, weights) in row.iter().zip(table.chunks_exact(columns)) {
            sums.iter_mut().zip(weights).for_each(|(sum, weight)| *sum += number * weight);
        }
        sums
    })
}

fn linear(sheet: &Sheet, table: &[f32], added: &[f32]) -> Sheet {
    let columns = table.len() / sheet.columns.max(1);
    let table = super::constants::transposed(&wide(table), columns);
    let product = multiplied(sheet, &table, columns);
    if added.is_empty() { product } else { product.with(&wide(added), |x, b| x + b) }
}

fn concat(node: &Node, sheets: &BTreeMap<&str, Sheet>) -> Result<Sheet, Refusal> {
    let parts = node.inputs.iter().map(|name| sheets.get(name.as_str()));
    let parts: Vec<&Sheet> = parts.collect::<Option<_>>().ok_or("nothing makes a part")?;
    let rows = parts.first().map_or(0, |part| part.numbers.len() / part.columns.max(1));
    let row = |row: usize| {
        parts.iter().flat_map(move |part| &part.numbers[row * part.columns..(row + 1) * part.columns])
    };
    let numbers = (0..rows).flat_map(row).copied().collect();
    Ok(Sheet { columns: parts.iter().map(|part| part.columns).sum(), numbers })
}

fn batch_norm(graph: &Graph, node: &Node, sheet: &Sheet, epsilon: f32) -> Result<Sheet, Refusal> {
    let list = |at| graph.by_column(input(node, at)?, sheet.columns);
    let [gain, shift, mean, variance] = [list(1)?, list(2)?, list(3)?, list(4)?];
    let standard = sheet.with(&mean, |x, mean| x - mean);
    let standard = standard.with(&variance, |x, variance| x / (variance + f64::from(epsilon)).sqrt());
    Ok(standard.with(&gain, |x, gain| x * gain).with(&shift, |x, shift| x + shift))
}

fn layer_norm(graph: &Graph, node: &Node, sheet: &Sheet, epsilon: f32) -> Result<Sheet, Refusal> {
    let normed = sheet.map_rows(|row| {
        let count = row.len() as f64;
        let mean = row.iter().sum::<f64>() / count;
        let variance = row.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count;
        row.iter().map(|x| (x - mean) / (variance + f64::from(epsilon)).sqrt()).collect()
    });
    let normed = normed.with(&graph.by_column(input(node, 1)?, sheet.columns)?, |x, gain| x * gain);
    match optional(node, 2) {
        None => Ok(normed),
        Some(shift) => Ok(normed.with(&graph.by_column(shift, sheet.columns)?, |x, shift| x + shift)),
    }
}

fn sigmoid(x: f64) -> f64 {
    1.0 / (1.0 + (-x).exp())
}

fn wide(list: &[f32]) -> Vec<f64> {
    list.iter().copied().map(f64::from).collect()
}
