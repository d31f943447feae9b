//! Perceptron: a small multi-layer perceptron, and the steps by which one learns.
//!
//! Lives here: forward, backward, Adam. May not: know what its inputs stand for, or what it is to learn.

use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::stats::normal;

/// Adam's decays (Kingma and Ba 2015), and the decay of weights that goes with it (Loshchilov and Hutter 2019).
const DECAYS: (f64, f64) = (0.9, 0.999);
const WEIGHT_DECAY: f64 = 0.01;
const EPSILON: f64 = 1e-8;

/// A layer: its weights, a row for each input and one for the bias.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Layer {
    outputs: usize,
    weights: Vec<f64>,
}

/// Layers with a hyperbolic tangent between them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Perceptron {
    layers: Vec<Layer>,
}

/// One number a weight, layer by layer.
pub(super) type Slopes = Vec<Vec<f64>>;

impl Perceptron {
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

    /// The same, that says zero to everything until it has learned.
    pub(super) fn silent(mut self) -> Self {
        if let Some(last) = self.layers.last_mut() {
            last.weights.fill(0.0);
        }
        self
    }

    /// Numbers it takes, and gives.
    pub(super) fn shape(&self) -> Option<(usize, usize)> {
        let (first, last) = (self.layers.first()?, self.layers.last()?);
        Some((first.weights.len() / first.outputs - 1, last.outputs))
    }

    pub(super) fn predict(&self, input: &[f64]) -> Vec<f64> {
        self.trace(input).pop().unwrap_or_default()
    }

    /// The input, and what each layer makes of it.
    pub(super) fn trace(&self, input: &[f64]) -> Vec<Vec<f64>> {
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

    pub(super) fn zeros(&self) -> Slopes {
        self.layers.iter().map(|layer| vec![0.0; layer.weights.len()]).collect()
    }

    /// Adds how a loss grows with each weight, from how it grows with each of the last numbers of a trace.
    pub(super) fn add_slopes(&self, trace: &[Vec<f64>], mut error: Vec<f64>, into: &mut Slopes) {
        for (at, layer) in self.layers.iter().enumerate().rev() {
            let inputs = &trace[at];
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
}

/// Adam's moments of a perceptron.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Adam {
    first: Slopes,
    second: Slopes,
    steps: u32,
}

impl Adam {
    pub(super) fn new(network: &Perceptron) -> Self {
        Self { first: network.zeros(), second: network.zeros(), steps: 0 }
    }

    /// One step down these slopes.
    pub(super) fn step(&mut self, network: &mut Perceptron, slopes: &Slopes, rate: f64) {
        self.steps = self.steps.saturating_add(1);
        let correction = |decay: f64| 1.0 - decay.powf(f64::from(self.steps));
        let corrections = (correction(DECAYS.0), correction(DECAYS.1));
        for (at, layer) in network.layers.iter_mut().enumerate() {
            for (place, (weight, slope)) in layer.weights.iter_mut().zip(&slopes[at]).enumerate() {
                let (m, v) = (&mut self.first[at][place], &mut self.second[at][place]);
                *m += (1.0 - DECAYS.0) * (slope - *m);
                *v += (1.0 - DECAYS.1) * (slope * slope - *v);
                let along = *m / corrections.0 / ((*v / corrections.1).sqrt() + EPSILON);
                *weight -= rate * (along + WEIGHT_DECAY * *weight);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::simulate::generator;

    #[test]
    fn slopes_are_those_of_small_differences() {
        let network = Perceptron::drawn(&[3, 4, 2], &mut generator(1));
        let (input, targets) = ([0.3, -0.7, 1.1], [0.5, -0.2]);
        let loss = |network: &Perceptron| -> f64 {
            let outputs = network.predict(&input);
            0.5 * outputs.iter().zip(targets).map(|(a, b)| (a - b) * (a - b)).sum::<f64>()
        };
        let trace = network.trace(&input);
        let error = trace[2].iter().zip(targets).map(|(a, b)| a - b).collect();
        let mut slopes = network.zeros();
        network.add_slopes(&trace, error, &mut slopes);
        for (layer, slopes) in slopes.iter().enumerate() {
            for (at, told) in slopes.iter().enumerate() {
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
    fn a_silent_one_says_nothing_until_it_has_learned() {
        let mut network = Perceptron::drawn(&[2, 3, 1], &mut generator(2)).silent();
        assert_eq!((network.shape(), network.predict(&[0.5, -1.0])), (Some((2, 1)), vec![0.0]));
        let mut adam = Adam::new(&network);
        for _ in 0..200 {
            let trace = network.trace(&[0.5, -1.0]);
            let mut slopes = network.zeros();
            network.add_slopes(&trace, vec![trace[2][0] - 1.0], &mut slopes);
            adam.step(&mut network, &slopes, 0.02);
        }
        assert!((network.predict(&[0.5, -1.0])[0] - 1.0).abs() < 0.05);
    }
}
