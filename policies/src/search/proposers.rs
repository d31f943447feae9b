//! Every proposer there is, by name.
//!
//! Lives here: the closed set. May not: propose anything itself.

use model::Genome;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::{Evolution, Local, Proposer, Question, Random, Score};

/// Any proposer, with what it has learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AnyProposer {
    /// One edit, kept if it is better.
    Local(Local),
    /// Ageing evolution.
    Evolution(Evolution),
    /// Members, near or far.
    Random(Random),
}

impl AnyProposer {
    /// Names, as in configuration.
    pub const NAMES: [&str; 3] = ["local", "evolution", "random"];

    /// The proposer of this name, that has learned nothing yet.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "local" => Some(Self::Local(Local::new())),
            "evolution" => Some(Self::Evolution(Evolution::new())),
            "random" => Some(Self::Random(Random)),
            _ => None,
        }
    }

    fn inner(&self) -> &dyn Proposer {
        match self {
            Self::Local(proposer) => proposer,
            Self::Evolution(proposer) => proposer,
            Self::Random(proposer) => proposer,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn Proposer {
        match self {
            Self::Local(proposer) => proposer,
            Self::Evolution(proposer) => proposer,
            Self::Random(proposer) => proposer,
        }
    }
}

impl Proposer for AnyProposer {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        self.inner_mut().ask(question, rng)
    }

    fn tell(&mut self, observation: &Score) {
        self.inner_mut().tell(observation);
    }

    fn name(&self) -> &'static str {
        self.inner().name()
    }
}

#[cfg(test)]
mod tests;
