//! Pruning: which units a network would miss least.
//!
//! Lives here: the Taylor score (arXiv:1906.10771). Does not live here: taking units out (that is
//! [`crate::morphism`]), whether the network without them may stay (that is for the policies).
//!
//! A unit's score is the mean over labelled rows of `|h dL/dh|`: by how much the loss of a row would change
//! if the unit fell silent, to first order. It is read off the gradient of the unit's outgoing weights:
//! `Σ_j w_j dL/dw_j = h dL/dh`, whatever the activation and the norm.

use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::error::ModelError;
use crate::growth::Window;
use crate::morphism::Morphism;
use crate::network::Network;
use crate::weights::{self, layout};

/// One score a unit of a block, in loss a row; empty for a block that is not there. Units that are never
/// active, or whose outgoing weights are zero, score zero.
pub fn taylor_scores(
    network: &Network,
    block: usize,
    window: Window<'_>,
    class_weights: &[f32],
) -> Result<Vec<f32>, ModelError> {
    let window = window.newest(network.shape().inputs)?;
    let (architecture, shape) = (network.architecture(), network.shape());
    let width = architecture.blocks.get(block).map_or(0, crate::architecture::Block::width);
    let flat = network.flat()?;
    let outgoing = outgoing(architecture, shape, block);
    let mut scores = vec![0.0; width];
    let tensors = network.tensors()?;
    for (row, goal) in window.rows() {
        let Some(probe) = tensors.probe(row, &[*goal], class_weights)? else { continue };
        for (unit, score) in scores.iter_mut().enumerate() {
            let tables =
                outgoing.iter().map(|(from, columns)| from + unit * columns..from + (unit + 1) * columns);
            let change: f32 =
                tables.map(|range| crate::dense::dot(&flat[range.clone()], &probe.gradient[range])).sum();
            *score += change.abs() / window.goals.len() as f32;
        }
    }
    Ok(scores)
}

/// The scores of the block that a change shrinks; none if it shrinks none.
pub(crate) fn strengths(
    morphism: &Morphism,
    network: &Network,
    window: Window<'_>,
    class_weights: &[f32],
) -> Result<Option<Vec<f32>>, ModelError> {
    let Morphism::Shrink { block, .. } = morphism else { return Ok(None) };
    taylor_scores(network, *block, window, class_weights).map(Some)
}

/// Where the tables of a block's outgoing weights start in the flat vector, and their columns.
fn outgoing(architecture: &Architecture, shape: Shape, block: usize) -> Vec<(usize, usize)> {
    let roles = weights::outgoing(architecture, block);
    let mut at = 0;
    let mut found = Vec::new();
    for slot in layout(architecture, shape) {
        if roles.contains(&slot.role) {
            let copies = 0..slot.copies;
            found.extend(copies.map(|copy| (at + copy * slot.rows * slot.columns, slot.columns)));
        }
        at += slot.numbers();
    }
    found
}

#[cfg(test)]
mod tests;
