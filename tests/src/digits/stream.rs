//! Handwritten digits that come in drifts, by a seed.
//!
//! Lives here: the rows, of those that scikit-learn's package has (E. Alpaydin and C. Kaynak, UCI Machine Learning Repository,
//! CC BY 4.0; 1,797 pictures of 8 by 8 pixels from 0 to 16). May not: keep them, or replay them.
//!
//! They come in passes, each in another order. In the first quarter they are as they are, in the second they lie on their side, in
//! the third they are white on black, and in the last the classes have changed their names.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_pcg::Pcg64;

use super::{SIDE, header};

/// The brightest pixel.
const BRIGHT: u8 = 16;
/// Digits.
const CLASSES: u8 = 10;

type Digit = ([u8; SIDE * SIDE], u8);

/// Writes so many rows of these digits as a file that can be replayed.
pub fn write(digits: &Path, path: &Path, rows: u64, seed: u64) -> Result<()> {
    let mut digits = read(digits)?;
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut names: Vec<u8> = (0..CLASSES).collect();
    names.shuffle(&mut rng);
    let mut text = header();
    for row in 0..rows as usize {
        let at = row % digits.len();
        if at == 0 {
            digits.shuffle(&mut rng);
        }
        let (picture, class) = digits[at];
        let quarter = 4 * row as u64 / rows;
        for place in 0..SIDE * SIDE {
            let pixel = match quarter {
                1 => picture[(SIDE - 1 - place % SIDE) * SIDE + place / SIDE],
                2 => BRIGHT - picture[place],
                _ => picture[place],
            };
            write!(text, "{pixel},")?;
        }
        writeln!(text, "{}", if quarter == 3 { names[usize::from(class)] } else { class })?;
    }
    std::fs::write(path, text)?;
    Ok(())
}

/// The digits of scikit-learn's file, unpacked: 64 pixels and a class a line.
fn read(path: &Path) -> Result<Vec<Digit>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let mut digits = Vec::new();
    for (line, row) in text.lines().enumerate() {
        let numbers = row.split(',').map(|number| number.trim().parse::<f64>().map(|number| number as u8));
        let numbers =
            numbers.collect::<Result<Vec<u8>, _>>().with_context(|| format!("line {}", line + 1))?;
        let (class, pixels) = numbers.split_last().context("an empty line")?;
        let pixels = pixels.try_into().with_context(|| format!("line {} has no 64 pixels", line + 1))?;
        ensure!(*class < CLASSES, "line {} has class {class}", line + 1);
        let picture: [u8; SIDE * SIDE] = pixels;
        ensure!(picture.iter().all(|pixel| *pixel <= BRIGHT), "line {} is too bright", line + 1);
        digits.push((picture, *class));
    }
    ensure!(!digits.is_empty(), "{} is empty", path.display());
    Ok(digits)
}
