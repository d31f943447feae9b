//! What a relaxed network says: blocks that came out strong are tried first.
//!
//! Lives here: whether to ask for a relaxed trial of the serving network, and whom to propose by what it said. Does not live
//! here: the trial (that is `model::relaxation`'s, in the worker).
//!
//! Strengths say which blocks should follow, and nothing of widths, step sizes or the rest. So half of each batch is drawn
//! by strength, the chosen network first, and the other half is any other edit.

use std::collections::VecDeque;

use model::Genome;
use rand::RngExt as _;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::random::filled;
use crate::search::tries::Tries;
use crate::search::{Proposer, Question, Score};

/// Networks of which leads are remembered; the oldest is forgotten first.
const PARENTS_MAX: usize = 8;
/// Leads remembered of one answer.
pub const LEADS_MAX: usize = 64;
/// Of how many proposals one is drawn by strength.
const LED: usize = 2;

/// What a relaxed trial said of a network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Leads {
    /// The network it was asked of.
    pub parent: Genome,
    /// The network it chose, if it is another.
    pub chosen: Option<Genome>,
    /// Networks near it, each with its strength; none where the trial failed, or had nothing to say.
    pub strengths: Vec<(Genome, f64)>,
}

impl Leads {
    /// It was asked, and said nothing.
    pub fn nothing(parent: Genome) -> Self {
        Self { parent, chosen: None, strengths: Vec::new() }
    }
}

/// Tries by strength.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Relaxed {
    tries: Tries,
    leads: VecDeque<Leads>,
}

impl Relaxed {
    /// Nothing heard yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether a relaxed trial of the parent is wanted before it is asked: nothing was heard of it since the last drift.
    pub fn wants_leads(&mut self, question: &Question<'_>) -> bool {
        self.enter(question);
        let parent = question.space.canonical(question.parent);
        !self.leads.iter().any(|leads| leads.parent == parent)
    }

    /// What a relaxed trial said; also that it said nothing.
    pub fn hear(&mut self, mut leads: Leads) {
        leads.strengths.retain(|(_, strength)| strength.is_finite() && *strength > 0.0);
        leads.strengths.sort_by(|a, b| b.1.total_cmp(&a.1));
        leads.strengths.truncate(LEADS_MAX);
        self.leads.retain(|known| known.parent != leads.parent);
        if self.leads.len() == PARENTS_MAX {
            self.leads.pop_front();
        }
        self.leads.push_back(leads);
    }

    /// What came out strong before a drift says nothing after it.
    fn enter(&mut self, question: &Question<'_>) {
        if self.tries.enter(question) {
            self.leads.clear();
        }
    }

    /// Those of the leads that were not tried yet: the chosen one, then as they are drawn without replacement.
    fn led(&self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let Some(leads) = self.leads.iter().find(|leads| leads.parent == *question.parent) else {
            return Vec::new();
        };
        let tried = self.tries.genomes();
        let is_new = |genome: &Genome| {
            let space = question.space;
            space.contains(genome)
                && space.canonical(genome) == *genome
                && genome != question.parent
                && !tried.contains(genome)
        };
        // The smallest of exponential times, each of a rate: a draw without replacement (Efraimidis and Spirakis 2006).
        let mut drawn: Vec<(f64, &Genome)> = Vec::with_capacity(leads.strengths.len());
        for (genome, strength) in &leads.strengths {
            drawn.push((-(1.0 - rng.random::<f64>()).ln() / strength, genome));
        }
        drawn.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut led: Vec<Genome> = Vec::new();
        for genome in leads.chosen.iter().chain(drawn.into_iter().map(|(_, genome)| genome)) {
            if is_new(genome) && !led.contains(genome) {
                led.push(genome.clone());
            }
        }
        led
    }

    /// Neighbours of the parent that were not tried yet, in any order.
    fn beside(&self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let tried = self.tries.genomes();
        let around = filled(Vec::new(), &Question { count: usize::MAX, ..*question }, rng);
        around.into_iter().filter(|genome| !tried.contains(genome)).collect()
    }
}

impl Proposer for Relaxed {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let parent = question.space.canonical(question.parent);
        let question = Question { parent: &parent, ..*question };
        self.enter(&question);
        let mut batch = self.led(&question, rng);
        batch.truncate(question.count.div_ceil(LED));
        for genome in self.beside(&question, rng) {
            if batch.len() < question.count && !batch.contains(&genome) {
                batch.push(genome);
            }
        }
        // Nearly all around was tried: what is one edit away is worth trying again, times change.
        filled(batch, &question, rng)
    }

    fn tell(&mut self, observation: &Score) {
        self.tries.tell(observation);
    }

    fn name(&self) -> &'static str {
        "relaxed"
    }
}

#[cfg(test)]
mod tests;
