//! Gates: metrics of the challenger, its evidence, and what the gates said.
//!
//! Lives here: a struct of their own. May not: judge.

use prometheus::{Gauge, GaugeVec, IntCounterVec, IntGauge};

use super::metrics::{Declare, gauge};
use crate::learn::Learn;

/// What is known of the challenger.
#[derive(Clone, Debug)]
pub(super) struct GateMetrics {
    verdicts: IntCounterVec,
    measured: GaugeVec,
    limit: GaugeVec,
    log_evidence: Gauge,
    log_threshold: Gauge,
    approval: IntGauge,
    number: IntGauge,
    outcomes: IntGauge,
    gain: Gauge,
    false_promotions: Gauge,
}

impl GateMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            verdicts: declare.counters("driftform_gate_verdicts_total"),
            measured: declare.levels("driftform_gate_measured"),
            limit: declare.levels("driftform_gate_limit"),
            log_evidence: declare.level("driftform_gate_quality_log_evalue"),
            log_threshold: declare.level("driftform_gate_quality_log_threshold"),
            approval: declare.gauge("driftform_gate_approval_waiting"),
            number: declare.gauge("driftform_challenger_number"),
            outcomes: declare.gauge("driftform_challenger_outcomes"),
            gain: declare.level("driftform_challenger_gain"),
            false_promotions: declare.level("driftform_false_promotions_expected"),
        }
    }

    pub(super) fn judged(&self, gate: &str, verdict: &str, measured: f64, limit: f64) {
        self.verdicts.with_label_values(&[gate, verdict]).inc();
        self.measured.with_label_values(&[gate]).set(measured);
        self.limit.with_label_values(&[gate]).set(limit);
    }

    pub(super) fn update(&self, learn: &Learn) {
        self.false_promotions.set(learn.state().tests.false_discoveries_expected());
        self.approval.set(i64::from(learn.awaits_approval().is_some()));
        let challenger = learn.arms().challenger.as_ref();
        self.number.set(challenger.map_or(0, |challenger| gauge(challenger.number)));
        self.log_threshold.set(challenger.map_or(0.0, |challenger| -challenger.alpha.ln()));
        let quality = learn.arms().quality();
        self.log_evidence.set(quality.map_or(0.0, |quality| quality.log_gain));
        self.outcomes.set(quality.map_or(0, |quality| gauge(quality.outcomes)));
        self.gain.set(quality.map_or(0.0, |quality| quality.mean_gain));
    }
}
