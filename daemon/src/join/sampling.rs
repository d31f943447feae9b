//! Sampling: which ids are kept where not all can be, the same ones on both sides of the join.
//!
//! Lives here: a share of all ids that is a step function of event time. Whether an id is in it follows from the id alone, so
//! an event and its label are kept or not together, however late the label is: to drop what waits longest instead would
//! keep the fast labels only. May not: know how much memory there is.

use model::Timestamp;
use serde::{Deserialize, Serialize};

/// By which the share shrinks when memory is short.
const SHRINK: f64 = 0.95;
/// Steps that are remembered; the oldest ones become one.
const STEPS_MAX: usize = 64;

/// The share of ids that is kept, by event time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sampling {
    /// From when on which share, in the order of time; the first is from the beginning on.
    steps: Vec<(Timestamp, f64)>,
}

impl Default for Sampling {
    /// All are kept.
    fn default() -> Self {
        Self { steps: vec![(Timestamp(i64::MIN), 1.0)] }
    }
}

impl Sampling {
    /// The share kept of events of this time.
    pub fn share(&self, time: Timestamp) -> f64 {
        let after = self.steps.partition_point(|(from, _)| *from <= time);
        self.steps[after.max(1) - 1].1
    }

    /// The largest share between two times: of a label whose event is not there yet.
    pub fn share_within(&self, from: Timestamp, to: Timestamp) -> f64 {
        let within = self.steps.iter().filter(|(at, _)| (from..=to).contains(at)).map(|(_, share)| *share);
        within.fold(self.share(from), f64::max)
    }

    /// A smaller share, of all times: what is left of an earlier one is a sample of it.
    pub fn shrink(&mut self) {
        self.steps.iter_mut().for_each(|(_, share)| *share *= SHRINK);
    }

    /// A larger share from this time on: what is not there any more cannot come back. False if all are kept already.
    pub fn grow(&mut self, from: Timestamp) -> bool {
        let last = self.steps.last().map_or(1.0, |(_, share)| *share);
        if last >= 1.0 {
            return false;
        }
        self.steps.push((from, (last / SHRINK).min(1.0)));
        if self.steps.len() > STEPS_MAX {
            // Of two, the smaller share counts for both, so that no weight is too small.
            let (_, oldest) = self.steps.remove(0);
            self.steps[0] = (Timestamp(i64::MIN), self.steps[0].1.min(oldest));
        }
        true
    }

    /// Nothing before this time is asked for any more.
    pub fn forget_before(&mut self, time: Timestamp) {
        let after = self.steps.partition_point(|(from, _)| *from <= time);
        self.steps.drain(..after.max(1) - 1);
        self.steps[0].0 = Timestamp(i64::MIN);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_is_a_step_function_of_event_time() {
        let mut sampling = Sampling::default();
        assert!(!sampling.grow(Timestamp(0)), "all are kept");
        sampling.shrink();
        sampling.shrink();
        assert!(sampling.grow(Timestamp(100)));
        let close = |share: f64, expected: f64| assert!((share - expected).abs() < 1e-12, "{share}");
        close(sampling.share(Timestamp(99)), 0.9025);
        close(sampling.share(Timestamp(100)), 0.95);
        close(sampling.share_within(Timestamp(50), Timestamp(99)), 0.9025);
        close(sampling.share_within(Timestamp(50), Timestamp(200)), 0.95);
        sampling.shrink();
        close(sampling.share(Timestamp(99)), 0.857_375);
        sampling.forget_before(Timestamp(150));
        close(sampling.share(Timestamp(0)), 0.9025);
        (200..400).for_each(|at| {
            sampling.shrink();
            sampling.grow(Timestamp(at));
        });
        assert!(sampling.steps.len() <= STEPS_MAX);
    }
}
