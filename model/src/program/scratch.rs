//! Scratch: the memory in which answers and steps are computed.
//!
//! Lives here: one set of buffers a thread, which grow to what the largest network there needed. Does not
//! live here: anything that outlives a call, but for rows that many networks are shown one after the
//! other.

use std::cell::RefCell;

use super::image::Room;
use super::kernels::Listed;
use super::lists::{LIST_SLACK, list_nonzero};
use super::plan::{INPUT, Op, Plan, Register};
use crate::embedding::View;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch::default());
}

/// Calls with the buffers of this thread. A call within a call is a mistake of this crate.
pub(super) fn with<R>(call: impl FnOnce(&mut Scratch) -> R) -> R {
    SCRATCH.with_borrow_mut(call)
}

/// Buffers for one member at a time; what they hold is described where they are used.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// Rows at hand.
    pub rows: usize,
    /// What the networks at hand see of them.
    view: Option<(View, usize)>,
    /// All registers, the encoded rows first.
    pub values: Vec<f32>,
    /// The loss's slope at every number of `values`.
    pub grads: Vec<f32>,
    /// What operations keep for the way back.
    pub kept: Vec<f32>,
    /// The gradient of the weights.
    pub gradient: Vec<f32>,
    /// Tables with rows and columns exchanged.
    pub turned: [Vec<f32>; 2],
    /// Where encoded rows are not zero.
    pub inputs: Vec<u32>,
    pub input_counts: Vec<usize>,
    /// Where other registers are not zero, if there is one row.
    pub lists: Vec<u32>,
    pub counts: Vec<usize>,
    /// Dropout masks, one block after the other; then how often each voice learns from each row.
    pub masks: Vec<f32>,
    /// The events that the rows carry, themselves included, and where each is not zero.
    pub events: Vec<f32>,
    pub event_lists: Vec<u32>,
    pub event_counts: Vec<usize>,
    /// What a sequence computes with.
    pub room: Vec<f32>,
    /// The gradient of a network and its slices, as far as it is known.
    pub sum: Vec<f32>,
    /// What an image computes with.
    pub room_to_look: Room,
    /// How wrong each of several answers was, summed over the rows.
    pub wrong: Vec<f32>,
}

impl Scratch {
    /// Takes in what is seen of encoded rows. It stays until the next rows, whatever networks that see the same run
    /// over it. Each voice has a copy, one after the other.
    pub fn enter(&mut self, encoded: &[f32], view: View, voices: usize) {
        let rows = view.rows(encoded);
        self.rows = rows * voices;
        self.view = Some((view, voices));
        let seen = view.width();
        grow(&mut self.values, self.rows * seen);
        grow(&mut self.inputs, self.rows * seen + LIST_SLACK);
        view.see_all(encoded, &mut self.values[..rows * seen]);
        for voice in 1..voices {
            self.values.copy_within(..rows * seen, voice * rows * seen);
        }
        self.input_counts.clear();
        for index in 0..self.rows {
            let row = &self.values[index * seen..][..seen];
            self.input_counts.push(list_nonzero(row, &mut self.inputs[index * seen..]));
        }
        self.enter_events(encoded, view, voices);
    }

    fn enter_events(&mut self, encoded: &[f32], view: View, voices: usize) {
        let (events, width) = view.events();
        let each = events * width;
        self.event_counts.clear();
        if each == 0 {
            return;
        }
        grow(&mut self.events, self.rows * each);
        grow(&mut self.event_lists, self.rows * each + LIST_SLACK);
        let all = encoded.chunks_exact(encoded.len() * voices / self.rows).cycle();
        for (row, into) in all.zip(self.events[..self.rows * each].chunks_exact_mut(each)) {
            view.read(row, into);
        }
        for (index, event) in self.events[..self.rows * each].chunks_exact(width).enumerate() {
            self.event_counts.push(list_nonzero(event, &mut self.event_lists[index * width..]));
        }
    }

    /// The same rows as last time, for a network whose voices see this of them.
    pub fn see(&mut self, encoded: &[f32], view: View, voices: usize) {
        if self.view != Some((view, voices)) {
            self.enter(encoded, view, voices);
        }
    }

    /// What is seen of the rows at hand, one after the other.
    pub fn entered(&self) -> &[f32] {
        &self.values[..self.rows * self.view.map_or(0, |(view, _)| view.width())]
    }

    /// Makes room for this plan over the rows at hand.
    pub fn prepare(&mut self, plan: &Plan) {
        let rows = self.rows;
        grow(&mut self.values, rows * plan.width);
        grow(&mut self.grads, rows * plan.width);
        grow(&mut self.kept, rows * plan.kept);
        grow(&mut self.gradient, plan.parameters());
        grow(&mut self.sum, plan.parameters());
        grow(&mut self.lists, plan.width + LIST_SLACK);
        grow(&mut self.room, 7 * plan.architecture().sequence.units());
        for op in &plan.ops {
            if let Op::Look(sight) = op {
                self.room_to_look.prepare(sight);
            }
        }
        self.counts.resize(self.counts.len().max(plan.registers.len()), 0);
        let widest = plan.registers.iter().map(|register| register.width).max().unwrap_or(0);
        for turned in &mut self.turned {
            grow(turned, rows * widest);
        }
    }

    /// Whether most encoded numbers are zero.
    pub fn thin(&self, inputs: usize) -> bool {
        2 * self.input_counts.iter().sum::<usize>() < self.rows * inputs
    }

    /// Where the encoded row of this number is not zero.
    pub fn input_list(&self, row: usize, inputs: usize) -> Listed<'_> {
        let count = self.input_counts[row];
        (count < inputs).then(|| &self.inputs[row * inputs..][..count])
    }

    /// Where a register of one row may be other than zero.
    pub fn list(&self, register: usize, Register { at, width, sparse }: Register) -> Listed<'_> {
        match register {
            INPUT => self.input_list(0, width),
            _ => sparse.then(|| &self.lists[at..at + self.counts[register]]),
        }
    }
}

/// Room for so many.
pub(super) fn grow<T: Copy + Default>(buffer: &mut Vec<T>, to: usize) {
    if buffer.len() < to {
        buffer.resize(to, T::default());
    }
}
