//! Watch: after a swap, is the new champion worse than the one it displaced?
//!
//! Lives here: the decision to keep or to roll back. The displaced champion goes on learning and scoring
//! beside the new one. May not: swap.

use serde::{Deserialize, Serialize};

use crate::gate::quality::log_limit;
use crate::stats::e_process::log_mean_exp;
use crate::stats::{EProcess, Onset, proportion};

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

/// What a watch has seen: natural logarithms of evidence, and how it came to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct WatchEvidence {
    /// That the new champion is wrong more often, or by more.
    pub log_quality: f64,
    /// That it fails to answer more often.
    pub log_errors: f64,
    /// That it is over its time more often than it may be.
    pub log_compute: f64,
    /// Outcomes that counted.
    pub outcomes: u64,
    /// Mean paired loss of the new champion over the displaced one; positive is worse.
    pub mean_harm: f64,
}

impl WatchEvidence {
    /// The kinds of harm, as metrics and the journal name them.
    pub const KINDS: [&str; 3] = ["losses", "answers", "time"];

    /// The evidence of each of [`Self::KINDS`].
    pub fn by_kind(&self) -> [f64; Self::KINDS.len()] {
        [self.log_quality, self.log_errors, self.log_compute]
    }

    /// The kind that speaks loudest for harm.
    ///
    /// ```
    /// use policies::watch::WatchEvidence;
    ///
    /// let evidence =
    ///     WatchEvidence { log_quality: 1.0, log_errors: 7.0, log_compute: 0.0, outcomes: 9, mean_harm: 0.1 };
    /// assert_eq!(evidence.kind(), "answers");
    /// ```
    pub fn kind(&self) -> &'static str {
        let each = Self::KINDS.iter().zip(self.by_kind());
        // Of equals the first: losses are what a watch is about.
        each.rev().max_by(|a, b| a.1.total_cmp(&b.1)).map_or(Self::KINDS[0], |(kind, _)| kind)
    }

    /// Natural logarithm of the evidence that the new champion does harm of any kind: six eighths of the wealth bet on its
    /// losses, which come late and say little each, one on answers and one on time, which are known at once.
    pub fn log_harm(&self) -> f64 {
        let mut eighths = [self.log_quality; 8];
        [eighths[6], eighths[7]] = [self.log_errors, self.log_compute];
        log_mean_exp(&eighths)
    }
}

impl WatchLimits {
    /// What this evidence says.
    pub fn judge(&self, evidence: &WatchEvidence) -> WatchVerdict {
        if evidence.log_harm() >= log_limit(self.alpha) {
            WatchVerdict::Rollback
        } else if evidence.outcomes >= self.outcomes {
            WatchVerdict::Keep
        } else {
            WatchVerdict::Watching
        }
    }
}

/// Bets on time within which harm may begin: a day of them, at one a second.
const TIME_BETS: u64 = 86_400;
/// Events within which failures may begin.
const ERROR_EVENTS: u64 = 1_000_000;

/// The share of the units of work that a new champion may be over its time: what the budget leaves; where the one before
/// was over it more often for certain, what is usual on this machine. A rollback does not make a busy one faster.
///
/// ```
/// use policies::watch::allowed_overruns;
///
/// assert_eq!(allowed_overruns(0, 5, 0.01, 0.95), 0.01, "a few units say nothing");
/// assert!(allowed_overruns(600, 1_000, 0.01, 0.95) > 0.55);
/// ```
pub fn allowed_overruns(over: u64, units: u64, left: f64, confidence: f64) -> f64 {
    let lower = 1.0 - proportion::upper_bound(units - over.min(units), units, confidence);
    lower.max(left)
}

/// Evidence of one kind of harm. Half of the wealth bets on harm from the swap on, half on harm that begins within the
/// watch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Harm {
    always: EProcess,
    late: Onset,
    /// Observations in one bet, and those that wait for it: how many, and their sum.
    block: u64,
    waiting: (u64, f64),
}

impl Harm {
    /// Beyond what is allowed; `horizon` and `block` in observations.
    fn new(allowed: f64, horizon: u64, block: u64) -> Self {
        let block = block.max(1);
        let late = Onset::new(allowed, horizon.div_ceil(block));
        Self { always: EProcess::new(allowed), late, block, waiting: (0, 0.0) }
    }

    fn observe(&mut self, harm: f64) {
        self.waiting.0 += 1;
        self.waiting.1 += harm;
        if self.waiting.0 >= self.block {
            let (count, sum) = std::mem::take(&mut self.waiting);
            self.always.observe(sum / count as f64);
            self.late.observe(sum / count as f64);
        }
    }

    fn log_value(&self) -> f64 {
        log_mean_exp(&[self.always.log_value(), self.late.log_value()])
    }
}

/// Compares the new champion with the displaced one, until one of them goes: by losses, outcome by outcome; by answers
/// that are none, event by event; by time, one stretch of it after the other.
///
/// A new champion that is never worse in any of these is rolled back with probability at most `alpha`, although it is
/// judged whenever something is known. A verdict other than [`WatchVerdict::Watching`] is final.
///
/// ```
/// use policies::watch::{Watch, WatchVerdict};
///
/// let mut watch = Watch::new(0.05, 1_000, 1);
/// while watch.verdict() == WatchVerdict::Watching {
///     watch.observe(0.3, 0.1);
/// }
/// assert_eq!(watch.verdict(), WatchVerdict::Rollback);
/// assert!(watch.outcomes() < 100);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    quality: Harm,
    errors: Harm,
    compute: Harm,
    /// Outcomes that counted, and the sum of their paired losses.
    outcomes: (u64, f64),
    limits: WatchLimits,
    verdict: WatchVerdict,
}

impl Watch {
    /// Watches for `length` outcomes; rolls back at evidence of harm of `1 / alpha`. No loss over the displaced one's is
    /// allowed, no more failures, and no unit of work over its time. One bet on losses a `block` of outcomes: where they
    /// follow one another, see [`EProcess`].
    pub fn new(alpha: f64, length: u64, block: u64) -> Self {
        Self {
            quality: Harm::new(0.0, length, block),
            errors: Harm::new(0.0, ERROR_EVENTS, 1),
            compute: Harm::new(0.0, TIME_BETS, 1),
            outcomes: (0, 0.0),
            limits: WatchLimits { alpha, outcomes: length },
            verdict: if length == 0 { WatchVerdict::Keep } else { WatchVerdict::Watching },
        }
    }

    /// A new champion that costs less, and may therefore be worse by so much.
    #[must_use]
    pub fn allowing(self, loss: f64) -> Self {
        Self { quality: Harm::new(loss.max(0.0), self.limits.outcomes, self.quality.block), ..self }
    }

    /// A new champion that may be over its time in this share of the units of work.
    #[must_use]
    pub fn allowing_overruns(self, share: f64) -> Self {
        Self { compute: Harm::new(share.max(0.0), TIME_BETS, 1), ..self }
    }

    /// Takes in the losses of both, in 0..=1, on one outcome.
    ///
    /// A loss of the new champion that is not finite counts as the worst there is; one of the displaced
    /// champion says nothing, so the outcome does not count.
    pub fn observe(&mut self, loss_new: f64, loss_old: f64) {
        if !loss_old.is_finite() {
            return;
        }
        let loss_new = if loss_new.is_finite() { loss_new.clamp(0.0, 1.0) } else { 1.0 };
        let harm = loss_new - loss_old.clamp(0.0, 1.0);
        self.take_in(|watch| {
            watch.outcomes.0 += 1;
            watch.outcomes.1 += harm;
            watch.quality.observe(harm);
        });
    }

    /// Takes in whether each failed to answer one event; no label has to come for that.
    pub fn answered(&mut self, new_failed: bool, old_failed: bool) {
        let harm = f64::from(u8::from(new_failed)) - f64::from(u8::from(old_failed));
        self.take_in(|watch| watch.errors.observe(harm));
    }

    /// Takes in the units of work of a stretch of time, of which `over` were over theirs: one bet, on their share, for
    /// slow ones come together. When a stretch ends must not depend on how many were.
    pub fn took(&mut self, units: u64, over: u64) {
        if units > 0 {
            self.take_in(|watch| watch.compute.observe(over.min(units) as f64 / units as f64));
        }
    }

    fn take_in(&mut self, observe: impl FnOnce(&mut Self)) {
        if self.verdict == WatchVerdict::Watching {
            observe(self);
            self.verdict = self.limits.judge(&self.evidence());
        }
    }

    /// What it is judged by.
    pub fn limits(&self) -> &WatchLimits {
        &self.limits
    }

    /// What it has seen.
    pub fn evidence(&self) -> WatchEvidence {
        WatchEvidence {
            log_quality: self.quality.log_value(),
            log_errors: self.errors.log_value(),
            log_compute: self.compute.log_value(),
            outcomes: self.outcomes(),
            mean_harm: self.outcomes.1 / self.outcomes.0.max(1) as f64,
        }
    }

    /// What is decided so far.
    pub fn verdict(&self) -> WatchVerdict {
        self.verdict
    }

    /// Outcomes that counted.
    pub fn outcomes(&self) -> u64 {
        self.outcomes.0
    }
}

#[cfg(test)]
mod tests;
