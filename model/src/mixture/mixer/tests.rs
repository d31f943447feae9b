//! What every mixing rule promises.

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;

const SHAPE: Shape =
    Shape { inputs: 1, outputs: 3, classification: true, context: 0, steps: 0, picture: None };

/// Member 0 is right nine times out of ten, the others half the time.
fn row(rng: &mut Pcg64, members: usize) -> (Vec<f32>, f32) {
    let goal = rng.random_range(0..3_u8);
    let mut said = Vec::new();
    for member in 0..members {
        let right = rng.random::<f32>() < if member == 0 { 0.9 } else { 0.5 };
        let class = if right { goal } else { (goal + 1) % 3 };
        said.extend((0..3).map(|at| if at == class { 0.8 } else { 0.1 }));
    }
    (said, f32::from(goal))
}

fn trained(rule: MixingRule, members: usize, seed: u64) -> (Mixer, Pcg64) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut mixer = Mixer::new(rule, members);
    for _ in 0..500 {
        let (said, goal) = row(&mut rng, members);
        let mixed = mixer.mix(&said, SHAPE);
        mixer.observe(&said, &mixed, goal, 0, SHAPE);
    }
    (mixer, rng)
}

fn right(output: &[f32], goal: f32) -> bool {
    output.iter().all(|number| *number <= output[goal as usize])
}

#[test]
fn every_rule_but_the_mean_finds_the_member_that_is_right() {
    for rule in MixingRule::ALL {
        let (mixer, mut rng) = trained(rule, 4, 3);
        let mut hits = 0;
        for _ in 0..500 {
            let (said, goal) = row(&mut rng, 4);
            hits += u32::from(right(mixer.mix(&said, SHAPE).output(3), goal));
        }
        let weights = mixer.weights();
        assert!((weights.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{rule:?} {weights:?}");
        match rule {
            MixingRule::Mean => assert!(hits > 300),
            MixingRule::Few => assert!(hits > 350, "{hits}"),
            _ => {
                assert!(hits > 420, "{rule:?} {hits}");
                assert!(weights[1..].iter().all(|other| other < &weights[0]), "{rule:?} {weights:?}");
            }
        }
    }
}

#[test]
fn a_member_without_an_answer_is_passed_over_by_every_rule() {
    for rule in MixingRule::ALL {
        let (mut mixer, mut rng) = trained(rule, 3, 4);
        let (mut said, goal) = row(&mut rng, 3);
        said[..3].fill(f32::NAN);
        let mixed = mixer.mix(&said, SHAPE);
        assert!(mixed.output(3).iter().all(|number| number.is_finite()), "{rule:?}");
        mixer.observe(&said, &mixed, goal, 0, SHAPE);
        assert!(mixer.weights().iter().all(|weight| weight.is_finite()), "{rule:?}");
    }
}

#[test]
fn one_member_alone_answers_as_it_is() {
    for rule in MixingRule::ALL {
        let mixer = Mixer::new(rule, 1);
        let mixed = mixer.mix(&[0.2, 0.5, 0.3], SHAPE);
        for (mixed, own) in mixed.output(3).iter().zip([0.2, 0.5, 0.3]) {
            assert!((mixed - own).abs() < 1e-5, "{rule:?}");
        }
    }
}

proptest! {
    /// A child that says what its parent says, beside it, changes no answer but that of the rule of the few
    /// (three of four may be others than three of three).
    #[test]
    fn a_twin_beside_its_parent_changes_nothing(seed in 0_u64..50, parent in 0_usize..3) {
        for rule in [MixingRule::Leader, MixingRule::Stacked] {
            let (mixer, mut rng) = trained(rule, 3, seed);
            let edited = mixer.inherit(&[0, 1, 2, parent]);
            let (mut said, _) = row(&mut rng, 3);
            let before = mixer.mix(&said, SHAPE);
            said.extend_from_within(parent * 3..(parent + 1) * 3);
            let after = edited.mix(&said, SHAPE);
            for (a, b) in before.output(3).iter().zip(after.output(3)) {
                prop_assert!((a - b).abs() < 1e-5, "{:?}", rule);
            }
        }
    }
}
