//! Claim: what a challenger has to show beside the control, and the running test of it.
//!
//! Lives here: gain, or, of one that costs less, a loss that is not higher by a margin; and when the latter is
//! enough. Does not live here: judging (that is [`crate::gate::quality`]), measuring costs.

use serde::{Deserialize, Serialize};

use crate::gate::QualityEvidence;
use crate::stats::{EProcess, NonInferiority};

/// What a challenger has to show.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Claim {
    /// A lower loss than the control's.
    #[default]
    Better,
    /// It costs less, and its loss is not higher by a margin.
    NotWorse,
}

impl Claim {
    /// Its name in the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::NotWorse => "not_worse",
        }
    }
}

/// What something costs, or may cost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spent {
    /// Seconds of one batch: the bound that budgets look at.
    pub seconds: f64,
    /// Bytes of the weights.
    pub bytes: f64,
}

impl Spent {
    /// Whether this takes more than a share of either budget: only then is it worth a little quality to save. A
    /// champion that is far below its budgets would otherwise be shrunk again and again, each time a margin worse.
    pub fn presses(self, budgets: Self, share: f64) -> bool {
        self.seconds > share * budgets.seconds || self.bytes > share * budgets.bytes
    }
}

/// The paired test of a challenger against the control, from the losses of both on the same outcomes. It may be
/// looked at after every outcome.
///
/// ```
/// use policies::gate::{Claim, PairedTest};
///
/// let mut tests = [PairedTest::better(0.0, 0.0, 1), PairedTest::not_worse(0.05, 0.05, 1)];
/// for _ in 0..200 {
///     tests.iter_mut().for_each(|test| test.observe(0.3, 0.3));
/// }
/// let [better, not_worse] = tests.map(|test| test.evidence());
/// assert!(better.log_gain < 0.1, "as good is no gain");
/// assert!(not_worse.log_gain > 3.0 && not_worse.claim == Claim::NotWorse);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairedTest {
    /// Of [`Claim::Better`].
    Better {
        /// Evidence of a gain above the margin.
        gain: EProcess,
        /// Evidence of harm.
        harm: EProcess,
        /// Evidence of a gain below what is worth waiting for.
        futile: EProcess,
    },
    /// Of [`Claim::NotWorse`].
    NotWorse(NonInferiority),
}

impl PairedTest {
    /// Whether the loss is lower by more than a margin, and by less than a useful gain, in units of loss; one bet a block
    /// of outcomes.
    pub fn better(margin: f64, useful: f64, block: u64) -> Self {
        Self::Better {
            gain: EProcess::in_blocks(margin, block),
            harm: EProcess::in_blocks(0.0, block),
            futile: EProcess::in_blocks(-useful, block),
        }
    }

    /// Whether the loss is not higher by a margin, in units of loss; one bet a block of outcomes.
    pub fn not_worse(margin: f64, alpha: f64, block: u64) -> Self {
        Self::NotWorse(NonInferiority::in_blocks(margin, alpha, block))
    }

    /// Takes in the losses of both, in 0..=1, on one outcome.
    pub fn observe(&mut self, control: f64, challenger: f64) {
        match self {
            Self::Better { gain, harm, futile } => {
                gain.observe(control - challenger);
                harm.observe(challenger - control);
                futile.observe(challenger - control);
            }
            Self::NotWorse(test) => test.observe(control, challenger),
        }
    }

    /// What it says so far.
    pub fn evidence(&self) -> QualityEvidence {
        match self {
            Self::Better { gain, harm, futile } => QualityEvidence {
                claim: Claim::Better,
                log_gain: gain.log_value(),
                log_harm: harm.log_value(),
                log_futile: futile.log_value(),
                outcomes: gain.count(),
                mean_gain: gain.mean(),
            },
            Self::NotWorse(test) => QualityEvidence {
                claim: Claim::NotWorse,
                log_gain: test.log_fine(),
                log_harm: test.log_worse(),
                // A margin is all it has to keep to.
                log_futile: test.log_worse(),
                outcomes: test.count(),
                mean_gain: test.mean_gain(),
            },
        }
    }
}

#[cfg(test)]
mod tests;
