//! What learner promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Block, Hyper, Optimiser};
use crate::testing::{devices, random_architecture, random_numbers};

const SHAPE: Shape =
    Shape { inputs: 4, outputs: 3, classification: true, context: 0, steps: 0, picture: None };

pub(super) fn hyper() -> Hyper {
    Hyper { step_size: 0.01, batch: 4, replay: 0.25, ..Hyper::default() }
}

pub(super) fn deep() -> Architecture {
    let first = Block { dropout: 0.1, skip: true, ..Block::plain(16, Activation::Gelu) };
    Architecture { blocks: vec![first, Block::plain(8, Activation::Tanh)], ..Architecture::linear(hyper()) }
}

pub(super) fn learner(architecture: &Architecture, seed: u64) -> Learner {
    on(&Device::cpu(), architecture, seed)
}

fn on(device: &Device, architecture: &Architecture, seed: u64) -> Learner {
    Learner::new(architecture, SHAPE, &[], device, seed).unwrap()
}

/// Rows whose class is the larger of two products: no linear model can know it.
pub(super) fn examples(count: usize, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let rows = random_numbers(count * SHAPE.inputs, 1.5, &mut Pcg64::seed_from_u64(seed));
    let class = |row: &[f32]| {
        let (left, right) = (row[0] * row[1], row[2] * row[3]);
        if left.abs().max(right.abs()) < 0.2 { 2.0 } else { f32::from(u8::from(right > left)) }
    };
    let goals = rows.chunks(SHAPE.inputs).map(class).collect();
    (rows, goals)
}

fn accuracy(learner: &Learner, rows: &[f32], goals: &[f32]) -> f32 {
    let said = learner.predict(rows).unwrap();
    let hits = said.chunks(SHAPE.outputs).zip(goals).filter(|(row, goal)| {
        let best = (0..row.len()).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
        best as f32 == **goal
    });
    hits.count() as f32 / goals.len() as f32
}

#[test]
fn learns_what_a_linear_model_cannot() {
    let (rows, goals) = examples(6_000, 1);
    let (unseen, truths) = examples(500, 2);
    let mut deep = learner(&deep(), 7);
    let mut linear = learner(&Architecture::linear(hyper()), 7);
    deep.learn(&rows, &goals).unwrap();
    linear.learn(&rows, &goals).unwrap();
    let (deep, linear) = (accuracy(&deep, &unseen, &truths), accuracy(&linear, &unseen, &truths));
    assert!(deep > 0.8 && deep > linear + 0.15, "deep {deep}, linear {linear}");
}

#[test]
fn learns_a_number() {
    let shape = Shape { inputs: 2, outputs: 1, classification: false, context: 0, steps: 0, picture: None };
    let architecture = Architecture::linear(Hyper { optimiser: Optimiser::Sgd, step_size: 0.1, ..hyper() });
    let mut learner = Learner::new(&architecture, shape, &[], &Device::cpu(), 1).unwrap();
    let rows = random_numbers(4_000, 1.0, &mut Pcg64::seed_from_u64(1));
    let goals: Vec<f32> = rows.chunks(2).map(|row| 0.5 + row[0] - 2.0 * row[1]).collect();
    learner.learn(&rows, &goals).unwrap();
    let said = learner.predict(&[1.0, -1.0]).unwrap();
    assert!((said[0] - 3.5).abs() < 0.05, "{said:?}");
}

#[test]
fn class_weights_move_the_answer() {
    let shape = Shape { inputs: 1, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
    let architecture = Architecture::linear(Hyper { step_size: 0.01, ..Hyper::default() });
    let said = |weights: &[f32]| {
        let mut learner = Learner::new(&architecture, shape, weights, &Device::cpu(), 1).unwrap();
        for _ in 0..400 {
            learner.learn(&[0.0; 4], &[0.0, 0.0, 1.0, 0.0]).unwrap();
        }
        learner.predict(&[0.0]).unwrap()[1]
    };
    assert!((said(&[]) - 0.25).abs() < 0.1);
    assert!((said(&[1.0, 3.0]) - 0.5).abs() < 0.1);
}

#[test]
fn the_same_seed_learns_the_same() {
    let (rows, goals) = examples(200, 1);
    for device in devices() {
        let learned = |seed| {
            let mut learner = on(&device, &deep(), seed);
            learner.learn(&rows, &goals).unwrap();
            learner.state().unwrap()
        };
        assert_eq!(learned(3), learned(3));
        assert_ne!(learned(3).weights(), learned(4).weights());
    }
}

#[test]
fn a_step_waits_for_its_batch() {
    let (rows, goals) = examples(6, 1);
    let mut learner = learner(&deep(), 3);
    learner.learn(&rows[..12], &goals[..3]).unwrap();
    assert_eq!(learner.steps(), 0);
    learner.learn(&rows[12..], &goals[3..]).unwrap();
    assert_eq!((learner.steps(), learner.intake.pending.len()), (1, 2));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_restored_learner_goes_on_bit_by_bit(seed: u64, before in 0_usize..40) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let optimiser = Optimiser::ALL[rng.random_range(0..2)];
        let hyper = Hyper {
            optimiser,
            noise: [0.0, 0.1][rng.random_range(0..2)],
            missing: [0.0, 0.2][rng.random_range(0..2)],
            attack: [0.0, 0.1][rng.random_range(0..2)],
            ..hyper()
        };
        let architecture = Architecture { hyper, ..random_architecture(&mut rng) };
        let (rows, goals) = examples(100, seed);
        for device in devices() {
            let mut through = on(&device, &architecture, seed);
            through.learn(&rows[..before * 4], &goals[..before]).unwrap();

            let saved = serde_json::to_string(&through.state().unwrap()).unwrap();
            let mut restored = Learner::restore(serde_json::from_str(&saved).unwrap(), &device).unwrap();

            through.learn(&rows[before * 4..], &goals[before..]).unwrap();
            restored.learn(&rows[before * 4..], &goals[before..]).unwrap();
            prop_assert_eq!(through.state().unwrap(), restored.state().unwrap());
        }
    }
}

#[test]
fn moments_never_turn_subnormal() {
    let hyper = Hyper { step_size: 0.01, ..Hyper::default() };
    let architecture = Architecture { hyper, ..deep() };
    let mut learner = learner(&architecture, 3);
    learner.learn(&[1e-3; 4], &[0.0]).unwrap();
    for _ in 0..2_000 {
        learner.learn(&[0.0; 4], &[1.0]).unwrap();
    }
    let tables = learner.body.export().unwrap();
    assert!(tables[1..].iter().flat_map(|t| t.0.values()).all(|t| t.data.iter().all(|m| !m.is_subnormal())));
}

#[test]
fn a_frozen_network_stays_as_it_was() {
    let (rows, goals) = examples(100, 1);
    for mut learner in devices().iter().map(|device| on(device, &deep(), 3)) {
        learner.learn(&rows, &goals).unwrap();
        let frozen = learner.freeze().unwrap();
        let before = frozen.predict(&rows).unwrap();
        assert_eq!(before, learner.predict(&rows).unwrap());
        learner.learn(&rows, &goals).unwrap();
        assert_eq!(before, frozen.predict(&rows).unwrap());
        assert_ne!(before, learner.predict(&rows).unwrap());
    }
}

/// As daemons do it: one thread learns and freezes, another one answers, and neither waits for the device.
#[test]
fn a_frozen_network_says_the_same_in_another_thread() {
    let (rows, goals) = examples(100, 1);
    for mut learner in devices().iter().map(|device| on(device, &deep(), 3)) {
        for _ in 0..20 {
            learner.learn(&rows, &goals).unwrap();
            let frozen = learner.freeze().unwrap();
            let elsewhere = std::thread::scope(|scope| scope.spawn(|| frozen.predict(&rows)).join().unwrap());
            assert_eq!(elsewhere.unwrap(), learner.predict(&rows).unwrap());
        }
    }
}

#[test]
fn a_learner_goes_on_from_a_network_without_touching_it() {
    let (rows, goals) = examples(100, 1);
    for network in devices().iter().map(|device| on(device, &deep(), 3).freeze().unwrap()) {
        let before = network.predict(&rows).unwrap();
        let mut onward = Learner::from_network(&network, &[], 1).unwrap();
        onward.learn(&rows, &goals).unwrap();
        assert_eq!(network.predict(&rows).unwrap(), before);
        assert_ne!(onward.predict(&rows).unwrap(), before);
    }
}

#[test]
fn divergence_is_an_error_that_changes_no_weight() {
    let (rows, goals) = examples(4, 1);
    for mut learner in devices().iter().map(|device| on(device, &deep(), 3)) {
        let before = learner.state().unwrap();
        let error = learner.learn(&[f32::NAN; 16], &[0.0; 4]).unwrap_err();
        assert!(matches!(error, ModelError::Diverged { step: 0, .. }), "{error}");
        assert_eq!(learner.state().unwrap().weights(), before.weights());
        learner.learn(&rows, &goals).unwrap();
        assert_eq!(learner.steps(), 1);
    }
}

#[test]
fn an_odd_row_moves_a_network_by_a_bounded_step() {
    let architecture =
        Architecture::linear(Hyper { optimiser: Optimiser::Sgd, step_size: 0.1, ..Hyper::default() });
    let mut learner = learner(&architecture, 3);
    learner.learn(&[1e6, -1e6, 1e6, 1e6], &[0.0]).unwrap();
    let weights = learner.freeze().unwrap().weights().unwrap();
    let moved: f32 = weights.0.values().flat_map(|table| &table.data).map(|value| value * value).sum();
    assert!(moved.sqrt() <= 0.1 * GRADIENT_NORM_MAX * 1.001);
}

#[test]
fn refuses_rows_and_goals_that_do_not_fit() {
    let mut learner = learner(&deep(), 3);
    assert!(learner.learn(&[0.0; 7], &[0.0, 1.0]).is_err());
    assert!(learner.learn(&[0.0; 4], &[3.0]).is_err());
}

#[test]
fn the_reservoir_is_bounded_and_keeps_the_recent() {
    let mut reservoir = Examples::new(1);
    let mut rng = Pcg64::seed_from_u64(1);
    for index in 0..20_000 {
        let mut fresh = Examples::new(1);
        fresh.push(&[index as f32], 0.0);
        reservoir.remember(&fresh, 1_024, &mut rng);
    }
    assert_eq!(reservoir.len(), 1_024);
    assert_eq!(reservoir.clone().within_reservoir(100).len(), 100);
    let old = reservoir.rows().iter().filter(|value| **value < 10_000.0).count();
    assert!(old < 1_024 / 50, "{old}");
}

#[test]
fn replay_adds_its_share_on_average() {
    let mut reservoir = Examples::new(1);
    reservoir.push(&[1.0], 0.0);
    let mut drawn = Examples::new(1);
    let mut rng = Pcg64::seed_from_u64(1);
    (0..1_000).for_each(|_| reservoir.draw(1.25, &mut rng, &mut drawn));
    assert!((1_200..1_300).contains(&drawn.len()), "{}", drawn.len());
}
