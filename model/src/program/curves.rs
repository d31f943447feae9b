//! Curves: activations and their slopes, written so that a processor does several at once.
//!
//! Lives here: the exponential function and what is made of it. Does not live here: blocks.
//!
//! The standard library asks the system for one exponential at a time. These agree with it to a few
//! parts in ten million, on every machine in the same way.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use crate::architecture::Activation;

/// Value and slope of an activation.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub value: f32,
    pub slope: f32,
}

/// What a unit, or its gate, makes of its sum.
#[derive(Clone, Copy, Debug)]
pub(super) enum Curve {
    Activation(Activation),
    /// `2 σ(a)`: one at zero.
    Gate,
}

/// Values and slopes of a whole slice.
#[inline(always)]
pub(super) fn draw(curve: Curve, from: &[f32], values: &mut [f32], slopes: &mut [f32]) {
    match curve {
        Curve::Activation(Activation::Relu) => each(from, values, slopes, relu),
        Curve::Activation(Activation::Gelu) => each(from, values, slopes, gelu),
        Curve::Activation(Activation::Silu) => each(from, values, slopes, silu),
        Curve::Activation(Activation::Tanh) => each(from, values, slopes, tanh),
        Curve::Gate => each(from, values, slopes, gate),
    }
}

#[inline(always)]
fn each(from: &[f32], values: &mut [f32], slopes: &mut [f32], curve: impl Fn(f32) -> Point) {
    for ((from, value), slope) in from.iter().zip(values).zip(slopes) {
        let point = curve(*from);
        *value = point.value;
        *slope = point.slope;
    }
}

/// Not `max`: it would swallow a NaN.
#[inline(always)]
fn relu(a: f32) -> Point {
    Point { value: if a < 0.0 { 0.0 } else { a }, slope: if a > 0.0 { 1.0 } else { 0.0 } }
}

/// `a Φ(a)`, with the error function of Abramowitz and Stegun, 7.1.26: right to 1.5e-7, and its
/// exponential is the density that the slope needs.
#[inline(always)]
fn gelu(a: f32) -> Point {
    let size = a.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let density = exp(-size * size);
    let t = 1.0 / (1.0 + 0.327_591_1 * size);
    let series =
        t * (0.254_829_6 + t * (-0.284_496_72 + t * (1.421_413_8 + t * (-1.453_152 + t * 1.061_405_4))));
    let outside = 0.5 * series * density;
    let below = if a < 0.0 { outside } else { 1.0 - outside };
    Point { value: a * below, slope: below + a * density * 0.398_942_3 }
}

#[inline(always)]
fn silu(a: f32) -> Point {
    let sigmoid = sigmoid(a);
    let value = a * sigmoid;
    Point { value, slope: sigmoid * (1.0 - value) + value }
}

#[inline(always)]
fn gate(a: f32) -> Point {
    let sigmoid = sigmoid(a);
    Point { value: 2.0 * sigmoid, slope: 2.0 * sigmoid * (1.0 - sigmoid) }
}

/// `1 / (1 + exp(-a))`.
#[inline(always)]
pub(super) fn sigmoid(a: f32) -> f32 {
    1.0 / (1.0 + exp(-a))
}

/// By the exponential; near zero, where that would cancel, by the series.
#[inline(always)]
pub(super) fn tanh(a: f32) -> Point {
    let square = a * a;
    let series = a * (1.0 + square * (-1.0 / 3.0 + square * (2.0 / 15.0 + square * (-17.0 / 315.0))));
    let whole = 1.0 - 2.0 / (exp(2.0 * a) + 1.0);
    let value = if square < 0.04 { series } else { whole };
    Point { value, slope: 1.0 - value * value }
}

/// `exp`, as two to a whole power times a polynomial (Cephes), within 2e-7 of it. What would be a subnormal
/// number is zero, what would be infinite stays at the edge, and a NaN stays one.
#[inline(always)]
pub(crate) fn exp(a: f32) -> f32 {
    const ROUND: f32 = 12_582_912.0; // 1.5 * 2^23: adding it leaves the whole part in the low bits.
    let nothing = a < -87.3;
    let a = if nothing { 0.0 } else { a };
    let a = if a > 88.3 { 88.3 } else { a };
    let shifted = a * std::f32::consts::LOG2_E + ROUND;
    let whole = shifted - ROUND;
    let rest = a - whole * 0.693_359_4 + whole * 2.121_944_4e-4;
    let series = 0.5
        + rest
            * (0.166_666_66
                + rest
                    * (0.041_665_796
                        + rest * (0.008_333_452 + rest * (0.001_398_2 + rest * 1.987_569_1e-4))));
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    let value = (1.0 + rest + rest * rest * series) * power;
    if nothing { 0.0 } else { value }
}

#[cfg(test)]
mod tests;
