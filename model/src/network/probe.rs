//! Probe: what a network does inside on a few rows, as plain numbers.
//!
//! Lives here: the one place where growth, pruning and proxies read activations and gradients. Does not
//! live here: what they make of them.

use candle_core::Tensor;

use super::Network;
use crate::error::ModelError;
use crate::learner::check_examples;
use crate::program::Batch;
use crate::tensors::{Forward, TensorNetwork, Traced};
use crate::training_loss::Goals;

/// What one batch of labelled rows shows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Probe {
    /// Mean training loss of the rows.
    pub loss: f32,
    /// The units of each block, rows by units, those of all voices side by side.
    pub units: Vec<Vec<f32>>,
    /// What each block passes on, rows by numbers.
    pub hidden: Vec<Vec<f32>>,
    /// Slopes of the mean loss at the logits of each answer, rows by outputs.
    pub slopes: Vec<Vec<f32>>,
    /// Slope of the mean loss at every weight, in the order of the layout.
    pub gradient: Vec<f32>,
}

/// What a batch of labelled rows shows of each of them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Insight {
    /// What each block passes on, rows by numbers.
    pub hidden: Vec<Vec<f32>>,
    /// Slopes of each row's loss at the logits of each answer, rows by outputs.
    pub slopes: Vec<Vec<f32>>,
    /// Slopes of each row's loss at the sums of the block asked for, rows by units; nothing where none was.
    pub below: Vec<f32>,
}

impl Network {
    /// The network in tensors, to be probed.
    pub(crate) fn tensors(&self) -> Result<TensorNetwork, ModelError> {
        TensorNetwork::new(self.architecture(), self.shape(), self.flat()?, &self.device().device)
    }

    /// Every weight, in the order of the layout.
    pub(crate) fn flat(&self) -> Result<Vec<f32>, ModelError> {
        self.weights()?.flatten(self.architecture(), self.shape())
    }
}

impl TensorNetwork {
    /// The loss of these rows, what the blocks pass on and the gradient, without dropout; none without
    /// rows. Empty class weights weigh all classes alike.
    pub(crate) fn probe(
        &self,
        encoded: &[f32],
        goals: &[f32],
        class_weights: &[f32],
    ) -> Result<Option<Probe>, ModelError> {
        check_examples(encoded, goals, self.shape())?;
        if goals.is_empty() {
            return Ok(None);
        }
        let batch = Batch { encoded, goals: Goals::Truths(goals), class_weights };
        let Traced { forward, gradient } = self.traced(batch, &[], &[])?;
        let Forward { loss, slopes, trace, .. } = forward;
        let all = |tensors: &[Tensor]| tensors.iter().map(numbers).collect::<Result<Vec<_>, _>>();
        let units =
            trace.units.iter().map(|units| of_rows(units, goals.len())).collect::<Result<Vec<_>, _>>()?;
        let hidden = all(&trace.hidden)?;
        Ok(Some(Probe { loss, units, hidden, slopes, gradient: numbers(&gradient)? }))
    }
}

impl TensorNetwork {
    /// What these rows show one by one; refused if rows and goals do not fit.
    pub(crate) fn insight(
        &self,
        encoded: &[f32],
        goals: &[f32],
        class_weights: &[f32],
        block: Option<usize>,
    ) -> Result<Insight, ModelError> {
        check_examples(encoded, goals, self.shape())?;
        let batch = Batch { encoded, goals: Goals::Truths(goals), class_weights };
        let (Forward { slopes, trace, .. }, below) = self.looked_into(batch, block)?;
        // A row's part of the mean loss, as if there were no others.
        let rows = goals.len() as f32;
        let alone = |numbers: Vec<f32>| numbers.into_iter().map(|number| number * rows).collect();
        let hidden = trace.hidden.iter().map(numbers).collect::<Result<_, _>>()?;
        let below = below.map_or_else(|| Ok(Vec::new()), |below| numbers(&below))?;
        Ok(Insight { hidden, slopes: slopes.into_iter().map(alone).collect(), below: alone(below) })
    }
}

/// A table of all rows of one voice after those of another, as one of rows by voices by units.
fn of_rows(units: &Tensor, rows: usize) -> Result<Vec<f32>, ModelError> {
    let (all, width) = units.dims2()?;
    numbers(&units.reshape((all / rows, rows, width))?.transpose(0, 1)?)
}

fn numbers(tensor: &Tensor) -> Result<Vec<f32>, ModelError> {
    Ok(tensor.flatten_all()?.to_vec1()?)
}

#[cfg(test)]
mod tests;
