//! Against plain sums over the raw window; memory stays small; drifts are found and dated.

use proptest::prelude::*;

use super::*;
use crate::detect::river;
use crate::stats::simulate::{coin, generator, median, normal, saved_and_restored};

/// ADWIN by definition: all numbers kept, every cut at a bucket's edge summed from scratch.
#[derive(Default)]
struct Oracle {
    delta: f64,
    /// Observations that each part has at least.
    part_min: usize,
    values: Vec<f64>,
    /// Lengths of the buckets, oldest first.
    sizes: Vec<usize>,
    time: u64,
}

impl Oracle {
    fn observe(&mut self, x: f64) -> bool {
        self.time += 1;
        self.values.push(x);
        self.sizes.push(1);
        self.merge();
        let mut cut = false;
        while self.time.is_multiple_of(32) && (cut || self.values.len() > 10) && self.differs() {
            self.values.drain(..self.sizes.remove(0));
            cut = true;
        }
        cut
    }

    /// While some size occurs six times, its two oldest become one.
    fn merge(&mut self) {
        let crowded = |sizes: &[usize]| {
            sizes.iter().position(|size| sizes.iter().filter(|other| *other == size).count() > 5)
        };
        while let Some(at) = crowded(&self.sizes) {
            let merged = self.sizes[at] + self.sizes.remove(at + 1);
            self.sizes[at] = merged;
        }
    }

    fn differs(&self) -> bool {
        self.cuts().iter().any(|(_, difference, threshold)| difference.abs() > *threshold)
    }

    /// Length of the older part, difference and threshold of every cut.
    fn cuts(&self) -> Vec<(usize, f64, f64)> {
        let n = self.values.len() as f64;
        let mean = |part: &[f64]| part.iter().sum::<f64>() / part.len() as f64;
        let centre = mean(&self.values);
        let variance = self.values.iter().map(|x| (x - centre).powi(2)).sum::<f64>() / n;
        let dd = (2.0 * n.ln() / self.delta).ln();
        let edges = self.sizes.iter().scan(0, |at, size| {
            *at += size;
            Some(*at)
        });
        let cut = |at| {
            let (old, new) = self.values.split_at(at);
            let m = 1.0 / (old.len() as f64 - 4.0) + 1.0 / (new.len() as f64 - 4.0);
            (at, mean(new) - mean(old), (2.0 * m * variance * dd).sqrt() + 2.0 / 3.0 * dd * m)
        };
        let is_long = |at: &usize| *at.min(&(self.values.len() - at)) >= self.part_min;
        edges.filter(is_long).map(cut).collect()
    }
}

/// The same numbers go through both; they must agree after each.
fn agree(numbers: impl Iterator<Item = f64>, delta: f64) -> u32 {
    let mut oracle = Oracle { delta, part_min: 7, ..Oracle::default() };
    let (mut adwin, mut cuts) = (Adwin::new(delta), 0);
    for x in numbers {
        let cut = oracle.observe(x);
        assert_eq!(adwin.observe(&x).is_some(), cut, "at {}", oracle.time);
        assert_eq!(adwin.width(), oracle.values.len() as u64, "at {}", oracle.time);
        let mean = oracle.values.iter().sum::<f64>() / oracle.values.len() as f64;
        assert!((adwin.mean() - mean).abs() < 1e-9);
        if oracle.time.is_multiple_of(CLOCK) {
            cuts_agree(&adwin, &oracle);
        }
        cuts += u32::from(cut);
    }
    cuts
}

/// The histogram must propose what the raw window does.
fn cuts_agree(adwin: &Adwin, oracle: &Oracle) {
    let (ours, theirs) = (adwin.cuts().collect::<Vec<_>>(), oracle.cuts());
    assert_eq!(ours.len(), theirs.len(), "at {}", oracle.time);
    for (cut, (older, difference, threshold)) in ours.iter().zip(theirs) {
        assert_eq!(cut.older, older as u64, "at {}", oracle.time);
        assert!((cut.difference - difference).abs() < 1e-9, "at {}", oracle.time);
        assert!((cut.threshold - threshold).abs() < 1e-9, "at {}", oracle.time);
    }
}

#[test]
fn differs_from_river_by_its_shortest_part_only() {
    for sequence in river::recorded().sequences {
        let (values, theirs) = (sequence.values(), sequence.alarms("adwin"));
        let mut emulated = Vec::new();
        let fresh = || Oracle { delta: 0.002, part_min: 5, ..Oracle::default() };
        let mut oracle = fresh();
        for (at, value) in values.iter().enumerate() {
            if oracle.observe(*value) {
                emulated.push(at);
                oracle = fresh();
            }
        }
        assert_eq!(emulated, theirs, "{}", sequence.name);
        let ours = river::alarms(&mut Adwin::new(0.002), &values);
        assert_eq!(ours, theirs, "{}: parts so short decide nothing here", sequence.name);
    }
}

#[test]
fn agrees_with_sums_over_the_raw_window() {
    let mut rng = generator(1);
    let coins: Vec<f64> =
        (0..4_000).map(|at| coin(&mut rng, if at / 1_000 % 2 == 0 { 0.1 } else { 0.4 })).collect();
    assert!(agree(coins.into_iter(), 0.002) >= 3);
    let noise: Vec<f64> =
        (0..3_000).map(|at| (f64::from(at) / 300.0).sin() * 0.3 + 0.5 + 0.1 * normal(&mut rng)).collect();
    assert!(agree(noise.into_iter(), 0.05) >= 3);
}

#[test]
fn a_doubled_error_is_found_in_a_few_hundred_observations() {
    let delay = |seed| {
        let (mut rng, mut adwin) = (generator(seed), Adwin::new(0.002));
        for _ in 0..5_000 {
            adwin.observe(&coin(&mut rng, 0.1));
        }
        (1..5_000_u64)
            .find(|_| adwin.observe(&coin(&mut rng, 0.2)).is_some_and(|drift| drift.statistic > 0.0))
            .unwrap_or(5_000)
    };
    let delay = median((0..40).map(delay).collect());
    assert!((100..600).contains(&delay), "median {delay}");
}

#[test]
fn a_long_window_stays_small() {
    let (mut rng, mut adwin) = (generator(2), Adwin::new(1e-9));
    for _ in 0..200_000 {
        adwin.observe(&coin(&mut rng, 0.1));
    }
    assert_eq!(adwin.width(), 200_000);
    assert!(adwin.rows.len() <= 18 && adwin.rows.iter().all(|row| row.len() <= BUCKETS_PER_ROW));
    adwin.observe(&f64::NAN);
    adwin.reset();
    assert_eq!((adwin.width(), adwin.ignored()), (0, 1));
    assert_eq!(adwin.mean().to_bits(), 0.0_f64.to_bits());
}

#[test]
fn what_does_not_vary_any_more_has_no_variance() {
    let mut adwin = Adwin::new(0.01);
    let mut rng = generator(471);
    (0..109).for_each(|_| drop(adwin.observe(&coin(&mut rng, 0.14))));
    (0..2_000).for_each(|_| drop(adwin.observe(&1.0)));
    assert!(adwin.width() <= 2_000, "all from before is cut off: {}", adwin.width());
    assert_eq!(adwin.squares.to_bits(), 0.0_f64.to_bits());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn agrees_on_any_stream(levels in prop::collection::vec((0.0..1.0_f64, 1_usize..200), 1..6), seed in 0_u64..1_000) {
        let mut rng = generator(seed);
        let stream: Vec<f64> = levels.iter().flat_map(|(level, length)| std::iter::repeat_n(*level, *length)).collect();
        agree(stream.into_iter().map(|level| coin(&mut rng, level)), 0.01);
    }

    #[test]
    fn agrees_on_any_numbers(numbers in prop::collection::vec(0.0..=1.0_f64, 0..1_500), delta in 0.001..0.9_f64) {
        agree(numbers.into_iter(), delta);
    }

    #[test]
    fn a_restored_window_goes_on_as_if_nothing_had_happened(seed in 0_u64..1_000, before in 0_u32..300) {
        let (mut rng, mut adwin) = (generator(seed), Adwin::new(0.05));
        for _ in 0..before {
            adwin.observe(&coin(&mut rng, 0.1));
        }
        let mut restored = saved_and_restored(&adwin);
        for _ in 0..200 {
            let x = coin(&mut rng, 0.7);
            prop_assert_eq!(adwin.observe(&x), restored.observe(&x));
        }
        prop_assert_eq!(adwin, restored);
    }
}
