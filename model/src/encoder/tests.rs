//! What encoder promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

use super::*;
use crate::schema::{Feature, Objective, Target};

fn schema(target: Target) -> Schema {
    let feature = |name: &str, kind| Feature { name: name.into(), kind };
    let features = vec![
        feature("number", FeatureKind::Numeric),
        feature("category", FeatureKind::Categorical { buckets: 3 }),
        feature("flag", FeatureKind::Boolean),
    ];
    Schema::new(features, target, Objective::default()).unwrap()
}

fn encoder(numbers: &[f32]) -> Encoder {
    let mut encoder = Encoder::new(&schema(Target::Regression));
    for number in numbers {
        encoder.observe(&row(&[*number, 0.0, 0.0]));
    }
    encoder
}

fn row(values: &[f32]) -> Row {
    Row::new(values.to_vec()).unwrap()
}

fn encoded(encoder: &Encoder, values: &[f32]) -> Vec<f32> {
    let mut out = Vec::new();
    encoder.encode(&row(values), &mut out);
    assert_eq!(out.len(), encoder.width());
    out
}

#[test]
fn encodes_each_kind() {
    let encoder = encoder(&[1.0, 3.0]);
    assert_eq!(encoded(&encoder, &[1.0, 2.0, 1.0]), [-1.0, 0.0, 0.0, 0.0, 1.0, 1.0]);
    assert_eq!(encoded(&encoder, &[2.0, 0.0, 0.0]), [0.0, 0.0, 1.0, 0.0, 0.0, -1.0]);
}

#[test]
fn what_is_missing_is_zero_and_flagged() {
    let encoder = encoder(&[1.0, 3.0]);
    let missing = [0.0, 1.0, 0.0, 0.0, 0.0, 0.0];
    assert_eq!(encoded(&encoder, &[f32::NAN; 3]), missing);
    assert_eq!(encoded(&encoder, &[]), missing);
}

#[test]
fn extremes_are_cut() {
    let encoder = encoder(&[1.0, 3.0]);
    assert_eq!(encoded(&encoder, &[1e30, 99.0, 0.0])[..2], [DEVIATIONS_MAX, 0.0]);
    assert_eq!(encoded(&encoder, &[-1e30, 99.0, 0.0])[0], -DEVIATIONS_MAX);
}

#[test]
fn a_constant_is_zero_and_missing_values_teach_nothing() {
    let constant = encoder(&[7.0; 5]);
    assert_eq!(encoded(&constant, &[7.0, 0.0, 0.0])[0], 0.0);
    assert_eq!(encoder(&[1.0, f32::NAN, 3.0]), encoder(&[1.0, 3.0]));
}

#[test]
fn the_scale_is_the_populations_and_follows_drift() {
    let mut moments = Moments::default();
    let values: Vec<f32> = (0..1000).map(|index| ((index * 37) % 101) as f32).collect();
    for value in &values {
        moments.observe(*value);
    }
    let mean = values.iter().map(|v| f64::from(*v)).sum::<f64>() / 1000.0;
    let variance = values.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / 1000.0;
    assert!((moments.mean - mean).abs() < 1e-9 && (moments.variance - variance).abs() < 1e-6);

    (0..200_000).for_each(|_| moments.observe(1e3));
    assert_eq!(moments.count, MEMORY_MAX);
    assert!((moments.mean - 1e3).abs() < 1.0);
}

#[test]
fn numbers_go_to_the_network_and_back() {
    let mut encoder = encoder(&[]);
    for number in [10.0, 30.0] {
        encoder.observe_truth(&Truth::Number(number));
    }
    assert_eq!(encoder.scale(), 10.0);
    assert_eq!(encoder.goal(&Truth::Number(40.0)), 2.0);
    assert_eq!(encoder.output(&[2.0]).0[..], [40.0]);
}

#[test]
fn classes_stay_as_they_are() {
    let mut encoder = Encoder::new(&schema(Target::Classification { classes: vec!["a".into(), "b".into()] }));
    encoder.observe_truth(&Truth::Class(1));
    assert_eq!(encoder.goal(&Truth::Class(1)), 1.0);
    assert_eq!(encoder.output(&[0.3, 0.7]).0[..], [0.3, 0.7]);
    assert_eq!(encoder.scale(), 1.0);
}

#[test]
fn knows_the_schema_it_fits() {
    let classes = Target::Classification { classes: vec!["a".into(), "b".into()] };
    assert!(encoder(&[1.0]).fits(&schema(Target::Regression)));
    assert!(!encoder(&[1.0]).fits(&schema(classes)));
}

#[test]
fn a_picture_has_one_scale_and_is_the_only_one_to_share_it() {
    let features = (0..3).map(|at| Feature { name: format!("x{at}"), kind: FeatureKind::Numeric }).collect();
    let schema = Schema::new(features, Target::Regression, Objective::default()).unwrap();
    let picture = Picture { first: 1, height: 1, width: 2, channels: 1 };
    let mut encoder = Encoder::new(&schema.with_picture(Some(picture)).unwrap());
    for value in [1.0, 3.0] {
        encoder.observe(&Row::new(vec![value, 0.0, 4.0 * value - 4.0]).unwrap());
    }
    let mut encoded = Vec::new();
    encoder.encode(&Row::new(vec![3.0, 2.0, 2.0]).unwrap(), &mut encoded);
    // Of 0, 0, 0 and 8 the mean is 2.
    assert_eq!(encoded, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
}
