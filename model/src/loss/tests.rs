//! What loss promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

use super::*;
use crate::schema::{Feature, FeatureKind, Objective};

fn classes() -> Target {
    Target::Classification { classes: vec!["a".into(), "b".into(), "c".into()] }
}

fn output(values: &[f32]) -> Output {
    Output(values.into())
}

fn schema(target: Target, objective: Objective) -> Schema {
    Schema::new(vec![Feature { name: "x".into(), kind: FeatureKind::Numeric }], target, objective).unwrap()
}

fn near(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-6, "{a} is not {b}");
}

#[test]
fn classes_are_scored_by_half_the_brier_score() {
    near(bounded(&classes(), &output(&[0.2, 0.5, 0.3]), &Truth::Class(1), 1.0), (0.04 + 0.25 + 0.09) / 2.0);
    near(bounded(&classes(), &output(&[1.0, 0.0, 0.0]), &Truth::Class(2), 1.0), 1.0);
}

#[test]
fn numbers_are_scored_in_deviations_of_the_target() {
    near(bounded(&Target::Regression, &output(&[3.0]), &Truth::Number(1.0), 2.0), 0.25);
    near(bounded(&Target::Regression, &output(&[900.0]), &Truth::Number(1.0), 2.0), 1.0);
    near(bounded(&Target::Regression, &output(&[1.0]), &Truth::Number(1.0), 0.0), 0.0);
}

#[test]
fn what_does_not_fit_is_entirely_wrong() {
    near(bounded(&classes(), &output(&[f32::NAN, 0.5, 0.5]), &Truth::Class(1), 1.0), 1.0);
    near(bounded(&classes(), &output(&[0.5, 0.5]), &Truth::Class(1), 1.0), 1.0);
    near(bounded(&classes(), &output(&[0.2, 0.5, 0.3]), &Truth::Class(3), 1.0), 1.0);
    near(bounded(&classes(), &output(&[0.2, 0.5, 0.3]), &Truth::Number(1.0), 1.0), 1.0);
    near(bounded(&Target::Regression, &output(&[1.0]), &Truth::Number(f32::NAN), 1.0), 1.0);
    near(bounded(&Target::Regression, &output(&[1.0]), &Truth::Number(2.0), f32::INFINITY), 0.0);
}

#[test]
fn the_log_loss_is_bounded() {
    near(log_loss(&output(&[0.25, 0.75]), 0), 4.0_f64.ln());
    for hopeless in [output(&[0.0, 1.0]), output(&[f32::NAN, 1.0]), output(&[])] {
        near(log_loss(&hopeless, 0), -PROBABILITY_MIN.ln());
    }
}

#[test]
fn decides_for_the_first_most_probable_class() {
    let schema = schema(classes(), Objective::default());
    assert_eq!(decide(&schema, &output(&[0.2, 0.4, 0.4])), Truth::Class(1));
}

#[test]
fn decides_by_threshold() {
    let target = Target::Classification { classes: vec!["ok".into(), "fraud".into()] };
    let schema = schema(target, Objective { decision_threshold: Some(0.2), ..Objective::default() });
    assert_eq!(decide(&schema, &output(&[0.8, 0.2])), Truth::Class(1));
    assert_eq!(decide(&schema, &output(&[0.9, 0.1])), Truth::Class(0));
}

#[test]
fn decides_by_expected_cost() {
    let costs = vec![vec![0.0, 1.0, 1.0], vec![1.0, 0.0, 1.0], vec![50.0, 50.0, 0.0]];
    let schema = schema(classes(), Objective { cost_matrix: costs, ..Objective::default() });
    assert_eq!(decide(&schema, &output(&[0.6, 0.35, 0.05])), Truth::Class(2));
    assert_eq!(decide(&schema, &output(&[0.6, 0.4, 0.0])), Truth::Class(0));
}

#[test]
fn decides_for_the_number_itself() {
    assert_eq!(
        decide(&schema(Target::Regression, Objective::default()), &output(&[4.5])),
        Truth::Number(4.5)
    );
}

#[test]
fn softmax_survives_large_logits() {
    let mut logits = [1000.0, 1000.0, -1000.0];
    softmax(&mut logits);
    assert_eq!(logits, [0.5, 0.5, 0.0]);
}
