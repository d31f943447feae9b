//! Kernels: products of matrices and vectors, in the vectors of this processor.
//!
//! Lives here: arithmetic over slices. Does not live here: what the numbers mean.
//!
//! Matrices lie row by row, input by output. With one row at hand a product walks the rows of the matrix
//! whose input is not zero, and keeps its sums in registers; with many rows it keeps a tile of the result
//! there. A remainder of fewer columns than a vector has lanes reads a whole vector wherever the table
//! goes on, and drops the lanes of its neighbours.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use pulp::Simd;

/// Rows of a tile, and vectors across it: the sums and what they need fit into 16 registers.
const TILE_ROWS: usize = 6;
const TILE_VECTORS: usize = 2;

/// Which inputs a kernel looks at: those listed, or all of them.
pub(super) type Listed<'a> = Option<&'a [u32]>;

/// `out[j] += Σ x[i] table[i, j]` over the listed `i`. The table may go on behind its last row.
#[inline(always)]
pub(super) fn add_rows<S: Simd>(simd: S, x: &[f32], list: Listed<'_>, table: &[f32], out: &mut [f32]) {
    match list {
        Some(list) => add_picked(
            simd,
            x,
            list.len(),
            #[inline(always)]
            |at| list[at] as usize,
            table,
            out,
        ),
        None => add_picked(
            simd,
            x,
            x.len(),
            #[inline(always)]
            |at| at,
            table,
            out,
        ),
    }
}

#[inline(always)]
fn add_picked<S: Simd>(
    simd: S,
    x: &[f32],
    count: usize,
    pick: impl Fn(usize) -> usize + Copy,
    table: &[f32],
    out: &mut [f32],
) {
    let columns = out.len();
    let lanes = S::F32_LANES;
    let vectors = columns / lanes;
    let mut at = 0;
    while at + 8 <= vectors {
        picked_tile::<S, 8, 1>(simd, x, count, pick, table, columns, at * lanes, out);
        at += 8;
    }
    if at + 4 <= vectors {
        picked_tile::<S, 4, 2>(simd, x, count, pick, table, columns, at * lanes, out);
        at += 4;
    }
    if at + 2 <= vectors {
        picked_tile::<S, 2, 4>(simd, x, count, pick, table, columns, at * lanes, out);
        at += 2;
    }
    if at < vectors {
        picked_tile::<S, 1, 4>(simd, x, count, pick, table, columns, at * lanes, out);
    }
    if vectors * lanes < columns {
        picked_rest(simd, x, count, pick, table, columns, &mut out[vectors * lanes..]);
    }
}

/// `V` vectors of columns, in `C` chains of sums so that additions need not wait for each other.
#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a tile of a product")]
fn picked_tile<S: Simd, const V: usize, const C: usize>(
    simd: S,
    x: &[f32],
    count: usize,
    pick: impl Fn(usize) -> usize,
    table: &[f32],
    columns: usize,
    at: usize,
    out: &mut [f32],
) {
    let sums: [[S::f32s; V]; C] = chains(
        simd,
        count,
        #[inline(always)]
        |place| {
            let index = pick(place);
            let start = index * columns + at;
            let row = S::as_simd_f32s(&table[start..start + V * S::F32_LANES]).0;
            (x[index], std::array::from_fn(|vector| row[vector]))
        },
    );
    let out = S::as_mut_simd_f32s(&mut out[at..at + V * S::F32_LANES]).0;
    for sums in sums {
        for (out, sum) in out.iter_mut().zip(sums) {
            *out = simd.add_f32s(*out, sum);
        }
    }
}

/// Sums of a factor times vectors, over `count` of such products, in `C` chains that take turns.
#[inline(always)]
fn chains<S: Simd, const V: usize, const C: usize>(
    simd: S,
    count: usize,
    product: impl Fn(usize) -> (f32, [S::f32s; V]),
) -> [[S::f32s; V]; C] {
    let mut sums = [[simd.splat_f32s(0.0); V]; C];
    let whole = count - count % C;
    for first in (0..whole).step_by(C) {
        for (chain, sums) in sums.iter_mut().enumerate() {
            add_product(simd, product(first + chain), sums);
        }
    }
    for rest in whole..count {
        add_product(simd, product(rest), &mut sums[0]);
    }
    sums
}

/// Adds a factor times vectors.
#[inline(always)]
fn add_product<S: Simd, const V: usize>(
    simd: S,
    (factor, vectors): (f32, [S::f32s; V]),
    sums: &mut [S::f32s; V],
) {
    let factor = simd.splat_f32s(factor);
    for (sum, vector) in sums.iter_mut().zip(vectors) {
        *sum = simd.mul_add_e_f32s(factor, vector, *sum);
    }
}

/// The last columns, fewer than a vector has lanes.
#[inline(always)]
fn picked_rest<S: Simd>(
    simd: S,
    x: &[f32],
    count: usize,
    pick: impl Fn(usize) -> usize,
    table: &[f32],
    columns: usize,
    out: &mut [f32],
) {
    let at = columns - out.len();
    let sums: [[S::f32s; 1]; 4] = chains(
        simd,
        count,
        #[inline(always)]
        |place| {
            let index = pick(place);
            (x[index], [load_over(simd, table, index * columns + at, out.len())])
        },
    );
    let sums = sums.map(|[sum]| sum);
    add_to(simd, all_four(simd, sums), out);
}

/// A vector from here on; where the slice ends sooner, only the first `count` numbers.
#[inline(always)]
fn load_over<S: Simd>(simd: S, from: &[f32], at: usize, count: usize) -> S::f32s {
    match from.get(at..at + S::F32_LANES) {
        Some(whole) => S::as_simd_f32s(whole).0[0],
        None => simd.partial_load_f32s(&from[at..at + count]),
    }
}

/// Adds the first lanes to fewer numbers than there are lanes.
#[inline(always)]
fn add_to<S: Simd>(simd: S, values: S::f32s, out: &mut [f32]) {
    let before = simd.partial_load_f32s(out);
    simd.partial_store_f32s(out, simd.add_f32s(before, values));
}

/// The sum of products.
#[inline(always)]
pub(super) fn dot<S: Simd>(simd: S, a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (S::as_simd_f32s(a), S::as_simd_f32s(b));
    let mut sums = [simd.splat_f32s(0.0); 4];
    let ((a, a_last), (b, b_last)) = (a.as_chunks::<4>(), b.as_chunks::<4>());
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum = simd.mul_add_e_f32s(*a, *b, *sum);
        }
    }
    for (a, b) in a_last.iter().zip(b_last) {
        sums[0] = simd.mul_add_e_f32s(*a, *b, sums[0]);
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    simd.reduce_sum_f32s(all_four(simd, sums)) + rest
}

#[inline(always)]
fn all_four<S: Simd>(simd: S, [a, b, c, d]: [S::f32s; 4]) -> S::f32s {
    simd.add_f32s(simd.add_f32s(a, b), simd.add_f32s(c, d))
}

/// `out[i] += Σ table[i, j] slope[j]` for the listed `i`.
#[inline(always)]
pub(super) fn add_dots<S: Simd>(simd: S, slope: &[f32], list: Listed<'_>, table: &[f32], out: &mut [f32]) {
    match (slope.len(), list) {
        (1, _) => narrow_dots::<1>(slope, table, out),
        (2, _) => narrow_dots::<2>(slope, table, out),
        (3, _) => narrow_dots::<3>(slope, table, out),
        (4, _) => narrow_dots::<4>(slope, table, out),
        (5, _) => narrow_dots::<5>(slope, table, out),
        (6, _) => narrow_dots::<6>(slope, table, out),
        (7, _) => narrow_dots::<7>(slope, table, out),
        (_, Some(list)) => wide_dots(
            simd,
            slope,
            list.len(),
            #[inline(always)]
            |at| list[at] as usize,
            table,
            out,
        ),
        (_, None) => wide_dots(
            simd,
            slope,
            out.len(),
            #[inline(always)]
            |at| at,
            table,
            out,
        ),
    }
}

/// All of them: looking at a list takes longer.
#[inline(always)]
fn narrow_dots<const N: usize>(slope: &[f32], table: &[f32], out: &mut [f32]) {
    let slope: [f32; N] = std::array::from_fn(|at| slope[at]);
    for (out, row) in out.iter_mut().zip(table.as_chunks::<N>().0) {
        let mut sum = *out;
        for (weight, slope) in row.iter().zip(slope) {
            sum += weight * slope;
        }
        *out = sum;
    }
}

/// Four rows at a time: they share what they are multiplied by, and do not wait for each other.
#[inline(always)]
fn wide_dots<S: Simd>(
    simd: S,
    slope: &[f32],
    count: usize,
    pick: impl Fn(usize) -> usize,
    table: &[f32],
    out: &mut [f32],
) {
    const ROWS: usize = 4;
    let columns = slope.len();
    let row = |index: usize| &table[index * columns..(index + 1) * columns];
    let (vectors, slope_rest) = S::as_simd_f32s(slope);
    let whole = count - count % ROWS;
    for first in (0..whole).step_by(ROWS) {
        let picked: [usize; ROWS] = std::array::from_fn(|at| pick(first + at));
        let rows = picked.map(|index| {
            let (vectors_of_row, rest) = S::as_simd_f32s(row(index));
            (&vectors_of_row[..vectors.len()], rest)
        });
        let mut sums = [simd.splat_f32s(0.0); ROWS];
        for (at, slope) in vectors.iter().enumerate() {
            for (sum, row) in sums.iter_mut().zip(rows) {
                *sum = simd.mul_add_e_f32s(row.0[at], *slope, *sum);
            }
        }
        for ((index, sum), row) in picked.into_iter().zip(sums).zip(rows) {
            let rest: f32 = row.1.iter().zip(slope_rest).map(|(a, b)| a * b).sum();
            out[index] += simd.reduce_sum_f32s(sum) + rest;
        }
    }
    for rest in whole..count {
        let index = pick(rest);
        out[index] += dot(simd, row(index), slope);
    }
}

/// A matrix that is read by rows or by columns: number `(row, k)` lies at `row * by_row + k * by_depth`.
#[derive(Clone, Copy)]
pub(super) struct Strided<'a> {
    pub numbers: &'a [f32],
    pub by_row: usize,
    pub by_depth: usize,
}

/// `out[r, j] += Σ_k left(r, k) right[k, j]` with `depth` numbers `k`. The right table may go on behind
/// its last row.
#[inline(always)]
pub(super) fn multiply<S: Simd>(
    simd: S,
    left: Strided<'_>,
    right: &[f32],
    depth: usize,
    columns: usize,
    out: &mut [f32],
) {
    let lanes = S::F32_LANES;
    let vectors = columns / lanes;
    let mut at = 0;
    while at + TILE_VECTORS <= vectors {
        down::<S, TILE_VECTORS, false>(simd, left, right, depth, columns, at * lanes, out);
        at += TILE_VECTORS;
    }
    if at < vectors {
        down::<S, 1, false>(simd, left, right, depth, columns, at * lanes, out);
    }
    if vectors * lanes < columns {
        down::<S, 1, true>(simd, left, right, depth, columns, vectors * lanes, out);
    }
}

/// All rows of `V` vectors of columns, or of the `REST` of fewer than a vector.
#[inline(always)]
fn down<S: Simd, const V: usize, const REST: bool>(
    simd: S,
    left: Strided<'_>,
    right: &[f32],
    depth: usize,
    columns: usize,
    at: usize,
    out: &mut [f32],
) {
    let rows = out.len() / columns;
    let mut row = 0;
    while row + TILE_ROWS <= rows {
        tile::<S, TILE_ROWS, V, REST>(simd, left, row, right, depth, columns, at, out);
        row += TILE_ROWS;
    }
    while row + 2 <= rows {
        tile::<S, 2, V, REST>(simd, left, row, right, depth, columns, at, out);
        row += 2;
    }
    if row < rows {
        tile::<S, 1, V, REST>(simd, left, row, right, depth, columns, at, out);
    }
}

#[inline(always)]
#[expect(clippy::too_many_arguments, reason = "a tile of a product of two matrices")]
fn tile<S: Simd, const R: usize, const V: usize, const REST: bool>(
    simd: S,
    left: Strided<'_>,
    row: usize,
    right: &[f32],
    depth: usize,
    columns: usize,
    at: usize,
    out: &mut [f32],
) {
    let width = if REST { columns - at } else { V * S::F32_LANES };
    let mut sums = [[simd.splat_f32s(0.0); V]; R];
    let starts: [&[f32]; R] = std::array::from_fn(|r| &left.numbers[(row + r) * left.by_row..]);
    for k in 0..depth {
        let start = k * columns + at;
        let vectors: [S::f32s; V] = if REST {
            [load_over(simd, right, start, width); V]
        } else {
            let vectors = S::as_simd_f32s(&right[start..start + width]).0;
            std::array::from_fn(|v| vectors[v])
        };
        for (sums, left_row) in sums.iter_mut().zip(starts) {
            add_product(simd, (left_row[k * left.by_depth], vectors), sums);
        }
    }
    for (r, sums) in sums.into_iter().enumerate() {
        let out = &mut out[(row + r) * columns + at..][..width];
        if REST {
            add_to(simd, sums[0], out);
            continue;
        }
        for (out, sum) in S::as_mut_simd_f32s(out).0.iter_mut().zip(sums) {
            *out = simd.add_f32s(*out, sum);
        }
    }
}

/// `table[i, j] -= factor x[i] slope[j]` for the listed `i`.
#[inline(always)]
pub(super) fn subtract_outer<S: Simd>(
    simd: S,
    factor: f32,
    x: &[f32],
    list: Listed<'_>,
    slope: &[f32],
    table: &mut [f32],
) {
    match (slope.len(), list) {
        (1, _) => narrow_outer::<1>(factor, x, slope, table),
        (2, _) => narrow_outer::<2>(factor, x, slope, table),
        (3, _) => narrow_outer::<3>(factor, x, slope, table),
        (4, _) => narrow_outer::<4>(factor, x, slope, table),
        (5, _) => narrow_outer::<5>(factor, x, slope, table),
        (6, _) => narrow_outer::<6>(factor, x, slope, table),
        (7, _) => narrow_outer::<7>(factor, x, slope, table),
        (columns, Some(list)) => {
            for index in list {
                let index = *index as usize;
                let row = &mut table[index * columns..(index + 1) * columns];
                add_scaled(simd, -factor * x[index], slope, row);
            }
        }
        (columns, None) => {
            for (x, row) in x.iter().zip(table.chunks_exact_mut(columns)) {
                add_scaled(simd, -factor * x, slope, row);
            }
        }
    }
}

/// `out[j] += factor values[j]`.
#[inline(always)]
fn add_scaled<S: Simd>(simd: S, factor: f32, values: &[f32], out: &mut [f32]) {
    let ((vectors, rest), (out, out_rest)) = (S::as_simd_f32s(values), S::as_mut_simd_f32s(out));
    let vector = simd.splat_f32s(factor);
    for (out, values) in out.iter_mut().zip(vectors) {
        *out = simd.mul_add_e_f32s(vector, *values, *out);
    }
    for (out, value) in out_rest.iter_mut().zip(rest) {
        *out += factor * value;
    }
}

#[inline(always)]
fn narrow_outer<const N: usize>(factor: f32, x: &[f32], slope: &[f32], table: &mut [f32]) {
    let slope: [f32; N] = std::array::from_fn(|at| -factor * slope[at]);
    for (x, row) in x.iter().zip(table.as_chunks_mut::<N>().0) {
        for (weight, slope) in row.iter_mut().zip(slope) {
            *weight += x * slope;
        }
    }
}

/// `out[i, j] = x[i] slope[j]`.
#[inline(always)]
pub(super) fn outer(x: &[f32], slope: &[f32], out: &mut [f32]) {
    for (factor, row) in x.iter().zip(out.chunks_exact_mut(slope.len())) {
        for (out, slope) in row.iter_mut().zip(slope) {
            *out = factor * slope;
        }
    }
}

/// The table with rows and columns exchanged.
#[inline(always)]
pub(super) fn turn(table: &[f32], columns: usize, out: &mut [f32]) {
    let rows = table.len() / columns;
    for (column, out) in out.chunks_exact_mut(rows).enumerate() {
        for (number, row) in out.iter_mut().zip(table.chunks_exact(columns)) {
            *number = row[column];
        }
    }
}
