//! The gates, as they stand in the configuration.
//!
//! Lives here: the section and the way to checked thresholds. Does not live here: what a gate does.

use model::{FeatureKind, Schema, Target};
use policies::gate::{
    CalibrationGate, ChurnGate, EnergyGate, EnergyUnit, FairnessGate, GateKind, LatencyGate, MemoryGate,
    QualityGate, RobustnessGate, Stress, Thresholds,
};
use policies::stats::AlphaRule;
use serde::{Deserialize, Serialize};

use super::{ConfigError, refuse};

/// The quantile of compute times that budgets speak of.
pub const COMPUTE_QUANTILE: f64 = 0.99;
/// Confidence of the upper bound of a compute time.
pub const COMPUTE_CONFIDENCE: f64 = 0.95;

/// `[gate]`; `config/default.toml` documents every key.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSection {
    pub alpha: f64,
    pub alpha_rule: AlphaRule,
    pub alpha_harm: f64,
    pub margin: f64,
    pub useful_gain: f64,
    pub block_outcomes: u64,
    pub non_inferiority_margin: f64,
    pub deadline_outcomes: u64,
    pub deadline_seconds: u64,
    pub energy_seconds_max: f64,
    pub stresses: Vec<Stress>,
    pub robustness_excess_max: f64,
    pub outcomes_min: u64,
    pub calibration_increase_max: f64,
    pub fairness_feature: String,
    pub fairness_class: String,
    pub fairness_gap_max: f64,
    pub churn_max: f64,
    pub advisory: Vec<GateKind>,
    pub approval: Approval,
    pub approval_seconds: u64,
    pub quality_on: QualityOn,
}

/// Which outcomes the paired test of a challenger counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QualityOn {
    /// All.
    #[default]
    All,
    /// Those of events whose answer was not acted on.
    Holdback,
}

impl QualityOn {
    /// Whether an outcome counts.
    pub fn counts(self, holdback: bool) -> bool {
        match self {
            Self::All => true,
            Self::Holdback => holdback,
        }
    }
}

/// Whether a person has to agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// To nothing.
    #[default]
    None,
    /// To each promotion; reliefs and rollbacks do not wait for anybody.
    Promotions,
}

/// The gates, checked.
#[derive(Clone, Debug)]
pub struct GateConfig {
    /// The paired test; its alpha is that of the whole, of which `alpha_rule` gives each challenger its own.
    pub quality: QualityGate,
    /// At which alpha each challenger is tested.
    pub alpha_rule: AlphaRule,
    /// Mean gain that has to be beaten.
    pub margin: f64,
    /// Mean gain below which a challenger is not worth waiting for.
    pub useful_gain: f64,
    /// Outcomes that are one bet.
    pub block_outcomes: u64,
    /// Seconds after which an undecided challenger is dropped, whatever came.
    pub deadline_seconds: u64,
    /// Of one that costs less: mean loss over the control's that it must not reach.
    pub non_inferiority_margin: f64,
    /// Stresses that have to be survived.
    pub robustness: RobustnessGate,
    /// Where groups are told apart.
    pub fairness: Option<Fairness>,
    /// Whether a person has to agree.
    pub approval: Approval,
    /// Seconds that a person has.
    pub approval_seconds: u64,
    /// Which outcomes the paired test counts.
    pub quality_on: QualityOn,
    energy: Option<EnergyGate>,
    calibration: Option<CalibrationGate>,
    churn: Option<ChurnGate>,
    advisory: Vec<GateKind>,
}

/// What is asked of groups.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fairness {
    /// The feature whose values are the groups.
    pub feature: usize,
    /// The class whose share is compared.
    pub class: u32,
    gate: FairnessGate,
}

impl GateSection {
    /// Refuses what no gate can mean.
    pub fn checked(self, schema: &Schema) -> Result<GateConfig, ConfigError> {
        let shares = [("alpha", self.alpha), ("alpha_harm", self.alpha_harm)];
        if let Some((key, value)) = shares.into_iter().find(|(_, value)| !(*value > 0.0 && *value < 1.0)) {
            return refuse(format!("`gate.{key}` is {value}; give a chance between 0 and 1"));
        }
        let margins = [
            ("margin", self.margin),
            ("useful_gain", self.useful_gain),
            ("non_inferiority_margin", self.non_inferiority_margin),
        ];
        if let Some((key, value)) = margins.into_iter().find(|(_, value)| !(0.0..1.0).contains(value)) {
            return refuse(format!("`gate.{key}` is {value}; give 0 or more, below 1"));
        }
        if self.block_outcomes == 0 {
            return refuse("`gate.block_outcomes` is 0; give 1 or more");
        }
        let limits = [
            ("robustness_excess_max", self.robustness_excess_max),
            ("calibration_increase_max", self.calibration_increase_max),
            ("fairness_gap_max", self.fairness_gap_max),
            ("churn_max", self.churn_max),
            ("energy_seconds_max", self.energy_seconds_max),
        ];
        if let Some((key, value)) =
            limits.into_iter().find(|(_, value)| !(*value >= 0.0 && value.is_finite()))
        {
            return refuse(format!("`gate.{key}` is {value}; give 0 or more"));
        }
        let fairness = self.fairness(schema)?;
        let classes = schema.target().is_classification();
        let outcomes_min = self.outcomes_min;
        let calibration = CalibrationGate { increase_max: self.calibration_increase_max, outcomes_min };
        let churn = ChurnGate { share_max: self.churn_max, outcomes_min };
        let energy = EnergyGate { per_row_max: self.energy_seconds_max, unit: EnergyUnit::CpuSeconds };
        Ok(GateConfig {
            quality: QualityGate {
                alpha: self.alpha,
                alpha_harm: self.alpha_harm,
                deadline_outcomes: self.deadline_outcomes,
            },
            alpha_rule: self.alpha_rule,
            margin: self.margin,
            useful_gain: self.useful_gain,
            block_outcomes: self.block_outcomes,
            deadline_seconds: self.deadline_seconds,
            non_inferiority_margin: self.non_inferiority_margin,
            robustness: RobustnessGate { excess_max: self.robustness_excess_max, wanted: self.stresses },
            fairness,
            energy: (self.energy_seconds_max > 0.0).then_some(energy),
            calibration: (classes && self.calibration_increase_max < 1.0).then_some(calibration),
            churn: (classes && self.churn_max < 1.0).then_some(churn),
            advisory: self.advisory,
            approval: self.approval,
            approval_seconds: self.approval_seconds,
            quality_on: self.quality_on,
        })
    }

    fn fairness(&self, schema: &Schema) -> Result<Option<Fairness>, ConfigError> {
        let name = &self.fairness_feature;
        if name.is_empty() {
            return Ok(None);
        }
        let Some(feature) = schema.features().iter().position(|feature| feature.name == *name) else {
            return refuse(format!(
                "`gate.fairness_feature` is `{name}`, which is none of `schema.features`"
            ));
        };
        if schema.features()[feature].kind == FeatureKind::Numeric {
            return refuse(format!(
                "`gate.fairness_feature` is `{name}`, a number; give a category or a boolean"
            ));
        }
        let Target::Classification { classes } = schema.target() else {
            return refuse("`gate.fairness_feature` needs classes; `schema.task` is `regression`");
        };
        let Some(class) = classes.iter().position(|class| *class == self.fairness_class) else {
            return refuse(format!(
                "`gate.fairness_class` is `{}`; give the class whose share is compared, one of `{}`",
                self.fairness_class,
                classes.join("`, `")
            ));
        };
        let gate = FairnessGate { gap_max: self.fairness_gap_max };
        Ok(Some(Fairness { feature, class: class as u32, gate }))
    }
}

impl GateConfig {
    /// What a challenger tested at this alpha has to pass while these limits are in force.
    pub fn thresholds(&self, alpha: f64, compute_seconds_max: f64, bytes_max: f64) -> Thresholds {
        Thresholds {
            latency: LatencyGate {
                limit_seconds: compute_seconds_max,
                quantile: COMPUTE_QUANTILE,
                confidence: COMPUTE_CONFIDENCE,
            },
            memory: MemoryGate { bytes_max: bytes_max as u64 },
            energy: self.energy,
            robustness: self.robustness.clone(),
            calibration: self.calibration,
            fairness: self.fairness.map(|fairness| fairness.gate),
            churn: self.churn,
            quality: QualityGate { alpha, ..self.quality },
            advisory: self.advisory.clone(),
        }
    }
}
