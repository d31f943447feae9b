//! Ageing evolution around the serving genome.
//!
//! Lives here: regularised evolution (Real et al. 2019) with a small population, so that what was good
//! long ago dies with age instead of ruling for ever: on a drifting stream, old scores are about
//! another world.

use std::collections::{BTreeSet, VecDeque};

use model::{Genome, SearchSpace};
use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::{Proposer, Question, Score};

/// Scores remembered; the oldest dies first.
pub const POPULATION_MAX: usize = 32;
/// Members drawn for a tournament; the parent takes part in each.
const TOURNAMENT: usize = 3;
/// Most edits between a tournament's winner and its child.
const EDITS_MAX: i32 = 2;
/// Power by which more edits are rarer: a heavy tail, so that a valley between two hills can be crossed.
const EDITS_POWER: f64 = 1.5;
/// Tries for a child nobody has seen, for each that is wanted.
const TRIES_MAX: usize = 16;

/// Mutates winners of small tournaments among what was tried lately and the parent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evolution {
    population: VecDeque<Score>,
}

impl Evolution {
    /// Nothing tried yet: children of the parent are proposed.
    pub fn new() -> Self {
        Self::default()
    }

    /// What was tried lately, oldest first.
    pub fn population(&self) -> impl ExactSizeIterator<Item = &Score> {
        self.population.iter()
    }

    /// The best of a few; the parent, unless one of them is better.
    fn tournament(&self, space: &SearchSpace, parent: &Genome, rng: &mut Pcg64) -> Genome {
        // Gains are over the control of their time; where the parent was a candidate itself, it knows better.
        let of_parent = self.population.iter().rev().find(|score| score.genome == *parent);
        let mut best = (of_parent.map_or(0.0, |score| score.gain.max(0.0)), parent);
        for _ in 0..TOURNAMENT.min(self.population.len()) {
            let score = &self.population[rng.random_range(0..self.population.len())];
            // A population outlives a change of the space.
            if score.gain > best.0 && space.contains(&score.genome) {
                best = (score.gain, &score.genome);
            }
        }
        best.1.clone()
    }
}

impl Proposer for Evolution {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let &Question { space, parent, count, .. } = question;
        let parent = space.canonical(parent);
        let tried: BTreeSet<&Genome> = self.population.iter().map(|score| &score.genome).collect();
        let mut batch: Vec<Genome> = Vec::new();
        for _ in 0..count.saturating_mul(TRIES_MAX) {
            if batch.len() == count {
                return batch;
            }
            let winner = self.tournament(space, &parent, rng);
            let child = mutated(space, winner, rng);
            if child != parent && !tried.contains(&child) && !batch.contains(&child) {
                batch.push(child);
            }
        }
        // Nearly all around was tried: what is one edit away is worth trying again, times change.
        let mut neighbours = space.neighbours(&parent);
        neighbours.retain(|genome| !batch.contains(genome));
        neighbours.shuffle(rng);
        neighbours.truncate(count - batch.len());
        batch.extend(neighbours);
        batch
    }

    fn tell(&mut self, observation: &Score) {
        if self.population.len() == POPULATION_MAX {
            self.population.pop_front();
        }
        let gain = if observation.gain.is_nan() { f64::NEG_INFINITY } else { observation.gain };
        self.population.push_back(Score { gain, ..observation.clone() });
    }

    fn name(&self) -> &'static str {
        "evolution"
    }
}

/// The genome after one edit, or now and then more.
fn mutated(space: &SearchSpace, genome: Genome, rng: &mut Pcg64) -> Genome {
    let weight = |edits: i32| f64::from(edits).powf(-EDITS_POWER);
    let mut at = rng.random::<f64>() * (1..=EDITS_MAX).map(weight).sum::<f64>();
    let mut edited = genome;
    for edits in 1..=EDITS_MAX {
        let neighbours = space.neighbours(&edited);
        let Some(next) = neighbours.choose(rng) else { break };
        edited = next.clone();
        at -= weight(edits);
        if at < 0.0 {
            break;
        }
    }
    edited
}

#[cfg(test)]
mod tests;
