//! Past: labelled rows from before the last drifts, so that who would serve can be asked what it has forgotten.
//!
//! Lives here: which rows stay, and how many. May not: judge. Rows are copied: the records let go of them long before.

use std::collections::VecDeque;

use adapters::store::Place;
use model::{Context, Row, Truth};
use serde::{Deserialize, Serialize};

use super::Learn;
use super::evidence::Rows;

/// Drifts that are remembered; a new one takes the place of the oldest.
const WINDOWS_MAX: usize = 3;
/// Outcomes of a window.
const WINDOW_OUTCOMES: u64 = 256;
/// Outcomes between a window and the drift: the last ones before it was noticed came after it.
const NOTICED_AFTER: u64 = 256;
/// Outcomes between two drifts; those that follow each other faster are one.
const APART_OUTCOMES: u64 = 1_000;

/// A row with its truth, as it was learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Known {
    place: u64,
    row: Row,
    truth: Truth,
    context: Context,
}

/// The last windows, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Past {
    windows: VecDeque<Vec<Known>>,
    /// Outcomes at which the last was taken.
    taken: u64,
}

impl Past {
    fn is_new(&self, outcomes: u64) -> bool {
        self.windows.is_empty() || outcomes.saturating_sub(self.taken) >= APART_OUTCOMES
    }

    /// The rows at these places are not to be known any more.
    pub(super) fn forget(&mut self, places: &[Place]) {
        self.windows
            .iter_mut()
            .for_each(|window| window.retain(|known| !places.contains(&Place(known.place))));
    }

    fn push(&mut self, window: Vec<Known>, outcomes: u64) {
        if self.windows.len() == WINDOWS_MAX {
            self.windows.pop_front();
        }
        self.windows.push_back(window);
        self.taken = outcomes;
    }
}

impl Learn {
    /// A drift was noticed: the outcomes from before it are put aside.
    pub(super) fn remember_past(&mut self) {
        let outcomes = self.state.outcomes;
        let from = self.state.history.pushed().saturating_sub(WINDOW_OUTCOMES + NOTICED_AFTER);
        if !self.state.past.is_new(outcomes) {
            return;
        }
        let recent = self.state.history.since(from).into_iter().take(WINDOW_OUTCOMES as usize);
        let known = recent.filter_map(|recent| {
            let row = self.row(recent.place)?;
            Some(Known { place: recent.place, row, truth: recent.truth, context: recent.context })
        });
        let window: Vec<Known> = known.collect();
        if window.len() as u64 == WINDOW_OUTCOMES {
            self.state.past.push(window, outcomes);
        }
    }

    /// What networks see of the rows from before the last drifts, and their goals.
    pub(super) fn past_rows(&self) -> Rows {
        let (mut encoded, mut goals) = (Vec::new(), Vec::new());
        for Known { row, truth, context, .. } in self.state.past.windows.iter().flatten() {
            self.append(row, context, &mut encoded);
            goals.push(self.state.encoder.goal(truth));
        }
        (encoded, goals)
    }
}

#[cfg(test)]
mod tests;
