//! False alarms are as rare as stated; changes of means and of how inputs go together are found.

use model::{FeatureKind, Objective, Target};
use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{generator, median, normal as bell, saved_and_restored};

fn schema(features: usize) -> Schema {
    let feature = |at: usize| Feature { name: format!("f{at}"), kind: FeatureKind::Numeric };
    let features = (0..features).map(feature).collect();
    Schema::new(features, Target::Regression, Objective::default()).expect("the schema is well formed")
}

/// Bells, of which every two share so much of their variance.
fn row(rng: &mut Pcg64, features: usize, correlation: f64) -> Vec<f32> {
    let common = bell(rng);
    let (shared, own) = (correlation.sqrt(), (1.0 - correlation).sqrt());
    (0..features).map(|_| (shared * common + own * bell(rng)) as f32).collect()
}

/// Rows to the first alarm after the change.
fn delay(
    seed: u64,
    (features, correlation): (usize, f64),
    config: PairsConfig,
    change: impl Fn(&mut [f32]),
    limit: u64,
) -> Option<(u64, Drift)> {
    let (mut rng, mut detector) = (generator(seed), Mmd::new(&schema(features), config));
    while !detector.is_watching() {
        let row = Row::new(row(&mut rng, features, correlation)).expect("finite");
        assert_eq!(detector.observe(&row), None);
    }
    (1..=limit).find_map(|at| {
        let mut values = row(&mut rng, features, correlation);
        change(&mut values);
        Some((at, detector.observe(&Row::new(values).expect("finite"))?))
    })
}

#[test]
fn false_alarms_are_as_rare_as_stated() {
    for (shape, runs) in [((4, 0.0), 80), ((20, 0.8), 40)] {
        let config = PairsConfig { reference: 100, average_run_length: 1e3, seed: 7 };
        let one = |seed| delay(seed, shape, config, |_| (), 8_000).map_or(8_000, |(at, _)| at) as f64;
        let mean = (0..runs).map(one).sum::<f64>() / runs as f64;
        assert!(mean >= 1e3, "{mean} rows at {shape:?}");
    }
}

#[test]
fn a_mean_that_moves_is_found_and_dated() {
    let config = PairsConfig { average_run_length: 1e5, ..PairsConfig::default() };
    let one = |seed| delay(seed, (10, 0.0), config, |row| row[3] += 1.0, 4_000).expect("it is large");
    let found: Vec<(u64, Drift)> = (0..12).map(one).collect();
    assert!(found.iter().all(|(at, drift)| drift.ago.abs_diff(*at) < 300 && drift.features.is_empty()));
    let delay = median(found.iter().map(|(at, _)| *at).collect());
    assert!(delay < 400, "{delay} rows");
}

#[test]
fn what_changed_in_no_single_feature_is_found() {
    let config = PairsConfig { average_run_length: 1e5, ..PairsConfig::default() };
    let one = |seed| delay(seed, (4, 0.6), config, |row| row[1] = -row[1], 4_000).map_or(4_000, |(at, _)| at);
    let delay = median((0..12).map(one).collect());
    assert!(delay < 400, "{delay} rows");
}

#[test]
fn a_restored_detector_goes_on_and_strange_rows_are_counted() {
    let mut rng = generator(4);
    let config = PairsConfig { reference: 50, average_run_length: 200.0, seed: 1 };
    let mut detector = Mmd::new(&schema(3), config);
    (0..700).for_each(|_| drop(detector.observe(&Row::new(row(&mut rng, 3, 0.0)).expect("finite"))));
    detector.observe(&Row::new(vec![1.0]).expect("finite"));
    assert!(detector.is_watching() && detector.ignored() == 1);
    let bytes = postcard::to_stdvec(&detector).expect("plain data").len();
    assert!(bytes < 51 * FREQUENCIES * 4 + 12_000, "{bytes} bytes");
    let mut restored = saved_and_restored(&detector);
    for at in 0..400 {
        let mut values = row(&mut rng, 3, 0.0);
        values[at % 3] = f32::NAN;
        let next = Row::new(values).expect("finite");
        assert_eq!(detector.observe(&next), restored.observe(&next));
    }
    assert_eq!(detector, restored);
    assert!(!detector.widened(&schema(4)).is_watching());
    detector.reset();
    assert_eq!(detector, Mmd { ignored: 1, ..Mmd::new(&schema(3), config) });
}

#[test]
fn a_constant_stream_is_no_change() {
    let mut detector = Mmd::new(&schema(2), PairsConfig { reference: 20, average_run_length: 10.0, seed: 0 });
    let row = Row::new(vec![1.0, f32::NAN]).expect("finite");
    assert!((0..2_000).all(|_| detector.observe(&row).is_none()));
}

proptest! {
    #[test]
    fn a_cosine_is_a_cosine(turns in -100.0..100.0_f32) {
        prop_assert!((f64::from(cosine(turns)) - (std::f64::consts::TAU * f64::from(turns)).cos()).abs() < 1e-3);
    }
}
