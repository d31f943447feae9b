//! Random edits of the serving genome: no memory, no opinion.
//!
//! Lives here: the proposer that every other one has to beat.

use model::Genome;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::{Proposer, Question, Score};

/// Draws neighbours of the parent, each as likely as any other.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RandomEdits;

impl Proposer for RandomEdits {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let mut neighbours = question.space.neighbours(question.parent);
        neighbours.shuffle(rng);
        neighbours.truncate(question.count);
        neighbours
    }

    fn tell(&mut self, _observation: &Score) {}

    fn name(&self) -> &'static str {
        "random_edits"
    }
}

#[cfg(test)]
mod tests;
