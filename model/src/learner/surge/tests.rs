//! What a surge promises: it begins after a sudden drift, ends, and begins again only after calm.

#![allow(clippy::unwrap_used, reason = "tests may")]

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Architecture, Block, Hyper, Optimiser};
use crate::cohort::Cohort;
use crate::cost::Shape;
use crate::device::Device;
use crate::learner::Learner;
use crate::testing::{random_numbers, tensor_devices};

/// Rows of which so many in a hundred are wrong, evenly; the turns with the row each came at.
fn turns(surge: &mut Surge, rows: usize, wrong: usize) -> Vec<(usize, Turn)> {
    let error = |row: usize| f32::from(u8::from(row * wrong % 100 < wrong));
    (0..rows).filter_map(|row| surge.observe(error(row), 1).map(|turn| (row, turn))).collect()
}

#[test]
fn a_stream_that_stays_as_it_is_has_none() {
    for wrong in [0, 10, 30, 90] {
        assert!(turns(&mut Surge::default(), 20_000, wrong).is_empty(), "{wrong}");
    }
}

#[test]
fn a_sudden_drift_has_one_and_the_next_waits_for_calm() {
    let mut surge = Surge::default();
    assert!(turns(&mut surge, 3_000, 20).is_empty());
    let drifted = turns(&mut surge, 3_000, 60);
    let [(begun, Turn::Begins), (ended, Turn::Ends)] = drifted[..] else { panic!("{drifted:?}") };
    assert!(begun < 100, "{begun}");
    assert_eq!(ended - begun, SURGE_ROWS as usize);
    assert!(!surge.under_way());
    assert!(turns(&mut surge, 5_000, 20).is_empty());
    assert_eq!(turns(&mut surge, 3_000, 60).len(), 2, "the next drift has its own");
}

#[test]
fn what_is_new_to_the_stream_has_none() {
    let mut surge = Surge::default();
    assert!(turns(&mut surge, 100, 0).is_empty());
    assert!(turns(&mut surge, 300, 90).is_empty());
}

#[test]
fn a_step_that_failed_says_nothing() {
    let mut surge = Surge::default();
    turns(&mut surge, 1_000, 30);
    let before = surge.clone();
    assert_eq!(surge.observe(f32::NAN, 1), None);
    assert_eq!(surge, before);
}

#[test]
fn a_batch_counts_for_its_rows() {
    let (mut one_by_one, mut batches) = (Surge::default(), Surge::default());
    for _ in 0..500 {
        for wrong in [1.0, 0.0, 0.0, 0.0] {
            one_by_one.observe(wrong, 1);
        }
        batches.observe(0.25, 4);
    }
    assert_eq!(one_by_one.rows, batches.rows);
    assert!((one_by_one.slow - batches.slow).abs() < 1e-3);
}

const SHAPE: Shape =
    Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn of_surge(surge: u8, device: &Device) -> Learner {
    let hyper = Hyper { optimiser: Optimiser::RmsProp, step_size: 0.001, surge, ..Hyper::default() };
    let blocks = vec![Block::plain(16, Activation::Relu)];
    Learner::new(&Architecture { blocks, ..Architecture::linear(hyper) }, SHAPE, &[], device, 5).unwrap()
}

/// Rows of which the class is the side of a line, the other one after the drift.
fn rows(count: usize, drifted: bool, seed: u64) -> (Vec<f32>, Vec<f32>) {
    let encoded = random_numbers(count * 2, 1.0, &mut Pcg64::seed_from_u64(seed));
    let goals = encoded.chunks_exact(2).map(|x| f32::from(u8::from((x[0] > x[1]) != drifted))).collect();
    (encoded, goals)
}

/// Wrong answers to rows that are learned one by one.
fn wrong(learner: &mut Learner, (encoded, goals): &(Vec<f32>, Vec<f32>)) -> usize {
    let mut wrong = 0;
    for (row, goal) in encoded.chunks_exact(2).zip(goals) {
        let said = learner.predict(row).unwrap();
        wrong += usize::from((said[1] > said[0]) != (*goal > 0.5));
        learner.learn(row, &[*goal]).unwrap();
    }
    wrong
}

#[test]
fn a_network_with_surges_recovers_in_fewer_rows_and_differs_in_nothing_before() {
    let (mut with, mut without) = (of_surge(3, &Device::cpu()), of_surge(0, &Device::cpu()));
    let before = rows(2_000, false, 1);
    assert_eq!(wrong(&mut with, &before), wrong(&mut without, &before));
    let after = rows(1_000, true, 2);
    let (with, without) = (wrong(&mut with, &after), wrong(&mut without, &after));
    assert!(with * 10 < without * 7, "{with} wrong with surges, {without} without");
}

#[test]
fn a_learner_saved_in_a_surge_goes_on_bit_by_bit_and_so_does_a_cohort() {
    let mut learner = of_surge(3, &Device::cpu());
    wrong(&mut learner, &rows(1_000, false, 1));
    wrong(&mut learner, &rows(300, true, 2));
    let state = learner.state().unwrap();
    assert!(state.surge.under_way());
    let mut restored = Learner::restore(state.clone(), &Device::cpu()).unwrap();
    let mut cohort =
        Cohort::new(vec![Learner::restore(state, &Device::cpu()).unwrap(), of_surge(0, &Device::cpu())])
            .unwrap();
    // Past the end of the surge.
    let (encoded, goals) = rows(1_200, true, 3);
    learner.learn(&encoded, &goals).unwrap();
    restored.learn(&encoded, &goals).unwrap();
    cohort.learn(&encoded, &goals).unwrap();
    assert!(!learner.state().unwrap().surge.under_way());
    assert_eq!(learner.state().unwrap(), restored.state().unwrap());
    assert_eq!(learner.state().unwrap(), cohort.learner(0).state().unwrap());
}

#[test]
fn tensors_surge_as_programs_do() {
    let learned = |device: &Device| {
        let mut learner = of_surge(2, device);
        for part in [rows(600, false, 1), rows(150, true, 2)] {
            learner.learn(&part.0, &part.1).unwrap();
        }
        learner
    };
    let program = learned(&Device::cpu());
    assert!(program.state().unwrap().surge.under_way());
    let (probes, _) = rows(20, true, 3);
    for device in tensor_devices() {
        let tensors = learned(&device);
        assert_eq!(program.steps(), tensors.steps());
        for (a, b) in program.predict(&probes).unwrap().iter().zip(tensors.predict(&probes).unwrap()) {
            assert!((a - b).abs() < 1e-2, "{a} is not {b} on {device:?}");
        }
    }
}
