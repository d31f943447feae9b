//! Adaptation: how far and how boldly a search moves, by how it went lately and by how the stream does.
//!
//! Lives here: the one-fifth rule of the number of edits (Rechenberg 1973; Doerr and Doerr 2018 for discrete spaces), its
//! heavy tail (Doerr et al. 2017), and annealing that a drift heats up again. May not: know what is edited.

use model::{Genome, SearchSpace};
use rand::RngExt;
use rand::seq::IndexedRandom;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::search::Question;

/// Power by which more edits are rarer: a heavy tail, so that a valley between two hills can be crossed.
const EDITS_POWER: f64 = 1.5;
/// A success lets edits reach further by this factor; a failure less far by its fourth root, which is one success in five.
const STEP: f64 = 1.5;
/// Edits reach no further.
pub const REACH_MAX: u32 = 16;
/// How far they reach at first: two, so that some of the first children leave the neighbourhood.
const REACH_AT_FIRST: f64 = 2.0;
/// What is left of the temperature after a score.
const COOLING: f64 = 0.97;

/// The drift that the last question was asked after: what was learned before another one is about another world.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Era(Option<u64>);

impl Era {
    /// Whether this question is the first after a drift, however long ago that was noticed.
    pub fn enter(&mut self, question: &Question<'_>) -> bool {
        let is_new = question.drift.is_some() && question.drift != self.0;
        self.0 = question.drift.or(self.0);
        is_new
    }
}

/// How a search moves. Cold and calm, it makes single edits and takes only what is better.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adaptation {
    /// Most edits at once.
    reach: f64,
    /// How much worse may be taken for better, in mean sizes of recent changes.
    temperature: f64,
    /// Mean size of recent changes.
    change: f64,
}

impl Default for Adaptation {
    fn default() -> Self {
        Self { reach: REACH_AT_FIRST, temperature: 0.0, change: 0.0 }
    }
}

impl Adaptation {
    /// A stream that moves heats the search up to its own heat, 0 to 1.
    pub fn heat(&mut self, heat: f64) {
        let heat = heat.clamp(0.0, 1.0);
        self.temperature = self.temperature.max(heat);
        self.reach = self.reach.max(heat * f64::from(REACH_MAX));
    }

    /// Takes in a gain over the parent.
    pub fn tell(&mut self, gain: f64) {
        let factor = if gain > 0.0 { STEP } else { STEP.powf(-0.25) };
        self.reach = (self.reach * factor).clamp(1.0, f64::from(REACH_MAX));
        self.temperature *= COOLING;
        if gain.is_finite() {
            self.change = if self.change > 0.0 { COOLING * self.change } else { gain.abs() }
                + (1.0 - COOLING) * gain.abs();
        }
    }

    /// Whether to go on from what is worse by this much (Kirkpatrick et al. 1983); never if cold.
    pub fn accepts(&self, worse_by: f64, rng: &mut Pcg64) -> bool {
        let scale = self.temperature * self.change;
        worse_by <= 0.0 || (scale > 0.0 && rng.random::<f64>() < (-worse_by / scale).exp())
    }

    /// The genome after one edit, or now and then more, up to the reach.
    pub fn edited(&self, space: &SearchSpace, genome: &Genome, rng: &mut Pcg64) -> Genome {
        edited(space, genome, heavy_tailed(1, self.reach as u32, rng), rng)
    }
}

/// The genome after as many edits, each of them any of those there are.
pub fn edited(space: &SearchSpace, genome: &Genome, edits: u32, rng: &mut Pcg64) -> Genome {
    let mut edited = genome.clone();
    for _ in 0..edits {
        let Some(next) = space.neighbours(&edited).choose(rng).cloned() else { break };
        edited = next;
    }
    edited
}

/// A number from the least to the most, `k` of them as likely as `k^-1.5`.
pub fn heavy_tailed(least: u32, most: u32, rng: &mut Pcg64) -> u32 {
    let weight = |edits: u32| f64::from(edits).powf(-EDITS_POWER);
    let mut at = rng.random::<f64>() * (least..=most).map(weight).sum::<f64>();
    for edits in least..most {
        at -= weight(edits);
        if at < 0.0 {
            return edits;
        }
    }
    most.max(least)
}

#[cfg(test)]
mod tests;
