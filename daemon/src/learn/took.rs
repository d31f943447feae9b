//! Took: how long labels, trials and swaps take, for histograms.
//!
//! Lives here: what was timed in a unit of work, until telemetry asks for it. May not: decide; nothing rests on it, so it
//! is not kept over a restart.

use std::time::{Duration, Instant};

use super::Learn;

/// Times that wait for telemetry at most; a replay, which shows none, leaves them here.
const TOOK_MAX: usize = 4_096;

/// What took how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    /// From an event to its label, in event time.
    Label(Duration),
    /// From sending candidates, those of a rung or of a relief, to the last of their results.
    Training(Duration),
    /// A step on the way to another champion, by its name in the journal.
    Step(&'static str, Duration),
}

/// Times one step after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    pub(super) fn started() -> Self {
        Self(Instant::now())
    }

    /// Since the start or the last lap.
    pub(super) fn lap(&mut self) -> Duration {
        let now = Instant::now();
        now.duration_since(std::mem::replace(&mut self.0, now))
    }
}

impl Learn {
    pub(super) fn timed(&mut self, took: Took) {
        if self.took.len() < TOOK_MAX {
            self.took.push(took);
        }
    }

    /// What was timed since the last call.
    pub fn took(&mut self) -> Vec<Took> {
        std::mem::take(&mut self.took)
    }
}
