//! The slice that rose is named first; without a rise nothing is; the e-value has a mean of at most one.

use model::{FeatureKind, Objective, Target};
use rand::RngExt as _;
use rand_pcg::Pcg64;

use super::*;
use crate::stats::simulate::{coin, generator, normal, saved_and_restored};

fn schema() -> Schema {
    let kinds = [FeatureKind::Numeric, FeatureKind::Categorical { buckets: 5 }, FeatureKind::Boolean];
    let feature = |(at, kind): (usize, &FeatureKind)| Feature { name: format!("f{at}"), kind: *kind };
    let features = kinds.iter().enumerate().map(feature).collect();
    Schema::new(features, Target::Regression, Objective::default()).expect("the schema is well formed")
}

fn values(rng: &mut Pcg64) -> [f32; 3] {
    let number = if coin(rng, 0.05) > 0.0 { f32::NAN } else { normal(rng) as f32 };
    [number, rng.random_range(0..5_u8).into(), coin(rng, 0.5) as f32]
}

/// Slices after the reference and so many outcomes with this chance of a loss.
fn after(seed: u64, outcomes: u32, loss: impl Fn([f32; 3]) -> f64) -> LossSlices {
    let mut rng = generator(seed);
    let mut slices = LossSlices::new(&schema(), LossSlicesConfig { reference: 4_000, window: 500 });
    for at in 0..4_000 + outcomes {
        let values = values(&mut rng);
        let chance = if at < 4_000 { 0.1 } else { loss(values) };
        slices.observe(&Row::new(values.to_vec()).expect("finite"), coin(&mut rng, chance));
    }
    slices
}

#[test]
fn the_category_that_fails_is_named_first() {
    for seed in 0..20 {
        let slices = after(seed, 1_000, |values| if values[1] > 3.5 { 0.4 } else { 0.1 });
        let risen = slices.risen();
        let first = risen[0];
        assert_eq!((first.feature, first.bin), (1, Bin::Category(4)), "{risen:?}");
        assert!(first.loss_now > 0.25 && first.loss_before < 0.2 && (0.1..0.3).contains(&first.rows));
        assert!(first.share > 0.5, "{first:?}");
    }
}

#[test]
fn missing_values_and_ends_of_numbers_are_slices_too() {
    let missing = after(1, 1_000, |values| if values[0].is_nan() { 0.9 } else { 0.1 }).risen();
    assert_eq!((missing[0].feature, missing[0].bin), (0, Bin::Missing));
    let high = after(2, 1_000, |values| if values[0] > 1.3 { 0.9 } else { 0.1 }).risen();
    assert!(matches!(high[0].bin, Bin::Between(low, _) if low > 0.7), "{high:?}");
}

#[test]
fn without_a_rise_nothing_is_named() {
    let named = (0..200).filter(|seed| !after(100 + seed, 700, |_| 0.1).risen().is_empty()).count();
    assert!(named <= 10, "{named} of 200");
    assert!(after(3, 1_000, |_| 0.02).risen().is_empty(), "a fall is no rise");
}

#[test]
fn evidence_has_a_mean_of_at_most_one() {
    for (shape, (before, now)) in [(50, 50), (1_000, 20), (20, 500)].into_iter().enumerate() {
        let mut rng = generator(shape as u64);
        let runs = 20_000;
        let one = |_| {
            let mut draw = |count: u32| {
                let mut cell = Cell::default();
                (0..count)
                    .for_each(|_| cell.add(if shape == 0 { rng.random() } else { coin(&mut rng, 0.2) }));
                cell
            };
            let (before, now) = (draw(before), draw(now));
            log_e(before, now).exp()
        };
        let mean = (0..runs).map(one).sum::<f64>() / f64::from(runs);
        assert!(mean <= 1.05, "{mean} in shape {shape}");
    }
}

#[test]
fn what_is_no_outcome_is_ignored_and_memory_does_not_grow() {
    let mut slices = LossSlices::new(&schema(), LossSlicesConfig::default());
    assert!(slices.risen().is_empty());
    slices.observe(&Row::new(vec![1.0]).expect("finite"), 0.5);
    slices.observe(&Row::new(vec![1.0, 2.0, 0.0]).expect("finite"), f64::NAN);
    assert_eq!((slices.ignored(), slices.all), (2, Cells::default()));
    let long = after(4, 20_000, |_| 0.1);
    assert!(postcard::to_stdvec(&long).expect("plain data").len() < 2_500 && long.warmup.capacity() == 0);
    assert_eq!(saved_and_restored(&long), long);
    let mut forgotten = long.clone();
    forgotten.reset();
    assert_eq!(forgotten, LossSlices::new(&schema(), long.config));
}
