//! Mixing: what the mixer makes of the members' answers, as operators.
//!
//! Lives here: its recipe, step by step. Does not live here: what the numbers of the recipe mean (that is
//! [`crate::mixture::mixer`]). A member whose answer is not finite is not passed over here, as the mixer does it.

use super::Op;
use super::build::Builder;
use crate::cost::Shape;
use crate::mixture::mixer::{Correction, Recipe, Way};
use crate::mixture::stack::PROBABILITY_MIN;

/// Adds the mixing; returns the answer.
pub(super) fn mix(builder: &mut Builder, said: &[String], recipe: &Recipe, shape: Shape) -> String {
    let stacked = builder.stack(said);
    let mut answers = Vec::with_capacity(recipe.ways.len());
    for (way, _) in &recipe.ways {
        answers.push(match way {
            Way::Blend(weights) => weigh(builder, &stacked, weights),
            Way::Stack { weights, late } => combine(builder, &stacked, weights, late, shape),
        });
    }
    let answer = if answers.len() == 1 {
        answers.remove(0)
    } else {
        let shares: Vec<f32> = recipe.ways.iter().map(|(_, share)| *share).collect();
        let stacked = builder.stack(&answers);
        weigh(builder, &stacked, &shares)
    };
    match &recipe.correction {
        Some(correction) => correct(builder, &answer, correction),
        None => answer,
    }
}

fn weigh(builder: &mut Builder, stacked: &str, weights: &[f32]) -> String {
    let weights = builder.floats(vec![weights.len(), 1, 1], weights.to_vec());
    builder.weigh(stacked, &weights)
}

/// The learned combination.
fn combine(builder: &mut Builder, stacked: &str, weights: &[f32], late: &[f32], shape: Shape) -> String {
    if !shape.classification {
        return weigh(builder, stacked, weights);
    }
    let least = builder.scalar(PROBABILITY_MIN);
    let sure = builder.node(Op::Max, &[stacked, &least]);
    let seen = builder.node(Op::Log, &[&sure]);
    let mut logits = weigh(builder, &seen, weights);
    if !late.is_empty() {
        let mut added = vec![0.0; shape.outputs - late.len()];
        added.extend_from_slice(late);
        let added = builder.floats(vec![shape.outputs], added);
        logits = builder.add(&logits, &added);
    }
    builder.node(Op::Softmax { axis: -1 }, &[&logits])
}

/// As far towards the corrected answer as that is believed.
fn correct(builder: &mut Builder, answer: &str, correction: &Correction) -> String {
    let factors = builder.floats(vec![correction.factors.len()], correction.factors.clone());
    let scaled = builder.multiply(answer, &factors);
    let last = builder.integers(vec![-1]);
    let whole = builder.node(Op::ReduceSum { keeps: true }, &[&scaled, &last]);
    let corrected = builder.node(Op::Div, &[&scaled, &whole]);
    let way = builder.node(Op::Sub, &[&corrected, answer]);
    let trust = builder.scalar(correction.trust);
    let step = builder.multiply(&way, &trust);
    builder.add(answer, &step)
}
