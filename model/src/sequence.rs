//! Sequence: what a network makes of the events before each one.
//!
//! Lives here: which earlier events a row carries ([`Sequences`]), and the stages that read them ([`Sequence`]). Does not
//! live here: which events there were ([`pasts`]), how a stage is computed (that is [`crate::network`]'s).
//!
//! An event and the `n` before it are `x_0` (itself) to `x_n`, each its encoded features and a one; `m_t` says whether
//! there was one. With `u` units and positions of their own, a stage makes `s` of them:
//!
//! ```text
//! attention  a_t = softmax_t(x_t A + p_t)        s = Σ_t a_t ⊙ x_t V                     over the t that there are
//! gru        r, z = σ(x_t W + h_{t+1} R + b)     s = h_0
//!            n = tanh(x_t W_n + b_n + r ⊙ h_{t+1} R_n)   h_t = h_{t+1} + m_t z ⊙ (n - h_{t+1})
//! conv1d     c_t = relu(Σ_j x_{t+j} K_j + b)     s = Σ_t m_t w_t ⊙ c_t                  with zeros beyond the last
//! ```
//!
//! (arXiv:1406.1078 for the gated unit, arXiv:1803.01271 for convolutions over events; attention with a score a unit, as
//! many heads of one number.) Each unit is a sum over events whose weights nobody else reads. So more units, and a longer
//! kernel, whose new taps are zero, change nothing that the old ones say, and `s` begins without a way to the answer: a
//! network gets a stage, and a stage grows, without a change of what it says.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::schema::Feature;

pub mod pasts;

pub use pasts::Pasts;

/// Most earlier events that a row carries.
pub const LENGTH_MAX: u8 = 32;
/// Most numbers that they may take in an encoded row: a trial goes over thousands of rows in one frame.
pub const CARRIED_MAX: usize = 8_192;
/// Most entities whose last events are remembered.
pub const ENTITIES_MAX: u32 = 1_000_000;
/// Most numbers that are remembered of all of them: 64 MiB.
pub const REMEMBERED_MAX: usize = 16 * 1024 * 1024;
/// Most units of a stage.
pub const UNITS_MAX: u16 = 256;
/// Most events that a convolution reads at once.
pub const KERNEL_MAX: u8 = 8;

/// Which earlier events each one carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sequences {
    /// Position of the feature that says whose events they are; none: all events are one's.
    pub entity: Option<usize>,
    /// How many of the last ones.
    pub length: u8,
    /// Of how many entities they are remembered; of more, whoever has had none for longest is forgotten.
    pub entities: u32,
}

impl Sequences {
    /// Refuses what these features do not have, or would take too much.
    pub(crate) fn check(self, features: &[Feature]) -> Result<(), ModelError> {
        let Self { entity, length, entities } = self;
        if !(1..=LENGTH_MAX).contains(&length) {
            return Err(invalid(format!("a past of {length} events; give 1 to {LENGTH_MAX}")));
        }
        if !(1..=ENTITIES_MAX).contains(&entities) {
            return Err(invalid(format!("the pasts of {entities} entities; give 1 to {ENTITIES_MAX}")));
        }
        if entity.is_some_and(|at| at >= features.len()) {
            return Err(invalid("the entity is no feature".into()));
        }
        let width: usize = features.iter().map(|feature| feature.kind.width() + 1).sum();
        let (carried, length) = (usize::from(length) * width, usize::from(length));
        if carried > CARRIED_MAX {
            return Err(invalid(format!(
                "{length} earlier events take {carried} numbers of a row, but at most {CARRIED_MAX} are allowed; carry \
                 fewer, or use fewer buckets"
            )));
        }
        let remembered = entities as usize * length * features.len();
        if remembered > REMEMBERED_MAX {
            return Err(invalid(format!(
                "{entities} entities with {length} events of {} features are {remembered} numbers, but at most \
                 {REMEMBERED_MAX} are remembered",
                features.len()
            )));
        }
        Ok(())
    }
}

/// A kind of what reads the events, whatever its size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SequenceKind {
    /// [`Sequence::Attention`].
    Attention,
    /// [`Sequence::Gru`].
    Gru,
    /// [`Sequence::Conv1d`].
    Conv1d,
}

impl SequenceKind {
    /// Every kind, in the order of the search space: what has a kernel comes last.
    pub const ALL: [Self; 3] = [Self::Attention, Self::Gru, Self::Conv1d];

    /// The word for people and search spaces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Attention => "attention",
            Self::Gru => "gru",
            Self::Conv1d => "conv1d",
        }
    }

    /// What reads the events, of this kind and size.
    pub fn sized(self, units: u16, kernel: u8) -> Sequence {
        match self {
            Self::Attention => Sequence::Attention(units),
            Self::Gru => Sequence::Gru(units),
            Self::Conv1d => Sequence::Conv1d { units, kernel },
        }
    }
}

/// What reads the events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sequence {
    /// Nothing.
    #[default]
    None,
    /// Each of these units looks at the events it finds alike to what it looks for, and at their places.
    Attention(u16),
    /// These gated units go over them from the oldest to the newest.
    Gru(u16),
    /// A window moves over them.
    Conv1d {
        /// Units.
        units: u16,
        /// Events in the window.
        kernel: u8,
    },
}

impl Sequence {
    /// Its kind, if it reads anything.
    pub fn kind(self) -> Option<SequenceKind> {
        match self {
            Self::None => None,
            Self::Attention(_) => Some(SequenceKind::Attention),
            Self::Gru(_) => Some(SequenceKind::Gru),
            Self::Conv1d { .. } => Some(SequenceKind::Conv1d),
        }
    }

    /// Numbers that it makes of the events.
    pub fn units(self) -> usize {
        match self {
            Self::None => 0,
            Self::Attention(units) | Self::Gru(units) | Self::Conv1d { units, .. } => usize::from(units),
        }
    }

    /// Events that it reads at once.
    pub fn kernel(self) -> usize {
        match self {
            Self::Conv1d { kernel, .. } => usize::from(kernel),
            Self::None | Self::Attention(_) | Self::Gru(_) => 1,
        }
    }

    /// Numbers that it makes of each event for each unit: those of scores or gates as well.
    pub(crate) fn parts(self) -> usize {
        match self {
            Self::None => 0,
            Self::Conv1d { .. } => 1,
            Self::Attention(_) => 2,
            Self::Gru(_) => 3,
        }
    }

    /// Whether it is of the same kind, whatever the size.
    pub fn is_like(self, other: Self) -> bool {
        self.kind() == other.kind()
    }

    /// Whether the other says what this one says, once its new units have no way to the answer.
    pub fn begins(self, other: Self) -> bool {
        self == Self::None
            || (self.is_like(other) && self.units() <= other.units() && self.kernel() <= other.kernel())
    }

    pub(crate) fn check(self) -> Result<(), ModelError> {
        if self == Self::None {
            return Ok(());
        }
        if !(1..=usize::from(UNITS_MAX)).contains(&self.units()) {
            return Err(architecture(format!("a sequence of {} units; give 1 to {UNITS_MAX}", self.units())));
        }
        if !(1..=usize::from(KERNEL_MAX)).contains(&self.kernel()) {
            return Err(architecture(format!("a kernel of {}; give 1 to {KERNEL_MAX}", self.kernel())));
        }
        Ok(())
    }
}

impl fmt::Display for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Attention(units) => write!(f, "attention {units}"),
            Self::Gru(units) => write!(f, "gru {units}"),
            Self::Conv1d { units, kernel } => write!(f, "conv1d {units} of {kernel}"),
        }
    }
}

fn invalid(message: String) -> ModelError {
    ModelError::Schema(message)
}

fn architecture(message: String) -> ModelError {
    ModelError::Architecture(message)
}

#[cfg(test)]
mod tests;
