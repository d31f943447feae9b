//! The transfer of weights: each unit after a change is an old one or a new one; the rest follows.
//!
//! Lives here: which unit comes from which, and the copy. Does not live here: the changes themselves.

use rand::Rng;

use super::Morphism;
use super::looked::Looked;
use crate::answers::{ALONE, heirs, inherit};
use crate::architecture::{Architecture, Block};
use crate::cost::Shape;
use crate::embedding::View;
use crate::sequence::Sequence;
use crate::weights::{self, Array, Role, TableSlot, Weights, he_uniform, layout, recurrent};

/// Where each row, column or unit comes from; none is new.
pub(super) type Origins = Vec<Option<usize>>;

/// Where everything in a changed network comes from.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Places {
    /// The units of each block.
    units: Vec<Origins>,
    /// What enters the first block, then what leaves each; none means something else than before.
    streams: Vec<Option<Origins>>,
    /// Which answer goes on with the trust of each answer before.
    heirs: Vec<usize>,
    /// The voice that each voice goes on from.
    voices: Vec<usize>,
    /// Which sequence came of which.
    sequence: Changed,
    /// Which image came of which.
    image: Looked,
    /// The tables before.
    before: Vec<TableSlot>,
}

/// A sequence, and the one that it came of.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Changed {
    from: Sequence,
    to: Sequence,
}

impl Changed {
    /// Of another kind nothing is left; of the same, the first units.
    fn units(self) -> Origins {
        let before = if self.from.is_like(self.to) { self.from.units() } else { 0 };
        (0..self.to.units()).map(|unit| (unit < before).then_some(unit)).collect()
    }

    /// Rows and columns of the tables that make the units.
    fn of_own(self, slot: &TableSlot) -> (Origins, Origins) {
        let units = self.units();
        let alike = self.from.is_like(self.to);
        let before = self.from.units();
        let part = |part: usize| units.iter().map(move |unit| unit.map(|unit| part * before + unit));
        let columns = (0..slot.columns / units.len().max(1)).flat_map(part).collect();
        let same = |rows: usize| (0..slot.rows).map(move |row| (alike && row < rows).then_some(row));
        let rows = match slot.role {
            Role::SequenceRecurrent => units.clone(),
            Role::SequenceInput => same(slot.rows / self.to.kernel().max(1) * self.from.kernel()).collect(),
            _ => same(slot.rows).collect(),
        };
        (rows, columns)
    }
}

impl Places {
    fn new(from: &Architecture, to: &Architecture, shape: Shape, units: Vec<Origins>) -> Self {
        let inputs = View::new(to, shape).origins(View::new(from, shape));
        let mut streams = vec![Some(inputs)];
        for (index, block) in to.blocks.iter().enumerate() {
            let keeps = block.kind.keeps_stream();
            let other = from.blocks.get(index).is_some_and(|before| before.kind.keeps_stream() != keeps);
            streams.push(match (other, keeps) {
                (true, _) => None,
                (false, true) => streams[index].clone(),
                (false, false) => Some(units[index].clone()),
            });
        }
        let voices = (0..to.voices()).map(|voice| voice % from.voices()).collect();
        let sequence = Changed { from: from.sequence, to: to.sequence };
        let image = Looked { from: from.image.clone(), to: to.image.clone() };
        Self { units, streams, heirs: heirs(from, to), voices, sequence, image, before: layout(from, shape) }
    }

    fn stream(&self, at: usize, width: usize) -> Origins {
        self.streams[at].clone().unwrap_or_else(|| vec![None; width])
    }

    /// Where the rows and columns of a table come from, of all its copies.
    fn of(&self, slot: &TableSlot) -> (Origins, Origins) {
        let (rows, columns) = self.of_one(slot);
        if slot.copies == 1 && self.before.iter().all(|before| before.copies == 1) {
            return (rows, columns);
        }
        let before = self.before.iter().find(|before| before.role == slot.role);
        let (copies, height) = before.map_or((1, 0), |before| (before.copies, before.rows));
        let of_copy = |copy: &usize| {
            let from = copy % copies * height;
            rows.iter().map(move |row| row.map(|row| from + row))
        };
        (self.voices[..slot.copies].iter().flat_map(of_copy).collect(), columns)
    }

    fn of_one(&self, slot: &TableSlot) -> (Origins, Origins) {
        let same = |count: usize| -> Origins { (0..count).map(Some).collect() };
        match slot.role {
            Role::Bias => (same(1), same(slot.columns)),
            Role::Linear => (self.stream(0, slot.rows), same(slot.columns)),
            Role::BlockWeight(index) | Role::BlockGate(index) => {
                (self.stream(index, slot.rows), self.units[index].clone())
            }
            Role::BlockBias(index) | Role::BlockGateBias(index) => (same(1), self.units[index].clone()),
            Role::BlockOut(index) => (self.units[index].clone(), self.stream(index, slot.columns)),
            Role::BlockHead(index) => (self.stream(index + 1, slot.rows), same(slot.columns)),
            Role::Adapter => (same(1), self.stream(0, slot.columns)),
            Role::SequenceInput | Role::SequenceRecurrent | Role::SequenceBias | Role::SequencePosition => {
                self.sequence.of_own(slot)
            }
            Role::SequenceBlock => (self.sequence.units(), self.units.first().cloned().unwrap_or_default()),
            Role::SequenceHead => (self.sequence.units(), same(slot.columns)),
            Role::ImageStem
            | Role::ImageStemBias
            | Role::ImageWeight(_)
            | Role::ImageBias(_)
            | Role::ImageOut(_) => (self.image.rows(slot), self.image.units()),
            Role::ImageBlock => (self.image.said(), self.units.first().cloned().unwrap_or_default()),
            Role::ImageHead => (self.image.said(), same(slot.columns)),
            // Inherited, not carried.
            Role::Trust => (vec![None; slot.rows], vec![None; slot.columns]),
        }
    }
}

/// What a learner has for each weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Weight,
    FirstMoment,
    SecondMoment,
}

impl Morphism {
    /// As [`Morphism::inherit`], with both moments of the optimiser along. The first moment of what is new
    /// is zero. The second is what the old units, or the block before, have on average: with zero there, and
    /// the correction for a young optimiser long past, the first steps of a new unit would be several times
    /// too long. As the first moment fills up, the steps warm up.
    ///
    pub(crate) fn inherit_trained(
        &self,
        from: &Architecture,
        shape: Shape,
        tables: [&Weights; 3],
        places: &Places,
        rng: &mut impl Rng,
    ) -> [Weights; 3] {
        let to = self.apply(&from.canonical());
        let [weights, first, second] = tables;
        [(weights, Kind::Weight), (first, Kind::FirstMoment), (second, Kind::SecondMoment)]
            .map(|(table, kind)| carry(table, kind, &to, shape, places, rng))
    }

    /// The running mean of the weights along: what is new in them is in their mean as it is. None stays none.
    pub(crate) fn inherit_average(
        &self,
        from: &Architecture,
        shape: Shape,
        average: &Weights,
        weights: &Weights,
        places: &Places,
    ) -> Weights {
        if average.0.is_empty() {
            return Weights::default();
        }
        let to = self.apply(&from.canonical());
        let mut carried = weights.clone();
        for slot in layout(&to, shape) {
            let (rows, columns) = places.of(&slot);
            let Some(table) = average.0.get(&slot.name()) else { continue };
            let Some(into) = carried.0.get_mut(&slot.name()) else { continue };
            let places = rows.iter().flat_map(|row| columns.iter().map(move |column| (*row, *column)));
            for (number, place) in into.data.iter_mut().zip(places) {
                if let (Some(row), Some(column)) = place
                    && let Some(mean) = table.at(row, column)
                {
                    *number = mean;
                }
            }
        }
        carried
    }

    /// Where everything after the change comes from. `strengths` says which units of a shrinking
    /// block stay; without it those with the largest outgoing weights do.
    pub(crate) fn kept(
        &self,
        from: &Architecture,
        shape: Shape,
        weights: &Weights,
        strengths: Option<&[f32]>,
    ) -> Places {
        let from = from.canonical();
        let to = self.apply(&from);
        let units = self.origins(&from, &to, shape, weights, strengths);
        Places::new(&from, &to, shape, units)
    }

    fn origins(
        &self,
        from: &Architecture,
        to: &Architecture,
        shape: Shape,
        weights: &Weights,
        strengths: Option<&[f32]>,
    ) -> Vec<Origins> {
        let mut units: Vec<Origins> = Vec::with_capacity(to.blocks.len());
        for (index, block) in to.blocks.iter().enumerate() {
            let before = from.blocks.get(index).map_or(0, Block::width);
            units.push((0..block.width()).map(|unit| (unit < before).then_some(unit)).collect());
        }
        if let Self::Shrink { block, .. } = self
            && let (Some(before), Some(after)) = (from.blocks.get(*block), units.get_mut(*block))
        {
            let width = before.width();
            let strengths = match strengths {
                Some(known) if known.len() == width => known.to_vec(),
                _ => outgoing(from, shape, weights, *block, width),
            };
            *after = strongest(&strengths, after.len());
        }
        units
    }
}

/// Squared length of each unit's outgoing weights.
fn outgoing(
    architecture: &Architecture,
    shape: Shape,
    weights: &Weights,
    block: usize,
    width: usize,
) -> Vec<f32> {
    let roles = weights::outgoing(architecture, block);
    let slots: Vec<TableSlot> =
        layout(architecture, shape).into_iter().filter(|slot| roles.contains(&slot.role)).collect();
    let strength = |unit: usize| -> f32 {
        let rows = slots.iter().filter_map(|slot| Some((slot, weights.0.get(&slot.name())?))).flat_map(
            |(slot, table)| (0..slot.copies).flat_map(move |copy| table.row(copy * slot.rows + unit)),
        );
        rows.map(|weight| weight * weight).sum()
    };
    (0..width).map(strength).collect()
}

/// The strongest units, in their old order; the first of equals.
fn strongest(strengths: &[f32], keep: usize) -> Origins {
    let mut units: Vec<usize> = (0..strengths.len()).collect();
    units.sort_by(|a, b| strengths[*b].total_cmp(&strengths[*a]));
    units.truncate(keep);
    units.sort_unstable();
    units.into_iter().map(Some).collect()
}

/// Copies what has an origin. A new unit gets new incoming weights; everything else starts at zero, so
/// what is new says nothing yet.
fn carry(
    source: &Weights,
    kind: Kind,
    to: &Architecture,
    shape: Shape,
    places: &Places,
    rng: &mut impl Rng,
) -> Weights {
    let mut carried = Weights::default();
    for slot in layout(to, shape) {
        if slot.role == Role::Trust {
            let data = match (kind, source.0.get(&slot.name())) {
                (Kind::Weight, table) => {
                    let before = table.map_or(ALONE, |table| &table.data);
                    inherit(before, &places.heirs, slot.columns)
                }
                (Kind::FirstMoment | Kind::SecondMoment, _) => vec![0.0; slot.columns],
            };
            carried.0.insert(slot.name(), Array { shape: slot.shape(), data });
            continue;
        }
        let (rows, columns) = places.of(&slot);
        let incoming = new_weight(&slot);
        let table = source.0.get(&slot.name());
        // A new block takes after the one before it.
        let mut alike = std::iter::successors(Some(slot.role), |role| role.before());
        let like = alike.find_map(|role| source.0.get(&role.name()));
        let typical = like.filter(|_| kind == Kind::SecondMoment).map(Typical::of).unwrap_or_default();
        let old = |row: Option<usize>, column: Option<usize>| match (row, column, table) {
            (Some(row), Some(column), Some(table)) => table.at(row, column).unwrap_or(0.0),
            (Some(row), None, Some(_)) => typical.rows.get(row).copied().unwrap_or(0.0),
            (None, Some(column), _) => typical.columns.get(column).copied().unwrap_or(0.0),
            (_, None, _) | (Some(_), Some(_), None) => typical.whole,
        };
        // What enters a block may mean something else than before: then its units begin anew.
        let anew = rows.iter().all(Option::is_none);
        let mut data = Vec::with_capacity(slot.numbers());
        for row in &rows {
            for column in &columns {
                let new = kind == Kind::Weight && (anew || column.is_none());
                data.push(match incoming {
                    Some(draw) if new => draw(slot.rows, rng),
                    Some(_) | None => old(*row, *column),
                });
            }
        }
        carried.0.insert(slot.name(), Array { shape: slot.shape(), data });
    }
    carried
}

/// What is left of weights, or of moments of them, where each block keeps its first units.
pub(crate) fn first_units(tables: &Weights, from: &Architecture, to: &Architecture, shape: Shape) -> Weights {
    let units = to.blocks.iter().map(|block| (0..block.width()).map(Some).collect()).collect();
    let places = Places::new(from, to, shape, units);
    let kept = |slot: TableSlot| {
        let (rows, columns) = places.of(&slot);
        let table = tables.0.get(&slot.name());
        let number = |row: &Option<usize>, column: &Option<usize>| table?.at((*row)?, (*column)?);
        let row = |row| columns.iter().map(move |column| number(row, column).unwrap_or(0.0));
        (slot.name(), Array { shape: slot.shape(), data: rows.iter().flat_map(row).collect() })
    };
    Weights(layout(to, shape).into_iter().map(kept).collect())
}

/// How a new number of a table is drawn, if that is not zero: of those that make units.
fn new_weight<R: Rng>(slot: &TableSlot) -> Option<fn(usize, &mut R) -> f32> {
    match slot.role {
        Role::BlockWeight(_) | Role::SequenceInput | Role::ImageStem | Role::ImageWeight(_) => {
            Some(he_uniform)
        }
        Role::SequenceRecurrent => Some(recurrent),
        Role::SequencePosition => Some(|_, rng| he_uniform(1, rng)),
        _ => None,
    }
}

/// Means of a table: what a new number takes after.
#[derive(Debug, Default)]
struct Typical {
    rows: Vec<f32>,
    columns: Vec<f32>,
    whole: f32,
}

impl Typical {
    fn of(table: &Array) -> Self {
        let width = table.shape.last().copied().unwrap_or(0).max(1);
        let rows: Vec<f32> =
            table.data.chunks_exact(width).map(|row| row.iter().sum::<f32>() / width as f32).collect();
        let mut columns = vec![0.0; width];
        for row in table.data.chunks_exact(width) {
            columns.iter_mut().zip(row).for_each(|(sum, number)| *sum += number);
        }
        let height = rows.len().max(1) as f32;
        for sum in &mut columns {
            *sum /= height;
        }
        Self { whole: rows.iter().sum::<f32>() / height, rows, columns }
    }
}
