//! Hyper-parameters: how a network learns.
//!
//! Lives here: what they are, their limits and their words. Does not live here: the steps.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{BATCH_MAX, HARDENING_MAX, Optimiser, REPLAY_DEPTH_MAX, SURGE_MAX, invalid};
use crate::error::ModelError;

/// How a network learns: searched together with its shape.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hyper {
    /// How gradients become steps.
    pub optimiser: Optimiser,
    /// Size of a step.
    pub step_size: f32,
    /// Share of the step size by which every weight shrinks in each step.
    pub weight_decay: f32,
    /// New rows in one step.
    pub batch: u16,
    /// Old rows learned again after each new one, 0 to 1, in a step of their own.
    pub replay: f32,
    /// Rows kept for that: as far back, on average, it reaches.
    #[serde(default = "usual_depth")]
    pub replay_depth: u16,
    /// Rows from before the last drifts learned again after each new one, 0 to 1, in a step of their own.
    #[serde(default)]
    pub recall: f32,
    /// Steps over which the weights that answer are averaged (Polyak and Juditsky, SIAM J. Control Optim. 1992);
    /// 0 answers with the weights of now.
    #[serde(default)]
    pub average: u16,
    /// Steps on rows since a sudden drift that follow each new one for a while; 0 is none.
    #[serde(default)]
    pub surge: u8,
    /// Noise in every number it learns from, evenly up to so many of its deviations; 0 is none.
    #[serde(default)]
    pub noise: f32,
    /// Share of numbers that are left out of what it learns from.
    #[serde(default)]
    pub missing: f32,
    /// How far every number is moved against it before it learns from it, in deviations (FGSM, arXiv:1412.6572); 0 is not
    /// at all.
    #[serde(default)]
    pub attack: f32,
    /// Whether its slices learn with it ([`crate::slice`]); not in a network without blocks, or with several answers.
    #[serde(default)]
    pub elastic: bool,
}

/// Where nothing else is said.
pub(super) fn usual_depth() -> u16 {
    1_024
}

impl Default for Hyper {
    /// Learns from each row at once, at a step size that is safe for small and deep networks alike.
    fn default() -> Self {
        Self {
            optimiser: Optimiser::AdamW,
            step_size: 0.003,
            weight_decay: 0.0,
            batch: 1,
            replay: 0.0,
            replay_depth: usual_depth(),
            recall: 0.0,
            average: 0,
            surge: 0,
            noise: 0.0,
            missing: 0.0,
            attack: 0.0,
            elastic: false,
        }
    }
}

impl Hyper {
    /// Without a depth of replay where nothing is replayed.
    pub(crate) fn canonical(&self) -> Self {
        let replay_depth = if self.replay > 0.0 { self.replay_depth } else { usual_depth() };
        Self { replay_depth, ..*self }
    }

    /// Whether rows are made worse before they are learned.
    pub(crate) fn hardens(&self) -> bool {
        [self.noise, self.missing, self.attack].iter().any(|worse| *worse > 0.0)
    }

    pub(super) fn check(&self) -> Result<(), ModelError> {
        if !(self.step_size > 0.0 && self.step_size.is_finite()) {
            return Err(invalid(format!("the step size is {}; give a positive number", self.step_size)));
        }
        let shares = [self.weight_decay, self.replay, self.recall];
        if shares.iter().any(|share| !(0.0..=1.0).contains(share)) {
            return Err(invalid(format!(
                "weight decay is {}, replay {} and recall {}; give numbers from 0 to 1",
                self.weight_decay, self.replay, self.recall
            )));
        }
        if !(1..=REPLAY_DEPTH_MAX).contains(&self.replay_depth) {
            let depth = self.replay_depth;
            return Err(invalid(format!("the replay depth is {depth} rows; give 1 to {REPLAY_DEPTH_MAX}")));
        }
        if !(1..=BATCH_MAX).contains(&self.batch) {
            return Err(invalid(format!("the batch is {}; give 1 to {BATCH_MAX}", self.batch)));
        }
        if self.surge > SURGE_MAX {
            return Err(invalid(format!("the surge is {}; give 0 to {SURGE_MAX}", self.surge)));
        }
        if [self.noise, self.missing, self.attack].iter().any(|worse| !(0.0..=HARDENING_MAX).contains(worse))
        {
            return Err(invalid(format!(
                "noise is {}, missing {} and attack {}; give numbers from 0 to {HARDENING_MAX}",
                self.noise, self.missing, self.attack
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Hyper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.optimiser.name(), self.step_size)?;
        if self.weight_decay > 0.0 {
            write!(f, " decay {}", self.weight_decay)?;
        }
        if self.batch > 1 {
            write!(f, " batch {}", self.batch)?;
        }
        if self.replay > 0.0 {
            write!(f, " replay {}", self.replay)?;
        }
        if self.replay > 0.0 && self.replay_depth != usual_depth() {
            write!(f, " of {} rows", self.replay_depth)?;
        }
        if self.recall > 0.0 {
            write!(f, " recall {}", self.recall)?;
        }
        if self.average > 0 {
            write!(f, " average {}", self.average)?;
        }
        if self.surge > 0 {
            write!(f, " surge {}", self.surge)?;
        }
        if self.elastic {
            f.write_str(" elastic")?;
        }
        for (name, worse) in [("noise", self.noise), ("missing", self.missing), ("attack", self.attack)] {
            if worse > 0.0 {
                write!(f, " {name} {worse}")?;
            }
        }
        Ok(())
    }
}
