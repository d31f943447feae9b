//! Stress: encoded rows as a network may meet them on a bad day.
//!
//! Lives here: noise and missing numbers, from a seed, and numbers moved against a network. Does not live here: what
//! growth of the loss is acceptable (that is a gate).

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::cost::Shape;
use crate::error::ModelError;
use crate::loss::PROBABILITY_MIN;
use crate::mixture::MixtureNetwork;

/// Largest noise, in standard deviations of a standardised number.
pub const NOISE: f32 = 0.3;
/// Share of numbers that go missing.
pub const MISSING_SHARE: f32 = 0.1;
/// How far an attack may move a number, in its standard deviations.
pub const ATTACK_RADIUS: f32 = 0.1;
/// Steps of an attack of several.
pub const ATTACK_STEPS: usize = 5;
/// By how much a number is moved to see what the loss does.
const DIFFERENCE: f32 = 1e-2;

/// Every number with noise drawn evenly from -[`NOISE`] to [`NOISE`].
pub fn noisy(encoded: &[f32], seed: u64) -> Vec<f32> {
    let mut rng = Pcg64::seed_from_u64(seed);
    encoded.iter().map(|value| value + rng.random_range(-NOISE..=NOISE)).collect()
}

/// One number in ten set to what a missing one is encoded as: zero.
pub fn missing(encoded: &[f32], seed: u64) -> Vec<f32> {
    let mut rng = Pcg64::seed_from_u64(seed);
    encoded.iter().map(|value| if rng.random::<f32>() < MISSING_SHARE { 0.0 } else { *value }).collect()
}

/// Stressed rows with the recent labels as they were: a bad day of the sensors is none of the labels.
#[must_use]
pub fn features_only(mut stressed: Vec<f32>, encoded: &[f32], shape: Shape) -> Vec<f32> {
    let features = shape.features();
    let rows = stressed.chunks_exact_mut(shape.inputs.max(1)).zip(encoded.chunks_exact(shape.inputs.max(1)));
    rows.for_each(|(stressed, row)| stressed[features..].copy_from_slice(&row[features..]));
    stressed
}

/// Each of these numbers of every row moved so that the loss grows, within [`ATTACK_RADIUS`] of where it was: in one
/// step by the sign of the slope (FGSM, arXiv:1412.6572), or in several smaller ones (PGD, arXiv:1706.06083).
///
/// Slopes are differences, not derivatives: they see what a mixture does as a whole, whatever its members are and see
/// of a row. A row of `n` numbers costs `n + 1` answers a step.
pub fn attacked(
    network: &MixtureNetwork,
    encoded: &[f32],
    goals: &[f32],
    numbers: &[usize],
    steps: usize,
) -> Result<Vec<f32>, ModelError> {
    let inputs = network.shape().inputs;
    let mut moved = encoded.to_vec();
    // Several steps of the radius' fraction overlap, so that the last ones can still turn.
    let step = if steps > 1 { 2.0 * ATTACK_RADIUS / steps as f32 } else { ATTACK_RADIUS };
    let rows = moved.chunks_exact_mut(inputs).zip(encoded.chunks_exact(inputs)).zip(goals);
    for ((row, start), goal) in rows {
        for _ in 0..steps {
            let slopes = slopes(network, row, *goal, numbers)?;
            for (at, slope) in numbers.iter().zip(slopes) {
                let towards = if slope == 0.0 { 0.0 } else { slope.signum() };
                row[*at] =
                    (row[*at] + step * towards).clamp(start[*at] - ATTACK_RADIUS, start[*at] + ATTACK_RADIUS);
            }
        }
    }
    Ok(moved)
}

/// What the loss of one row gains when each of these numbers grows a little.
fn slopes(
    network: &MixtureNetwork,
    row: &[f32],
    goal: f32,
    numbers: &[usize],
) -> Result<Vec<f32>, ModelError> {
    let mut rows = row.repeat(numbers.len() + 1);
    for (copy, at) in rows.chunks_exact_mut(row.len()).skip(1).zip(numbers) {
        copy[*at] += DIFFERENCE;
    }
    let shape = network.shape();
    let loss = |output: &[f32]| {
        if shape.classification {
            -output.get(goal as usize).copied().unwrap_or(0.0).max(PROBABILITY_MIN as f32).ln()
        } else {
            (output[0] - goal).powi(2)
        }
    };
    let said = network.predict(&rows)?;
    let losses: Vec<f32> = said.chunks_exact(shape.outputs).map(loss).collect();
    Ok(losses[1..].iter().map(|moved| moved - losses[0]).collect())
}

#[cfg(test)]
mod tests;
