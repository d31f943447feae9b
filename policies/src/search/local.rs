//! Local search: one edit, kept if it is better.
//!
//! Lives here: first improvement around the champion, and where it goes on from where nothing around is better: a hill
//! that the champion stands on is left by a kick of several edits (iterated local search, Lourenço et al. 2003), and the
//! next is climbed until it is higher, or has been climbed.

use model::Genome;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::adaptation::{Adaptation, edited, heavy_tailed};
use crate::search::memory::Memory;
use crate::search::random::filled;
use crate::search::{Proposer, Question, Score};

/// Fewest edits of a kick: one is what was tried already.
const KICK_MIN: u32 = 2;
/// Kicks tried for each that is wanted: in a space that is all but known, most lead to what was tried.
const TRIES_MAX: usize = 16;

/// Tries what is around, each once, and moves to the first that is better.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Local {
    memory: Memory,
    adaptation: Adaptation,
    /// The champion at the last question.
    champion: Option<Genome>,
    /// Another hill that is being climbed; none while it is the champion's.
    climber: Option<Genome>,
    /// The best that was told since the last question, and its level.
    newest: Option<(Genome, f64)>,
}

impl Local {
    /// Nothing tried yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where the search stands: with the champion when that is new, else where it has climbed to.
    fn move_on(&mut self, question: &Question<'_>, parent: &Genome, rng: &mut Pcg64) -> Genome {
        self.adaptation.heat(question.heat);
        let drifted = self.memory.enter(question);
        let newest = self.newest.take();
        if drifted || self.champion.as_ref() != Some(parent) {
            self.champion = Some(parent.clone());
            self.climber = None;
        } else if let Some((genome, level)) = newest.filter(|(genome, _)| question.space.contains(genome)) {
            let here = self.climber.as_ref().and_then(|climber| self.memory.level(climber));
            let here = here.unwrap_or_else(|| self.memory.level_of_parent(parent));
            if level > here || (level.is_finite() && self.adaptation.accepts(here - level, rng)) {
                self.climber = Some(genome);
            }
        }
        let climber = self.climber.clone().filter(|climber| question.space.contains(climber));
        climber.unwrap_or_else(|| parent.clone())
    }

    /// What is one edit away and was not tried, in any order; nothing around a failure.
    fn around(&self, question: &Question<'_>, here: &Genome, rng: &mut Pcg64) -> Vec<Genome> {
        if self.memory.level(here) == Some(f64::NEG_INFINITY) {
            return Vec::new();
        }
        let tried = self.memory.genomes();
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
        let tried = self.memory.genomes();
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
        let level = self.memory.tell(observation);
        self.adaptation.tell(observation.gain);
        if self.newest.as_ref().is_none_or(|(_, best)| level > *best) {
            self.newest = Some((observation.genome.clone(), level));
        }
    }

    fn name(&self) -> &'static str {
        "local"
    }
}

#[cfg(test)]
mod tests;
