//! Embedding: numbers of a row as many numbers each, for a network that would follow their curves.
//!
//! Lives here: the functions of one number, and what a network sees of an encoded row. Does not live here:
//! standardisation and hashing (that is [`crate::encoder`]), the weights of what is added (a morphism starts them
//! at zero).
//!
//! Every function is zero at zero. So the zeros of a one-hot feature stay zeros, which programs skip, and a number
//! that is missing or usual adds nothing. The functions are fixed, over standardised numbers: what a weight means
//! does not change while the mean and deviation of a feature drift. A hashed category needs none of this: its
//! one-hot numbers times the first table *are* its embedding, of the width of that table.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::error::ModelError;

/// Most pieces on either side of zero.
pub const PIECES_MAX: u8 = 8;
/// Most octaves.
pub const OCTAVES_MAX: u8 = 8;
/// The scale of the logistic distribution whose deviation is one: its quantiles are the knots.
const KNOT_SCALE: f32 = 0.551_328_9;
/// Angle of the lowest octave for one deviation: half its period is four deviations.
const OCTAVE_ANGLE: f32 = std::f32::consts::FRAC_PI_4;

/// What is added to each number of a row.
///
/// ```
/// use model::Embedding;
///
/// let mut added = [0.0; 4];
/// Embedding::PiecewiseLinear(2).embed(1.0, &mut added);
/// assert_eq!(added[0], 1.0); // one deviation up is past the first knot
/// assert!(added[1] > 0.0 && added[2..] == [0.0; 2]); // and on the way along the second piece
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Embedding {
    /// Nothing.
    #[default]
    None,
    /// How far along each piece the number is, from 0 to 1, with this many pieces above zero and as many below; the
    /// outermost have no end (arXiv:2203.05556, less its value at zero). Knots are quantiles.
    PiecewiseLinear(u8),
    /// `sin(ω z)` and `1 - cos(ω z)` of this many octaves `ω = 2^i π/4` (arXiv:2203.05556, with fixed frequencies).
    Periodic(u8),
}

impl Embedding {
    /// Numbers added for each number.
    pub fn width(self) -> usize {
        match self {
            Self::None => 0,
            Self::PiecewiseLinear(parts) | Self::Periodic(parts) => 2 * usize::from(parts),
        }
    }

    /// What is added for this number; `added` is as long as [`Embedding::width`] says.
    pub fn embed(self, number: f32, added: &mut [f32]) {
        match self {
            _ if number == 0.0 => added.fill(0.0),
            Self::None => {}
            Self::PiecewiseLinear(pieces) => {
                let (above, below) = added.split_at_mut(usize::from(pieces));
                pieces_of(number, above);
                pieces_of(-number, below);
            }
            Self::Periodic(_) => {
                let mut angle = OCTAVE_ANGLE * number;
                for pair in added.chunks_exact_mut(2) {
                    pair.copy_from_slice(&[angle.sin(), 1.0 - angle.cos()]);
                    angle *= 2.0;
                }
            }
        }
    }

    /// Whether everything this one adds the other adds too, at the same place.
    pub fn begins(self, other: Self) -> bool {
        match (self, other) {
            (Self::None, _) => true,
            (Self::Periodic(fewer), Self::Periodic(more)) => fewer <= more,
            _ => self == other,
        }
    }

    /// Where each piece on one side of zero begins and ends; of waves there are none.
    pub(crate) fn ends(self) -> Vec<(f32, f32)> {
        let Self::PiecewiseLinear(pieces) = self else { return Vec::new() };
        let mut start = 0.0;
        let piece = |at| {
            let begins = start;
            start = end_of(at, f32::from(pieces), begins);
            (begins, start)
        };
        (1..=pieces).map(piece).collect()
    }

    /// The angle of each octave for one deviation; of pieces there are none.
    pub(crate) fn octaves(self) -> Vec<f32> {
        let Self::Periodic(octaves) = self else { return Vec::new() };
        let doubled = |angle: &f32| Some(2.0 * angle);
        std::iter::successors(Some(OCTAVE_ANGLE), doubled).take(usize::from(octaves)).collect()
    }

    pub(crate) fn check(self) -> Result<(), ModelError> {
        let (parts, most, of) = match self {
            Self::None => return Ok(()),
            Self::PiecewiseLinear(pieces) => (pieces, PIECES_MAX, "pieces on either side of zero"),
            Self::Periodic(octaves) => (octaves, OCTAVES_MAX, "octaves"),
        };
        if (1..=most).contains(&parts) {
            return Ok(());
        }
        Err(ModelError::Architecture(format!("an embedding of {parts} {of}; give 1 to {most}")))
    }
}

impl fmt::Display for Embedding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::PiecewiseLinear(pieces) => write!(f, "piecewise linear {pieces}"),
            Self::Periodic(octaves) => write!(f, "periodic {octaves}"),
        }
    }
}

/// How far along each piece on its side a number is; all zeros on the other side.
fn pieces_of(number: f32, pieces: &mut [f32]) {
    let count = pieces.len();
    let mut start = 0.0;
    for (at, piece) in (1..).zip(pieces) {
        let end = end_of(at as u8, count as f32, start);
        let along = ((number - start) / (end - start)).max(0.0);
        *piece = if at < count { along.min(1.0) } else { along };
        start = end;
    }
}

/// Where piece `at`, counted from 1, ends. There is a knot at each share of the distribution's half but at all of it,
/// which is infinitely far out: there one deviation is the length.
fn end_of(at: u8, count: f32, start: f32) -> f32 {
    let at = f32::from(at);
    if at >= count { start + 1.0 } else { KNOT_SCALE * ((count + at) / (count - at)).ln() }
}

/// By how much a number is moved to see what is added to it do.
const DIFFERENCE: f32 = 1e-3;

/// What a network sees of an encoded row: its features, the newest of its recent labels, and what is added to
/// each of its features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    inputs: usize,
    features: usize,
    labels: usize,
    embedding: Embedding,
    steps: usize,
}

impl View {
    /// What this architecture sees of rows of this shape.
    pub fn new(architecture: &Architecture, shape: Shape) -> Self {
        let labels = usize::from(architecture.context) * shape.outputs;
        let (inputs, features, steps) = (shape.inputs, shape.features(), shape.steps);
        Self { inputs, features, labels, embedding: architecture.embedding, steps }
    }

    /// Numbers of a row that it takes as they are: the first ones.
    pub fn taken(self) -> usize {
        self.features + self.labels
    }

    /// Numbers it sees.
    pub fn width(self) -> usize {
        self.taken() + self.features * self.embedding.width()
    }

    /// How many encoded rows these are.
    pub fn rows(self, encoded: &[f32]) -> usize {
        encoded.len() / self.inputs.max(1)
    }

    /// What it sees of one encoded row.
    pub fn see(self, row: &[f32], seen: &mut [f32]) {
        let (taken, added) = seen.split_at_mut(self.taken());
        taken.copy_from_slice(&row[..taken.len()]);
        let each = self.embedding.width();
        if each > 0 {
            let numbers = &row[..self.features];
            numbers
                .iter()
                .zip(added.chunks_exact_mut(each))
                .for_each(|(n, added)| self.embedding.embed(*n, added));
        }
    }

    /// How many events rows carry, themselves included, and of how many numbers each; none where they carry no others.
    pub fn events(self) -> (usize, usize) {
        if self.steps == 0 { (0, 0) } else { (self.steps + 1, self.features + 1) }
    }

    /// The event itself and those before it, newest first: for each its features, and whether there was one.
    pub fn read(self, row: &[f32], events: &mut [f32]) {
        let (own, before) = events.split_at_mut(self.features + 1);
        own[..self.features].copy_from_slice(&row[..self.features]);
        own[self.features] = 1.0;
        before.copy_from_slice(&row[self.inputs - before.len()..]);
    }

    /// Adds to the slopes at the numbers of a row what those at all that is seen of it say: at a number itself, and through what is
    /// added to it, by differences. Recent labels have none.
    pub fn add_slopes(self, row: &[f32], seen: &[f32], slopes: &mut [f32]) {
        let (taken, added) = seen.split_at(self.taken());
        let each = self.embedding.width();
        let [mut here, mut beyond] = [vec![0.0; each], vec![0.0; each]];
        for (at, (number, slope)) in row[..self.features].iter().zip(slopes).enumerate() {
            *slope += taken[at];
            self.embedding.embed(*number, &mut here);
            self.embedding.embed(number + DIFFERENCE, &mut beyond);
            let grown = beyond.iter().zip(&here).map(|(beyond, here)| (beyond - here) / DIFFERENCE);
            *slope += grown.zip(&added[at * each..]).map(|(grown, seen)| grown * seen).sum::<f32>();
        }
    }

    /// What it sees of encoded rows, one after the other.
    pub fn see_all(self, encoded: &[f32], seen: &mut [f32]) {
        let rows = encoded.chunks_exact(self.inputs.max(1));
        rows.zip(seen.chunks_exact_mut(self.width().max(1))).for_each(|(row, seen)| self.see(row, seen));
    }

    /// Where each number of this view stands in another one of the same rows; none if it is not there.
    pub fn origins(self, other: Self) -> Vec<Option<usize>> {
        let stays = self.embedding.begins(other.embedding) || other.embedding.begins(self.embedding);
        let [each, before] = [self.embedding.width(), other.embedding.width()];
        let taken = (0..self.taken()).map(|at| (at < other.taken()).then_some(at));
        let added = (0..self.features * each).map(|at| {
            let (number, part) = (at / each, at % each);
            (stays && part < before).then(|| other.taken() + number * before + part)
        });
        taken.chain(added).collect()
    }
}

#[cfg(test)]
mod tests;
