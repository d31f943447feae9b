//! Said: what the word of several networks is worth, in normal scores.
//!
//! Lives here: a scale for each network, and how far their mean is off on what they did not see. May not: train.
//!
//! An order has no unit. Each network's answers are brought to mean zero and deviation one over what was tried; the slope from
//! there to normal scores, and what is left of them, are those of the answers of the network that had not seen the row.

use serde::{Deserialize, Serialize};

use super::super::Estimate;
use super::training::Row;

/// Answers that hardly differ say nothing; their deviation is not divided by.
const DEVIATION_MIN: f64 = 1e-6;
/// Whoever orders what it did not see no better than chance is believed this much: its order is all there is.
const SLOPE_MIN: f64 = 0.05;
/// Rows that slope and noise are worth beforehand: of no slope, and of a noise of one.
const BEFOREHAND: f64 = 1.0;

/// Of one objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Said {
    /// Mean and deviation of each network's answers.
    scales: Vec<(f64, f64)>,
    objective: usize,
    slope: f64,
    /// Mean square of what is left.
    noise: f64,
}

impl Said {
    /// From the answers of all networks to all rows, of which each had not seen its part.
    pub(super) fn new(all: &[Vec<Vec<f32>>], rows: &[Row<'_>], objective: usize) -> Self {
        let scales = all.iter().map(|said| scale(said.iter().map(|said| f64::from(said[objective]))));
        let mut found = Self { scales: scales.collect(), objective, slope: SLOPE_MIN, noise: 1.0 };
        let unseen: Vec<(f64, f64, f64)> = rows
            .iter()
            .enumerate()
            .map(|(at, row)| {
                let said = found.answer(all, at % all.len(), at);
                (said, f64::from(row.targets[objective]), f64::from(row.weight))
            })
            .collect();
        let sum = |of: &dyn Fn(f64, f64) -> f64| -> f64 {
            unseen.iter().map(|(said, truth, weight)| weight * of(*said, *truth)).sum()
        };
        let slope = sum(&|said, truth| said * truth) / (sum(&|said, _| said * said) + BEFOREHAND);
        found.slope = slope.clamp(SLOPE_MIN, 1.0);
        let left = sum(&|said, truth| (truth - found.slope * said).powi(2));
        found.noise = (left + BEFOREHAND) / (sum(&|_, _| 1.0) + BEFOREHAND);
        found
    }

    fn answer(&self, all: &[Vec<Vec<f32>>], network: usize, subject: usize) -> f64 {
        let (mean, deviation) = self.scales[network];
        (f64::from(all[network][subject][self.objective]) - mean) / deviation
    }

    /// From a subject whose score is known, or else is as uncertain, to another: what they say on average, how far they differ, and
    /// how far off such answers were.
    pub(super) fn change(
        &self,
        all: &[Vec<Vec<f32>>],
        known: Option<f64>,
        parent: usize,
        child: usize,
    ) -> Estimate {
        let count = all.len() as f64;
        let from = |network| known.unwrap_or_else(|| self.slope * self.answer(all, network, parent));
        let changes =
            (0..all.len()).map(|network| self.slope * self.answer(all, network, child) - from(network));
        let mean = changes.clone().sum::<f64>() / count;
        let spread = changes.map(|change| (change - mean).powi(2)).sum::<f64>() / (count - 1.0).max(1.0);
        Estimate { mean, deviation: (spread + self.noise).sqrt() }
    }
}

fn scale(said: impl ExactSizeIterator<Item = f64> + Clone) -> (f64, f64) {
    let count = said.len().max(1) as f64;
    let mean = said.clone().sum::<f64>() / count;
    let square = said.map(|said| (said - mean).powi(2)).sum::<f64>() / count;
    (mean, square.sqrt().max(DEVIATION_MIN))
}
