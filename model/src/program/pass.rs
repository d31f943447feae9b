//! Passes: forward through the operations of a plan, and back.
//!
//! Lives here: what each operation does to values, and to slopes on the way back. Does not live here:
//! products (those are kernels), the loss, what becomes of the gradient (that is `update`).

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use pulp::Simd;

use super::curves::draw;
use super::image;
use super::kernels::{Strided, add_dots, add_rows, dot, multiply, outer, subtract_outer, turn};
use super::lists::list_nonzero;
use super::plan::{INPUT, Op, Part, Plan, Register, Table};
use super::scratch::Scratch;
use super::sequence;
use super::slices;

/// Added to a variance before the root is taken, as everywhere (arXiv:1607.06450).
pub(crate) const NORM_EPSILON: f32 = 1e-5;
/// Slopes below this are nothing: their products with inputs would be subnormal numbers, which processors
/// handle a hundred times slower.
pub(super) const SLOPE_MIN: f32 = 1e-25;

/// What one register holds, and another one to write.
#[inline(always)]
pub(super) fn pair(numbers: &mut [f32], rows: usize, from: Register, to: Register) -> (&[f32], &mut [f32]) {
    let (from_end, to_end) = (rows * (from.at + from.width), rows * (to.at + to.width));
    if from.at < to.at {
        let (left, right) = numbers.split_at_mut(rows * to.at);
        (&left[rows * from.at..from_end], &mut right[..rows * to.width])
    } else {
        let (left, right) = numbers.split_at_mut(rows * from.at);
        (&right[..rows * from.width], &mut left[rows * to.at..to_end])
    }
}

/// The numbers of a register.
#[inline(always)]
pub(super) fn held(numbers: &[f32], rows: usize, Register { at, width, .. }: Register) -> &[f32] {
    &numbers[rows * at..rows * (at + width)]
}

/// What the last forward pass said, one of its answers.
#[inline(always)]
pub(super) fn logits<'a>(plan: &Plan, answer: usize, scratch: &'a mut Scratch) -> &'a mut [f32] {
    let Register { at, width, .. } = plan.registers[answer];
    &mut scratch.values[scratch.rows * at..scratch.rows * (at + width)]
}

/// The same, voice by voice.
#[inline(always)]
pub(super) fn voices<'a>(
    plan: &Plan,
    answer: usize,
    scratch: &'a mut Scratch,
) -> impl Iterator<Item = &'a mut [f32]> {
    let each = (scratch.rows / plan.voices() * plan.registers[answer].width).max(1);
    logits(plan, answer, scratch).chunks_exact_mut(each)
}

/// From the encoded rows in the scratch to the logits; `learning` through the masks there.
#[inline(always)]
pub(super) fn forward<S: Simd>(simd: S, plan: &Plan, weights: &[f32], learning: bool, scratch: &mut Scratch) {
    let rows = scratch.rows;
    for op in &plan.ops {
        match op {
            Op::Affine { from, to, weight, bias, part } => {
                affine(simd, plan, (*from, *to), (*weight, *bias, *part), weights, scratch);
            }
            Op::Adapt { from, to, adapter } => adapt(plan, (*from, *to), *adapter, weights, scratch),
            Op::Normalise { from, to, groups, deviations } => {
                let (from, to) = pair(&mut scratch.values, rows, plan.registers[*from], plan.registers[*to]);
                let kept = &mut scratch.kept[rows * deviations..rows * (deviations + groups.len())];
                normalise(simd, groups, from, to, kept);
            }
            Op::Activate { from, to, slopes, curve, mask } => {
                let target = plan.registers[*to];
                let (from, values) = pair(&mut scratch.values, rows, plan.registers[*from], target);
                let slopes = &mut scratch.kept[rows * slopes..rows * (slopes + target.width)];
                draw(*curve, from, values, slopes);
                if learning && let Some(at) = mask {
                    let mask = &scratch.masks[rows * at..rows * (at + target.width)];
                    for ((value, slope), mask) in values.iter_mut().zip(slopes).zip(mask) {
                        *value *= mask;
                        *slope *= mask;
                    }
                }
                if rows == 1 && target.sparse {
                    scratch.counts[*to] = list_nonzero(values, &mut scratch.lists[target.at..]);
                }
            }
            Op::Begin { from, to } => begin(plan, *from, *to, scratch),
            Op::Multiply { left, right, to } => multiply_add(plan, (*left, *right), *to, scratch),
            Op::Read(stage) => sequence::forward(simd, plan, stage, weights, scratch),
            Op::Silence { at, mask, kept } => {
                slices::silence(plan, *at, (*mask, *kept), learning, scratch);
            }
            Op::Look(sight) => image::forward(simd, plan, sight, weights, scratch),
        }
    }
}

#[inline(always)]
fn affine<S: Simd>(
    simd: S,
    plan: &Plan,
    (from, to): (usize, usize),
    (weight, bias, part): (Table, Option<usize>, Part),
    weights: &[f32],
    scratch: &mut Scratch,
) {
    let (source, target, rows) = (plan.registers[from], plan.registers[to], scratch.rows);
    let encoded = plan.is_encoded(from);
    let thin = rows == part.of || (encoded && scratch.thin(source.width));
    // Taken out, so that the list can be read while values are written.
    let mut values = std::mem::take(&mut scratch.values);
    let (x, out) = pair(&mut values, rows, source, target);
    let (x, out) = (&x[part.range(rows, source.width)], &mut out[part.range(rows, target.width)]);
    if let Some(bias) = bias {
        let bias = &weights[bias..bias + target.width];
        out.chunks_exact_mut(target.width).for_each(|row| row.copy_from_slice(bias));
    }
    let table = &weights[weight.at..];
    if thin {
        let (x, out) = (x.chunks_exact(source.width), out.chunks_exact_mut(target.width));
        for (row, (x, out)) in x.zip(out).enumerate() {
            let list = if rows == 1 {
                scratch.list(from, source)
            } else if encoded {
                scratch.input_list(part.range(rows, 1).start + row, source.width)
            } else {
                None
            };
            add_rows(simd, x, list, table, out);
        }
    } else {
        let x = Strided { numbers: x, by_row: source.width, by_depth: 1 };
        multiply(simd, x, table, source.width, target.width, out);
    }
    scratch.values = values;
}

#[inline(always)]
fn adapt(plan: &Plan, (from, to): (usize, usize), adapter: Table, weights: &[f32], scratch: &mut Scratch) {
    let (rows, width) = (scratch.rows, adapter.columns);
    let (x, out) = pair(&mut scratch.values, rows, plan.registers[from], plan.registers[to]);
    let each = rows / plan.voices() * width;
    let voices = x.chunks_exact(each).zip(out.chunks_exact_mut(each));
    for ((x, out), adapter) in voices.zip(weights[adapter.at..].chunks_exact(width)) {
        for (x, out) in x.chunks_exact(width).zip(out.chunks_exact_mut(width)) {
            for ((out, x), adapter) in out.iter_mut().zip(x).zip(adapter) {
                *out = x * (1.0 + adapter);
            }
        }
    }
}

#[inline(always)]
fn begin(plan: &Plan, from: Option<usize>, to: usize, scratch: &mut Scratch) {
    let (rows, target) = (scratch.rows, plan.registers[to]);
    match from {
        Some(from) => {
            let (from, to) = pair(&mut scratch.values, rows, plan.registers[from], target);
            to.copy_from_slice(from);
        }
        None => scratch.values[rows * target.at..rows * (target.at + target.width)].fill(0.0),
    }
}

#[inline(always)]
fn multiply_add(plan: &Plan, (left, right): (usize, usize), to: usize, scratch: &mut Scratch) {
    // Written after both, so it lies behind both.
    let (rows, target) = (scratch.rows, plan.registers[to]);
    let (before, behind) = scratch.values.split_at_mut(rows * target.at);
    let left = held(before, rows, plan.registers[left]);
    let right = held(before, rows, plan.registers[right]);
    for ((to, left), right) in behind.iter_mut().zip(left).zip(right) {
        *to += left * right;
    }
}

#[inline(always)]
fn begin_back(plan: &Plan, from: Option<usize>, to: usize, scratch: &mut Scratch) {
    if let Some(from) = from
        && from != INPUT
    {
        let (above, below) = pair(&mut scratch.grads, scratch.rows, plan.registers[to], plan.registers[from]);
        for (below, above) in below.iter_mut().zip(above) {
            *below += above;
        }
    }
}

/// What a product does to one of its factors.
#[inline(always)]
pub(super) fn multiply_back(plan: &Plan, factor: usize, other: usize, to: usize, scratch: &mut Scratch) {
    let rows = scratch.rows;
    let other = held(&scratch.values, rows, plan.registers[other]);
    let (above, below) = pair(&mut scratch.grads, rows, plan.registers[to], plan.registers[factor]);
    for ((below, above), other) in below.iter_mut().zip(above).zip(other) {
        *below += above * other;
    }
}

#[inline(always)]
fn normalise<S: Simd>(simd: S, groups: &[usize], from: &[f32], to: &mut [f32], deviations: &mut [f32]) {
    let width: usize = groups.iter().sum();
    let rows = from.chunks_exact(width).zip(to.chunks_exact_mut(width));
    for ((from, to), deviations) in rows.zip(deviations.chunks_exact_mut(groups.len())) {
        let mut at = 0;
        for (units, deviation) in groups.iter().zip(deviations) {
            let (from, to) = (&from[at..at + units], &mut to[at..at + units]);
            let share = 1.0 / *units as f32;
            let mean = share * from.iter().sum::<f32>();
            for (to, from) in to.iter_mut().zip(from) {
                *to = from - mean;
            }
            let variance = share * dot(simd, to, to);
            *deviation = 1.0 / (variance + NORM_EPSILON).sqrt();
            for to in to.iter_mut() {
                *to *= *deviation;
            }
            at += units;
        }
    }
}

/// From the slopes at the logits to those at every register, both in the scratch's `grads`.
#[inline(always)]
pub(super) fn backward<S: Simd>(simd: S, plan: &Plan, weights: &[f32], scratch: &mut Scratch) {
    let rows = scratch.rows;
    for op in plan.ops.iter().rev() {
        match op {
            Op::Affine { from: INPUT, .. } | Op::Adapt { .. } => {}
            Op::Affine { from, to, weight, part, .. } => {
                affine_back(simd, plan, (*from, *to), *weight, *part, weights, scratch);
            }
            Op::Normalise { from, to, groups, deviations } => {
                let (source, target) = (plan.registers[*from], plan.registers[*to]);
                let (above, below) = pair(&mut scratch.grads, rows, target, source);
                let normed = held(&scratch.values, rows, target);
                let deviations = &scratch.kept[rows * deviations..rows * (deviations + groups.len())];
                normalise_back(simd, groups, normed, deviations, above, below);
            }
            Op::Activate { from, to, slopes, .. } => {
                let target = plan.registers[*to];
                let (above, below) = pair(&mut scratch.grads, rows, target, plan.registers[*from]);
                let slopes = &scratch.kept[rows * slopes..rows * (slopes + target.width)];
                for ((below, above), slope) in below.iter_mut().zip(above).zip(slopes) {
                    let product = above * slope;
                    *below = if product.abs() < SLOPE_MIN { 0.0 } else { product };
                }
            }
            Op::Begin { from, to } => begin_back(plan, *from, *to, scratch),
            Op::Multiply { left, right, to } => {
                for (factor, other) in [(*left, *right), (*right, *left)] {
                    if factor != INPUT {
                        multiply_back(plan, factor, other, *to, scratch);
                    }
                }
            }
            Op::Read(stage) => sequence::backward(simd, plan, stage, weights, scratch),
            Op::Silence { at, kept, .. } => slices::silence_back(plan, *at, *kept, scratch),
            Op::Look(sight) => image::backward(simd, plan, sight, weights, scratch),
        }
    }
}

#[inline(always)]
pub(super) fn affine_back<S: Simd>(
    simd: S,
    plan: &Plan,
    (from, to): (usize, usize),
    weight: Table,
    part: Part,
    weights: &[f32],
    scratch: &mut Scratch,
) {
    let (source, target, rows) = (plan.registers[from], plan.registers[to], scratch.rows);
    let table = &weights[weight.range()];
    let mut grads = std::mem::take(&mut scratch.grads);
    let (above, below) = pair(&mut grads, rows, target, source);
    let (above, below) = (&above[part.range(rows, target.width)], &mut below[part.range(rows, source.width)]);
    let list = if rows == 1 { scratch.list(from, source) } else { None };
    let rows = rows / part.of;
    if rows < S::F32_LANES {
        for (above, below) in above.chunks_exact(target.width).zip(below.chunks_exact_mut(source.width)) {
            add_dots(simd, above, list, table, below);
        }
    } else {
        // Turned around, so that the rows at hand lie side by side in the vectors.
        let [turned, products] = &mut scratch.turned;
        turn(above, target.width, &mut turned[..above.len()]);
        let products = &mut products[..below.len()];
        products.fill(0.0);
        let left = Strided { numbers: table, by_row: target.width, by_depth: 1 };
        multiply(simd, left, &turned[..above.len()], target.width, rows, products);
        for (column, products) in products.chunks_exact(rows).enumerate() {
            for (below, product) in below[column..].iter_mut().step_by(source.width).zip(products) {
                *below += product;
            }
        }
    }
    scratch.grads = grads;
}

/// `(g - mean(g) - v mean(g v)) / deviation` for each group, with `v` the normalised values.
#[inline(always)]
fn normalise_back<S: Simd>(
    simd: S,
    groups: &[usize],
    normed: &[f32],
    deviations: &[f32],
    above: &[f32],
    below: &mut [f32],
) {
    let width: usize = groups.iter().sum();
    let rows = above.chunks_exact(width).zip(below.chunks_exact_mut(width)).zip(normed.chunks_exact(width));
    for (((above, below), normed), deviations) in rows.zip(deviations.chunks_exact(groups.len())) {
        let mut at = 0;
        for (units, deviation) in groups.iter().zip(deviations) {
            let (above, normed) = (&above[at..at + units], &normed[at..at + units]);
            let share = 1.0 / *units as f32;
            let mean = share * above.iter().sum::<f32>();
            let along = share * dot(simd, above, normed);
            for ((below, above), normed) in below[at..at + units].iter_mut().zip(above).zip(normed) {
                *below = deviation * (above - mean - normed * along);
            }
            at += units;
        }
    }
}

/// The gradient of every weight, into the scratch's `gradient`, once all slopes are known.
#[inline(always)]
pub(super) fn collect<S: Simd>(simd: S, plan: &Plan, scratch: &mut Scratch) {
    let rows = scratch.rows;
    let mut gradient = std::mem::take(&mut scratch.gradient);
    for op in &plan.ops {
        let (from, to, weight, bias, part) = match op {
            Op::Affine { from, to, weight, bias, part } => (*from, *to, weight, bias, *part),
            Op::Adapt { from, to, adapter } => {
                adapter_gradient(plan, (*from, *to), *adapter, scratch, &mut gradient);
                continue;
            }
            Op::Normalise { .. }
            | Op::Activate { .. }
            | Op::Begin { .. }
            | Op::Multiply { .. }
            | Op::Silence { .. }
            | Op::Read(_)
            | Op::Look(_) => continue,
        };
        let (source, target) = (plan.registers[from], plan.registers[to]);
        let (x, slope) = (held(&scratch.values, rows, source), held(&scratch.grads, rows, target));
        let (x, slope) = (&x[part.range(rows, source.width)], &slope[part.range(rows, target.width)]);
        let first = part.range(rows, 1).start;
        let table = &mut gradient[weight.range()];
        if rows == part.of {
            outer(x, slope, table);
        } else {
            table.fill(0.0);
            if plan.is_encoded(from) && scratch.thin(source.width) {
                let each = x.chunks_exact(source.width).zip(slope.chunks_exact(target.width));
                for (row, (x, slope)) in each.enumerate() {
                    let list = scratch.input_list(first + row, source.width);
                    subtract_outer(simd, -1.0, x, list, slope, table);
                }
            } else {
                let x = Strided { numbers: x, by_row: 1, by_depth: source.width };
                multiply(simd, x, slope, rows / part.of, target.width, table);
            }
        }
        if let Some(bias) = bias {
            let sums = &mut gradient[*bias..bias + target.width];
            sums.fill(0.0);
            for slope in slope.chunks_exact(target.width) {
                for (sum, slope) in sums.iter_mut().zip(slope) {
                    *sum += slope;
                }
            }
        }
    }
    scratch.gradient = gradient;
}

#[inline(always)]
fn adapter_gradient(
    plan: &Plan,
    (from, to): (usize, usize),
    adapter: Table,
    scratch: &Scratch,
    gradient: &mut [f32],
) {
    let (rows, width) = (scratch.rows, adapter.columns);
    let x = held(&scratch.values, rows, plan.registers[from]);
    let slope = held(&scratch.grads, rows, plan.registers[to]);
    let each = rows / plan.voices() * width;
    let voices = x.chunks_exact(each).zip(slope.chunks_exact(each));
    for ((x, slope), sums) in voices.zip(gradient[adapter.at..].chunks_exact_mut(width)) {
        sums.fill(0.0);
        for (x, slope) in x.chunks_exact(width).zip(slope.chunks_exact(width)) {
            for ((sum, x), slope) in sums.iter_mut().zip(x).zip(slope) {
                *sum += x * slope;
            }
        }
    }
}

/// Empties the slopes.
#[inline(always)]
pub(super) fn start_back(plan: &Plan, scratch: &mut Scratch) {
    scratch.grads[..scratch.rows * plan.width].fill(0.0);
}

/// The slopes at one answer's logits, filled with the logits themselves.
#[inline(always)]
pub(super) fn slopes_at<'a>(plan: &Plan, answer: usize, scratch: &'a mut Scratch) -> &'a mut [f32] {
    let rows = scratch.rows;
    let logits = plan.registers[answer];
    let slopes = &mut scratch.grads[rows * logits.at..rows * (logits.at + logits.width)];
    slopes.copy_from_slice(held(&scratch.values, rows, logits));
    slopes
}
