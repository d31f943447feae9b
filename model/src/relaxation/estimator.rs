//! Estimator: how slopes of shares are found.
//!
//! Lives here: what is mixed in one pass, and what the slopes there say of the shares. May not: tensors, steps.

use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

/// Temperature of what a draw is taken for where slopes are asked.
const TEMPERATURE: f64 = 1.0;
/// Draws that are averaged, given the same operation.
pub const RESAMPLES: usize = 16;

/// How slopes of the shares are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Estimator {
    /// All operations are mixed by their shares: exact slopes of another network than any that can be chosen.
    Mixture,
    /// One operation is drawn, and taken for a softmax where slopes are asked (straight-through Gumbel, arXiv:1611.01144).
    Gumbel,
    /// The same, averaged over draws that come to the same operation: as biased, with less variance (arXiv:2010.04838).
    RaoBlackwell,
}

/// What one pass mixes.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Draw {
    /// How much of each operation.
    pub mixing: Vec<f64>,
    /// The logits with the noise by which it was drawn.
    noisy: Vec<f64>,
}

impl Estimator {
    /// What the next pass mixes.
    pub(super) fn draw(self, shares: &[f64], rng: &mut Pcg64) -> Draw {
        if self == Self::Mixture {
            return Draw { mixing: shares.to_vec(), noisy: Vec::new() };
        }
        let noisy: Vec<f64> = shares.iter().map(|share| share.ln() - exponential(rng).ln()).collect();
        let drawn = largest(&noisy);
        let mixing = (0..shares.len()).map(|at| f64::from(u8::from(at == drawn))).collect();
        Draw { mixing, noisy }
    }

    /// The slopes at the logits of the shares, given those at what was mixed.
    pub(super) fn slopes(self, shares: &[f64], draw: &Draw, slopes: &[f64], rng: &mut Pcg64) -> Vec<f64> {
        match self {
            Self::Mixture => through_softmax(shares, slopes),
            Self::Gumbel => through_softmax(&tempered(&draw.noisy), slopes),
            Self::RaoBlackwell => {
                let drawn = largest(&draw.noisy);
                let mut mean = vec![0.0; shares.len()];
                for _ in 0..RESAMPLES {
                    let again = through_softmax(&tempered(&given(shares, drawn, rng)), slopes);
                    mean.iter_mut().zip(again).for_each(|(mean, one)| *mean += one / RESAMPLES as f64);
                }
                mean
            }
        }
    }
}

/// Noisy logits among which this one is the largest, as they are distributed given that.
fn given(shares: &[f64], drawn: usize, rng: &mut Pcg64) -> Vec<f64> {
    // The shares sum to one, so this is how the largest is distributed, whichever it is.
    let top = exponential(rng);
    let noisy = |(at, share): (usize, &f64)| {
        let own = exponential(rng);
        -if at == drawn { top } else { own / share + top }.ln()
    };
    shares.iter().enumerate().map(noisy).collect()
}

/// An exponential number of mean one; never zero.
fn exponential(rng: &mut Pcg64) -> f64 {
    -(1.0 - rng.random::<f64>()).max(f64::MIN_POSITIVE).ln().min(-f64::EPSILON)
}

fn tempered(noisy: &[f64]) -> Vec<f64> {
    let top = noisy.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = noisy.iter().map(|one| ((one - top) / TEMPERATURE).exp()).collect();
    let whole: f64 = powers.iter().sum();
    powers.iter().map(|power| power / whole).collect()
}

/// Slopes at logits, given those at their softmax.
pub(super) fn through_softmax(soft: &[f64], slopes: &[f64]) -> Vec<f64> {
    let mean: f64 = soft.iter().zip(slopes).map(|(share, slope)| share * slope).sum();
    soft.iter().zip(slopes).map(|(share, slope)| share * (slope - mean) / TEMPERATURE).collect()
}

pub(super) fn largest(values: &[f64]) -> usize {
    let order = values.iter().enumerate().max_by(|(_, a), (_, b)| a.total_cmp(b));
    order.map_or(0, |(at, _)| at)
}
