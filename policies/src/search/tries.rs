//! Tries: what was tried lately, on one scale.
//!
//! Lives here: how gains over different parents come to one scale, what is forgotten, and when. May not: propose.
//!
//! A score is the change from its parent, and parents change as champions do. A genome's level is its parent's level plus
//! its gain, so that what was tried under one champion can be compared with what was tried under the next.

use std::collections::{BTreeSet, VecDeque};

use model::Genome;
use serde::{Deserialize, Serialize};

use crate::search::adaptation::Era;
use crate::search::{Question, Score};

/// Scores remembered; the oldest is forgotten first.
pub const REMEMBERED_MAX: usize = 512;

/// A genome that was tried.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tried {
    /// The genome.
    pub genome: Genome,
    /// How good it is, in the unit of gains, from a beginning that all share; minus infinity for a failure.
    pub level: f64,
    /// What one answer of it costs.
    pub cost: f64,
}

/// What was tried since the last drift, as far as it is remembered.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tries {
    tried: VecDeque<Tried>,
    /// The parent of the newest score, and its level.
    parent: Option<(Genome, f64)>,
    era: Era,
}

impl Tries {
    /// What was tried, oldest first.
    pub fn tried(&self) -> impl DoubleEndedIterator<Item = &Tried> + ExactSizeIterator {
        self.tried.iter()
    }

    /// The genomes of it.
    pub fn genomes(&self) -> BTreeSet<&Genome> {
        self.tried.iter().map(|tried| &tried.genome).collect()
    }

    /// Where a genome stands, by its newest score; none if it was not tried.
    pub fn level(&self, genome: &Genome) -> Option<f64> {
        let newest = self.tried.iter().rev().find(|tried| tried.genome == *genome);
        newest.map(|tried| tried.level)
    }

    /// Where a parent stands. One that was never tried took over from the last, and is taken for as good.
    pub fn level_of_parent(&self, parent: &Genome) -> f64 {
        let last = self.parent.as_ref();
        if let Some((_, level)) = last.filter(|(genome, _)| genome == parent) {
            return *level;
        }
        let known = self.level(parent).filter(|level| level.is_finite());
        known.unwrap_or_else(|| last.map_or(0.0, |(_, level)| *level))
    }

    /// A drift makes another world of it: what was tried in the last one is forgotten, once a drift. Says whether.
    pub fn enter(&mut self, question: &Question<'_>) -> bool {
        let drifted = self.era.enter(question);
        if drifted {
            self.tried.clear();
            self.parent = None;
        }
        drifted
    }

    /// Takes in a score, and says where its genome stands.
    pub fn tell(&mut self, score: &Score) -> f64 {
        let base = self.level_of_parent(&score.parent);
        self.parent = Some((score.parent.clone(), base));
        let level = if score.gain.is_nan() { f64::NEG_INFINITY } else { base + score.gain };
        if self.tried.len() == REMEMBERED_MAX {
            self.tried.pop_front();
        }
        self.tried.push_back(Tried { genome: score.genome.clone(), level, cost: score.cost });
        level
    }
}

#[cfg(test)]
mod tests;
