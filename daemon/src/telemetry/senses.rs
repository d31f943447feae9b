//! Senses: metrics of what the detectors notice, and of how much they see.
//!
//! Lives here: a struct of their own. May not: detect.

use policies::detect::{FeedTrouble, Sense};
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge};

use super::metrics::{Declare, raise};
use crate::learn::State;

/// What the detectors say.
#[derive(Clone, Debug)]
pub(super) struct SenseMetrics {
    drifts: IntCounter,
    kinds: IntCounterVec,
    warnings: IntCounter,
    evidence: GaugeVec,
    estimate: Gauge,
    unanswered: IntGauge,
    labels: IntGauge,
    trouble: GaugeVec,
    awaited: Gauge,
}

impl SenseMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            drifts: declare.counter("driftform_drift_alarms_total"),
            kinds: declare.counters("driftform_drift_kinds_total"),
            warnings: declare.counter("driftform_drift_warnings_total"),
            evidence: declare.levels("driftform_drift_log_evidence"),
            estimate: declare.level("driftform_drift_estimated_error_ratio"),
            unanswered: declare.gauge("driftform_drift_unanswered"),
            labels: declare.gauge("driftform_labels_healthy"),
            trouble: declare.levels("driftform_labels_trouble"),
            awaited: declare.level("driftform_labels_patience_seconds"),
        }
    }

    pub(super) fn noticed(&self, kind: &str) {
        self.kinds.with_label_values(&[kind]).inc();
    }

    pub(super) fn update(&self, state: &State) {
        let (panel, counts) = (&state.panel, state.counts);
        raise(&self.drifts, counts.drifts);
        raise(&self.warnings, counts.warnings);
        for (sense, evidence) in panel.evidence() {
            self.evidence.with_label_values(&[Sense::name(sense)]).set(evidence);
        }
        self.estimate.set(panel.estimate().map_or(f64::NAN, |estimate| estimate.error));
        self.unanswered.set(i64::from(state.lifecycle.owes_a_search()));
        let trouble = panel.feed().trouble().map(|report| report.trouble);
        self.labels.set(i64::from(trouble.is_none()));
        for one in FeedTrouble::ALL {
            self.trouble.with_label_values(&[one.word()]).set(f64::from(u8::from(trouble == Some(one))));
        }
        self.awaited.set(panel.feed().patience_ms().unwrap_or_default() as f64 / 1_000.0);
    }
}
