//! Evolution of a schema: it only ever grows, at the end of its lists.
//!
//! Lives here: what may be added, and whether one schema grew out of another. Does not live here: what
//! networks make of it (that is [`crate::widening`]), when something is added.

use serde::{Deserialize, Serialize};

use super::{BUCKETS_MAX, Feature, FeatureKind, Schema, Target, invalid};
use crate::error::ModelError;

/// Longest name of a feature or class that is taken from the stream, in bytes.
pub const NAME_BYTES_MAX: usize = 256;

/// What a schema can gain. Nothing else about it ever changes, so rows, answers and labels of an earlier
/// schema keep their meaning.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Addition {
    /// One more feature, after all others; missing in every earlier row.
    Feature(Feature),
    /// One more class, after all others.
    Class(String),
    /// Twice as many buckets for the categorical feature at this position: each bucket becomes two.
    Buckets(usize),
}

impl Schema {
    /// This schema with one thing more; refused where limits or the objective do not allow it.
    ///
    /// ```
    /// use model::{Addition, Feature, FeatureKind, Objective, Schema, Target};
    ///
    /// let feature = |name: &str| Feature { name: name.into(), kind: FeatureKind::Numeric };
    /// let schema = Schema::new(vec![feature("x")], Target::Regression, Objective::default())?;
    /// let wider = schema.with(&Addition::Feature(feature("y")))?;
    /// assert!(wider.evolves(&schema) && !schema.evolves(&wider));
    /// # Ok::<(), model::ModelError>(())
    /// ```
    pub fn with(&self, addition: &Addition) -> Result<Self, ModelError> {
        let mut wider = self.clone();
        match addition {
            Addition::Feature(feature) => wider.features.push(feature.clone()),
            Addition::Class(name) => wider.add_class(name)?,
            Addition::Buckets(at) => wider.double_buckets(*at)?,
        }
        Self::new(wider.features, wider.target, wider.objective)?
            .with_sequences(wider.sequences)?
            .with_picture(wider.picture)
    }

    /// Whether it is the earlier schema with zero or more additions.
    pub fn evolves(&self, earlier: &Self) -> bool {
        let grew = |(before, now): (&Feature, &Feature)| {
            before.name == now.name && buckets_grew(before.kind, now.kind)
        };
        self.features.len() >= earlier.features.len()
            && earlier.features.iter().zip(&self.features).all(grew)
            && target_grew(&earlier.target, &self.target)
            && self.sequences == earlier.sequences
            && self.picture == earlier.picture
            && self.objective_grew(earlier)
    }

    /// Every class weighs something; a new one weighs what they weigh on average.
    fn add_class(&mut self, name: &str) -> Result<(), ModelError> {
        let Target::Classification { classes } = &mut self.target else {
            return Err(invalid("a number has no classes".into()));
        };
        if !self.objective.cost_matrix.is_empty() || self.objective.decision_threshold.is_some() {
            return Err(invalid(
                "cost_matrix and decision_threshold speak of the declared classes only, so no class is added"
                    .into(),
            ));
        }
        classes.push(name.to_owned());
        let weights = &mut self.objective.class_weights;
        if !weights.is_empty() {
            weights.push(weights.iter().sum::<f32>() / weights.len() as f32);
        }
        Ok(())
    }

    fn double_buckets(&mut self, at: usize) -> Result<(), ModelError> {
        match self.features.get_mut(at).map(|feature| &mut feature.kind) {
            Some(FeatureKind::Categorical { buckets }) if *buckets <= BUCKETS_MAX / 2 => {
                *buckets *= 2;
                Ok(())
            }
            Some(FeatureKind::Categorical { buckets }) => Err(invalid(format!(
                "{buckets} buckets cannot be doubled; at most {BUCKETS_MAX} are allowed"
            ))),
            Some(FeatureKind::Numeric | FeatureKind::Boolean) | None => {
                Err(invalid(format!("the feature at position {at} has no buckets")))
            }
        }
    }

    fn objective_grew(&self, earlier: &Self) -> bool {
        let (before, now) = (&earlier.objective, &self.objective);
        before.cost_matrix == now.cost_matrix
            && before.decision_threshold == now.decision_threshold
            && before.class_weights.is_empty() == now.class_weights.is_empty()
            && now.class_weights.starts_with(&before.class_weights)
    }
}

fn buckets_grew(before: FeatureKind, now: FeatureKind) -> bool {
    match (before, now) {
        (FeatureKind::Categorical { buckets: before }, FeatureKind::Categorical { buckets: now }) => {
            now.is_multiple_of(before) && (now / before).is_power_of_two()
        }
        (before, now) => before == now,
    }
}

fn target_grew(before: &Target, now: &Target) -> bool {
    match (before, now) {
        (Target::Classification { classes: before }, Target::Classification { classes: now }) => {
            now.starts_with(before)
        }
        (before, now) => before == now,
    }
}

#[cfg(test)]
mod tests;
