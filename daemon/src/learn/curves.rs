//! Curves: how well the champion, the control and the frozen first champion have done, along the stream.
//!
//! Lives here: means over stretches of outcomes, of which there are never more than a picture can show, and what is known
//! for sure since the last swap. May not: decide anything by them, or be remembered: a restart begins anew, and says so.

use model::{Schema, Target, Truth};
use policies::stats::ConfidenceSequence;

use super::outcome::{Answers, Outcome};

/// Stretches at most; then every two become one.
const STRETCHES_MAX: usize = 256;
/// Outcomes of a stretch to begin with.
const STRETCH_FIRST: u64 = 32;
/// Swaps that are told, the last ones.
const SWAPS_MAX: usize = 64;
/// Outcomes after which an interval is narrowest; nearly equal weights until long after, so that its middle is nearly the mean.
const HORIZON: u64 = 10_000;
/// Chance that an interval is ever wrong.
pub const ALPHA: f64 = 0.05;

/// A running mean since the last swap, and the interval that has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Known {
    /// The mean, weighted as its bound has it.
    pub mean: f64,
    /// The interval's ends: at every look at once, the chance that one is wrong is under [`ALPHA`].
    pub interval: (f64, f64),
}

/// A stretch of outcomes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    /// Outcomes of the daemon up to its end.
    pub until: u64,
    /// How many it has.
    pub outcomes: u64,
    /// The mean over it of the champion, the control and the frozen first champion, in this order everywhere.
    pub means: [f64; 3],
    /// What was known of each at its end.
    pub known: [Known; 3],
}

/// The curves of all arms.
#[derive(Clone, Debug)]
pub struct Curves {
    /// Share of right answers, or bounded loss.
    counts_right: bool,
    stretches: Vec<Stretch>,
    doublings: u32,
    since_swap: [ConfidenceSequence; 3],
    /// Outcomes at each swap, and the generation that serves since.
    swaps: Vec<(u64, u64)>,
}

impl Curves {
    /// Nothing was answered so far.
    pub fn new(target: &Target) -> Self {
        Self {
            counts_right: target.is_classification(),
            stretches: Vec::new(),
            doublings: 0,
            since_swap: sequences(),
            swaps: Vec::new(),
        }
    }

    /// What is measured: `accuracy`, or `loss` where the target is a number.
    pub fn measure(&self) -> &'static str {
        if self.counts_right { "accuracy" } else { "loss" }
    }

    /// The stretches, oldest first; the last one may be short.
    pub fn stretches(&self) -> &[Stretch] {
        &self.stretches
    }

    /// Outcomes at each swap, and the generation that serves since.
    pub fn swaps(&self) -> &[(u64, u64)] {
        &self.swaps
    }

    /// Another architecture serves: what was known is of another.
    pub(super) fn swapped(&mut self, outcomes: u64, generation: u64) {
        self.since_swap = sequences();
        self.swaps.push((outcomes, generation));
        if self.swaps.len() > SWAPS_MAX {
            self.swaps.remove(0);
        }
    }

    /// One more outcome, the daemon's `until`-th, with the bounded losses of the arms.
    pub(super) fn push(&mut self, until: u64, outcome: &Outcome, schema: &Schema, losses: [f64; 3]) {
        let values = if self.counts_right {
            rights(&outcome.prediction.answers, outcome.truth, schema)
        } else {
            losses
        };
        self.since_swap.iter_mut().zip(values).for_each(|(sequence, value)| sequence.observe(value));
        let known = self.since_swap.each_ref().map(known);
        let one = Stretch { until, outcomes: 1, means: values, known };
        let length = STRETCH_FIRST << self.doublings;
        match self.stretches.last_mut().filter(|last| last.outcomes < length) {
            Some(last) => *last = last.and(&one),
            None => self.stretches.push(one),
        }
        if self.stretches.len() > STRETCHES_MAX {
            let two = |two: &[Stretch]| two[1..].iter().fold(two[0], |before, after| before.and(after));
            self.stretches = self.stretches.chunks(2).map(two).collect();
            self.doublings += 1;
        }
    }
}

impl Stretch {
    /// Both together; what was known in the end is known.
    fn and(&self, after: &Self) -> Self {
        let outcomes = self.outcomes + after.outcomes;
        let share = after.outcomes as f64 / outcomes as f64;
        let mut means = self.means;
        means.iter_mut().zip(after.means).for_each(|(mean, other)| *mean += share * (other - *mean));
        Self { until: after.until, outcomes, means, known: after.known }
    }
}

fn sequences() -> [ConfidenceSequence; 3] {
    [(); 3].map(|()| ConfidenceSequence::tuned(ALPHA, HORIZON))
}

fn known(sequence: &ConfidenceSequence) -> Known {
    Known { mean: sequence.middle(), interval: sequence.interval() }
}

/// One for a right answer, zero for a wrong one.
fn rights(answers: &Answers, truth: Truth, schema: &Schema) -> [f64; 3] {
    [&answers.champion, &answers.control.output, &answers.first]
        .map(|output| f64::from(u8::from(model::decide(schema, output) == truth)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(until: u64, mean: f64) -> Stretch {
        let known = Known { mean, interval: (0.0, 1.0) };
        Stretch { until, outcomes: 1, means: [mean; 3], known: [known; 3] }
    }

    #[test]
    fn two_stretches_are_one_with_their_mean_and_what_is_known_last() {
        let both = stretch(1, 1.0).and(&stretch(2, 0.0)).and(&stretch(3, 0.5));
        assert_eq!((both.until, both.outcomes), (3, 3));
        assert!((both.means[0] - 0.5).abs() < 1e-12);
        assert!((both.known[2].mean - 0.5).abs() < 1e-12);
    }
}
