//! Training: how one network of the ensemble learns.
//!
//! Lives here: rows, batches, steps. May not: know what its inputs stand for.

use rand::RngExt;
use rand_pcg::Pcg64;

use crate::search::perceptron::{Adam, Perceptron};

/// Adam's step size.
const STEP: f64 = 0.01;

/// What a network learns from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) input: &'a [f64],
    pub(super) targets: &'a [f64],
    /// How much it counts.
    pub(super) weight: f64,
}

/// Trains for so many steps, each on a few rows drawn anew, by their squared error times their weight.
pub(super) fn train(network: &mut Perceptron, rows: &[Row<'_>], steps: u32, batch: usize, rng: &mut Pcg64) {
    let mut adam = Adam::new(network);
    for step in 1..=steps {
        let mut slopes = network.zeros();
        for _ in 0..batch {
            let row = &rows[rng.random_range(0..rows.len())];
            let trace = network.trace(row.input);
            let said = trace.last().map_or(&[][..], Vec::as_slice);
            let weight = row.weight / batch as f64;
            let error =
                said.iter().zip(row.targets).map(|(output, target)| weight * (output - target)).collect();
            network.add_slopes(&trace, error, &mut slopes);
        }
        // The step fades to nothing, so that it ends at rest.
        adam.step(network, &slopes, STEP * (1.0 - f64::from(step - 1) / f64::from(steps)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulate::generator;

    #[test]
    fn it_learns_what_no_line_can() {
        let mut rng = generator(2);
        let mut network = Perceptron::drawn(&[2, 20, 10, 1], &mut rng);
        let corners = [([0.0, 0.0], [-1.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [-1.0])];
        let rows: Vec<Row<'_>> =
            corners.iter().map(|(input, targets)| Row { input, targets, weight: 1.0 }).collect();
        train(&mut network, &rows, 400, 8, &mut rng);
        for (input, target) in corners {
            assert!((network.predict(&input)[0] - target[0]).abs() < 0.1, "{:?}", network.predict(&input));
        }
    }
}
