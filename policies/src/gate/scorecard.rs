//! Scorecard: what the challenger's answers have been worth, beside the control's, outcome by outcome.
//!
//! Lives here: counts that grow with every matured outcome, and what gates ask of them. May not: judge.

use serde::{Deserialize, Serialize};

use crate::stats::{ConfidenceSequence, Reliability};

/// Groups told apart; what lies beyond shares the last one.
pub const GROUPS_MAX: usize = 16;

/// One answer to an event whose truth is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Answered {
    /// Probability of the class that was decided for.
    pub confidence: f64,
    /// Whether it was right.
    pub right: bool,
    /// Whether it decided for the class that the fairness of positives is about.
    pub positive: bool,
    /// Brier score of the whole answer.
    pub brier: f64,
}

/// What happened to one group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Group {
    errors: ConfidenceSequence,
    positives: ConfidenceSequence,
}

/// Everything about a challenger that needs truths but no test of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scorecard {
    challenger: Reliability,
    control: Reliability,
    outcomes: u64,
    changed: u64,
    groups: Vec<Option<Group>>,
    alpha: f64,
}

/// Bounds of a difference; both hold together at every look with the confidence that was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// At least so far apart.
    pub lower: f64,
    /// At most so far apart.
    pub upper: f64,
}

impl Scorecard {
    /// Nothing known; all bounds hold together with probability `1 - alpha`.
    pub fn new(alpha: f64) -> Self {
        let reliability = Reliability::default;
        Self {
            challenger: reliability(),
            control: reliability(),
            outcomes: 0,
            changed: 0,
            groups: vec![None; GROUPS_MAX],
            alpha,
        }
    }

    /// One more outcome: what both had answered, whether they had decided differently, and the group of the event,
    /// where groups are told apart.
    pub fn observe(&mut self, challenger: Answered, control: Answered, changed: bool, group: Option<usize>) {
        self.outcomes += 1;
        self.changed += u64::from(changed);
        self.challenger.observe(challenger.confidence, challenger.right, challenger.brier);
        self.control.observe(control.confidence, control.right, control.brier);
        let Some(group) = group else { return };
        // Two sequences for each group share the chance of being wrong.
        let alpha = self.alpha / (2 * GROUPS_MAX) as f64;
        let new =
            || Group { errors: ConfidenceSequence::new(alpha), positives: ConfidenceSequence::new(alpha) };
        let group = self.groups[group.min(GROUPS_MAX - 1)].get_or_insert_with(new);
        group.errors.observe(f64::from(u8::from(!challenger.right)));
        group.positives.observe(f64::from(u8::from(challenger.positive)));
    }

    /// Outcomes so far.
    pub fn outcomes(&self) -> u64 {
        self.outcomes
    }

    /// Share of outcomes on which the challenger had decided differently; none before the first.
    pub fn churn(&self) -> Option<f64> {
        (self.outcomes > 0).then(|| self.changed as f64 / self.outcomes as f64)
    }

    /// How well the challenger's confidence can be relied on.
    pub fn challenger(&self) -> &Reliability {
        &self.challenger
    }

    /// How well the control's can.
    pub fn control(&self) -> &Reliability {
        &self.control
    }

    /// How far error rates of two groups are apart; none with fewer than two groups.
    pub fn error_gap(&self) -> Option<Gap> {
        self.gap(|group| group.errors.interval())
    }

    /// How far shares of positive decisions in two groups are apart; none with fewer than two groups.
    pub fn positive_gap(&self) -> Option<Gap> {
        self.gap(|group| group.positives.interval())
    }

    fn gap(&self, interval: impl Fn(&Group) -> (f64, f64)) -> Option<Gap> {
        let intervals: Vec<(f64, f64)> = self.groups.iter().flatten().map(interval).collect();
        if intervals.len() < 2 {
            return None;
        }
        let lowers = || intervals.iter().map(|(lower, _)| *lower);
        let uppers = || intervals.iter().map(|(_, upper)| *upper);
        let lower = lowers().fold(0.0, f64::max) - uppers().fold(1.0, f64::min);
        let upper = uppers().fold(0.0, f64::max) - lowers().fold(1.0, f64::min);
        Some(Gap { lower: lower.max(0.0), upper })
    }
}

#[cfg(test)]
mod tests;
