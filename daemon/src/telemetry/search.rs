//! Metrics of the search: who asks, what is tried and what is not, and what was found.
//!
//! Lives here: a struct of their own. May not: count by itself; the numbers are those of the learn plane's state.

use policies::search::Promise;
use prometheus::{Gauge, GaugeVec, IntCounter, IntCounterVec, IntGauge};

use super::metrics::{Declare, RUNGS, gauge, raise};
use crate::learn::{Counts, State, least_robust_loss};
use crate::lifecycle::LADDER;

/// What the search's part of the state says.
#[derive(Clone, Debug)]
pub(super) struct SearchMetrics {
    episodes: IntCounter,
    paused: IntGauge,
    candidates: GaugeVec,
    climbs: IntCounterVec,
    recalls: IntCounter,
    trials: IntCounterVec,
    rejected: IntCounterVec,
    asked: IntCounterVec,
    promise_recall: Gauge,
    front: IntGauge,
    hypervolume: Gauge,
    robust_loss: Gauge,
    slice_tau: Gauge,
}

impl SearchMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            episodes: declare.counter("driftform_search_episodes_total"),
            paused: declare.gauge("driftform_search_paused"),
            candidates: declare.levels("driftform_search_candidates"),
            climbs: declare.counters("driftform_search_climbs_total"),
            recalls: declare.counter("driftform_memory_recalls_total"),
            trials: declare.counters("driftform_search_trials_total"),
            rejected: declare.counters("driftform_search_rejected_total"),
            asked: declare.counters("driftform_search_proposals_total"),
            promise_recall: declare.level("driftform_search_promise_recall_ratio"),
            front: declare.gauge("driftform_search_front_points"),
            hypervolume: declare.level("driftform_search_front_hypervolume_ratio"),
            robust_loss: declare.level("driftform_search_front_robust_loss_ratio"),
            slice_tau: declare.level("driftform_search_slice_tau"),
        }
    }

    /// So many have trained to the end of a rung.
    pub(super) fn climbed(&self, rung: usize, count: usize) {
        let told = RUNGS[rung.min(RUNGS.len() - 1)];
        self.climbs.with_label_values(&[told]).inc_by(count as u64);
    }

    pub(super) fn update(&self, state: &State) {
        self.update_counts(state.counts);
        self.paused.set(i64::from(state.lifecycle.paused().is_some()));
        for (rung, count) in LADDER.iter().zip(state.lifecycle.ladder()) {
            self.candidates.with_label_values(&[*rung]).set(count as f64);
        }
        let screened = state.proposer.inner();
        raise(&self.rejected.with_label_values(&["promise"]), screened.promise().map_or(0, Promise::skipped));
        for (proposer, asked) in screened.inner().asked() {
            raise(&self.asked.with_label_values(&[proposer]), asked);
        }
        self.promise_recall.set(screened.promise().and_then(Promise::recall).unwrap_or(1.0));
        self.front.set(gauge(state.front.points().len() as u64));
        self.hypervolume.set(state.front.share());
        self.slice_tau.set(state.faithfulness.tau().unwrap_or(0.0));
        self.robust_loss.set(least_robust_loss(&state.front).unwrap_or(1.0));
    }

    fn update_counts(&self, counts: Counts) {
        raise(&self.episodes, counts.episodes);
        raise(&self.recalls, counts.recalls);
        raise(&self.trials.with_label_values(&["started"]), counts.trials);
        raise(&self.trials.with_label_values(&["failed"]), counts.trials_failed);
        raise(&self.rejected.with_label_values(&["cost"]), counts.rejected.cost);
        raise(&self.rejected.with_label_values(&["proxies"]), counts.rejected.proxies);
        raise(&self.rejected.with_label_values(&["worse"]), counts.rejected.worse);
    }
}
