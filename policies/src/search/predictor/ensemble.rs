//! Five small networks, whose disagreement is the uncertainty.
//!
//! Lives here: the ensemble predictor of White et al. 2021 (BANANAS), at the size of a search beside a stream. How its networks
//! learn lives in [`training`].
//!
//! A fit draws the networks anew and trains them a fixed number of steps, but only when there is a tenth more to learn from than
//! at the last one, or that many fits went by: what one further example changes is less than what the draw does.

use model::SearchSpace;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::levels::{Level, levels};
use super::scores::Scores;
use super::{Estimate, Example, Moment, Predictor, Subject};
use crate::search::perceptron::Perceptron;

mod training;

use training::{Row, train};

/// Its name in configuration, metrics and the journal.
pub const NAME: &str = "ensemble";

/// Networks.
const NETWORKS: usize = 5;
/// Units of the two hidden layers.
const HIDDEN: [usize; 2] = [20, 10];
/// Steps a network is trained, and rows a step.
const STEPS: u32 = 400;
const BATCH: usize = 16;
/// Trained again when this many times fewer were fitted, or asked for, since than there were.
const TRAINED_AGAIN: usize = 10;
/// How much less an example counts for each drift since: the same third that the Gaussian process begins with.
const ERA_DECAY: f64 = 0.37;
/// Networks drawn alike agree by chance; less spread is not believed.
const DEVIATION_MIN: f64 = 1e-3;

/// Networks, and how their inputs and targets are scaled.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Ensemble {
    networks: Vec<Perceptron>,
    features: Vec<Scores>,
    /// The space as it was: a genome of another one has another encoding.
    space: Option<SearchSpace>,
    examples: usize,
    fits: usize,
}

impl Ensemble {
    /// Nothing learned yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn is_fresh(&self, space: &SearchSpace, examples: usize, features: usize) -> bool {
        let newer = self.fits.max(examples.abs_diff(self.examples));
        let known = self.space.as_ref() == Some(space) && self.features.len() == features;
        known && newer * TRAINED_AGAIN < self.examples
    }

    fn input(&self, subject: &Subject) -> Vec<f64> {
        let Some(space) = &self.space else { return Vec::new() };
        // Centred, so that a choice that is not made says something too.
        let mut input: Vec<f64> =
            space.encode(&subject.genome).into_iter().map(|value| 2.0 * f64::from(value) - 1.0).collect();
        let known = |at: usize| subject.features.get(at).filter(|value| value.is_finite());
        let scored = self.features.iter().enumerate();
        input.extend(scored.map(|(at, scores)| known(at).map_or(0.0, |value| scores.score(*value))));
        input
    }

    fn train(&mut self, levels: &[Level], rng: &mut Pcg64) {
        let objectives = levels[0].values.len();
        let column = |at: usize| -> Vec<f64> { levels.iter().map(|level| level.values[at]).collect() };
        let scores: Vec<Scores> = (0..objectives).map(|at| Scores::of(&column(at))).collect();
        let targets = |level: &Level| -> Vec<f64> {
            scores.iter().zip(&level.values).map(|(scores, value)| scores.score(*value)).collect()
        };
        let era = levels.iter().map(|level| level.moment.era).max().unwrap_or(0);
        let rows: Vec<_> = levels
            .iter()
            .map(|level| {
                let weight = ERA_DECAY.powf(f64::from(era - level.moment.era));
                (self.input(&level.subject), targets(level), weight)
            })
            .collect();
        let rows: Vec<Row<'_>> =
            rows.iter().map(|(input, targets, weight)| Row { input, targets, weight: *weight }).collect();
        let widths = [rows[0].input.len(), HIDDEN[0], HIDDEN[1], objectives];
        let trained = |_| {
            let mut network = Perceptron::drawn(&widths, rng);
            train(&mut network, &rows, STEPS, BATCH, rng);
            network
        };
        self.networks = (0..NETWORKS).map(trained).collect();
    }
}

impl Predictor for Ensemble {
    fn fit(&mut self, space: &SearchSpace, examples: &[Example], rng: &mut Pcg64) {
        let levels = levels(examples);
        let Some(first) = levels.first() else {
            *self = Self::new();
            return;
        };
        let features = first.subject.features.len();
        self.fits += 1;
        if self.is_fresh(space, levels.len(), features) {
            return;
        }
        let known =
            |at: usize| levels.iter().filter_map(move |level| level.subject.features.get(at).copied());
        let ranked = |at| Scores::of(&known(at).filter(|value| value.is_finite()).collect::<Vec<_>>());
        self.features = (0..features).map(ranked).collect();
        self.space = Some(space.clone());
        (self.examples, self.fits) = (levels.len(), 0);
        self.train(&levels, rng);
    }

    fn predict(&self, _moment: Moment, parent: &Subject, children: &[Subject]) -> Vec<Vec<Estimate>> {
        let parent = self.input(parent);
        let parents: Vec<Vec<f64>> = self.networks.iter().map(|network| network.predict(&parent)).collect();
        let told = |child: &Subject| -> Vec<Estimate> {
            let input = self.input(child);
            let changes: Vec<Vec<f64>> = self
                .networks
                .iter()
                .zip(&parents)
                .map(|(network, parent)| {
                    network.predict(&input).iter().zip(parent).map(|(child, parent)| child - parent).collect()
                })
                .collect();
            let objectives = changes.first().map_or(0, Vec::len);
            (0..objectives).map(|at| spread(changes.iter().map(|change| change[at]))).collect()
        };
        children.iter().map(told).collect()
    }

    fn believe(&mut self, _moment: Moment, _child: &Subject) {}

    fn name(&self) -> &'static str {
        NAME
    }
}

/// Mean and sample deviation of what the networks say.
fn spread(said: impl ExactSizeIterator<Item = f64> + Clone) -> Estimate {
    let count = said.len() as f64;
    let mean = said.clone().sum::<f64>() / count;
    let squares: f64 = said.map(|value| (value - mean) * (value - mean)).sum();
    Estimate { mean, deviation: (squares / (count - 1.0)).sqrt().max(DEVIATION_MIN) }
}

#[cfg(test)]
mod tests;
