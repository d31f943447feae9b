//! Shares are recovered from the answers of a model that errs; algebra is what it claims to be.

use proptest::prelude::*;
use rand_pcg::Pcg64;

use super::*;
use crate::stats::simulate::generator;

fn drawn(rng: &mut Pcg64, shares: &[f64]) -> u32 {
    let mut at = rng.random::<f64>();
    let inside = |share: &f64| {
        at -= share;
        at < 0.0
    };
    shares.iter().position(inside).unwrap_or(shares.len() - 1) as u32
}

/// What is answered to each class: right in seven of ten, otherwise one of the other two.
const ANSWERS: [[f64; 3]; 3] = [[0.7, 0.2, 0.1], [0.1, 0.7, 0.2], [0.25, 0.05, 0.7]];

fn outcomes(rng: &mut Pcg64, rows: u32, shares: &[f64], answers: &[[f64; 3]; 3]) -> Confusion {
    let mut confusion = Confusion::new(shares.len());
    for _ in 0..rows {
        let truth = drawn(rng, shares);
        confusion.observe(drawn(rng, &answers[truth as usize]), truth);
    }
    confusion
}

#[test]
fn shares_are_recovered_without_labels() {
    let (before, now) = ([0.6, 0.3, 0.1], [0.2, 0.3, 0.5]);
    for seed in 0..10 {
        let mut rng = generator(seed);
        let known = outcomes(&mut rng, 5_000, &before, &ANSWERS);
        let recent = outcomes(&mut rng, 2_000, &now, &ANSWERS).decided();
        let shift = label_shift(&known, &recent).expect("there are both");
        let apart = shift.shares_now.iter().zip(now).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 0.07, "{shift:?}");
        assert!((shift.shares_now.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        assert!(shift.weights[2] > 3.5 && shift.weights[0] < 0.5 && shift.p < 1e-9 && shift.log_e > 3.0);
        assert!(shift.sigma_min > 0.03 && shift.sigma_min < 0.1, "{}", shift.sigma_min);
    }
}

#[test]
fn answers_that_tell_nothing_move_nothing() {
    let mut rng = generator(11);
    let blind = [[0.5, 0.3, 0.2]; 3];
    let known = outcomes(&mut rng, 5_000, &[0.6, 0.3, 0.1], &blind);
    let recent = outcomes(&mut rng, 2_000, &[0.1, 0.1, 0.8], &blind).decided();
    let shift = label_shift(&known, &recent).expect("there are both");
    let apart = shift.shares_now.iter().zip(&shift.shares_before).map(|(a, b)| (a - b).abs());
    assert!(apart.fold(0.0, f64::max) < 0.1, "{shift:?}");
    assert!(shift.sigma_min < 0.02 && shift.p > 1e-3, "{shift:?}");
}

#[test]
fn without_outcomes_or_answers_there_is_no_estimate() {
    let known = outcomes(&mut generator(12), 100, &[0.6, 0.3, 0.1], &ANSWERS);
    assert_eq!(label_shift(&known, &[0, 0, 0]), None);
    assert_eq!(label_shift(&known, &[1, 1]), None);
    assert_eq!(label_shift(&Confusion::new(3), &[1, 1, 1]), None);
    assert_eq!(label_shift(&Confusion::new(0), &[]), None);
    let mut strange = Confusion::new(2);
    strange.observe(2, 0);
    assert_eq!((strange.total(), strange.ignored()), (0, 1));
}

#[test]
fn more_classes_change_no_count() {
    let known = outcomes(&mut generator(13), 200, &[0.6, 0.3, 0.1], &ANSWERS);
    let wider = known.widened(4);
    assert_eq!((wider.classes(), wider.total(), wider.error()), (4, 200, known.error()));
    assert_eq!(wider.answers_to(2)[..3], known.answers_to(2));
    assert_eq!(wider.widened(2), wider);
}

proptest! {
    #[test]
    fn what_is_solved_solves(values in prop::collection::vec(-1.0..1.0_f64, 20)) {
        let normal = gram(&values[..16], 4);
        let x = Cholesky::new(&normal, 4, 0.1).solve(values[16..].to_vec());
        for row in 0..4 {
            let product: f64 = (0..4).map(|at| normal[row * 4 + at] * x[at]).sum::<f64>() + 0.1 * x[row];
            prop_assert!((product - values[16 + row]).abs() < 1e-8);
        }
    }

    #[test]
    fn projected_shares_are_shares(x in prop::collection::vec(-2.0..2.0_f64, 1..8)) {
        let shares = onto_simplex(&x);
        prop_assert!((shares.iter().sum::<f64>() - 1.0).abs() < 1e-9 && shares.iter().all(|share| *share >= 0.0));
        let again = onto_simplex(&shares);
        prop_assert!(shares.iter().zip(again).all(|(a, b)| (a - b).abs() < 1e-9));
    }
}
