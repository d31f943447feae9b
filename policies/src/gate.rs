//! Gates: may this challenger serve?
//!
//! Lives here: one judgement a gate, from evidence somebody else gathered. Whatever is missing, not a
//! number or too little is [`Verdict::Inconclusive`], and only [`Verdict::Pass`] promotes.
//!
//! May not: gather evidence, wait, or act on a verdict.

use serde::{Deserialize, Serialize};

pub mod cheap;
pub mod claim;
pub mod quality;

pub use cheap::{FiniteGate, LatencyGate, MemoryGate, RobustnessGate};
pub use claim::{Claim, PairedTest, Spent};
pub use quality::QualityGate;

/// Judges one property of a challenger.
///
/// ```
/// use policies::gate::{Evidence, Gate, MemoryGate, Verdict};
///
/// let gate = MemoryGate { bytes_max: 1 << 20 };
/// assert_eq!(gate.judge(&Evidence::default()).verdict, Verdict::Inconclusive, "nobody measured");
/// let evidence = Evidence { bytes: Some(2 << 20), ..Evidence::default() };
/// assert_eq!(gate.judge(&evidence).verdict, Verdict::Fail);
/// ```
pub trait Gate {
    /// Which gate this is.
    fn kind(&self) -> GateKind;

    /// What the evidence says.
    fn judge(&self, evidence: &Evidence) -> Judgement;
}

/// Which gate spoke; in the order of what their evidence costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateKind {
    /// [`FiniteGate`].
    Finite,
    /// [`LatencyGate`].
    Latency,
    /// [`MemoryGate`].
    Memory,
    /// [`RobustnessGate`].
    Robustness,
    /// [`QualityGate`].
    Quality,
}

impl GateKind {
    /// Its name in configuration, metrics and the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finite => "finite",
            Self::Latency => "latency",
            Self::Memory => "memory",
            Self::Robustness => "robustness",
            Self::Quality => "quality",
        }
    }
}

/// What a gate decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The property holds.
    Pass,
    /// The property does not hold.
    Fail,
    /// The evidence does not say; never promotes.
    Inconclusive,
}

/// A verdict, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Which gate spoke.
    pub gate: GateKind,
    /// What it decided.
    pub verdict: Verdict,
    /// What was measured; `NaN` if nothing was.
    pub measured: f64,
    /// What it was measured against.
    pub limit: f64,
    /// Why, for people.
    pub reason: String,
}

/// Everything known about a challenger; `None` and empty mean that nobody measured.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Whether every output on a sample of rows was finite.
    pub outputs_finite: Option<bool>,
    /// Measured times of one batch.
    pub compute_seconds: Vec<f64>,
    /// Where nothing was measured: what the latency quantile is estimated not to exceed.
    pub compute_estimate: Option<f64>,
    /// Memory of the loaded network.
    pub bytes: Option<u64>,
    /// Mean loss on recent rows as they are.
    pub clean_loss: Option<f64>,
    /// Mean loss on the same rows with noise.
    pub noisy_loss: Option<f64>,
    /// Mean loss on the same rows with values missing.
    pub missing_loss: Option<f64>,
    /// By how much noise raises the champion's loss on those rows.
    pub champion_noisy_increase: Option<f64>,
    /// By how much missing values raise the champion's loss on those rows.
    pub champion_missing_increase: Option<f64>,
    /// The paired test against the control arm.
    pub quality: Option<QualityEvidence>,
}

/// State of the paired test of a challenger against the control arm.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct QualityEvidence {
    /// What it has to show.
    pub claim: Claim,
    /// Natural logarithm of the evidence for that: that the challenger is better, or not worse by the margin.
    pub log_gain: f64,
    /// Natural logarithm of the evidence that it is worse, or worse by more than the margin.
    pub log_harm: f64,
    /// Outcomes both were scored on.
    pub outcomes: u64,
    /// Mean paired improvement of the loss.
    pub mean_gain: f64,
}

/// Asks the gates in the order of their cost, up to the first that fails.
pub fn judge_all(gates: &[&dyn Gate], evidence: &Evidence) -> Vec<Judgement> {
    let mut ordered = gates.to_vec();
    ordered.sort_by_key(|gate| gate.kind());
    let mut judgements = Vec::new();
    for gate in ordered {
        let judgement = gate.judge(evidence);
        let failed = judgement.verdict == Verdict::Fail;
        judgements.push(judgement);
        if failed {
            break;
        }
    }
    judgements
}

/// Passes a measurement at or under the limit; says nothing of one that is not finite.
fn at_most(gate: GateKind, measured: f64, limit: f64, what: &str) -> Judgement {
    let (verdict, relation) = match measured.is_finite() && !limit.is_nan() {
        true if measured <= limit => (Verdict::Pass, "is within the limit"),
        true => (Verdict::Fail, "is over the limit"),
        false => (Verdict::Inconclusive, "is not a number"),
    };
    Judgement { gate, verdict, measured, limit, reason: format!("{what} {relation}") }
}

fn inconclusive(gate: GateKind, limit: f64, reason: String) -> Judgement {
    Judgement { gate, verdict: Verdict::Inconclusive, measured: f64::NAN, limit, reason }
}

#[cfg(test)]
mod tests;
