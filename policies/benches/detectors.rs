//! One observation by each detector: `cargo bench -p policies`.
//!
//! Streams do not drift here: that is the case that happens nearly always.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use model::{Feature, FeatureKind, Objective, Row, Schema, Target};
use policies::detect::{
    Adwin, BudgetDetector, Detector, ESr, FeatureDrift, FeatureDriftConfig, HddmA, HddmW, Kswin, PageHinkley,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// Observations before the first that counts: detectors remember, and what they remember costs.
const WARM_UP: usize = 20_000;
/// Observations in one measured run.
const RUN: usize = 1_000;
/// Features of a row.
const FEATURES: usize = 8;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let losses = numbers(WARM_UP + RUN);
    of_losses(&mut criterion, "adwin", &Adwin::new(0.002), &losses);
    of_losses(&mut criterion, "e_sr", &ESr::new(100_000.0, 1_000), &losses);
    of_losses(&mut criterion, "page_hinkley", &PageHinkley::default(), &losses);
    of_losses(&mut criterion, "hddm_a", &HddmA::default(), &losses);
    of_losses(&mut criterion, "hddm_w", &HddmW::default(), &losses);
    of_losses(&mut criterion, "kswin", &Kswin::default(), &losses);
    features(&mut criterion);
    budget(&mut criterion);
    criterion.final_summary();
}

/// A thousand losses by a detector that has seen many.
fn of_losses<D>(criterion: &mut Criterion, name: &str, fresh: &D, losses: &[f64])
where
    D: Detector<Observation = f64> + Clone,
{
    let mut warm = fresh.clone();
    losses[..WARM_UP].iter().for_each(|loss| drop(warm.observe(loss)));
    run(criterion, name, &warm, &losses[WARM_UP..]);
}

fn run<D>(criterion: &mut Criterion, name: &str, warm: &D, run: &[D::Observation])
where
    D: Detector + Clone,
    D::Observation: Sized,
{
    criterion.bench_function(&format!("detectors/{name}/{RUN}"), |bencher| {
        bencher.iter_batched_ref(
            || warm.clone(),
            |detector| run.iter().for_each(|observation| drop(black_box(detector.observe(observation)))),
            BatchSize::LargeInput,
        );
    });
}

fn features(criterion: &mut Criterion) {
    let names = (0..FEATURES).map(|at| Feature { name: format!("f{at}"), kind: FeatureKind::Numeric });
    let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
    let schema = Schema::new(names.collect(), target, Objective::default()).expect("a plain schema");
    let config = FeatureDriftConfig { window: 1_000, reference: 5_000, average_run_length: 100_000.0 };
    let mut warm = FeatureDrift::new(&schema, config);
    let values = numbers((WARM_UP + RUN) * FEATURES);
    let row = |values: &[f64]| {
        Row::new(values.iter().map(|value| *value as f32).collect::<Vec<_>>()).expect("finite numbers")
    };
    let rows: Vec<Row> = values.chunks_exact(FEATURES).map(row).collect();
    rows[..WARM_UP].iter().for_each(|row| drop(warm.observe(row)));
    run(criterion, "features", &warm, &rows[WARM_UP..]);
}

fn budget(criterion: &mut Criterion) {
    let mut detector = BudgetDetector::new("compute_seconds".into(), 2.0, 3);
    criterion.bench_function("detectors/budget/1", |bencher| {
        bencher.iter(|| black_box(detector.measure(black_box(1.0))));
    });
}

fn numbers(count: usize) -> Vec<f64> {
    let mut rng = Pcg64::seed_from_u64(11);
    (0..count).map(|_| rng.random_range(0.0..1.0)).collect()
}
