//! What is told of a champion that is not ours: metrics, and sentences.
//!
//! Lives here: a struct of their own, and words. May not: count by itself.

use prometheus::{Gauge, IntCounterVec, IntGauge};

use super::AuditEvent;
use super::metrics::{Declare, raise};
use crate::learn::External;

/// Whether an event came with its answer.
pub(super) const ANSWERS: [&str; 2] = ["answered", "missing"];

/// Zero where there is none.
#[derive(Clone, Debug)]
pub(super) struct ExternalMetrics {
    serves: IntGauge,
    answers: IntCounterVec,
    evidence: Gauge,
}

impl ExternalMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            serves: declare.gauge("driftform_external_serves"),
            answers: declare.counters("driftform_external_answers_total"),
            evidence: declare.level("driftform_external_log_evalue"),
        }
    }

    pub(super) fn update(&self, external: Option<&External>) {
        self.serves.set(i64::from(external.is_some_and(External::serves)));
        for (result, count) in ANSWERS.iter().zip(external.map_or([0, 0], External::answers)) {
            raise(&self.answers.with_label_values(&[result]), count);
        }
        let contest = external.and_then(External::contest);
        self.evidence.set(contest.map_or(0.0, |(quality, _)| quality.log_gain));
    }
}

impl AuditEvent {
    /// The sentence of what is about it; nothing for the others.
    pub(super) fn of_external(&self) -> String {
        match self {
            Self::ContestBegun { contest, alpha, test } => format!(
                "ours is compared with the external champion from now on, as contest {contest} (test {test}, alpha {alpha:.4})"
            ),
            Self::ContestEnded { contest, reason, outcomes, mean_gain } => format!(
                "contest {contest} is over after {outcomes} outcomes: {reason} (mean gain {mean_gain:+.4}); the external \
                 champion stays"
            ),
            Self::TookOver { generation, architecture, outcomes, mean_gain, log_evidence, alpha, .. } => {
                format!(
                    "TAKEOVER: generation {} ({architecture}) takes over from the external champion; gain {mean_gain:+.4} over \
                 {outcomes} outcomes, e-value {:.0} ({:.0} was needed)",
                    generation.0,
                    log_evidence.exp(),
                    1.0 / alpha
                )
            }
            Self::HandedBack { replaces, architecture, why, .. } => format!(
                "ROLLBACK: the external champion serves again in place of generation {} ({architecture}): {why}",
                replaces.0
            ),
            _ => String::new(),
        }
    }
}
