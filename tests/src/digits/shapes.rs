//! Shapes: pictures of which only what lies beside what counts, by a seed.
//!
//! Lives here: the rows. May not: replay them.
//!
//! A line of four places lies anywhere, across, down, or along one of the diagonals, which is the class, in even noise. In the
//! second half, the classes have changed their names. One class in twenty is wrong. A place by itself says next to nothing.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::{SIDE, header};

/// Places of a line.
const LENGTH: usize = 4;
/// What a step along each kind of line is: rows and columns.
const STEPS: [(isize, isize); 4] = [(0, 1), (1, 0), (1, 1), (1, -1)];
/// How much brighter a line is.
const LINE: f64 = 2.0;
/// The noise, at most.
const NOISE: f64 = 1.0;
/// Share of classes that are wrong.
const WRONG: f64 = 0.05;

/// Writes so many rows as a file that can be replayed.
pub fn write(path: &Path, rows: u64, seed: u64) -> Result<()> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut text = header();
    for row in 0..rows {
        let kind = rng.random_range(0..STEPS.len());
        let mut picture: [f64; SIDE * SIDE] = std::array::from_fn(|_| rng.random_range(0.0..NOISE));
        let (down, along) = STEPS[kind];
        let reach = LENGTH - 1;
        let from_row = rng.random_range(0..SIDE - reach * down.unsigned_abs());
        let from_column = rng.random_range(0..SIDE - reach * along.unsigned_abs());
        for step in 0..LENGTH {
            // A step back begins at the other end.
            let column = if along < 0 {
                from_column + reach - step
            } else {
                from_column + step * along.unsigned_abs()
            };
            picture[(from_row + step * down.unsigned_abs()) * SIDE + column] += LINE;
        }
        let turned = usize::from(row >= rows / 2);
        let class =
            if rng.random::<f64>() < WRONG { rng.random_range(0..STEPS.len()) } else { kind + turned };
        for number in picture {
            write!(text, "{number:.3},")?;
        }
        writeln!(text, "{}", class % STEPS.len())?;
    }
    std::fs::write(path, text)?;
    Ok(())
}
