//! Quality gate: is the challenger better than the control arm, or no worse where it costs less?
//!
//! Lives here: the promotion test. Its evidence is an e-process, so it may be judged after every outcome
//! and the chance of ever passing a challenger whose claim is never true stays under alpha.

use serde::{Deserialize, Serialize};

use crate::gate::{Claim, Evidence, Gate, GateKind, Judgement, Verdict, inconclusive};

/// Passes on evidence for what the challenger claims, fails on evidence of harm, and until then does not know.
///
/// After the deadline it still does not know; who holds the slot then lets the challenger go.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityGate {
    /// Chance of ever passing a challenger whose claim is never true.
    pub alpha: f64,
    /// Chance of ever failing one that is never worse, and of ever failing one that always gains what is useful.
    pub alpha_harm: f64,
    /// Outcomes after which waiting longer is not worth the slot.
    pub deadline_outcomes: u64,
}

impl Gate for QualityGate {
    fn kind(&self) -> GateKind {
        GateKind::Quality
    }

    /// Measured is the log-evidence of gain, the limit is `ln(1 / alpha)`; on a fail, those of harm
    /// or futility.
    fn judge(&self, evidence: &Evidence) -> Judgement {
        let (gain_limit, harm_limit) = (log_limit(self.alpha), log_limit(self.alpha_harm));
        let Some(quality) = evidence.quality else {
            return inconclusive(self.kind(), gain_limit, "no outcome was scored".into());
        };
        let numbers = [quality.log_gain, quality.log_harm, quality.log_futile, quality.mean_gain];
        if !numbers.into_iter().all(f64::is_finite) {
            return inconclusive(self.kind(), gain_limit, "the paired test is not a number".into());
        }
        let (outcomes, mean) = (quality.outcomes, quality.mean_gain);
        let judgement = |verdict, measured, limit, what: &str| {
            let reason = format!("{what} after {outcomes} outcomes, mean gain {mean:.4}");
            Judgement::new(self.kind(), verdict, measured, limit, reason)
        };
        let (worse, good) = match quality.claim {
            Claim::Better => ("worse than the control", "better than the control"),
            Claim::NotWorse => {
                ("worse than the control by more than the margin", "costs less, and not worse by the margin")
            }
        };
        let passes = quality.log_gain >= gain_limit && quality.log_harm < harm_limit;
        if let Some(trouble) = evidence.feed.filter(|_| passes) {
            // Labels that come otherwise may be those of other events.
            return judgement(Verdict::Inconclusive, quality.log_gain, gain_limit, trouble.name());
        }
        // Harm first: evidence for both means that the stream changed in between.
        if quality.log_harm >= harm_limit {
            judgement(Verdict::Fail, quality.log_harm, harm_limit, worse)
        } else if quality.log_gain >= gain_limit {
            judgement(Verdict::Pass, quality.log_gain, gain_limit, good)
        } else if quality.log_futile >= harm_limit {
            judgement(Verdict::Fail, quality.log_futile, harm_limit, "gains less than is worth waiting for")
        } else if outcomes >= self.deadline_outcomes {
            judgement(Verdict::Inconclusive, quality.log_gain, gain_limit, "deadline passed")
        } else {
            judgement(Verdict::Inconclusive, quality.log_gain, gain_limit, "not enough evidence yet")
        }
    }
}

/// What log-evidence has to reach; an alpha that makes no sense asks for more than there can be.
pub(crate) fn log_limit(alpha: f64) -> f64 {
    if alpha > 0.0 && alpha < 1.0 { (1.0 / alpha).ln() } else { f64::INFINITY }
}
