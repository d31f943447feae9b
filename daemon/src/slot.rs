//! Slot: what this daemon answers from.
//!
//! Lives here: what is served, and which models are so small that the learn plane drops them itself. May not: swap; the
//! slot is a crate of its own ([`driftform_slot`]), which other services embed.

use model::{Generation, Model};

pub use driftform_slot::{MODELS_MAX, MemoryPolicy, Overran, Overruns};

/// Weights that the writer drops itself: each outcome may bring newer ones, and to wake a thread takes longer than to
/// free this much.
const DROPPED_BYTES_MAX: u64 = 1024 * 1024;

/// What answers: a model and the generation its answers carry.
#[derive(Debug)]
pub struct Served {
    /// Carried by every answer.
    pub generation: Generation,
    /// Computes the answers.
    pub model: Model,
    /// Whether this is only the prior, because no champion exists yet.
    pub prior_only: bool,
    /// As what it answers.
    pub standing: Standing,
}

/// As what a model of ours answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Its answers are the ones that count.
    #[default]
    Champion,
    /// The champion is not ours, and serves: ours only learns beside it.
    Shadow,
}

/// The serving slot; the learn plane is its one writer.
pub type Slot = driftform_slot::Slot<Served>;
/// A model that a reader holds, for one unit of work.
pub type Loaded = driftform_slot::Loaded<Served>;

/// A slot that answers from `first`.
pub fn open(first: Served) -> std::io::Result<Slot> {
    Slot::dropping(first, |served| served.model.cost().bytes <= DROPPED_BYTES_MAX)
}
