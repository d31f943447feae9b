//! Telemetry: what happened, for people and machines.
//!
//! Lives here: every metric, declared once in [`table`], and the audit events, each in a file of its own. May not: decide.

use prometheus::{Gauge, GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, Registry};

use crate::learn::Learn;
use crate::storage::Storage;

mod brief;
mod budgets;
mod durations;
mod event;
mod external;
mod fleet;
mod front;
mod gates;
mod machine;
mod metrics;
mod noticed;
mod repository;
mod search;
mod senses;
mod shown;
mod snapshots;
mod story;
pub mod table;
mod workers;

pub use budgets::{APPLIED, NOT_TAKEN, PARTIAL, REJECTED};
pub use durations::DurationMetrics;
pub use event::{AuditEvent, word};
pub use fleet::{FleetMetrics, Followed};
pub use front::FrontMetrics;
pub use metrics::{BUDGET, PERSON};
pub use repository::{Kept, RepositoryMetrics};
pub use shown::Shown;
pub use snapshots::SnapshotMetrics;
pub use workers::{Handled, StationMetrics};

use budgets::BudgetMetrics;
use machine::MachineMetrics;
use metrics::{Declare, LearnMetrics};

pub use noticed::{Noticed, Share, Shift, Slice};

/// Every metric of the daemon.
#[derive(Clone, Debug)]
pub struct Telemetry {
    /// Where they are collected.
    pub registry: Registry,
    build: GaugeVec,
    alarms: IntCounter,
    /// Records consumed, by topic role.
    pub records: IntCounterVec,
    /// Records put aside, by topic role.
    pub dead_letters: IntCounterVec,
    /// Answers sent.
    pub answers: IntCounter,
    /// Answers the broker did not take.
    pub answers_unsent: IntCounter,
    /// Events that the served model could not answer.
    pub answers_failed: IntCounter,
    /// The HTTP and gRPC roads.
    pub front: FrontMetrics,
    /// Publishing and following.
    pub fleet: FleetMetrics,
    /// The repository that is kept for other servers.
    pub repository: RepositoryMetrics,
    /// Whether the learn plane reaches a broker.
    pub connected: IntGauge,
    /// How far the learn plane is behind.
    pub lag_records: IntGauge,
    /// The same as time.
    pub lag_seconds: Gauge,
    /// Decisions written to the journal.
    pub decisions: IntCounter,
    /// Decisions that wait for the disk.
    pub decisions_waiting: IntGauge,
    /// Decisions that could not be kept.
    pub decisions_lost: IntCounter,
    /// Snapshots.
    pub snapshots: SnapshotMetrics,
    /// How long labels, trials and swaps take.
    pub durations: DurationMetrics,
    /// Rows in each batch that was answered.
    pub batch_rows: Histogram,
    /// Seconds in which the served model answered each of them.
    pub batch_seconds: Histogram,
    /// Events about which a champion that is not ours was asked.
    pub asked: IntCounterVec,
    /// A worker's trials.
    pub station: StationMetrics,
    /// Budgets, and where readings and limits come from.
    pub budgets: BudgetMetrics,
    learn: LearnMetrics,
    machine: MachineMetrics,
}

impl Telemetry {
    /// All of them, at zero.
    pub fn new() -> Self {
        let declare = Declare::new();
        Self {
            build: declare.levels("driftform_build_info"),
            alarms: declare.counter("driftform_alarms_total"),
            records: declare.counters("driftform_events_consumed_total"),
            dead_letters: declare.counters("driftform_dead_letters_total"),
            answers: declare.counter("driftform_serve_answers_total"),
            answers_unsent: declare.counter("driftform_serve_answers_unsent_total"),
            answers_failed: declare.counter("driftform_serve_answers_failed_total"),
            front: FrontMetrics::new(&declare),
            fleet: FleetMetrics::new(&declare),
            repository: RepositoryMetrics::new(&declare),
            connected: declare.gauge("driftform_kafka_connected"),
            lag_records: declare.gauge("driftform_consumer_lag_records"),
            lag_seconds: declare.level("driftform_consumer_lag_seconds"),
            decisions: declare.counter("driftform_journal_lines_total"),
            decisions_waiting: declare.gauge("driftform_journal_waiting_entries"),
            decisions_lost: declare.counter("driftform_journal_lost_total"),
            snapshots: SnapshotMetrics::new(&declare),
            durations: DurationMetrics::new(&declare),
            batch_rows: declare.histogram("driftform_serve_batch_rows"),
            batch_seconds: declare.histogram("driftform_serve_compute_seconds"),
            asked: declare.counters("driftform_external_asked_total"),
            station: StationMetrics::new(&declare),
            budgets: BudgetMetrics::new(&declare),
            learn: LearnMetrics::new(&declare),
            machine: MachineMetrics::new(&declare),
            registry: declare.registry,
        }
    }

    /// Says what this daemon is for.
    pub fn introduce(&self, model: &str, role: &str) {
        self.build.with_label_values(&[model, role, env!("CARGO_PKG_VERSION")]).set(1.0);
    }

    /// Brings the metrics to where the learn plane is.
    pub fn update(&self, learn: &Learn) {
        self.learn.update(learn);
        self.budgets.update(learn);
        self.machine.update(learn);
        if let Some(decisions) = learn.storage().map(Storage::decisions) {
            self.decisions.inc_by(decisions.written().saturating_sub(self.decisions.get()));
            self.decisions_waiting.set(i64::try_from(decisions.waiting()).unwrap_or(i64::MAX));
            self.decisions_lost.inc_by(decisions.lost().saturating_sub(self.decisions_lost.get()));
        }
    }

    /// Counts and logs one event of this plane. A line has what serves after it, and the episode that was opened last.
    pub fn record(&self, event: &AuditEvent, learn: &Learn) {
        self.learn.record(event);
        self.budgets.record(event);
        let (generation, episode) = (learn.slot().load().generation.0, learn.state().counts.episodes);
        if let AuditEvent::Alarm { text } = event {
            self.alarms.inc();
            tracing::warn!(generation, episode, "{text}");
        } else if event.is_detail() {
            tracing::debug!(generation, episode, "{}", event.story());
        } else {
            tracing::info!(generation, episode, "{}", event.story());
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests;
