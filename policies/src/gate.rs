//! Gates: may this challenger serve?
//!
//! Lives here: one judgement a gate, from evidence somebody else gathered. Whatever is missing, not a
//! number or too little is [`Verdict::Inconclusive`], and only [`Verdict::Pass`] promotes.
//!
//! May not: gather evidence, wait, or act on a verdict.

use serde::{Deserialize, Serialize};

use crate::detect::FeedTrouble;

pub mod behaviour;
pub mod cheap;
pub mod claim;
pub mod quality;
pub mod scorecard;
pub mod thresholds;

pub use behaviour::{CalibrationGate, ChurnGate, FairnessGate};
pub use cheap::{EnergyGate, FiniteGate, LatencyGate, MemoryGate, RobustnessGate};
pub use claim::{Claim, PairedTest, Spent};
pub use quality::QualityGate;
pub use scorecard::{Answered, Gap, Scorecard};
pub use thresholds::{Thresholds, verdict};

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
    /// [`EnergyGate`].
    Energy,
    /// [`RobustnessGate`].
    Robustness,
    /// [`CalibrationGate`].
    Calibration,
    /// [`FairnessGate`].
    Fairness,
    /// [`ChurnGate`].
    Churn,
    /// [`QualityGate`].
    Quality,
}

impl GateKind {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Finite,
        Self::Latency,
        Self::Memory,
        Self::Energy,
        Self::Robustness,
        Self::Calibration,
        Self::Fairness,
        Self::Churn,
        Self::Quality,
    ];

    /// Whether it can be judged without waiting for labels.
    pub fn is_cheap(self) -> bool {
        self <= Self::Robustness
    }

    /// Whether it holds a challenger to a budget that can be breached.
    pub fn is_of_a_budget(self) -> bool {
        matches!(self, Self::Latency | Self::Memory)
    }

    /// Its name in configuration, metrics and the audit log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Finite => "finite",
            Self::Latency => "latency",
            Self::Memory => "memory",
            Self::Energy => "energy",
            Self::Robustness => "robustness",
            Self::Calibration => "calibration",
            Self::Fairness => "fairness",
            Self::Churn => "churn",
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
    /// Whether it counts; what only advises is told and stops nothing.
    pub binding: bool,
}

impl Judgement {
    /// A judgement that counts.
    pub fn new(gate: GateKind, verdict: Verdict, measured: f64, limit: f64, reason: String) -> Self {
        Self { gate, verdict, measured, limit, reason, binding: true }
    }
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
    /// What one answer takes.
    pub energy: Option<Energy>,
    /// What is lost under each stress.
    pub stresses: Vec<Stressed>,
    /// What its answers have been worth.
    pub scorecard: Option<Scorecard>,
    /// What is wrong with the labels, if anything is.
    pub feed: Option<FeedTrouble>,
    /// The paired test against the control arm.
    pub quality: Option<QualityEvidence>,
}

/// A bad day that rows can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stress {
    /// Noise on every number.
    Noise,
    /// Values missing at random.
    Missing,
    /// Numbers moved one step against the network (arXiv:1412.6572).
    Fgsm,
    /// Numbers moved several steps against the network (arXiv:1706.06083).
    Pgd,
    /// The world of before the last drifts comes back.
    Past,
}

impl Stress {
    /// Every stress.
    pub const ALL: [Self; 5] = [Self::Noise, Self::Missing, Self::Fgsm, Self::Pgd, Self::Past];

    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Noise => "noise",
            Self::Missing => "missing values",
            Self::Fgsm => "an attack of one step",
            Self::Pgd => "an attack of several steps",
            Self::Past => "rows from before the last drifts",
        }
    }
}

/// What was lost under a stress by the challenger, and by the champion on the same rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stressed {
    /// Which.
    pub stress: Stress,
    /// The challenger's mean loss.
    pub loss: f64,
    /// The champion's, which has its own worst case under an attack.
    pub champion_loss: f64,
}

/// What one answer takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Energy {
    /// How much, in the unit.
    pub per_row: f64,
    /// Of what: a machine that does not tell its energy tells its time.
    pub unit: EnergyUnit,
}

/// What energy is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EnergyUnit {
    /// Joules.
    Joules,
    /// Seconds of a processor's time.
    CpuSeconds,
}

impl EnergyUnit {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Joules => "joules",
            Self::CpuSeconds => "CPU seconds",
        }
    }
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
    /// Natural logarithm of the evidence that it gains less than is worth waiting for.
    pub log_futile: f64,
    /// Outcomes both were scored on.
    pub outcomes: u64,
    /// Mean paired improvement of the loss.
    pub mean_gain: f64,
}

/// Passes a measurement at or under the limit; says nothing of one that is not finite.
fn at_most(gate: GateKind, measured: f64, limit: f64, what: &str) -> Judgement {
    let (verdict, relation) = match measured.is_finite() && !limit.is_nan() {
        true if measured <= limit => (Verdict::Pass, "is within the limit"),
        true => (Verdict::Fail, "is over the limit"),
        false => (Verdict::Inconclusive, "is not a number"),
    };
    Judgement::new(gate, verdict, measured, limit, format!("{what} {relation}"))
}

fn inconclusive(gate: GateKind, limit: f64, reason: String) -> Judgement {
    Judgement::new(gate, Verdict::Inconclusive, f64::NAN, limit, reason)
}

#[cfg(test)]
mod tests;
