//! Random members of the space: no memory, no opinion.
//!
//! Lives here: the proposer that every other one has to beat.

use model::Genome;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::{Proposer, Question, Score};

/// Draws for each that is wanted, before neighbours of the parent have to do.
const TRIES_MAX: usize = 16;

/// Draws members of the space, near or far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Random;

impl Proposer for Random {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let &Question { space, parent, count, .. } = question;
        let parent = space.canonical(parent);
        let mut batch: Vec<Genome> = Vec::new();
        for _ in 0..count.saturating_mul(TRIES_MAX) {
            if batch.len() == count {
                break;
            }
            let drawn = space.sample(rng);
            if drawn != parent && !batch.contains(&drawn) {
                batch.push(drawn);
            }
        }
        filled(batch, question, rng)
    }

    fn tell(&mut self, _observation: &Score) {}

    fn name(&self) -> &'static str {
        "random"
    }
}

/// The batch, filled up with neighbours of the parent that are not in it, as likely one as the other.
pub(crate) fn filled(mut batch: Vec<Genome>, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
    let wanted = question.count.saturating_sub(batch.len());
    if wanted > 0 {
        let mut neighbours = question.space.neighbours(question.parent);
        neighbours.retain(|genome| !batch.contains(genome));
        neighbours.shuffle(rng);
        batch.extend(neighbours.into_iter().take(wanted));
    }
    batch
}

#[cfg(test)]
mod tests;
