//! Recent outcomes of the frozen copy: how its loss went, and what it answered to which class.
//!
//! Lives here: the last ones, kept apart from what was normal. May not: judge.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::detect::diagnosis::Tempo;
use crate::detect::shares::label_shift::{CLASSES_MAX, Confusion};

/// Outcomes of a block.
const BLOCK: u32 = 32;
/// Blocks that are kept.
const BLOCKS_MAX: usize = 128;
/// Blocks whose mean is the loss of now.
const NEWEST: usize = 8;
/// A change came suddenly if its first third rose by this share of its last.
const SUDDEN: f64 = 0.6;
/// Outcomes of a window of answers.
const WINDOW: u64 = 250;

/// Mean losses of the last blocks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Recent {
    blocks: VecDeque<f32>,
    sum: f64,
    count: u32,
}

impl Recent {
    pub(super) fn observe(&mut self, loss: f64) {
        self.sum += if loss.is_finite() { loss } else { 1.0 };
        self.count += 1;
        if self.count < BLOCK {
            return;
        }
        if self.blocks.len() == BLOCKS_MAX {
            self.blocks.pop_front();
        }
        self.blocks.push_back((self.sum / f64::from(self.count)) as f32);
        (self.sum, self.count) = (0.0, 0);
    }

    /// Mean of the newest blocks.
    pub(super) fn newest(&self) -> Option<f64> {
        mean(self.blocks.iter().rev().take(NEWEST))
    }

    /// How a rise came that began so many outcomes ago; not told where that is longer than what is kept.
    pub(super) fn tempo(&self, ago: u64, normal: f64) -> Option<Tempo> {
        let blocks = usize::try_from(ago / u64::from(BLOCK)).ok()?;
        if blocks < 3 {
            return Some(Tempo::Sudden);
        }
        if blocks > self.blocks.len() {
            return None;
        }
        let third = blocks / 3;
        let first = mean(self.blocks.iter().skip(self.blocks.len() - blocks).take(third))?;
        let last = mean(self.blocks.iter().rev().take(third))?;
        let sudden = first - normal >= SUDDEN * (last - normal);
        Some(if sudden { Tempo::Sudden } else { Tempo::Gradual })
    }
}

fn mean<'a>(blocks: impl Iterator<Item = &'a f32>) -> Option<f64> {
    let (sum, count) = blocks.fold((0.0, 0_u32), |(sum, count), block| (sum + f64::from(*block), count + 1));
    (count > 0).then(|| sum / f64::from(count))
}

/// Answers to each class: when all was normal, and of the last outcomes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct RecentConfusion {
    before: Confusion,
    last: Confusion,
    current: Confusion,
    /// Outcomes in the current one.
    count: u64,
}

impl RecentConfusion {
    /// Of so many classes; of more than shares are estimated for, nothing is counted.
    pub(super) fn new(classes: usize) -> Self {
        let none = || Confusion::new(if classes > CLASSES_MAX { 0 } else { classes });
        Self { before: none(), last: none(), current: none(), count: 0 }
    }

    pub(super) fn observe(&mut self, decided: u32, truth: u32) {
        if self.count == WINDOW {
            self.count = 0;
            self.before.absorb(&self.last);
            self.last = std::mem::replace(&mut self.current, Confusion::new(self.before.classes()));
        }
        self.count += 1;
        self.current.observe(decided, truth);
    }

    pub(super) fn reset(&mut self) {
        *self = Self::new(self.before.classes());
    }

    /// When all was normal.
    pub(super) fn before(&self) -> &Confusion {
        &self.before
    }

    /// Before and lately; not while there is too little of either.
    pub(super) fn compared(&self) -> Option<(Confusion, Confusion)> {
        let mut now = self.last.clone();
        now.absorb(&self.current);
        (self.before.total() >= WINDOW && now.total() >= WINDOW).then(|| (self.before.clone(), now))
    }
}
