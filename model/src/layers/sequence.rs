//! Sequence: what a stage makes of an event and those before it, in tensors.
//!
//! Lives here: the formulas of [`crate::sequence`], as plainly as they can be said. Does not live here: what becomes of the
//! units (that is the parent's).

use candle_core::{D, Result, Tensor};

use crate::program::PRESENT;
use crate::sequence::Sequence;
use crate::weights::Role;

/// A score that leaves nothing of an event.
const NOT_THERE: f64 = 1e9;

/// The weights of a stage; those that its kind has.
#[derive(Clone, Debug)]
pub(super) struct SequenceTensors {
    of: Sequence,
    input: Tensor,
    recurrent: Option<Tensor>,
    bias: Option<Tensor>,
    position: Option<Tensor>,
    pub block: Option<Tensor>,
    pub head: Tensor,
}

impl SequenceTensors {
    /// Its tables, if there is a stage.
    pub fn find(of: Sequence, find: &impl Fn(Role) -> Option<Tensor>) -> Option<Self> {
        Some(Self {
            of,
            input: find(Role::SequenceInput)?,
            recurrent: find(Role::SequenceRecurrent),
            bias: find(Role::SequenceBias),
            position: find(Role::SequencePosition),
            block: find(Role::SequenceBlock),
            head: find(Role::SequenceHead)?,
        })
    }

    /// What it makes of rows that begin with features, and of the events they carry, rows by events by numbers; each voice
    /// has a copy of the rows.
    pub fn units(&self, rows: &Tensor, past: &Tensor) -> Result<Tensor> {
        let (all, (each, _, width)) = (rows.dim(0)?, past.dims3()?);
        let own = Tensor::cat(
            &[&rows.narrow(1, 0, width - 1)?, &Tensor::ones((all, 1), rows.dtype(), rows.device())?],
            1,
        )?;
        let events = Tensor::cat(&[&own.unsqueeze(1)?, &past.repeat((all / each, 1, 1))?], 1)?;
        // Rows by events: one where there was an event.
        let there = events.narrow(2, width - 1, 1)?.gt(f64::from(PRESENT))?.to_dtype(rows.dtype())?;
        match (self.of, &self.recurrent, &self.bias, &self.position) {
            (Sequence::Attention(_), _, _, Some(position)) => self.attend(&events, &there, position),
            (Sequence::Gru(_), Some(recurrent), Some(bias), _) => {
                self.go_over(&events, &there, recurrent, bias)
            }
            (Sequence::Conv1d { .. }, _, Some(bias), Some(position)) => {
                self.convolve(&events, &there, bias, position)
            }
            _ => candle_core::bail!("a stage lacks a table"),
        }
    }

    fn attend(&self, events: &Tensor, there: &Tensor, position: &Tensor) -> Result<Tensor> {
        let units = self.of.units();
        let sums = events.broadcast_matmul(&self.input)?;
        let scores = sums.narrow(D::Minus1, 0, units)?.broadcast_add(position)?;
        let scores = scores.broadcast_add(&there.affine(NOT_THERE, -NOT_THERE)?)?;
        let scores = scores.broadcast_sub(&scores.max_keepdim(1)?.detach())?.exp()?;
        let shares = scores.broadcast_div(&scores.sum_keepdim(1)?)?;
        shares.mul(&sums.narrow(D::Minus1, units, units)?)?.sum(1)
    }

    fn go_over(&self, events: &Tensor, there: &Tensor, recurrent: &Tensor, bias: &Tensor) -> Result<Tensor> {
        let units = self.of.units();
        let (rows, count, _) = events.dims3()?;
        let mut state = Tensor::zeros((rows, units), events.dtype(), events.device())?;
        for event in (0..count).rev() {
            let of_event = |tensor: &Tensor| tensor.narrow(1, event, 1)?.squeeze(1)?.contiguous();
            let sums = of_event(events)?.matmul(&self.input)?.broadcast_add(bias)?;
            let around = state.matmul(recurrent)?;
            let part = |of: &Tensor, at: usize| of.narrow(1, at * units, units);
            let gate = |at| sigmoid(&part(&sums, at)?.add(&part(&around, at)?)?);
            let next = part(&sums, 2)?.add(&gate(0)?.mul(&part(&around, 2)?)?)?.tanh()?;
            let moved = gate(1)?.mul(&next.sub(&state)?)?.broadcast_mul(&of_event(there)?)?;
            state = state.add(&moved)?;
        }
        Ok(state)
    }

    fn convolve(&self, events: &Tensor, there: &Tensor, bias: &Tensor, position: &Tensor) -> Result<Tensor> {
        let (rows, count, width) = events.dims3()?;
        let kernel = self.of.kernel();
        let beyond = Tensor::zeros((rows, kernel, width), events.dtype(), events.device())?;
        let padded = Tensor::cat(&[events, &beyond], 1)?;
        let windows = (0..kernel).map(|tap| padded.narrow(1, tap, count)).collect::<Result<Vec<_>>>()?;
        let sums = Tensor::cat(&windows, 2)?.broadcast_matmul(&self.input)?.broadcast_add(bias)?;
        sums.relu()?.broadcast_mul(position)?.broadcast_mul(there)?.sum(1)
    }
}

/// `(1 + tanh(a / 2)) / 2`.
fn sigmoid(sums: &Tensor) -> Result<Tensor> {
    sums.affine(0.5, 0.0)?.tanh()?.affine(0.5, 0.5)
}
