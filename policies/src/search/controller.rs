//! Controller: a policy of edits that learns by reinforcement which of them pay, and keeps it from one episode to the next.
//!
//! Lives here: how a genome comes about edit by edit, and what one is worth. What is likely is in [`policy`], which edits there are in
//! [`moves`], what is learned from what became of them in [`practice`].
//!
//! An edit is drawn as operator, then site, then size, given the serving genome and how far the stream is from calm. Transformations of a
//! network at work as actions are those of EAS (Cai et al. 2018), learned by proximal steps (PPO, Schulman et al. 2017) from each score and
//! by priority-queue training (Abolafia et al. 2018) from the best: with a few dozen scores, plain REINFORCE is no better than chance.

use std::collections::{BTreeMap, VecDeque};

use model::Genome;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::adaptation::Era;
use crate::search::random::filled;
use crate::search::{Proposer, Question, Score};

mod moves;
mod policy;
mod practice;

use moves::{Move, Moves};
use policy::{Place, Policy};

/// Genomes remembered with how they came about; the oldest is forgotten first.
const ATTEMPTS_MAX: usize = 256;
/// Edits of one genome at most: a second one only where all that is one edit away was tried.
const EDITS_MAX: usize = 3;
/// Genomes drawn for each that is wanted, before neighbours of the parent have to do.
const TRIES_MAX: usize = 4;
/// Rewards are in mean sizes of recent gains, and no further from zero than this; a failure is the worst.
const REWARD_MAX: f64 = 3.0;
/// Power of the relative cost by which a gain counts less (the weight of latency in `MnasNet`, Tan et al. 2019).
const COST_POWER: f64 = 0.07;
/// What is left of a mean after a score.
const FADING: f64 = 0.95;
/// Reward for an edit that was not scored before; the nth time it is as much over the square root of n (Strehl and Littman 2008).
const CURIOSITY: f64 = 0.1;
/// Above this heat what is usual is another mean: a stream that moves rewards otherwise.
const HOT: f64 = 0.5;

/// One edit on the way to a genome.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Step {
    from: Genome,
    edit: Move,
    /// Logarithm of how likely it was when it was drawn.
    log_probability: f64,
}

/// How a genome came about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Origin {
    /// This policy drew it.
    Drawn(Vec<Step>),
    /// Somebody else asked for it, as a child of this one.
    Told(Genome),
}

/// A genome, how it came about, and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Attempt {
    genome: Genome,
    origin: Origin,
    heat: f64,
    /// How much more it was worth than usual; none until it is scored.
    advantage: Option<f64>,
}

/// What is usual.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Usual {
    /// Mean reward on a calm stream and on one that moves.
    rewards: [f64; 2],
    /// Mean size of a gain.
    gain: f64,
    /// Mean logarithm of a cost; none before the first.
    ln_cost: Option<f64>,
}

impl Usual {
    /// A gain for what it costs, both relative to what is usual, which follows.
    fn reward(&mut self, score: &Score) -> f64 {
        if !score.gain.is_finite() {
            return -REWARD_MAX;
        }
        self.gain = if self.gain > 0.0 { faded(self.gain, score.gain.abs()) } else { score.gain.abs() };
        let relative = if score.cost > 0.0 && score.cost.is_finite() {
            let mean = self.ln_cost.map_or(score.cost.ln(), |mean| faded(mean, score.cost.ln()));
            self.ln_cost = Some(mean);
            score.cost.ln() - mean
        } else {
            0.0
        };
        let worth = (-COST_POWER * score.gain.signum() * relative).exp();
        let gained = if self.gain > 0.0 { score.gain / self.gain } else { 0.0 };
        (gained * worth).clamp(-REWARD_MAX, REWARD_MAX)
    }

    /// How much more than usual a reward is; what is usual follows.
    fn advantage(&mut self, reward: f64, heat: f64) -> f64 {
        let mean = &mut self.rewards[usize::from(heat > HOT)];
        let advantage = reward - *mean;
        *mean = faded(*mean, reward);
        advantage
    }
}

fn faded(mean: f64, value: f64) -> f64 {
    FADING * mean + (1.0 - FADING) * value
}

/// Draws edits of the serving genome by a policy.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Controller {
    policy: Policy,
    /// Since the last drift.
    attempts: VecDeque<Attempt>,
    usual: Usual,
    /// How often each edit was scored.
    tried: BTreeMap<Move, u32>,
    /// Whether there is a score that was not learned from yet.
    has_news: bool,
    heat: f64,
    era: Era,
}

impl Controller {
    /// A policy to which all edits are alike.
    pub fn new() -> Self {
        Self::default()
    }

    /// Learns from what was told, then forgets what is about another world or another space; the policy stays.
    fn enter(&mut self, question: &Question<'_>, moves: &Moves, rng: &mut Pcg64) {
        if self.policy.enter(question.space, moves, rng) {
            self.attempts.clear();
            self.tried.clear();
        }
        if self.has_news {
            practice::practise(&mut self.policy, &self.attempts, question.space, moves);
            self.has_news = false;
        }
        if self.era.enter(question) {
            self.attempts.clear();
        }
        self.heat = question.heat();
    }

    /// A genome that is new, some edits from the parent; none where there is no way to one.
    fn wander(
        &self,
        question: &Question<'_>,
        moves: &Moves,
        is_new: impl Fn(&Genome) -> bool,
        rng: &mut Pcg64,
    ) -> Option<Attempt> {
        let &Question { space, parent, .. } = question;
        let (mut genome, mut steps) = (parent.clone(), Vec::new());
        while steps.len() < EDITS_MAX {
            let place = Place { space, moves, genome: &genome, heat: self.heat };
            let odds = self.policy.odds(&place);
            // What was tried is not drawn again, only passed through.
            let at = odds.draw(&is_new, rng).or_else(|| odds.draw(|child| child != parent, rng))?;
            let (edit, child) = odds.legal[at].clone();
            let log_probability = odds.log_probability(edit)?;
            steps.push(Step { from: genome, edit, log_probability });
            genome = child;
            if is_new(&genome) {
                return Some(Attempt {
                    genome,
                    origin: Origin::Drawn(steps),
                    heat: self.heat,
                    advantage: None,
                });
            }
        }
        None
    }

    fn remember(&mut self, attempt: Attempt) {
        if self.attempts.len() == ATTEMPTS_MAX {
            self.attempts.pop_front();
        }
        self.attempts.push_back(attempt);
    }

    /// What an attempt is worth, the first tries of an edit more.
    fn reward(&mut self, at: usize, reward: f64) {
        let attempt = &mut self.attempts[at];
        let mut curious = 0.0;
        if let Origin::Drawn(steps) = &attempt.origin {
            for step in steps {
                let tried = self.tried.entry(step.edit).or_insert(0);
                *tried = tried.saturating_add(1);
                curious += CURIOSITY / f64::from(*tried).sqrt() / steps.len() as f64;
            }
        }
        attempt.advantage = Some(self.usual.advantage(reward + curious, attempt.heat));
        self.has_news = true;
    }
}

impl Proposer for Controller {
    fn ask(&mut self, question: &Question<'_>, rng: &mut Pcg64) -> Vec<Genome> {
        let parent = question.space.canonical(question.parent);
        let question = Question { parent: &parent, ..*question };
        let moves = Moves::of(question.space);
        self.enter(&question, &moves, rng);
        let mut batch: Vec<Genome> = Vec::new();
        for _ in 0..question.count.saturating_mul(TRIES_MAX) {
            if batch.len() == question.count {
                break;
            }
            let known = |genome: &Genome| self.attempts.iter().any(|attempt| attempt.genome == *genome);
            let is_new = |genome: &Genome| *genome != parent && !batch.contains(genome) && !known(genome);
            let Some(attempt) = self.wander(&question, &moves, is_new, rng) else { break };
            let excess = (question.excess)(&attempt.genome);
            let genome = attempt.genome.clone();
            self.remember(attempt);
            if excess > 0.0 {
                // Beyond a budget: nobody has to train it to know what it is worth.
                self.reward(self.attempts.len() - 1, -REWARD_MAX * excess.min(1.0));
            } else {
                batch.push(genome);
            }
        }
        // Nearly all around was tried: what is one edit away is worth trying again, times change.
        let mut batch = filled(batch, &question, rng);
        batch.retain(|genome| (question.excess)(genome) <= 0.0);
        batch
    }

    fn tell(&mut self, observation: &Score) {
        let reward = self.usual.reward(observation);
        let same = |attempt: &Attempt| attempt.genome == observation.genome;
        let at = self.attempts.iter().rposition(same).unwrap_or_else(|| {
            let (genome, parent) = (observation.genome.clone(), observation.parent.clone());
            let origin = Origin::Told(parent);
            self.remember(Attempt { genome, origin, heat: self.heat, advantage: None });
            self.attempts.len() - 1
        });
        self.reward(at, reward);
    }

    fn name(&self) -> &'static str {
        "controller"
    }
}

#[cfg(test)]
mod tests;
