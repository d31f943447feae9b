//! Paired: by how much one sequence of losses is above another on the same rows.
//!
//! Lives here: the mean difference and its standard error. May not: be looked at again and again as a test; for that there is
//! [`super::EProcess`].

/// The mean of differences.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Paired {
    /// Of the first less the second.
    pub mean: f64,
    /// Standard error of the mean, as if rows did not depend on each other.
    pub error: f64,
    /// Rows.
    pub count: usize,
}

/// Compares losses of the same rows, as many as both have; none of fewer than two, or where one is not a number.
///
/// ```
/// let gain = policies::stats::paired::paired(&[0.5, 0.7], &[0.1, 0.1]).expect("two rows");
/// assert!((gain.mean - 0.5).abs() < 1e-12 && (gain.error - 0.1).abs() < 1e-12);
/// ```
pub fn paired(first: &[f64], second: &[f64]) -> Option<Paired> {
    let differences: Vec<f64> = first.iter().zip(second).map(|(a, b)| a - b).collect();
    let count = differences.len();
    if count < 2 {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / count as f64;
    let squares: f64 = differences.iter().map(|difference| (difference - mean).powi(2)).sum();
    let error = (squares / (count - 1) as f64 / count as f64).sqrt();
    (mean.is_finite() && error.is_finite()).then_some(Paired { mean, error, count })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_or_too_short_says_nothing() {
        assert_eq!(paired(&[0.5], &[0.1]), None);
        assert_eq!(paired(&[0.5, f64::NAN], &[0.1, 0.2]), None);
        let same = paired(&[0.5; 9], &[0.5; 7]).expect("seven rows");
        assert_eq!((same.count, same.mean, same.error), (7, 0.0, 0.0));
    }
}
