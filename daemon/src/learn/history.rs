//! History: the recent outcomes a trial can be trained on, and the learner before each window of them.
//!
//! Lives here: bounded rings of references; rows stay in the records. May not: train.
//!
//! A checkpoint is every learner of the control, with its moments and its kept rows: the largest thing a daemon
//! remembers. So older ones are thinned: a trial may start a little earlier than it has to, and learns a few rows
//! more that do not count. With `n` windows for the top rung, at most `9 + n / 4` checkpoints are kept.

use std::collections::VecDeque;

use model::growth::WINDOW_ROWS_MAX;
use model::{ArmState, Context, ModelError, Said, Truth, Widening};
use serde::{Deserialize, Serialize};

/// Windows of label delay kept besides those that are scored; a longer delay is cut to this.
pub const GAP_WINDOWS_MAX: usize = 8;
/// Checkpoints fewer windows back than this are all kept; then every second, and from twice as far back every fourth.
const DENSE_WINDOWS: u64 = 4;
/// Windows between two checkpoints of the oldest.
const SPARSE_WINDOWS: usize = 4;

/// One outcome: where its row lies, and its truth.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recent {
    /// Where it lies in the records.
    pub place: u64,
    /// What was true.
    pub truth: Truth,
    /// The labels that had arrived when the event came.
    pub context: Context,
}

/// What a trial goes over.
#[derive(Debug)]
pub struct Reach<'a> {
    /// The control where it starts.
    pub state: &'a ArmState,
    /// The last outcomes the control had learned by then.
    pub before: Vec<Recent>,
    /// The outcomes since, and what had been said of them.
    pub outcomes: Vec<(Recent, Said)>,
    /// How many of these only teach.
    pub score_from: usize,
}

/// The last windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    window: usize,
    windows_max: usize,
    pushed: u64,
    /// Outcomes between a prediction and its label, of the last one.
    delay: u64,
    recent: VecDeque<Recent>,
    /// What everybody had said of these.
    said: VecDeque<Said>,
    /// The control before each window, oldest first.
    checkpoints: VecDeque<(u64, ArmState)>,
}

impl History {
    /// Room for the top rung and its gap.
    pub fn new(window: usize, top_rung: u32) -> Self {
        Self {
            window,
            windows_max: top_rung as usize + GAP_WINDOWS_MAX,
            pushed: 0,
            delay: 0,
            recent: VecDeque::new(),
            said: VecDeque::new(),
            checkpoints: VecDeque::new(),
        }
    }

    /// One more outcome, whose label came `delay` outcomes after its prediction, and what had been said of it.
    pub fn push(&mut self, recent: Recent, said: Said, delay: u64) {
        self.pushed += 1;
        self.delay = delay;
        self.recent.push_back(recent);
        self.said.push_back(said);
        // As far back as the oldest checkpoint, and what growth looks at before that.
        while self.recent.len() > (self.windows_max + SPARSE_WINDOWS) * self.window + WINDOW_ROWS_MAX {
            self.recent.pop_front();
            self.said.pop_front();
        }
    }

    /// Whether the last outcome completed a window.
    pub fn window_ends(&self) -> bool {
        self.pushed > 0 && self.pushed.is_multiple_of(self.window as u64)
    }

    /// At the end of a window: the control before it.
    pub fn before_window(&self) -> Option<&ArmState> {
        let began = self.pushed.saturating_sub(self.window as u64);
        self.checkpoints.back().filter(|(at, _)| *at == began).map(|(_, state)| state)
    }

    /// The outcomes of the last window, each with one as long before it as is remembered at least; none before that.
    pub fn then_and_now(&self) -> impl Iterator<Item = (Recent, Recent)> {
        let lag = self.windows_max * self.window;
        let now = self.recent.len().saturating_sub(self.window).max(lag);
        (now..self.recent.len()).map(move |at| (self.recent[at - lag], self.recent[at]))
    }

    /// Keeps the control as it is before the next window.
    pub fn checkpoint(&mut self, state: ArmState) {
        self.checkpoints.push_back((self.pushed, state));
        self.thin();
    }

    /// The oldest stays until another one is old enough for the longest stretch; of the others, those stay that
    /// fall on the grid of their age. Each grid holds the next one, so that what is on it later was not let go.
    fn thin(&mut self) {
        let window = self.window as u64;
        let enough = self.pushed.saturating_sub(self.windows_max as u64 * window);
        while self.checkpoints.get(1).is_some_and(|(at, _)| *at <= enough) {
            self.checkpoints.pop_front();
        }
        let oldest = self.checkpoints.front().map_or(0, |(at, _)| *at);
        let pushed = self.pushed;
        self.checkpoints.retain(|(at, _)| {
            let windows = (pushed - at) / window;
            let grid = match windows / DENSE_WINDOWS {
                0 => 1,
                1 => 2,
                2.. => SPARSE_WINDOWS as u64,
            };
            *at == oldest || (at / window).is_multiple_of(grid)
        });
    }

    /// For a schema that evolved.
    pub fn widen(&mut self, widening: &Widening) -> Result<(), ModelError> {
        let outputs = widening.to().outputs;
        self.said.iter_mut().for_each(|said| *said = said.widened(outputs));
        let widened = |(at, arm): (u64, ArmState)| Ok((at, arm.widened(widening)?));
        self.checkpoints = std::mem::take(&mut self.checkpoints)
            .into_iter()
            .map(widened)
            .collect::<Result<_, ModelError>>()?;
        Ok(())
    }

    /// The newest checkpoint of when there had been so many outcomes or fewer, and when that was.
    pub fn before(&self, pushed: u64) -> Option<(u64, &ArmState)> {
        self.checkpoints.iter().rfind(|(at, _)| *at <= pushed).map(|(at, state)| (*at, state))
    }

    /// Forgets the learners of another champion: a trial must start from the one that serves.
    pub fn forget_checkpoints(&mut self) {
        self.checkpoints.clear();
    }

    /// Rows between a prediction and its label, as a trial imitates it.
    pub fn gap(&self) -> usize {
        (self.delay as usize).min(GAP_WINDOWS_MAX * self.window)
    }

    /// Whole windows that can be scored after the gap.
    pub fn windows(&self) -> usize {
        let Some((oldest, _)) = self.checkpoints.front() else { return 0 };
        ((self.pushed - oldest) as usize).saturating_sub(self.gap()) / self.window
    }

    /// Outcomes so far.
    pub fn pushed(&self) -> u64 {
        self.pushed
    }

    /// The outcomes that came after there had been this many, as far as they are remembered.
    pub fn since(&self, pushed: u64) -> Vec<Recent> {
        let newer = self.pushed.saturating_sub(pushed) as usize;
        self.recent.iter().copied().skip(self.recent.len().saturating_sub(newer)).collect()
    }

    /// The oldest row still needed.
    pub fn oldest_place(&self) -> Option<u64> {
        self.recent.iter().map(|recent| recent.place).min()
    }

    /// The learner and the outcomes for scoring up to `windows` windows. It starts at the newest checkpoint that
    /// leaves the gap. None without a checkpoint.
    pub fn reach(&self, windows: usize) -> Option<Reach<'_>> {
        let scored = windows.min(self.windows()).max(1) * self.window;
        let wanted = self.pushed.saturating_sub((scored + self.gap()) as u64);
        let (at, state) =
            self.checkpoints.iter().rfind(|(at, _)| *at <= wanted).or(self.checkpoints.front())?;
        let rows = (self.pushed - at) as usize;
        let start = self.recent.len().saturating_sub(rows);
        let earlier = start.saturating_sub(WINDOW_ROWS_MAX);
        Some(Reach {
            state,
            before: self.recent.range(earlier..start).copied().collect(),
            outcomes: self.recent.range(start..).copied().zip(self.said.range(start..).cloned()).collect(),
            score_from: rows.saturating_sub(scored),
        })
    }
}

#[cfg(test)]
mod tests;
