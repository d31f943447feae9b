//! Experience: what was scored lately, as examples for a predictor.
//!
//! Lives here: a bounded window of scores, the era of each, and what is known of their genomes without training. May not: predict,
//! or choose.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use model::Genome;
use serde::{Deserialize, Serialize};

use crate::search::adaptation::Era;
use crate::search::predictor::{Example, Moment, Subject};
use crate::search::{Question, Score};

/// Scores remembered; the oldest is forgotten first. A fit costs its cube.
pub const WINDOW_MAX: usize = 300;
/// Features of genomes asked about remembered until they are scored.
pub const PENDING_MAX: usize = 256;

/// A score, with what was known beforehand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Remembered {
    score: Score,
    era: u32,
}

/// Scores, and what is known of their genomes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Experience {
    window: VecDeque<Remembered>,
    /// What is known of genomes in the window and of those asked for.
    features: BTreeMap<Genome, Vec<f64>>,
    era: u32,
    entered: Era,
}

impl Experience {
    /// How many scores are remembered.
    pub fn remembered(&self) -> usize {
        self.window.len()
    }

    /// The moment of a question; a drift begins an era, once.
    pub fn enter(&mut self, question: &Question<'_>) -> Moment {
        if self.entered.enter(question) {
            self.era += 1;
        }
        Moment { era: self.era, at: question.now }
    }

    /// The genome with what is known of it, asked for once only.
    pub fn subject(&self, genome: &Genome, question: &Question<'_>) -> Subject {
        let known = self.features.get(genome).cloned();
        let features = known.unwrap_or_else(|| (question.features)(genome));
        Subject { genome: genome.clone(), features }
    }

    /// The subject, whose features are kept.
    pub fn remember(&mut self, genome: &Genome, question: &Question<'_>) -> Subject {
        let subject = self.subject(genome, question);
        self.features.insert(genome.clone(), subject.features.clone());
        subject
    }

    /// What is remembered of this space, as examples.
    pub fn examples(&mut self, question: &Question<'_>) -> Vec<Example> {
        let space = question.space;
        let member = |genome: &Genome| space.contains(genome).then(|| space.canonical(genome));
        let of = |known: &Remembered| Some((member(&known.score.genome)?, member(&known.score.parent)?));
        let window: Vec<_> =
            self.window.iter().filter_map(|known| Some((of(known)?, known.clone()))).collect();
        window
            .into_iter()
            .map(|((child, parent), known)| Example {
                child: self.remember(&child, question),
                parent: self.remember(&parent, question),
                changes: vec![known.score.gain],
                moment: Moment { era: known.era, at: known.score.at },
            })
            .collect()
    }

    /// Takes in a score; what is no number counts as a failure.
    pub fn tell(&mut self, score: &Score) {
        if self.window.len() == WINDOW_MAX {
            self.window.pop_front();
        }
        let gain = if score.gain.is_nan() { f64::NEG_INFINITY } else { score.gain };
        self.window.push_back(Remembered { score: Score { gain, ..score.clone() }, era: self.era });
    }

    /// Nothing is kept of genomes that are neither in the window nor asked for.
    pub fn forget(&mut self, asked: &[Genome]) {
        let scores = self.window.iter().map(|known| &known.score);
        let kept: BTreeSet<&Genome> = scores
            .flat_map(|score| [&score.genome, &score.parent])
            .chain(asked.iter().take(PENDING_MAX))
            .collect();
        self.features.retain(|genome, features| !features.is_empty() && kept.contains(genome));
    }

    /// Genomes of which something is known.
    #[cfg(test)]
    pub(crate) fn known(&self) -> usize {
        self.features.len()
    }
}
