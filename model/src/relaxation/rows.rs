//! Rows: what a relaxation learns from, and what it is judged by.
//!
//! Lives here: what the network sees of labelled rows, their parts, mini-batches. May not: learn.

use std::ops::Range;

use candle_core::{Device, Tensor};
use rand::RngExt;
use rand_pcg::Pcg64;

use super::{ROWS_MAX, ROWS_MIN, refused};
use crate::cost::Shape;
use crate::embedding::View;
use crate::error::ModelError;
use crate::growth::Window;
use crate::network::Network;
use crate::tensors::past_of;

/// Of how many parts the newest is held out.
const HELD_OUT: usize = 4;

/// Labelled rows as the network sees them.
pub(super) struct Rows {
    seen: Vec<f32>,
    goals: Vec<f32>,
    width: usize,
    /// The events that they carry, where the network reads them.
    past: Vec<f32>,
    shape: Shape,
}

/// Some of them.
pub(super) struct Batch {
    pub rows: Tensor,
    /// The events that they carry, rows by events by numbers, where the network reads them.
    pub past: Option<Tensor>,
    pub goals: Vec<f32>,
}

impl Rows {
    /// The newest of a window.
    pub fn of(parent: &Network, window: Window<'_>) -> Result<Self, ModelError> {
        let shape: Shape = parent.shape();
        if window.encoded.len() != window.goals.len() * shape.inputs {
            return Err(ModelError::Sample("rows and goals of a relaxation do not fit each other".into()));
        }
        if window.goals.len() < ROWS_MIN {
            return Err(refused(&format!("{} rows; at least {ROWS_MIN} are needed", window.goals.len())));
        }
        super::check_goals(window.goals, shape)?;
        let from = window.goals.len().saturating_sub(ROWS_MAX);
        let view = View::new(parent.architecture(), shape);
        let mut seen = vec![0.0; (window.goals.len() - from) * view.width()];
        let encoded = &window.encoded[from * shape.inputs..];
        view.see_all(encoded, &mut seen);
        let past = past_of(parent.architecture(), shape, encoded);
        Ok(Self { seen, goals: window.goals[from..].to_vec(), width: view.width(), past, shape })
    }

    /// Those that are learned from: all but the newest.
    pub fn taught(&self) -> Range<usize> {
        0..self.goals.len() - self.goals.len() / HELD_OUT
    }

    /// Those that nothing is learned from.
    pub fn held_out(&self) -> Range<usize> {
        self.taught().end..self.goals.len()
    }

    /// Some of these, with replacement.
    pub fn drawn(
        &self,
        of: Range<usize>,
        count: usize,
        rng: &mut Pcg64,
        device: &Device,
    ) -> Result<Batch, ModelError> {
        let picked: Vec<usize> = (0..count).map(|_| rng.random_range(of.clone())).collect();
        self.batch(picked.into_iter(), device)
    }

    /// All of these.
    pub fn batch(&self, of: impl Iterator<Item = usize>, device: &Device) -> Result<Batch, ModelError> {
        let (mut seen, mut past, mut goals) = (Vec::new(), Vec::new(), Vec::new());
        let each = self.past.len() / self.goals.len().max(1);
        for at in of {
            past.extend_from_slice(&self.past[at * each..(at + 1) * each]);
            seen.extend_from_slice(&self.seen[at * self.width..(at + 1) * self.width]);
            goals.push(self.goals[at]);
        }
        let events = (goals.len(), self.shape.steps, self.shape.step());
        let past = (each > 0).then(|| Tensor::from_vec(past, events, device)).transpose()?;
        Ok(Batch { rows: Tensor::from_vec(seen, (goals.len(), self.width), device)?, past, goals })
    }
}
