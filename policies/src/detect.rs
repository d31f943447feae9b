//! Detectors: observations in, a drift or a breach out.
//!
//! By what they watch: [`ESr`], [`Adwin`], [`PageHinkley`], [`HddmA`], [`HddmW`] and [`Kswin`] a stream of losses,
//! [`Hindsight`] what a learner gains on a frozen copy, [`FeatureDrift`], [`Mmd`] and [`TwoSample`] the rows themselves, [`ShareDrift`] classes, [`LabelFeed`] how labels come,
//! [`BudgetDetector`] and [`BurnRate`] what the service uses up. A detector states its false-alarm rate in its own documentation,
//! and a test holds it to that. [`Panel`] is those of a stream together, and [`Diagnosis`] what they know of a change.
//!
//! May not: decide what to do about a drift; know where observations come from.

use serde::{Deserialize, Serialize};

pub mod adwin;
pub mod budget;
pub mod burn_rate;
pub mod conditionals;
pub mod diagnosis;
pub mod e_sr;
pub mod estimate;
pub mod features;
pub mod hddm;
pub mod hindsight;
pub mod kswin;
pub mod label_feed;
pub mod mmd;
pub mod page_hinkley;
pub mod pairs;
pub mod panel;
#[cfg(test)]
mod river;
#[cfg(test)]
mod run_length;
pub mod shares;
pub mod slice;
pub mod two_sample;

pub use adwin::Adwin;
pub use budget::{Breach, BudgetDetector, BudgetKind, Remedy, Resource, Saving};
pub use burn_rate::{Burn, BurnRate, BurnStage, Severity};
pub use diagnosis::{Advice, Diagnosis, DriftKind, LossRise, Sense, ShareChange, Tempo};
pub use e_sr::ESr;
pub use estimate::{ErrorEstimator, ErrorEstimatorConfig, EstimatedError};
pub use features::{FeatureDrift, FeatureDriftConfig};
pub use hddm::{HddmA, HddmW};
pub use hindsight::{Gains, Hindsight};
pub use kswin::{Kswin, KswinConfig};
pub use label_feed::{FeedReport, FeedTrouble, LabelFeed};
pub use mmd::Mmd;
pub use page_hinkley::{PageHinkley, PageHinkleyConfig};
pub use pairs::PairsConfig;
pub use panel::{Alarm, Observed, Panel, PanelConfig, Said};
pub use shares::{ShareDrift, ShareDriftConfig};
pub use slice::{LossSlice, LossSlices, LossSlicesConfig};
pub use two_sample::TwoSample;

/// Watches a stream of one kind of observation for change.
///
/// ```
/// use policies::detect::{Adwin, Detector};
///
/// let mut detector = Adwin::new(0.002);
/// let losses = std::iter::repeat_n(0.0, 500).chain(std::iter::repeat_n(1.0, 500));
/// let seen = losses.enumerate().find_map(|(at, loss)| detector.observe(&loss).map(|drift| (at, drift)));
///
/// let (at, drift) = seen.expect("a loss that jumps from 0 to 1 is a drift");
/// assert!((500..600).contains(&at) && drift.statistic > 0.0);
/// ```
pub trait Detector {
    /// What it is shown, one at a time.
    type Observation: ?Sized;

    /// Takes in one observation; says so if it completes the evidence for a change.
    ///
    /// Having said so, the detector gathers evidence anew: a change that lasts is reported again later.
    fn observe(&mut self, observation: &Self::Observation) -> Option<Drift>;

    /// Forgets everything, what is normal included.
    fn reset(&mut self);
}

/// Which detector spoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetectorKind {
    /// [`Adwin`].
    Adwin,
    /// [`ESr`].
    ESr,
    /// [`Hindsight`].
    Hindsight,
    /// [`PageHinkley`].
    PageHinkley,
    /// [`HddmA`].
    HddmA,
    /// [`HddmW`].
    HddmW,
    /// [`Kswin`].
    Kswin,
    /// [`FeatureDrift`].
    Features,
    /// [`Mmd`]: all features together, by random Fourier features.
    Mmd,
    /// [`TwoSample`]: all features together, by a classifier.
    TwoSample,
    /// [`ShareDrift`]: shares of classes, from labels or from answers.
    Shares,
    /// Delay and coverage of labels.
    LabelFeed,
    /// [`BudgetDetector`].
    Budget,
}

impl DetectorKind {
    /// Its name in configuration, metrics and the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::Adwin => "adwin",
            Self::ESr => "e_sr",
            Self::Hindsight => "hindsight",
            Self::PageHinkley => "page_hinkley",
            Self::HddmA => "hddm_a",
            Self::HddmW => "hddm_w",
            Self::Kswin => "kswin",
            Self::Features => "features",
            Self::Mmd => "mmd",
            Self::TwoSample => "two_sample",
            Self::Shares => "shares",
            Self::LabelFeed => "label_feed",
            Self::Budget => "budget",
        }
    }
}

/// A change that a detector saw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    /// Which detector saw it.
    pub detector: DetectorKind,
    /// How large its statistic was; each detector's documentation says what that is.
    pub statistic: f64,
    /// What the size of the statistic had to exceed.
    pub threshold: f64,
    /// How many observations ago the change most likely began, as far as the detector can tell.
    pub ago: u64,
    /// Where the change is, strongest first; empty where a detector cannot tell.
    pub features: Vec<FeatureShift>,
}

/// How one feature changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureShift {
    /// Position of the feature in the schema.
    pub feature: usize,
    /// Largest distance of the two cumulated distributions over bins, of values that are not missing.
    pub ks: f64,
    /// Population stability index over bins.
    pub psi: f64,
    /// Probability of a population stability index as large as this if nothing changed, about.
    pub psi_p: f64,
    /// Share of missing values before.
    pub missing_before: f64,
    /// Share of missing values now.
    pub missing_now: f64,
    /// Natural logarithm of the evidence that this feature changed.
    pub log_e: f64,
}
