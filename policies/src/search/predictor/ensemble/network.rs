//! Network: a small multi-layer perceptron, trained by Adam.
//!
//! Lives here: forward, backward, steps. May not: know what its inputs stand for.

use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::stats::normal;

/// Adam's step size and decays (Kingma and Ba 2015), and the decay of weights that goes with it (Loshchilov and Hutter 2019).
const STEP: f64 = 0.01;
const DECAYS: (f64, f64) = (0.9, 0.999);
const WEIGHT_DECAY: f64 = 0.01;
const EPSILON: f64 = 1e-8;

/// A layer: its weights, a row for each input and one for the bias, and Adam's moments of them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Layer {
    outputs: usize,
    weights: Vec<f64>,
}

/// Adam's moments of one layer.
#[derive(Clone, Debug)]
struct Moments {
    first: Vec<f64>,
    second: Vec<f64>,
}

/// Layers with a hyperbolic tangent between them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Network {
    layers: Vec<Layer>,
}

impl Network {
    /// Layers of these widths, inputs first, drawn anew (Glorot and Bengio 2010), with biases zero.
    pub(super) fn drawn(widths: &[usize], rng: &mut Pcg64) -> Self {
        let layer = |pair: &[usize]| {
            let (inputs, outputs) = (pair[0], pair[1]);
            let scale = (2.0 / (inputs + outputs) as f64).sqrt();
            let mut weights: Vec<f64> =
                (0..inputs * outputs).map(|_| scale * normal::quantile(rng.random())).collect();
            weights.resize((inputs + 1) * outputs, 0.0);
            Layer { outputs, weights }
        };
        Self { layers: widths.windows(2).map(layer).collect() }
    }

    pub(super) fn predict(&self, input: &[f64]) -> Vec<f64> {
        self.activations(input).pop().unwrap_or_default()
    }

    /// Trains for so many steps, each on a few rows drawn anew, by their squared error times their weight.
    pub(super) fn train(&mut self, rows: &[Row<'_>], steps: u32, batch: usize, rng: &mut Pcg64) {
        let zeros = |layer: &Layer| vec![0.0; layer.weights.len()];
        let mut moments: Vec<Moments> =
            self.layers.iter().map(|layer| Moments { first: zeros(layer), second: zeros(layer) }).collect();
        for step in 1..=steps {
            let mut gradients: Vec<Vec<f64>> = self.layers.iter().map(zeros).collect();
            for _ in 0..batch {
                let row = &rows[rng.random_range(0..rows.len())];
                self.add_gradients(row, row.weight / batch as f64, &mut gradients);
            }
            // The step fades to nothing, so that it ends at rest.
            let rate = STEP * (1.0 - f64::from(step - 1) / f64::from(steps));
            for ((layer, moments), gradient) in self.layers.iter_mut().zip(&mut moments).zip(&gradients) {
                layer.step(moments, gradient, step, rate);
            }
        }
    }

    /// The input, and what each layer makes of it.
    fn activations(&self, input: &[f64]) -> Vec<Vec<f64>> {
        let mut all = vec![input.to_vec()];
        for (at, layer) in self.layers.iter().enumerate() {
            let mut outputs = layer.forward(&all[at]);
            if at + 1 < self.layers.len() {
                outputs = outputs.into_iter().map(f64::tanh).collect();
            }
            all.push(outputs);
        }
        all
    }

    fn add_gradients(&self, row: &Row<'_>, weight: f64, into: &mut [Vec<f64>]) {
        let all = self.activations(row.input);
        let outputs = &all[self.layers.len()];
        let mut error: Vec<f64> =
            outputs.iter().zip(row.targets).map(|(output, target)| weight * (output - target)).collect();
        for (at, layer) in self.layers.iter().enumerate().rev() {
            let inputs = &all[at];
            let mut before = vec![0.0; inputs.len()];
            for (from, input) in inputs.iter().chain([&1.0]).enumerate() {
                let here = from * layer.outputs..(from + 1) * layer.outputs;
                into[at][here.clone()].iter_mut().zip(&error).for_each(|(sum, error)| *sum += error * input);
                if let Some(before) = before.get_mut(from) {
                    *before =
                        layer.weights[here].iter().zip(&error).map(|(weight, error)| weight * error).sum();
                }
            }
            error =
                before.iter().zip(inputs).map(|(error, output)| error * (1.0 - output * output)).collect();
        }
    }
}

impl Layer {
    fn forward(&self, inputs: &[f64]) -> Vec<f64> {
        let mut outputs = vec![0.0; self.outputs];
        for (row, input) in self.weights.chunks_exact(self.outputs).zip(inputs.iter().chain([&1.0])) {
            outputs.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * input);
        }
        outputs
    }

    fn step(&mut self, moments: &mut Moments, gradient: &[f64], step: u32, rate: f64) {
        let correction = |decay: f64| 1.0 - decay.powf(f64::from(step));
        let (first, second) = (correction(DECAYS.0), correction(DECAYS.1));
        for (at, (weight, gradient)) in self.weights.iter_mut().zip(gradient).enumerate() {
            let (m, v) = (&mut moments.first[at], &mut moments.second[at]);
            *m += (1.0 - DECAYS.0) * (gradient - *m);
            *v += (1.0 - DECAYS.1) * (gradient * gradient - *v);
            *weight -= rate * (*m / first / ((*v / second).sqrt() + EPSILON) + WEIGHT_DECAY * *weight);
        }
    }
}

/// What a network learns from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row<'a> {
    pub(super) input: &'a [f64],
    pub(super) targets: &'a [f64],
    /// How much it counts.
    pub(super) weight: f64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulate::generator;

    #[test]
    fn gradients_are_those_of_small_differences() {
        let network = Network::drawn(&[3, 4, 2], &mut generator(1));
        let row = Row { input: &[0.3, -0.7, 1.1], targets: &[0.5, -0.2], weight: 1.0 };
        let loss = |network: &Network| -> f64 {
            let outputs = network.predict(row.input);
            0.5 * outputs.iter().zip(row.targets).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
        };
        let mut gradients: Vec<Vec<f64>> =
            network.layers.iter().map(|layer| vec![0.0; layer.weights.len()]).collect();
        network.add_gradients(&row, 1.0, &mut gradients);
        for (layer, gradients) in gradients.iter().enumerate() {
            for (at, told) in gradients.iter().enumerate() {
                let moved = |by: f64| {
                    let mut network = network.clone();
                    network.layers[layer].weights[at] += by;
                    loss(&network)
                };
                let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
                assert!((slope - told).abs() < 1e-8, "{slope} {told}");
            }
        }
    }

    #[test]
    fn it_learns_what_no_line_can() {
        let mut rng = generator(2);
        let mut network = Network::drawn(&[2, 20, 10, 1], &mut rng);
        let corners = [([0.0, 0.0], [-1.0]), ([0.0, 1.0], [1.0]), ([1.0, 0.0], [1.0]), ([1.0, 1.0], [-1.0])];
        let rows: Vec<Row<'_>> =
            corners.iter().map(|(input, targets)| Row { input, targets, weight: 1.0 }).collect();
        network.train(&rows, 400, 8, &mut rng);
        for (input, target) in corners {
            assert!((network.predict(&input)[0] - target[0]).abs() < 0.1, "{:?}", network.predict(&input));
        }
    }
}
