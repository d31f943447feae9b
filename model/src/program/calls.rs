//! Calls: the passes, each compiled once for every generation of processors.
//!
//! Lives here: picking the code for the processor at hand. Does not live here: the passes themselves (those are `pass`).
//!
//! What such code calls has to lie within it, so a pass that two others called would be compiled twice for each generation.
//! A call costs a few nanoseconds, a copy of all kernels minutes of compilation.

#![expect(clippy::inline_always, reason = "code compiled for better processors has to lie in one function")]

use pulp::{Simd, WithSimd};

use super::plan::Plan;
use super::scratch::Scratch;
use super::{ARCH, pass};

/// As [`pass::forward`].
pub(super) fn forward(plan: &Plan, weights: &[f32], learning: bool, scratch: &mut Scratch) {
    ARCH.dispatch(Forward { plan, weights, learning, scratch });
}

/// As [`pass::backward`].
pub(super) fn backward(plan: &Plan, weights: &[f32], scratch: &mut Scratch) {
    ARCH.dispatch(Backward { plan, weights, scratch });
}

/// As [`pass::collect`].
pub(super) fn collect(plan: &Plan, scratch: &mut Scratch) {
    ARCH.dispatch(Collect { plan, scratch });
}

struct Forward<'a> {
    plan: &'a Plan,
    weights: &'a [f32],
    learning: bool,
    scratch: &'a mut Scratch,
}

impl WithSimd for Forward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        pass::forward(simd, self.plan, self.weights, self.learning, self.scratch);
    }
}

struct Backward<'a> {
    plan: &'a Plan,
    weights: &'a [f32],
    scratch: &'a mut Scratch,
}

impl WithSimd for Backward<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        pass::backward(simd, self.plan, self.weights, self.scratch);
    }
}

struct Collect<'a> {
    plan: &'a Plan,
    scratch: &'a mut Scratch,
}

impl WithSimd for Collect<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        pass::collect(simd, self.plan, self.scratch);
    }
}
