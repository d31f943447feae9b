//! Ageing evolution around the serving genome.
//!
//! Lives here: regularised evolution (Real et al. 2019) with a small population, so that what was good
//! long ago dies with age instead of ruling for ever: on a drifting stream, old scores are about
//! another world. Beside the population stands an archive ([`archive`]): the best of each size, so that there is something
//! to go on from when budgets change.

use model::{Genome, SearchSpace};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::adaptation::{Adaptation, edited, heavy_tailed};
use crate::search::random::filled;
use crate::search::tries::{Tried, Tries};
use crate::search::{Proposer, Question, Score};

mod archive;
mod crossover;

pub use archive::CELLS_MAX;

/// The newest of what was tried: a parent of the next generation is one of these.
pub const POPULATION_MAX: usize = 32;
/// Members drawn for a tournament; the parent takes part in each.
const TOURNAMENT: usize = 3;
/// Share of children whose parent is the best of its size, of whatever size.
const OF_ARCHIVE: f64 = 0.1;
/// Share of children of two.
const OF_TWO: f64 = 0.2;
/// Tries for a child nobody has seen, for each that is wanted.
const TRIES_MAX: usize = 16;

/// Mutates winners of small tournaments among what was tried lately and the parent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evolution {
    tries: Tries,
    adaptation: Adaptation,
}

impl Evolution {
    /// Nothing tried yet: children of the parent are proposed.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was tried lately, newest first.
    pub fn population(&self) -> impl ExactSizeIterator<Item = &Tried> {
        self.tries.tried().rev().take(POPULATION_MAX)
    }

    /// The best of a few; the parent, unless one of them is better.
    fn tournament<'a>(
        &'a self,
        question: &Question<'a>,
        population: &[&'a Tried],
        rng: &mut Pcg64,
    ) -> &'a Genome {
        let mut best = (self.tries.level_of_parent(question.parent), question.parent);
        for tried in (0..TOURNAMENT).filter_map(|_| population.choose(rng)) {
            if tried.level > best.0 {
                best = (tried.level, &tried.genome);
            }
        }
        best.1
    }

    /// A child of one or two.
    fn child(&self, question: &Question<'_>, pools: &Pools<'_>, rng: &mut Pcg64) -> Genome {
        let elite = if rng.random_bool(OF_ARCHIVE) { pools.elites.choose(rng).copied() } else { None };
        let winner = elite.unwrap_or_else(|| self.tournament(question, &pools.population, rng));
        if rng.random_bool(OF_TWO)
            && let Some(other) = pools.population.choose(rng)
        {
            let crossed = crossover::crossed(question.space, winner, &other.genome, rng);
            if crossed != *winner && crossed != other.genome {
                return crossed;
            }
        }
        self.adaptation.edited(question.space, winner, rng)
    }
}

/// Who may have children.
struct Pools<'a> {
    population: Vec<&'a Tried>,
    elites: Vec<&'a Genome>,
}

impl<'a> Pools<'a> {
    /// Failures have none, nor have members of another space: what was tried outlives a change of it.
    fn of(evolution: &'a Evolution, space: &SearchSpace) -> Self {
        let fit = |tried: &&Tried| tried.level.is_finite() && space.contains(&tried.genome);
        let all: Vec<&Tried> = evolution.tries.tried().filter(fit).collect();
        Self { population: evolution.population().filter(fit).collect(), elites: archive::elites(&all) }
    }
}

impl Proposer for Evolution {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let parent = question.space.canonical(question.parent);
        let question = Question { parent: &parent, ..*question };
        self.tries.enter(&question);
        self.adaptation.heat(question.heat());
        let pools = Pools::of(self, question.space);
        let tried = self.tries.genomes();
        let mut batch: Vec<Genome> = Vec::new();
        for tries in 0..question.count.saturating_mul(TRIES_MAX) {
            if batch.len() == question.count {
                return batch;
            }
            let mut child = self.child(&question, &pools, rng);
            if 2 * tries >= question.count.saturating_mul(TRIES_MAX) {
                // Most of what is around was tried: further away.
                let edits = heavy_tailed(1, question.space.genes().len() as u32, rng);
                child = edited(question.space, &child, edits, rng);
            }
            if child != parent && !tried.contains(&child) && !batch.contains(&child) {
                batch.push(child);
            }
        }
        // Nearly all around was tried: what is one edit away is worth trying again, times change.
        filled(batch, &question, rng)
    }

    fn tell(&mut self, observation: &Score) {
        self.tries.tell(observation);
        self.adaptation.tell(observation.gain);
    }

    fn name(&self) -> &'static str {
        "evolution"
    }
}

#[cfg(test)]
mod tests;
