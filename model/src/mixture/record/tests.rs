//! What a record promises, held by examples.

#![allow(clippy::float_cmp, reason = "these values are exact")]

use super::*;

const CLASSES: Shape =
    Shape { inputs: 1, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

#[test]
fn whoever_is_right_more_often_counts_more() {
    let mut record = Record::new(3);
    for _ in 0..20 {
        record.observe(&[0.9, 0.1, 0.6, 0.4, 0.2, 0.8], 0.0, CLASSES);
    }
    assert_eq!(record.best(1), [1.0, 0.0, 0.0], "the first of equals");
    assert_eq!(record.best(2), [0.5, 0.5, 0.0]);
    assert_eq!(record.best(9), [1.0 / 3.0; 3]);
    let hedge = record.hedge();
    assert_eq!(hedge[0], hedge[1]);
    assert!(hedge[2] < hedge[0] / 5.0 && (hedge.iter().sum::<f32>() - 1.0).abs() < 1e-6, "{hedge:?}");
}

#[test]
fn ties_go_to_the_first_class_and_what_is_not_finite_is_wrong() {
    assert_eq!(wrong(&[0.5, 0.5], 0.0, CLASSES), 0.0);
    assert_eq!(wrong(&[0.5, 0.5], 1.0, CLASSES), 1.0);
    assert_eq!(wrong(&[f32::NAN, 0.5], 1.0, CLASSES), 1.0);
    let number = Shape { outputs: 1, classification: false, ..CLASSES };
    assert_eq!(wrong(&[3.0], 1.0, number), 0.5);
    assert_eq!(wrong(&[99.0], 1.0, number), 1.0);
}

#[test]
fn old_errors_fade() {
    let mut record = Record::new(2);
    for _ in 0..3_000 {
        record.observe(&[0.9, 0.1, 0.1, 0.9], 0.0, CLASSES);
    }
    for _ in 0..3_000 {
        record.observe(&[0.9, 0.1, 0.1, 0.9], 1.0, CLASSES);
    }
    assert_eq!(record.best(1), [0.0, 1.0]);
}
