//! Every proposer there is, by name.
//!
//! Lives here: the closed set. May not: propose anything itself.

use model::Genome;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::predictor::AnyPredictor;
use crate::search::{
    Bayesian, Controller, Evolution, Leads, Local, Portfolio, Proposer, Question, Random, Relaxed, Score,
};

/// Any proposer, with what it has learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AnyProposer {
    /// One edit, kept if it is better.
    Local(Local),
    /// Ageing evolution.
    Evolution(Evolution),
    /// Expected improvement by a predictor.
    Bayesian(Bayesian),
    /// Members, near or far.
    Random(Random),
    /// Three of them, each as much as it has been worth lately.
    Portfolio(Portfolio),
    /// Edits by a policy that learns which of them pay.
    Controller(Controller),
    /// Blocks that came out strong in a relaxed network.
    Relaxed(Relaxed),
}

impl AnyProposer {
    /// Names, as in configuration.
    pub const NAMES: [&str; 7] =
        ["local", "evolution", "bayesian", "random", "portfolio", "controller", "relaxed"];

    /// The proposer of this name, that has learned nothing yet.
    pub fn named(name: &str) -> Option<Self> {
        Self::by(name, AnyPredictor::default())
    }

    /// The same, that predicts by this where it predicts.
    pub fn by(name: &str, predictor: AnyPredictor) -> Option<Self> {
        match name {
            "local" => Some(Self::Local(Local::new())),
            "evolution" => Some(Self::Evolution(Evolution::new())),
            "bayesian" => Some(Self::Bayesian(Bayesian::new(predictor))),
            "random" => Some(Self::Random(Random)),
            "portfolio" => Some(Self::Portfolio(Portfolio::by(predictor))),
            "controller" => Some(Self::Controller(Controller::new())),
            "relaxed" => Some(Self::Relaxed(Relaxed::new())),
            _ => None,
        }
    }

    /// How many genomes each proposer of a portfolio has asked for; of one alone nothing is to be told.
    pub fn asked(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let portfolio = if let Self::Portfolio(portfolio) = self { Some(portfolio) } else { None };
        portfolio.into_iter().flat_map(Portfolio::asked)
    }

    /// Whether it wants a relaxed trial of the parent before it is asked.
    pub fn wants_leads(&mut self, question: &Question<'_>) -> bool {
        if let Self::Relaxed(relaxed) = self { relaxed.wants_leads(question) } else { false }
    }

    /// What a relaxed trial said, for whoever wanted it.
    pub fn hear(&mut self, leads: Leads) {
        if let Self::Relaxed(relaxed) = self {
            relaxed.hear(leads);
        }
    }

    fn inner(&self) -> &dyn Proposer {
        match self {
            Self::Local(proposer) => proposer,
            Self::Evolution(proposer) => proposer,
            Self::Bayesian(proposer) => proposer,
            Self::Random(proposer) => proposer,
            Self::Portfolio(proposer) => proposer,
            Self::Controller(proposer) => proposer,
            Self::Relaxed(proposer) => proposer,
        }
    }

    fn inner_mut(&mut self) -> &mut dyn Proposer {
        match self {
            Self::Local(proposer) => proposer,
            Self::Evolution(proposer) => proposer,
            Self::Bayesian(proposer) => proposer,
            Self::Random(proposer) => proposer,
            Self::Portfolio(proposer) => proposer,
            Self::Controller(proposer) => proposer,
            Self::Relaxed(proposer) => proposer,
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
