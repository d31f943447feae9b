//! What morphism promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::device::Device;
use crate::image::{Image, ImageBlock, ImageBlockKind, Picture};
use crate::network::Network;
use crate::testing::{
    self, random_architecture, random_block, random_embedding, random_image, random_numbers, random_sequence,
};

/// Twelve numbers of a picture, two others and two labels, and three events before.
const SHAPE: Shape = Shape {
    inputs: 26 + 6 + 3 * 27,
    outputs: 3,
    classification: false,
    context: 2,
    steps: 3,
    picture: Some(PICTURE),
};
/// Three by four places.
const PICTURE: Picture = Picture { first: 1, height: 3, width: 4, channels: 1 };

fn random_weights(architecture: &Architecture, rng: &mut Pcg64) -> Weights {
    testing::random_weights(architecture, SHAPE, 1.0, rng)
}

fn says(architecture: &Architecture, weights: &Weights, rows: &[f32]) -> Vec<f32> {
    Network::from_weights(architecture, SHAPE, weights, &Device::cpu()).unwrap().predict(rows).unwrap()
}

/// A sequence that says what this one says.
fn larger(sequence: Sequence, rng: &mut Pcg64) -> Sequence {
    match sequence {
        Sequence::None => random_sequence(rng),
        Sequence::Attention(units) => Sequence::Attention(units + rng.random_range(1..4)),
        Sequence::Gru(units) => Sequence::Gru(units + rng.random_range(1..4)),
        Sequence::Conv1d { units, kernel } => {
            let kernel = (kernel + rng.random_range(0..2)).min(crate::sequence::KERNEL_MAX);
            Sequence::Conv1d { units: units + rng.random_range(0..4), kernel }
        }
    }
}

/// An image that says what this one says.
fn more(image: &Image, rng: &mut Pcg64) -> Image {
    let Image::Conv(mut of) = image.clone() else { return random_image(3, rng) };
    of.units += rng.random_range(0..3);
    for kernel in of.blocks.iter_mut().map(|block| &mut block.kernel).chain([&mut of.kernel]) {
        *kernel = (*kernel + 2 * rng.random_range(0..2)).min(crate::image::KERNEL_MAX);
    }
    if of.blocks.len() < crate::image::BLOCKS_MAX && rng.random() {
        of.blocks.push(ImageBlock { kind: ImageBlockKind::ALL[rng.random_range(0..2)], kernel: 3 });
    }
    Image::Conv(of)
}

fn random_growth(architecture: &Architecture, rng: &mut Pcg64) -> Morphism {
    if architecture.blocks.is_empty() || rng.random_range(0..3) == 0 {
        return Morphism::Deepen { block: random_block(rng) };
    }
    let block = rng.random_range(0..architecture.blocks.len());
    let from = architecture.blocks[block].width() as u16;
    let kind = architecture.blocks[block].kind;
    match rng.random_range(0..14) {
        11..=13 => {
            let from = architecture.image.clone();
            let to = more(&from, rng);
            Morphism::SetImage { from, to }
        }
        9 | 10 => {
            Morphism::SetSequence { from: architecture.sequence, to: larger(architecture.sequence, rng) }
        }
        8 if architecture.committee <= 4 => {
            let from = architecture.committee;
            Morphism::SetCommittee { from, to: 2 * from }
        }
        7 => Morphism::SetExits { exits: true },
        6 if architecture.embedding == Embedding::None => {
            Morphism::SetEmbedding { from: Embedding::None, to: random_embedding(rng) }
        }
        5 => Morphism::SetContext { from: architecture.context, to: 2 },
        4 if kind == BlockKind::Dense => Morphism::SetKind { block, from: kind, to: BlockKind::Gated },
        0 => Morphism::SetSkip { block, skip: true },
        1 => Morphism::SetDropout { block, dropout: 0.5 },
        _ => Morphism::Widen { block, from, to: from + rng.random_range(1..8) },
    }
}

proptest! {
    #[test]
    fn growth_changes_nothing_a_network_says(seed: u64) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut architecture = random_architecture(&mut rng);
        let mut weights = random_weights(&architecture, &mut rng);
        let rows = random_numbers(8 * SHAPE.inputs, 3.0, &mut rng);
        let before = says(&architecture, &weights, &rows);
        for _ in 0..4 {
            let growth = random_growth(&architecture, &mut rng);
            prop_assert!(growth.preserves_function());
            weights = growth.inherit(&architecture, SHAPE, &weights, &mut rng);
            architecture = growth.apply(&architecture);
            for (before, after) in before.iter().zip(says(&architecture, &weights, &rows)) {
                prop_assert!((before - after).abs() <= 1e-5 * before.abs().max(1.0), "{growth}: {before}, {after}");
            }
        }
    }

    #[test]
    fn a_path_leads_from_any_network_to_any_other(seed: u64) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let (mut from, mut to) = (random_architecture(&mut rng), random_architecture(&mut rng));
        from.context = rng.random_range(0..3);
        [from.sequence, to.sequence] = [random_sequence(&mut rng), random_sequence(&mut rng)];
        [from.image, to.image] = [random_image(3, &mut rng), random_image(3, &mut rng)];
        to.hyper.batch = rng.random_range(1..3);
        to.context = rng.random_range(0..3);
        let mut architecture = from.clone();
        let mut weights = random_weights(&from, &mut rng);
        for morphism in Morphism::path(&from, &to) {
            weights = morphism.inherit(&architecture, SHAPE, &weights, &mut rng);
            architecture = morphism.apply(&architecture);
            prop_assert!(weights.flatten(&architecture, SHAPE).is_ok(), "{morphism}");
        }
        prop_assert_eq!(architecture.without_groups(), to.without_groups());
        prop_assert!(Morphism::path(&to, &to).is_empty());
    }
}

fn two_blocks() -> Architecture {
    let blocks = vec![Block::plain(4, Activation::Relu), Block::plain(2, Activation::Gelu)];
    Architecture { blocks, ..Architecture::linear(Hyper::default()) }
}

#[test]
fn shrinking_keeps_the_units_with_the_largest_outgoing_weights() {
    let architecture = two_blocks();
    let mut weights = random_weights(&architecture, &mut Pcg64::seed_from_u64(1));
    weights.0.get_mut("block01.weight").unwrap().data = vec![0.1, 0.0, 3.0, 0.0, 0.0, -0.2, 0.0, -4.0];
    let shrink = Morphism::Shrink { block: 0, from: 4, to: 2 };
    let after = shrink.inherit(&architecture, SHAPE, &weights, &mut Pcg64::seed_from_u64(1));
    assert_eq!(after.0["block01.weight"].data, [3.0, 0.0, 0.0, -4.0]);
    let bias = &weights.0["block00.bias"].data;
    assert_eq!(after.0["block00.bias"].data, [bias[1], bias[3]]);
}

#[test]
fn shrinking_away_what_widening_added_changes_nothing() {
    let architecture = two_blocks();
    let mut rng = Pcg64::seed_from_u64(1);
    let weights = random_weights(&architecture, &mut rng);
    let widen = Morphism::Widen { block: 0, from: 4, to: 9 };
    let wide = widen.inherit(&architecture, SHAPE, &weights, &mut rng);
    let shrink = Morphism::Shrink { block: 0, from: 9, to: 4 };
    assert_eq!(shrink.inherit(&widen.apply(&architecture), SHAPE, &wide, &mut rng), weights);
}

#[test]
fn new_units_start_random_inside_and_silent_outside() {
    let architecture = two_blocks();
    let mut rng = Pcg64::seed_from_u64(1);
    let weights = random_weights(&architecture, &mut rng);
    let widen = Morphism::Widen { block: 1, from: 2, to: 3 };
    let tables = [&weights, &weights, &weights];
    let kept = widen.kept(&architecture, SHAPE, tables[0], None);
    let [after, first, second] = widen.inherit_trained(&architecture, SHAPE, tables, &kept, &mut rng);
    let incoming =
        |weights: &Weights| weights.0["block01.weight"].data.chunks(3).map(|row| row[2]).collect::<Vec<_>>();
    assert!(incoming(&after).iter().all(|weight| *weight != 0.0));
    assert_eq!(incoming(&first), [0.0; 4]);
    let old = weights.0["block01.weight"].data.chunks(2).map(|row| f32::midpoint(row[0], row[1]));
    assert_eq!(incoming(&second), old.collect::<Vec<_>>(), "as the old units have on average");
    assert_eq!(after.0["block01.head"].data[6..], [0.0; 3]);
}

#[test]
fn removing_uncovers_the_way_to_the_head_the_block_before_kept() {
    let architecture = two_blocks();
    let mut rng = Pcg64::seed_from_u64(1);
    let weights = random_weights(&architecture, &mut rng);
    let rows = random_numbers(2 * SHAPE.inputs, 1.0, &mut rng);
    let deepen = Morphism::Deepen { block: Block::plain(5, Activation::Tanh) };
    let deep = deepen.inherit(&architecture, SHAPE, &weights, &mut rng);
    let back = Morphism::Remove.inherit(&deepen.apply(&architecture), SHAPE, &deep, &mut rng);
    assert_eq!(Morphism::Remove.apply(&deepen.apply(&architecture)), architecture);
    assert_eq!(says(&architecture, &back, &rows), says(&architecture, &weights, &rows));
}

#[test]
fn what_is_new_of_the_labels_starts_silent_and_what_goes_leaves_the_rest() {
    let architecture = two_blocks();
    let mut rng = Pcg64::seed_from_u64(1);
    let weights = random_weights(&architecture, &mut rng);
    let more = Morphism::SetContext { from: 0, to: 1 };
    let kept = more.kept(&architecture, SHAPE, &weights, None);
    let tables = [&weights, &weights, &weights];
    let [after, first, second] = more.inherit_trained(&architecture, SHAPE, tables, &kept, &mut rng);
    for table in ["linear", "block00.weight"] {
        let old = &weights.0[table];
        let new = |weights: &Weights| weights.0[table].data[old.data.len()..].to_vec();
        assert_eq!(after.0[table].data[..old.data.len()], old.data);
        assert!(new(&after).iter().chain(&new(&first)).all(|number| *number == 0.0));
        let mean = old.data.iter().step_by(old.shape[1]).sum::<f32>() / old.shape[0] as f32;
        assert!((new(&second)[0] - mean).abs() < 1e-6, "as the old inputs have on average");
    }
    let fewer = Morphism::SetContext { from: 1, to: 0 };
    assert_eq!(fewer.inherit(&more.apply(&architecture), SHAPE, &after, &mut rng), weights);
    assert!(more.preserves_function() && !fewer.preserves_function());
}

#[test]
fn reads_well() {
    let mut to = two_blocks();
    to.blocks[0].groups = vec![8];
    to.blocks[0].skip = true;
    to.blocks[1] = Block { norm: Norm::Layer, dropout: 0.1, ..Block::plain(1, Activation::Silu) };
    to.hyper.batch = 4;
    to.context = 1;
    to.exits = true;
    to.committee = 4;
    let path: Vec<String> = Morphism::path(&two_blocks(), &to).iter().map(ToString::to_string).collect();
    assert_eq!(
        path,
        [
            "learn by adamw 0.003 batch 4",
            "see the last label",
            "answer as a committee of 4",
            "widen block 1 from 4 to 8",
            "activate block 2 by silu",
            "set the norm of block 2 to layer",
            "set the dropout of block 2 to 0.1",
            "shrink block 2 from 2 to 1",
            "let block 1 skip to the head",
            "answer at every depth",
        ]
    );
    assert_eq!(Morphism::path(&two_blocks(), &Architecture::linear(to.hyper))[1], Morphism::Remove);
}

#[test]
fn a_block_of_another_kind_starts_with_what_still_means_the_same() {
    let architecture = two_blocks();
    let mut rng = Pcg64::seed_from_u64(1);
    let weights = random_weights(&architecture, &mut rng);
    let gate = Morphism::SetKind { block: 0, from: BlockKind::Dense, to: BlockKind::Gated };
    assert_eq!(gate.to_string(), "make block 1 gated");
    let gated = gate.inherit(&architecture, SHAPE, &weights, &mut rng);
    assert!(weights.0.iter().all(|(name, table)| gated.0[name] == *table));
    assert!(gated.0["block00.gate"].data.iter().all(|weight| *weight == 0.0));

    let keep = Morphism::SetKind { block: 0, from: BlockKind::Dense, to: BlockKind::Residual };
    assert!(!keep.preserves_function());
    let residual = keep.inherit(&architecture, SHAPE, &weights, &mut rng);
    assert_eq!(residual.0["block00.weight"], weights.0["block00.weight"]);
    assert!(residual.0["block01.weight"].data.iter().all(|weight| *weight != 0.0), "it begins anew");
}

#[test]
fn says_which_changes_need_a_teacher() {
    let needs =
        |to: &Architecture| Morphism::path(&two_blocks(), to).iter().any(|step| !step.preserves_function());
    let mut deeper = two_blocks();
    deeper.blocks.push(Block::plain(8, Activation::Relu));
    deeper.blocks[1].skip = true;
    assert!(!needs(&deeper));
    deeper.blocks[1].skip = false;
    assert!(needs(&deeper));
    assert!(needs(&Architecture::linear(Hyper::default())));
}
