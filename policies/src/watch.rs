//! Watch: after a swap, is the new champion worse than the one it displaced?
//!
//! Lives here: the decision to keep or to roll back. The displaced champion goes on learning and scoring
//! beside the new one. May not: swap.

use serde::{Deserialize, Serialize};

use crate::gate::quality::log_limit;
use crate::stats::EProcess;

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
    harm: EProcess,
    log_limit: f64,
    length: u64,
    verdict: WatchVerdict,
}

impl Watch {
    /// Watches for `length` outcomes; rolls back at evidence of harm of `1 / alpha`.
    pub fn new(alpha: f64, length: u64) -> Self {
        let verdict = if length == 0 { WatchVerdict::Keep } else { WatchVerdict::Watching };
        Self { harm: EProcess::new(0.0), log_limit: log_limit(alpha), length, verdict }
    }

    /// A new champion that costs less, and may therefore be worse by so much.
    #[must_use]
    pub fn allowing(self, loss: f64) -> Self {
        Self { harm: EProcess::new(loss.max(0.0)), ..self }
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
        if self.harm.log_value() >= self.log_limit {
            self.verdict = WatchVerdict::Rollback;
        } else if self.harm.count() >= self.length {
            self.verdict = WatchVerdict::Keep;
        }
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
    pub fn log_harm(&self) -> f64 {
        self.harm.log_value()
    }
}

#[cfg(test)]
mod tests;
