//! Surge: rows after a sudden drift are learned more than once.
//!
//! Lives here: when a surge begins and ends. Does not live here: the steps (that is [`super::intake`]).
//!
//! After a sudden drift a network needs thousands of rows to unlearn, because each row is one step. While its answers
//! are wrong much more often than they used to be, the rows that came since say more than one step takes from them,
//! so each new row is followed by steps on others of these. Larger steps instead were tried and cost accuracy on
//! streams that never calm down; the steps of a surge are as long as any.
//!
//! The signal is the network's own: how often the answer was wrong of which a row is about to be learned, over about
//! [`FAST_ROWS`] rows and over about [`SLOW_ROWS`].

use serde::{Deserialize, Serialize};

/// Rows after which one counts for a third of what it did, in the error of now.
const FAST_ROWS: f32 = 100.0;
/// The same for the usual error.
const SLOW_ROWS: f32 = 2_000.0;
/// Added to both errors: a few wrong answers of a network that is hardly ever wrong are no drift.
const ERROR_FLOOR: f32 = 0.01;
/// A surge begins where the error is this many times the usual one.
const BEGINS_ABOVE: f32 = 1.5;
/// The next may begin after it has come down to this many times.
const CALM_BELOW: f32 = 1.1;
/// Rows before any surge: until then every network is new to the stream.
const ROWS_MIN: u32 = 500;
/// Rows a surge lasts.
const SURGE_ROWS: u32 = 1_000;

/// The errors of one network, and whether it is in a surge.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Surge {
    rows: u32,
    fast: f32,
    slow: f32,
    /// Rows that are left of the surge.
    left: u32,
    /// Not calm since the last one.
    spent: bool,
}

/// What changes with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    Begins,
    Ends,
}

impl Surge {
    /// Whether rows are learned more than once.
    pub fn under_way(&self) -> bool {
        self.left > 0
    }

    /// The share of wrong answers to these new rows; none if that is not finite.
    pub fn observe(&mut self, wrong: f32, rows: usize) -> Option<Turn> {
        if !wrong.is_finite() {
            return None;
        }
        let new = u32::try_from(rows).unwrap_or(u32::MAX);
        self.rows = self.rows.saturating_add(new);
        let rate = |memory: f32| (rows as f32 / memory.min(self.rows as f32)).min(1.0);
        self.fast += rate(FAST_ROWS) * (wrong - self.fast);
        self.slow += rate(SLOW_ROWS) * (wrong - self.slow);
        let times_the_usual = (self.fast + ERROR_FLOOR) / (self.slow + ERROR_FLOOR);
        if self.under_way() {
            self.left = self.left.saturating_sub(new);
            return (!self.under_way()).then_some(Turn::Ends);
        }
        self.spent &= times_the_usual >= CALM_BELOW;
        if self.spent || self.rows < ROWS_MIN || times_the_usual <= BEGINS_ABOVE {
            return None;
        }
        (self.left, self.spent) = (SURGE_ROWS, true);
        Some(Turn::Begins)
    }
}

#[cfg(test)]
mod tests;
