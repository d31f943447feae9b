//! What growth promises, held by examples, properties and one seeded comparison.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Architecture, Block, Hyper};
use crate::cost::Shape;
use crate::device::Device;
use crate::learner::Learner;
use crate::testing::{random_architecture, random_block, random_numbers};
use crate::weights::Weights;

const SHAPE: Shape =
    Shape { inputs: 4, outputs: 3, classification: true, context: 0, steps: 0, picture: None };

/// Rows whose class is the larger of two products, after which `shift` numbers the classes.
fn examples(count: usize, shift: usize, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let rows = random_numbers(count * SHAPE.inputs, 1.7, &mut Pcg64::seed_from_u64(seed));
    let class = |row: &[f32]| {
        let (left, right) = (row[0] * row[1], row[2] * row[3]);
        let class = if left.abs().max(right.abs()) < 0.3 { 2 } else { usize::from(right > left) };
        ((class + shift) % 3) as f32
    };
    let goals = rows.chunks(SHAPE.inputs).map(class).collect();
    (rows, goals)
}

fn trained(architecture: &Architecture, rows: usize, seed: u64) -> Learner {
    let mut learner = Learner::new(architecture, SHAPE, &[], &Device::cpu(), seed).unwrap();
    let (encoded, goals) = examples(rows, 0, seed);
    learner.learn(&encoded, &goals).unwrap();
    learner
}

fn loss(learner: &Learner, encoded: &[f32], goals: &[f32]) -> f64 {
    let said = learner.predict(encoded).unwrap();
    let losses = said.chunks(SHAPE.outputs).zip(goals).map(|(row, goal)| -row[*goal as usize].max(1e-7).ln());
    losses.map(f64::from).sum::<f64>() / goals.len() as f64
}

fn grown(architecture: &Architecture, rng: &mut Pcg64) -> Architecture {
    let mut to = architecture.clone();
    if to.blocks.is_empty() || rng.random() {
        if let Some(last) = to.blocks.last_mut() {
            last.skip = true;
        }
        to.blocks.push(Block { skip: false, ..random_block(rng).without_groups() });
    } else {
        let at = rng.random_range(0..to.blocks.len());
        to.blocks[at].groups.push(rng.random_range(2..=9));
    }
    to
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn no_way_of_growing_changes_what_a_network_says(seed: u64) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let architecture = random_architecture(&mut rng);
        let parent = trained(&architecture, 200, seed);
        let to = grown(&architecture, &mut rng);
        let (encoded, goals) = examples(WINDOW_ROWS_MIN + 16, 0, seed ^ 1);
        let before = parent.predict(&encoded).unwrap();
        let loss_before = loss(&parent, &encoded, &goals);
        for growth in Growth::ALL {
            let mut child = parent.grow(&to, Window { encoded: &encoded, goals: &goals }, growth, seed).unwrap();
            for (before, after) in before.iter().zip(child.predict(&encoded).unwrap()) {
                prop_assert!((before - after).abs() <= 1e-5, "{growth:?}: {before}, {after}");
            }
            let loss_after = loss(&child, &encoded, &goals);
            prop_assert!((loss_after - loss_before).abs() <= 1e-4 * loss_before, "{growth:?} to {to}");
            // Moments are carried: the next step of a grown network goes where its parent would have gone.
            child.learn(&encoded[..SHAPE.inputs], &goals[..1]).unwrap();
            let stepped = loss(&child, &encoded, &goals);
            prop_assert!(stepped <= 1.1 * loss_before + 0.05, "{growth:?} to {to}: {loss_before}, {stepped}");
        }
    }
}

#[test]
fn the_same_seed_grows_the_same() {
    let architecture = Architecture {
        blocks: vec![Block::plain(6, Activation::Relu)],
        ..Architecture::linear(Hyper::default())
    };
    let to = Architecture { blocks: vec![Block::plain(12, Activation::Relu)], ..architecture.clone() };
    let parent = trained(&architecture, 300, 1);
    let (encoded, goals) = examples(200, 1, 2);
    let window = Window { encoded: &encoded, goals: &goals };
    for growth in Growth::ALL {
        let grow = |seed| parent.grow(&to, window, growth, seed).unwrap().state().unwrap();
        assert_eq!(grow(3), grow(3), "{growth:?}");
        assert_ne!(grow(3).weights(), grow(4).weights(), "{growth:?}");
    }
}

#[test]
fn few_rows_and_norms_leave_units_random() {
    let architecture = Architecture {
        blocks: vec![Block::plain(6, Activation::Relu)],
        ..Architecture::linear(Hyper::default())
    };
    let parent = trained(&architecture, 300, 1);
    let (encoded, goals) = examples(WINDOW_ROWS_MIN, 1, 2);
    let few = Window { encoded: &encoded[..SHAPE.inputs * 8], goals: &goals[..8] };
    let wide = Architecture { blocks: vec![Block::plain(12, Activation::Relu)], ..architecture.clone() };
    let random = parent.inherit(&wide, 7).unwrap().state().unwrap();
    assert_eq!(parent.grow(&wide, few, Growth::Tiny, 7).unwrap().state().unwrap(), random);
    let normed = Block { norm: Norm::Layer, ..Block::plain(12, Activation::Relu) };
    let deep =
        Architecture { blocks: vec![Block { skip: true, ..architecture.blocks[0].clone() }, normed], ..wide };
    let window = Window { encoded: &encoded, goals: &goals };
    for growth in Growth::ALL {
        let grown = parent.grow(&deep, window, growth, 7).unwrap();
        assert_eq!(grown.state().unwrap(), parent.inherit(&deep, 7).unwrap().state().unwrap(), "{growth:?}");
    }
    let lopsided = Window { encoded: &encoded[1..], goals: &goals };
    assert!(parent.grow(&deep, lopsided, Growth::Tiny, 7).is_err());
}

#[test]
fn gradmax_gives_new_weights_a_larger_gradient_than_other_ways_out_of_that_length() {
    let architecture = Architecture {
        blocks: vec![Block::plain(6, Activation::Tanh)],
        ..Architecture::linear(Hyper::default())
    };
    let to = Architecture { blocks: vec![Block::plain(8, Activation::Tanh)], ..architecture.clone() };
    let parent = trained(&architecture, 300, 1);
    let (encoded, goals) = examples(WINDOW_ROWS_MAX, 1, 2);
    let gradient = |way: Option<[f32; 3]>| {
        let window = Window { encoded: &encoded, goals: &goals };
        let child = parent.grow(&to, window, Growth::GradMax, 3).unwrap().freeze().unwrap();
        let mut weights = child.weights().unwrap();
        if let Some(way) = way {
            let head = &mut weights.0.get_mut("block00.head").unwrap().data;
            let length = head[18..21].iter().map(|part| part * part).sum::<f32>().sqrt();
            for (at, part) in way.iter().enumerate() {
                (head[18 + at], head[21 + at]) = (part * length, -part * length);
            }
        }
        let network = Network::from_weights(&to, SHAPE, &weights, &Device::cpu()).unwrap();
        let gradient = network.tensors().unwrap().probe(&encoded, &goals, &[]).unwrap().unwrap().gradient;
        // Bias, linear, then what enters the block: units by rows, the new ones last.
        let incoming = gradient[3 + 12..3 + 12 + 32].chunks(8).flat_map(|row| &row[6..]);
        let bias = &gradient[3 + 12 + 32 + 6..3 + 12 + 32 + 8];
        incoming.chain(bias).map(|slope| slope * slope).sum::<f32>()
    };
    let best = gradient(None);
    assert!(best > 0.0);
    let root = std::f32::consts::FRAC_1_SQRT_2;
    for way in [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [root, -root, 0.0], [0.0, root, -root]] {
        assert!(gradient(Some(way)) <= best * 1.01, "{way:?}");
    }
}

#[test]
fn a_single_unit_does_what_the_network_does_with_it() {
    let rows = random_numbers(40, 3.0, &mut Pcg64::seed_from_u64(5));
    for activation in Activation::ALL {
        let one = Architecture {
            blocks: vec![Block::plain(1, activation)],
            ..Architecture::linear(Hyper::default())
        };
        let shape =
            Shape { inputs: 1, outputs: 1, classification: false, context: 0, steps: 0, picture: None };
        let mut weights = Weights::initial(&one, shape, 1);
        weights.0.get_mut("block00.weight").unwrap().data = vec![1.0];
        let network = Network::from_weights(&one, shape, &weights, &Device::cpu()).unwrap();
        let seen =
            network.tensors().unwrap().probe(&rows, &vec![0.0; rows.len()], &[]).unwrap().unwrap().hidden;
        for (sum, seen) in rows.iter().zip(&seen[0]) {
            let (value, slope) = tiny::activate(activation, *sum);
            assert!((value - seen).abs() < 1e-5, "{activation:?} of {sum}: {value}, {seen}");
            let nearby = |by: f32| tiny::activate(activation, sum + by).0;
            assert!((slope - (nearby(1e-2) - nearby(-1e-2)) / 2e-2).abs() < 1e-2, "{activation:?} at {sum}");
        }
    }
}

/// The comparison of `benches/growth.rs` in small: after a drift, over the next rows, paired by seed.
#[test]
fn chosen_units_beat_random_ones_after_a_drift() {
    const SEEDS: u64 = 10;
    let block = |width| Block::plain(width, Activation::Relu);
    let architecture =
        |width| Architecture { blocks: vec![block(width)], ..Architecture::linear(Hyper::default()) };
    let after = |parent: &Learner, growth, seed: u64| {
        let (encoded, goals) = examples(WINDOW_ROWS_MAX, 1, seed + 100);
        let window = Window { encoded: &encoded, goals: &goals };
        let mut child = parent.grow(&architecture(16), window, growth, seed).unwrap();
        let (encoded, goals) = examples(1_000, 1, seed + 200);
        let mut sum = 0.0;
        for (row, goal) in encoded.chunks(SHAPE.inputs).zip(&goals) {
            sum += loss(&child, row, &[*goal]);
            child.learn(row, &[*goal]).unwrap();
        }
        sum / goals.len() as f64
    };
    let differences: Vec<f64> = (0..SEEDS)
        .map(|seed| {
            let mut parent = trained(&architecture(8), 1_000, seed);
            let (encoded, goals) = examples(WINDOW_ROWS_MAX, 1, seed + 100);
            parent.learn(&encoded, &goals).unwrap();
            after(&parent, Growth::Tiny, seed) - after(&parent, Growth::Random, seed)
        })
        .collect();
    let mean = differences.iter().sum::<f64>() / SEEDS as f64;
    let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
    let reach = 2.262 * (squares / (SEEDS - 1) as f64 / SEEDS as f64).sqrt();
    assert!(mean + reach < 0.0, "{mean:.4} ± {reach:.4}: {differences:?}");
}
