//! A rung opens where longer training changes who is best, by more than noise.

use super::*;
use crate::search::scheduler::tests::climbed;
use crate::stats::simulate::saved_and_restored;

fn pasha() -> Pasha {
    Pasha(SuccessiveHalving { rungs: vec![1, 3, 9, 27], ..SuccessiveHalving::default() })
}

/// Curves of 27 windows, each by a function of the candidate and the window.
fn curves(of: impl Fn(usize, u32) -> f64) -> Vec<Vec<f64>> {
    (0..27).map(|candidate| (1..=27).map(|windows| of(candidate, windows)).collect()).collect()
}

#[test]
fn where_little_training_says_all_nobody_trains_long() {
    let (trials, _) = climbed(&pasha(), &curves(|candidate, _| candidate as f64), 4);
    assert_eq!(trials.iter().map(Trial::trained).max(), Some(3));
    assert_eq!(pasha().winners(&trials)[0], 26);
}

#[test]
fn where_the_order_turns_it_trains_to_the_end() {
    let turning = |candidate: usize, windows: u32| {
        if windows.ilog(3).is_multiple_of(2) { candidate as f64 } else { 27.0 - candidate as f64 }
    };
    let (trials, _) = climbed(&pasha(), &curves(turning), 4);
    assert_eq!(trials.iter().map(Trial::trained).max(), Some(27));
}

#[test]
fn a_difference_within_the_noise_is_none() {
    let (lower, upper) = ([Some(0.20), Some(0.21), Some(0.5)], [Some(0.31), Some(0.30), Some(0.6)]);
    assert!(!agree(&lower, &upper, 0.0));
    assert!(agree(&lower, &upper, 0.02));
    assert!(agree(&[Some(0.1), Some(0.2)], &[None, Some(0.3)], 0.0), "who has not come up says nothing");
}

#[test]
fn noise_is_what_curves_differ_by_that_cross_and_cross_back() {
    let trial =
        |gains: [f64; 3]| Trial { curve: [1, 3, 9].into_iter().zip(gains).collect(), ..Trial::default() };
    let crossed = pasha().noise(&[trial([0.1, 0.3, 0.25]), trial([0.2, 0.2, 0.5])]);
    assert!((crossed - 0.25).abs() < 1e-12);
    let once = pasha().noise(&[trial([0.1, 0.3, 0.5]), trial([0.2, 0.2, 0.1])]);
    assert!(once.abs() < 1e-12, "they cross once");
}

#[test]
fn settings_survive_a_snapshot() {
    assert_eq!(saved_and_restored(&pasha()), pasha());
}
