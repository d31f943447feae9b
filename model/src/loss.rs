//! Loss: how wrong an answer was, and what to decide on it.
//!
//! Lives here: the bounded loss every comparison rests on, the log loss, decisions. Does not live here:
//! the loss a network is trained on (that is `training_loss`).

use crate::program::exp;
use crate::sample::{ExternalAnswer, Output, Truth};
use crate::schema::{Schema, Target};

/// A regression answer this many target deviations off counts as entirely wrong.
pub const SCALES_TO_WRONG: f64 = 4.0;
/// Smallest probability the log loss sees: one certain error costs 16, not infinity.
pub const PROBABILITY_MIN: f64 = 1e-7;

/// How wrong the answer was, from 0 to 1: half the Brier score for classes, absolute error over
/// [`SCALES_TO_WRONG`] target deviations for numbers. What is not finite or does not fit is 1.
///
/// Bounded, because anytime-valid comparison needs bounds; Brier, because it is proper and punishes
/// both sides of a miscalibrated answer.
///
/// ```
/// use model::{Output, Target, Truth, bounded};
///
/// let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
/// let sure = Output([0.0, 1.0].into());
/// assert_eq!(bounded(&target, &sure, &Truth::Class(1), 1.0), 0.0);
/// assert_eq!(bounded(&target, &sure, &Truth::Class(0), 1.0), 1.0);
/// ```
pub fn bounded(target: &Target, output: &Output, truth: &Truth, scale: f32) -> f64 {
    let fits = output.is_finite() && output.0.len() == target.outputs();
    let loss = match (target, truth) {
        (Target::Classification { classes }, Truth::Class(class))
            if fits && (*class as usize) < classes.len() =>
        {
            half_brier(output, *class)
        }
        (Target::Regression, Truth::Number(number)) if fits => {
            let error = (f64::from(output.0[0]) - f64::from(*number)).abs();
            error / (SCALES_TO_WRONG * f64::from(scale.max(f32::MIN_POSITIVE)))
        }
        (Target::Classification { .. } | Target::Regression, Truth::Class(_) | Truth::Number(_)) => 1.0,
    };
    // Not `clamp`: it would keep a NaN.
    if loss.is_nan() { 1.0 } else { loss.clamp(0.0, 1.0) }
}

/// How wrong an answer of a model that is not ours was, and ours beside it, each from 0 to 1. Where it only decides, so do
/// both: it is not to lose because it does not tell how sure it is.
///
/// ```
/// use model::{ExternalAnswer, Objective, Output, Schema, Target, Truth, side_by_side};
/// # use model::{Feature, FeatureKind};
///
/// # let features = vec![Feature { name: "x".into(), kind: FeatureKind::Numeric }];
/// let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
/// let schema = Schema::new(features, target, Objective::default())?;
/// let ours = Output([0.4, 0.6].into());
/// assert_eq!(side_by_side(&schema, &ExternalAnswer::Class(0), &ours, &Truth::Class(1), 1.0), [1.0, 0.0]);
/// # Ok::<(), model::ModelError>(())
/// ```
pub fn side_by_side(
    schema: &Schema,
    external: &ExternalAnswer,
    ours: &Output,
    truth: &Truth,
    scale: f32,
) -> [f64; 2] {
    match external {
        ExternalAnswer::Class(class) => {
            let ours = if ours.is_finite() { decide(schema, ours) == *truth } else { false };
            [Truth::Class(*class) == *truth, ours].map(|right| f64::from(u8::from(!right)))
        }
        ExternalAnswer::Output(output) => {
            [output, ours].map(|output| bounded(schema.target(), output, truth, scale))
        }
    }
}

/// What a model that is not ours has decided for.
pub fn decided(schema: &Schema, external: &ExternalAnswer) -> Truth {
    match external {
        ExternalAnswer::Class(class) => Truth::Class(*class),
        ExternalAnswer::Output(output) => decide(schema, output),
    }
}

fn half_brier(output: &Output, class: u32) -> f64 {
    let squares = output.0.iter().enumerate().map(|(index, probability)| {
        let hit = f64::from(u8::from(index == class as usize));
        (f64::from(*probability) - hit).powi(2)
    });
    squares.sum::<f64>() / 2.0
}

/// Negative log probability of the class, at most `-ln` [`PROBABILITY_MIN`].
pub fn log_loss(output: &Output, class: u32) -> f64 {
    let probability = output.0.get(class as usize).map_or(0.0, |probability| f64::from(*probability));
    // `max` drops a NaN, so an answer that is not finite costs the most.
    -probability.max(PROBABILITY_MIN).ln()
}

/// What the service should do: the number itself, or the class by threshold, expected cost or
/// probability; the first of equals.
pub fn decide(schema: &Schema, output: &Output) -> Truth {
    let objective = schema.objective();
    let said = &output.0;
    match (schema.target(), objective.decision_threshold) {
        (Target::Regression, _) => Truth::Number(said.first().copied().unwrap_or(f32::NAN)),
        (Target::Classification { .. }, Some(threshold)) => {
            Truth::Class(u32::from(said.get(1).is_some_and(|probability| *probability >= threshold)))
        }
        (Target::Classification { .. }, None) if objective.cost_matrix.is_empty() => {
            Truth::Class(first_best(said.iter().copied()))
        }
        (Target::Classification { classes }, None) => {
            let cost = |decision: usize| -> f32 {
                said.iter()
                    .zip(&objective.cost_matrix)
                    .map(|(probability, costs)| probability * costs[decision])
                    .sum()
            };
            Truth::Class(first_best((0..classes.len()).map(|decision| -cost(decision))))
        }
    }
}

fn first_best(values: impl Iterator<Item = f32>) -> u32 {
    let mut best = (0, f32::NEG_INFINITY);
    for (index, value) in values.enumerate() {
        if value > best.1 {
            best = (index as u32, value);
        }
    }
    best.0
}

/// Turns logits into probabilities in place.
pub(crate) fn softmax(logits: &mut [f32]) {
    let top = logits.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for logit in logits.iter_mut() {
        *logit = exp(*logit - top);
        sum += *logit;
    }
    for share in logits.iter_mut() {
        *share /= sum;
    }
}

#[cfg(test)]
mod tests;
