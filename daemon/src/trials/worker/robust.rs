//! Robust: what the mixture of a trial loses on bad days of its inputs.
//!
//! Lives here: which rows are put under which stress, and the mean. May not: judge it, or say what a stress does (that is
//! [`model::stress`]).
//!
//! The control and all beside it are asked the same of the same rows, so that their differences are not those of a draw. By then
//! everybody has learned these rows: it is a comparison, and no estimate of what a bad day will cost.

use model::stress::{self, ATTACK_STEPS, features_only};
use model::{MixtureNetwork, ModelError};

use super::{mean_loss, shape};
use crate::trials::protocol::{Stressing, Stretch};

/// Rows of each kind that are put under stress at most: scored ones, and those from before the stretch.
const ROWS_MAX: usize = 256;
/// How many of them are attacked.
const ATTACKED_ROWS: usize = 16;
/// Answers that an attack takes at most: one for every number of a row, each step. Beyond that it is of one step, and
/// then of fewer rows, one at least.
const ATTACK_ANSWERS_MAX: usize = 8_192;

/// Encoded rows, and their goals.
type Rows = (Vec<f32>, Vec<f32>);

/// The mean of the losses under noise, with missing values, under attack and on rows from before the stretch; none
/// without a row.
pub(super) fn loss(
    stretch: &Stretch,
    stressing: &Stressing,
    network: &MixtureNetwork,
) -> Result<Option<f64>, ModelError> {
    let (shape, inputs) = (network.shape(), shape(stretch).inputs);
    let from = stretch.score_from;
    let (rows, goals) = spread(&stretch.encoded[from * inputs..], &stretch.goals[from..], inputs, ROWS_MAX);
    if goals.is_empty() {
        return Ok(None);
    }
    let (before, goals_before) = spread(&stretch.before.encoded, &stretch.before.goals, inputs, ROWS_MAX);
    let noisy = features_only(stress::noisy(&rows, stressing.seed), &rows, shape);
    let missing = features_only(stress::missing(&rows, stressing.seed), &rows, shape);
    let (attacked, attacked_goals) = attacked(stressing, network, &rows, &goals)?;
    let days = [(noisy, &goals), (missing, &goals), (attacked, &attacked_goals), (before, &goals_before)];
    let losses = days
        .iter()
        .filter(|(_, goals)| !goals.is_empty())
        .map(|(rows, goals)| mean_loss(&stretch.target, network, rows, goals))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Some(losses.iter().sum::<f64>() / losses.len() as f64))
}

/// Some of these rows, moved against the network; none where there is no number to move.
fn attacked(
    stressing: &Stressing,
    network: &MixtureNetwork,
    rows: &[f32],
    goals: &[f32],
) -> Result<Rows, ModelError> {
    let numbers = &stressing.numbers;
    if numbers.is_empty() {
        return Ok(Rows::default());
    }
    let (count, steps) = affordable(numbers.len());
    let (rows, goals) = spread(rows, goals, network.shape().inputs, count);
    Ok((stress::attacked(network, &rows, &goals, numbers, steps)?, goals))
}

/// How many rows of so many numbers are attacked, and in how many steps.
fn affordable(numbers: usize) -> (usize, usize) {
    let rows = ATTACK_ANSWERS_MAX / (numbers + 1);
    let steps = if ATTACKED_ROWS * ATTACK_STEPS <= rows { ATTACK_STEPS } else { 1 };
    ((rows / steps).clamp(1, ATTACKED_ROWS), steps)
}

/// So many of these rows at most, evenly apart.
fn spread(encoded: &[f32], goals: &[f32], inputs: usize, most: usize) -> Rows {
    let count = goals.len().min(most);
    let places = (0..count).map(|at| at * goals.len() / count);
    let rows = places.clone().flat_map(|row| &encoded[row * inputs..(row + 1) * inputs]).copied().collect();
    (rows, places.map(|row| goals[row]).collect())
}

#[cfg(test)]
mod tests;
