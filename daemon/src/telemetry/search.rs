//! Metrics of the search: who asks, what is tried and what is not, and what was found.
//!
//! Lives here: their names and HELP texts, each once. May not: count by itself; the numbers are those of the learn plane's state.

use policies::search::{AnyProposer, Promise};
use prometheus::{Gauge, IntCounter, IntCounterVec, IntGauge};

use super::metrics::{Declare, gauge, raise};
use crate::learn::{Counts, State};

/// What the search's part of the state says.
#[derive(Clone, Debug)]
pub(super) struct SearchMetrics {
    episodes: IntCounter,
    recalls: IntCounter,
    trials: IntCounterVec,
    rejected: IntCounterVec,
    asked: IntCounterVec,
    promise_recall: Gauge,
    front: IntGauge,
    hypervolume: Gauge,
}

/// What is said of recalls.
const RECALLS: &str =
    "Archived mixtures that went into the shadow slot because a drift brought their world back.";

impl SearchMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            episodes: declare.counter("driftform_search_episodes_total", "Search episodes opened."),
            recalls: declare.counter("driftform_memory_recalls_total", RECALLS),
            trials: declare.counters(
                "driftform_search_trials_total",
                "Trials by how they ended.",
                "result",
                &["started", "failed"],
            ),
            rejected: declare.counters(
                "driftform_search_rejected_total",
                "Candidates that were not trained, or (worse) not to the end of a rung, by what spoke against them.",
                "by",
                &["cost", "proxies", "promise", "worse"],
            ),
            asked: declare.counters(
                "driftform_search_proposals_total",
                "Candidates that each proposer of the portfolio has asked for.",
                "proposer",
                &AnyProposer::NAMES.map(|name| if name == "portfolio" { "other" } else { name }),
            ),
            promise_recall: declare.ratio(
                "driftform_search_promise_recall_ratio",
                "Of the candidates that turned out better, the share that was not let through by chance alone; 1 until one is known.",
            ),
            front: declare.gauge(
                "driftform_search_front_points",
                "Networks that none beats on loss, compute time and memory at once, since the last drift.",
            ),
            hypervolume: declare.ratio(
                "driftform_search_front_hypervolume_ratio",
                "Share of what is within the budgets that the front covers.",
            ),
        }
    }

    pub(super) fn update(&self, state: &State) {
        self.update_counts(state.counts);
        let screened = state.proposer.inner();
        raise(&self.rejected.with_label_values(&["promise"]), screened.promise().map_or(0, Promise::skipped));
        for (proposer, asked) in screened.inner().asked() {
            raise(&self.asked.with_label_values(&[proposer]), asked);
        }
        self.promise_recall.set(screened.promise().and_then(Promise::recall).unwrap_or(1.0));
        self.front.set(gauge(state.front.points().len() as u64));
        self.hypervolume.set(state.front.share());
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
