//! Portfolio: each question is split among proposers by what they have been worth lately.
//!
//! Lives here: a restless bandit. What a proposer is worth changes as hills are climbed and as the stream moves, so what it
//! won fades (discounted Thompson sampling, Raj and Kalyani 2017), and a drift makes all equal again. Whoever asked for a
//! genome, all are told what became of it. May not: propose anything itself.

use std::collections::VecDeque;

use model::Genome;
use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::adaptation::Era;
use crate::search::predictor::AnyPredictor;
use crate::search::random::filled;
use crate::search::{AnyProposer, Bayesian, Evolution, Local, Proposer, Question, Random, Score};

/// What is left of what was won and lost, after a score.
const DISCOUNT: f64 = 0.95;
/// Share of genomes that are drawn from anywhere, whatever that has been worth.
const EXPLORED: f64 = 0.01;
/// Genomes whose proposer is remembered until they are scored.
const ASKED_MAX: usize = 256;

/// A proposer, and what it has been worth.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Arm {
    proposer: AnyProposer,
    won: f64,
    lost: f64,
    /// Genomes it has asked for, ever.
    asked: u64,
}

impl Arm {
    fn new(proposer: AnyProposer) -> Self {
        Self { proposer, won: 0.0, lost: 0.0, asked: 0 }
    }

    /// A draw of what it is worth: the normal number of the same mean and variance as the Beta posterior.
    fn draw(&self, rng: &mut Pcg64) -> f64 {
        let count = self.won + self.lost + 2.0;
        let mean = (self.won + 1.0) / count;
        mean + (mean * (1.0 - mean) / (count + 1.0)).sqrt() * standard_normal(rng)
    }
}

/// Splits every question by recent gain per cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Portfolio {
    arms: Vec<Arm>,
    /// Which arm asked for what is not scored yet; the oldest first.
    asked: VecDeque<(Genome, usize)>,
    /// The largest gain per cost of late: what counts as all that could be won.
    best: f64,
    era: Era,
}

impl Default for Portfolio {
    fn default() -> Self {
        Self::by(AnyPredictor::default())
    }
}

impl Portfolio {
    /// Names of those among whom it splits.
    pub const NAMES: [&str; 3] = ["local", "evolution", "bayesian"];

    /// Of all that learn, one of them by this predictor.
    pub fn by(predictor: AnyPredictor) -> Self {
        Self::of(vec![
            AnyProposer::Local(Local::new()),
            AnyProposer::Evolution(Evolution::new()),
            AnyProposer::Bayesian(Bayesian::new(predictor)),
        ])
    }

    /// How many genomes each proposer has asked for, ever.
    pub fn asked(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.arms.iter().map(|arm| (arm.proposer.name(), arm.asked))
    }

    /// Of these.
    pub fn of(proposers: Vec<AnyProposer>) -> Self {
        let arms = proposers.into_iter().map(Arm::new).collect();
        Self { arms, asked: VecDeque::new(), best: 0.0, era: Era::default() }
    }

    /// How many each arm is to ask for; those that are left are drawn from anywhere.
    fn split(&self, count: usize, rng: &mut Pcg64) -> Vec<usize> {
        let mut split = vec![0; self.arms.len()];
        for _ in 0..count {
            if rng.random_bool(EXPLORED) {
                continue;
            }
            let draws = self.arms.iter().map(|arm| arm.draw(rng)).enumerate();
            if let Some((arm, _)) = draws.max_by(|a, b| a.1.total_cmp(&b.1)) {
                split[arm] += 1;
            }
        }
        split
    }

    /// A drift makes all equal again, once a drift.
    fn enter(&mut self, question: &Question<'_>) {
        if self.era.enter(question) {
            for arm in &mut self.arms {
                (arm.won, arm.lost) = (0.0, 0.0);
            }
            self.best = 0.0;
        }
    }

    /// What was gained for what it costs, as a share of the most of late.
    fn worth(&mut self, score: &Score) -> f64 {
        let cost = if score.cost > 0.0 { score.cost } else { 1.0 };
        let gained = if score.gain.is_finite() { score.gain.max(0.0) / cost } else { 0.0 };
        self.best = gained.max(DISCOUNT * self.best);
        if self.best > 0.0 { gained / self.best } else { 0.0 }
    }

    fn remember(&mut self, genome: &Genome, arm: usize) {
        if self.asked.len() == ASKED_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back((genome.clone(), arm));
    }
}

impl Proposer for Portfolio {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        self.enter(question);
        let mut batch: Vec<Genome> = Vec::new();
        for (arm, count) in self.split(question.count, rng).into_iter().enumerate() {
            if count == 0 {
                continue;
            }
            let asked = self.arms[arm].proposer.ask(&Question { count, ..*question }, rng);
            for genome in asked {
                if !batch.contains(&genome) {
                    self.remember(&genome, arm);
                    self.arms[arm].asked += 1;
                    batch.push(genome);
                }
            }
        }
        let left = question.count.saturating_sub(batch.len());
        for genome in Random.ask(&Question { count: left, ..*question }, rng) {
            if !batch.contains(&genome) {
                batch.push(genome);
            }
        }
        filled(batch, question, rng)
    }

    fn tell(&mut self, observation: &Score) {
        let worth = self.worth(observation);
        let at = self.asked.iter().position(|(genome, _)| *genome == observation.genome);
        if let Some((_, asked_by)) = at.and_then(|at| self.asked.remove(at)) {
            for (at, arm) in self.arms.iter_mut().enumerate() {
                let own = f64::from(u8::from(at == asked_by));
                arm.won = DISCOUNT * arm.won + own * worth;
                arm.lost = DISCOUNT * arm.lost + own * (1.0 - worth);
            }
        }
        for arm in &mut self.arms {
            arm.proposer.tell(observation);
        }
    }

    fn name(&self) -> &'static str {
        "portfolio"
    }
}

/// Box and Muller 1958.
fn standard_normal(rng: &mut Pcg64) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}

#[cfg(test)]
mod tests;
