//! Telemetry: what happened, for people and machines.
//!
//! Lives here: every metric, declared once with its HELP text, and the audit events. May not: decide.

use std::collections::VecDeque;

use adapters::http::Status;
use model::Generation;
use policies::detect::Drift;
use policies::gate::{Judgement, Verdict};
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge, Opts, Registry};
use serde::Serialize;

use crate::learn::Learn;

mod story;

/// Entries kept for the status page.
const TIMELINE_MAX: usize = 100;

/// Something an operator may want to know later.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the fields are the numbers that `story` tells")]
pub enum AuditEvent {
    FirstChampion { generation: Generation, architecture: String },
    Drift { arm: String, detector: String, statistic: f64, threshold: f64, features: Vec<Shift> },
    Breach { budget: String, measured: f64, limit: f64 },
    BudgetSet { budget: String, before: f64, limit: f64 },
    EpisodeOpened { number: u64, cause: &'static str },
    Proposed { count: usize },
    RungClimbed { rung: usize, scores: Vec<(String, Option<f64>)> },
    TrialFailed { architecture: String, reason: String },
    EpisodeClosed { number: u64, reason: String },
    ChallengerPlaced { architecture: String },
    ChallengerDropped { architecture: String, reason: String, outcomes: u64, mean_gain: f64 },
    Gate { gate: &'static str, verdict: &'static str, measured: f64, limit: f64, reason: String },
    Promoted {
        generation: Generation,
        before: String,
        architecture: String,
        outcomes: u64,
        mean_gain: f64,
        log_evidence: f64,
    },
    Relieved { generation: Generation, before: String, architecture: String, compute_upper: f64 },
    RolledBack { generation: Generation, before: String, architecture: String },
    WatchEnded,
    Alarm { text: String },
}

/// How one feature moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// Its name.
    pub feature: String,
    /// Population stability index against the reference.
    pub psi: f64,
    /// Kolmogorov-Smirnov distance against the reference.
    pub ks: f64,
}

impl AuditEvent {
    /// A detector fired on the losses of an arm, or on the features.
    pub fn drift(arm: &str, drift: &Drift, schema: &model::Schema) -> Self {
        let name = |at: usize| schema.features().get(at).map_or(String::new(), |feature| feature.name.clone());
        let shift = |shift: &policies::detect::FeatureShift| Shift {
            feature: name(shift.feature),
            psi: shift.psi,
            ks: shift.ks,
        };
        Self::Drift {
            arm: arm.into(),
            detector: drift.detector.name().into(),
            statistic: drift.statistic,
            threshold: drift.threshold,
            features: drift.features.iter().map(shift).collect(),
        }
    }

    /// What one gate said.
    pub fn gate(judgement: &Judgement) -> Self {
        let verdict = match judgement.verdict {
            Verdict::Pass => "pass",
            Verdict::Fail => "fail",
            Verdict::Inconclusive => "inconclusive",
        };
        Self::Gate {
            gate: judgement.gate.name(),
            verdict,
            measured: judgement.measured,
            limit: judgement.limit,
            reason: judgement.reason.clone(),
        }
    }
}

/// Every metric of the daemon.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is documented by its HELP text below")]
pub struct Telemetry {
    pub registry: Registry,
    pub records: IntCounterVec,
    pub dead_letters: IntCounterVec,
    pub answers: IntCounter,
    pub answers_unsent: IntCounter,
    pub lag_records: IntGauge,
    pub snapshots: IntCounter,
    join: IntCounterVec,
    pending: IntGauge,
    outcomes: IntCounter,
    drifts: IntCounter,
    breaches: IntCounter,
    episodes: IntCounter,
    trials: IntCounterVec,
    swaps: IntCounterVec,
    gates: IntCounterVec,
    generation: IntGauge,
    prior_only: IntGauge,
    accuracy: prometheus::GaugeVec,
    log_evidence: Gauge,
}

impl Telemetry {
    /// All of them, at zero.
    #[expect(clippy::missing_panics_doc, reason = "names are constants, registered once each")]
    pub fn new() -> Self {
        let registry = Registry::new();
        let told = "metric names are valid constants and registered once";
        let counter = |name: &str, help: &str| {
            let metric = IntCounter::new(name, help).expect(told);
            registry.register(Box::new(metric.clone())).expect(told);
            metric
        };
        let counters = |name: &str, help: &str, label: &str, values: &[&str]| {
            let metric = IntCounterVec::new(Opts::new(name, help), &[label]).expect(told);
            values.iter().for_each(|value| metric.with_label_values(&[value]).reset());
            registry.register(Box::new(metric.clone())).expect(told);
            metric
        };
        let gauge = |name: &str, help: &str| {
            let metric = IntGauge::new(name, help).expect(told);
            registry.register(Box::new(metric.clone())).expect(told);
            metric
        };
        let accuracy = prometheus::GaugeVec::new(
            Opts::new("driftform_quality_ratio", "Accuracy (or r2) over the last outcomes, by arm."),
            &["arm"],
        )
        .expect(told);
        registry.register(Box::new(accuracy.clone())).expect(told);
        let log_evidence =
            Gauge::new("driftform_gate_quality_log_evalue", "Evidence of gain of the running challenger, natural log.")
                .expect(told);
        registry.register(Box::new(log_evidence.clone())).expect(told);
        Self {
            records: counters(
                "driftform_events_consumed_total",
                "Records consumed by the learn plane, by topic role.",
                "topic_role",
                &["events", "labels", "metrics"],
            ),
            dead_letters: counters(
                "driftform_dead_letters_total",
                "Records that could not be read, by topic role.",
                "topic_role",
                &["events", "labels", "metrics"],
            ),
            answers: counter("driftform_serve_answers_total", "Events answered on the predictions topic."),
            answers_unsent: counter("driftform_serve_answers_unsent_total", "Answers the broker did not take."),
            lag_records: gauge("driftform_consumer_lag_records", "Records the learn plane is behind."),
            snapshots: counter("driftform_snapshots_total", "Snapshots written."),
            join: counters(
                "driftform_join_outcomes_total",
                "What became of events and labels.",
                "outcome",
                &["joined", "expired", "evicted", "duplicate", "orphan", "late", "repeated"],
            ),
            pending: gauge("driftform_join_state_entries", "Predictions waiting for their label."),
            outcomes: counter("driftform_learn_outcomes_total", "Outcomes learned."),
            drifts: counter("driftform_drift_alarms_total", "Drifts detected."),
            breaches: counter("driftform_budget_breaches_total", "Budgets breached."),
            episodes: counter("driftform_search_episodes_total", "Search episodes opened."),
            trials: counters(
                "driftform_search_trials_total",
                "Trials by how they ended.",
                "result",
                &["started", "failed"],
            ),
            swaps: counters(
                "driftform_swaps_total",
                "Changes of what is served.",
                "change",
                &["refresh", "promotion", "relief", "rollback"],
            ),
            gates: counters(
                "driftform_gate_verdicts_total",
                "Judgements of challengers.",
                "verdict",
                &["pass", "fail", "inconclusive"],
            ),
            generation: gauge("driftform_serve_generation", "Generation served now."),
            prior_only: gauge("driftform_serve_prior_only", "1 while no champion exists and the prior answers."),
            accuracy,
            log_evidence,
            registry,
        }
    }

    /// Brings the metrics to where the learn plane is.
    pub fn update(&self, learn: &Learn) {
        let state = learn.state();
        let counts = state.counts;
        let join = state.join.counts();
        let to = |counter: &IntCounter, value: u64| counter.inc_by(value.saturating_sub(counter.get()));
        to(&self.outcomes, state.outcomes);
        to(&self.drifts, counts.drifts);
        to(&self.breaches, counts.breaches);
        to(&self.episodes, counts.episodes);
        for (label, value) in [
            ("joined", join.joined),
            ("expired", join.expired),
            ("evicted", join.evicted),
            ("duplicate", join.duplicate),
            ("orphan", join.orphan),
            ("late", join.late),
            ("repeated", join.repeated),
        ] {
            to(&self.join.with_label_values(&[label]), value);
        }
        to(&self.trials.with_label_values(&["started"]), counts.trials);
        to(&self.trials.with_label_values(&["failed"]), counts.trials_failed);
        for (label, value) in [
            ("refresh", counts.refreshes),
            ("promotion", counts.promotions),
            ("relief", counts.reliefs),
            ("rollback", counts.rollbacks),
        ] {
            to(&self.swaps.with_label_values(&[label]), value);
        }
        let served = learn.slot().load();
        self.generation.set(i64::try_from(served.generation.0).unwrap_or(i64::MAX));
        self.prior_only.set(i64::from(served.prior_only));
        self.pending.set(i64::try_from(state.join.pending()).unwrap_or(i64::MAX));
        for (arm, tally) in [
            ("champion", &state.scores.champion),
            ("control", &state.scores.control),
            ("first", &state.scores.first),
            ("majority", &state.scores.majority),
        ] {
            self.accuracy.with_label_values(&[arm]).set(tally.window_quality());
        }
        self.log_evidence.set(learn.pool().quality().map_or(0.0, |quality| quality.log_gain));
    }

    /// Counts and logs one event.
    pub fn record(&self, event: &AuditEvent) {
        if let AuditEvent::Gate { verdict, .. } = event {
            self.gates.with_label_values(&[verdict]).inc();
        }
        match event {
            AuditEvent::Alarm { text } => tracing::warn!("{text}"),
            _ => tracing::info!("{}", event.story()),
        }
    }
}

impl Default for Telemetry {
    fn default() -> Self {
        Self::new()
    }
}

/// What the status page shows.
#[derive(Debug, Default)]
pub struct Timeline(VecDeque<(String, String)>);

impl Timeline {
    /// One more entry, the newest first.
    pub fn push(&mut self, event: &AuditEvent, outcomes: u64) {
        self.0.push_front((format!("outcome {outcomes}"), event.story()));
        self.0.truncate(TIMELINE_MAX);
    }

    /// The page.
    pub fn status(&self, name: &str, learn: &Learn) -> Status {
        let state = learn.state();
        let served = learn.slot().load();
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let architecture = learn.pool().control.architecture().to_string();
        let serving = if served.prior_only { "the prior only: no champion yet".into() } else { architecture };
        let quality = |tally: &policies::stats::Tally| format!("{:.3}", tally.quality());
        Status {
            title: format!("Driftform: {name}"),
            facts: vec![
                fact("Serving", serving),
                fact("Generation", served.generation.0.to_string()),
                fact("Outcomes learned", state.outcomes.to_string()),
                fact("Waiting for labels", state.join.pending().to_string()),
                fact("Quality of the champion", quality(&state.scores.champion)),
                fact("Quality of the first champion, frozen", quality(&state.scores.first)),
                fact("Quality of the majority", quality(&state.scores.majority)),
                fact("Drifts, episodes, trials", format!("{}, {}, {}", state.counts.drifts, state.counts.episodes, state.counts.trials)),
                fact(
                    "Refreshes, promotions, reliefs, rollbacks",
                    format!(
                        "{}, {}, {}, {}",
                        state.counts.refreshes, state.counts.promotions, state.counts.reliefs, state.counts.rollbacks
                    ),
                ),
            ],
            timeline: self.0.iter().cloned().collect(),
        }
    }
}
