//! What the past promises: it is bounded, and what was true before a drift is not forgotten.

#![allow(clippy::unwrap_used, reason = "tests may")]

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Architecture, Block, Hyper, Optimiser};
use crate::cost::Shape;
use crate::device::Device;
use crate::learner::Learner;

const SHAPE: Shape =
    Shape { inputs: 2, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

fn learner(recall: f32) -> Learner {
    let hyper = Hyper { optimiser: Optimiser::Sgd, step_size: 0.05, recall, ..Hyper::default() };
    let architecture =
        Architecture { blocks: vec![Block::plain(16, Activation::Relu)], ..Architecture::linear(hyper) };
    Learner::new(&architecture, SHAPE, &[], &Device::cpu(), 5).unwrap()
}

/// Rows of one of two worlds: in each the class depends on another part of the plane.
fn rows(world: f32, count: usize, seed: u64) -> Vec<([f32; 2], f32)> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let row = |_| {
        let across = rng.random_range(-1.0..1.0_f32);
        let goal = f32::from(u8::from(across * world > 0.0));
        ([across, world * rng.random_range(0.5..1.0_f32)], goal)
    };
    (0..count).map(row).collect()
}

fn live(learner: &mut Learner, rows: &[([f32; 2], f32)]) {
    for (row, goal) in rows {
        learner.learn(row, &[*goal]).unwrap();
    }
}

fn right(learner: &Learner, rows: &[([f32; 2], f32)]) -> usize {
    rows.iter().filter(|(row, goal)| learner.predict(row).unwrap()[*goal as usize] > 0.5).count()
}

#[test]
fn a_world_that_comes_back_is_still_known() {
    let known = |recall| {
        let mut learner = learner(recall);
        live(&mut learner, &rows(1.0, 3_000, 1));
        learner.drifted();
        live(&mut learner, &rows(-1.0, 10_000, 2));
        [right(&learner, &rows(1.0, 500, 3)), right(&learner, &rows(-1.0, 500, 4))]
    };
    let ([forgot, _], [kept, now]) = (known(0.0), known(0.25));
    assert!(kept > 475 && now > 475, "{kept} and {now}");
    assert!(forgot < 400, "{forgot}");
}

#[test]
fn a_learner_with_a_past_goes_on_bit_by_bit() {
    let mut one = learner(0.5);
    live(&mut one, &rows(1.0, 2_000, 1));
    one.drifted();
    let mut other = Learner::restore(one.state().unwrap(), &Device::cpu()).unwrap();
    for learner in [&mut one, &mut other] {
        live(learner, &rows(-1.0, 100, 2));
    }
    assert_eq!(one.state().unwrap(), other.state().unwrap());
}

#[test]
fn windows_are_few_small_and_apart() {
    let mut rng = Pcg64::seed_from_u64(1);
    let (mut past, mut before) = (Past::default(), Examples::new(1));
    (0..1_000).for_each(|row| before.push(&[row as f32], 0.0));
    past.remember(&before, &mut rng);
    assert!(past.windows.is_empty(), "nothing has passed yet");
    for _ in 0..10 {
        past.pass(APART_ROWS as usize);
        past.remember(&before, &mut rng);
        past.remember(&before, &mut rng);
    }
    assert_eq!(past.windows.len(), WINDOWS_MAX);
    assert!(past.windows.iter().all(|window| window.len() == WINDOW_ROWS));
    assert!(past.fits(1) && !past.fits(2));
}
