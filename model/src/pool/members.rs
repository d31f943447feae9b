//! Members: the learners of a pool, where they are computed.
//!
//! Lives here: the one choice between one program for all and learners one by one. Does not live here:
//! numbers, mixtures.

use crate::architecture::Architecture;
use crate::cohort::Cohort;
use crate::cost::Shape;
use crate::device::Device;
use crate::error::ModelError;
use crate::learner::Learner;
use crate::network::Network;

/// Learners in order.
#[derive(Debug)]
pub(super) enum Members {
    /// On the processor: one program.
    Together(Box<Cohort>),
    /// On another device.
    Apart(Vec<Learner>),
}

impl Members {
    /// Nobody yet.
    pub fn new(shape: Shape, class_weights: &[f32], device: &Device) -> Self {
        if device.tensors {
            Self::Apart(Vec::new())
        } else {
            Self::Together(Box::new(Cohort::empty(shape, class_weights)))
        }
    }

    pub fn push(&mut self, learner: Learner) -> Result<(), ModelError> {
        match self {
            Self::Together(cohort) => cohort.push(learner),
            Self::Apart(learners) => {
                learners.push(learner);
                Ok(())
            }
        }
    }

    pub fn remove(&mut self, at: usize) {
        match self {
            Self::Together(cohort) => drop(cohort.remove(at)),
            Self::Apart(learners) => drop(learners.remove(at)),
        }
    }

    /// Another learner in the place of one.
    pub fn replace(&mut self, at: usize, learner: Learner) -> Result<(), ModelError> {
        match self {
            Self::Together(cohort) => cohort.replace(at, learner),
            Self::Apart(learners) => {
                learners[at] = learner;
                Ok(())
            }
        }
    }

    pub fn architecture(&self, at: usize) -> &Architecture {
        match self {
            Self::Together(cohort) => cohort.architecture(at),
            Self::Apart(learners) => learners[at].architecture(),
        }
    }

    pub fn freeze(&self, at: usize) -> Result<Network, ModelError> {
        match self {
            Self::Together(cohort) => Ok(cohort.freeze(at)),
            Self::Apart(learners) => learners[at].freeze(),
        }
    }

    pub fn state(&self, at: usize) -> Result<crate::learner::LearnerState, ModelError> {
        match self {
            Self::Together(cohort) => cohort.learner(at).state(),
            Self::Apart(learners) => learners[at].state(),
        }
    }

    /// What everybody says of one row, one after the other.
    pub fn say(&self, encoded: &[f32], said: &mut Vec<f32>) -> Result<(), ModelError> {
        match self {
            Self::Together(cohort) => cohort.predict_into(encoded, said),
            Self::Apart(learners) => {
                said.clear();
                learners.iter().try_for_each(|learner| {
                    said.extend(learner.predict(encoded)?);
                    Ok(())
                })
            }
        }
    }

    /// As [`Learner::drifted`], for everybody.
    pub fn drifted(&mut self) {
        match self {
            Self::Together(cohort) => cohort.drifted(),
            Self::Apart(learners) => learners.iter_mut().for_each(Learner::drifted),
        }
    }

    /// Everybody learns one row; who could not, and why.
    pub fn learn(&mut self, encoded: &[f32], goal: f32) -> Result<Vec<(usize, ModelError)>, ModelError> {
        match self {
            Self::Together(cohort) => {
                let faults = cohort.learn(encoded, &[goal])?;
                Ok(faults.into_iter().map(|fault| (fault.member, fault.error)).collect())
            }
            Self::Apart(learners) => Ok(learners
                .iter_mut()
                .enumerate()
                .filter_map(|(at, learner)| learner.learn(encoded, &[goal]).err().map(|error| (at, error)))
                .collect()),
        }
    }
}
