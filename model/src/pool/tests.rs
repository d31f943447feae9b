//! What a pool and the arms over it promise, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Architecture, Block, Hyper, Optimiser};
use crate::mixture::{Edit, MixingRule, Mixture};
use crate::testing::devices;

const SHAPE: Shape =
    Shape { inputs: 4, outputs: 3, classification: true, context: 0, steps: 0, picture: None };

fn member(widths: &[u16], hyper: Hyper) -> Architecture {
    let blocks = widths.iter().map(|width| Block::plain(*width, Activation::Relu)).collect();
    Architecture { blocks, ..Architecture::linear(hyper) }
}

/// Members that differ in everything a step depends on.
fn mixture() -> Mixture {
    let sgd = Hyper { optimiser: Optimiser::Sgd, step_size: 0.1, ..Hyper::default() };
    Mixture {
        members: vec![
            member(&[], sgd),
            member(&[8], Hyper { replay: 0.5, ..Hyper::default() }),
            member(&[6, 5], Hyper { batch: 4, weight_decay: 0.01, ..sgd }),
            member(&[7], Hyper { batch: 3, ..Hyper::default() }),
        ],
        rule: MixingRule::default(),
    }
}

fn rows(seed: u64, count: usize) -> Vec<(Vec<f32>, f32)> {
    let mut rng = Pcg64::seed_from_u64(seed);
    (0..count)
        .map(|_| {
            let row: Vec<f32> = (0..SHAPE.inputs).map(|_| rng.random_range(-2.0..2.0)).collect();
            let class = if row[0] > 0.5 { 2.0 } else { f32::from(u8::from(row[1] > 0.0)) };
            (row, class)
        })
        .collect()
}

fn started() -> (Pool, Arm) {
    started_on(&Device::cpu())
}

fn started_on(device: &Device) -> (Pool, Arm) {
    let mut pool = Pool::new(SHAPE, &[], device);
    let arm = pool.start(&mixture(), 5).unwrap();
    (pool, arm)
}

fn learn(pool: &mut Pool, arm: &mut Arm, rows: &[(Vec<f32>, f32)]) {
    for (row, goal) in rows {
        let said = pool.say(row).unwrap();
        let mixed = arm.mix(&said, SHAPE);
        arm.observe(&said, &mixed, *goal, 0, SHAPE);
        assert!(pool.learn(row, *goal).unwrap().is_empty());
    }
}

#[test]
fn a_pool_learns_as_its_members_would_one_by_one() {
    for device in devices() {
        learns_as_its_members_would_one_by_one(&device);
    }
}

fn learns_as_its_members_would_one_by_one(device: &Device) {
    let (mut pool, _) = started_on(device);
    let members = mixture().members;
    let mut alone: Vec<Learner> = members
        .iter()
        .zip(5..)
        .map(|(member, seed)| Learner::new(member, SHAPE, &[], device, seed).unwrap())
        .collect();
    for (row, goal) in rows(1, 200) {
        let said = pool.say(&row).unwrap();
        for (learner, answer) in alone.iter_mut().zip(said.outputs.chunks_exact(SHAPE.outputs)) {
            for (a, b) in learner.predict(&row).unwrap().iter().zip(answer) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
            learner.learn(&row, &[goal]).unwrap();
        }
        pool.learn(&row, goal).unwrap();
    }
}

#[test]
fn a_mixture_learns_a_stream() {
    let (mut pool, mut arm) = started();
    learn(&mut pool, &mut arm, &rows(2, 2_000));
    let mut hits = 0;
    for (row, goal) in rows(3, 300) {
        let mixed = arm.mix(&pool.say(&row).unwrap(), SHAPE);
        let mixed = mixed.output(3);
        assert!((mixed.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{mixed:?}");
        hits += u32::from(mixed[goal as usize] > 0.5);
    }
    assert!(hits > 270, "{hits} of 300");
}

#[test]
fn a_saved_pool_goes_on_bit_by_bit() {
    for device in devices() {
        let (mut pool, mut arm) = started_on(&device);
        learn(&mut pool, &mut arm, &rows(4, 101));
        let bytes = serde_json::to_vec(&(pool.state().unwrap(), &arm)).unwrap();
        let (state, mut same_arm): (PoolState, Arm) = serde_json::from_slice(&bytes).unwrap();
        let mut same = Pool::restore(state, &device).unwrap();
        learn(&mut pool, &mut arm, &rows(5, 50));
        learn(&mut same, &mut same_arm, &rows(5, 50));
        assert_eq!(pool.state().unwrap(), same.state().unwrap());
        assert_eq!(arm, same_arm);
    }
}

#[test]
fn a_frozen_arm_says_what_the_arm_said_and_does_not_learn() {
    let (mut pool, mut arm) = started();
    learn(&mut pool, &mut arm, &rows(6, 100));
    let frozen = pool.freeze(&arm).unwrap();
    let (row, _) = &rows(7, 1)[0];
    let before = arm.mix(&pool.say(row).unwrap(), SHAPE);
    learn(&mut pool, &mut arm, &rows(8, 100));
    assert_ne!(arm.mix(&pool.say(row).unwrap(), SHAPE), before);
    for (a, b) in frozen.predict(row).unwrap().iter().zip(before.output(3)) {
        assert!((a - b).abs() < 1e-6);
    }
    let thawed = pool.thaw(&frozen, 1).unwrap();
    assert_eq!(pool.mixture(&thawed).unwrap(), pool.mixture(&arm).unwrap());
}

#[test]
fn an_edited_arm_shares_what_it_keeps_and_starts_on_its_parents_record() {
    for device in devices() {
        shares_what_it_keeps_and_starts_on_its_parents_record(&device);
    }
}

fn shares_what_it_keeps_and_starts_on_its_parents_record(device: &Device) {
    let (mut pool, mut arm) = started_on(device);
    learn(&mut pool, &mut arm, &rows(9, 100));
    let (row, _) = &rows(10, 1)[0];
    let said_before = pool.say(row).unwrap();
    let parent = Learner::restore(pool.arm_state(&arm).unwrap().members[1].clone(), device).unwrap();
    let edit = Edit::add(4, 1, parent.architecture().clone());
    let edited = pool.edit(&arm, &edit, vec![parent]).unwrap();
    assert_eq!(pool.len(), 5, "one more network, not five");
    assert_eq!(edited.members()[..4], arm.members()[..]);
    let now = edited.mix(&pool.say(row).unwrap(), SHAPE);
    let then = edited.mix(&said_before, SHAPE);
    for (a, b) in now.output(3).iter().zip(then.output(3)) {
        assert!((a - b).abs() < 1e-6, "what was said before the child came counts as its parent's: {a} {b}");
    }
    pool.retain(std::iter::once(&arm));
    assert_eq!(pool.len(), 4);
    assert!(pool.mixture(&edited).is_err(), "its child is gone");
}

#[test]
fn a_member_that_diverges_starts_again_and_the_others_go_on() {
    let wild = Hyper { optimiser: Optimiser::Sgd, step_size: f32::MAX, ..Hyper::default() };
    let members = vec![member(&[], Hyper::default()), member(&[8], wild)];
    let mixture = Mixture { members, ..mixture() };
    for device in devices() {
        let mut pool = Pool::new(SHAPE, &[], &device);
        let arm = pool.start(&mixture, 1).unwrap();
        let mut failed = Vec::new();
        for (row, goal) in rows(11, 50) {
            failed.extend(pool.learn(&row, goal).unwrap());
        }
        assert!(!failed.is_empty() && failed.iter().all(|failure| failure.member == arm.members()[1]));
        let said = pool.say(&rows(12, 1)[0].0).unwrap();
        assert!(said.outputs[..SHAPE.outputs].iter().all(|number| number.is_finite()));
    }
}
