//! A stream in which order is the signal: what an event means depends on those of its sensor before it.
//!
//! Lives here: the rows, by a seed. May not: replay them.
//!
//! Twelve sensors report a number that goes up and down around zero. The class says whether the last four reports of the
//! sensor, the newest included, went up more often than down; in the second half, it is the other way around. One class in
//! twenty is wrong. A number by itself says a little: after ups it is higher. Another number and the time of day say nothing.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Result;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// Who reports.
pub const SENSORS: usize = 12;
/// Reports that the class is about.
const REPORTS: usize = 4;
/// How much of a number stays in the next one.
const MEMORY: f64 = 0.7;
/// Share of classes that are wrong.
const WRONG: f64 = 0.05;

/// Writes so many rows as a file that can be replayed.
pub fn write(path: &Path, rows: u64, seed: u64) -> Result<()> {
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut last = vec![[0.0; REPORTS]; SENSORS];
    let mut text = String::from("sensor,value,other,class\n");
    for row in 0..rows {
        let sensor = rng.random_range(0..SENSORS);
        let reports = &mut last[sensor];
        reports.rotate_right(1);
        reports[0] = MEMORY * reports[1] + rng.random_range(-1.0..1.0);
        let ups = reports.windows(2).filter(|pair| pair[0] > pair[1]).count();
        let wrong = rng.random::<f64>() < WRONG;
        let turned = row >= rows / 2;
        let class = if (2 * ups >= REPORTS) ^ wrong ^ turned { "up" } else { "down" };
        let other: f64 = rng.random_range(-1.0..1.0);
        writeln!(text, "s{sensor:02},{:.4},{other:.4},{class}", reports[0])?;
    }
    std::fs::write(path, text)?;
    Ok(())
}
