//! Sequence: what a stage makes of an event and those before it, as operators.
//!
//! Lives here: the formulas of [`crate::sequence`], once more; what goes around is written out event by event. Does not live
//! here: where the events come from (that is [`super::inputs`]).

use super::Op;
use super::build::{Builder, whole};
use super::network::Tables;
use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::sequence::Sequence;
use crate::weights::Role;

/// A score that leaves nothing of an event.
const NOT_THERE: f32 = 1e9;

/// Adds the units of a stage, rows by units, if the network has one.
pub(super) fn units(
    builder: &mut Builder,
    architecture: &Architecture,
    shape: Shape,
    tables: &Tables,
    events: &str,
) -> Option<String> {
    let stage = Stage { of: architecture.sequence, events: shape.steps + 1, width: shape.step(), tables };
    match architecture.sequence {
        Sequence::None => None,
        Sequence::Attention(_) => Some(stage.attend(builder, events)),
        Sequence::Gru(_) => Some(stage.go_over(builder, events)),
        Sequence::Conv1d { .. } => Some(stage.convolve(builder, events)),
    }
}

struct Stage<'a> {
    of: Sequence,
    events: usize,
    width: usize,
    tables: &'a Tables,
}

impl Stage<'_> {
    /// These numbers of each event.
    fn numbers(builder: &mut Builder, of: &str, from: usize, count: usize) -> String {
        let places = builder.integers((from..from + count).map(whole).collect());
        builder.node(Op::Gather { axis: 2 }, &[of, &places])
    }

    /// One where there was an event, rows by events by one.
    fn there(&self, builder: &mut Builder, events: &str) -> String {
        Self::numbers(builder, events, self.width - 1, 1)
    }

    /// Summed over events.
    fn sum(builder: &mut Builder, of: &str) -> String {
        let axis = builder.integers(vec![1]);
        builder.node(Op::ReduceSum { keeps: false }, &[of, &axis])
    }

    fn attend(&self, builder: &mut Builder, events: &str) -> String {
        let units = self.of.units();
        let sums = builder.node(Op::MatMul, &[events, self.tables.need(Role::SequenceInput)]);
        let scores = Self::numbers(builder, &sums, 0, units);
        let values = Self::numbers(builder, &sums, units, units);
        let placed = builder.add(&scores, self.tables.need(Role::SequencePosition));
        let there = self.there(builder, events);
        let [one, far] = [1.0, NOT_THERE].map(|number| builder.scalar(number));
        let lack = builder.node(Op::Sub, &[&there, &one]);
        let penalty = builder.multiply(&lack, &far);
        let known = builder.add(&placed, &penalty);
        let shares = builder.node(Op::Softmax { axis: 1 }, &[&known]);
        let shared = builder.multiply(&shares, &values);
        Self::sum(builder, &shared)
    }

    fn go_over(&self, builder: &mut Builder, events: &str) -> String {
        let units = self.of.units();
        let bias = self.tables.need(Role::SequenceBias);
        let all = builder.affine(events, self.tables.need(Role::SequenceInput), bias);
        let there = self.there(builder, events);
        let flat = builder.integers(vec![-1, whole(3 * units)]);
        let column = builder.integers(vec![-1, 1]);
        let mut state: Option<String> = None;
        for event in (0..self.events).rev() {
            let place = builder.integers(vec![whole(event)]);
            let mut of_event = |of: &str, shape: &str| {
                let picked = builder.node(Op::Gather { axis: 1 }, &[of, &place]);
                builder.node(Op::Reshape, &[&picked, shape])
            };
            let (sums, there) = (of_event(&all, &flat), of_event(&there, &column));
            state = Some(self.pass(builder, &sums, &there, state.as_deref()));
        }
        state.expect("a row carries itself at least")
    }

    /// The units after one more event.
    fn pass(&self, builder: &mut Builder, sums: &str, there: &str, before: Option<&str>) -> String {
        let units = self.of.units();
        let lengths = builder.integers(vec![whole(units); 3]);
        let own = builder.nodes(Op::Split { axis: -1 }, &[sums, &lengths], 3);
        let Some(before) = before else {
            // Nothing was before: what is let in is all.
            let update = builder.node(Op::Sigmoid, &[&own[1]]);
            let next = builder.node(Op::Tanh, &[&own[2]]);
            let moved = builder.multiply(&update, &next);
            return builder.multiply(&moved, there);
        };
        let around = builder.node(Op::MatMul, &[before, self.tables.need(Role::SequenceRecurrent)]);
        let around = builder.nodes(Op::Split { axis: -1 }, &[&around, &lengths], 3);
        let mut gate = |at: usize| {
            let sums = builder.add(&own[at], &around[at]);
            builder.node(Op::Sigmoid, &[&sums])
        };
        let (reset, update) = (gate(0), gate(1));
        let kept = builder.multiply(&reset, &around[2]);
        let sums = builder.add(&own[2], &kept);
        let next = builder.node(Op::Tanh, &[&sums]);
        let change = builder.node(Op::Sub, &[&next, before]);
        let moved = builder.multiply(&update, &change);
        let moved = builder.multiply(&moved, there);
        builder.add(before, &moved)
    }

    fn convolve(&self, builder: &mut Builder, events: &str) -> String {
        let (units, kernel) = (self.of.units(), self.of.kernel());
        let mut sums: Option<String> = None;
        for tap in 0..kernel.min(self.events) {
            let rows = builder.integers((tap * self.width..(tap + 1) * self.width).map(whole).collect());
            let table = builder.node(Op::Gather { axis: 0 }, &[self.tables.need(Role::SequenceInput), &rows]);
            let places = builder.integers((tap..self.events).map(whole).collect());
            let window = builder.node(Op::Gather { axis: 1 }, &[events, &places]);
            let made = builder.node(Op::MatMul, &[&window, &table]);
            sums = Some(match sums {
                None => made,
                Some(sums) => self.add_beyond(builder, &sums, &made, tap, units),
            });
        }
        let sums = sums.expect("a kernel has a tap");
        let sums = builder.add(&sums, self.tables.need(Role::SequenceBias));
        let active = builder.node(Op::Relu, &[&sums]);
        let placed = builder.multiply(&active, self.tables.need(Role::SequencePosition));
        let there = self.there(builder, events);
        let known = builder.multiply(&placed, &there);
        Self::sum(builder, &known)
    }

    /// Beyond the last event there is nothing: the last windows lack this tap.
    fn add_beyond(&self, builder: &mut Builder, sums: &str, made: &str, tap: usize, units: usize) -> String {
        let last = builder.integers(vec![whole(self.events - tap - 1); tap]);
        let any = builder.node(Op::Gather { axis: 1 }, &[made, &last]);
        let zeros = builder.floats(vec![units], vec![0.0; units]);
        let nothing = builder.multiply(&any, &zeros);
        let whole = builder.concat(&[made.to_owned(), nothing], 1);
        builder.add(sums, &whole)
    }
}
