//! What cost promises, held by examples and properties.

use super::*;
use crate::architecture::{Activation, Block, Hyper};

#[test]
fn counts_each_weight_once() {
    let mut blocks = vec![Block::plain(8, Activation::Relu), Block::plain(4, Activation::Tanh)];
    let shape = Shape { inputs: 3, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
    let cost = |blocks: &[Block]| {
        Cost::of(&Architecture { blocks: blocks.to_vec(), ..Architecture::linear(Hyper::default()) }, shape)
    };
    let plain = cost(&blocks);
    assert_eq!(plain.macs, 3 * 2 + 3 * 8 + 8 * 4 + 4 * 2);
    assert_eq!(plain.parameters, plain.macs + 2 + 8 + 4);
    assert_eq!(plain.bytes, 4 * plain.parameters);
    blocks[0].skip = true;
    assert_eq!(cost(&blocks).parameters, plain.parameters + 8 * 2);
}

#[test]
fn a_committee_runs_what_it_shares_once_a_voice() {
    let shape = Shape { inputs: 3, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
    let alone = Architecture {
        blocks: vec![Block::plain(8, Activation::Relu); 2],
        exits: true,
        ..Architecture::linear(Hyper::default())
    };
    let one = Cost::of(&alone, shape);
    let four = Cost::of(&Architecture { committee: 4, ..alone }, shape);
    assert_eq!(four.macs, 4 * (one.macs + 3), "an adapter each");
    let own = 2 + 3 * 2 + 8 * 2;
    assert_eq!(four.parameters, one.parameters + 3 * own + 4 * 3, "what they share is kept once, trust too");
}
