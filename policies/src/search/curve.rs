//! Learning curves: what a score will be after more training.
//!
//! Lives here: least squares over a few parametric forms, weighed by how well each explains what was seen (Domhan et al.
//! 2015, with conjugate priors in place of sampling). May not: know who trains, or decide who goes on.

/// Exponents of the powers.
const POWERS: [f64; 8] = [0.1, 0.2, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0];
/// Shares of the horizon in which an exponential comes down to one e-th.
const DECAYS: [f64; 12] = [0.02, 0.03, 0.04, 0.06, 0.08, 0.12, 0.16, 0.24, 0.32, 0.48, 0.64, 0.96];
/// Shares of the horizon at which a sigmoid of the logarithm is half way, and how steep it is.
const MIDDLES: [f64; 5] = [0.04, 0.08, 0.16, 0.32, 0.64];
const STEEPNESSES: [f64; 2] = [1.0, 2.0];
/// Families of forms; each has the same prior weight.
const FAMILIES: f64 = 5.0;
/// Points of a curve that are looked at most; of a longer one, evenly spread.
const POINTS_MAX: usize = 64;
/// Prior standard deviation of the value at the horizon, around the last value, and of what is still to come down,
/// in standard deviations of the noise.
const PRIOR_SPREAD: f64 = 30.0;
/// How many points the prior of the noise is worth, and its standard deviation in parts of the range that was seen.
const PRIOR_POINTS: f64 = 2.0;
const PRIOR_NOISE: f64 = 0.1;
/// Least range, where a curve is flat.
const RANGE_MIN: f64 = 1e-9;

/// How what is still to come falls with training; `x` is training so far.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Form {
    /// It has all come.
    Flat,
    /// `x^-power` (pow3).
    Power(f64),
    /// `exp(-x / scale)` (exp3).
    Exponential(f64),
    /// `1 / ln(x + 1)` (ilog2).
    InverseLog,
    /// `1 / (1 + (x / middle)^steepness)` (log-power).
    LogPower { middle: f64, steepness: f64 },
}

impl Form {
    fn at(self, x: f64) -> f64 {
        match self {
            Self::Flat => 0.0,
            Self::Power(power) => x.powf(-power),
            Self::Exponential(scale) => (-x / scale).exp(),
            Self::InverseLog => x.ln_1p().recip(),
            Self::LogPower { middle, steepness } => (1.0 + (x / middle).powf(steepness)).recip(),
        }
    }

    /// Every form, with its prior weight: families are equal, and so are the members of each.
    fn all(horizon: f64) -> Vec<(Self, f64)> {
        let share = |members: usize| (FAMILIES * members as f64).recip();
        let mut forms = vec![(Self::Flat, share(1)), (Self::InverseLog, share(1))];
        forms.extend(POWERS.map(|power| (Self::Power(power), share(POWERS.len()))));
        forms.extend(DECAYS.map(|decay| (Self::Exponential(decay * horizon), share(DECAYS.len()))));
        for middle in MIDDLES.map(|middle| middle * horizon) {
            let weight = share(MIDDLES.len() * STEEPNESSES.len());
            forms.extend(STEEPNESSES.map(|steepness| (Self::LogPower { middle, steepness }, weight)));
        }
        forms
    }
}

/// What a score will be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// Its mean.
    pub mean: f64,
    /// Its standard deviation: of the forms among each other, of their parameters, and of the noise.
    pub sd: f64,
}

/// What the score will be after training to the horizon; none without a finite point before it.
///
/// A curve is `(training, score)`, ascending, training above zero; whether more or less is better does not matter. Work
/// is bounded: 32 forms, a 2 by 2 system each, over at most 64 points.
///
/// ```
/// use policies::search::curve::forecast;
///
/// let curve: Vec<(f64, f64)> = (1..=9).map(|x| (f64::from(x), 0.3 + f64::from(x).powf(-0.5))).collect();
/// let forecast = forecast(&curve, 81.0).expect("there are points");
/// assert!((forecast.mean - (0.3 + 1.0 / 9.0)).abs() < 0.06, "{forecast:?}");
/// ```
pub fn forecast(curve: &[(f64, f64)], horizon: f64) -> Option<Forecast> {
    let points = thinned(curve, horizon);
    let last = points.last()?.1;
    let range = |pick: fn(f64, f64) -> f64| points.iter().map(|point| point.1).fold(last, pick);
    let scale = (range(f64::max) - range(f64::min)).max(RANGE_MIN);
    let scaled: Vec<(f64, f64)> = points.iter().map(|(x, y)| (*x, (y - last) / scale)).collect();
    let fits: Vec<Fit> = Form::all(horizon).into_iter().map(|form| fit(form, &scaled, horizon)).collect();
    let best = fits.iter().map(|fit| fit.log_weight).fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = fits.iter().map(|fit| (fit.log_weight - best).exp()).collect();
    let total: f64 = weights.iter().sum();
    let weighed = |of: &dyn Fn(&Fit) -> f64| {
        fits.iter().zip(&weights).map(|(fit, weight)| weight * of(fit)).sum::<f64>() / total
    };
    let mean = weighed(&|fit| fit.mean);
    let variance = weighed(&|fit| fit.variance + (fit.mean - mean).powi(2));
    Some(Forecast { mean: last + scale * mean, sd: scale * variance.sqrt() })
}

/// Finite points up to the horizon, few enough, with the last one.
fn thinned(curve: &[(f64, f64)], horizon: f64) -> Vec<(f64, f64)> {
    let is_usable = |point: &&(f64, f64)| point.0 > 0.0 && point.0 <= horizon && point.1.is_finite();
    let usable: Vec<(f64, f64)> = curve.iter().filter(is_usable).copied().collect();
    let stride = usable.len().div_ceil(POINTS_MAX).max(1);
    let mut thinned: Vec<(f64, f64)> = usable.iter().rev().step_by(stride).copied().collect();
    thinned.reverse();
    thinned
}

/// One form's posterior of the value at the horizon, and its evidence.
struct Fit {
    log_weight: f64,
    mean: f64,
    variance: f64,
}

/// `y = end + rest * shape(x)`, where the shape is one at the first point and zero at the horizon: the end is then the
/// forecast. Normal-inverse-gamma prior around "nothing more comes".
fn fit((form, prior): (Form, f64), points: &[(f64, f64)], horizon: f64) -> Fit {
    let floor = form.at(horizon);
    let height = points.first().map_or(0.0, |point| form.at(point.0) - floor);
    let shape = |x: f64| if height > f64::EPSILON { (form.at(x) - floor) / height } else { 0.0 };
    let precision = PRIOR_SPREAD.powi(-2);
    let (mut ends, mut cross, mut rests) = (precision, 0.0, precision);
    let (mut end_y, mut rest_y, mut square_y) = (0.0, 0.0, 0.0);
    for (x, y) in points {
        let s = shape(*x);
        ends += 1.0;
        cross += s;
        rests += s * s;
        end_y += y;
        rest_y += s * y;
        square_y += y * y;
    }
    let determinant = ends * rests - cross * cross;
    let end = (rests * end_y - cross * rest_y) / determinant;
    let rest = (ends * rest_y - cross * end_y) / determinant;
    let explained = end * end_y + rest * rest_y;
    let doubts = f64::midpoint(PRIOR_POINTS, points.len() as f64);
    let residual = PRIOR_POINTS * PRIOR_NOISE.powi(2) + (square_y - explained).max(0.0);
    let noise = residual / (2.0 * (doubts - 0.5));
    Fit {
        log_weight: prior.ln() - 0.5 * (determinant / precision.powi(2)).ln() - doubts * residual.ln(),
        mean: end,
        variance: noise * (1.0 + rests / determinant),
    }
}

#[cfg(test)]
mod tests;
