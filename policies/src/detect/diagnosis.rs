//! Diagnosis: of what kind a drift is, since when, how much, and what to try first.
//!
//! Lives here: the words, and the one rule that chooses among them. May not: gather what it rests on (that is
//! [`super::Panel`]), or act on it.

use serde::{Deserialize, Serialize};

use super::{Drift, EstimatedError, FeatureShift, FeedReport, LossSlice};

/// From this share of what changed in the features on, the shares of classes are what changed.
const EXPLAINED_MIN: f64 = 0.5;

/// A feature is broken from so much larger a share of missing values on.
const BROKEN_MISSING: f64 = 0.2;
/// Or from this population stability index on, four times what is commonly called a large one.
const BROKEN_PSI: f64 = 1.0;

/// Who noticed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sense {
    /// Losses of what serves.
    Champion,
    /// Losses of a frozen copy.
    Reference,
    /// Rows, each feature for itself.
    Features,
    /// Rows, all features together.
    Rows,
    /// Shares of classes among labels.
    Labels,
    /// Shares of classes among the answers of the frozen copy.
    Answers,
    /// Delay and coverage of labels.
    Feed,
}

impl Sense {
    /// Its name in metrics, the journal and the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Champion => "champion",
            Self::Reference => "reference",
            Self::Features => "features",
            Self::Rows => "rows",
            Self::Labels => "labels",
            Self::Answers => "answers",
            Self::Feed => "feed",
        }
    }

    /// Those that watch the data; labels are watched for how they come.
    pub const OF_DATA: [Self; 6] =
        [Self::Champion, Self::Reference, Self::Features, Self::Rows, Self::Labels, Self::Answers];

    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Champion,
        Self::Reference,
        Self::Features,
        Self::Rows,
        Self::Labels,
        Self::Answers,
        Self::Feed,
    ];
}

/// What kind of change it most likely is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftKind {
    /// Rows look otherwise.
    Covariate,
    /// Classes come in other shares, and rows of each class look as before.
    Label,
    /// Rows look as before and mean something else.
    Concept,
    /// It is again as it was in an earlier era.
    Recurring,
    /// Labels come otherwise: nothing is known of the rest.
    LabelFeed,
}

impl DriftKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Covariate, Self::Label, Self::Concept, Self::Recurring, Self::LabelFeed];

    /// Its name in metrics, the journal and the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Covariate => "covariate",
            Self::Label => "label",
            Self::Concept => "concept",
            Self::Recurring => "recurring",
            Self::LabelFeed => "label_feed",
        }
    }
}

/// How fast it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tempo {
    /// From one observation to the next, or nearly.
    Sudden,
    /// Over some time.
    Gradual,
}

impl Tempo {
    /// For people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sudden => "sudden",
            Self::Gradual => "gradual",
        }
    }
}

/// What to try first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Advice {
    /// Look where the feature comes from: it is missing, or in another unit.
    CheckSource,
    /// Weigh the classes anew.
    CorrectPrior,
    /// Take what served in the earlier era.
    Recall,
    /// Learn what came since: the control does that already.
    Retrain,
    /// A larger network: this one does not fit what it has seen.
    Grow,
    /// A smaller or more regular network: this one fits what it has seen, and errs on what comes.
    Regularise,
    /// Have the labels come again: until then nothing is decided by them.
    RepairFeed,
}

impl Advice {
    /// Its name in the journal.
    pub fn name(self) -> &'static str {
        match self {
            Self::CheckSource => "check_source",
            Self::CorrectPrior => "correct_prior",
            Self::Recall => "recall",
            Self::Retrain => "retrain",
            Self::Grow => "grow",
            Self::Regularise => "regularise",
            Self::RepairFeed => "repair_feed",
        }
    }

    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::CheckSource => "look at the source of the feature",
            Self::CorrectPrior => "correct the shares of the classes",
            Self::Recall => "recall what served then",
            Self::Retrain => "learn what came since, as the control does",
            Self::Grow => "grow: the network does not fit what it has seen",
            Self::Regularise => {
                "shrink or regularise: the network fits what it has seen and errs on what comes"
            }
            Self::RepairFeed => "repair the label feed; nothing is decided by labels until then",
        }
    }
}

/// The mean loss of the frozen copy, when all was normal and lately.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LossRise {
    /// When all was normal.
    pub before: f64,
    /// Of the last outcomes.
    pub now: f64,
}

/// The class whose share changed most.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ShareChange {
    /// Its position.
    pub class: usize,
    /// Its share when all was normal.
    pub before: f64,
    /// And lately.
    pub now: f64,
    /// Whether that is an estimate from answers, without labels.
    pub estimated: bool,
}

/// All that is known of a change at the moment it is noticed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Who noticed it.
    pub sense: Sense,
    /// What they saw.
    pub drift: Drift,
    /// What kind it most likely is.
    pub kind: DriftKind,
    /// How fast it came, where that can be told.
    pub tempo: Option<Tempo>,
    /// What it did to the losses, where labels tell.
    pub loss: Option<LossRise>,
    /// What it did to the shares of classes.
    pub share: Option<ShareChange>,
    /// Which features changed, strongest first.
    pub features: Vec<FeatureShift>,
    /// Where the losses rose, strongest first.
    pub slices: Vec<LossSlice>,
    /// The error by estimate, without labels.
    pub estimate: Option<EstimatedError>,
    /// What is wrong with the labels.
    pub feed: Option<FeedReport>,
    /// What to try first.
    pub advice: Advice,
}

impl Diagnosis {
    /// Whether it is the data that changed, and not only how labels come.
    pub fn is_of_data(&self) -> bool {
        self.kind != DriftKind::LabelFeed
    }

    /// Whether losses told it: then what they are compared with is another one from now on.
    pub fn is_of_losses(&self) -> bool {
        matches!(self.sense, Sense::Champion | Sense::Reference)
    }
}

/// What a kind is told by.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a sign of its own, and any may be there with any other"
)]
pub(super) struct Signs {
    /// Labels come otherwise.
    pub feed: bool,
    /// Whether any feature changed.
    pub features: bool,
    /// Share of that which other shares of classes explain.
    pub explained: Option<f64>,
    /// Labels say that the shares changed, and not what is answered to each class.
    pub shares_only: bool,
    /// It has been like this before.
    pub recurs: bool,
}

impl Signs {
    /// The kind of a change that somebody noticed.
    pub(super) fn kind(self, sense: Sense) -> DriftKind {
        let explained = self.explained.is_some_and(|share| share >= EXPLAINED_MIN);
        match sense {
            Sense::Feed => DriftKind::LabelFeed,
            Sense::Champion | Sense::Reference | Sense::Labels if self.feed => DriftKind::LabelFeed,
            _ if self.recurs => DriftKind::Recurring,
            _ if explained || self.shares_only => DriftKind::Label,
            Sense::Features | Sense::Rows | Sense::Answers => DriftKind::Covariate,
            Sense::Champion | Sense::Reference | Sense::Labels if self.features => DriftKind::Covariate,
            Sense::Champion | Sense::Reference | Sense::Labels => DriftKind::Concept,
        }
    }
}

/// What to try first against a change of this kind. `fit` is the mean loss of what has learned the last outcomes on
/// these same outcomes.
pub(super) fn advice(
    kind: DriftKind,
    features: &[FeatureShift],
    loss: Option<LossRise>,
    fit: Option<f64>,
) -> Advice {
    match kind {
        DriftKind::LabelFeed => Advice::RepairFeed,
        DriftKind::Label => Advice::CorrectPrior,
        DriftKind::Recurring => Advice::Recall,
        DriftKind::Covariate if features.iter().any(is_broken) => Advice::CheckSource,
        DriftKind::Covariate | DriftKind::Concept => match (loss, fit) {
            (Some(loss), Some(fit)) if loss.now > loss.before => {
                if fit <= f64::midpoint(loss.before, loss.now) { Advice::Regularise } else { Advice::Grow }
            }
            _ => Advice::Retrain,
        },
    }
}

/// Whether a feature changed as the world does not: it is missing, or hardly a value is where it was.
fn is_broken(shift: &FeatureShift) -> bool {
    shift.missing_now - shift.missing_before >= BROKEN_MISSING || shift.psi >= BROKEN_PSI
}

#[cfg(test)]
mod tests;
