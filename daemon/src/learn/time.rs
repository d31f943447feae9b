//! Time: how often what serves is over the time of its budget, for the watch.
//!
//! Lives here: reading the counters beside the slot once a second, and to whom what they count belongs. May not: count (the
//! serve plane does), judge (that is [`policies::watch`]).

use model::Timestamp;
use policies::watch::allowed_overruns;

use super::Learn;
use super::state::COMPUTE;
use crate::config::{COMPUTE_CONFIDENCE, COMPUTE_QUANTILE};
use crate::slot::Overran;

/// Slow units come together, so a watch bets once in so long a time, on their share.
const BET_MILLISECONDS: i64 = 1_000;

/// What was counted, and since when.
#[derive(Clone, Copy, Debug)]
pub(super) struct TimeWatch {
    /// At the last look.
    seen: Overran,
    /// Since the champion of now serves, or has this budget.
    champion_from: Overran,
    next_at: Timestamp,
}

impl Default for TimeWatch {
    fn default() -> Self {
        Self { seen: Overran::default(), champion_from: Overran::default(), next_at: Timestamp(i64::MIN) }
    }
}

impl Learn {
    /// The budget in force is what units of work are held against from now on.
    pub(super) fn allow_time(&mut self) {
        let another =
            self.slot.overruns().allow(self.state.limit(COMPUTE), self.rules.config.budget.compute_batch);
        if another {
            self.burn_anew();
        }
        self.time.champion_from = self.slot.overruns().now();
    }

    /// How often the champion was over its time in the last second.
    pub(super) fn watch_time(&mut self, now: Timestamp) {
        if now < self.time.next_at {
            return;
        }
        self.time.next_at = Timestamp(now.0.saturating_add(BET_MILLISECONDS));
        let counted = self.slot.overruns().now();
        let Overran { units, over } = counted.since(std::mem::replace(&mut self.time.seen, counted));
        if let Some(watch) = self.arms.watch_mut() {
            watch.took(units, over);
            self.harmed();
        }
    }

    /// The share of overruns that the champion of now makes usual for whoever comes next.
    pub(super) fn usual_overruns(&self) -> f64 {
        let Overran { units, over } = self.slot.overruns().now().since(self.time.champion_from);
        allowed_overruns(over, units, 1.0 - COMPUTE_QUANTILE, COMPUTE_CONFIDENCE)
    }

    /// Another champion serves: what comes is its own.
    pub(super) fn time_of_next(&mut self) {
        let counted = self.slot.overruns().now();
        (self.time.seen, self.time.champion_from) = (counted, counted);
    }
}
