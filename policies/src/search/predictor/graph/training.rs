//! Training: how a network comes to order graphs, or to tell what is free to know of them.
//!
//! Lives here: losses, batches, steps. May not: know where targets come from.
//!
//! Order is learned from pairs: of two graphs the better one has to be ahead by a margin, and how far beyond does not matter (a hinge).
//! What is free to know is learned by squared error.

use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::network::Network;
use super::reading::Reading;
use super::wide::{Wide, ZERO};

/// Adam's step size and decays (Kingma and Ba 2015), and the decay of weights that goes with it (Loshchilov and Hutter 2019).
const STEP: f32 = 0.01;
const DECAYS: (f32, f32) = (0.9, 0.999);
const WEIGHT_DECAY: f32 = 0.01;
const EPSILON: f32 = 1e-8;
/// Rows a step at most: pairs are made of these.
pub(super) const BATCH: usize = 16;
/// How far ahead the better of two has to be.
const MARGIN: f32 = 0.1;

/// What is learned from.
#[derive(Clone, Debug)]
pub(super) struct Row<'a> {
    pub(super) reading: &'a Reading,
    /// One an answer.
    pub(super) targets: Vec<f32>,
    /// How much it counts.
    pub(super) weight: f32,
}

/// What is to be learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Goal {
    /// The order of rows by each target.
    Order,
    /// The targets themselves.
    Targets,
}

/// Passes over the rows, in batches drawn anew; the step fades to nothing, so that it ends at rest.
pub(super) fn train(network: &mut Network, rows: &[Row<'_>], goal: Goal, steps: usize, rng: &mut Pcg64) {
    if rows.is_empty() {
        return;
    }
    let mut adam = Adam::new(network);
    // Batches of one size: a rest of one row would be a step that learns nothing.
    let size = rows.len().div_ceil(rows.len().div_ceil(BATCH));
    let mut order: Vec<&Row<'_>> = rows.iter().collect();
    let mut next = order.len();
    for step in 0..steps {
        if next >= order.len() {
            order.shuffle(rng);
            next = 0;
        }
        let batch = &order[next..order.len().min(next + size)];
        next += size;
        let gradient = gradient(network, batch, goal);
        let left = 1.0 - step as f32 / steps as f32;
        adam.step(network, &gradient, STEP * left);
    }
}

fn gradient(network: &Network, batch: &[&Row<'_>], goal: Goal) -> Vec<Wide> {
    let traces: Vec<_> = batch.iter().map(|row| network.forward(row.reading)).collect();
    let said: Vec<&[f32]> = traces.iter().map(|trace| trace.answers.as_slice()).collect();
    let errors = match goal {
        Goal::Order => misordered(batch, &said),
        Goal::Targets => missed(batch, &said),
    };
    let mut gradient = network.zeros();
    for ((row, trace), errors) in batch.iter().zip(&traces).zip(&errors) {
        network.backward(row.reading, trace, errors, &mut gradient);
    }
    gradient
}

/// The gradient of the mean hinge over pairs, for each answer of each row.
fn misordered(batch: &[&Row<'_>], said: &[&[f32]]) -> Vec<Vec<f32>> {
    let pairs = (batch.len() * batch.len().saturating_sub(1) / 2).max(1) as f32;
    let mut errors: Vec<Vec<f32>> = said.iter().map(|answers| vec![0.0; answers.len()]).collect();
    for (better, one) in batch.iter().enumerate() {
        for (worse, other) in batch.iter().enumerate() {
            let share = one.weight * other.weight / pairs;
            for answer in 0..said[better].len() {
                let is_ahead = said[better][answer] - said[worse][answer] >= MARGIN;
                if one.targets[answer] > other.targets[answer] && !is_ahead {
                    errors[better][answer] -= share;
                    errors[worse][answer] += share;
                }
            }
        }
    }
    errors
}

/// The gradient of half the mean square.
fn missed(batch: &[&Row<'_>], said: &[&[f32]]) -> Vec<Vec<f32>> {
    let of = |(row, said): (&&Row<'_>, &&[f32])| {
        let share = row.weight / batch.len() as f32;
        said.iter().zip(&row.targets).map(|(said, target)| share * (said - target)).collect()
    };
    batch.iter().zip(said).map(of).collect()
}

/// Moments of each number.
struct Adam {
    first: Vec<Wide>,
    second: Vec<Wide>,
    corrections: (f32, f32),
}

impl Adam {
    fn new(network: &Network) -> Self {
        Self { first: network.zeros(), second: network.zeros(), corrections: (1.0, 1.0) }
    }

    fn step(&mut self, network: &mut Network, gradient: &[Wide], rate: f32) {
        self.corrections.0 *= DECAYS.0;
        self.corrections.1 *= DECAYS.1;
        let (first, second) = (1.0 - self.corrections.0, 1.0 - self.corrections.1);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((row, gradient), (m, v)) in network.rows_mut().iter_mut().zip(gradient).zip(moments) {
            let mut moved = ZERO;
            for (at, moved) in moved.iter_mut().enumerate() {
                m[at] += (1.0 - DECAYS.0) * (gradient[at] - m[at]);
                v[at] += (1.0 - DECAYS.1) * (gradient[at] * gradient[at] - v[at]);
                *moved = m[at] / first / ((v[at] / second).sqrt() + EPSILON) + WEIGHT_DECAY * row[at];
            }
            row.iter_mut().zip(moved).for_each(|(number, moved)| *number -= rate * moved);
        }
    }
}
