//! Recall: what helped on streams like this one is tried first.
//!
//! Lives here: the proposer over [`super::memory`], and the weights by which a surrogate may believe earlier episodes. May
//! not: keep networks, or decide that the past is back.

use model::Genome;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::memory::{Memory, PastEpisode, portfolio};
use super::signature::Signature;
use super::{Proposer, Question, Score};

mod alike;

use alike::Alike;
pub use alike::RecallBy;

/// Episodes that have a say in what is tried.
pub const NEAREST: usize = 8;
/// Genomes of earlier episodes that are tried first.
pub const PORTFOLIO: usize = 5;

/// Proposes what gained in the nearest earlier episodes; beyond that, neighbours in random order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recall {
    memory: Memory,
    /// The episode under way.
    open: Option<PastEpisode>,
}

impl Recall {
    /// Nothing remembered.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is remembered.
    pub fn memory(&self) -> &Memory {
        &self.memory
    }

    /// An episode begins on such a stream; the one before has ended.
    pub fn begin(&mut self, signature: Signature) {
        if let Some(ended) = self.open.replace(PastEpisode::new(signature)) {
            self.memory.push(ended);
        }
    }

    /// What to try first: at most [`PORTFOLIO`] genomes, none of them the parent; none where nothing like this was seen.
    pub fn firsts(&self, question: &Question<'_>, by: RecallBy) -> Vec<Genome> {
        let Some(open) = &self.open else { return Vec::new() };
        let parent = question.space.canonical(question.parent);
        let nearest = self.memory.nearest(&open.signature, NEAREST);
        if nearest.is_empty() {
            return Vec::new();
        }
        let chosen = |gain: &dyn Fn(&PastEpisode, &Genome) -> f64| {
            portfolio(&nearest, gain, question.space, &parent, question.count.min(PORTFOLIO))
        };
        match by {
            RecallBy::Genome => chosen(&|episode, genome| episode.gain(genome).unwrap_or(0.0)),
            RecallBy::Graph => {
                let alike = Alike::new(question, &nearest);
                chosen(&|episode, genome| alike.gain(episode, genome))
            }
        }
    }
}

impl Proposer for Recall {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let mut batch = self.firsts(question, RecallBy::Genome);
        let mut neighbours = question.space.neighbours(question.parent);
        neighbours.retain(|genome| !batch.contains(genome));
        neighbours.shuffle(rng);
        neighbours.truncate(question.count - batch.len());
        batch.extend(neighbours);
        batch
    }

    fn tell(&mut self, observation: &Score) {
        if let Some(open) = &mut self.open {
            open.note(observation);
        }
    }

    fn name(&self) -> &'static str {
        "recall"
    }
}

/// How much each of several models of the score is to be believed, summing to one: the share of bootstrap samples of the
/// scores of now in which it misorders the fewest pairs (RGPE: Feurer, Letham and Bakshy, 2018, arXiv:1802.02219). `said`
/// holds what each model says of the same genomes, as long as `truths`; equals share. All alike while fewer than three
/// scores are there.
pub fn ranking_weights(said: &[Vec<f64>], truths: &[f64], samples: usize, rng: &mut Pcg64) -> Vec<f64> {
    let mut weights = vec![0.0; said.len()];
    if said.is_empty() {
        return weights;
    }
    if truths.len() < SCORES_MIN || samples == 0 {
        return vec![1.0 / said.len() as f64; said.len()];
    }
    for _ in 0..samples {
        let drawn: Vec<usize> = truths.iter().map(|_| rng.random_range(0..truths.len())).collect();
        let losses: Vec<usize> = said.iter().map(|model| misordered(model, truths, &drawn)).collect();
        let least = losses.iter().min().copied().unwrap_or(0);
        let best: Vec<usize> = (0..losses.len()).filter(|at| losses[*at] == least).collect();
        for at in &best {
            weights[*at] += 1.0 / (best.len() * samples) as f64;
        }
    }
    weights
}

/// Fewest scores of now that tell models apart.
const SCORES_MIN: usize = 3;

/// Pairs of the sample that a model puts in the other order than the truth.
fn misordered(said: &[f64], truths: &[f64], drawn: &[usize]) -> usize {
    let wrong = |a: usize, b: usize| (said[a] < said[b]) != (truths[a] < truths[b]);
    drawn.iter().map(|a| drawn.iter().filter(|b| wrong(*a, **b)).count()).sum()
}

#[cfg(test)]
mod tests;
