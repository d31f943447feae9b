//! What slices promise: each is the network it stands for, and all have had their turn.

#![allow(clippy::unwrap_used, reason = "tests may")]

use candle_core::Tensor;
use proptest::prelude::*;
use rand::RngExt;

use super::*;
use crate::architecture::{Activation, BlockKind, Hyper};
use crate::device::Device;
use crate::embedding::View;
use crate::image::Picture;
use crate::layers::{Layers, Silent};
use crate::learner::Learner;
use crate::network::Network;
use crate::sequence::Sequence;
use crate::tensors::past_of;
use crate::testing::{random_elastic, random_image, random_numbers, random_sequence, random_weights};

fn shape(steps: usize) -> Shape {
    let picture = Some(Picture { first: 0, height: 2, width: 2, channels: 1 });
    Shape { inputs: 10 + 3 + steps * 11, outputs: 3, classification: true, context: 1, steps, picture }
}

/// What the whole network says with all units silent but these first ones of each block.
fn masked(
    whole: &Architecture,
    kept: &[usize],
    shape: Shape,
    weights: &Weights,
    encoded: &[f32],
) -> Vec<f32> {
    let (view, device) = (View::new(whole, shape), candle_core::Device::Cpu);
    let rows = view.rows(encoded);
    let mut seen = vec![0.0; rows * view.width()];
    view.see_all(encoded, &mut seen);
    let flat = weights.flatten(whole, shape).unwrap();
    let flat = Tensor::from_slice(&flat, flat.len(), &device).unwrap();
    let mask = |block: usize| {
        let width = whole.blocks[block].width();
        let row = (0..width).map(|unit| if unit < kept[block] { 1.0_f32 } else { 0.0 });
        let mask: Vec<f32> = std::iter::repeat_n(row, rows).flatten().collect();
        Some(Tensor::from_vec(mask, (rows, width), &device).unwrap())
    };
    let streams = whole.streams_of_units().into_iter().enumerate();
    let silent: Vec<Silent> = streams
        .map(|(block, stream)| Silent { units: mask(block), leaving: stream.and_then(mask) })
        .collect();
    let past = (whole.sequence != Sequence::None).then(|| {
        let past = past_of(whole, shape, encoded);
        Tensor::from_vec(past, (rows, shape.steps, shape.step()), &device).unwrap()
    });
    let seen = Tensor::from_vec(seen, (rows, view.width()), &device).unwrap();
    let trace = Layers::view(&flat, whole, shape).unwrap();
    let trace = trace.forward(whole, &seen, past.as_ref(), &silent).unwrap();
    let mut said: Vec<f32> = trace.logits[0].flatten_all().unwrap().to_vec1().unwrap();
    said.chunks_exact_mut(shape.outputs).for_each(crate::loss::softmax);
    said
}

fn apart(a: &[f32], b: &[f32]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn a_slice_taken_out_says_what_it_says_within(seed: u64, steps in 0_usize..3) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let shape = shape(steps);
        let sequence = if steps > 0 { random_sequence(&mut rng) } else { Sequence::None };
        let context = rng.random_range(0..=1);
        let image = random_image(2, &mut rng);
        let whole = Architecture { context, sequence, image, ..random_elastic(&mut rng) };
        let weights = random_weights(&whole, shape, 0.5, &mut rng);
        let encoded = random_numbers(7 * shape.inputs, 1.0, &mut rng);
        let network = Network::from_weights(&whole, shape, &weights, &Device::cpu()).unwrap();
        let all: Vec<usize> = whole.blocks.iter().map(Block::width).collect();
        let off = apart(&network.predict(&encoded).unwrap(), &masked(&whole, &all, shape, &weights, &encoded));
        prop_assert!(off < 2e-5, "whole {}: off by {}", whole, off);
        for slice in Slice::all(&whole) {
            let alone = network.sliced(slice).unwrap();
            prop_assert_eq!(alone.architecture(), &slice.of(&whole));
            let within = masked(&whole, &slice.units(&whole), shape, &weights, &encoded);
            let off = apart(&alone.predict(&encoded).unwrap(), &within);
            prop_assert!(off < 2e-5, "{} of {}: off by {}", slice.of(&whole), whole, off);
        }
    }

    #[test]
    fn slices_are_smaller_and_differ(seed: u64) {
        let whole = random_elastic(&mut Pcg64::seed_from_u64(seed));
        let slices: Vec<Architecture> = Slice::all(&whole).iter().map(|slice| slice.of(&whole)).collect();
        let parameters = |of: &Architecture| crate::cost::Cost::of(of, shape(0)).parameters;
        prop_assert!(slices[0].blocks.is_empty());
        for (at, slice) in slices.iter().enumerate() {
            prop_assert!(parameters(slice) < parameters(&whole), "{}", slice);
            prop_assert!(!slices[..at].contains(slice), "{}", slice);
            prop_assert!(slice.check().is_ok());
            prop_assert_eq!(Slice::between(&whole, slice), Some(Slice::all(&whole)[at]));
        }
    }

    #[test]
    fn every_slice_has_as_many_turns_as_any_other(slices in 2_usize..40, steps in 0_u64..200) {
        let mut count = vec![0; slices];
        for step in 0..steps {
            for turn in turns(slices, step) {
                count[turn] += 1;
            }
        }
        prop_assert_eq!(count[0], steps);
        let (least, most) = (count[1..].iter().min().unwrap(), count[1..].iter().max().unwrap());
        prop_assert!(most - least <= 1, "{:?}", count);
    }
}

fn whole() -> Architecture {
    let hyper = Hyper { elastic: true, step_size: 0.01, ..Hyper::default() };
    let residual = Block { kind: BlockKind::Residual, ..Block::plain(8, Activation::Tanh) };
    let blocks = vec![Block::plain(32, Activation::Relu), residual];
    Architecture { blocks, ..Architecture::linear(hyper) }
}

/// Rows whose class is whether they lie within a circle: a linear path alone does not see it.
fn circle(rows: usize, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let encoded = random_numbers(2 * rows, 2.0, &mut rng);
    let goal = |row: &[f32]| f32::from(u8::from(row[0] * row[0] + row[1] * row[1] < 2.0));
    let goals = encoded.chunks_exact(2).map(goal).collect();
    (encoded, goals)
}

fn right(network: &Network, (encoded, goals): &(Vec<f32>, Vec<f32>)) -> f64 {
    let said = network.predict(encoded).unwrap();
    let right = said.chunks_exact(2).zip(goals).filter(|(said, goal)| (said[1] > 0.5) == (**goal > 0.5));
    right.count() as f64 / goals.len() as f64
}

#[test]
fn slices_of_an_elastic_network_know_what_others_do_not() {
    let shape = Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
    let ((encoded, goals), unseen) = (circle(3_000, 1), circle(1_000, 2));
    let learned = |elastic| {
        let hyper = Hyper { elastic, ..whole().hyper };
        let mut learner =
            Learner::new(&Architecture { hyper, ..whole() }, shape, &[], &Device::cpu(), 3).unwrap();
        learner.learn(&encoded, &goals).unwrap();
        learner.freeze().unwrap()
    };
    let (elastic, stiff) = (learned(true), learned(false));
    let half = Slice { depth: 1, parts: 2 };
    let cut = |network: &Network| {
        let weights = half.weights(&whole(), shape, &network.weights().unwrap());
        Network::from_weights(&half.of(&whole()), shape, &weights, &Device::cpu()).unwrap()
    };
    assert!(right(&elastic, &unseen) > 0.95 && right(&stiff, &unseen) > 0.95);
    assert!(right(&cut(&elastic), &unseen) > 0.9, "{}", right(&cut(&elastic), &unseen));
    assert!(right(&cut(&stiff), &unseen) < 0.8, "{}", right(&cut(&stiff), &unseen));
}

#[test]
fn a_slice_goes_on_with_its_moments() {
    let shape = Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
    let (encoded, goals) = circle(500, 1);
    let mut learner = Learner::new(&whole(), shape, &[], &Device::cpu(), 3).unwrap();
    learner.learn(&encoded, &goals).unwrap();
    let slice = Slice { depth: 1, parts: 3 };
    let mut alone = learner.inherit(&slice.of(&whole()), 7).unwrap();
    assert_eq!(alone.steps(), learner.steps());
    let said = alone.predict(&encoded).unwrap();
    assert!(
        apart(&said, &learner.freeze().unwrap().sliced(slice).unwrap().predict(&encoded).unwrap()) < 1e-5
    );
    let (before, after) = (learner.state().unwrap(), alone.state().unwrap());
    for (before, after) in before.moments.iter().zip(&after.moments) {
        assert_eq!(after.0["block00.bias"].data, before.0["block00.bias"].data[..24]);
    }
    alone.learn(&encoded, &goals).unwrap();
}

#[test]
fn a_norm_is_kept_with_its_group() {
    let grouped = |groups: Vec<u16>| Block { groups, norm: Norm::Layer, ..Block::plain(1, Activation::Relu) };
    let of = |groups: Vec<u16>| {
        let whole = Architecture { blocks: vec![grouped(groups)], ..whole() };
        let slices = Slice::all(&whole).into_iter().map(|slice| slice.of(&whole));
        slices.filter_map(|slice| Some(slice.blocks.first()?.width())).collect::<Vec<_>>()
    };
    assert_eq!(of(vec![64]), [0; 0]);
    assert_eq!(of(vec![16, 16, 32]), [16, 32]);
    assert_eq!(of(vec![8, 4, 4]), [8, 12]);
}

#[test]
fn networks_with_several_answers_or_none_to_cut_have_no_slices() {
    let several = [
        Architecture { exits: true, ..whole() },
        Architecture { committee: 2, ..whole() },
        Architecture { blocks: Vec::new(), ..whole() },
        Architecture { hyper: Hyper::default(), ..whole() },
    ];
    for architecture in several {
        assert_eq!(Slice::all(&architecture), []);
        assert!(!architecture.canonical().hyper.elastic);
    }
}

#[test]
fn a_saved_one_goes_on_with_the_turns_that_were_due() {
    let shape = Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
    let (encoded, goals) = circle(400, 1);
    let mut learner = Learner::new(&whole(), shape, &[], &Device::cpu(), 3).unwrap();
    learner.learn(&encoded[..402], &goals[..201]).unwrap();
    let mut restored = Learner::restore(learner.state().unwrap(), &Device::cpu()).unwrap();
    for learner in [&mut learner, &mut restored] {
        learner.learn(&encoded[402..], &goals[201..]).unwrap();
    }
    assert_eq!(restored.state().unwrap(), learner.state().unwrap());
}
