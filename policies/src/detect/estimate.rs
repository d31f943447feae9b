//! Estimate: how often the answers are wrong, before anyone has said so.
//!
//! Lives here: confidence-based performance estimation (CBPE, as `NannyML` has it): from what an answer says of its own
//! probability, calibrated by outcomes that matured. May not: be evidence for or against anything. It holds while only
//! the rows change and not the truth about them; under concept drift it says what it always said.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// Bins of confidence, equally wide.
const BINS: usize = 20;
/// Outcomes that the stated confidence itself counts for, in each bin.
const PRIOR_OUTCOMES: f64 = 5.0;
/// A bin with fewer outcomes than this is not known.
const KNOWN_MIN: u64 = 10;

/// How much to remember.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorEstimatorConfig {
    /// Matured outcomes that the calibration is learned from, at least one.
    pub outcomes: usize,
    /// Recent answers that the estimate is of, at least one.
    pub answers: usize,
}

impl Default for ErrorEstimatorConfig {
    fn default() -> Self {
        Self { outcomes: 5_000, answers: 1_000 }
    }
}

/// The share of wrong answers as their confidence has it. An *estimate*: never evidence for a promotion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct EstimatedError {
    /// Estimated share of wrong answers among the recent ones.
    pub error: f64,
    /// The same, had every answer's confidence been right.
    pub stated: f64,
    /// The share of wrong answers among the outcomes that the calibration is from.
    pub matured: f64,
    /// Recent answers, as a share, with a confidence that hardly any outcome had: their part is a guess.
    pub unknown: f64,
    /// Recent answers it is of.
    pub answers: usize,
    /// Outcomes it is calibrated by.
    pub outcomes: usize,
}

/// Outcomes or answers of about one confidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bin {
    outcomes: u64,
    right: u64,
    answers: u64,
}

/// Estimates the error of answers without labels, by the success that like confidence had.
///
/// Outcomes of a bin of confidence, with a few more that were as right as stated, give the bin's success; pooling
/// adjacent violators (Ayer et al., 1955) makes it rise with confidence. Valid under covariate shift only: where rows
/// of one confidence fail as often as they did. False alarms: it raises none.
///
/// Memory: five bytes for each outcome and answer remembered, and three counters a bin.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ErrorEstimator {
    config: ErrorEstimatorConfig,
    outcomes: VecDeque<(f32, bool)>,
    answers: VecDeque<f32>,
    bins: Vec<Bin>,
    ignored: u64,
}

impl ErrorEstimator {
    /// Knows nothing yet; settings too small are raised.
    pub fn new(config: ErrorEstimatorConfig) -> Self {
        let config =
            ErrorEstimatorConfig { outcomes: config.outcomes.max(1), answers: config.answers.max(1) };
        let (outcomes, answers) = (VecDeque::new(), VecDeque::new());
        Self { config, outcomes, answers, bins: vec![Bin::default(); BINS], ignored: 0 }
    }

    /// A matured outcome: the probability that was stated for what was answered, and whether that was right.
    pub fn learn(&mut self, confidence: f32, right: bool) {
        let Some(confidence) = self.checked(confidence) else { return };
        let bin = &mut self.bins[bin(confidence)];
        (bin.outcomes, bin.right) = (bin.outcomes + 1, bin.right + u64::from(right));
        self.outcomes.push_back((confidence, right));
        if self.outcomes.len() > self.config.outcomes
            && let Some((confidence, right)) = self.outcomes.pop_front()
        {
            let bin = &mut self.bins[self::bin(confidence)];
            (bin.outcomes, bin.right) = (bin.outcomes - 1, bin.right - u64::from(right));
        }
    }

    /// An answer, its truth unknown: the probability stated for it.
    pub fn observe(&mut self, confidence: f32) {
        let Some(confidence) = self.checked(confidence) else { return };
        self.bins[bin(confidence)].answers += 1;
        self.answers.push_back(confidence);
        if self.answers.len() > self.config.answers
            && let Some(confidence) = self.answers.pop_front()
        {
            self.bins[bin(confidence)].answers -= 1;
        }
    }

    /// The estimate; none without answers and outcomes.
    pub fn estimate(&self) -> Option<EstimatedError> {
        if self.answers.is_empty() || self.outcomes.is_empty() {
            return None;
        }
        let (answers, outcomes) = (self.answers.len() as f64, self.outcomes.len() as f64);
        let bins = || self.bins.iter().zip(self.success());
        let unknown: u64 =
            self.bins.iter().filter(|bin| bin.outcomes < KNOWN_MIN).map(|bin| bin.answers).sum();
        let right: u64 = self.bins.iter().map(|bin| bin.right).sum();
        Some(EstimatedError {
            error: bins().map(|(bin, success)| bin.answers as f64 * (1.0 - success)).sum::<f64>() / answers,
            stated: self.answers.iter().map(|confidence| 1.0 - f64::from(*confidence)).sum::<f64>() / answers,
            matured: 1.0 - right as f64 / outcomes,
            unknown: unknown as f64 / answers,
            answers: self.answers.len(),
            outcomes: self.outcomes.len(),
        })
    }

    /// Confidences ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn checked(&mut self, confidence: f32) -> Option<f32> {
        self.ignored += u64::from(!confidence.is_finite());
        confidence.is_finite().then(|| confidence.clamp(0.0, 1.0))
    }

    /// The success of each bin, rising with confidence.
    fn success(&self) -> Vec<f64> {
        // Blocks of bins: their success, weight and number. One that fails more than the one before joins it.
        let mut blocks: Vec<(f64, f64, usize)> = Vec::new();
        for (at, bin) in self.bins.iter().enumerate() {
            let stated = (at as f64 + 0.5) / BINS as f64;
            let weight = bin.outcomes as f64 + PRIOR_OUTCOMES;
            let mut block = ((bin.right as f64 + stated * PRIOR_OUTCOMES) / weight, weight, 1);
            while let Some(before) = blocks.pop_if(|before| before.0 > block.0) {
                let weight = before.1 + block.1;
                block = ((before.0 * before.1 + block.0 * block.1) / weight, weight, before.2 + block.2);
            }
            blocks.push(block);
        }
        blocks.into_iter().flat_map(|(success, _, bins)| std::iter::repeat_n(success, bins)).collect()
    }
}

fn bin(confidence: f32) -> usize {
    ((confidence * BINS as f32) as usize).min(BINS - 1)
}

#[cfg(test)]
mod tests;
