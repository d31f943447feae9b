//! The procedure is its definition, and the share of false discoveries is as small as stated.

use proptest::prelude::*;
use rand_pcg::Pcg64;

use super::*;
use crate::stats::simulate::{generator, normal};

/// By definition: try every size, count who reaches what it asks for.
fn brute_force(e: &[f64], alpha: f64) -> Vec<usize> {
    let needed = |k: usize| e.len() as f64 / (k as f64 * alpha);
    let reaching = |k: usize| (0..e.len()).filter(|at| e[*at] >= needed(k)).collect::<Vec<_>>();
    (1..=e.len())
        .map(reaching)
        .enumerate()
        .filter(|(k, who)| who.len() > *k)
        .map(|(_, who)| who)
        .last()
        .unwrap_or_default()
}

proptest! {
    #[test]
    fn is_its_definition(e in prop::collection::vec(0.01..1_000.0_f64, 0..30), alpha in 0.01..0.9_f64) {
        let logs: Vec<f64> = e.iter().map(|e| e.ln()).collect();
        let found = rejected(&logs, alpha);
        prop_assert!(found.windows(2).all(|pair| logs[pair[0]] >= logs[pair[1]]));
        let mut sorted = found;
        sorted.sort_unstable();
        prop_assert_eq!(sorted, brute_force(&e, alpha));
    }
}

#[test]
fn nothing_is_rejected_without_evidence_or_level() {
    assert!(rejected(&[], 0.05).is_empty());
    assert!(rejected(&[f64::NAN, 0.0, f64::NEG_INFINITY], 0.05).is_empty());
    assert!(rejected(&[700.0], 0.0).is_empty() && rejected(&[700.0], f64::NAN).is_empty());
    assert_eq!(rejected(&[f64::NAN, 700.0], 0.05), [1]);
}

const TESTS: usize = 12;
const FALSE_ONES: usize = 3;
const ALPHA: f64 = 0.1;

/// Mean share of true hypotheses among the rejected ones, and mean number of rejections.
fn discoveries(seed: u64, mut draw: impl FnMut(&mut Pcg64) -> [f64; TESTS]) -> (f64, f64) {
    const RUNS: u32 = 20_000;
    let mut rng = generator(seed);
    let (mut share, mut count) = (0.0, 0.0);
    for _ in 0..RUNS {
        let found = rejected(&draw(&mut rng), ALPHA);
        let wrong = found.iter().filter(|at| **at >= FALSE_ONES).count();
        share += wrong as f64 / found.len().max(1) as f64;
        count += found.len() as f64;
    }
    (share / f64::from(RUNS), count / f64::from(RUNS))
}

/// Likelihood ratios of a mean of `STAKE` against none: the first few have it.
fn likelihood_ratios(noise: [f64; TESTS]) -> [f64; TESTS] {
    const STAKE: f64 = 2.5;
    std::array::from_fn(|at| {
        let x = noise[at] + if at < FALSE_ONES { 4.0 } else { 0.0 };
        STAKE * x - STAKE * STAKE / 2.0
    })
}

#[test]
fn false_discoveries_are_few_whatever_depends_on_what() {
    let alone = |rng: &mut Pcg64| likelihood_ratios(std::array::from_fn(|_| normal(rng)));
    let together = |rng: &mut Pcg64| {
        let common = normal(rng);
        likelihood_ratios(std::array::from_fn(|_| {
            0.95 * common + (1.0 - 0.95_f64.powi(2)).sqrt() * normal(rng)
        }))
    };
    let against = |rng: &mut Pcg64| {
        let common = normal(rng);
        likelihood_ratios(std::array::from_fn(|at| if at % 2 == 0 { common } else { -common }))
    };
    for (seed, (share, count)) in
        [discoveries(1, alone), discoveries(2, together), discoveries(3, against)].into_iter().enumerate()
    {
        assert!(share <= ALPHA, "case {seed}: {share}");
        assert!(count > 1.0, "case {seed}: {count} rejections");
    }
}

#[test]
fn the_worst_case_reaches_the_level_and_no_more() {
    // Never two at once, and each large just as often as an e-value may be: all is noise, so any rejection is wrong.
    let one_of_many = |rng: &mut Pcg64| {
        let chosen = (rng.random::<f64>() * TESTS as f64 / ALPHA) as usize;
        let mut log_e = [f64::NEG_INFINITY; TESTS];
        if chosen < TESTS {
            log_e[chosen] = (TESTS as f64 / ALPHA).ln() + 1e-9;
        }
        log_e
    };
    let mut rng = generator(4);
    let runs = 40_000;
    let any = (0..runs).filter(|_| !rejected(&one_of_many(&mut rng), ALPHA).is_empty()).count() as f64
        / f64::from(runs);
    let noise = 3.0 * (ALPHA * (1.0 - ALPHA) / f64::from(runs)).sqrt();
    assert!((any - ALPHA).abs() <= noise, "{any}");
}
