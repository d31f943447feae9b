//! Past: rows from before the last drifts, learned again so that what was true then is not forgotten.
//!
//! Lives here: which rows, and how many. Does not live here: when they are learned (that is [`super::intake`]), what a
//! drift is.
//!
//! What is replayed from a reservoir fades as the stream goes on; a world that comes back after a long time has to be
//! learned anew. These windows stay until as many later drifts have brought theirs (episodic memory, after
//! arXiv:1902.10486; windows rather than classes decide what is kept, since here it is the world that changes).

use std::collections::VecDeque;

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::{Examples, RESERVOIR_NUMBERS};
use crate::widening::Widening;

/// Windows kept; a new one takes the place of the oldest.
const WINDOWS_MAX: usize = 4;
/// Rows kept of a window.
const WINDOW_ROWS: usize = 256;
/// Rows between two windows: drifts that follow each other faster are one.
const APART_ROWS: u32 = 1_000;

/// The windows of one learner.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Past {
    windows: VecDeque<Examples>,
    /// Rows since the last one.
    rows: u32,
}

impl Past {
    /// So many rows came.
    pub fn pass(&mut self, rows: usize) {
        self.rows = self.rows.saturating_add(u32::try_from(rows).unwrap_or(u32::MAX));
    }

    /// A drift: rows from before it, if there are enough of them and the last drift is long ago.
    pub fn remember(&mut self, before: &Examples, rng: &mut impl Rng) {
        if before.len() < WINDOW_ROWS || self.rows < APART_ROWS {
            return;
        }
        self.rows = 0;
        if self.windows.len() == WINDOWS_MAX {
            self.windows.pop_front();
        }
        self.windows.push_back(before.sample(rows_max(before.inputs()), rng));
    }

    /// Appends this many rows on average, of windows drawn alike.
    pub fn draw(&self, rows: f32, rng: &mut impl Rng, out: &mut Examples) {
        if !self.windows.is_empty() {
            self.windows[rng.random_range(0..self.windows.len())].draw(rows, rng, out);
        }
    }

    /// Whether every row is whole and of this width, and they are not too many.
    pub fn fits(&self, inputs: usize) -> bool {
        self.windows.len() <= WINDOWS_MAX
            && self.windows.iter().all(|window| window.fits(inputs) && window.len() <= WINDOW_ROWS)
    }

    /// The goals of each window.
    pub fn goals(&self) -> impl Iterator<Item = &[f32]> {
        self.windows.iter().map(Examples::goals)
    }

    /// The same rows as wider networks see them.
    pub fn widened(&self, widening: &Widening) -> Self {
        let widened = |window: &Examples| {
            let mut window = window.widened(widening);
            window.truncate(rows_max(window.inputs()));
            window
        };
        Self { windows: self.windows.iter().map(widened).collect(), rows: self.rows }
    }
}

/// Most rows of a window of this width.
fn rows_max(inputs: usize) -> usize {
    WINDOW_ROWS.min(RESERVOIR_NUMBERS / WINDOWS_MAX / inputs.max(1)).max(1)
}

#[cfg(test)]
mod tests;
