//! A change of shares alone is told from a change of what is answered.

use rand::RngExt as _;

use super::*;
use crate::stats::simulate::generator;

/// Outcomes of two classes: the share of the second, and the share of wrong answers to each.
fn outcomes(seed: u64, rows: u32, second: f64, errors: [f64; 2]) -> Confusion {
    let (mut rng, mut confusion) = (generator(seed), Confusion::new(2));
    for _ in 0..rows {
        let truth = u32::from(rng.random::<f64>() < second);
        let wrong = rng.random::<f64>() < errors[truth as usize];
        confusion.observe(if wrong { 1 - truth } else { truth }, truth);
    }
    confusion
}

#[test]
fn shares_alone_explain_the_error() {
    let before = outcomes(1, 4_000, 0.1, [0.05, 0.3]);
    let now = outcomes(2, 4_000, 0.6, [0.05, 0.3]);
    let kind = shift_kind(&before, &now).expect("there are outcomes");
    assert!(kind.error_before < 0.1 && kind.error_now > 0.17, "{kind:?}");
    assert!((kind.error_by_shares - kind.error_now).abs() < 0.04, "{kind:?}");
    assert!(kind.is_label_shift_only(0.001, 0.08), "{kind:?}");
}

#[test]
fn other_answers_are_seen() {
    let before = outcomes(3, 4_000, 0.1, [0.05, 0.3]);
    for (share, errors) in [(0.6, [0.2, 0.3]), (0.1, [0.2, 0.3])] {
        let kind = shift_kind(&before, &outcomes(4, 4_000, share, errors)).expect("there are outcomes");
        assert!(kind.answers_p < 1e-6 && !kind.is_label_shift_only(0.001, 0.08), "{kind:?}");
    }
}

#[test]
fn few_labels_are_no_proof() {
    let before = outcomes(5, 4_000, 0.1, [0.05, 0.3]);
    let kind = shift_kind(&before, &outcomes(6, 30, 0.6, [0.05, 0.3])).expect("there are outcomes");
    assert!(!kind.is_label_shift_only(0.001, 0.08), "{kind:?}");
    assert_eq!(shift_kind(&before, &Confusion::new(2)), None);
    assert_eq!(shift_kind(&before, &Confusion::new(3)), None);
}

#[test]
fn nothing_is_seen_of_nothing() {
    let rejects = |seed: &u64| {
        let (a, b) = (outcomes(2 * seed, 500, 0.3, [0.1, 0.3]), outcomes(2 * seed + 1, 500, 0.3, [0.1, 0.3]));
        let kind = shift_kind(&a, &b).expect("there are outcomes");
        kind.answers_p < 0.05
    };
    let count = (0..400).filter(rejects).count();
    assert!(count < 34, "{count} of 400 at 5 %");
}
