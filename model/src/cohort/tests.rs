//! What pools promise: that they are their members, bit by bit.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Hyper, Optimiser};
use crate::device::Device;
use crate::testing::{random_architecture, random_numbers};

const SHAPE: Shape =
    Shape { inputs: 11, outputs: 3, classification: true, context: 2, steps: 0, picture: None };

fn random_learner(rng: &mut Pcg64) -> Learner {
    let hyper = Hyper {
        optimiser: Optimiser::ALL[rng.random_range(0..4)],
        step_size: rng.random_range(0.001..0.1),
        batch: [1, 1, 1, 3][rng.random_range(0..4)],
        replay: [0.0, 0.0, 0.5][rng.random_range(0..3)],
        recall: [0.0, 0.0, 0.5][rng.random_range(0..3)],
        weight_decay: 0.01,
        average: [0, 7][rng.random_range(0..2)],
        surge: [0, 2][rng.random_range(0..2)],
        noise: [0.0, 0.0, 0.1][rng.random_range(0..3)],
        missing: [0.0, 0.0, 0.2][rng.random_range(0..3)],
        attack: [0.0, 0.0, 0.1][rng.random_range(0..3)],
        ..Hyper::default()
    };
    let context = rng.random_range(0..=2);
    let architecture = Architecture { hyper, context, ..random_architecture(rng) };
    Learner::new(&architecture, SHAPE, &[1.0, 2.0, 0.5], &Device::cpu(), rng.random()).unwrap()
}

fn copy(learner: &Learner) -> Learner {
    Learner::restore(learner.state().unwrap(), &Device::cpu()).unwrap()
}

fn examples(count: usize, rng: &mut Pcg64) -> (Vec<f32>, Vec<f32>) {
    let goals = (0..count).map(|_| rng.random_range(0..3) as f32).collect();
    (random_numbers(count * SHAPE.inputs, 1.5, rng), goals)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn a_pool_is_its_members_one_by_one(seed: u64, members in 1_usize..7) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut alone: Vec<Learner> = (0..members).map(|_| random_learner(&mut rng)).collect();
        let mut cohort = Cohort::new(alone.iter().map(copy).collect()).unwrap();
        for _ in 0..4 {
            let (rows, goals) = examples(rng.random_range(0..5), &mut rng);
            prop_assert!(cohort.learn(&rows, &goals).unwrap().is_empty());
            for learner in &mut alone {
                learner.learn(&rows, &goals).unwrap();
            }
        }
        for (member, learner) in alone.iter().enumerate() {
            prop_assert_eq!(cohort.learner(member).state().unwrap(), learner.state().unwrap());
        }
        let (rows, _) = examples(3, &mut rng);
        let mut said = Vec::new();
        cohort.predict_into(&rows, &mut said).unwrap();
        for (member, learner) in alone.iter().enumerate() {
            let found: Vec<f32> = said
                .chunks(members * SHAPE.outputs)
                .flat_map(|row| row[member * SHAPE.outputs..(member + 1) * SHAPE.outputs].to_vec())
                .collect();
            prop_assert_eq!(found, learner.predict(&rows).unwrap());
        }
    }

    #[test]
    fn members_come_and_go(seed: u64, gone in 0_usize..3) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut alone: Vec<Learner> = (0..3).map(|_| random_learner(&mut rng)).collect();
        let mut cohort = Cohort::new(alone.iter().map(copy).collect()).unwrap();
        let left = cohort.remove(gone);
        prop_assert_eq!(left.state().unwrap(), alone.remove(gone).state().unwrap());
        let late = random_learner(&mut rng);
        cohort.push(copy(&late)).unwrap();
        alone.push(late);
        let (rows, goals) = examples(6, &mut rng);
        cohort.learn(&rows, &goals).unwrap();
        for (member, learner) in alone.iter_mut().enumerate() {
            learner.learn(&rows, &goals).unwrap();
            prop_assert_eq!(cohort.learner(member).state().unwrap(), learner.state().unwrap());
            prop_assert_eq!((cohort.architecture(member), cohort.steps(member)), (learner.architecture(), learner.steps()));
        }
    }
}

#[test]
fn a_member_that_diverges_leaves_the_others_alone() {
    let linear = |step_size| {
        let hyper = Hyper { optimiser: Optimiser::Sgd, step_size, ..Hyper::default() };
        Learner::new(&Architecture::linear(hyper), SHAPE, &[], &Device::cpu(), 1).unwrap()
    };
    let mut cohort = Cohort::new(vec![linear(1e38), linear(0.1)]).unwrap();
    let faults: Vec<usize> = (0..4)
        .flat_map(|_| cohort.learn(&[3.0; SHAPE.inputs], &[1.0]).unwrap())
        .map(|fault| {
            assert!(matches!(fault.error, ModelError::Diverged { .. }));
            fault.member
        })
        .collect();
    assert!(!faults.is_empty() && faults.iter().all(|member| *member == 0), "{faults:?}");
    assert_eq!(cohort.steps(1), 4);
}

#[test]
fn refuses_members_that_do_not_fit() {
    let learner = |shape, device: &Device| {
        Learner::new(&Architecture::linear(Hyper::default()), shape, &[], device, 1).unwrap()
    };
    let other = Shape { inputs: 10, ..SHAPE };
    assert!(Cohort::new(Vec::new()).is_err());
    assert!(Cohort::new(vec![learner(SHAPE, &Device::cpu()), learner(other, &Device::cpu())]).is_err());
    assert!(Cohort::new(vec![learner(SHAPE, &Device::cpu_tensors())]).is_err());
    let mut cohort = Cohort::new(vec![learner(SHAPE, &Device::cpu())]).unwrap();
    assert!(cohort.learn(&[0.0; 4], &[0.0]).is_err());
    assert!(cohort.learn(&[0.0; SHAPE.inputs], &[7.0]).is_err());
    assert!(cohort.predict_into(&[0.0; 4], &mut Vec::new()).is_err());
}
