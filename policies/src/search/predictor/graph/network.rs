//! Network: what it makes of a graph of operations, and which way each of its numbers would have to move.
//!
//! Lives here: forward and backward. Does not live here: what is asked of it (that is [`super::training`]).
//!
//! The first layer sends messages along the graph, from the row to the answer and the other way, each operation letting through what its
//! gate says (GATES: Ning et al. 2020, arXiv:2004.01899). So what arrives at the end tells of every way through the graph:
//!
//! ```text
//! s_v = Σ m_u of those before v     m_v = tanh(s_v M) ⊙ σ(G x_v)     end = Σ m_v of those that answer
//! ```
//!
//! The second looks at each operation with both messages, and takes the mean: `z_v = relu(O x_v + m_v S + m'_v S')`. A hyperbolic
//! tangent of both ends, that mean and what is known besides is what answers are read from.

use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::reading::{Read, Reading};
use super::wide::{WIDTH, Wide, ZERO, add, dot, each, through};
use crate::stats::normal;

mod layout;

use layout::Layout;

/// Answers of one network at most.
pub(super) const ANSWERS_MAX: usize = WIDTH;

/// All its numbers, in rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Network {
    words: usize,
    known: usize,
    answers: usize,
    rows: Vec<Wide>,
}

/// What one operation did with a message.
#[derive(Clone, Copy, Debug)]
struct Cell {
    sum: Wide,
    squashed: Wide,
    gate: Wide,
    message: Wide,
}

/// What a network made of a graph, step by step.
#[derive(Clone, Debug)]
pub(super) struct Trace {
    /// Along the graph, and against it.
    cells: [Vec<Cell>; 2],
    ends: [Wide; 2],
    seen: Vec<Wide>,
    mean: Wide,
    top: Wide,
    pub(super) answers: Vec<f32>,
}

impl Trace {
    /// The graph in numbers: what arrives at both ends, and the mean of what is seen.
    pub(super) fn embedding(&self) -> [Wide; 3] {
        [self.ends[0], self.ends[1], self.mean]
    }
}

impl Network {
    /// Drawn anew.
    pub(super) fn drawn(words: usize, known: usize, answers: usize, rng: &mut Pcg64) -> Self {
        let layout = Layout::new(words, known, answers);
        let mut network = Self { words, known, answers, rows: vec![ZERO; layout.rows] };
        let inner = (1.0 / WIDTH as f32).sqrt();
        for way in 0..2 {
            network.fill(layout.source[way], 1, 1.0, rng);
            network.fill(layout.gate[way], words, 1.0, rng);
            network.fill(layout.message[way], WIDTH, inner, rng);
            network.fill(layout.second[way], WIDTH, inner, rng);
        }
        network.fill(layout.own, words, 0.5, rng);
        for head in layout.head {
            network.fill(head, WIDTH, inner / 1.5_f32.sqrt(), rng);
        }
        network.crown(&layout, rng);
        network
    }

    /// The same below the top, for other answers; what it answers, and what it makes of what is known besides, is drawn anew.
    pub(super) fn crowned(&self, known: usize, answers: usize, rng: &mut Pcg64) -> Self {
        let layout = Layout::new(self.words, known, answers);
        let mut rows = self.rows.clone();
        rows.truncate(layout.known);
        rows.resize(layout.rows, ZERO);
        let mut network = Self { known, answers, rows, ..*self };
        network.crown(&layout, rng);
        network
    }

    fn crown(&mut self, layout: &Layout, rng: &mut Pcg64) {
        self.fill(layout.known, self.known, (1.0 / self.known.max(1) as f32).sqrt(), rng);
        self.fill(layout.answers, self.answers, (1.0 / WIDTH as f32).sqrt(), rng);
    }

    fn fill(&mut self, first: usize, count: usize, scale: f32, rng: &mut Pcg64) {
        for number in self.rows[first..first + count].iter_mut().flatten() {
            *number = scale * normal::quantile(rng.random()) as f32;
        }
    }

    pub(super) fn rows_mut(&mut self) -> &mut [Wide] {
        &mut self.rows
    }

    /// As many zeros as it has numbers.
    pub(super) fn zeros(&self) -> Vec<Wide> {
        vec![ZERO; self.rows.len()]
    }

    fn layout(&self) -> Layout {
        Layout::new(self.words, self.known, self.answers)
    }

    fn matrix(&self, first: usize) -> &[Wide] {
        &self.rows[first..first + WIDTH]
    }

    /// The words of an operation, in the numbers of a table that ends with what is always said.
    fn said(&self, table: usize, operation: &Read) -> Wide {
        let mut sum = self.rows[table + self.words];
        for (word, times) in &operation.words {
            add(&mut sum, *times, &self.rows[table + word]);
        }
        sum
    }

    pub(super) fn forward(&self, graph: &Reading) -> Trace {
        let layout = self.layout();
        let (along, end) = self.along(&layout, graph);
        let (against, beginning) = self.against(&layout, graph);
        let cells = [along, against];
        let mut mean = ZERO;
        let mut seen = Vec::with_capacity(graph.operations.len());
        for (at, operation) in graph.operations.iter().enumerate() {
            let mut sum = self.said(layout.own, operation);
            for (cells, second) in cells.iter().zip(layout.second) {
                through(self.matrix(second), &cells[at].message, &mut sum);
            }
            let sum = each(sum, |number| number.max(0.0));
            add(&mut mean, 1.0 / graph.operations.len() as f32, &sum);
            seen.push(sum);
        }
        let ends = [end, beginning];
        let top = self.top(&layout, [&end, &beginning, &mean], &graph.known);
        let offsets = &self.rows[layout.offsets];
        let answers =
            (0..self.answers).map(|at| dot(&top, &self.rows[layout.answers + at]) + offsets[at]).collect();
        Trace { cells, ends, seen, mean, top, answers }
    }

    fn top(&self, layout: &Layout, parts: [&Wide; 3], known: &[f32]) -> Wide {
        let mut sum = self.rows[layout.bias];
        for (head, part) in layout.head.into_iter().zip(parts) {
            through(self.matrix(head), part, &mut sum);
        }
        for (at, value) in known.iter().take(self.known).enumerate() {
            add(&mut sum, *value, &self.rows[layout.known + at]);
        }
        each(sum, f32::tanh)
    }

    fn cell(&self, layout: &Layout, way: usize, operation: &Read, sum: Wide) -> Cell {
        let gate = each(self.said(layout.gate[way], operation), |number| 1.0 / (1.0 + (-number).exp()));
        let mut squashed = ZERO;
        through(self.matrix(layout.message[way]), &sum, &mut squashed);
        let squashed = each(squashed, f32::tanh);
        let mut message = squashed;
        message.iter_mut().zip(&gate).for_each(|(message, gate)| *message *= gate);
        Cell { sum, squashed, gate, message }
    }

    /// Messages from the row on, and what arrives at the answer.
    fn along(&self, layout: &Layout, graph: &Reading) -> (Vec<Cell>, Wide) {
        let (mut cells, mut end): (Vec<Cell>, Wide) = (Vec::with_capacity(graph.operations.len()), ZERO);
        for operation in &graph.operations {
            let mut sum = ZERO;
            for input in &operation.inputs {
                add(&mut sum, 1.0, input.map_or(&self.rows[layout.source[0]], |from| &cells[from].message));
            }
            let cell = self.cell(layout, 0, operation, sum);
            if operation.answers {
                add(&mut end, 1.0, &cell.message);
            }
            cells.push(cell);
        }
        (cells, end)
    }

    /// Messages from the answer back, and what arrives at the row.
    fn against(&self, layout: &Layout, graph: &Reading) -> (Vec<Cell>, Wide) {
        let (mut sums, mut beginning) = (vec![ZERO; graph.operations.len()], ZERO);
        let mut cells = Vec::with_capacity(graph.operations.len());
        for (at, operation) in graph.operations.iter().enumerate().rev() {
            let mut sum = sums[at];
            if operation.answers {
                add(&mut sum, 1.0, &self.rows[layout.source[1]]);
            }
            let cell = self.cell(layout, 1, operation, sum);
            for input in &operation.inputs {
                add(input.map_or(&mut beginning, |from| &mut sums[from]), 1.0, &cell.message);
            }
            cells.push(cell);
        }
        cells.reverse();
        (cells, beginning)
    }
}

mod backward;

#[cfg(test)]
mod tests;
