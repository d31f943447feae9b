//! A Gaussian process over genomes, exact.
//!
//! Lives here: one process for each objective, over normal scores of levels. Its kernel lives in [`kernel`], its fit in
//! [`surface`].
//!
//! The change from the parent is the difference of two levels of one process, so what both share (the mean, much of the
//! uncertainty) falls out of it. A fit of `n` examples is a factor of an `n` by `n` matrix; now and then parameters are tuned by
//! marginal likelihood, at most [`EVALUATIONS_MAX`] factors more. `n` is at most [`EXAMPLES_MAX`].
//!
//! [`EXAMPLES_MAX`]: super::EXAMPLES_MAX

use model::SearchSpace;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::levels::levels;
use super::scores::Scores;
use super::{Estimate, Example, Moment, Predictor, Subject};

mod input;
mod kernel;
mod surface;

use input::Encoder;
pub use surface::EVALUATIONS_MAX;
use surface::{Posterior, Tuned};

/// Its name in configuration, metrics and the journal.
pub const NAME: &str = "gaussian_process";

/// One Gaussian process for each objective.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct GaussianProcess {
    tuned: Vec<Tuned>,
    /// It follows from the examples, and is not saved.
    #[serde(skip)]
    fitted: Option<Fitted>,
}

#[derive(Clone, Debug, PartialEq)]
struct Fitted {
    encoder: Encoder,
    posteriors: Vec<Posterior>,
}

impl GaussianProcess {
    /// Nothing learned yet.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Predictor for GaussianProcess {
    fn fit(&mut self, space: &SearchSpace, examples: &[Example], _rng: &mut Pcg64) {
        let levels = levels(examples);
        self.fitted = None;
        let Some(first) = levels.first() else { return };
        let objectives = first.values.len();
        let subjects = levels.iter().map(|level| &level.subject);
        let encoder = Encoder::new(space, &subjects, first.subject.features.len());
        let (genes, features) = (space.genes().len(), encoder.features());
        let inputs: Vec<_> = levels.iter().map(|level| encoder.input(&level.subject, level.moment)).collect();
        let times = || levels.iter().map(|level| level.moment.at);
        let span = times().max().unwrap_or(0) - times().min().unwrap_or(0);
        if self.tuned.len() != objectives || !self.tuned.iter().all(|tuned| tuned.fit(genes, features)) {
            self.tuned = vec![Tuned::new(genes, features); objectives];
        }
        let mut posteriors = Vec::with_capacity(objectives);
        for (at, tuned) in self.tuned.iter_mut().enumerate() {
            let values: Vec<f64> = levels.iter().map(|level| level.values[at]).collect();
            let scores = Scores::of(&values);
            let targets: Vec<f64> = values.iter().map(|value| scores.score(*value)).collect();
            posteriors.extend(tuned.posterior(&encoder, &inputs, &targets, span));
        }
        self.fitted = (posteriors.len() == objectives).then_some(Fitted { encoder, posteriors });
    }

    fn predict(&self, moment: Moment, parent: &Subject, children: &[Subject]) -> Vec<Vec<Estimate>> {
        let mut told = vec![Vec::new(); children.len()];
        let Some(Fitted { encoder, posteriors }) = &self.fitted else { return told };
        let parent = encoder.input(parent, moment);
        let inputs: Vec<_> = children.iter().map(|child| encoder.input(child, moment)).collect();
        for posterior in posteriors {
            let changes = posterior.changes(&parent, &inputs);
            told.iter_mut().zip(changes).for_each(|(told, change)| told.push(change));
        }
        told
    }

    fn believe(&mut self, moment: Moment, child: &Subject) {
        if let Some(Fitted { encoder, posteriors }) = &mut self.fitted {
            let input = encoder.input(child, moment);
            for posterior in posteriors {
                posterior.believe(input.clone());
            }
        }
    }

    fn name(&self) -> &'static str {
        NAME
    }
}

#[cfg(test)]
mod tests;
