//! Proxies: what an untrained network promises, for the price of one mini-batch.
//!
//! Lives here: four zero-cost scores, and what may be made of them. Does not live here: training, choosing.
//!
//! On NAS-Bench-201 scores like these rank all networks with Spearman's rho 0.7 to 0.87, but the best tenth
//! of them not at all. So they do two things only: [`reject_worst_half`], and [`Scores::features`] for
//! predictors. They never choose.

use crate::architecture::{Architecture, BlockKind};
use crate::cost::Shape;
use crate::dense::Cholesky;
use crate::device::Device;
use crate::error::ModelError;
use crate::growth::Window;
use crate::network::Network;
use crate::network::probe::Probe;
use crate::weights::{Role, Weights, layout};

/// Parts of the mini-batch over which [`Scores::zico`] compares gradients.
pub const ZICO_PARTS: usize = 4;
/// Most rows looked at, the newest of a longer window: one mini-batch.
pub const ROWS_MAX: usize = 64;

/// What the proxies say, each on a logarithmic scale, more is better.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Scores {
    /// `SynFlow` (arXiv:2006.05467): `ln Σ |w dR/dw|` with `R` what the absolute weights make of ones, without
    /// activations. It sees no data.
    pub synflow: f64,
    /// NASWOT (arXiv:2006.04647): `ln det(I + K)`, `K` the number of units in whose sign two rows agree. Zero
    /// for a linear network, higher the more rows are told apart.
    pub naswot: f64,
    /// `ZiCo` (arXiv:2301.11300): over tables of weights, `Σ ln Σ_w mean |g| / deviation of |g|` over
    /// [`ZICO_PARTS`] parts of the batch.
    pub zico: f64,
    /// `ln` of the length of the gradient.
    pub gradient_norm: f64,
}

impl Scores {
    /// Of this network on labelled rows; refused without rows.
    pub fn of(network: &Network, window: Window<'_>, class_weights: &[f32]) -> Result<Self, ModelError> {
        let inputs = network.shape().inputs;
        let window = window.newest(inputs)?;
        let from = window.goals.len().saturating_sub(ROWS_MAX);
        let (encoded, goals) = (&window.encoded[from * inputs..], &window.goals[from..]);
        let Some(probe) = network.tensors()?.probe(encoded, goals, class_weights)? else {
            return Err(ModelError::Sample("proxies need at least one row".into()));
        };
        let squares: f64 = probe.gradient.iter().map(|slope| f64::from(*slope).powi(2)).sum();
        Ok(Self {
            synflow: synflow(&network.weights()?, network.architecture(), network.shape()),
            naswot: naswot(&probe, goals.len()),
            zico: zico(network, encoded, goals, class_weights)?,
            gradient_norm: log(squares.sqrt()),
        })
    }

    /// As numbers for a predictor; all finite.
    pub fn features(&self) -> [f32; 4] {
        [self.synflow, self.naswot, self.zico, self.gradient_norm].map(|score| score as f32)
    }
}

/// A network to score without a parent: everything is random, the ways to the head too, through which an
/// untrained network would otherwise pass nothing back.
pub fn untrained(
    architecture: &Architecture,
    shape: Shape,
    device: &Device,
    seed: u64,
) -> Result<Network, ModelError> {
    Network::from_weights(architecture, shape, &Weights::random(architecture, shape, seed), device)
}

/// Which of the candidates are in the worse half by the sum of their ranks over the four scores; of an odd
/// number the smaller half is rejected, of equals the later ones.
pub fn reject_worst_half(scores: &[Scores]) -> Vec<bool> {
    let columns: [fn(&Scores) -> f64; 4] =
        [|of| of.synflow, |of| of.naswot, |of| of.zico, |of| of.gradient_norm];
    let mut sums = vec![0.0; scores.len()];
    for column in columns {
        let values: Vec<f64> = scores.iter().map(column).collect();
        sums.iter_mut().zip(&values).for_each(|(sum, value)| *sum += rank(&values, *value));
    }
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| sums[*b].total_cmp(&sums[*a]));
    let mut rejected = vec![false; scores.len()];
    order.iter().skip(scores.len().div_ceil(2)).for_each(|at| rejected[*at] = true);
    rejected
}

/// How many values are below this one; equal ones count half.
fn rank(values: &[f64], of: f64) -> f64 {
    values
        .iter()
        .map(|value| match value.total_cmp(&of) {
            std::cmp::Ordering::Less => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Greater => 0.0,
        })
        .sum()
}

/// Finite for any number: nothing is the smallest there is.
fn log(value: f64) -> f64 {
    if value.is_nan() { f64::MIN_POSITIVE.ln() } else { value.clamp(f64::MIN_POSITIVE, f64::MAX).ln() }
}

/// Each table of weights counts the whole flow that passes it: `Σ |w| dR/dw` is its output times the slope there.
/// Activations and gates let everything pass.
fn synflow(weights: &Weights, architecture: &Architecture, shape: Shape) -> f64 {
    let first = first_voice(weights, architecture, shape);
    let flow = Flow(&first);
    let mut stream = vec![1.0; shape.seen(architecture)];
    let mut total: f64 = flow.forward(Role::Linear, &stream).iter().sum();
    let mut start = stream.clone();
    let mut passed = Vec::with_capacity(architecture.blocks.len());
    for (index, block) in architecture.blocks.iter().enumerate() {
        let units = flow.forward(Role::BlockWeight(index), &stream);
        let out = flow.forward(Role::BlockOut(index), &units);
        match block.kind {
            BlockKind::Dense | BlockKind::Gated => {
                stream.clone_from(&units);
                start.clone_from(&units);
            }
            BlockKind::Residual => stream = added(&stream, &out),
            BlockKind::Cross => stream = added(&stream, &times(&start, &out)),
        }
        passed.push(Passed { units, out, start: start.clone(), left: stream.clone() });
    }
    let ones = vec![1.0; shape.outputs];
    // Slopes at what leaves the block at hand, and at what the stream it is part of began with.
    let (mut above, mut above_start) = (Vec::new(), Vec::new());
    for (index, (block, Passed { units, out, start, left })) in
        architecture.blocks.iter().zip(&passed).enumerate().rev()
    {
        let to_head = flow.backward(Role::BlockHead(index), &ones);
        total += along(left, &to_head);
        let mut slopes = added(&above, &to_head);
        let mut at_units = match block.kind {
            BlockKind::Dense | BlockKind::Gated => added(&std::mem::take(&mut slopes), &above_start),
            BlockKind::Residual => {
                total += along(out, &slopes);
                flow.backward(Role::BlockOut(index), &slopes)
            }
            BlockKind::Cross => {
                let at_out = times(&slopes, start);
                total += along(out, &at_out);
                above_start = added(&above_start, &times(&slopes, out));
                flow.backward(Role::BlockOut(index), &at_out)
            }
        };
        if !block.kind.keeps_stream() {
            above_start.clear();
        }
        at_units.resize(units.len(), 0.0);
        total += along(units, &at_units);
        above = added(&slopes, &flow.backward(Role::BlockWeight(index), &at_units));
    }
    log(total)
}

/// The weights of a committee's first voice: the others differ in their ends.
fn first_voice(weights: &Weights, architecture: &Architecture, shape: Shape) -> Weights {
    let mut first = weights.clone();
    for slot in layout(architecture, shape) {
        if let Some(table) = first.0.get_mut(&slot.name()) {
            table.data.truncate(slot.rows * slot.columns);
        }
    }
    first
}

/// What flowed through a block.
struct Passed {
    units: Vec<f64>,
    /// From the units to the stream.
    out: Vec<f64>,
    /// What the stream had begun with.
    start: Vec<f64>,
    left: Vec<f64>,
}

/// A network of which every weight counts by its size.
struct Flow<'a>(&'a Weights);

impl Flow<'_> {
    fn forward(&self, role: Role, entered: &[f64]) -> Vec<f64> {
        let Some(table) = self.0.0.get(&role.name()) else { return Vec::new() };
        let mut sums = vec![0.0; table.shape[1]];
        for (row, entered) in table.data.chunks_exact(sums.len()).zip(entered) {
            sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += entered * f64::from(weight.abs()));
        }
        sums
    }

    fn backward(&self, role: Role, slopes: &[f64]) -> Vec<f64> {
        let rows = self.0.0.get(&role.name()).map_or(&[][..], |table| &table.data);
        let sum = |row: &[f32]| row.iter().zip(slopes).map(|(w, slope)| f64::from(w.abs()) * slope).sum();
        rows.chunks_exact(slopes.len().max(1)).map(sum).collect()
    }
}

/// Sums, one by one; what one of both lacks is zero.
fn added(left: &[f64], right: &[f64]) -> Vec<f64> {
    let at = |numbers: &[f64], index: usize| numbers.get(index).copied().unwrap_or(0.0);
    (0..left.len().max(right.len())).map(|index| at(left, index) + at(right, index)).collect()
}

fn times(left: &[f64], right: &[f64]) -> Vec<f64> {
    left.iter().zip(right).map(|(left, right)| left * right).collect()
}

fn along(left: &[f64], right: &[f64]) -> f64 {
    left.iter().zip(right).map(|(left, right)| left * right).sum()
}

/// A unit's sign is that of what it passes on, for every activation there is.
fn naswot(probe: &Probe, rows: usize) -> f64 {
    let code = |row: usize| -> Vec<bool> {
        let parts = probe.units.iter().map(|values| {
            let width = values.len() / rows;
            &values[row * width..(row + 1) * width]
        });
        parts.flatten().map(|value| *value > 0.0).collect()
    };
    let codes: Vec<Vec<bool>> = (0..rows).map(code).collect();
    let mut kernel = Vec::with_capacity(rows * rows);
    for (row, code) in codes.iter().enumerate() {
        for (other, others) in codes.iter().enumerate() {
            let agreed = code.iter().zip(others).filter(|(left, right)| left == right).count();
            kernel.push(agreed as f64 + f64::from(u8::from(row == other)));
        }
    }
    // Never refused: agreement is a sum of products, so with the unit matrix it is positive definite.
    Cholesky::new(kernel, rows).map_or(0.0, |factor| factor.log_determinant())
}

fn zico(network: &Network, encoded: &[f32], goals: &[f32], class_weights: &[f32]) -> Result<f64, ModelError> {
    let inputs = network.shape().inputs;
    let part = goals.len().div_ceil(ZICO_PARTS).max(1);
    let mut gradients: Vec<Vec<f32>> = Vec::with_capacity(ZICO_PARTS);
    for (encoded, goals) in encoded.chunks(part * inputs).zip(goals.chunks(part)) {
        gradients
            .extend(network.tensors()?.probe(encoded, goals, class_weights)?.map(|probe| probe.gradient));
    }
    let (mut at, mut score) = (0, 0.0);
    for slot in layout(network.architecture(), network.shape()) {
        let range = at..at + slot.numbers();
        at = range.end;
        let steadiness: f64 = range.map(|weight| steadiness(&gradients, weight)).sum();
        if !slot.is_bias() && steadiness > 0.0 {
            score += log(steadiness);
        }
    }
    Ok(score)
}

/// Mean over deviation of one weight's absolute gradients; zero where they do not differ.
fn steadiness(gradients: &[Vec<f32>], weight: usize) -> f64 {
    let count = gradients.len() as f64;
    let slopes = gradients.iter().map(|gradient| f64::from(gradient[weight].abs()));
    let mean = slopes.clone().sum::<f64>() / count;
    let variance = slopes.map(|slope| (slope - mean).powi(2)).sum::<f64>() / count;
    if variance > 0.0 { mean / variance.sqrt() } else { 0.0 }
}

#[cfg(test)]
mod tests;
