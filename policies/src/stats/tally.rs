//! Tally: how well a stream of answers has matched the truth, over all of it and over a last window.
//!
//! Lives here: accuracy, kappa, log loss; mean and squared error, r2. May not: compare arms.

use std::collections::VecDeque;

use model::{Output, Target, Truth};
use serde::{Deserialize, Serialize};

/// Outcomes in the last window.
pub const WINDOW: usize = 1_000;

/// Scores of one arm.
///
/// ```
/// use model::{Target, Truth};
/// use policies::stats::Tally;
///
/// let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
/// let mut tally = Tally::new(&target);
/// tally.observe(&Truth::Class(1), &Truth::Class(1), None);
/// tally.observe(&Truth::Class(1), &Truth::Class(0), None);
/// assert_eq!(tally.accuracy(), 0.5);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    seen: u64,
    right: u64,
    /// By class: how often it was true, and how often it was said.
    truths: Vec<u64>,
    said: Vec<u64>,
    log_loss: f64,
    absolute: f64,
    squared: f64,
    truth_mean: f64,
    truth_spread: f64,
    /// Right or wrong as 1 or 0; for numbers, the squared error.
    window: VecDeque<f32>,
    window_sum: f64,
    window_truths: VecDeque<f32>,
}

impl Tally {
    /// Nothing seen yet.
    pub fn new(target: &Target) -> Self {
        let classes = if target.is_classification() { target.outputs() } else { 0 };
        Self {
            seen: 0,
            right: 0,
            truths: vec![0; classes],
            said: vec![0; classes],
            log_loss: 0.0,
            absolute: 0.0,
            squared: 0.0,
            truth_mean: 0.0,
            truth_spread: 0.0,
            window: VecDeque::new(),
            window_sum: 0.0,
            window_truths: VecDeque::new(),
        }
    }

    /// For a target that got more classes: none of them was true or said so far.
    #[must_use]
    pub fn widened(&self, target: &Target) -> Self {
        let mut wider = self.clone();
        if target.is_classification() {
            wider.truths.resize(target.outputs().max(wider.truths.len()), 0);
            wider.said.resize(wider.truths.len(), 0);
        }
        wider
    }

    /// One answer and its truth; the output, where there is one, gives the log loss.
    pub fn observe(&mut self, truth: &Truth, decision: &Truth, output: Option<&Output>) {
        self.seen += 1;
        match (truth, decision) {
            (Truth::Class(truth), Truth::Class(decision)) => self.class(*truth, *decision, output),
            (Truth::Number(truth), Truth::Number(decision)) => self.number(*truth, *decision),
            // A schema has one kind of target, so kinds never mix; if they did, it was wrong.
            (Truth::Class(_), Truth::Number(_)) | (Truth::Number(_), Truth::Class(_)) => self.slide(0.0, 0.0),
        }
    }

    fn class(&mut self, truth: u32, decision: u32, output: Option<&Output>) {
        let right = truth == decision;
        self.right += u64::from(right);
        for (counts, class) in [(&mut self.truths, truth), (&mut self.said, decision)] {
            if let Some(count) = counts.get_mut(class as usize) {
                *count += 1;
            }
        }
        self.log_loss += output.map_or(0.0, |output| model::log_loss(output, truth));
        self.slide(f32::from(u8::from(right)), 0.0);
    }

    fn number(&mut self, truth: f32, decision: f32) {
        let error = f64::from(truth) - f64::from(decision);
        self.absolute += error.abs();
        self.squared += error * error;
        let before = f64::from(truth) - self.truth_mean;
        self.truth_mean += before / self.seen as f64;
        self.truth_spread += before * (f64::from(truth) - self.truth_mean);
        self.slide((error * error) as f32, truth);
    }

    fn slide(&mut self, value: f32, truth: f32) {
        self.window.push_back(value);
        self.window_truths.push_back(truth);
        self.window_sum += f64::from(value);
        if self.window.len() > WINDOW {
            self.window_sum -= self.window.pop_front().map_or(0.0, f64::from);
            self.window_truths.pop_front();
        }
    }

    /// Answers so far.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// Share of right answers; 0 before the first.
    pub fn accuracy(&self) -> f64 {
        self.right as f64 / self.seen.max(1) as f64
    }

    /// Cohen's kappa: 0 is chance, 1 is always right.
    pub fn kappa(&self) -> f64 {
        let seen = self.seen.max(1) as f64;
        let chance: f64 =
            self.truths.iter().zip(&self.said).map(|(t, s)| (*t as f64 / seen) * (*s as f64 / seen)).sum();
        if chance >= 1.0 { 0.0 } else { (self.accuracy() - chance) / (1.0 - chance) }
    }

    /// Mean negative log probability of the truth, in nats.
    pub fn log_loss(&self) -> f64 {
        self.log_loss / self.seen.max(1) as f64
    }

    /// Mean absolute error, in the target's unit.
    pub fn mae(&self) -> f64 {
        self.absolute / self.seen.max(1) as f64
    }

    /// Root of the mean squared error, in the target's unit.
    pub fn rmse(&self) -> f64 {
        (self.squared / self.seen.max(1) as f64).sqrt()
    }

    /// Accuracy, or the share of the target's variance that is explained.
    pub fn quality(&self) -> f64 {
        if self.is_classification() {
            return self.accuracy();
        }
        if self.truth_spread > 0.0 { 1.0 - self.squared / self.truth_spread } else { 0.0 }
    }

    /// As [`Self::quality`], over the last window.
    pub fn window_quality(&self) -> f64 {
        let seen = self.window.len().max(1) as f64;
        if self.is_classification() {
            return self.window_sum / seen;
        }
        let mean = self.window_truths.iter().map(|t| f64::from(*t)).sum::<f64>() / seen;
        let spread: f64 = self.window_truths.iter().map(|t| (f64::from(*t) - mean).powi(2)).sum();
        if spread > 0.0 { 1.0 - self.window_sum / spread } else { 0.0 }
    }

    fn is_classification(&self) -> bool {
        !self.truths.is_empty()
    }
}

/// The mean of losses; none of nothing, or where it is not finite.
pub fn mean_loss(losses: &[f32]) -> Option<f64> {
    let mean = losses.iter().map(|loss| f64::from(*loss)).sum::<f64>() / losses.len() as f64;
    mean.is_finite().then_some(mean)
}

/// Mean of `control - candidate` over the same rows; none if they are not the same rows or not finite.
pub fn mean_paired_gain(control: &[f32], candidate: &[f32]) -> Option<f64> {
    if control.len() != candidate.len() || control.is_empty() {
        return None;
    }
    let total: f64 = control.iter().zip(candidate).map(|(a, b)| f64::from(*a) - f64::from(*b)).sum();
    let mean = total / control.len() as f64;
    mean.is_finite().then_some(mean)
}

#[cfg(test)]
mod tests {
    use model::{Output, Target, Truth};

    use super::{Tally, mean_paired_gain};

    #[test]
    fn always_the_majority_has_no_kappa() {
        let mut tally = Tally::new(&Target::Classification { classes: vec!["a".into(), "b".into()] });
        for row in 0..10 {
            let sure = Output(vec![0.5, 0.5].into());
            tally.observe(&Truth::Class(u32::from(row >= 7)), &Truth::Class(0), Some(&sure));
        }
        assert!((tally.accuracy() - 0.7).abs() < 1e-12 && tally.kappa().abs() < 1e-12);
        assert!((tally.log_loss() - 2.0_f64.ln()).abs() < 1e-6);
    }

    #[test]
    fn the_mean_explains_nothing_and_the_truth_everything() {
        let (mut mean, mut truth) = (Tally::new(&Target::Regression), Tally::new(&Target::Regression));
        for value in [1.0, 2.0, 3.0, 4.0] {
            mean.observe(&Truth::Number(value), &Truth::Number(2.5), None);
            truth.observe(&Truth::Number(value), &Truth::Number(value), None);
        }
        assert!(mean.quality().abs() < 1e-9 && (truth.window_quality() - 1.0).abs() < 1e-9);
        assert!((mean.mae() - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_class_that_comes_later_is_scored_like_the_others() {
        let classes = |names: &[&str]| Target::Classification {
            classes: names.iter().map(ToString::to_string).collect(),
        };
        let mut early = Tally::new(&classes(&["a", "b", "c"]));
        let mut late = Tally::new(&classes(&["a", "b"]));
        for (row, class) in [0, 1, 1, 0, 2, 2, 1, 0].into_iter().enumerate() {
            if row == 4 {
                late = late.widened(&classes(&["a", "b", "c"]));
            }
            for tally in [&mut early, &mut late] {
                tally.observe(&Truth::Class(class), &Truth::Class((class + row as u32 / 3) % 3), None);
            }
        }
        assert_eq!(early, late);
    }

    #[test]
    fn paired_gain_needs_the_same_rows() {
        assert_eq!(mean_paired_gain(&[0.5, 0.5], &[0.25, 0.25]), Some(0.25));
        assert_eq!(mean_paired_gain(&[0.5], &[0.25, 0.25]), None);
        assert_eq!(mean_paired_gain(&[f32::NAN], &[0.0]), None);
    }
}
