//! The normal distribution: its tail, its quantiles, and the logarithm of an expected improvement.
//!
//! Lives here: functions of one standard normal number, stable far out in the tails. May not: draw numbers.

use std::f64::consts::TAU;

use crate::stats::special::chi_square_tail;

/// Below this the expected improvement is computed from the Mills ratio: the plain form cancels.
const FAR: f64 = -1.0;
/// Below this `1 - x m(x)` has lost its digits, and is `1 / x²` to more of them.
const FARTHEST: f64 = -1e5;
/// Terms of the continued fraction of the Mills ratio; from 1 upwards these give twelve digits.
const MILLS_TERMS: u32 = 200;
/// Quantiles are of probabilities no closer to 0 and 1 than this.
const PROBABILITY_MIN: f64 = 1e-15;

/// Coefficients of Acklam's rational approximation: middle, then tails; numerators, then denominators.
const MIDDLE: ([f64; 6], [f64; 6]) = (
    [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ],
    [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
        1.0,
    ],
);
const TAILS: ([f64; 6], [f64; 5]) = (
    [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ],
    [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416, 1.0],
);
/// Where the tails of the approximation begin.
const TAIL: f64 = 0.024_25;

/// Probability of a standard normal number below `z`.
pub fn cdf(z: f64) -> f64 {
    let tail = 0.5 * chi_square_tail(z * z, 1);
    if z < 0.0 { tail } else { 1.0 - tail }
}

/// Natural logarithm of the density at `z`.
pub fn ln_density(z: f64) -> f64 {
    -0.5 * (z * z + TAU.ln())
}

/// The number below which a standard normal one falls with this probability (Acklam's approximation, nine digits).
pub fn quantile(probability: f64) -> f64 {
    let p = probability.clamp(PROBABILITY_MIN, 1.0 - PROBABILITY_MIN);
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    if p < TAIL {
        let q = (-2.0 * p.ln()).sqrt();
        return polynomial(&TAILS.0, q) / polynomial(&TAILS.1, q);
    }
    let q = p - 0.5;
    q * polynomial(&MIDDLE.0, q * q) / polynomial(&MIDDLE.1, q * q)
}

/// Natural logarithm of `E max(0, X)` for `X` normal with this mean and deviation, however small it is
/// (Ament et al. 2023, "Unexpected Improvements to Expected Improvement").
pub fn ln_expected_improvement(mean: f64, deviation: f64) -> f64 {
    if deviation <= 0.0 {
        return mean.max(0.0).ln();
    }
    let z = mean / deviation;
    let standard = if z > FAR {
        (ln_density(z).exp() + z * cdf(z)).ln()
    } else if z > FARTHEST {
        ln_density(z) + (1.0 + z * mills(-z)).ln()
    } else {
        ln_density(z) - 2.0 * (-z).ln()
    };
    deviation.ln() + standard
}

/// Upper tail over density, for `x` of at least one: the continued fraction `1 / (x + 1 / (x + 2 / (x + ...)))`.
fn mills(x: f64) -> f64 {
    1.0 / (1..=MILLS_TERMS).rev().fold(x, |below, k| x + f64::from(k) / below)
}

/// Highest power first.
fn polynomial(coefficients: &[f64], x: f64) -> f64 {
    coefficients.iter().fold(0.0, |sum, coefficient| sum * x + coefficient)
}

#[cfg(test)]
mod tests;
