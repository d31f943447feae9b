//! Sequence: what a stage makes of an event and those before it, and the way back through them.
//!
//! Lives here: attention, gated units and convolutions over the events of one row at a time, with their gradients
//! ([`crate::sequence`] has the formulas). Does not live here: the ways from there to blocks and logits, which are
//! products like others.
//!
//! The gradient of a stage's own weights is a sum over events and is written down on the way back; the other operations
//! of a plan leave theirs to the update.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use pulp::Simd;

use super::curves::{exp, sigmoid, tanh};
use super::kernels::{Listed, add_dots, add_rows, subtract_outer};
use super::plan::{INPUT, Plan};
use super::scratch::Scratch;
use crate::sequence::Sequence;

/// A flag above this says that there was an event.
pub(crate) const PRESENT: f32 = 0.5;

/// A stage in a plan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stage {
    pub of: Sequence,
    /// Events a row carries, itself included.
    pub events: usize,
    /// Numbers of an event.
    pub width: usize,
    /// Its own weights in the flat ones, one table after the other.
    pub at: usize,
    pub numbers: usize,
    /// The register of its units.
    pub to: usize,
    /// Where what it keeps of a row begins.
    pub kept: usize,
}

impl Stage {
    pub fn range(&self) -> std::ops::Range<usize> {
        self.at..self.at + self.numbers
    }

    /// Numbers of a row that are kept for the way back.
    pub fn keeps(of: Sequence, events: usize) -> usize {
        let each = match of {
            Sequence::None => 0,
            Sequence::Conv1d { .. } => 1,
            Sequence::Attention(_) => 2,
            Sequence::Gru(_) => 5,
        };
        each * events * of.units()
    }

    fn kept(&self) -> usize {
        Self::keeps(self.of, self.events)
    }

    /// Its first table and what follows.
    #[inline(always)]
    fn input(&self) -> usize {
        self.of.kernel() * self.width * self.of.parts() * self.of.units()
    }
}

/// The events of one row.
#[derive(Clone, Copy)]
struct Events<'a> {
    numbers: &'a [f32],
    lists: &'a [u32],
    counts: &'a [usize],
    width: usize,
}

impl<'a> Events<'a> {
    /// Those of one row, of all that entered: their numbers, where these are not zero, and how many are not.
    #[inline(always)]
    fn of(stage: &Stage, row: usize, (numbers, lists, counts): (&'a [f32], &'a [u32], &'a [usize])) -> Self {
        let each = stage.events * stage.width;
        Self {
            numbers: &numbers[row * each..][..each],
            lists: &lists[row * each..],
            counts: &counts[row * stage.events..][..stage.events],
            width: stage.width,
        }
    }

    #[inline(always)]
    fn at(self, event: usize) -> (&'a [f32], Listed<'a>) {
        let list = &self.lists[event * self.width..][..self.counts[event]];
        (&self.numbers[event * self.width..][..self.width], Some(list))
    }

    #[inline(always)]
    fn is_there(self, event: usize) -> bool {
        self.numbers[(event + 1) * self.width - 1] > PRESENT
    }
}

/// From the events in the scratch to the units.
#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, plan: &Plan, stage: &Stage, weights: &[f32], scratch: &mut Scratch) {
    let (rows, units, keeps) = (scratch.rows, stage.of.units(), stage.kept());
    let weights = &weights[stage.range()];
    let at = plan.registers[stage.to].at;
    let Scratch { values, kept, room, events, event_lists, event_counts, .. } = scratch;
    let out = &mut values[rows * at..rows * (at + units)];
    let kept = &mut kept[rows * stage.kept..rows * (stage.kept + keeps)];
    for (row, (out, kept)) in out.chunks_exact_mut(units).zip(kept.chunks_exact_mut(keeps)).enumerate() {
        let events = Events::of(stage, row, (events, event_lists, event_counts));
        match stage.of {
            Sequence::None => {}
            Sequence::Attention(_) => attend(simd, stage, weights, events, kept, room, out),
            Sequence::Gru(_) => go_over(simd, stage, weights, events, kept, room, out),
            Sequence::Conv1d { .. } => convolve(simd, stage, weights, events, kept, out),
        }
    }
}

/// From the slopes at the units to those at the stage's own weights, and at the features of the event itself.
#[inline(always)]
pub(super) fn backward<S: Simd>(simd: S, plan: &Plan, stage: &Stage, weights: &[f32], scratch: &mut Scratch) {
    let (rows, units, keeps) = (scratch.rows, stage.of.units(), stage.kept());
    let weights = &weights[stage.range()];
    let (at, input) = (plan.registers[stage.to].at, plan.registers[INPUT]);
    let Scratch { values, grads, kept, room, gradient, events, event_lists, event_counts, .. } = scratch;
    let gradient = &mut gradient[stage.range()];
    gradient.fill(0.0);
    let out = &values[rows * at..rows * (at + units)];
    // The inputs are the first register.
    let (inputs, grads) = grads.split_at_mut(rows * (input.at + input.width));
    let begins = rows * at - inputs.len();
    let above = &grads[begins..begins + rows * units];
    let kept = &kept[rows * stage.kept..rows * (stage.kept + keeps)];
    let each = out.chunks_exact(units).zip(above.chunks_exact(units)).zip(kept.chunks_exact(keeps));
    for (row, (((out, above), kept), own)) in each.zip(inputs.chunks_exact_mut(input.width)).enumerate() {
        let events = Events::of(stage, row, (events, event_lists, event_counts));
        let own = &mut own[..stage.width - 1];
        let mut back = Back { weights, events, kept, gradient: &mut *gradient, room: &mut *room, own };
        match stage.of {
            Sequence::None => {}
            Sequence::Attention(_) => back.attend(simd, stage, out, above),
            Sequence::Gru(_) => back.go_over(simd, stage, above),
            Sequence::Conv1d { .. } => back.convolve(simd, stage, above),
        }
    }
}

/// Kept: the share that each event has in each unit, then what each makes of it.
#[inline(always)]
fn attend<S: Simd>(
    simd: S,
    stage: &Stage,
    weights: &[f32],
    events: Events<'_>,
    kept: &mut [f32],
    room: &mut [f32],
    out: &mut [f32],
) {
    let units = stage.of.units();
    let (table, places) = weights.split_at(stage.input());
    let (shares, values) = kept.split_at_mut(stage.events * units);
    out.fill(0.0);
    let (most, whole) = room[..2 * units].split_at_mut(units);
    most.fill(f32::NEG_INFINITY);
    whole.fill(0.0);
    let mut sums = [0.0; 2 * crate::sequence::UNITS_MAX as usize];
    let sums = &mut sums[..2 * units];
    for event in (0..stage.events).filter(|event| events.is_there(*event)) {
        let (x, list) = events.at(event);
        sums.fill(0.0);
        add_rows(simd, x, list, table, sums);
        let scores = &mut shares[event * units..][..units];
        for (score, (sum, place)) in scores.iter_mut().zip(sums.iter().zip(&places[event * units..])) {
            *score = sum + place;
        }
        values[event * units..][..units].copy_from_slice(&sums[units..]);
        most.iter_mut().zip(scores).for_each(|(most, score)| *most = most.max(*score));
    }
    for event in (0..stage.events).filter(|event| events.is_there(*event)) {
        let scores = &mut shares[event * units..][..units];
        for ((share, most), whole) in scores.iter_mut().zip(&*most).zip(&mut *whole) {
            // A NaN stays one.
            *share = exp(*share - most);
            *whole += *share;
        }
    }
    for event in (0..stage.events).filter(|event| events.is_there(*event)) {
        let shares = &mut shares[event * units..][..units];
        let values = &values[event * units..][..units];
        for (((share, whole), value), out) in shares.iter_mut().zip(&*whole).zip(values).zip(&mut *out) {
            *share /= whole;
            *out += *share * value;
        }
    }
}

/// Kept of each event: the gates and what they let in, what the units before it come to, and the units after it.
#[inline(always)]
fn go_over<S: Simd>(
    simd: S,
    stage: &Stage,
    weights: &[f32],
    events: Events<'_>,
    kept: &mut [f32],
    room: &mut [f32],
    out: &mut [f32],
) {
    let units = stage.of.units();
    let (table, rest) = weights.split_at(stage.input());
    let (around, bias) = rest.split_at(3 * units * units);
    out.fill(0.0);
    for event in (0..stage.events).rev() {
        let kept = &mut kept[event * 5 * units..][..5 * units];
        if events.is_there(event) {
            let (gates, rest) = kept.split_at_mut(3 * units);
            let (x, list) = events.at(event);
            gates.copy_from_slice(bias);
            add_rows(simd, x, list, table, gates);
            let before = &mut room[..3 * units];
            before.fill(0.0);
            add_rows(simd, out, None, around, before);
            let (reset, others) = gates.split_at_mut(units);
            let (update, next) = others.split_at_mut(units);
            let (of_reset, others) = before.split_at(units);
            let (of_update, of_next) = others.split_at(units);
            rest[..units].copy_from_slice(of_next);
            for (gate, before) in reset.iter_mut().zip(of_reset).chain(update.iter_mut().zip(of_update)) {
                *gate = sigmoid(*gate + before);
            }
            for ((next, reset), before) in next.iter_mut().zip(&*reset).zip(of_next) {
                *next = tanh(*next + reset * before).value;
            }
            for ((unit, update), next) in out.iter_mut().zip(&*update).zip(&*next) {
                *unit += update * (next - *unit);
            }
        }
        kept[4 * units..].copy_from_slice(out);
    }
}

/// Kept: the sums of the window that begins at each event.
#[inline(always)]
fn convolve<S: Simd>(
    simd: S,
    stage: &Stage,
    weights: &[f32],
    events: Events<'_>,
    kept: &mut [f32],
    out: &mut [f32],
) {
    let units = stage.of.units();
    let (table, rest) = weights.split_at(stage.input());
    let (bias, places) = rest.split_at(units);
    out.fill(0.0);
    for event in (0..stage.events).filter(|event| events.is_there(*event)) {
        let sums = &mut kept[event * units..][..units];
        sums.copy_from_slice(bias);
        for (tap, table) in table.chunks_exact(stage.width * units).enumerate() {
            if event + tap < stage.events {
                let (x, list) = events.at(event + tap);
                add_rows(simd, x, list, table, sums);
            }
        }
        for ((out, sum), place) in out.iter_mut().zip(&*sums).zip(&places[event * units..]) {
            // Not `max`: it would swallow a NaN.
            *out += place * if *sum < 0.0 { 0.0 } else { *sum };
        }
    }
}

/// The way back through the events of one row.
struct Back<'a> {
    weights: &'a [f32],
    events: Events<'a>,
    kept: &'a [f32],
    gradient: &'a mut [f32],
    room: &'a mut [f32],
    /// The slopes at the features of the event itself.
    own: &'a mut [f32],
}

impl Back<'_> {
    /// What these slopes at the sums of an event say of the table that made them, and of the event itself.
    #[inline(always)]
    fn pass<S: Simd>(
        simd: S,
        event: usize,
        (x, list): (&[f32], Listed<'_>),
        slopes: &[f32],
        table: &[f32],
        gradient: &mut [f32],
        own: &mut [f32],
    ) {
        subtract_outer(simd, -1.0, x, list, slopes, gradient);
        if event == 0 {
            let features = own.len();
            add_dots(simd, slopes, None, &table[..features * slopes.len()], own);
        }
    }

    #[inline(always)]
    fn attend<S: Simd>(&mut self, simd: S, stage: &Stage, out: &[f32], above: &[f32]) {
        let units = stage.of.units();
        let (table, _) = self.weights.split_at(stage.input());
        let (of_table, of_places) = self.gradient.split_at_mut(stage.input());
        let (shares, values) = self.kept.split_at(stage.events * units);
        let slopes = &mut self.room[..2 * units];
        for event in (0..stage.events).filter(|event| self.events.is_there(*event)) {
            let (scores, of_values) = slopes.split_at_mut(units);
            let (shares, values) = (&shares[event * units..], &values[event * units..]);
            let places = &mut of_places[event * units..][..units];
            for unit in 0..units {
                of_values[unit] = shares[unit] * above[unit];
                scores[unit] = of_values[unit] * (values[unit] - out[unit]);
                places[unit] += scores[unit];
            }
            Self::pass(simd, event, self.events.at(event), slopes, table, of_table, self.own);
        }
    }

    #[inline(always)]
    fn go_over<S: Simd>(&mut self, simd: S, stage: &Stage, above: &[f32]) {
        let units = stage.of.units();
        let (table, rest) = self.weights.split_at(stage.input());
        let (around, _) = rest.split_at(3 * units * units);
        let (of_table, rest) = self.gradient.split_at_mut(stage.input());
        let (of_around, of_bias) = rest.split_at_mut(3 * units * units);
        // Slopes at the sums of gates and of what they let in; the last again as seen from the units before; at the units.
        let (slopes, rest) = self.room.split_at_mut(3 * units);
        let (from_before, rest) = rest.split_at_mut(3 * units);
        let slope = &mut rest[..units];
        slope.copy_from_slice(above);
        let nothing = [0.0; crate::sequence::UNITS_MAX as usize];
        for event in (0..stage.events).filter(|event| self.events.is_there(*event)) {
            let kept = &self.kept[event * 5 * units..][..5 * units];
            let before = if event + 1 < stage.events {
                &self.kept[((event + 1) * 5 + 4) * units..][..units]
            } else {
                &nothing[..units]
            };
            for unit in 0..units {
                let [reset, update, next, of_next] = [0, 1, 2, 3].map(|part| kept[part * units + unit]);
                let of_sum = slope[unit] * update * (1.0 - next * next);
                slopes[unit] = of_sum * of_next * reset * (1.0 - reset);
                slopes[units + unit] = slope[unit] * (next - before[unit]) * update * (1.0 - update);
                slopes[2 * units + unit] = of_sum;
                from_before[2 * units + unit] = of_sum * reset;
                slope[unit] *= 1.0 - update;
            }
            from_before[..2 * units].copy_from_slice(&slopes[..2 * units]);
            Self::pass(simd, event, self.events.at(event), slopes, table, of_table, self.own);
            of_bias.iter_mut().zip(&*slopes).for_each(|(bias, slope)| *bias += slope);
            subtract_outer(simd, -1.0, before, None, from_before, of_around);
            add_dots(simd, from_before, None, around, slope);
        }
    }

    #[inline(always)]
    fn convolve<S: Simd>(&mut self, simd: S, stage: &Stage, above: &[f32]) {
        let units = stage.of.units();
        let (table, rest) = self.weights.split_at(stage.input());
        let (_, places) = rest.split_at(units);
        let (of_table, rest) = self.gradient.split_at_mut(stage.input());
        let (of_bias, of_places) = rest.split_at_mut(units);
        let slopes = &mut self.room[..units];
        let tap_numbers = stage.width * units;
        for event in (0..stage.events).filter(|event| self.events.is_there(*event)) {
            let sums = &self.kept[event * units..][..units];
            for unit in 0..units {
                let is_on = sums[unit] > 0.0;
                of_places[event * units + unit] += if is_on { above[unit] * sums[unit] } else { 0.0 };
                slopes[unit] = if is_on { above[unit] * places[event * units + unit] } else { 0.0 };
                of_bias[unit] += slopes[unit];
            }
            for tap in 0..stage.of.kernel().min(stage.events - event) {
                let range = tap * tap_numbers..(tap + 1) * tap_numbers;
                let x = self.events.at(event + tap);
                Self::pass(
                    simd,
                    event + tap,
                    x,
                    slopes,
                    &table[range.clone()],
                    &mut of_table[range],
                    self.own,
                );
            }
        }
    }
}
