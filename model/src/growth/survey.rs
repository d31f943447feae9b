//! Survey: what labelled rows say about a place where units are to come.
//!
//! Lives here: the place, what enters it, the slopes where it would arrive, and what of these the weights
//! already there can follow. Does not live here: which units to choose.

use super::Window;
use crate::architecture::{Architecture, Block, BlockKind};
use crate::dense::{Ridge, Table, dot_exact};
use crate::embedding::View;
use crate::error::ModelError;
use crate::morphism::Morphism;
use crate::network::Network;
use crate::network::probe::Insight;

/// Ridge of the fit of the slopes, as a share of the mean squared length of a row of features: the fit
/// has as many rows as the window and may have more features, so without it nothing would be left.
const RIDGE: f64 = 1e-2;

/// Where new units come.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Site {
    /// Which block.
    pub index: usize,
    /// The block as it will be.
    pub block: Block,
    /// How many units come.
    pub count: usize,
    /// Units the block has before.
    pub before: usize,
    /// Whether the units reach the head.
    pub head: bool,
    /// Units of the next block; 0 if there is none.
    pub next: usize,
    /// Whether its units are what leaves it, and sums of them, the same for everybody, are all that becomes of them.
    pub plain: bool,
}

impl Site {
    /// Of a change that brings units.
    pub fn of(morphism: &Morphism, from: &Architecture) -> Option<Self> {
        let after = morphism.apply(from);
        let index = match morphism {
            Morphism::Widen { block, .. } => *block,
            Morphism::Deepen { .. } => from.blocks.len(),
            Morphism::Remove
            | Morphism::Shrink { .. }
            | Morphism::SetActivation { .. }
            | Morphism::SetNorm { .. }
            | Morphism::SetKind { .. }
            | Morphism::SetDropout { .. }
            | Morphism::SetSkip { .. }
            | Morphism::SetContext { .. }
            | Morphism::SetEmbedding { .. }
            | Morphism::SetSequence { .. }
            | Morphism::SetImage { .. }
            | Morphism::SetExits { .. }
            | Morphism::SetCommittee { .. }
            | Morphism::SetHyper { .. } => return None,
        };
        let block = after.blocks.get(index)?.clone();
        let before = from.blocks.get(index).map_or(0, Block::width);
        let dense = |block: &Block| block.kind == BlockKind::Dense;
        Some(Self {
            plain: after.committee == 1 && dense(&block) && after.blocks.get(index + 1).is_none_or(dense),
            index,
            count: block.width().saturating_sub(before),
            block,
            before,
            head: after.reaches_head(index),
            next: after.blocks.get(index + 1).map_or(0, Block::width),
        })
    }
}

/// What the rows say about a site; every table has a row for each of them.
#[derive(Clone, Debug)]
pub(crate) struct Survey {
    /// What enters the block.
    pub entered: Table,
    /// Slopes of the loss at the logits; no columns if the block does not reach them.
    pub head: Table,
    /// Slopes of the loss at the sums of the next block; no columns if there is none.
    pub next: Table,
    /// What already arrives at the logits, and at the next block.
    arriving: [Vec<Table>; 2],
}

impl Survey {
    /// Of the window's rows, all at once.
    pub fn take(
        network: &Network,
        site: &Site,
        window: Window<'_>,
        class_weights: &[f32],
    ) -> Result<Self, ModelError> {
        let (architecture, shape) = (network.architecture(), network.shape());
        let view = View::new(architecture, shape);
        let mut inputs = Table { columns: view.width(), data: vec![0.0; window.goals.len() * view.width()] };
        view.see_all(window.encoded, &mut inputs.data);
        let below = (site.next > 0).then_some(site.index + 1);
        let Insight { hidden, slopes, below } =
            network.tensors()?.insight(window.encoded, window.goals, class_weights, below)?;
        let widths = architecture.streams(view.width());
        let hidden: Vec<Table> =
            hidden.into_iter().zip(widths).map(|(data, columns)| Table { columns, data }).collect();
        let head = Table {
            columns: if site.head { shape.outputs } else { 0 },
            data: if site.head { reached(&slopes, site.index, architecture) } else { Vec::new() },
        };
        let next = Table { columns: site.next, data: below };
        let to_next = if site.next > 0 { vec![hidden[site.index].clone()] } else { Vec::new() };
        let entered = if site.index == 0 { inputs.clone() } else { hidden[site.index - 1].clone() };
        let reaching = hidden.into_iter().enumerate().filter(|(at, _)| architecture.reaches_head(*at));
        let to_head = std::iter::once(inputs).chain(reaching.map(|(_, table)| table)).collect();
        Ok(Self { entered, head, next, arriving: [to_head, to_next] })
    }

    /// The slopes side by side, those at the logits first, column by column.
    pub fn slopes(&self) -> Vec<Vec<f32>> {
        [&self.head, &self.next].into_iter().flat_map(columns).collect()
    }

    /// The slopes without what the weights already there can follow: what a ridge regression of them on what arrives,
    /// and on a constant, leaves.
    pub fn unexpressed(&self) -> Vec<Vec<f32>> {
        let tables = [&self.head, &self.next];
        tables
            .into_iter()
            .zip(&self.arriving)
            .flat_map(|(table, arriving)| left_over(table, arriving))
            .collect()
    }
}

fn columns(table: &Table) -> Vec<Vec<f32>> {
    (0..table.columns).map(|column| table.column(column)).collect()
}

fn left_over(slopes: &Table, arriving: &[Table]) -> Vec<Vec<f32>> {
    let columns = columns(slopes);
    let Some(rows) = columns.first().map(Vec::len) else { return columns };
    let features = features(arriving, rows);
    let penalty = RIDGE * dot_exact(&features, &features) / rows as f64;
    let Some(fit) = Ridge::new(&features, rows, penalty) else { return columns };
    let left = columns.iter().map(|column| {
        let left = fit.left_over(column.iter().copied().map(f64::from).collect());
        left.into_iter().map(|number| number as f32).collect()
    });
    left.collect()
}

/// A constant and what arrives, row by row.
fn features(arriving: &[Table], rows: usize) -> Vec<f64> {
    let row = |at: usize| {
        let numbers = arriving.iter().flat_map(move |table| table.row(at));
        std::iter::once(1.0).chain(numbers.copied().map(f64::from))
    };
    (0..rows).flat_map(row).collect()
}

/// The slopes where a block reaches the logits: of every answer from there on. The exit of a new last block
/// says what the one before says, and has its trust.
fn reached(slopes: &[Vec<f32>], block: usize, architecture: &Architecture) -> Vec<f32> {
    let depths = architecture.depths();
    let last = depths.last().copied().unwrap_or(0);
    let answers = slopes.iter().zip(&depths).filter(|(_, depth)| **depth >= last.min(block + 1));
    answers.fold(Vec::new(), |sums, (slopes, _)| {
        if sums.is_empty() {
            return slopes.clone();
        }
        sums.iter().zip(slopes).map(|(sum, slope)| sum + slope).collect()
    })
}
