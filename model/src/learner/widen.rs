//! Widening of a learner: it goes on where it was, with more to see or to say.
//!
//! Lives here: weights, moments, rows waiting and rows kept of the wider learner, as plain data. Does not
//! live here: what becomes of one table (that is [`crate::widening`]).

use super::{Learner, LearnerState};
use crate::error::ModelError;
use crate::weights::Weights;
use crate::widening::Widening;

impl LearnerState {
    /// This learner for a schema that evolved; it says what it said, and has lost nothing it learned.
    pub fn widened(self, widening: &Widening) -> Result<Self, ModelError> {
        if self.shape != widening.from() {
            return Err(ModelError::Weights(format!(
                "a learner of shape {:?} cannot be widened from {:?}",
                self.shape,
                widening.from()
            )));
        }
        let architecture = self.architecture.canonical();
        let [first, second] = &self.moments;
        Ok(Self {
            shape: widening.to(),
            class_weights: widening.class_weights().to_vec(),
            weights: widening.weights(&architecture, &self.weights),
            average: if self.average.0.is_empty() {
                Weights::default()
            } else {
                widening.weights(&architecture, &self.average)
            },
            moments: [widening.moments(&architecture, first), widening.moments(&architecture, second)],
            pending: self.pending.widened(widening),
            reservoir: self.reservoir.widened(widening).within_reservoir(architecture.hyper.replay_depth),
            past: self.past.widened(widening),
            ..self
        })
    }
}

impl Learner {
    /// As [`LearnerState::widened`]; this learner stays as it is.
    pub fn widened(&self, widening: &Widening) -> Result<Self, ModelError> {
        Self::restore(self.state()?.widened(widening)?, &self.body.device())
    }
}

#[cfg(test)]
mod tests;
