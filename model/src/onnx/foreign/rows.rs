//! Rows: what a model and its graph are asked.
//!
//! Lives here: rows with nothing missing and nothing that is cut, of which both have to say the same.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::encoder::{DEVIATIONS_MAX, Encoder, Scale};
use crate::error::ModelError;
use crate::sample::Row;

/// Short of where numbers are cut, by more than rounding can be.
const REACH: f64 = 0.99;

/// So many rows; the same for the same seed. Most of their numbers are near the mean, some far out.
pub(super) fn draw(encoder: &Encoder, count: usize, seed: u64) -> Result<Vec<Row>, ModelError> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let scales: Vec<Scale> = encoder.scales().collect();
    let value = |scale: &Scale, rng: &mut Pcg64| match scale {
        Scale::Numeric { mean, deviation } => {
            let near: f64 = rng.random_range(-1.0..1.0);
            (mean + deviation * f64::from(DEVIATIONS_MAX) * REACH * near.powi(3)) as f32
        }
        Scale::Boolean | Scale::Categorical { .. } => f32::from(u8::from(rng.random::<bool>())),
    };
    let mut row = || Row::new(scales.iter().map(|scale| value(scale, &mut rng)).collect());
    (0..count).map(|_| row()).collect()
}
