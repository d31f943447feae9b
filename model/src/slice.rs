//! Slice: a smaller network within a network, which is there without training.
//!
//! Lives here: which slices an elastic network has, whose turn it is to learn, and taking one out. Does not live here: what
//! it learns in a step (that is [`crate::program`]), what it is worth.
//!
//! A slice keeps the first blocks, and of each the first units. What it says is what the whole network says with all other
//! units silent: of a dense or gated block they leave nothing, also where a residual block would add to them; a residual or
//! cross block without units passes on what entered. In each learning step the whole network learns the truth, and three slices what it says: the smallest and two
//! whose turn it is (the sandwich rule with in-place distillation: arXiv:1903.05134; every slice has as many turns as any
//! other, or one more: arXiv:1907.01845). With `L` the loss of a step and `s` the slices that have a turn,
//!
//! ```text
//! L = loss(whole, truth) + 1/3 Σ_s loss(s, what the whole says)
//! ```
//!
//! A layer norm sees all units of its group, so a group is kept or goes as one, and the first one stays. The smallest slice
//! is the linear path. Networks with several answers have no slices: their depths and voices are such already.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use crate::architecture::{Architecture, Block, Norm};
use crate::cost::Shape;
use crate::morphism::first_units;
use crate::weights::{Role, Weights};

/// Parts into which the width of a block is cut.
const PARTS: usize = 4;
/// Slices that learn in a step besides the smallest one.
const TURNS: usize = 2;

/// A part of an elastic network.
///
/// ```
/// use model::{Activation, Architecture, Block, Hyper, Slice};
///
/// let hyper = Hyper { elastic: true, ..Hyper::default() };
/// let blocks = vec![Block::plain(64, Activation::Relu)];
/// let whole = Architecture { blocks, ..Architecture::linear(hyper) };
/// let slices: Vec<String> = Slice::all(&whole).iter().map(|slice| slice.of(&whole).to_string()).collect();
/// assert_eq!(slices, [
///     "linear, adamw 0.003",
///     "16 relu, adamw 0.003 elastic",
///     "32 relu, adamw 0.003 elastic",
///     "48 relu, adamw 0.003 elastic",
/// ]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slice {
    /// Blocks that are left.
    depth: usize,
    /// Parts of each that are left, of [`PARTS`].
    parts: usize,
}

impl Slice {
    /// All that this network has, the linear path first, then by depth and width; none of one that is not elastic. Those
    /// that a norm makes alike are one.
    pub fn all(whole: &Architecture) -> Vec<Self> {
        let whole = whole.canonical();
        if !whole.hyper.elastic {
            return Vec::new();
        }
        let mut known = vec![whole.clone()];
        let linear = std::iter::once(Self { depth: 0, parts: PARTS });
        let depths = (1..=whole.blocks.len()).filter(|depth| !heads(&whole, *depth).is_empty());
        let wide = depths.flat_map(|depth| (1..=PARTS).map(move |parts| Self { depth, parts }));
        let is_new = |slice: &Self| {
            let of = slice.of(&whole);
            let new = !known.contains(&of);
            known.extend(new.then_some(of));
            new
        };
        linear.chain(wide).filter(is_new).collect()
    }

    /// The slice of the first network that the second one is.
    pub fn between(whole: &Architecture, part: &Architecture) -> Option<Self> {
        let part = part.canonical();
        Self::all(whole).into_iter().find(|slice| slice.of(whole) == part)
    }

    /// The slice as a network of its own.
    #[must_use]
    pub fn of(self, whole: &Architecture) -> Architecture {
        let whole = whole.canonical();
        let blocks = whole.blocks.iter().take(self.depth);
        let blocks = blocks.map(|block| Block { groups: self.groups(block), ..block.clone() });
        Architecture { blocks: blocks.collect(), ..whole }.canonical()
    }

    /// How many of the first units of each block are not silent.
    pub(crate) fn units(self, whole: &Architecture) -> Vec<usize> {
        let kept = |(index, block): (usize, &Block)| {
            let units = self.groups(block).into_iter().map(usize::from).sum();
            if index < self.depth { units } else { 0 }
        };
        whole.blocks.iter().enumerate().map(kept).collect()
    }

    /// What is left of the norm groups of a block.
    fn groups(self, block: &Block) -> Vec<u16> {
        let width = (block.width() * self.parts).div_ceil(PARTS);
        if block.norm == Norm::None {
            return vec![u16::try_from(width).unwrap_or(u16::MAX)];
        }
        let mut left = width;
        let fits = |(at, units): &(usize, u16)| {
            let rest = left.checked_sub(usize::from(*units));
            left = rest.unwrap_or(0);
            *at == 0 || rest.is_some()
        };
        block.groups.iter().copied().enumerate().take_while(fits).map(|(_, units)| units).collect()
    }

    /// The weights of the slice as a network of its own.
    pub(crate) fn weights(self, whole: &Architecture, shape: Shape, weights: &Weights) -> Weights {
        let heads = self.joined(whole);
        let summed = |sum: &mut Vec<f32>, more: &[f32]| sum.iter_mut().zip(more).for_each(|(a, b)| *a += b);
        first_units(&join(weights, &heads, summed), whole, &self.of(whole), shape)
    }

    /// Its moments: heads that had the same slopes have the same moments.
    pub(crate) fn moments(self, whole: &Architecture, shape: Shape, moments: &Weights) -> Weights {
        if moments.0.is_empty() {
            return Weights::default();
        }
        first_units(&join(moments, &self.joined(whole), |_, _| ()), whole, &self.of(whole), shape)
    }

    /// The ways to the answer that become one: that of what the last block that is left passes on, and those of what the
    /// silent ones after it do.
    fn joined(self, whole: &Architecture) -> Vec<Role> {
        let own = self.depth.checked_sub(1).map_or(Role::Linear, Role::BlockHead);
        let later = heads(whole, self.depth).into_iter().filter(|at| *at >= self.depth).map(Role::BlockHead);
        std::iter::once(own).chain(later).collect()
    }
}

/// The blocks by whose heads that which is left after so many blocks reaches the answer, where all later units are silent.
fn heads(whole: &Architecture, depth: usize) -> Vec<usize> {
    let passed_on = whole.blocks[depth..].iter().take_while(|block| block.kind.keeps_stream()).count();
    (depth.saturating_sub(1)..depth + passed_on)
        .filter(|at| *at < whole.blocks.len() && whole.reaches_head(*at))
        .collect()
}

/// The same tables, the first of these made of all of them.
fn join(tables: &Weights, roles: &[Role], add: impl Fn(&mut Vec<f32>, &[f32])) -> Weights {
    let mut joined = tables.clone();
    let found = roles.iter().filter_map(|role| tables.0.get(&role.name()));
    let together = found.cloned().reduce(|mut sum, more| {
        add(&mut sum.data, &more.data);
        sum
    });
    if let (Some(first), Some(together)) = (roles.first(), together) {
        joined.0.insert(first.name(), together);
    }
    joined
}

/// Which of so many slices learn in this step: the smallest, which comes first, and two of the others.
pub(crate) fn turns(slices: usize, step: u64) -> Vec<usize> {
    let others = slices.saturating_sub(1);
    let drawn = TURNS.min(others);
    let turn = |at: usize| {
        let turn = step.wrapping_mul(drawn as u64).wrapping_add(at as u64);
        let (round, place) = (turn / others as u64, (turn % others as u64) as usize);
        let mut order: Vec<usize> = (1..slices).collect();
        order.shuffle(&mut Pcg64::seed_from_u64(round));
        order[place]
    };
    (0..slices.min(1)).chain((0..drawn).map(turn)).collect()
}

#[cfg(test)]
mod tests;
