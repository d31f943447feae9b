//! Hardening: rows as they may be on a bad day, before they are learned.
//!
//! Lives here: what becomes of a row. Does not live here: when it is learned (that is [`super::intake`]), which way is
//! against a network (that is for whoever computes it).
//!
//! What is zero stays zero: it is a number that is missing, or a category that another one has the place of. Recent labels
//! stay as they are: a bad day of the sensors is none of the labels.

use std::borrow::Cow;

use rand::{Rng, RngExt};

use crate::architecture::Hyper;
use crate::cost::Shape;

/// These rows as they are learned: moved against the network by the slopes of its loss, one for each number, then with noise, then
/// with numbers left out. The slopes are asked for only where they are needed.
pub(crate) fn hardened<'a, E>(
    hyper: &Hyper,
    shape: Shape,
    encoded: &'a [f32],
    rng: &mut impl Rng,
    slopes: impl FnOnce() -> Result<Vec<f32>, E>,
) -> Result<Cow<'a, [f32]>, E> {
    if !hyper.hardens() {
        return Ok(Cow::Borrowed(encoded));
    }
    let mut rows = encoded.to_vec();
    if hyper.attack > 0.0 {
        let slopes = slopes()?;
        features(&mut rows, shape).zip(features_of(&slopes, shape)).for_each(|(number, slope)| {
            let towards = if *slope > 0.0 { hyper.attack } else { -hyper.attack };
            if *number != 0.0 && slope.abs() > 0.0 {
                *number += towards;
            }
        });
    }
    for number in features(&mut rows, shape).filter(|number| **number != 0.0) {
        if hyper.noise > 0.0 {
            *number += rng.random_range(-hyper.noise..=hyper.noise);
        }
        if hyper.missing > 0.0 && rng.random::<f32>() < hyper.missing {
            *number = 0.0;
        }
    }
    Ok(Cow::Owned(rows))
}

/// Of every row what is no recent label.
fn features(rows: &mut [f32], shape: Shape) -> impl Iterator<Item = &mut f32> {
    rows.chunks_exact_mut(shape.inputs.max(1)).flat_map(move |row| &mut row[..shape.features()])
}

fn features_of(rows: &[f32], shape: Shape) -> impl Iterator<Item = &f32> {
    rows.chunks_exact(shape.inputs.max(1)).flat_map(move |row| &row[..shape.features()])
}

#[cfg(test)]
mod tests;
