//! A trial: what a candidate has shown so far.
//!
//! Lives here: its learning curve and whether it still runs. Does not live here: what follows from that.

use serde::{Deserialize, Serialize};

/// A candidate that shall train on, and to which rung.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Step {
    /// Its place among the trials.
    pub candidate: usize,
    /// The rung it trains up to.
    pub rung: usize,
}

/// What one candidate has shown so far.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// After how many windows its gain over the control was what, ascending.
    pub curve: Vec<(u32, f64)>,
    /// Whether it trains now.
    pub training: bool,
    /// Whether it has failed, or was rejected, and climbs no more.
    pub is_over: bool,
}

impl Trial {
    /// After so many windows its gain was this; one that is not finite ends the trial, and nothing more counts.
    pub fn observe(&mut self, windows: u32, gain: f64) {
        if !self.is_over {
            self.is_over = !gain.is_finite();
            self.curve.push((windows, gain));
        }
    }

    /// It was surely worse than the control before it had come to the end of so many windows: what it had shown by then is
    /// its score, and it climbs no more.
    pub fn reject(&mut self, windows: u32, gain: f64) {
        self.observe(windows, gain);
        self.is_over = true;
    }

    /// Its gain after so many windows, whatever became of it later; none where it was not scored, or failed, or was rejected there.
    pub fn score_at(&self, windows: u32) -> Option<f64> {
        let point = self.curve.iter().find(|point| point.0 == windows);
        let ended_there = self.is_over && self.trained() == windows;
        point.map(|point| point.1).filter(|gain| gain.is_finite() && !ended_there)
    }

    /// Whether nothing more is to come before so many windows.
    pub fn is_past(&self, windows: u32) -> bool {
        self.is_over || self.trained() >= windows
    }

    /// Windows it has trained on.
    pub fn trained(&self) -> u32 {
        self.curve.last().map_or(0, |point| point.0)
    }
}
