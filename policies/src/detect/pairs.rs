//! Pairs: an old row and a new one that might as well be swapped, and bets on which is which.
//!
//! Lives here: what [`super::mmd`] and [`super::two_sample`] share. A row as numbers is in [`inputs`], the direction
//! that a bet is placed along in [`witness`]. May not: know a threshold.
//!
//! **Why no false alarm for ever.** A reference that is used again and again differs by chance from what it was drawn
//! from, and whoever learns it by heart finds that difference in every new row. So each row is used at most once, as
//! the old or as the new one of one pair, and until then nothing has been learned from it. If rows are exchangeable,
//! swapping the two of a pair changes no distribution, given all pairs before; so whatever is learned from those, a
//! payoff that changes its sign when they are swapped has a mean of zero.

use std::collections::VecDeque;

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

pub mod inputs;
pub mod witness;

/// Rows that one pair takes out of the stream: the new one, and one that is kept in place of the old one.
pub const ROWS_A_PAIR: u64 = 2;

/// How many rows to keep, and how rarely to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PairsConfig {
    /// Old rows to keep, at least one. For twice as many rows after it began is a change visible.
    pub reference: usize,
    /// Expected number of rows to a false alarm, at least.
    pub average_run_length: f64,
    /// Of all that is drawn.
    pub seed: u64,
}

impl Default for PairsConfig {
    fn default() -> Self {
        Self { reference: 2_000, average_run_length: 1e6, seed: 0 }
    }
}

/// Keeps rows until each becomes the old one of a pair, first in, first out: while it holds `capacity`, the two of a
/// pair are `2 * capacity` rows apart, and for as long a change stays visible.
///
/// Memory: `capacity` rows and one more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pairs<T> {
    rng: Pcg64,
    capacity: usize,
    kept: VecDeque<T>,
    waiting: Option<T>,
}

impl<T> Pairs<T> {
    /// Nothing kept yet; at least one row will be.
    pub fn new(capacity: usize, seed: u64) -> Self {
        let rng = Pcg64::seed_from_u64(seed);
        Self { rng, capacity: capacity.max(1), kept: VecDeque::new(), waiting: None }
    }

    /// Takes in a row; every second one completes a pair, new and old, once enough are kept.
    pub fn observe(&mut self, row: T) -> Option<(T, T)> {
        if !self.is_full() {
            self.kept.push_back(row);
            return None;
        }
        let Some(waiting) = self.waiting.take() else {
            self.waiting = Some(row);
            return None;
        };
        // By lot, so that a stream in which every second row is alike is no change.
        let (new, keep) = if self.rng.random() { (row, waiting) } else { (waiting, row) };
        self.kept.push_back(keep);
        self.kept.pop_front().map(|old| (new, old))
    }

    /// Whether enough are kept for pairs.
    pub fn is_full(&self) -> bool {
        self.kept.len() >= self.capacity
    }

    /// What is kept, oldest first. Nothing may be learned from it that a bet depends on.
    pub fn kept(&self) -> &VecDeque<T> {
        &self.kept
    }
}

#[cfg(test)]
mod tests;
