//! One observation by each detector: `cargo bench -p policies`.
//!
//! Streams do not drift here: that is the case that happens nearly always.

use std::hint::black_box;

use criterion::{BatchSize, Criterion};
use model::{Feature, FeatureKind, Objective, Row, Schema, Target};
use policies::detect::{
    Adwin, BudgetDetector, Detector, ESr, FeatureDrift, FeatureDriftConfig, HddmA, HddmW, Kswin, LossSlices,
    LossSlicesConfig, Mmd, PageHinkley, PairsConfig, ShareDrift, ShareDriftConfig, TwoSample,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// Observations before the first that counts: detectors remember, and what they remember costs.
const WARM_UP: usize = 20_000;
/// Observations in one measured run.
const RUN: usize = 1_000;
/// Rows before the first that counts, of many features.
const WARM_UP_ROWS: usize = 3_000;
/// Features of a row.
const WIDTHS: [usize; 3] = [10, 100, 1_000];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let losses = numbers(WARM_UP + RUN);
    of_losses(&mut criterion, "adwin", &Adwin::new(0.002), &losses);
    of_losses(&mut criterion, "e_sr", &ESr::new(100_000.0, 1_000), &losses);
    of_losses(&mut criterion, "page_hinkley", &PageHinkley::default(), &losses);
    of_losses(&mut criterion, "hddm_a", &HddmA::default(), &losses);
    of_losses(&mut criterion, "hddm_w", &HddmW::default(), &losses);
    of_losses(&mut criterion, "kswin", &Kswin::default(), &losses);
    shares(&mut criterion);
    for width in WIDTHS {
        of_rows(&mut criterion, width);
    }
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

fn shares(criterion: &mut Criterion) {
    let classes: Vec<u32> = numbers(WARM_UP + RUN).iter().map(|number| (number * 10.0) as u32).collect();
    let mut warm = ShareDrift::new(10, ShareDriftConfig::default());
    classes[..WARM_UP].iter().for_each(|class| drop(warm.observe(class)));
    run(criterion, "shares", &warm, &classes[WARM_UP..]);
}

/// A thousand rows by each detector that looks at rows.
fn of_rows(criterion: &mut Criterion, width: usize) {
    let names = (0..width).map(|at| Feature { name: format!("f{at}"), kind: FeatureKind::Numeric });
    let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
    let schema = Schema::new(names.collect(), target, Objective::default()).expect("a plain schema");
    let values = numbers((WARM_UP_ROWS + RUN) * width);
    let row = |values: &[f64]| {
        Row::new(values.iter().map(|value| *value as f32).collect::<Vec<_>>()).expect("finite numbers")
    };
    let rows: Vec<Row> = values.chunks_exact(width).map(row).collect();
    let config = FeatureDriftConfig { window: 500, reference: 2_000, average_run_length: 1e9 };
    of(criterion, &format!("features/{width}"), FeatureDrift::new(&schema, config), &rows);
    let config = PairsConfig { average_run_length: 1e9, ..PairsConfig::default() };
    of(criterion, &format!("mmd/{width}"), Mmd::new(&schema, config), &rows);
    let config = PairsConfig { average_run_length: 1e9, ..PairsConfig::default() };
    of(criterion, &format!("two_sample/{width}"), TwoSample::new(&schema, config), &rows);
    slices(criterion, width, LossSlices::new(&schema, LossSlicesConfig::default()), &rows);
}

fn of<D: Detector<Observation = Row> + Clone>(
    criterion: &mut Criterion,
    name: &str,
    mut warm: D,
    rows: &[Row],
) {
    rows[..WARM_UP_ROWS].iter().for_each(|row| drop(warm.observe(row)));
    run(criterion, name, &warm, &rows[WARM_UP_ROWS..]);
}

fn slices(criterion: &mut Criterion, width: usize, mut warm: LossSlices, rows: &[Row]) {
    rows[..WARM_UP_ROWS].iter().for_each(|row| warm.observe(row, 0.5));
    criterion.bench_function(&format!("detectors/slices/{width}/{RUN}"), |bencher| {
        bencher.iter_batched_ref(
            || warm.clone(),
            |slices| rows[WARM_UP_ROWS..].iter().for_each(|row| slices.observe(black_box(row), 0.5)),
            BatchSize::LargeInput,
        );
    });
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
