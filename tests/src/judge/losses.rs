//! Losses: by how much a challenger's loss is lower than the control's, outcome by outcome.
//!
//! Lives here: chance. May not: judge.

use rand::RngExt as _;
use rand_pcg::Pcg64;
use serde::Serialize;

/// How losses are paired; those right or wrong differ on 6 % of the outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Losses {
    /// Right or wrong, independently of the past: only the challenger right on this share of the outcomes, only the
    /// control on that.
    ZeroOne {
        /// Only the challenger is right.
        better: f64,
        /// Only the control is right.
        worse: f64,
    },
    /// Squared errors of two probabilities that stray as far from the true one.
    Brier {
        /// How far, at most.
        spread: f64,
    },
    /// Right or wrong; better for a stretch, then worse for a stretch, and as good in the long run. Their memory
    /// is half this length.
    Tides {
        /// Outcomes in one stretch, on average.
        length: u64,
    },
    /// Numbers around zero, of which each is this share of the last, and noise.
    Autoregressive {
        /// The share.
        correlation: f64,
    },
}

impl Losses {
    /// As good as the control.
    pub const EQUAL: Self = Self::ZeroOne { better: 0.03, worse: 0.03 };
    /// Wrong one point more often.
    pub const ONE_POINT_WORSE: Self = Self::ZeroOne { better: 0.025, worse: 0.035 };
    /// Right two points more often.
    pub const TWO_POINTS_BETTER: Self = Self::ZeroOne { better: 0.04, worse: 0.02 };

    /// Outcomes after which the correlation with the past has fallen to `1 / e` of what it is between neighbours; 0
    /// where nothing is remembered.
    pub fn memory(&self) -> f64 {
        match self {
            Self::ZeroOne { .. } | Self::Brier { .. } => 0.0,
            Self::Tides { length } => *length as f64 / 2.0,
            Self::Autoregressive { correlation } => -1.0 / correlation.ln(),
        }
    }
}

/// Spread of autoregressive numbers: two in a million would have to be clamped.
const DEVIATION: f64 = 0.2;
/// In a tide, of the outcomes on which they differ, so many go one way.
const TIDE: f64 = 5.0 / 6.0;
/// Of all outcomes, so many differ.
const DIFFER: f64 = 0.06;

/// The paired losses of one challenger.
pub(super) struct Stream {
    losses: Losses,
    /// The sign of the tide, or the last number.
    state: f64,
}

impl Stream {
    /// From a state as it is in the long run.
    pub(super) fn new(losses: Losses, rng: &mut Pcg64) -> Self {
        let state = match losses {
            Losses::ZeroOne { .. } | Losses::Brier { .. } => 0.0,
            Losses::Tides { .. } => sign(rng.random()),
            Losses::Autoregressive { .. } => DEVIATION * normal(rng),
        };
        Self { losses, state }
    }

    /// Positive where the challenger did better.
    pub(super) fn next(&mut self, rng: &mut Pcg64) -> f64 {
        match self.losses {
            Losses::ZeroOne { better, worse } => zero_one(rng, better, worse),
            Losses::Brier { spread } => {
                let chance = spread + (1.0 - 2.0 * spread) * rng.random::<f64>();
                let truth = f64::from(u8::from(rng.random::<f64>() < chance));
                let mut loss = || (chance + spread * (2.0 * rng.random::<f64>() - 1.0) - truth).powi(2);
                loss() - loss()
            }
            Losses::Tides { length } => {
                if rng.random::<f64>() * (length as f64) < 1.0 {
                    self.state = -self.state;
                }
                self.state * zero_one(rng, TIDE * DIFFER, (1.0 - TIDE) * DIFFER)
            }
            Losses::Autoregressive { correlation } => {
                let fresh = DEVIATION * (1.0 - correlation * correlation).sqrt();
                self.state = correlation * self.state + fresh * normal(rng);
                self.state
            }
        }
    }
}

fn sign(positive: bool) -> f64 {
    if positive { 1.0 } else { -1.0 }
}

fn zero_one(rng: &mut Pcg64, better: f64, worse: f64) -> f64 {
    let draw = rng.random::<f64>();
    if draw < better { 1.0 } else { -f64::from(u8::from(draw < better + worse)) }
}

/// Standard normal (Box and Muller).
fn normal(rng: &mut Pcg64) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}
