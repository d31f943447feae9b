//! Metrics of how long labels, trials and swaps take.
//!
//! Lives here: a struct of their own. May not: time anything.

use prometheus::{Histogram, HistogramVec};

use super::metrics::Declare;
use crate::learn::Took;

/// How long things take.
#[derive(Clone, Debug)]
pub struct DurationMetrics {
    labels: Histogram,
    trials: Histogram,
    steps: HistogramVec,
}

impl DurationMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            labels: declare.histogram("driftform_label_delay_seconds"),
            trials: declare.histogram("driftform_training_seconds"),
            steps: declare.histograms("driftform_swap_seconds"),
        }
    }

    /// Takes in what was timed.
    pub fn observe(&self, took: Took) {
        let (histogram, took) = match took {
            Took::Label(took) => (&self.labels, took),
            Took::Training(took) => (&self.trials, took),
            Took::Step(step, took) => (&self.steps.with_label_values(&[step]), took),
        };
        histogram.observe(took.as_secs_f64());
    }
}
