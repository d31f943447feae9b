//! The e-value has a mean of at most one without drift, and grows with it.

use proptest::prelude::*;
use rand::RngExt;
use rand_pcg::Pcg64;

use super::*;
use crate::stats::simulate::generator;

/// Counts of this many draws over bins of these weights.
fn drawn(rng: &mut Pcg64, weights: &[f64], rows: u32) -> Vec<u64> {
    let mut counts = vec![0; weights.len()];
    for _ in 0..rows {
        let mut at = rng.random::<f64>() * weights.iter().sum::<f64>();
        let bin = weights.iter().position(|weight| {
            at -= weight;
            at < 0.0
        });
        counts[bin.unwrap_or(weights.len() - 1)] += 1;
    }
    counts
}

#[test]
fn the_mean_is_at_most_one_without_drift() {
    let spread: Vec<f64> = (1..=20).map(|rank| 1.0 / f64::from(rank * rank)).collect();
    for weights in [&[1.0; 10][..], &spread, &[0.99, 0.01], &[0.5, 0.3, 0.2, 0.001]] {
        for (before, now) in [(500, 100), (2_000, 500), (100, 100)] {
            let mut rng = generator(1);
            let runs = 4_000;
            let one = |_| log_e(&drawn(&mut rng, weights, before), &drawn(&mut rng, weights, now)).exp();
            let mean = (0..runs).map(one).sum::<f64>() / f64::from(runs);
            assert!(mean < 1.1, "{mean} for {before} and {now} rows over {} bins", weights.len());
        }
    }
}

#[test]
fn something_never_seen_before_is_strong_evidence() {
    assert!(log_e(&[1_000_000, 0], &[485, 15]) > 4.0);
    assert!(log_e(&[1_000, 1_000, 0], &[245, 245, 10]) > 3.0);
}

#[test]
fn many_rare_bins_are_joined() {
    let past: Vec<u64> = vec![40; 100];
    let even: Vec<u64> = vec![1; 100];
    let low: Vec<u64> = (0..100).map(|at| u64::from(at < 50) * 2).collect();
    assert!(log_e(&past, &even) < 0.0 && log_e(&past, &low) > 5.0);
}

#[test]
fn measures_have_their_textbook_values() {
    assert!((ks(&[50, 50], &[20, 80]) - 0.3).abs() < 1e-12);
    let expected = 0.3 * (0.8_f64 / 0.5).ln() - 0.3 * (0.2_f64 / 0.5).ln();
    assert!((psi(&[50, 50], &[20, 80]) - expected).abs() < 1e-12);
    assert!(psi(&[0, 100], &[50, 50]).is_finite());
    assert!(ks(&[], &[]).abs() < 1e-12);
}

proptest! {
    #[test]
    fn evidence_is_a_number_and_order_of_bins_is_nothing_to_it(
        counts in prop::collection::vec((0_u64..5_000, 0_u64..500), 1..33),
    ) {
        let (past, window): (Vec<_>, Vec<_>) = counts.iter().copied().unzip();
        let (past_back, window_back): (Vec<_>, Vec<_>) = counts.iter().rev().copied().unzip();
        let found = log_e(&past, &window);
        prop_assert!((0.5_f64.ln() - 1e-9..7.0).contains(&found));
        prop_assert!((found - log_e(&past_back, &window_back)).abs() < 1e-6);
        prop_assert!((0.0..=1.0 + 1e-9).contains(&ks(&past, &window)) && psi(&past, &window) >= 0.0);
    }
}
