//! Metrics of publishing and following.
//!
//! Lives here: a struct of their own. May not: count by itself.

use prometheus::{IntCounterVec, IntGauge};

use super::metrics::{Declare, gauge};
use crate::slot::Slot;

/// What is counted where models are published, and where they are followed.
#[derive(Clone, Debug)]
pub struct FleetMetrics {
    published: IntCounterVec,
    published_generation: IntGauge,
    followed: IntCounterVec,
    followed_generation: IntGauge,
    canary: IntGauge,
}

/// What became of what a follower was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Followed {
    /// It serves it.
    Served,
    /// It would go back, or cannot be read.
    Refused,
    /// It could not be loaded, and is tried again.
    Failed,
}

impl FleetMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            published: declare.counters("driftform_publish_total"),
            published_generation: declare.gauge("driftform_publish_generation"),
            followed: declare.counters("driftform_follow_total"),
            followed_generation: declare.gauge("driftform_follow_generation"),
            canary: declare.gauge("driftform_follow_canary"),
        }
    }

    /// Followers were told, or could not be.
    pub fn published(&self, told: bool, generation: u64) {
        self.published.with_label_values(&[if told { "told" } else { "failed" }]).inc();
        if told {
            self.published_generation.set(gauge(generation));
        }
    }

    /// This follower is to serve that.
    pub fn told(&self, generation: u64, canary: bool) {
        self.followed_generation.set(gauge(generation));
        self.canary.set(i64::from(canary));
    }

    /// What became of it.
    pub fn followed(&self, result: Followed) {
        let result = match result {
            Followed::Served => "served",
            Followed::Refused => "refused",
            Followed::Failed => "failed",
        };
        self.followed.with_label_values(&[result]).inc();
    }
}

impl super::Telemetry {
    /// What a follower serves: it has no learn plane that tells.
    pub fn serves(&self, slot: &Slot) {
        self.learn.serves(slot);
    }
}
