//! Senses: metrics of what the detectors notice, and of how much they see.
//!
//! Lives here: a struct of their own. May not: detect.

use policies::detect::{DriftKind, Panel, Sense};
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge, Opts};

use super::metrics::{Declare, TOLD, raise};
use crate::learn::Counts;

/// What the detectors say.
#[derive(Clone, Debug)]
pub(super) struct SenseMetrics {
    drifts: IntCounter,
    kinds: IntCounterVec,
    warnings: IntCounter,
    evidence: GaugeVec,
    estimate: Gauge,
    labels: IntGauge,
    awaited: Gauge,
}

impl SenseMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        let evidence = "Natural logarithm of the evidence for a change, by what is watched.";
        let evidence = Opts::new("driftform_drift_log_evidence", evidence);
        Self {
            drifts: declare.counter("driftform_drift_alarms_total", "Drifts noticed."),
            kinds: declare.counters(
                "driftform_drift_kinds_total",
                "Drifts noticed since the start, by what kind they most likely are.",
                "kind",
                &DriftKind::ALL.map(DriftKind::name),
            ),
            warnings: declare.counter(
                "driftform_drift_warnings_total",
                "Rises of the champion's loss seen by ADWIN, which promises nothing and opens nothing.",
            ),
            evidence: declare.register(GaugeVec::new(evidence, &["sense"]).expect(TOLD)),
            estimate: declare.ratio(
                "driftform_drift_estimated_error_ratio",
                "The frozen copy's error by what it is sure of, without labels: an estimate, wrong where rows mean something \
                 else than they did.",
            ),
            labels: declare.gauge(
                "driftform_labels_healthy",
                "0 while labels come otherwise than they did, and quality is inconclusive.",
            ),
            awaited: declare.ratio(
                "driftform_labels_patience_seconds",
                "How long a label is awaited before it counts as one that does not come; 0 until that is known.",
            ),
        }
    }

    pub(super) fn noticed(&self, kind: &str) {
        self.kinds.with_label_values(&[kind]).inc();
    }

    pub(super) fn update(&self, panel: &Panel, counts: Counts) {
        raise(&self.drifts, counts.drifts);
        raise(&self.warnings, counts.warnings);
        for (sense, evidence) in panel.evidence() {
            self.evidence.with_label_values(&[Sense::name(sense)]).set(evidence);
        }
        self.estimate.set(panel.estimate().map_or(f64::NAN, |estimate| estimate.error));
        self.labels.set(i64::from(panel.feed().trouble().is_none()));
        self.awaited.set(panel.feed().patience_ms().unwrap_or_default() as f64 / 1_000.0);
    }
}
