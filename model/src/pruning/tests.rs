//! What pruning promises, held by examples.

#![allow(clippy::unwrap_used, reason = "tests may")]

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Block, Hyper, Norm};
use crate::device::Device;
use crate::growth::{Growth, WINDOW_ROWS_MIN};
use crate::learner::Learner;
use crate::testing::random_numbers;
use crate::weights::Weights;

const SHAPE: Shape =
    Shape { inputs: 3, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn network(norm: Norm, seed: u64) -> Network {
    let first = Block { norm, skip: true, ..Block::plain(4, Activation::Relu) };
    let architecture = Architecture {
        blocks: vec![first, Block::plain(3, Activation::Tanh)],
        ..Architecture::linear(Hyper::default())
    };
    let weights = Weights::random(&architecture, SHAPE, seed);
    Network::from_weights(&architecture, SHAPE, &weights, &Device::cpu()).unwrap()
}

fn rows(seed: u64) -> (Vec<f32>, Vec<f32>) {
    let encoded = random_numbers(WINDOW_ROWS_MIN * SHAPE.inputs, 2.0, &mut Pcg64::seed_from_u64(seed));
    let goals = encoded.chunks(SHAPE.inputs).map(|row| f32::from(u8::from(row[0] > row[1]))).collect();
    (encoded, goals)
}

/// What scaling a unit's outgoing weights does to the loss of one row.
fn change(network: &Network, unit: usize, by: f32, row: &[f32], goal: f32) -> f32 {
    let mut weights = network.weights().unwrap();
    for name in ["block00.head", "block01.weight"] {
        let table = weights.0.get_mut(name).unwrap();
        let columns = table.shape[1];
        table.data[unit * columns..(unit + 1) * columns].iter_mut().for_each(|weight| *weight *= 1.0 + by);
    }
    let scaled = Network::from_weights(network.architecture(), SHAPE, &weights, &Device::cpu()).unwrap();
    scaled.tensors().unwrap().probe(row, &[goal], &[]).unwrap().unwrap().loss
}

#[test]
fn a_score_is_how_fast_the_loss_changes_as_the_unit_fades() {
    let (encoded, goals) = rows(1);
    for (norm, seed) in [(Norm::None, 2), (Norm::Layer, 3)] {
        let network = network(norm, seed);
        let scores = taylor_scores(&network, 0, Window { encoded: &encoded, goals: &goals }, &[]).unwrap();
        for (unit, score) in scores.iter().enumerate() {
            let changes = encoded.chunks(SHAPE.inputs).zip(&goals).map(|(row, goal)| {
                let at = |by| change(&network, unit, by, row, *goal);
                ((at(1e-2) - at(-1e-2)) / 2e-2).abs()
            });
            let mean = changes.sum::<f32>() / goals.len() as f32;
            assert!((score - mean).abs() < 1e-2 * mean.max(0.1), "{norm:?} unit {unit}: {score}, {mean}");
        }
    }
}

#[test]
fn a_silent_unit_scores_nothing_and_goes_first_although_its_weights_are_large() {
    let architecture = Architecture {
        blocks: vec![Block::plain(3, Activation::Relu)],
        ..Architecture::linear(Hyper::default())
    };
    let mut weights = Weights::random(&architecture, SHAPE, 5);
    weights.0.get_mut("block00.bias").unwrap().data = vec![0.0, -100.0, 0.0];
    weights.0.get_mut("block00.head").unwrap().data = vec![0.5, -0.5, 9.0, -9.0, 0.4, -0.4];
    let network = Network::from_weights(&architecture, SHAPE, &weights, &Device::cpu()).unwrap();
    let (encoded, goals) = rows(6);
    let window = Window { encoded: &encoded, goals: &goals };
    let scores = taylor_scores(&network, 0, window, &[]).unwrap();
    assert!(scores[1] == 0.0 && scores[0] > 0.0 && scores[2] > 0.0, "{scores:?}");

    let learner = Learner::from_network(&network, &[], 1).unwrap();
    let small = Architecture { blocks: vec![Block::plain(2, Activation::Relu)], ..architecture };
    let moved = |small: &Learner| {
        let (before, after) = (learner.predict(&encoded).unwrap(), small.predict(&encoded).unwrap());
        before.iter().zip(&after).map(|(before, after)| (before - after).abs()).fold(0.0, f32::max)
    };
    assert!(moved(&learner.grow(&small, window, Growth::default(), 1).unwrap()) < 1e-5);
    assert!(moved(&learner.inherit(&small, 1).unwrap()) > 0.01, "by weight another one goes");
}

#[test]
fn a_block_that_is_not_there_has_no_scores() {
    let (encoded, goals) = rows(1);
    let window = Window { encoded: &encoded, goals: &goals };
    assert!(taylor_scores(&network(Norm::None, 1), 7, window, &[]).unwrap().is_empty());
}
