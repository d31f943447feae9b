//! Burn: how fast the daemon's own answers use up what may be slow or fail.
//!
//! Lives here: reading counters once a second, for the burn rates. What they say is journaled, because the counters are in
//! no topic. May not: count (the serve plane does), say when a rate is too high (that is
//! [`policies::detect::burn_rate`]).

use model::Timestamp;
use policies::detect::{Burn, BurnRate, BurnStage, Remedy, Resource, Saving, Severity};

use super::Learn;
use crate::lifecycle::Event;
use crate::slot::Overran;
use crate::telemetry::AuditEvent;

/// From one look at the counters to the next.
const LOOK_MILLISECONDS: i64 = 1_000;

/// What the serve plane has made of its events since the start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Served {
    /// Events answered.
    pub answered: u64,
    /// Events that could not be.
    pub failed: u64,
}

/// What was counted at the last look, and when the next one is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Burnt {
    overran: Overran,
    served: Served,
    next_at: Timestamp,
}

impl Default for Burnt {
    fn default() -> Self {
        Self { overran: Overran::default(), served: Served::default(), next_at: Timestamp(i64::MIN) }
    }
}

impl Learn {
    /// What has been counted up to now; before the records of a unit of work.
    pub fn burned(&mut self, now: Timestamp, served: Served) {
        if now < self.burnt.next_at {
            return;
        }
        let overran = self.slot.overruns().now();
        let next_at = Timestamp(now.0.saturating_add(LOOK_MILLISECONDS));
        let before = std::mem::replace(&mut self.burnt, Burnt { overran, served, next_at });
        let Overran { units, over } = overran.since(before.overran);
        let failed = served.failed - before.served.failed;
        let asked = served.answered - before.served.answered + failed;
        let (slow, failing) = {
            let budgets = &mut self.state.budgets;
            (budgets.slow.observe(now, units, over), budgets.failed.observe(now, asked, failed))
        };
        let less_time = Remedy::Relief(Saving { resource: Resource::Time, share: None });
        self.burning("slow_ratio", &slow, less_time);
        self.burning("failed_ratio", &failing, Remedy::Search);
    }

    fn burning(&mut self, budget: &'static str, said: &[Burn], remedy: Remedy) {
        for burn in said {
            self.happened.push(AuditEvent::burn(budget, burn));
        }
        let pages = |burn: &Burn| burn.severity == Severity::Page && burn.stage != BurnStage::Ended;
        // Under a watch, time and failures have tests of their own: the windows here are still full of the displaced one.
        if said.iter().any(pages) && self.arms.watch().is_none() {
            self.state.counts.breaches += 1;
            self.events.push_back(Event::Breached(remedy));
        }
    }

    /// What was too slow under another limit says nothing of this one.
    pub(super) fn burn_anew(&mut self) {
        self.burnt.overran = self.slot.overruns().now();
        self.state.budgets.slow = BurnRate::new(self.state.budgets.slow.allowed());
    }
}

#[cfg(test)]
mod tests;
