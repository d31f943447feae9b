//! Worlds: generated streams in which two take turns.
//!
//! Lives here: the laws of a world, and writing rows. May not: replay.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use clap::ValueEnum;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// Numbers of a row of [`World::Network`], and hidden units of each of its laws.
const INPUTS: usize = 10;
const UNITS: usize = 8;
/// How steep the units are: steep enough that a world takes thousands of rows to learn.
const STEEPNESS: f64 = 2.0;

/// Of what kind both worlds are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum World {
    /// The sign of a random network of one hidden layer: it takes the better part of a thousand rows to learn.
    Network,
    /// SEA concepts (Street and Kim, 2001) at 7.0 and 9.5, one label in ten wrong: it takes fewer.
    Sea,
}

/// What a row means.
enum Law {
    /// Each unit: weights, and what it counts for.
    Network(Vec<([f64; INPUTS], f64)>),
    Threshold(f64),
}

impl World {
    /// Worlds A, B, A, B, …: so many turns of so many rows each. The same seed writes the same.
    pub fn write(self, path: &Path, seed: u64, rows: usize, turns: usize) -> Result<()> {
        let mut rng = Pcg64::seed_from_u64(seed);
        let laws = [self.law(0, &mut rng), self.law(1, &mut rng)];
        let mut text = String::new();
        (0..self.inputs()).try_for_each(|at| write!(text, "x{at},"))?;
        text.push_str("class\n");
        for turn in 0..turns {
            for _ in 0..rows {
                let row: Vec<f64> = (0..self.inputs()).map(|_| rng.random_range(-1.0..1.0)).collect();
                row.iter().try_for_each(|value| write!(text, "{value:.4},"))?;
                let truth = laws[turn % 2].truth(&row) != self.is_noise(&mut rng);
                writeln!(text, "{}", if truth { "yes" } else { "no" })?;
            }
        }
        Ok(std::fs::write(path, text)?)
    }

    fn inputs(self) -> usize {
        match self {
            Self::Network => INPUTS,
            Self::Sea => 3,
        }
    }

    fn is_noise(self, rng: &mut Pcg64) -> bool {
        match self {
            Self::Network => false,
            Self::Sea => rng.random_bool(0.1),
        }
    }

    fn law(self, which: usize, rng: &mut Pcg64) -> Law {
        match self {
            Self::Network => Law::Network(
                (0..UNITS)
                    .map(|_| {
                        (std::array::from_fn(|_| rng.random_range(-1.0..1.0)), rng.random_range(-1.0..1.0))
                    })
                    .collect(),
            ),
            Self::Sea => Law::Threshold([7.0, 9.5][which]),
        }
    }
}

impl Law {
    fn truth(&self, row: &[f64]) -> bool {
        match self {
            Self::Network(units) => {
                let said = |(weights, counts): &([f64; INPUTS], f64)| {
                    let sum: f64 = weights.iter().zip(row).map(|(weight, value)| weight * value).sum();
                    counts * (STEEPNESS * sum).tanh()
                };
                units.iter().map(said).sum::<f64>() > 0.0
            }
            // Numbers of 0 to 10, moved to -1 to 1.
            Self::Threshold(threshold) => (row[0] + row[1] + 2.0) * 5.0 <= *threshold,
        }
    }
}
