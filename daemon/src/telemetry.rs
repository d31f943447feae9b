//! Telemetry: what happened, for people and machines.
//!
//! Lives here: every metric, declared once in [`table`], and the audit events. May not: decide.

use std::collections::BTreeMap;

use adapters::kafka::Positions;
use model::{Addition, Generation};
use policies::detect::Diagnosis;
use policies::gate::{Judgement, Verdict};
use prometheus::{Gauge, GaugeVec, Histogram, IntCounter, IntCounterVec, IntGauge, Registry};
use serde::Serialize;
use serde_json::{Value, json};

use crate::learn::{EvidencePath, Judged, Learn};
use crate::lifecycle::Cause;
use crate::storage::{Digests, Storage};

mod budgets;
mod durations;
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
pub use fleet::{FleetMetrics, Followed};
pub use front::FrontMetrics;
pub use metrics::{BUDGET, PERSON};
pub use repository::{Kept, RepositoryMetrics};
pub use shown::Shown;
pub use snapshots::SnapshotMetrics;
pub use workers::{StationMetrics, Taken};

use budgets::BudgetMetrics;
use machine::MachineMetrics;
use metrics::{Declare, LearnMetrics};

pub use noticed::{Noticed, Share, Shift, Slice};

/// Something an operator may want to know later.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are the numbers that `story` tells")]
pub enum AuditEvent {
    Started {
        epoch: u64,
        generation: Generation,
        architecture: String,
        digests: Option<Digests>,
        warnings: Vec<String>,
    },
    FirstChampion {
        generation: Generation,
        architecture: String,
        digests: Option<Digests>,
    },
    Refreshed {
        generation: Generation,
        count: u64,
    },
    Drift {
        #[serde(flatten)]
        noticed: Box<Noticed>,
    },
    Warned {
        statistic: f64,
        threshold: f64,
    },
    Breach {
        budget: String,
        measured: f64,
        limit: f64,
    },
    BudgetSet {
        budget: String,
        before: f64,
        limit: f64,
        set_in: &'static str,
        by: Option<String>,
    },
    Readings {
        source: &'static str,
        readings: BTreeMap<String, f64>,
    },
    BurnRate {
        budget: &'static str,
        stage: &'static str,
        severity: &'static str,
        factor: f64,
        rate: f64,
        rate_short: f64,
        window_seconds: u32,
    },
    ConfigReloaded {
        result: &'static str,
        needs_restart: Vec<String>,
        why: Option<String>,
    },
    EpisodeOpened {
        number: u64,
        cause: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        diagnosis: Option<Box<Noticed>>,
    },
    Proposed {
        count: usize,
    },
    Rejected {
        by: &'static str,
        count: usize,
    },
    SpaceRefined {
        changes: Vec<String>,
    },
    RungClimbed {
        rung: usize,
        scores: Vec<(String, Option<f64>)>,
    },
    TrialFailed {
        architecture: String,
        reason: String,
    },
    EpisodeClosed {
        number: u64,
        reason: String,
    },
    Archived {
        learned: u64,
        models: usize,
    },
    Recalled {
        learned: u64,
        outcomes: usize,
        mean_gain: f64,
    },
    ChallengerPlaced {
        architecture: String,
        challenger: u64,
        alpha: f64,
        test: u64,
    },
    ApprovalAwaited {
        challenger: u64,
        architecture: String,
        until: i64,
    },
    Approved {
        challenger: u64,
        architecture: String,
        by: String,
    },
    Steered {
        what: &'static str,
        by: String,
    },
    ChallengerDropped {
        architecture: String,
        reason: String,
        outcomes: u64,
        mean_gain: f64,
    },
    Gate {
        gate: &'static str,
        verdict: &'static str,
        measured: f64,
        limit: f64,
        reason: String,
    },
    Judged {
        verdict: &'static str,
        architecture: String,
        reason: String,
        alpha: Option<f64>,
        judged: Value,
        path: Value,
        evidence_from: Value,
    },
    SwapStep {
        change: &'static str,
        generation: Generation,
        step: &'static str,
        detail: String,
    },
    Promoted {
        generation: Generation,
        before: String,
        architecture: String,
        claim: &'static str,
        outcomes: u64,
        mean_gain: f64,
        log_evidence: f64,
        alpha: f64,
        /// Of an archived mixture: outcomes that it had learned when it was put aside.
        #[serde(skip_serializing_if = "Option::is_none")]
        remembered: Option<u64>,
        digests: Option<Digests>,
    },
    Relieved {
        generation: Generation,
        before: String,
        architecture: String,
        compute_upper: f64,
        source: &'static str,
        digests: Option<Digests>,
    },
    RolledBack {
        generation: Generation,
        replaces: Generation,
        before: String,
        architecture: String,
        /// What spoke for it, in one word.
        reason: &'static str,
        why: String,
        digests: Option<Digests>,
    },
    ContestBegun {
        contest: u64,
        alpha: f64,
        test: u64,
    },
    ContestEnded {
        contest: u64,
        reason: String,
        outcomes: u64,
        mean_gain: f64,
    },
    TookOver {
        generation: Generation,
        architecture: String,
        outcomes: u64,
        mean_gain: f64,
        log_evidence: f64,
        alpha: f64,
        digests: Option<Digests>,
    },
    HandedBack {
        generation: Generation,
        replaces: Generation,
        architecture: String,
        /// What spoke for it, in one word.
        reason: &'static str,
        why: String,
    },
    WatchEnded {
        outcomes: u64,
        kept: bool,
    },
    Measured {
        source: &'static str,
        rows: usize,
        upper: f64,
        upper_of_one: f64,
        bytes: u64,
    },
    SchemaAdopted {
        kind: &'static str,
        name: String,
        features: usize,
        classes: usize,
        inputs: usize,
        generation: Generation,
    },
    Erased {
        records: usize,
        by: String,
    },
    Alarm {
        text: String,
    },
}

impl AuditEvent {
    /// Something changed.
    pub fn drift(diagnosis: &Diagnosis, schema: &model::Schema) -> Self {
        Self::Drift { noticed: Box::new(Noticed::new(diagnosis, schema)) }
    }

    /// An episode begins, and why.
    pub fn opened(number: u64, cause: &Cause, schema: &model::Schema) -> Self {
        let diagnosis = match cause {
            Cause::Drift(diagnosis) => Some(Box::new(Noticed::new(diagnosis, schema))),
            Cause::ColdStart | Cause::Plateau | Cause::Breach | Cause::ByHand => None,
        };
        Self::EpisodeOpened { number, cause: cause.name(), diagnosis }
    }

    /// The schema has gained something; this is it now.
    pub fn schema_adopted(addition: &Addition, schema: &model::Schema, generation: Generation) -> Self {
        let (kind, name) = match addition {
            Addition::Feature(feature) => ("feature", feature.name.clone()),
            Addition::Class(name) => ("class", name.clone()),
            Addition::Buckets(at) => {
                ("buckets", schema.features().get(*at).map_or(String::new(), |feature| feature.name.clone()))
            }
        };
        let classes = if schema.target().is_classification() { schema.target().outputs() } else { 0 };
        Self::SchemaAdopted {
            kind,
            name,
            features: schema.features().len(),
            classes,
            inputs: schema.features().iter().map(|feature| feature.kind.width()).sum(),
            generation,
        }
    }

    /// Something was judged, on evidence that began at this place of the stream.
    pub fn judged(architecture: &str, judged: &Judged, path: &EvidencePath, from: &Positions) -> Self {
        let told = |json: Result<Value, serde_json::Error>| {
            json.unwrap_or_else(|error| {
                tracing::error!("a verdict cannot be told in full: {error}");
                Value::Null
            })
        };
        let mut evidence_from = json!({});
        for ((topic, partition), offset) in from {
            evidence_from[topic][partition.to_string()] = (*offset).into();
        }
        Self::Judged {
            verdict: judged.verdict(),
            architecture: architecture.into(),
            reason: judged.reason(),
            alpha: judged.alpha(),
            judged: told(judged.to_json()),
            path: told(adapters::audit::to_json(path.points())),
            evidence_from,
        }
    }

    /// Whether it is for the journal only: an account of what another event tells.
    pub fn is_detail(&self) -> bool {
        matches!(
            self,
            Self::Started { .. }
                | Self::Refreshed { .. }
                | Self::Readings { .. }
                | Self::Judged { .. }
                | Self::SwapStep { .. }
                | Self::Warned { .. }
        )
    }

    /// What one gate said.
    pub fn gate(judgement: &Judgement) -> Self {
        let verdict = word(judgement.verdict);
        Self::Gate {
            gate: judgement.gate.name(),
            verdict,
            measured: judgement.measured,
            limit: judgement.limit,
            reason: judgement.reason.clone(),
        }
    }
}

/// A verdict in metrics and in the journal.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Inconclusive => "inconclusive",
    }
}

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
