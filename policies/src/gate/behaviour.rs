//! Behaviour gates: what a challenger would do to those who rely on its answers.
//!
//! Lives here: calibration, fairness and churn, from its [`crate::gate::Scorecard`]. May not: ask whether it is
//! better (that is [`crate::gate::quality`]).

use serde::{Deserialize, Serialize};

use crate::gate::{Evidence, Gap, Gate, GateKind, Judgement, Scorecard, Verdict, at_most, inconclusive};

/// The scorecard, if enough outcomes are on it.
fn enough(gate: GateKind, limit: f64, evidence: &Evidence, least: u64) -> Result<&Scorecard, Judgement> {
    match &evidence.scorecard {
        Some(card) if card.outcomes() >= least => Ok(card),
        Some(card) => {
            let reason = format!("{} outcomes are too few, {least} are needed", card.outcomes());
            Err(inconclusive(gate, limit, reason))
        }
        None => Err(inconclusive(gate, limit, "no outcome was scored".into())),
    }
}

/// Passes a challenger whose confidence can be relied on about as well as the control's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CalibrationGate {
    /// By how much its expected calibration error may be above the control's.
    pub increase_max: f64,
    /// Outcomes before which nothing is said: with few, the error is mostly noise.
    pub outcomes_min: u64,
}

impl Gate for CalibrationGate {
    fn kind(&self) -> GateKind {
        GateKind::Calibration
    }

    /// Measured is by how much the expected calibration error is above the control's.
    fn judge(&self, evidence: &Evidence) -> Judgement {
        let card = match enough(self.kind(), self.increase_max, evidence, self.outcomes_min) {
            Ok(card) => card,
            Err(judgement) => return judgement,
        };
        if card.challenger().count() == 0 {
            return inconclusive(self.kind(), self.increase_max, "no confidence is a number".into());
        }
        let increase = card.challenger().calibration_error() - card.control().calibration_error();
        at_most(self.kind(), increase, self.increase_max, "calibration error over the control's")
    }
}

/// Passes a challenger that changes few enough decisions.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChurnGate {
    /// Largest share of decisions that may be others than the control's.
    pub share_max: f64,
    /// Outcomes before which nothing is said.
    pub outcomes_min: u64,
}

impl Gate for ChurnGate {
    fn kind(&self) -> GateKind {
        GateKind::Churn
    }

    /// Measured is the share of decisions that would change.
    fn judge(&self, evidence: &Evidence) -> Judgement {
        let card = match enough(self.kind(), self.share_max, evidence, self.outcomes_min) {
            Ok(card) => card,
            Err(judgement) => return judgement,
        };
        at_most(
            self.kind(),
            card.churn().unwrap_or(f64::NAN),
            self.share_max,
            "share of decisions that change",
        )
    }
}

/// Passes a challenger that errs about as often, and decides for the positive class about as often, in every group.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FairnessGate {
    /// Largest gap between two groups, of error rates and of shares of positive decisions.
    pub gap_max: f64,
}

impl Gate for FairnessGate {
    fn kind(&self) -> GateKind {
        GateKind::Fairness
    }

    /// Measured is the bound that decides, of the gap that speaks most against it: the upper one if it passes, the
    /// lower one if it fails. In between, outcomes are too few to say.
    fn judge(&self, evidence: &Evidence) -> Judgement {
        let gaps = evidence.scorecard.as_ref().map(|card| [card.error_gap(), card.positive_gap()]);
        let Some([Some(errors), Some(positives)]) = gaps else {
            return inconclusive(self.kind(), self.gap_max, "fewer than two groups were scored".into());
        };
        let errors = self.within(errors, "error rates");
        let positives = self.within(positives, "shares of positive decisions");
        if severity(positives.verdict) > severity(errors.verdict) { positives } else { errors }
    }
}

impl FairnessGate {
    fn within(self, gap: Gap, what: &str) -> Judgement {
        let (verdict, measured, relation) = if gap.lower > self.gap_max {
            (Verdict::Fail, gap.lower, "are further apart than allowed")
        } else if gap.upper <= self.gap_max {
            (Verdict::Pass, gap.upper, "are close enough")
        } else {
            (Verdict::Inconclusive, gap.upper, "may be too far apart; outcomes are too few to say")
        };
        let reason = format!("{what} of groups {relation}");
        Judgement::new(self.kind(), verdict, measured, self.gap_max, reason)
    }
}

fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Pass => 0,
        Verdict::Inconclusive => 1,
        Verdict::Fail => 2,
    }
}

#[cfg(test)]
mod tests;
