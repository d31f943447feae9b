//! Thresholds: which gates there are, what each asks for, and which only advise.
//!
//! Lives here: all gates of one judgement as plain data, so that a judgement can be told, kept and repeated. May
//! not: read a configuration.

use serde::{Deserialize, Serialize};

use crate::gate::{
    CalibrationGate, ChurnGate, EnergyGate, Evidence, FairnessGate, FiniteGate, Gate, GateKind, Judgement,
    LatencyGate, MemoryGate, QualityGate, RobustnessGate, Verdict,
};

/// What a challenger has to pass; gates that are none are not asked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "one field a gate, named as the gate")]
pub struct Thresholds {
    pub latency: LatencyGate,
    pub memory: MemoryGate,
    pub energy: Option<EnergyGate>,
    pub robustness: RobustnessGate,
    pub calibration: Option<CalibrationGate>,
    pub fairness: Option<FairnessGate>,
    pub churn: Option<ChurnGate>,
    pub quality: QualityGate,
    /// Gates whose verdict is told and stops nothing.
    pub advisory: Vec<GateKind>,
}

impl Thresholds {
    /// Asks the gates in the order of their cost, up to the first binding one that fails.
    pub fn judge(&self, evidence: &Evidence) -> Vec<Judgement> {
        self.ask(evidence, |_| true, |kind| self.binds(kind))
    }

    /// The same of whoever answers a breach: only the gates that wait for no labels, and those of budgets count even
    /// where they only advise.
    pub fn judge_relief(&self, evidence: &Evidence) -> Vec<Judgement> {
        self.ask(evidence, GateKind::is_cheap, |kind| kind.is_of_a_budget() || self.binds(kind))
    }

    fn ask(
        &self,
        evidence: &Evidence,
        wanted: impl Fn(GateKind) -> bool,
        binds: impl Fn(GateKind) -> bool,
    ) -> Vec<Judgement> {
        let mut judgements = Vec::new();
        for gate in self.gates().into_iter().filter(|gate| wanted(gate.kind())) {
            let judgement = Judgement { binding: binds(gate.kind()), ..gate.judge(evidence) };
            let out = judgement.binding && judgement.verdict == Verdict::Fail;
            judgements.push(judgement);
            if out {
                break;
            }
        }
        judgements
    }

    /// Whether what this gate says counts.
    pub fn binds(&self, gate: GateKind) -> bool {
        !self.advisory.contains(&gate)
    }

    /// Which gates there are, in the order in which they are asked, and whether each counts.
    pub fn kinds(&self) -> Vec<(GateKind, bool)> {
        self.gates().iter().map(|gate| (gate.kind(), self.binds(gate.kind()))).collect()
    }

    /// The gates, cheapest evidence first.
    fn gates(&self) -> Vec<&dyn Gate> {
        let mut gates: Vec<&dyn Gate> = vec![&FiniteGate, &self.latency, &self.memory, &self.quality];
        // Where no stress is wanted, none is asked for.
        let robustness = Some(&self.robustness).filter(|gate| !gate.wanted.is_empty());
        let optional: [Option<&dyn Gate>; 5] = [
            robustness.map(|gate| gate as &dyn Gate),
            self.energy.as_ref().map(|gate| gate as &dyn Gate),
            self.calibration.as_ref().map(|gate| gate as &dyn Gate),
            self.fairness.as_ref().map(|gate| gate as &dyn Gate),
            self.churn.as_ref().map(|gate| gate as &dyn Gate),
        ];
        gates.extend(optional.into_iter().flatten());
        gates.sort_by_key(|gate| gate.kind());
        gates
    }
}

/// What all binding judgements amount to: one that fails decides, one in doubt does not pass.
pub fn verdict(judgements: &[Judgement]) -> Verdict {
    let binding =
        || judgements.iter().filter(|judgement| judgement.binding).map(|judgement| judgement.verdict);
    if binding().any(|verdict| verdict == Verdict::Fail) {
        Verdict::Fail
    } else if binding().next().is_some() && binding().all(|verdict| verdict == Verdict::Pass) {
        Verdict::Pass
    } else {
        Verdict::Inconclusive
    }
}
