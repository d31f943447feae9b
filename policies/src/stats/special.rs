//! Special functions: just those that the tests of this crate need, in `f64`.
//!
//! Lives here: log-gamma, the tail of chi-square, tails of the binomial and the hypergeometric.

/// Terms after which a series or continued fraction is taken as converged.
const TERMS_MAX: u32 = 500;
/// Relative size below which a term changes nothing.
const EPSILON: f64 = 1e-15;
/// Stands in for zero in a denominator of the continued fraction.
const TINY: f64 = 1e-300;

/// Lanczos' coefficients for g = 7, nine terms.
const LANCZOS: [f64; 9] = [
    0.999_999_999_999_809_9,
    676.520_368_121_885_1,
    -1_259.139_216_722_402_8,
    771.323_428_777_653_1,
    -176.615_029_162_140_6,
    12.507_343_278_686_905,
    -0.138_571_095_265_720_12,
    9.984_369_578_019_572e-6,
    1.505_632_735_149_311_6e-7,
];

/// Natural logarithm of the gamma function, for `x > 0` (Lanczos' approximation).
pub fn ln_gamma(x: f64) -> f64 {
    if x < 0.5 {
        // Reflection: the approximation is good to the right of one half only.
        return (std::f64::consts::PI / (std::f64::consts::PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let base = x + 7.5;
    let series =
        LANCZOS[1..].iter().zip(1_u32..).fold(LANCZOS[0], |sum, (c, k)| sum + c / (x + f64::from(k)));
    0.5 * std::f64::consts::TAU.ln() + (x + 0.5) * base.ln() - base + series.ln()
}

/// Natural logarithm of "`n` choose `k`"; minus infinity where there is no such choice.
pub fn ln_choose(n: u64, k: u64) -> f64 {
    if k > n {
        return f64::NEG_INFINITY;
    }
    ln_gamma(n as f64 + 1.0) - ln_gamma(k as f64 + 1.0) - ln_gamma((n - k) as f64 + 1.0)
}

/// Probability that a chi-square number with `freedom` degrees is at least `x`.
pub fn chi_square_tail(x: f64, freedom: u32) -> f64 {
    if freedom == 0 || x <= 0.0 {
        return 1.0;
    }
    let (a, x) = (f64::from(freedom) / 2.0, x / 2.0);
    // Each half has the form that converges fast there.
    let tail = if x < a + 1.0 { 1.0 - lower_gamma_series(a, x) } else { upper_gamma_fraction(a, x) };
    tail.clamp(0.0, 1.0)
}

/// Probability that at least `k` of `n` trials succeed, each with probability `p`.
pub fn binomial_tail(n: u64, p: f64, k: u64) -> f64 {
    if k == 0 || p >= 1.0 {
        return f64::from(u8::from(k <= n));
    }
    if p <= 0.0 {
        return 0.0;
    }
    let (ln_p, ln_q) = (p.ln(), (-p).ln_1p());
    let term = |i: u64| (ln_choose(n, i) + i as f64 * ln_p + (n - i) as f64 * ln_q).exp();
    (k..=n).map(term).sum::<f64>().min(1.0)
}

/// Probability of at least `k` marked among `drawn` items, drawn without replacement from `total` items
/// of which `marked` are marked.
pub fn hypergeometric_tail(total: u64, marked: u64, drawn: u64, k: u64) -> f64 {
    let least = (marked + drawn).saturating_sub(total);
    if k <= least {
        return 1.0;
    }
    let all = ln_choose(total, drawn);
    let term = |i: u64| (ln_choose(marked, i) + ln_choose(total - marked, drawn - i) - all).exp();
    (k..=marked.min(drawn)).map(term).sum::<f64>().min(1.0)
}

fn lower_gamma_series(a: f64, x: f64) -> f64 {
    let mut term = 1.0 / a;
    let mut sum = term;
    for n in 1..=TERMS_MAX {
        term *= x / (a + f64::from(n));
        sum += term;
        if term < sum * EPSILON {
            break;
        }
    }
    sum * (a * x.ln() - x - ln_gamma(a)).exp()
}

/// Lentz's evaluation of the continued fraction.
fn upper_gamma_fraction(a: f64, x: f64) -> f64 {
    let mut partial = x + 1.0 - a;
    let mut above = 1.0 / TINY;
    let mut below = 1.0 / partial;
    let mut fraction = below;
    for n in 1..=TERMS_MAX {
        let numerator = -f64::from(n) * (f64::from(n) - a);
        partial += 2.0;
        below = 1.0 / not_zero(numerator * below + partial);
        above = not_zero(partial + numerator / above);
        let change = above * below;
        fraction *= change;
        if (change - 1.0).abs() < EPSILON {
            break;
        }
    }
    fraction * (a * x.ln() - x - ln_gamma(a)).exp()
}

fn not_zero(x: f64) -> f64 {
    if x.abs() < TINY { TINY } else { x }
}

#[cfg(test)]
mod tests;
