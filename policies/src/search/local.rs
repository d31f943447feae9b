//! Local search: one edit, kept if it is better.
//!
//! Lives here: first improvement around the champion, and where it goes on from where nothing around is better: a hill
//! that the champion stands on is left by a kick of several edits (iterated local search, Lourenço et al. 2003), and the
//! next is climbed until it is higher, or has been climbed.

use std::collections::VecDeque;

use model::{Genome, SearchSpace};
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::adaptation::{Adaptation, edited, heavy_tailed};
use crate::search::random::filled;
use crate::search::tries::Tries;
use crate::search::{Proposer, Question, Score};

/// Fewest edits of a kick: one is what was tried already.
const KICK_MIN: u32 = 2;
/// Kicks tried for each that is wanted: in a space that is all but known, most lead to what was tried.
const TRIES_MAX: usize = 16;
/// Scores between two questions that a step may go to.
const FRESH_MAX: usize = 64;

/// Tries what is around, each once, and moves to the first that is better.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Local {
    tries: Tries,
    adaptation: Adaptation,
    /// The champion at the last question.
    champion: Option<Genome>,
    /// Another hill that is being climbed; none while it is the champion's.
    climber: Option<Genome>,
    /// What was told since the last question, and its levels; the newest.
    fresh: VecDeque<(Genome, f64)>,
}

impl Local {
    /// Nothing tried yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the search stands: with the champion when that is new, else where it has climbed to.
    fn move_on(&mut self, question: &Question<'_>, parent: &Genome, rng: &mut Pcg64) -> Genome {
        self.adaptation.heat(question.heat());
        let drifted = self.tries.enter(question);
        let fresh = std::mem::take(&mut self.fresh);
        if drifted || self.champion.as_ref() != Some(parent) {
            self.champion = Some(parent.clone());
            self.climber = None;
        } else {
            self.climb(question.space, parent, &fresh, rng);
        }
        let climber = self.climber.clone().filter(|climber| question.space.contains(climber));
        climber.unwrap_or_else(|| parent.clone())
    }

    /// One step, to the best of what was just tried around here: if it is better, or the search is hot.
    fn climb(
        &mut self,
        space: &SearchSpace,
        parent: &Genome,
        fresh: &VecDeque<(Genome, f64)>,
        rng: &mut Pcg64,
    ) {
        let here = self.climber.as_ref().unwrap_or(parent);
        let level = self.tries.level(here).unwrap_or_else(|| self.tries.level_of_parent(here));
        let around = if fresh.is_empty() { Vec::new() } else { space.neighbours(here) };
        let tried = fresh.iter().filter(|(genome, level)| level.is_finite() && around.contains(genome));
        if let Some((genome, found)) = tried.max_by(|a, b| a.1.total_cmp(&b.1))
            && self.adaptation.accepts(level - found, rng)
        {
            self.climber = Some(genome.clone());
        }
    }

    /// What is one edit away and was not tried, in any order; nothing around a failure.
    fn around(&self, question: &Question<'_>, here: &Genome, rng: &mut Pcg64) -> Vec<Genome> {
        if self.tries.level(here) == Some(f64::NEG_INFINITY) {
            return Vec::new();
        }
        let tried = self.tries.genomes();
        let mut around = question.space.neighbours(here);
        around.retain(|genome| genome != question.parent && !tried.contains(genome));
        around.shuffle(rng);
        around
    }
}

impl Proposer for Local {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let &Question { space, count, .. } = question;
        let parent = space.canonical(question.parent);
        let question = Question { parent: &parent, ..*question };
        let here = self.move_on(&question, &parent, rng);
        let mut batch = self.around(&question, &here, rng);
        batch.truncate(count);
        if batch.is_empty() && here != parent {
            // This hill has been climbed, and is not as high as the champion's.
            batch = self.around(&question, &parent, rng);
            batch.truncate(count);
        }
        let tried = self.tries.genomes();
        for _ in 0..count.saturating_mul(TRIES_MAX) {
            if batch.len() == count {
                break;
            }
            let edits = heavy_tailed(KICK_MIN, space.genes().len() as u32, rng);
            let kicked = edited(space, &parent, edits, rng);
            if kicked != parent && !tried.contains(&kicked) && !batch.contains(&kicked) {
                self.climber = Some(kicked.clone());
                batch.push(kicked);
            }
        }
        // Nearly all around was tried: what is one edit away is worth trying again, times change.
        filled(batch, &question, rng)
    }

    fn tell(&mut self, observation: &Score) {
        let level = self.tries.tell(observation);
        self.adaptation.tell(observation.gain);
        if self.fresh.len() == FRESH_MAX {
            self.fresh.pop_front();
        }
        self.fresh.push_back((observation.genome.clone(), level));
    }

    fn name(&self) -> &'static str {
        "local"
    }
}

#[cfg(test)]
mod tests;
