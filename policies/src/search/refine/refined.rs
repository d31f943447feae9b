//! A proposer within the bounds of what is tried.
//!
//! Lives here: asking for more than is wanted, and leaving out what is not tried. Does not live here: the bounds.

use model::Genome;
use rand::RngExt as _;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::{Refinement, Refiner};
use crate::search::adaptation::Era;
use crate::search::{Proposer, Question, Score};

/// How many times as many as are wanted the proposer is asked for.
const OVERSAMPLING: usize = 4;
/// How often something outside is let through.
const EXPLORATION: f64 = 0.01;

/// A proposer of whose proposals those go first that are within the bounds. Where there are too few of them the others
/// fill up: it is better to try something than nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Refined<P> {
    inner: P,
    is_on: bool,
    refiner: Option<Refiner>,
    era: Era,
    changes: Vec<Refinement>,
}

impl<P: Proposer> Refined<P> {
    /// Everything is tried; where it is not on, always.
    pub fn new(inner: P, is_on: bool) -> Self {
        Self { inner, is_on, refiner: None, era: Era::default(), changes: Vec::new() }
    }

    /// The proposer.
    pub fn inner(&self) -> &P {
        &self.inner
    }

    /// The proposer, to be told more than scores.
    pub fn inner_mut(&mut self) -> &mut P {
        &mut self.inner
    }

    /// What has changed since this was asked last, in order.
    pub fn take_changes(&mut self) -> Vec<Refinement> {
        std::mem::take(&mut self.changes)
    }
}

impl<P: Proposer> Proposer for Refined<P> {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        if !self.is_on {
            return self.inner.ask(question, rng);
        }
        // Another configuration may have brought another space.
        self.refiner.take_if(|refiner| !refiner.is_of(question.space));
        let refiner = self.refiner.get_or_insert_with(|| Refiner::new(question.space));
        if self.era.enter(question) {
            self.changes.extend(refiner.reset());
        }
        self.changes.extend(refiner.admit(question.parent));
        let count = question.count.saturating_mul(OVERSAMPLING);
        let proposed = self.inner.ask(&Question { count, ..*question }, rng);
        let is_first = |genome: &Genome| refiner.admits(genome) || rng.random::<f64>() < EXPLORATION;
        let (mut first, rest): (Vec<Genome>, Vec<Genome>) = proposed.into_iter().partition(is_first);
        first.extend(rest);
        first.truncate(question.count);
        first
    }

    fn tell(&mut self, observation: &Score) {
        if let Some(refiner) = &mut self.refiner {
            self.changes.extend(refiner.observe(observation));
        }
        self.inner.tell(observation);
    }

    fn name(&self) -> &'static str {
        self.inner.name()
    }
}

#[cfg(test)]
mod tests;
