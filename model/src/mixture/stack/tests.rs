//! What a stack promises, held by examples.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;

const CLASSES: Shape =
    Shape { inputs: 1, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
const NUMBERS: Shape =
    Shape { inputs: 1, outputs: 1, classification: false, context: 0, steps: 0, picture: None };

#[test]
fn it_learns_to_be_surer_than_each_of_its_members() {
    let mut rng = Pcg64::seed_from_u64(1);
    let mut stack = Stack::new(2);
    for _ in 0..20_000 {
        let goal = u8::from(rng.random::<bool>());
        // Two independent witnesses, each right four times out of five.
        let mut witness = || {
            let right = rng.random::<f32>() < 0.8;
            if right == (goal == 1) { [0.2, 0.8] } else { [0.8, 0.2] }
        };
        let said = [witness(), witness()].concat();
        stack.learn(&said, f32::from(goal), 0, CLASSES);
    }
    let mut answer = [0.0; 2];
    stack.mix(&[0.2, 0.8, 0.2, 0.8], CLASSES, &mut answer);
    assert!((answer[1] - 16.0 / 17.0).abs() < 0.02, "Bayes says 16 to 1, the stack {answer:?}");
}

#[test]
fn it_finds_the_combination_of_numbers() {
    let mut rng = Pcg64::seed_from_u64(2);
    let mut stack = Stack::new(3);
    for _ in 0..20_000 {
        let said: Vec<f32> = (0..3).map(|_| rng.random_range(-1.0..1.0)).collect();
        stack.learn(&said, 0.7 * said[0] + 0.3 * said[1], 0, NUMBERS);
    }
    let mut answer = [0.0];
    stack.mix(&[1.0, 1.0, 5.0], NUMBERS, &mut answer);
    assert!((answer[0] - 1.0).abs() < 0.05, "{answer:?}");
}

#[test]
fn heirs_share_and_the_sum_stays() {
    let stack = Stack { weights: vec![0.5, 0.3, 0.2], late: Vec::new() };
    let beside = stack.inherit(&[0, 1, 2, 1]);
    let expected = [0.5, 0.15, 0.2, 0.15];
    for (weight, expected) in beside.weights.iter().zip(expected) {
        assert!((weight - expected).abs() < 1e-6, "{beside:?}");
    }
    let replaced = stack.inherit(&[0, 1, 0]);
    assert!((replaced.weights.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{replaced:?}");
}

#[test]
fn what_is_not_finite_teaches_nothing() {
    let mut stack = Stack::new(2);
    stack.learn(&[f32::NAN, f32::NAN, 0.3, 0.7], 1.0, 0, CLASSES);
    assert!(stack.weights.iter().all(|weight| weight.is_finite()));
    let mut answer = [0.0; 2];
    stack.mix(&[f32::NAN, f32::NAN, 0.3, 0.7], CLASSES, &mut answer);
    assert!(answer.iter().all(|number| number.is_finite()));
}

#[test]
fn a_class_that_comes_late_begins_with_about_what_the_members_give_it() {
    const WIDE: Shape = Shape { outputs: 3, ..CLASSES };
    for (weights, most) in [([0.1, 0.1], 2e-3), ([0.5, 0.5], 2e-3), ([1.0, 0.6], 1e-3), ([0.7, -0.2], 5e-3)] {
        let narrow = Stack { weights: weights.to_vec(), late: Vec::new() };
        let mut stack = narrow.widened(1);
        for first in [0.05_f32, 0.4, 0.9] {
            let (mut before, mut after) = ([0.0; 2], [0.0; 3]);
            narrow.mix(&[first, 1.0 - first, 0.6, 0.4], CLASSES, &mut before);
            let says = |share: f32, rest: f32| [share * rest, (1.0 - share) * rest, 1.0 - rest];
            stack.mix(&[says(first, 0.999), says(0.6, 0.999)].concat(), WIDE, &mut after);
            assert!(after[2] > 0.0 && after[2] <= most, "{weights:?}: {after:?}");
            assert!((before[0] - after[0] / (1.0 - after[2])).abs() < 1e-3, "{before:?} {after:?}");
        }
        // Once the members know it, the stack comes to trust them.
        for _ in 0..200 {
            stack.learn(&[0.1, 0.1, 0.8, 0.1, 0.1, 0.8], 2.0, 0, WIDE);
        }
        let mut answer = [0.0; 3];
        stack.mix(&[0.1, 0.1, 0.8, 0.1, 0.1, 0.8], WIDE, &mut answer);
        assert!(answer[2] > answer[0] && answer[2] > answer[1], "{weights:?}: {answer:?}");
    }
}
