//! Sequences: the genes of what reads the events before each one.
//!
//! Lives here: kinds and sizes, as genes. Does not live here: whether rows carry events (that is the
//! schema's), what is made of them (that is [`crate::sequence`]).

use super::{ascending, gene, invalid, names, nearest_integer};
use crate::error::ModelError;
use crate::sequence::{Sequence, SequenceKind};
use crate::space::Gene;

/// Genes of what reads the events before each one: kind, units, kernel.
const SEQUENCE_GENES: usize = 3;

/// The choices of what may read the events before each one; every ladder is ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct SequenceLimits {
    /// Kinds; in any order.
    pub kinds: Vec<SequenceKind>,
    /// Units.
    pub units: Vec<u16>,
    /// Events in the window of a convolution.
    pub kernels: Vec<u8>,
}

impl Default for SequenceLimits {
    fn default() -> Self {
        Self { kinds: SequenceKind::ALL.to_vec(), units: vec![4, 8, 16, 32], kernels: vec![2, 3, 5] }
    }
}

impl SequenceLimits {
    pub(super) fn check(&self) -> Result<(), ModelError> {
        if self.kinds.is_empty() || !self.kinds.is_sorted_by(|a, b| a < b) {
            return Err(invalid("kinds of sequence have to be named, each once, in their order".into()));
        }
        ascending("units of a sequence", &self.units)?;
        ascending("kernels of a sequence", &self.kernels)?;
        let sizes =
            self.units.iter().flat_map(|units| self.kernels.iter().map(move |kernel| (*units, *kernel)));
        sizes.map(|(units, kernel)| Sequence::Conv1d { units, kernel }).try_for_each(Sequence::check)
    }

    pub(super) fn genes(&self, first: usize) -> [Gene; SEQUENCE_GENES] {
        let kinds = self.kinds.iter().map(|kind| kind.name());
        let choices = std::iter::once("none").chain(kinds).map(str::to_owned).collect();
        let has_kernel = self.kinds.last() == Some(&SequenceKind::Conv1d);
        // Of the kinds the last, where it is there at all, has a kernel.
        let kernels = if has_kernel { names(&self.kernels) } else { names(&self.kernels[..1]) };
        [
            Gene { ordered: false, ..gene("sequence", choices) },
            Gene { active_if: Some((first, 1)), ..gene("sequence units", names(&self.units)) },
            Gene { active_if: Some((first, self.kinds.len() as u16)), ..gene("sequence kernel", kernels) },
        ]
    }

    pub(super) fn choices(&self, sequence: Sequence) -> [u16; SEQUENCE_GENES] {
        let Some(at) = sequence.kind().and_then(|kind| self.kinds.iter().position(|known| *known == kind))
        else {
            return [0; SEQUENCE_GENES];
        };
        let units = nearest_integer(&self.units, sequence.units() as u16);
        let kernels: Vec<u16> = self.kernels.iter().map(|kernel| u16::from(*kernel)).collect();
        let kernel = if sequence.kind() == Some(SequenceKind::Conv1d) {
            nearest_integer(&kernels, sequence.kernel() as u16)
        } else {
            0
        };
        [at as u16 + 1, units, kernel]
    }

    pub(super) fn sequence(&self, choices: &[u16]) -> Sequence {
        let &[kind, units, kernel] = choices else { return Sequence::None };
        let kind = usize::from(kind).checked_sub(1).map(|at| self.kinds[at]);
        let (units, kernel) = (self.units[usize::from(units)], self.kernels[usize::from(kernel)]);
        kind.map_or(Sequence::None, |kind| kind.sized(units, kernel))
    }
}
