//! Archive: what served before the data drifted, so that a world that comes back finds who knew it.
//!
//! Lives here: which mixtures stay, and how many bytes they may take; what the control lost on the last outcomes, which they
//! are compared by. May not: score, or decide who is tried.
//!
//! Weights stay, moments of optimisers and kept rows do not: they are a small part of the bytes, and of the knowledge nearly
//! all.

use std::collections::VecDeque;

use model::{Device, Mixture, MixtureNetwork, MixtureWeights, ModelError, Shape, Widening};
use serde::{Deserialize, Serialize};

/// Outcomes on which an archived mixture is compared with the control, at most.
pub const COMPARED_OUTCOMES: usize = 256;
/// Bytes of archived weights, at most.
const ARCHIVE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// A mixture as it was.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Archived {
    /// Outcomes that had been learned then.
    pub learned: u64,
    mixture: Mixture,
    weights: MixtureWeights,
    bytes: u64,
}

impl Archived {
    /// Of a mixture that stands still.
    pub fn new(learned: u64, network: &MixtureNetwork) -> Result<Self, ModelError> {
        let (mixture, bytes) = (network.mixture(), network.cost().bytes);
        Ok(Self { learned, mixture, weights: network.weights()?, bytes })
    }

    /// Ready to answer.
    pub fn network(&self, shape: Shape, device: &Device) -> Result<MixtureNetwork, ModelError> {
        MixtureNetwork::from_weights(&self.mixture, shape, &self.weights, device)
    }
}

/// The archived mixtures, the one put aside last at the end.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Archive {
    kept: VecDeque<Archived>,
    /// Outcomes when the world of now began, as far as is known.
    turned: u64,
    /// The control's losses on the last outcomes, newest last.
    losses: VecDeque<f32>,
}

impl Archive {
    /// One more outcome, and what the control's answer of then lost on it.
    pub fn lost(&mut self, loss: f64) {
        if self.losses.len() == COMPARED_OUTCOMES {
            self.losses.pop_front();
        }
        self.losses.push_back(loss as f32);
    }

    /// What the control lost on the last so many outcomes, oldest first; fewer where fewer are known.
    pub fn last_losses(&self, count: usize) -> impl ExactSizeIterator<Item = f64> {
        self.losses.range(self.losses.len().saturating_sub(count)..).map(|loss| f64::from(*loss))
    }

    /// Another world has begun; how many outcomes the last one was known for.
    pub fn turn(&mut self, outcomes: u64) -> u64 {
        outcomes.saturating_sub(std::mem::replace(&mut self.turned, outcomes))
    }

    /// Outcomes when the world of now began, as far as is known.
    pub fn began(&self) -> u64 {
        self.turned
    }

    /// Those that are kept.
    pub fn kept(&self) -> impl ExactSizeIterator<Item = &Archived> {
        self.kept.iter()
    }

    /// Puts one aside, in the place of those that know the same world; the oldest make room.
    pub fn push(&mut self, archived: Archived, same: &[u64], limit: usize) {
        self.kept.retain(|known| !same.contains(&known.learned));
        self.kept.push_back(archived);
        let bytes = |kept: &VecDeque<Archived>| kept.iter().map(|known| known.bytes).sum::<u64>();
        while self.kept.len() > limit || bytes(&self.kept) > ARCHIVE_BYTES_MAX {
            self.kept.pop_front();
        }
    }

    /// For a schema that evolved: everybody says what they said.
    pub fn widen(&mut self, widening: &Widening) -> Result<(), ModelError> {
        for archived in &mut self.kept {
            let network = archived.network(widening.from(), &Device::cpu())?.widened(widening)?;
            *archived = Archived::new(archived.learned, &network)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
