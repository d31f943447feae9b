//! Watch: after a swap, is the new champion worse than the one it displaced?
//!
//! Lives here: the decision to keep or to roll back. The displaced champion goes on learning and scoring
//! beside the new one. May not: swap.

use serde::{Deserialize, Serialize};

use crate::gate::quality::log_limit;
use crate::stats::e_process::log_mean_exp;
use crate::stats::{EProcess, Onset};

/// What the watch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WatchVerdict {
    /// The watch is over without evidence of harm.
    Keep,
    /// The new champion is worse; take it out.
    Rollback,
    /// Not decided yet.
    Watching,
}

/// What a watch is judged by; with [`WatchEvidence`] it can be judged again.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchLimits {
    /// Chance of ever rolling back a new champion that is never worse.
    pub alpha: f64,
    /// Outcomes after which the watch is over.
    pub outcomes: u64,
}

/// What a watch has seen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchEvidence {
    /// Natural logarithm of the evidence that the new champion is worse.
    pub log_harm: f64,
    /// Outcomes that counted.
    pub outcomes: u64,
    /// Mean paired loss of the new champion over the displaced one; positive is worse.
    pub mean_harm: f64,
}

impl WatchLimits {
    /// What this evidence says.
    pub fn judge(&self, evidence: &WatchEvidence) -> WatchVerdict {
        if evidence.log_harm >= log_limit(self.alpha) {
            WatchVerdict::Rollback
        } else if evidence.outcomes >= self.outcomes {
            WatchVerdict::Keep
        } else {
            WatchVerdict::Watching
        }
    }
}

/// Compares the new champion with the displaced one, outcome by outcome, until one of them goes.
///
/// A new champion that is never worse is rolled back with probability at most `alpha`, although it is
/// judged after every outcome. A verdict other than [`WatchVerdict::Watching`] is final.
///
/// ```
/// use policies::watch::{Watch, WatchVerdict};
///
/// let mut watch = Watch::new(0.05, 1_000);
/// while watch.verdict() == WatchVerdict::Watching {
///     watch.observe(0.3, 0.1);
/// }
/// assert_eq!(watch.verdict(), WatchVerdict::Rollback);
/// assert!(watch.outcomes() < 100);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Harm from the swap on.
    harm: EProcess,
    /// Harm that begins later.
    late: Onset,
    limits: WatchLimits,
    verdict: WatchVerdict,
}

impl Watch {
    /// Watches for `length` outcomes; rolls back at evidence of harm of `1 / alpha`.
    pub fn new(alpha: f64, length: u64) -> Self {
        let verdict = if length == 0 { WatchVerdict::Keep } else { WatchVerdict::Watching };
        let (harm, late) = (EProcess::new(0.0), Onset::new(0.0, length));
        Self { harm, late, limits: WatchLimits { alpha, outcomes: length }, verdict }
    }

    /// A new champion that costs less, and may therefore be worse by so much.
    #[must_use]
    pub fn allowing(self, loss: f64) -> Self {
        let loss = loss.max(0.0);
        Self { harm: EProcess::new(loss), late: Onset::new(loss, self.limits.outcomes), ..self }
    }

    /// Takes in the losses of both, in 0..=1, on one outcome.
    ///
    /// A loss of the new champion that is not finite counts as the worst there is; one of the displaced
    /// champion says nothing, so the outcome does not count.
    pub fn observe(&mut self, loss_new: f64, loss_old: f64) {
        if self.verdict != WatchVerdict::Watching {
            return;
        }
        let loss_new = if loss_new.is_finite() { loss_new.clamp(0.0, 1.0) } else { 1.0 };
        let loss_old = if loss_old.is_finite() { loss_old.clamp(0.0, 1.0) } else { f64::NAN };
        self.harm.observe(loss_new - loss_old);
        self.late.observe(loss_new - loss_old);
        self.verdict = self.limits.judge(&self.evidence());
    }

    /// What it is judged by.
    pub fn limits(&self) -> &WatchLimits {
        &self.limits
    }

    /// What it has seen.
    pub fn evidence(&self) -> WatchEvidence {
        let harm = &self.harm;
        WatchEvidence { log_harm: self.log_harm(), outcomes: harm.count(), mean_harm: harm.mean() }
    }

    /// What is decided so far.
    pub fn verdict(&self) -> WatchVerdict {
        self.verdict
    }

    /// Outcomes that counted.
    pub fn outcomes(&self) -> u64 {
        self.harm.count()
    }

    /// Mean paired loss of the new champion over the displaced one; positive is worse.
    pub fn mean_harm(&self) -> f64 {
        self.harm.mean()
    }

    /// Natural logarithm of the evidence that the new champion is worse.
    ///
    /// Half of the wealth bets on harm from the swap on, half on harm that begins within the watch.
    pub fn log_harm(&self) -> f64 {
        log_mean_exp(&[self.harm.log_value(), self.late.log_value()])
    }
}

#[cfg(test)]
mod tests;
