//! Inputs: a row as numbers of mean zero and spread one.
//!
//! Lives here: the standardisation that the first rows teach, and which feature a number is of. May not: learn later.

use model::{Feature, FeatureKind, Row};
use serde::{Deserialize, Serialize};

/// Cells that the categories of a feature share.
const CELLS_MAX: u32 = 8;
/// Numbers are cut off here, on both sides.
const LIMIT: f32 = 3.0;

/// Numbers of one feature, each less its mean and divided by its spread.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Input {
    /// Its value, the mean where that is missing, and whether it is missing.
    Value([Scale; 2]),
    /// Whether its category is in each cell, and, last, whether it is missing.
    Cells(Vec<Scale>),
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Scale {
    mean: f32,
    /// One over the spread; zero of what did not vary.
    per_spread: f32,
}

impl Scale {
    fn new(values: impl Iterator<Item = f32> + Clone) -> Self {
        let count = values.clone().count().max(1) as f64;
        let mean = values.clone().map(f64::from).sum::<f64>() / count;
        let variance = values.map(|value| (f64::from(value) - mean).powi(2)).sum::<f64>() / count;
        // Less is what rounding makes of a constant.
        let varies = variance > 1e-12 * (1.0 + mean * mean);
        Self { mean: mean as f32, per_spread: if varies { (1.0 / variance.sqrt()) as f32 } else { 0.0 } }
    }

    fn of(self, value: f32) -> f32 {
        ((value - self.mean) * self.per_spread).clamp(-LIMIT, LIMIT)
    }
}

/// Rows as numbers. What did not vary in the first rows is zero for ever: that it begins to vary is found feature by
/// feature, by [`crate::detect::FeatureDrift`].
///
/// Memory: two numbers for each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    inputs: Vec<Input>,
    /// The feature of each number.
    features: Vec<u32>,
}

impl Inputs {
    /// From the first rows, of which each has a value for every feature.
    pub fn new(features: &[Feature], first: &[Row]) -> Self {
        let input = |(at, feature): (usize, &Feature)| {
            let values = first.iter().map(|row| row.values()[at]);
            Input::new(feature.kind, values)
        };
        let inputs: Vec<Input> = features.iter().enumerate().map(input).collect();
        let numbers =
            inputs.iter().zip(0_u32..).flat_map(|(input, at)| std::iter::repeat_n(at, input.width()));
        Self { features: numbers.collect(), inputs }
    }

    /// Numbers a row has.
    pub fn width(&self) -> usize {
        self.features.len()
    }

    /// The feature of each number.
    pub fn features(&self) -> &[u32] {
        &self.features
    }

    /// Positions of the numbers that varied.
    pub fn varying(&self) -> Vec<u32> {
        let scales = self.inputs.iter().flat_map(Input::scales);
        scales.zip(0..).filter(|(scale, _)| scale.per_spread > 0.0).map(|(_, at)| at).collect()
    }

    /// The numbers of a row, in place of what was in the buffer.
    pub fn encode(&self, row: &Row, numbers: &mut Vec<f32>) {
        numbers.clear();
        for (input, value) in self.inputs.iter().zip(row.values()) {
            match input {
                Input::Value([scale, missing]) if value.is_nan() => {
                    numbers.extend([scale.of(scale.mean), missing.of(1.0)]);
                }
                Input::Value([scale, missing]) => numbers.extend([scale.of(*value), missing.of(0.0)]),
                Input::Cells(scales) => {
                    let cell = cell(*value, scales.len());
                    let number = |(at, scale): (usize, &Scale)| scale.of(f32::from(u8::from(at == cell)));
                    numbers.extend(scales.iter().enumerate().map(number));
                }
            }
        }
    }
}

impl Input {
    fn new(kind: FeatureKind, values: impl Iterator<Item = f32> + Clone) -> Self {
        match kind {
            FeatureKind::Numeric | FeatureKind::Boolean => {
                let present = values.clone().filter(|value| !value.is_nan());
                let missing = values.map(|value| f32::from(u8::from(value.is_nan())));
                Self::Value([Scale::new(present), Scale::new(missing)])
            }
            FeatureKind::Categorical { buckets } => {
                let width = buckets.clamp(1, CELLS_MAX) as usize + 1;
                let scale = |at: usize| {
                    Scale::new(values.clone().map(move |value| f32::from(u8::from(cell(value, width) == at))))
                };
                Self::Cells((0..width).map(scale).collect())
            }
        }
    }

    fn width(&self) -> usize {
        self.scales().len()
    }

    fn scales(&self) -> &[Scale] {
        match self {
            Self::Value(scales) => scales,
            Self::Cells(scales) => scales,
        }
    }
}

/// The cell of a category among so many, the last of which is for what is missing.
fn cell(value: f32, width: usize) -> usize {
    if value.is_nan() { width - 1 } else { value.max(0.0) as usize % (width - 1) }
}

#[cfg(test)]
mod tests;
