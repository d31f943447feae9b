//! Schema: what a production event and its label look like.
//!
//! Lives here: features, target, objective, and how a raw value becomes one number of a [`crate::Row`].
//! Does not live here: JSON, CSV or Kafka (that is `adapters`), scaling (that is [`crate::encoder`]).

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::image::Picture;
use crate::sequence::Sequences;

mod evolve;

pub use evolve::{Addition, NAME_BYTES_MAX};

/// Most features one schema may declare.
pub const FEATURES_MAX: usize = 4_096;
/// Most classes a classification target may have.
pub const CLASSES_MAX: usize = 1_024;
/// Most hash buckets one categorical feature may use; below 2^24, so an index is exact in an `f32`.
pub const BUCKETS_MAX: u32 = 65_536;

/// Hash buckets of a categorical feature where nothing else is said.
pub const BUCKETS_DEFAULT: u32 = 32;

/// Most numbers an encoded row may have: what a network sees is dense.
pub const INPUTS_MAX: usize = 131_072;

/// How a feature's raw value is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureKind {
    /// A finite number, standardised online.
    Numeric,
    /// A string, hashed into this many buckets and one-hot encoded.
    Categorical {
        /// Number of hash buckets, at least 2.
        buckets: u32,
    },
    /// True or false.
    Boolean,
}

impl FeatureKind {
    /// Numbers its encoding takes; [`crate::Encoder`] has their meaning.
    pub fn width(self) -> usize {
        match self {
            Self::Numeric => 2,
            Self::Categorical { buckets } => buckets as usize,
            Self::Boolean => 1,
        }
    }
}

/// One named input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feature {
    /// The name, unique in the schema.
    pub name: String,
    /// How its value is read.
    pub kind: FeatureKind,
}

/// What is predicted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One of these named classes.
    Classification {
        /// Class names, at least two, in the order of the network's outputs.
        classes: Vec<String>,
    },
    /// One number.
    Regression,
}

impl Target {
    /// Width of the network's output: one probability a class, or one number.
    pub fn outputs(&self) -> usize {
        match self {
            Self::Classification { classes } => classes.len(),
            Self::Regression => 1,
        }
    }

    /// Whether the target is a class.
    pub fn is_classification(&self) -> bool {
        matches!(self, Self::Classification { .. })
    }
}

/// What counts as good: weights of classes in training, and how probabilities become a decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Objective {
    /// Weight of each class in the training loss; empty means all equal.
    pub class_weights: Vec<f32>,
    /// `cost[truth][decision]`; empty means every error costs one.
    pub cost_matrix: Vec<Vec<f32>>,
    /// Two classes only: decide for the second class at or above this probability.
    pub decision_threshold: Option<f32>,
}

/// The whole description of a stream: inputs, target and objective.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Schema {
    features: Vec<Feature>,
    target: Target,
    objective: Objective,
    #[serde(default)]
    sequences: Option<Sequences>,
    #[serde(default)]
    picture: Option<Picture>,
}

/// A schema as it was written down, by whomever.
#[derive(Deserialize)]
struct Unchecked {
    features: Vec<Feature>,
    target: Target,
    objective: Objective,
    #[serde(default)]
    sequences: Option<Sequences>,
    #[serde(default)]
    picture: Option<Picture>,
}

impl TryFrom<Unchecked> for Schema {
    type Error = ModelError;

    fn try_from(unchecked: Unchecked) -> Result<Self, ModelError> {
        let Unchecked { features, target, objective, sequences, picture } = unchecked;
        Self::new(features, target, objective)?.with_sequences(sequences)?.with_picture(picture)
    }
}

impl Schema {
    /// A schema, checked: names unique and not empty, limits kept, objective fitting the target.
    pub fn new(features: Vec<Feature>, target: Target, objective: Objective) -> Result<Self, ModelError> {
        check_features(&features)?;
        check_target(&target)?;
        check_objective(&objective, &target)?;
        Ok(Self { features, target, objective, sequences: None, picture: None })
    }

    /// The same, of which each event carries those of its entity that came before it; limits kept.
    pub fn with_sequences(self, sequences: Option<Sequences>) -> Result<Self, ModelError> {
        if let Some(sequences) = sequences {
            sequences.check(&self.features)?;
        }
        Ok(Self { sequences, ..self })
    }

    /// The same, of which some features are a picture; limits kept.
    pub fn with_picture(self, picture: Option<Picture>) -> Result<Self, ModelError> {
        if let Some(picture) = picture {
            picture.check(&self.features)?;
        }
        Ok(Self { picture, ..self })
    }

    /// The inputs, in the order of a [`crate::Row`].
    pub fn features(&self) -> &[Feature] {
        &self.features
    }

    /// What is predicted.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// What counts as good.
    pub fn objective(&self) -> &Objective {
        &self.objective
    }

    /// Which earlier events each one carries, where it carries any.
    pub fn sequences(&self) -> Option<Sequences> {
        self.sequences
    }

    /// Which features are a picture, where some are.
    pub fn picture(&self) -> Option<Picture> {
        self.picture
    }

    /// The categorical feature that names whose events they are, where one does: its position.
    pub fn naming(&self) -> Option<usize> {
        let at = self.sequences?.entity?;
        matches!(self.features.get(at)?.kind, FeatureKind::Categorical { .. }).then_some(at)
    }

    /// Position of the class of this name.
    pub fn class_index(&self, name: &str) -> Option<u32> {
        match &self.target {
            Target::Classification { classes } => {
                classes.iter().position(|class| class == name).map(|index| index as u32)
            }
            Target::Regression => None,
        }
    }

    /// Name of the class at this position, if there is one.
    pub fn class_name(&self, index: u32) -> Option<&str> {
        match &self.target {
            Target::Classification { classes } => classes.get(index as usize).map(String::as_str),
            Target::Regression => None,
        }
    }
}

/// The bucket of a category: FNV-1a, so that it is the same on every machine and in every release, and the last
/// step of `MurmurHash3` (Appleby, 2011), without which names that end in a number fill buckets unevenly.
pub fn category_bucket(category: &str, buckets: u32) -> u32 {
    let hash = category.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    ((mixed ^ (mixed >> 33)) % u64::from(buckets.max(1))) as u32
}

/// What a row holds of a category: its bucket among as many as these can ever become by doubling. The
/// remainder by the buckets in force is [`category_bucket`], so a row stays right when they double.
pub fn category_value(category: &str, buckets: u32) -> f32 {
    let buckets = buckets.clamp(1, BUCKETS_MAX);
    // Below 2^24, so exact.
    category_bucket(category, buckets << (BUCKETS_MAX / buckets).ilog2()) as f32
}

fn invalid(message: String) -> ModelError {
    ModelError::Schema(message)
}

fn check_features(features: &[Feature]) -> Result<(), ModelError> {
    if features.is_empty() {
        return Err(invalid("a schema needs at least one feature".into()));
    }
    if features.len() > FEATURES_MAX {
        return Err(invalid(format!("{} features, but at most {FEATURES_MAX} are allowed", features.len())));
    }
    let mut seen = std::collections::BTreeSet::new();
    for feature in features {
        if feature.name.is_empty() {
            return Err(invalid("a feature has an empty name".into()));
        }
        if !seen.insert(feature.name.as_str()) {
            return Err(invalid(format!("feature `{}` is declared twice", feature.name)));
        }
        if let FeatureKind::Categorical { buckets } = feature.kind
            && !(2..=BUCKETS_MAX).contains(&buckets)
        {
            return Err(invalid(format!(
                "feature `{}` has {buckets} buckets; give 2 to {BUCKETS_MAX}",
                feature.name
            )));
        }
    }
    let inputs: usize = features.iter().map(|feature| feature.kind.width()).sum();
    if inputs > INPUTS_MAX {
        return Err(invalid(format!(
            "the features encode to {inputs} numbers, but at most {INPUTS_MAX} are allowed; use fewer buckets"
        )));
    }
    Ok(())
}

fn check_target(target: &Target) -> Result<(), ModelError> {
    let Target::Classification { classes } = target else { return Ok(()) };
    if !(2..=CLASSES_MAX).contains(&classes.len()) {
        return Err(invalid(format!("{} classes; give 2 to {CLASSES_MAX}", classes.len())));
    }
    let unique: std::collections::BTreeSet<_> = classes.iter().collect();
    if unique.len() != classes.len() {
        return Err(invalid("a class is named twice".into()));
    }
    Ok(())
}

fn check_objective(objective: &Objective, target: &Target) -> Result<(), ModelError> {
    let classes = if target.is_classification() { target.outputs() } else { 0 };
    let weights = &objective.class_weights;
    if !weights.is_empty()
        && (weights.len() != classes || weights.iter().any(|w| !(*w > 0.0 && w.is_finite())))
    {
        return Err(invalid(format!("class_weights needs {classes} positive numbers")));
    }
    let costs = &objective.cost_matrix;
    let square = costs.len() == classes && costs.iter().all(|row| row.len() == classes);
    if !costs.is_empty() && (!square || costs.iter().flatten().any(|c| !(*c >= 0.0 && c.is_finite()))) {
        return Err(invalid(format!("cost_matrix needs {classes} rows of {classes} numbers, none negative")));
    }
    if let Some(threshold) = objective.decision_threshold {
        if classes != 2 {
            return Err(invalid("decision_threshold needs a target of exactly two classes".into()));
        }
        if !(threshold > 0.0 && threshold < 1.0) {
            return Err(invalid(format!("decision_threshold is {threshold}; give a number between 0 and 1")));
        }
        if !costs.is_empty() {
            return Err(invalid("give decision_threshold or cost_matrix, not both".into()));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
