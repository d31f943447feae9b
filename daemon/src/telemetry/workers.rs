//! Metrics of trials on other machines: of the daemon that asks, and of a worker.
//!
//! Lives here: a struct for each. May not: count by itself what the desk counts.

use std::time::Duration;

use prometheus::{CounterVec, IntCounterVec, IntGauge};

use super::metrics::{Declare, gauge, raise};
use crate::trials::desk::Traffic;

/// Of the daemon.
#[derive(Clone, Debug)]
pub(super) struct OfficeMetrics {
    outstanding: IntGauge,
    workers: IntGauge,
    fates: IntCounterVec,
}

impl OfficeMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            outstanding: declare.gauge("driftform_trials_outstanding"),
            workers: declare.gauge("driftform_trials_workers"),
            fates: declare.counters("driftform_trials_total"),
        }
    }

    pub(super) fn update(&self, traffic: Traffic) {
        self.outstanding.set(gauge(traffic.outstanding));
        self.workers.set(gauge(traffic.workers));
        for (fate, count) in traffic.fates() {
            raise(&self.fates.with_label_values(&[fate]), count);
        }
    }
}

/// What became of a trial on a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handled {
    /// It was taken.
    Taken,
    /// It ran to its end.
    Done,
    /// It did not, and why has been answered.
    Failed,
    /// It is of another build, or none.
    Refused,
    /// Nobody wanted to know any more.
    Expired,
    /// The worker ended before it had.
    GivenBack,
}

impl Handled {
    /// All of them.
    pub(super) const ALL: [Self; 6] =
        [Self::Taken, Self::Done, Self::Failed, Self::Refused, Self::Expired, Self::GivenBack];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Expired => "expired",
            Self::GivenBack => "given_back",
        }
    }
}

/// Of a worker.
#[derive(Clone, Debug)]
pub struct StationMetrics {
    trials: IntCounterVec,
    busy: CounterVec,
}

impl StationMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            trials: declare.counters("driftform_worker_trials_total"),
            busy: declare.amounts("driftform_worker_busy_seconds_total"),
        }
    }

    /// So many more.
    pub fn add(&self, what: Handled, count: u64) {
        self.trials.with_label_values(&[what.name()]).inc_by(count);
    }

    /// A trial has run for so long.
    pub fn busy(&self, time: Duration) {
        self.busy.with_label_values::<&str>(&[]).inc_by(time.as_secs_f64());
    }

    /// So many came to that.
    pub fn count(&self, what: Handled) -> u64 {
        self.trials.with_label_values(&[what.name()]).get()
    }
}
