//! What training loss promises, held by examples and properties.

use super::*;

const CLASSES: Shape =
    Shape { inputs: 1, outputs: 3, classification: true, context: 0, steps: 0, picture: None };
const NUMBER: Shape =
    Shape { inputs: 1, outputs: 1, classification: false, context: 0, steps: 0, picture: None };

/// Loss and slope.
fn training_loss(logits: &[f32], goals: Goals<'_>, weights: &[f32], shape: Shape) -> (f32, Vec<f32>) {
    let mut slope = logits.to_vec();
    let loss = super::training_loss(&mut slope, goals, weights, shape);
    (loss, slope)
}

/// The slope has to be what a small change of each logit does to the loss.
fn check_slope(logits: &[f32], goals: Goals<'_>, weights: &[f32], shape: Shape) {
    let (_, slope) = training_loss(logits, goals, weights, shape);
    for at in 0..logits.len() {
        let moved = |by: f32| {
            let mut logits = logits.to_vec();
            logits[at] += by;
            training_loss(&logits, goals, weights, shape).0
        };
        let expected = (moved(1e-2) - moved(-1e-2)) / 2e-2;
        assert!((slope[at] - expected).abs() < 1e-3, "{at}: {} is not {expected}", slope[at]);
    }
}

#[test]
fn slopes_are_slopes() {
    let logits = [0.1, -0.4, 1.3, 0.0, 2.0, -1.0];
    check_slope(&logits, Goals::Truths(&[2.0, 0.0]), &[], CLASSES);
    check_slope(&logits, Goals::Truths(&[2.0, 0.0]), &[0.5, 1.0, 4.0], CLASSES);
    check_slope(&logits, Goals::Answers(&[0.2, 0.3, 0.5, 0.9, 0.1, 0.0]), &[], CLASSES);
    check_slope(&[0.3, -2.0, 9.0], Goals::Truths(&[0.0, 0.5, 1.0]), &[], NUMBER);
}

#[test]
fn a_class_weight_scales_a_row_also_alone() {
    let loss = |weights: &[f32]| training_loss(&[0.0, 0.0, 0.0], Goals::Truths(&[1.0]), weights, CLASSES).0;
    assert!((loss(&[1.0, 5.0, 1.0]) - 5.0 * loss(&[])).abs() < 1e-5);
}

#[test]
fn only_a_logit_that_is_not_finite_makes_the_loss_so() {
    assert!(training_loss(&[900.0, 0.0, -900.0], Goals::Truths(&[2.0]), &[], CLASSES).0.is_finite());
    assert!(training_loss(&[f32::NAN, 0.0, 0.0], Goals::Truths(&[2.0]), &[], CLASSES).0.is_nan());
    assert!(training_loss(&[f32::NAN], Goals::Truths(&[2.0]), &[], NUMBER).0.is_nan());
}

#[test]
fn refuses_goals_without_an_output() {
    assert!(check_goals(&[0.0, 2.0], CLASSES).is_ok());
    for bad in [3.0, -1.0, f32::NAN] {
        assert!(check_goals(&[bad], CLASSES).is_err());
    }
    assert!(check_goals(&[-40.0], NUMBER).is_ok());
    assert!(check_goals(&[f32::INFINITY], NUMBER).is_err());
}
