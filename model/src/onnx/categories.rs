//! Categories: the names that a graph lists of each categorical feature.
//!
//! Lives here: the list and its limits. Does not live here: where names come from, what a name is hashed to (that is
//! [`crate::schema`]).

use std::collections::{BTreeMap, BTreeSet};

use crate::error::ModelError;
use crate::schema::{FeatureKind, NAME_BYTES_MAX, Schema};

/// Most names of one feature.
pub const NAMES_MAX: usize = 100_000;

/// Names by feature.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Categories(BTreeMap<String, BTreeSet<String>>);

impl Categories {
    /// One more name of a feature; the empty one means that nothing is known, so it is none. A name that is too long
    /// to be kept, or one too many, is refused.
    pub fn insert(&mut self, feature: &str, name: &str) -> Result<(), ModelError> {
        if name.is_empty() {
            return Ok(());
        }
        if name.len() > NAME_BYTES_MAX {
            return Err(ModelError::Schema(format!(
                "a category of `{feature}` has {} bytes; at most {NAME_BYTES_MAX} are listed",
                name.len()
            )));
        }
        let names = self.0.entry(feature.to_owned()).or_default();
        names.insert(name.to_owned());
        if names.len() > NAMES_MAX {
            return Err(ModelError::Schema(format!(
                "`{feature}` has more than {NAMES_MAX} categories: that is an id, not a category"
            )));
        }
        Ok(())
    }

    /// The names of a feature, in order.
    pub fn of(&self, feature: &str) -> impl Iterator<Item = &str> {
        self.0.get(feature).into_iter().flatten().map(String::as_str)
    }

    /// Refuses lists of which one is of no categorical feature of this schema, or that leave one out.
    pub fn check(&self, schema: &Schema) -> Result<(), ModelError> {
        let categorical = |kind| matches!(kind, FeatureKind::Categorical { .. });
        let known: BTreeSet<&str> =
            schema.features().iter().filter(|f| categorical(f.kind)).map(|f| f.name.as_str()).collect();
        if let Some(stranger) = self.0.keys().find(|feature| !known.contains(feature.as_str())) {
            return Err(ModelError::Schema(format!(
                "names are listed for `{stranger}`, which is no categorical feature of this model"
            )));
        }
        let missing: Vec<&str> = known.into_iter().filter(|feature| !self.0.contains_key(*feature)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        Err(ModelError::Schema(format!(
            "no names are listed for `{}`: a graph cannot hash names, so it needs those it is to know",
            missing.join("`, `")
        )))
    }
}
