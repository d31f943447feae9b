//! Every value has one bin, tenths hold a tenth each, what was never seen is told apart.

use proptest::prelude::*;

use super::super::binning::BINS_MAX;
use super::*;

fn bin(sketch: &Sketch, value: f32) -> usize {
    let mut sketch = sketch.clone();
    sketch.count(value);
    sketch.window().iter().position(|count| *count == 1).expect("one value was counted")
}

#[test]
fn tenths_hold_a_tenth_each_and_the_rest_has_bins_of_its_own() {
    let first: Vec<f32> = (0_u16..100).map(f32::from).collect();
    let mut sketch = Sketch::new(FeatureKind::Numeric, first.iter().copied());
    for value in first {
        sketch.count(value);
    }
    assert_eq!(sketch.window(), [0, 10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 0, 0]);
    assert_eq!(bin(&Sketch::new(FeatureKind::Numeric, [0.0, 1.0].into_iter()), -0.1), 0);
}

#[test]
fn a_constant_is_told_from_anything_else() {
    let sketch = Sketch::new(FeatureKind::Numeric, [3.0, 3.0, f32::NAN].into_iter());
    let bins: Vec<usize> = [2.0, 3.0, 4.0, f32::NAN].into_iter().map(|value| bin(&sketch, value)).collect();
    assert_eq!(bins, [0, 1, 2, 3]);
}

#[test]
fn a_feature_that_was_always_missing_tells_when_it_appears() {
    let sketch = Sketch::new(FeatureKind::Numeric, [f32::NAN].into_iter());
    assert_ne!(bin(&sketch, 1.0), bin(&sketch, f32::NAN));
}

#[test]
fn many_buckets_share_few_bins() {
    let sketch = Sketch::new(FeatureKind::Categorical { buckets: 1_000 }, std::iter::empty());
    assert_eq!(sketch.past().len(), BINS_MAX);
    assert_eq!(bin(&sketch, 33.0), 1);
    let sketch = Sketch::new(FeatureKind::Boolean, std::iter::empty());
    assert_eq!([bin(&sketch, 0.0), bin(&sketch, 1.0), bin(&sketch, f32::NAN)], [0, 1, 2]);
}

proptest! {
    #[test]
    fn larger_values_never_fall_into_smaller_bins(
        first in prop::collection::vec(-10.0..10.0_f32, 1..50), a in -20.0..20.0_f32, b in -20.0..20.0_f32,
    ) {
        let sketch = Sketch::new(FeatureKind::Numeric, first.into_iter());
        prop_assert!(bin(&sketch, a.min(b)) <= bin(&sketch, a.max(b)));
        prop_assert!(sketch.past().len() <= BINS_MAX);
    }

    #[test]
    fn nothing_is_lost_when_a_window_joins_the_past(values in prop::collection::vec(any::<u16>(), 0..50)) {
        let mut sketch = Sketch::new(FeatureKind::Categorical { buckets: 40 }, std::iter::empty());
        for value in &values {
            sketch.count(f32::from(*value));
        }
        sketch.absorb();
        prop_assert_eq!(sketch.past().iter().sum::<u64>(), values.len() as u64);
        prop_assert_eq!(sketch.window().iter().sum::<u64>(), 0);
    }
}
