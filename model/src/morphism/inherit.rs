//! The transfer of weights: each unit after a change is an old one or a new one; the rest follows.
//!
//! Lives here: which unit comes from which, and the copy. Does not live here: the changes themselves.

use rand::Rng;

use super::Morphism;
use crate::architecture::{Architecture, Block};
use crate::cost::Shape;
use crate::weights::{Array, Role, Weights, he_uniform, layout};

/// Where each row, column or unit comes from; none is new.
type Origins = Vec<Option<usize>>;

impl Morphism {
    /// As [`Morphism::inherit`], with the optimiser's moments along: what is new in them is zero.
    pub(crate) fn inherit_trained<const N: usize>(
        &self,
        from: &Architecture,
        shape: Shape,
        tables: &[&Weights; N],
        rng: &mut impl Rng,
    ) -> [Weights; N] {
        let from = from.canonical();
        let to = self.apply(&from);
        let units = self.origins(&from, &to, tables[0]);
        let mut first = true;
        tables.each_ref().map(|table| {
            let is_weights = std::mem::take(&mut first);
            let mut new = |inputs| if is_weights { he_uniform(inputs, rng) } else { 0.0 };
            carry(table, &to, shape, &units, &mut new)
        })
    }

    /// For each block after the change, where its units come from.
    fn origins(&self, from: &Architecture, to: &Architecture, weights: &Weights) -> Vec<Origins> {
        let mut units: Vec<Origins> = Vec::with_capacity(to.blocks.len());
        for (index, block) in to.blocks.iter().enumerate() {
            let before = from.blocks.get(index).map_or(0, Block::width);
            units.push((0..block.width()).map(|unit| (unit < before).then_some(unit)).collect());
        }
        if let Self::Shrink { block, .. } = self
            && let (Some(before), Some(after)) = (from.blocks.get(*block), units.get_mut(*block))
        {
            *after = strongest(weights, *block, before.width(), after.len());
        }
        units
    }
}

/// The units of a block with the largest outgoing weights, in their old order; the first of equals.
fn strongest(weights: &Weights, block: usize, width: usize, keep: usize) -> Origins {
    let outgoing = [Role::BlockHead(block).name(), Role::BlockWeight(block + 1).name()];
    let strength = |unit: usize| -> f32 {
        let tables = outgoing.iter().filter_map(|name| weights.0.get(name));
        tables.flat_map(|table| table.row(unit)).map(|weight| weight * weight).sum()
    };
    let strengths: Vec<f32> = (0..width).map(strength).collect();
    let mut units: Vec<usize> = (0..width).collect();
    units.sort_by(|a, b| strengths[*b].total_cmp(&strengths[*a]));
    units.truncate(keep);
    units.sort_unstable();
    units.into_iter().map(Some).collect()
}

/// Copies what has an origin. A new unit gets new incoming weights; everything else starts at zero, so
/// what is new says nothing yet.
fn carry(
    source: &Weights,
    to: &Architecture,
    shape: Shape,
    units: &[Origins],
    new: &mut impl FnMut(usize) -> f32,
) -> Weights {
    let same = |count: usize| -> Origins { (0..count).map(Some).collect() };
    let mut carried = Weights::default();
    for slot in layout(to, shape) {
        let (rows, columns) = match slot.role {
            Role::Bias => (same(1), same(shape.outputs)),
            Role::Linear => (same(shape.inputs), same(shape.outputs)),
            Role::BlockWeight(0) => (same(shape.inputs), units[0].clone()),
            Role::BlockWeight(index) => (units[index - 1].clone(), units[index].clone()),
            Role::BlockBias(index) => (same(1), units[index].clone()),
            Role::BlockHead(index) => (units[index].clone(), same(shape.outputs)),
        };
        let incoming = matches!(slot.role, Role::BlockWeight(_));
        let table = source.0.get(&slot.name());
        let mut data = Vec::with_capacity(slot.numbers());
        for row in &rows {
            for column in &columns {
                data.push(match (row, column) {
                    (Some(row), Some(column)) => {
                        table.and_then(|table| table.at(*row, *column)).unwrap_or(0.0)
                    }
                    (_, None) if incoming => new(slot.rows),
                    (None, Some(_)) | (_, None) => 0.0,
                });
            }
        }
        carried.0.insert(slot.name(), Array { shape: slot.shape(), data });
    }
    carried
}
