//! Build: the blocks that were found, as an architecture with weights.
//!
//! Lives here: which table goes where, and the scales that go into them. Does not live here: finding blocks.

use super::walk::Walked;
use crate::architecture::{Architecture, Block, Hyper};
use crate::cost::Shape;
use crate::device::Device;
use crate::encoder::{Encoder, Scale};
use crate::error::ModelError;
use crate::network::Network;
use crate::schema::Schema;
use crate::weights::{Role, Weights};

/// The network of what was found, for rows of this encoder.
pub(super) fn network(
    walked: &Walked,
    encoder: &Encoder,
    schema: &Schema,
    device: &Device,
) -> Result<Network, ModelError> {
    let shape = Shape::of_rows(schema);
    let architecture = architecture(walked);
    architecture.check()?;
    let mut weights = Weights::initial(&architecture, shape, 0);
    let mut fill = |role: Role, numbers: &[f64]| {
        if let Some(array) = weights.0.get_mut(&role.name()) {
            array.data.iter_mut().zip(numbers).for_each(|(to, number)| *to = *number as f32);
        }
    };
    for (index, block) in walked.blocks.iter().enumerate() {
        let (mut table, mut bias) = (block.table.clone(), block.bias.clone());
        if index == 0 {
            table = standardised(&table, &mut bias, encoder);
        }
        fill(Role::BlockWeight(index), &table);
        fill(Role::BlockBias(index), &bias);
    }
    let mut bias = walked.head.bias.clone();
    let (mean, deviation) = encoder.target_scale().unwrap_or((0.0, 1.0));
    let own = |numbers: Vec<f64>| -> Vec<f64> { numbers.iter().map(|number| number / deviation).collect() };
    for (layer, part) in &walked.head.parts {
        let table = part.dense();
        match layer.checked_sub(1) {
            None => fill(Role::Linear, &own(standardised(&table, &mut bias, encoder))),
            Some(block) => fill(Role::BlockHead(block), &own(table)),
        }
    }
    let bias: Vec<f64> = bias.iter().map(|number| (number - mean) / deviation).collect();
    fill(Role::Bias, &bias);
    Network::from_weights(&architecture, shape, &weights, device)
}

fn architecture(walked: &Walked) -> Architecture {
    let last = walked.blocks.len().saturating_sub(1);
    let block = |(index, found): (usize, &super::walk::FoundBlock)| Block {
        norm: found.norm,
        skip: index != last && walked.head.parts.contains_key(&(index + 1)),
        ..Block::plain(u16::try_from(found.bias.len()).unwrap_or(u16::MAX), found.activation)
    };
    let blocks = walked.blocks.iter().enumerate().map(block).collect();
    Architecture { blocks, ..Architecture::linear(Hyper::default()) }
}

/// A table that takes features, as one that takes encoded rows; their means go into what is added.
fn standardised(table: &[f64], bias: &mut [f64], encoder: &Encoder) -> Vec<f64> {
    let columns = bias.len();
    let mut wider = Vec::with_capacity(encoder.width() * columns);
    for (scale, row) in encoder.scales().zip(table.chunks_exact(columns)) {
        let (mean, deviation) = match scale {
            Scale::Numeric { mean, deviation } => (mean, deviation),
            // Minus one and one stand for zero and one.
            Scale::Boolean | Scale::Categorical { .. } => (0.5, 0.5),
        };
        wider.extend(row.iter().map(|weight| deviation * weight));
        if matches!(scale, Scale::Numeric { .. }) {
            // That it is missing says nothing.
            wider.extend(std::iter::repeat_n(0.0, columns));
        }
        bias.iter_mut().zip(row).for_each(|(sum, weight)| *sum += mean * weight);
    }
    wider
}
