//! False alarms are as rare as stated; what shows in two features together only is found and named.

use model::{FeatureKind, Objective, Target};
use rand_pcg::Pcg64;

use super::*;
use crate::detect::features::SHIFTS_MAX;
use crate::detect::{FeatureDrift, FeatureDriftConfig};
use crate::stats::simulate::{coin, generator, median, normal, saved_and_restored};

fn schema(features: usize) -> Schema {
    let feature = |at: usize| Feature { name: format!("f{at}"), kind: FeatureKind::Numeric };
    let features = (0..features).map(feature).collect();
    Schema::new(features, Target::Regression, Objective::default()).expect("the schema is well formed")
}

/// Bells, of which every two share so much of their variance, with this sign for the second.
fn row(rng: &mut Pcg64, features: usize, correlation: f64, second: f64) -> Vec<f32> {
    let common = normal(rng);
    let (shared, own) = (correlation.sqrt(), (1.0 - correlation).sqrt());
    let mut row: Vec<f32> = (0..features).map(|_| (shared * common + own * normal(rng)) as f32).collect();
    row[1] *= second as f32;
    row
}

fn watching(rng: &mut Pcg64, features: usize, correlation: f64, config: PairsConfig) -> TwoSample {
    let mut detector = TwoSample::new(&schema(features), config);
    while !detector.is_watching() {
        let row = Row::new(row(rng, features, correlation, 1.0)).expect("finite");
        assert_eq!(detector.observe(&row), None);
    }
    detector
}

#[test]
fn false_alarms_are_as_rare_as_stated() {
    for (features, correlation, runs) in [(4, 0.0, 80), (20, 0.8, 40)] {
        let config = PairsConfig { reference: 100, average_run_length: 1e3, seed: 7 };
        let limit = 8_000_u64;
        let run_length = |seed| {
            let mut rng = generator(seed);
            let mut detector = watching(&mut rng, features, correlation, config);
            let next = |rng: &mut Pcg64| Row::new(row(rng, features, correlation, 1.0)).expect("finite");
            (1..limit).find(|_| detector.observe(&next(&mut rng)).is_some()).unwrap_or(limit) as f64
        };
        let mean = (0..runs).map(run_length).sum::<f64>() / runs as f64;
        assert!(mean >= 1e3, "{mean} rows at {features} features");
    }
}

/// Rows to the alarm after the second feature turned against the others, and the alarm.
fn turned(seed: u64) -> (u64, Drift) {
    let mut rng = generator(seed);
    let config = PairsConfig { average_run_length: 1e5, ..PairsConfig::default() };
    let mut detector = watching(&mut rng, 6, 0.6, config);
    let next = |rng: &mut Pcg64| Row::new(row(rng, 6, 0.6, -1.0)).expect("finite");
    (1..4_000)
        .find_map(|at| Some((at, detector.observe(&next(&mut rng))?)))
        .expect("the correlation changed its sign")
}

#[test]
fn what_changed_in_no_single_feature_is_found_and_named() {
    let found: Vec<(u64, Drift)> = (0..12).map(turned).collect();
    assert!(found.iter().all(|(_, drift)| drift.features[0].feature == 1), "{:?}", found[0].1);
    assert!(found.iter().all(|(_, drift)| drift.features[0].log_e < 3.0), "it is distributed as it was");
    let delay = median(found.iter().map(|(at, _)| *at).collect());
    assert!(delay < 200, "{delay} rows");
    assert!(found.iter().all(|(at, drift)| drift.ago.abs_diff(*at) < 100), "it is dated");

    let mut rng = generator(50);
    let mut alone =
        FeatureDrift::new(&schema(6), FeatureDriftConfig { average_run_length: 1e5, ..Default::default() });
    let next = |rng: &mut Pcg64, second| Row::new(row(rng, 6, 0.6, second)).expect("finite");
    let none =
        (0..10_000).all(|at| alone.observe(&next(&mut rng, if at < 4_000 { 1.0 } else { -1.0 })).is_none());
    assert!(none, "no feature shows it alone");
}

#[test]
fn a_mean_that_moves_is_found_and_named() {
    let run = |seed| {
        let mut rng = generator(seed);
        let config = PairsConfig { average_run_length: 1e5, ..PairsConfig::default() };
        let mut detector = watching(&mut rng, 10, 0.0, config);
        let mut next = || {
            let mut row = row(&mut rng, 10, 0.0, 1.0);
            row[3] += 0.7;
            Row::new(row).expect("finite")
        };
        let found = (1..4_000_u64).find_map(|at| Some((at, detector.observe(&next())?)));
        let (at, drift) = found.expect("it is large");
        assert_eq!(drift.features[0].feature, 3, "{drift:?}");
        assert!(drift.features[0].log_e > 0.5 && drift.features.len() <= SHIFTS_MAX, "{drift:?}");
        at
    };
    let delay = median((0..12).map(run).collect());
    assert!(delay < 1_000, "{delay} rows");
}

#[test]
fn many_inputs_have_some_of_their_products_and_rows_kept_have_a_limit() {
    let mut rng = generator(3);
    let mut detector =
        TwoSample::new(&schema(2_000), PairsConfig { reference: 100_000, ..Default::default() });
    for _ in 0..WARMUP_ROWS {
        detector
            .observe(&Row::new((0..2_000).map(|_| coin(&mut rng, 0.5) as f32).collect()).expect("finite"));
    }
    let classifier = detector.classifier.as_ref().expect("the first rows are in");
    assert!((PRODUCTS_MAX - 20..=PRODUCTS_MAX).contains(&classifier.products.len()));
    let kept = KEPT_BYTES_MAX / 8_000;
    let zero = Row::new(vec![0.0; 2_000]).expect("finite");
    (0..kept + 10).for_each(|_| drop(detector.observe(&zero)));
    assert!(detector.is_watching() && detector.pairs.kept().len() == kept);
}

#[test]
fn a_restored_detector_goes_on_and_strange_rows_are_counted() {
    let mut rng = generator(4);
    let config = PairsConfig { reference: 50, average_run_length: 200.0, seed: 1 };
    let mut detector = watching(&mut rng, 3, 0.0, config);
    detector.observe(&Row::new(vec![1.0]).expect("finite"));
    assert_eq!(detector.ignored(), 1);
    let mut restored = saved_and_restored(&detector);
    for at in 0..400 {
        let mut values = row(&mut rng, 3, 0.0, 1.0);
        values[at % 3] = f32::NAN;
        let next = Row::new(values).expect("finite");
        assert_eq!(detector.observe(&next), restored.observe(&next));
    }
    assert_eq!(detector, restored);
    assert_eq!(detector.widened(&schema(3)), detector);
    assert!(!detector.widened(&schema(4)).is_watching());
    detector.reset();
    assert_eq!(detector, TwoSample { ignored: 1, ..TwoSample::new(&schema(3), config) });
}
