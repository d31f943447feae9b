//! Metrics of snapshots: how many, how long they take, and when the last one was written.
//!
//! Lives here: a struct of their own. May not: write any, read a clock.

use std::time::Duration;

use model::Timestamp;
use prometheus::{Gauge, Histogram, IntCounter};

use super::metrics::{Declare, seconds};

/// What is known of snapshots.
#[derive(Clone, Debug)]
pub struct SnapshotMetrics {
    written: IntCounter,
    failed: IntCounter,
    last: Gauge,
    took: Histogram,
}

impl SnapshotMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            written: declare.counter("driftform_snapshots_total"),
            failed: declare.counter("driftform_snapshot_failures_total"),
            last: declare.level("driftform_snapshot_timestamp_seconds"),
            took: declare.histogram("driftform_snapshot_seconds"),
        }
    }

    /// Nothing is older than the daemon's start, from which on one is due.
    pub fn started(&self, now: Timestamp) {
        self.last.set(seconds(now));
    }

    /// One was written by now, or could not be.
    pub fn tried(&self, is_written: bool, now: Timestamp, took: Duration) {
        self.took.observe(took.as_secs_f64());
        if is_written {
            self.written.inc();
            self.last.set(seconds(now));
        } else {
            self.failed.inc();
        }
    }
}
