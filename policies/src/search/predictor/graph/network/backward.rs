//! Backward: the gradient of what a network answered.
//!
//! Lives here: the chain rule, in the reverse order of [`Network::forward`]. May not: take steps.

use super::super::reading::{Read, Reading};
use super::super::wide::{WIDTH, Wide, ZERO, add, back, each};
use super::layout::Layout;
use super::{Cell, Network, Trace};

impl Network {
    /// Adds the gradient of the sum of the answers, each times its error.
    pub(in super::super) fn backward(
        &self,
        graph: &Reading,
        trace: &Trace,
        errors: &[f32],
        into: &mut [Wide],
    ) {
        let layout = self.layout();
        let [end, beginning, mean] = self.back_from_top(&layout, graph, trace, errors, into);
        let mut messages = self.back_from_seen(&layout, graph, trace, &mean, into);
        self.back_along(&layout, graph, trace, &end, &mut messages[0], into);
        self.back_against(&layout, graph, trace, &beginning, &messages[1], into);
    }

    fn back_from_top(
        &self,
        layout: &Layout,
        graph: &Reading,
        trace: &Trace,
        errors: &[f32],
        into: &mut [Wide],
    ) -> [Wide; 3] {
        let mut error = ZERO;
        for (at, of) in errors.iter().enumerate() {
            add(&mut error, *of, &self.rows[layout.answers + at]);
            add(&mut into[layout.answers + at], *of, &trace.top);
            into[layout.offsets][at] += of;
        }
        error.iter_mut().zip(&trace.top).for_each(|(error, top)| *error *= 1.0 - top * top);
        add(&mut into[layout.bias], 1.0, &error);
        for (at, value) in graph.known.iter().take(self.known).enumerate() {
            add(&mut into[layout.known + at], *value, &error);
        }
        let mut parts = [ZERO; 3];
        for ((part, head), was) in parts.iter_mut().zip(layout.head).zip(trace.embedding()) {
            back(self.matrix(head), &mut into[head..head + WIDTH], &was, &error, part);
        }
        parts
    }

    /// What the second layer wants of each message, along and against.
    fn back_from_seen(
        &self,
        layout: &Layout,
        graph: &Reading,
        trace: &Trace,
        mean: &Wide,
        into: &mut [Wide],
    ) -> [Vec<Wide>; 2] {
        let count = graph.operations.len();
        let mut messages = [vec![ZERO; count], vec![ZERO; count]];
        for (at, operation) in graph.operations.iter().enumerate() {
            let mut error = each(*mean, |error| error / count as f32);
            for (error, seen) in error.iter_mut().zip(&trace.seen[at]) {
                *error = if *seen > 0.0 { *error } else { 0.0 };
            }
            self.back_from_said(layout.own, operation, &error, into);
            let ways = messages.iter_mut().zip(&trace.cells).zip(layout.second);
            for ((messages, cells), first) in ways {
                let gradient = &mut into[first..first + WIDTH];
                back(self.matrix(first), gradient, &cells[at].message, &error, &mut messages[at]);
            }
        }
        messages
    }

    fn back_along(
        &self,
        layout: &Layout,
        graph: &Reading,
        trace: &Trace,
        end: &Wide,
        messages: &mut [Wide],
        into: &mut [Wide],
    ) {
        for (at, operation) in graph.operations.iter().enumerate().rev() {
            if operation.answers {
                add(&mut messages[at], 1.0, end);
            }
            let error = messages[at];
            let sum = self.back_from_cell(layout, 0, operation, &trace.cells[0][at], &error, into);
            for input in &operation.inputs {
                add(input.map_or(&mut into[layout.source[0]], |from| &mut messages[from]), 1.0, &sum);
            }
        }
    }

    fn back_against(
        &self,
        layout: &Layout,
        graph: &Reading,
        trace: &Trace,
        beginning: &Wide,
        messages: &[Wide],
        into: &mut [Wide],
    ) {
        let mut sums: Vec<Wide> = Vec::with_capacity(graph.operations.len());
        for (at, operation) in graph.operations.iter().enumerate() {
            let mut error = messages[at];
            for input in &operation.inputs {
                add(&mut error, 1.0, input.map_or(beginning, |from| &sums[from]));
            }
            let sum = self.back_from_cell(layout, 1, operation, &trace.cells[1][at], &error, into);
            if operation.answers {
                add(&mut into[layout.source[1]], 1.0, &sum);
            }
            sums.push(sum);
        }
    }

    /// What a cell wants of its sum, given what is wanted of its message.
    fn back_from_cell(
        &self,
        layout: &Layout,
        way: usize,
        operation: &Read,
        cell: &Cell,
        error: &Wide,
        into: &mut [Wide],
    ) -> Wide {
        let (mut of_gate, mut of_squashed) = (ZERO, ZERO);
        for at in 0..WIDTH {
            let (squashed, gate) = (cell.squashed[at], cell.gate[at]);
            of_gate[at] = error[at] * squashed * gate * (1.0 - gate);
            of_squashed[at] = error[at] * gate * (1.0 - squashed * squashed);
        }
        self.back_from_said(layout.gate[way], operation, &of_gate, into);
        let (first, mut sum) = (layout.message[way], ZERO);
        back(self.matrix(first), &mut into[first..first + WIDTH], &cell.sum, &of_squashed, &mut sum);
        sum
    }

    fn back_from_said(&self, table: usize, operation: &Read, error: &Wide, into: &mut [Wide]) {
        add(&mut into[table + self.words], 1.0, error);
        for (word, times) in &operation.words {
            add(&mut into[table + word], *times, error);
        }
    }
}
