//! Examples: labelled rows waiting for a batch, or kept for replay.
//!
//! Lives here: storage in two flat vectors and the draw. Does not live here: when to learn from them.

use rand::{Rng, RngExt};
use serde::{Deserialize, Serialize};

use super::RESERVOIR_NUMBERS;
use crate::widening::Widening;

/// Encoded rows with their goals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Examples {
    inputs: usize,
    rows: Vec<f32>,
    goals: Vec<f32>,
}

impl Examples {
    pub fn new(inputs: usize) -> Self {
        Self { inputs, rows: Vec::new(), goals: Vec::new() }
    }

    /// All of them; what stays is empty.
    pub fn take(&mut self) -> Self {
        let inputs = self.inputs;
        std::mem::replace(self, Self::new(inputs))
    }

    /// Takes the memory of these back, without what is in it, if there is nothing here yet.
    pub fn reuse(&mut self, mut emptied: Self) {
        if self.goals.is_empty() {
            emptied.truncate(0);
            *self = emptied;
        }
    }

    /// Only the first so many.
    pub fn truncate(&mut self, rows: usize) {
        self.rows.truncate(rows * self.inputs);
        self.goals.truncate(rows);
    }

    pub fn inputs(&self) -> usize {
        self.inputs
    }

    pub fn len(&self) -> usize {
        self.goals.len()
    }

    pub fn rows(&self) -> &[f32] {
        &self.rows
    }

    pub fn goals(&self) -> &[f32] {
        &self.goals
    }

    /// Whether every row is whole and of this width.
    pub fn fits(&self, inputs: usize) -> bool {
        self.inputs == inputs && self.rows.len() == inputs * self.goals.len()
    }

    /// The same rows as wider networks see them.
    pub fn widened(&self, widening: &Widening) -> Self {
        let (inputs, rows) = (widening.to().inputs, widening.encoded(&self.rows));
        Self { inputs, rows, goals: self.goals.clone() }
    }

    /// As many as may be kept for a replay of this depth; which place a row has is chance, so any may go.
    pub fn within_reservoir(mut self, depth: u16) -> Self {
        self.truncate(capacity(self.inputs, depth));
        self
    }

    /// Up to this many of them, none twice.
    pub fn sample(&self, rows: usize, rng: &mut impl Rng) -> Self {
        let mut sample = Self::new(self.inputs);
        for at in rand::seq::index::sample(rng, self.len(), rows.min(self.len())) {
            sample.push(self.row(at), self.goals[at]);
        }
        sample
    }

    pub fn push(&mut self, row: &[f32], goal: f32) {
        self.rows.extend_from_slice(row);
        self.goals.push(goal);
    }

    /// Appends this many rows on average, drawn with replacement.
    pub fn draw(&self, rows: f32, rng: &mut impl Rng, out: &mut Self) {
        if self.goals.is_empty() {
            return;
        }
        let rounded_up = rng.random::<f32>() < rows.fract();
        for _ in 0..rows as usize + usize::from(rounded_up) {
            let at = rng.random_range(0..self.len());
            out.push(self.row(at), self.goals[at]);
        }
    }

    /// Keeps new rows, each in the place of a random one when full: older rows fade exponentially, so
    /// what is replayed follows the stream (Aggarwal, VLDB 2006, biased reservoir sampling).
    pub fn remember(&mut self, fresh: &Self, depth: u16, rng: &mut impl Rng) {
        let capacity = capacity(self.inputs, depth);
        for index in 0..fresh.len() {
            let (row, goal) = (fresh.row(index), fresh.goals[index]);
            if self.len() < capacity {
                self.push(row, goal);
            } else {
                let at = rng.random_range(0..capacity);
                self.rows[at * self.inputs..(at + 1) * self.inputs].copy_from_slice(row);
                self.goals[at] = goal;
            }
        }
    }

    fn row(&self, at: usize) -> &[f32] {
        &self.rows[at * self.inputs..(at + 1) * self.inputs]
    }
}

/// Most rows of this width kept for a replay of this depth.
fn capacity(inputs: usize, depth: u16) -> usize {
    usize::from(depth).min(RESERVOIR_NUMBERS / inputs.max(1)).max(1)
}
