//! Survey: what labelled rows say about a place where units are to come.
//!
//! Lives here: the place, what enters it, the slopes where it would arrive, and what of these the weights
//! already there can follow. Does not live here: which units to choose.

use super::Window;
use crate::architecture::{Architecture, Block, BlockKind};
use crate::cost::Shape;
use crate::dense::{Cholesky, Table, dot};
use crate::embedding::View;
use crate::error::ModelError;
use crate::morphism::Morphism;
use crate::network::Network;
use crate::network::probe::Probe;
use crate::weights::{Role, layout};

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
    /// Rows go through one by one: then the gradient of a bias is the slope of that row.
    pub fn take(
        network: &Network,
        site: &Site,
        window: Window<'_>,
        class_weights: &[f32],
    ) -> Result<Self, ModelError> {
        let (architecture, shape) = (network.architecture(), network.shape());
        let view = View::new(architecture, shape);
        let mut seen = vec![0.0; view.width()];
        let mut inputs = Table::new(seen.len());
        let mut hidden: Vec<Table> = architecture.streams(seen.len()).into_iter().map(Table::new).collect();
        let mut head = Table::new(if site.head { shape.outputs } else { 0 });
        let mut next = Table::new(site.next);
        let tensors = network.tensors()?;
        for (row, goal) in window.rows() {
            let Some(Probe { hidden: passed, gradient, slopes, .. }) =
                tensors.probe(row, &[*goal], class_weights)?
            else {
                continue;
            };
            view.see(row, &mut seen);
            inputs.data.extend(&seen);
            hidden.iter_mut().zip(&passed).for_each(|(all, one)| all.data.extend(one));
            if site.head {
                head.data.extend(reached(&slopes, site.index, architecture));
            }
            next.data.extend(table_of(&gradient, Role::BlockBias(site.index + 1), architecture, shape));
        }
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

    /// The slopes without what the weights already there can follow: `r (K + r)^-1 g`, with `K` the
    /// products of what arrives in two rows and `r` the ridge.
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
    let mut columns = columns(slopes);
    let rows = columns.first().map_or(0, Vec::len);
    let mut products = products(arriving, rows);
    let mean = (0..rows).map(|row| products[row * rows + row]).sum::<f64>() / rows.max(1) as f64;
    let ridge = RIDGE * mean;
    for row in 0..rows {
        products[row * rows + row] += ridge;
    }
    // The constant column of ones makes every product at least one, so the matrix is definite unless
    // something is not finite.
    let Some(solver) = Cholesky::new(products, rows) else { return columns };
    for column in &mut columns {
        let mut side: Vec<f64> = column.iter().map(|slope| f64::from(*slope)).collect();
        solver.solve(&mut side);
        for (slope, solved) in column.iter_mut().zip(side) {
            *slope = (ridge * solved) as f32;
        }
    }
    columns
}

/// Products of each two rows over all tables and a constant one.
fn products(tables: &[Table], rows: usize) -> Vec<f64> {
    let mut products = vec![1.0; rows * rows];
    for table in tables {
        for row in 0..rows {
            for other in 0..=row {
                products[row * rows + other] += f64::from(dot(table.row(row), table.row(other)));
            }
        }
    }
    products
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

/// The numbers of one table within a flat vector.
fn table_of<'a>(flat: &'a [f32], role: Role, architecture: &Architecture, shape: Shape) -> &'a [f32] {
    let mut at = 0;
    for slot in layout(architecture, shape) {
        if slot.role == role {
            return &flat[at..at + slot.numbers()];
        }
        at += slot.numbers();
    }
    &[]
}
