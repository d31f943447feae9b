//! Training loss: what a learning step descends on, and its slope at the logits.
//!
//! Lives here: cross-entropy and Huber, for truths and for a teacher's answers. Does not live here: the
//! loss that answers are compared by (that is [`crate::loss`]), gradients of weights.

use crate::cost::Shape;
use crate::error::ModelError;
use crate::loss::{SCALES_TO_WRONG, softmax};

/// Errors of standardised numbers beyond this grow the loss linearly, so outliers do not rule a step.
pub const HUBER_DELTA: f32 = 1.0;

/// Slopes below this are nothing: they are far under the resolution of a probability near one, and
/// their products with weights would be subnormal numbers, which processors handle a hundred times slower.
const SLOPE_MIN: f32 = 1e-10;

/// What the rows of one step should have said.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Goals<'a> {
    /// A class position or standardised number a row.
    Truths(&'a [f32]),
    /// What a teacher says: one probability a class, or one number, a row.
    Answers(&'a [f32]),
}

/// Mean loss of the rows; turns each logit into the slope there.
///
/// Class weights scale a row's loss and are not averaged out again: with one row a step they would
/// vanish.
pub(crate) fn training_loss(
    logits: &mut [f32],
    goals: Goals<'_>,
    class_weights: &[f32],
    shape: Shape,
) -> f32 {
    let outputs = shape.outputs;
    let share = outputs as f32 / logits.len() as f32;
    let mut loss = 0.0;
    for (index, row) in logits.chunks_exact_mut(outputs).enumerate() {
        loss += row_loss(row, goals, index, class_weights, shape);
        for part in row.iter_mut() {
            *part = if part.abs() < SLOPE_MIN { 0.0 } else { *part * share };
        }
    }
    loss * share
}

/// Share of wrong answers to these rows, one voice's after the other's: another class than the true one, or a number as
/// far off as counts as entirely wrong.
pub(crate) fn wrong_share(logits: &[f32], truths: &[f32], shape: Shape) -> f32 {
    let wrong = |(row, truth): (&[f32], &f32)| {
        if shape.classification {
            let true_one = row[*truth as usize];
            f32::from(u8::from(row.iter().any(|other| *other > true_one)))
        } else {
            ((row[0] - truth).abs() / SCALES_TO_WRONG as f32).min(1.0)
        }
    };
    let answers = logits.chunks_exact(shape.outputs);
    let count = answers.len().max(1) as f32;
    answers.zip(truths.iter().cycle()).map(wrong).sum::<f32>() / count
}

/// What one of several answers to some rows was worth.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct AnswerLoss {
    /// Its part of the loss of all answers.
    pub loss: f32,
    /// How wrong it was, from 0 to 1 a row, summed.
    pub wrong: f32,
}

/// What one of several answers counts for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answering<'a> {
    /// Its share in the answer.
    pub trust: f32,
    /// Voices that share it: each has all rows, one voice's after the other's.
    pub voices: usize,
    /// How often each row of each voice counts; empty is once.
    pub counts: &'a [f32],
}

/// As [`training_loss`], of one of several answers.
pub(crate) fn answer_loss(
    logits: &mut [f32],
    Answering { trust, voices, counts }: Answering<'_>,
    goals: Goals<'_>,
    class_weights: &[f32],
    shape: Shape,
) -> AnswerLoss {
    let outputs = shape.outputs;
    let share = trust * (outputs as f32 / logits.len() as f32);
    let mut sum = AnswerLoss::default();
    let rows = logits.len() / outputs / voices;
    for (at, row) in logits.chunks_exact_mut(outputs).enumerate() {
        let index = at % rows;
        let said = row[0];
        // Weighed by class from outside, so that the slopes are the errors of the probabilities.
        let loss = row_loss(row, goals, index, &[], shape);
        sum.wrong += match goals {
            _ if shape.classification => row.iter().map(|part| part * part).sum::<f32>() / 2.0,
            Goals::Truths(numbers) | Goals::Answers(numbers) => {
                ((said - numbers[index]).abs() / SCALES_TO_WRONG as f32).min(1.0)
            }
        };
        let count = counts.get(at).copied().unwrap_or(1.0);
        let share = share * count * class_weight(goals, index, class_weights, shape);
        sum.loss += share * loss;
        for part in row.iter_mut() {
            *part = if part.abs() < SLOPE_MIN { 0.0 } else { *part * share };
        }
    }
    sum.wrong /= voices as f32;
    sum
}

/// Turns one row's logits into the slope there; returns the loss.
fn row_loss(row: &mut [f32], goals: Goals<'_>, index: usize, class_weights: &[f32], shape: Shape) -> f32 {
    match (goals, shape.classification) {
        (Goals::Truths(classes), true) => {
            let class = classes[index] as usize;
            let weight = class_weights.get(class).copied().unwrap_or(1.0);
            cross_entropy(row, weight, |at| f32::from(u8::from(at == class)))
        }
        (Goals::Answers(answers), true) => cross_entropy(row, 1.0, |at| answers[index * shape.outputs + at]),
        (Goals::Truths(numbers) | Goals::Answers(numbers), false) => huber(row, numbers[index]),
    }
}

fn class_weight(goals: Goals<'_>, index: usize, class_weights: &[f32], shape: Shape) -> f32 {
    match goals {
        Goals::Truths(classes) if shape.classification => {
            class_weights.get(classes[index] as usize).copied().unwrap_or(1.0)
        }
        Goals::Truths(_) | Goals::Answers(_) => 1.0,
    }
}

/// Refuses goals that no output stands for.
pub(crate) fn check_goals(goals: &[f32], shape: Shape) -> Result<(), ModelError> {
    let known = |goal: &f32| !shape.classification || (0.0..shape.outputs as f32).contains(goal);
    match goals.iter().find(|goal| !(goal.is_finite() && known(goal))) {
        None => Ok(()),
        Some(goal) => Err(ModelError::Sample(format!("goal {goal} fits no output of {}", shape.outputs))),
    }
}

/// Turns a row of logits into the slope there; returns the loss.
fn cross_entropy(row: &mut [f32], weight: f32, goal: impl Fn(usize) -> f32) -> f32 {
    softmax(row);
    let mut loss = 0.0;
    for (at, probability) in row.iter_mut().enumerate() {
        let goal = goal(at);
        // A probability that underflowed must not make the loss infinite where its slope is fine; a
        // NaN has to stay one, so this is not `max`.
        let seen = if *probability < f32::MIN_POSITIVE { f32::MIN_POSITIVE } else { *probability };
        if goal > 0.0 {
            loss -= weight * goal * seen.ln();
        }
        *probability = weight * (*probability - goal);
    }
    loss
}

fn huber(row: &mut [f32], goal: f32) -> f32 {
    let error = row[0] - goal;
    if error.abs() <= HUBER_DELTA {
        row[0] = error;
        error * error / 2.0
    } else {
        row[0] = HUBER_DELTA * error.signum();
        HUBER_DELTA * (error.abs() - HUBER_DELTA / 2.0)
    }
}

#[cfg(test)]
mod tests;
