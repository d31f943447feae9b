//! Mixture: several networks that answer together, as plain data.
//!
//! Lives here: which networks, how their answers are mixed, where an edited mixture came from. Does not
//! live here: the mixing itself (that is [`mixer`]), the networks with their weights (that is
//! [`network`]), learning (that is [`crate::pool`]).
//!
//! Which network is best differs from stream to stream by more than any refinement of one of them, and
//! nobody knows beforehand. A mixture of a few that differ in what matters most follows the best of them
//! at a price in loss that does not depend on the stream (Cesa-Bianchi and Lugosi, *Prediction, Learning,
//! and Games*, 2006). One network alone is a mixture of one.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::architecture::Architecture;
use crate::cost::{Cost, Shape};
use crate::error::ModelError;
use crate::morphism::Morphism;

pub(crate) mod mixer;
mod network;
mod record;
mod shift;
pub(crate) mod stack;

pub use mixer::{Mixed, Mixer, MixingRule};
pub use network::{MixtureNetwork, MixtureWeights};

/// Most networks one mixture may have.
pub const MEMBERS_MAX: usize = 32;

/// Networks that answer together.
///
/// ```
/// use model::{Architecture, Hyper, Mixture, MixingRule};
///
/// let linear = Architecture::linear(Hyper::default());
/// let alone = Mixture::of_one(linear.clone());
/// assert_eq!(alone.to_string(), "linear, adamw 0.003");
///
/// let both = Mixture { members: vec![linear.clone(), linear], rule: MixingRule::Mean };
/// assert_eq!(both.to_string(), "mean of 2: linear, adamw 0.003 | linear, adamw 0.003");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mixture {
    /// The networks and how each learns; at least one.
    pub members: Vec<Architecture>,
    /// How their answers become one.
    pub rule: MixingRule,
}

impl Mixture {
    /// One network alone.
    pub fn of_one(member: Architecture) -> Self {
        Self { members: vec![member], rule: MixingRule::Mean }
    }

    /// The one form among all that mean the same: of each member, the canonical architecture.
    #[must_use]
    pub fn canonical(&self) -> Self {
        Self { members: self.members.iter().map(Architecture::canonical).collect(), rule: self.rule }
    }

    /// A name that is the same on every machine and in every release, equal for equal canonical forms.
    #[expect(clippy::missing_panics_doc, reason = "serialising plain structs cannot fail")]
    pub fn digest(&self) -> u64 {
        let text =
            serde_json::to_vec(&self.canonical()).expect("plain structs with string keys always serialise");
        Sha256::digest(&text).iter().take(8).fold(0, |digest, byte| (digest << 8) | u64::from(*byte))
    }

    /// Refuses what no networks can be built from.
    pub fn check(&self) -> Result<(), ModelError> {
        if !(1..=MEMBERS_MAX).contains(&self.members.len()) {
            return Err(ModelError::Architecture(format!(
                "{} members; give 1 to {MEMBERS_MAX}",
                self.members.len()
            )));
        }
        self.members.iter().try_for_each(Architecture::check)
    }

    /// What all members together take to keep and to answer one row.
    pub fn cost(&self, shape: Shape) -> Cost {
        self.members.iter().map(|member| Cost::of(member, shape)).sum()
    }

    /// What this mixture becomes by an edit.
    ///
    /// # Panics
    ///
    /// If the edit names a member that is not there.
    #[must_use]
    pub fn edited(&self, edit: &Edit) -> Self {
        let member = |origin: &Origin| match origin {
            Origin::Kept(at) => self.members[*at].clone(),
            Origin::Child { architecture, .. } => architecture.canonical(),
        };
        Self { members: edit.0.iter().map(member).collect(), rule: self.rule }
    }
}

impl fmt::Display for Mixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [first, rest @ ..] = self.members.as_slice() else { return f.write_str("nothing") };
        if !rest.is_empty() {
            write!(f, "{} of {}: ", self.rule.name(), self.members.len())?;
        }
        write!(f, "{first}")?;
        rest.iter().try_for_each(|member| write!(f, " | {member}"))
    }
}

/// Where a member of an edited mixture comes from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// This member, as it is.
    Kept(usize),
    /// A new network that starts with what a member knows.
    Child {
        /// Position of the member it inherits from.
        parent: usize,
        /// What it is.
        architecture: Architecture,
    },
}

impl Origin {
    /// Position of the member it comes from.
    pub fn parent(&self) -> usize {
        match self {
            Self::Kept(at) | Self::Child { parent: at, .. } => *at,
        }
    }
}

/// An edited mixture: the origin of each of its members, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Edit(pub Vec<Origin>);

impl Edit {
    /// Nothing changes.
    pub fn none(members: usize) -> Self {
        Self((0..members).map(Origin::Kept).collect())
    }

    /// A child beside all members.
    pub fn add(members: usize, parent: usize, architecture: Architecture) -> Self {
        let mut edit = Self::none(members);
        edit.0.push(Origin::Child { parent, architecture });
        edit
    }

    /// A child in the place of one member.
    pub fn replace(members: usize, place: usize, parent: usize, architecture: Architecture) -> Self {
        let mut edit = Self::none(members);
        edit.0[place] = Origin::Child { parent, architecture };
        edit
    }

    /// Only these members stay.
    pub fn keep(places: &[usize]) -> Self {
        Self(places.iter().copied().map(Origin::Kept).collect())
    }

    /// An edit that makes `after` of `before`: what is the same in both is kept, and a new network comes from the member
    /// that the fewest morphisms lead from (of equals, the nearest in depth), which is not always the one that it was trained from.
    pub fn between(before: &Mixture, after: &Mixture) -> Self {
        let old: Vec<Architecture> = before.members.iter().map(Architecture::canonical).collect();
        let mut taken = vec![false; old.len()];
        let origin = |member: &Architecture| {
            let member = member.canonical();
            if let Some(at) = (0..old.len()).find(|at| !taken[*at] && old[*at] == member) {
                taken[at] = true;
                return Origin::Kept(at);
            }
            let depth = |of: &Architecture| of.blocks.len();
            let far = |at: &usize| {
                let from = &old[*at];
                (Morphism::path(from, &member).len(), depth(from).abs_diff(depth(&member)))
            };
            let parent = (0..old.len()).min_by_key(far).unwrap_or(0);
            Origin::Child { parent, architecture: member }
        };
        Self(after.members.iter().map(origin).collect())
    }

    /// The new networks, each with the position of its parent.
    pub fn children(&self) -> impl Iterator<Item = (usize, &Architecture)> {
        self.0.iter().filter_map(|origin| match origin {
            Origin::Kept(_) => None,
            Origin::Child { parent, architecture } => Some((*parent, architecture)),
        })
    }

    /// The position each member comes from.
    pub fn parents(&self) -> Vec<usize> {
        self.0.iter().map(Origin::parent).collect()
    }

    /// Refuses an edit that names a member that is not among this many, or leaves none.
    pub fn check(&self, members: usize) -> Result<(), ModelError> {
        if !(1..=MEMBERS_MAX).contains(&self.0.len())
            || self.0.iter().any(|origin| origin.parent() >= members)
        {
            return Err(ModelError::Architecture(format!("this edit does not fit {members} members")));
        }
        self.children().try_for_each(|(_, architecture)| architecture.check())
    }
}

impl fmt::Display for Edit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut children = self.children().peekable();
        if children.peek().is_none() {
            return write!(f, "{} of the members", self.0.len());
        }
        for (at, (parent, architecture)) in children.enumerate() {
            let comma = if at > 0 { "; " } else { "" };
            write!(f, "{comma}{architecture} (from member {})", parent + 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
