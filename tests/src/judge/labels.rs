//! Labels: when the outcome of each event is known.
//!
//! Lives here: the order in which outcomes come. May not: change them.

use std::collections::VecDeque;

use rand::RngExt as _;
use rand_pcg::Pcg64;
use serde::Serialize;

/// When labels come.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// With their event.
    AtOnce,
    /// After 0 to so many further events, each as likely, whatever the outcome.
    Late {
        /// Events at most.
        events: u64,
    },
    /// At once, but where the challenger did worse after so many further events.
    LossesLate {
        /// Events.
        events: u64,
    },
}

/// Outcomes on their way.
pub(super) struct Pipeline {
    labels: Labels,
    /// What comes with the next event.
    now: Vec<f64>,
    /// What comes with the event after it, with the one after that, and so on.
    due: VecDeque<Vec<f64>>,
}

impl Pipeline {
    pub(super) fn new(labels: Labels) -> Self {
        Self { labels, now: Vec::new(), due: VecDeque::new() }
    }

    /// One more event; the outcomes that are known by now are added to `known`.
    pub(super) fn event(&mut self, paired: f64, rng: &mut Pcg64, known: &mut Vec<f64>) {
        let wait = match self.labels {
            Labels::Late { events } => rng.random_range(0..=events),
            Labels::LossesLate { events } if paired < 0.0 => events,
            Labels::AtOnce | Labels::LossesLate { .. } => 0,
        } as usize;
        if wait == 0 {
            known.push(paired);
        } else {
            if self.due.len() < wait {
                self.due.resize(wait, Vec::new());
            }
            self.due[wait - 1].push(paired);
        }
        known.append(&mut self.now);
        self.now = self.due.pop_front().unwrap_or_default();
    }
}
