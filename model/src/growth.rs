//! Growth: what new units start as.
//!
//! Lives here: the ways to choose new units from labelled rows. Does not live here: what growing is (that
//! is [`crate::morphism`]), when to grow (that is for the policies).
//!
//! Each way preserves what the network says: a new unit has no weight on the way in, or none on the way out.
//! They differ in what the first steps can make of it.
//!
//! * [`Growth::Random`]: random on the way in, nothing on the way out.
//! * [`Growth::GradMax`] (arXiv:2201.05125): nothing on the way in; on the way out the leading left singular
//!   vectors of `E[g h']`, with `h` what enters the block and `g` the slopes where the unit would arrive.
//!   No other choice of that length gives the new weights a larger gradient.
//! * [`Growth::Tiny`], after arXiv:2405.19816: `g` loses what the weights already there can follow, and each
//!   unit is the one whose values say most about the rest. The paper solves this for linear units. Here
//!   that answer is empty for the first block: the linear path already follows whatever is linear in the
//!   input. So units are drawn, the best is improved by ascent, and the next one is chosen for what is
//!   left (Fahlman and Lebiere's cascade correlation, NIPS 1989). Half of the units stay random.
//!
//! Under a norm, in a committee, in blocks that are not dense or feed such a one, and on fewer rows than [`WINDOW_ROWS_MIN`], all new units are random.
//!
//! `docs/adr/0005-growth.md` holds the comparison that chose the default.

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::architecture::Norm;
use crate::error::ModelError;
use crate::morphism::Morphism;
use crate::network::Network;

mod gradmax;
mod survey;
mod tiny;
mod units;

use survey::{Site, Survey};
pub(crate) use units::Units;

/// Fewest rows that say something about new units; with fewer they are random.
pub const WINDOW_ROWS_MIN: usize = 64;
/// Most rows looked at, the newest of a longer window.
pub const WINDOW_ROWS_MAX: usize = 512;

/// What new units start as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Growth {
    /// Random units.
    Random,
    /// The units whose weights have the largest gradient.
    GradMax,
    /// The units that say most about what the network cannot follow.
    #[default]
    Tiny,
}

impl Growth {
    /// Every way.
    pub const ALL: [Self; 3] = [Self::Random, Self::GradMax, Self::Tiny];

    /// The word for people and configuration.
    pub fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::GradMax => "gradmax",
            Self::Tiny => "tiny",
        }
    }

    /// New units for a change that has any; none where they stay random.
    pub(crate) fn units(
        self,
        morphism: &Morphism,
        network: &Network,
        window: Window<'_>,
        class_weights: &[f32],
        rng: &mut impl Rng,
    ) -> Result<Option<Units>, ModelError> {
        let Some(site) = Site::of(morphism, network.architecture()) else { return Ok(None) };
        // A norm makes of a unit what its mates let it: not what it was chosen for. Where nothing comes in it
        // divides by nothing, and the first step would be a jump.
        let random = self == Self::Random || site.block.norm != Norm::None || !site.plain;
        if random || window.goals.len() < WINDOW_ROWS_MIN {
            return Ok(None);
        }
        let survey = Survey::take(network, &site, window, class_weights)?;
        Ok(match self {
            Self::Random => None,
            Self::GradMax => gradmax::units(&survey, &site, rng),
            Self::Tiny => tiny::units(&survey, &site, rng),
        })
    }
}

/// Labelled rows that may be looked at now: their labels have arrived.
#[derive(Clone, Copy, Debug, Default)]
pub struct Window<'a> {
    /// Encoded rows, one after the other, the newest last.
    pub encoded: &'a [f32],
    /// The goal of each.
    pub goals: &'a [f32],
}

impl<'a> Window<'a> {
    /// Nothing to look at.
    pub const EMPTY: Window<'static> = Window { encoded: &[], goals: &[] };

    /// Its newest rows, at most [`WINDOW_ROWS_MAX`] of them; refused if rows and goals do not fit.
    pub(crate) fn newest(self, inputs: usize) -> Result<Self, ModelError> {
        if self.encoded.len() != self.goals.len() * inputs {
            return Err(ModelError::Sample(format!(
                "{} encoded numbers for {} goals of {inputs} inputs",
                self.encoded.len(),
                self.goals.len()
            )));
        }
        let from = self.goals.len().saturating_sub(WINDOW_ROWS_MAX);
        Ok(Self { encoded: &self.encoded[from * inputs..], goals: &self.goals[from..] })
    }

    pub(crate) fn rows(self) -> impl Iterator<Item = (&'a [f32], &'a f32)> {
        self.encoded.chunks_exact((self.encoded.len() / self.goals.len().max(1)).max(1)).zip(self.goals)
    }
}

#[cfg(test)]
mod tests;
