//! Layout: which rows are what.
//!
//! Lives here: places. May not: compute.

use super::super::wide::WIDTH;

/// Places of the first row of each part; of two, the first is along the graph, the other against it. What depends on what is
/// asked comes last, so that all before can stay when something else is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    /// What enters the first operations.
    pub(super) source: [usize; 2],
    /// A row a word, and one that is always said.
    pub(super) gate: [usize; 2],
    pub(super) message: [usize; 2],
    pub(super) second: [usize; 2],
    /// As of gates.
    pub(super) own: usize,
    /// Of both ends, and of the mean.
    pub(super) head: [usize; 3],
    pub(super) bias: usize,
    pub(super) known: usize,
    /// A row an answer.
    pub(super) answers: usize,
    /// One number an answer.
    pub(super) offsets: usize,
    /// How many there are.
    pub(super) rows: usize,
}

impl Layout {
    pub(super) fn new(words: usize, known: usize, answers: usize) -> Self {
        let mut rows = 0;
        let mut take = |count: usize| {
            rows += count;
            rows - count
        };
        let source = [take(1), take(1)];
        let gate = [take(words + 1), take(words + 1)];
        let message = [take(WIDTH), take(WIDTH)];
        let second = [take(WIDTH), take(WIDTH)];
        let own = take(words + 1);
        let head = [take(WIDTH), take(WIDTH), take(WIDTH)];
        let bias = take(1);
        let (known, answers, offsets) = (take(known), take(answers), take(1));
        Self { source, gate, message, second, own, head, bias, known, answers, offsets, rows }
    }
}
