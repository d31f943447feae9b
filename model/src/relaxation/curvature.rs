//! Curvature: how sharp the loss is in the shares, and whether that says to stop.
//!
//! Lives here: the largest eigenvalue by power iteration, given slopes, and the rule of R-DARTS (arXiv:1909.09656).
//! May not: tensors, steps.

use rand::RngExt;
use rand_pcg::Pcg64;

use crate::error::ModelError;

/// Steps of the power iteration.
const ITERATIONS: usize = 5;
/// How far apart the slopes are that a curvature is the difference of.
const APART: f64 = 0.05;
/// How many looks are averaged, and how far back the mean is compared with.
const LOOKS: usize = 3;
/// Older over now: below this the loss has become sharp.
const RATIO_MIN: f64 = 0.75;
/// Curvatures below this are flat, whatever they were before: they grow from nothing as heads do. Where skips take over
/// they were seen from 0.2 to 2.5.
const FLAT: f64 = 0.1;

/// The size of the largest eigenvalue of the matrix whose products with directions are differences of these slopes.
pub(super) fn largest(
    numbers: usize,
    rng: &mut Pcg64,
    mut slopes: impl FnMut(&[f64]) -> Result<Vec<f64>, ModelError>,
) -> Result<f64, ModelError> {
    let mut direction = unit((0..numbers).map(|_| rng.random_range(-1.0..1.0)).collect());
    let mut value = 0.0;
    for _ in 0..ITERATIONS {
        let ahead = slopes(&direction.iter().map(|part| part * APART).collect::<Vec<_>>())?;
        let behind = slopes(&direction.iter().map(|part| part * -APART).collect::<Vec<_>>())?;
        let product: Vec<f64> =
            ahead.iter().zip(&behind).map(|(ahead, behind)| (ahead - behind) / (2.0 * APART)).collect();
        value = product.iter().map(|part| part * part).sum::<f64>().sqrt();
        if !(value.is_finite() && value > 0.0) {
            break;
        }
        direction = unit(product);
    }
    if value.is_finite() { Ok(value) } else { Err(super::refused("the curvature is not finite")) }
}

/// Whether the newest looks say that the loss has become sharp; and how many looks ago it had not.
pub(super) fn became_sharp(looks: &[f64]) -> Option<usize> {
    let mean = |end: usize| looks[end - LOOKS..end].iter().sum::<f64>() / LOOKS as f64;
    let before = looks.len().checked_sub(LOOKS).filter(|before| *before >= LOOKS)?;
    let (older, now) = (mean(before), mean(looks.len()));
    (now > FLAT && older / now < RATIO_MIN).then_some(LOOKS)
}

fn unit(mut direction: Vec<f64>) -> Vec<f64> {
    let length = direction.iter().map(|part| part * part).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    for part in &mut direction {
        *part /= length;
    }
    direction
}
