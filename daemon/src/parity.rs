//! Parity: whether a published model says what the one in memory says.
//!
//! Lives here: how far two answers may be apart. Does not live here: who gave them.

/// By how much an answer may differ, in its unit: one for a probability, the deviation of the target for a number. Of an
/// answer that is larger than its unit, this part of it.
pub const TOLERANCE: f32 = 1e-5;

/// A published model says something else.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error(
    "it says {said} where the model says {expected} (number {place}); more than {TOLERANCE} apart, so it is not published"
)]
pub struct Apart {
    /// Which number of all answers.
    pub place: usize,
    /// What the published model says.
    pub said: f32,
    /// What it should say.
    pub expected: f32,
}

/// The largest difference of answers in this unit, as [`TOLERANCE`] is meant; or the first answer that is too far off, or
/// missing.
pub fn check(said: &[f32], expected: &[f32], unit: f32) -> Result<f32, Apart> {
    let mut largest = 0.0_f32;
    for place in 0..said.len().max(expected.len()) {
        let at = |answers: &[f32]| answers.get(place).copied().unwrap_or(f32::NAN);
        let (said, expected) = (at(said), at(expected));
        let difference = (said - expected).abs() / expected.abs().max(unit);
        if difference.is_nan() || difference > TOLERANCE {
            return Err(Apart { place, said, expected });
        }
        largest = largest.max(difference);
    }
    Ok(largest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_close_agrees_and_says_how_close() {
        assert!(check(&[0.5, 200.0], &[0.5, 200.001], 1.0).is_ok_and(|largest| largest > 4e-6));
    }

    #[test]
    fn what_is_apart_missing_or_no_number_is_refused() {
        let refused =
            |said: &[f32], expected: &[f32]| check(said, expected, 1.0).map_err(|apart| apart.place);
        assert_eq!(refused(&[0.5, 0.5], &[0.5, 0.500_02]), Err(1));
        assert_eq!(refused(&[0.5], &[0.5, 0.5]), Err(1));
        assert_eq!(refused(&[0.5, 0.5], &[0.5]), Err(1));
        assert_eq!(refused(&[f32::NAN], &[f32::NAN]), Err(0));
    }

    #[test]
    fn numbers_are_judged_in_the_unit_of_their_target() {
        assert!(check(&[0.001], &[0.002], 1_000.0).is_ok());
        assert!(check(&[0.001], &[0.001_001], 0.001).is_err());
    }
}
