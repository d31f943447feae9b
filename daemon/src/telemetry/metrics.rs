//! Metrics of the learn plane, and how any metric is declared.
//!
//! Lives here: names, HELP texts and label values, each once. May not: count by itself; the numbers are
//! those of the learn plane's state.

use policies::stats::Tally;
use policies::watch::{Watch, WatchEvidence};
use prometheus::core::Collector;
use prometheus::{
    Gauge, GaugeVec, Histogram, HistogramOpts, IntCounter, IntCounterVec, IntGauge, Opts, Registry,
};

use super::external::ExternalMetrics;
use super::search::SearchMetrics;
use super::senses::SenseMetrics;
use crate::join::{Join, JoinCounts};
use crate::learn::{Counts, Learn};
use crate::slot::Slot;

pub(super) const TOLD: &str = "metric names are valid constants, registered once";

/// Declares metrics in a registry.
pub(super) struct Declare(pub(super) Registry);

impl Declare {
    pub(super) fn register<T: Collector + Clone + 'static>(&self, metric: T) -> T {
        self.0.register(Box::new(metric.clone())).expect(TOLD);
        metric
    }

    pub(super) fn counter(&self, name: &str, help: &str) -> IntCounter {
        self.register(IntCounter::new(name, help).expect(TOLD))
    }

    /// One counter for each of the label's values, all there from the start at zero.
    pub(super) fn counters(&self, name: &str, help: &str, label: &str, values: &[&str]) -> IntCounterVec {
        let metric = self.register(IntCounterVec::new(Opts::new(name, help), &[label]).expect(TOLD));
        for value in values {
            metric.with_label_values(&[value]).reset();
        }
        metric
    }

    pub(super) fn gauge(&self, name: &str, help: &str) -> IntGauge {
        self.register(IntGauge::new(name, help).expect(TOLD))
    }

    pub(super) fn histogram(&self, name: &str, help: &str, buckets: &[f64]) -> Histogram {
        let options = HistogramOpts::new(name, help).buckets(buckets.to_vec());
        self.register(Histogram::with_opts(options).expect(TOLD))
    }

    pub(super) fn ratio(&self, name: &str, help: &str) -> Gauge {
        self.register(Gauge::new(name, help).expect(TOLD))
    }
}

/// What the learn plane's state says.
#[derive(Clone, Debug)]
pub(super) struct LearnMetrics {
    join: JoinMetrics,
    outcomes: IntCounter,
    senses: SenseMetrics,
    search: SearchMetrics,
    breaches: IntCounter,
    swaps: IntCounterVec,
    gates: IntCounterVec,
    generation: IntGauge,
    prior_only: IntGauge,
    models_alive: IntGauge,
    quality: GaugeVec,
    live_loss: Gauge,
    log_evidence: Gauge,
    watch: WatchMetrics,
    external: ExternalMetrics,
    false_promotions: Gauge,
    approval: IntGauge,
    adopted: IntCounterVec,
}

impl LearnMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        let changes = ["refresh", "promotion", "takeover", "relief", "rollback"];
        let verdicts = ["pass", "fail", "inconclusive"];
        let quality =
            Opts::new("driftform_quality_ratio", "Accuracy (or r2) over the last outcomes, by arm.");
        Self {
            join: JoinMetrics::new(declare),
            outcomes: declare.counter("driftform_learn_outcomes_total", "Outcomes learned."),
            senses: SenseMetrics::new(declare),
            search: SearchMetrics::new(declare),
            breaches: declare.counter("driftform_budget_breaches_total", "Budgets breached."),
            swaps: declare.counters(
                "driftform_swaps_total",
                "Changes of what is served.",
                "change",
                &changes,
            ),
            gates: declare.counters(
                "driftform_gate_verdicts_total",
                "Judgements of challengers.",
                "verdict",
                &verdicts,
            ),
            live_loss: declare.ratio(
                "driftform_champion_loss_ratio",
                "The champion's bounded loss over all labelled events, by what each sampled one stands for.",
            ),
            generation: declare.gauge("driftform_serve_generation", "Generation served now."),
            prior_only: declare
                .gauge("driftform_serve_prior_only", "1 while no champion exists and the prior answers."),
            models_alive: declare.gauge(
                "driftform_models_alive",
                "Models of the slot in memory: serving, displaced, and old ones not dropped yet.",
            ),
            quality: declare.register(GaugeVec::new(quality, &["arm"]).expect(TOLD)),
            log_evidence: declare.ratio(
                "driftform_gate_quality_log_evalue",
                "Evidence of gain of the running challenger, natural log.",
            ),
            watch: WatchMetrics::new(declare),
            external: ExternalMetrics::new(declare),
            false_promotions: declare.ratio(
                "driftform_false_promotions_expected",
                "False promotions to be expected at most if no challenger so far was ever better: the sum of their alphas.",
            ),
            approval: declare.gauge(
                "driftform_gate_approval_waiting",
                "1 while a challenger that has passed all gates waits for a person.",
            ),
            adopted: declare.counters(
                "driftform_schema_adoptions_total",
                "What the schema has gained from the stream.",
                "kind",
                &["feature", "class", "buckets"],
            ),
        }
    }

    pub(super) fn noticed(&self, kind: &str) {
        self.senses.noticed(kind);
    }

    pub(super) fn judged(&self, verdict: &str) {
        self.gates.with_label_values(&[verdict]).inc();
    }

    pub(super) fn serves(&self, slot: &Slot) {
        let served = slot.load();
        self.generation.set(gauge(served.generation.0));
        self.prior_only.set(i64::from(served.prior_only));
        self.models_alive.set(gauge(slot.models_alive() as u64));
    }

    pub(super) fn update(&self, learn: &Learn) {
        let state = learn.state();
        raise(&self.outcomes, state.outcomes);
        self.update_counts(state.counts);
        self.senses.update(&state.panel, state.counts);
        self.search.update(state);
        self.join.update(&state.join);
        self.serves(learn.slot());
        let scores = &state.scores;
        self.live_loss.set(scores.live.mean());
        self.update_quality("champion", &scores.champion);
        self.update_quality("control", &scores.control);
        self.update_quality("first", &scores.first);
        self.update_quality("majority", &scores.majority);
        let external = learn.arms().external.as_ref();
        if let Some(external) = external {
            self.update_quality("external", external.tally());
        }
        self.external.update(external);
        self.false_promotions.set(state.tests.false_discoveries_expected());
        self.approval.set(i64::from(learn.awaits_approval().is_some()));
        self.log_evidence.set(learn.arms().quality().map_or(0.0, |quality| quality.log_gain));
        self.watch.update(learn.arms().watch().map(Watch::evidence));
    }

    fn update_counts(&self, counts: Counts) {
        raise(&self.breaches, counts.breaches);
        raise(&self.join.lost, counts.records_lost);
        raise(&self.adopted.with_label_values(&["feature"]), counts.adopted.features);
        raise(&self.adopted.with_label_values(&["class"]), counts.adopted.classes);
        raise(&self.adopted.with_label_values(&["buckets"]), counts.adopted.buckets);
        raise(&self.swaps.with_label_values(&["refresh"]), counts.refreshes);
        raise(&self.swaps.with_label_values(&["promotion"]), counts.promotions);
        raise(&self.swaps.with_label_values(&["takeover"]), counts.takeovers);
        raise(&self.swaps.with_label_values(&["relief"]), counts.reliefs);
        raise(&self.swaps.with_label_values(&["rollback"]), counts.rollbacks);
    }

    fn update_quality(&self, arm: &str, tally: &Tally) {
        self.quality.with_label_values(&[arm]).set(tally.window_quality());
    }
}

/// What waits, and what became of the rest.
#[derive(Clone, Debug)]
struct JoinMetrics {
    ends: IntCounterVec,
    pending: IntGauge,
    early: IntGauge,
    lost: IntCounter,
    share: Gauge,
    future: IntCounter,
}

impl JoinMetrics {
    fn new(declare: &Declare) -> Self {
        let ends = ends(JoinCounts::default()).map(|(name, _)| name);
        Self {
            ends: declare.counters(
                "driftform_join_outcomes_total",
                "What became of events and labels.",
                "outcome",
                &ends,
            ),
            pending: declare.gauge("driftform_join_state_entries", "Predictions waiting for their label."),
            early: declare.gauge("driftform_join_early_entries", "Labels waiting for their event."),
            lost: declare.counter(
                "driftform_learn_records_lost_total",
                "Labels that were not learned, because the row of their event is damaged or has gone.",
            ),
            share: declare.ratio("driftform_join_sampled_ratio", "Share of all ids that the join keeps."),
            future: declare
                .counter("driftform_join_future_total", "Records dated further ahead than clocks differ."),
        }
    }

    fn update(&self, join: &Join) {
        let counts = join.counts();
        for (name, value) in ends(counts) {
            raise(&self.ends.with_label_values(&[name]), value);
        }
        raise(&self.future, counts.future);
        self.pending.set(gauge(join.pending() as u64));
        self.early.set(gauge(join.early() as u64));
        self.share.set(join.share());
    }
}

/// By name, the ends that a record can have.
fn ends(counts: JoinCounts) -> [(&'static str, u64); 11] {
    [
        ("erased", counts.erased),
        ("joined", counts.joined),
        ("expired", counts.expired),
        ("repeated", counts.repeated),
        ("unsampled_event", counts.unsampled_events),
        ("unsampled_label", counts.unsampled_labels),
        ("duplicate", counts.duplicate),
        ("revised", counts.revised),
        ("retracted", counts.retracted),
        ("late", counts.late),
        ("orphan", counts.orphan),
    ]
}

/// A watch, while there is one.
#[derive(Clone, Debug)]
struct WatchMetrics {
    running: IntGauge,
    evidence: GaugeVec,
}

impl WatchMetrics {
    fn new(declare: &Declare) -> Self {
        let evidence = Opts::new(
            "driftform_watch_log_evalue",
            "Evidence that the champion under a watch does harm, natural log, by kind.",
        );
        Self {
            running: declare.gauge("driftform_watch_running", "1 while a new champion is watched."),
            evidence: declare.register(GaugeVec::new(evidence, &["kind"]).expect(TOLD)),
        }
    }

    fn update(&self, evidence: Option<WatchEvidence>) {
        self.running.set(i64::from(evidence.is_some()));
        let of = |kind: &str, value: fn(WatchEvidence) -> f64| {
            self.evidence.with_label_values(&[kind]).set(evidence.map_or(0.0, value));
        };
        of("losses", |evidence| evidence.log_quality);
        of("answers", |evidence| evidence.log_errors);
        of("time", |evidence| evidence.log_compute);
    }
}

/// Counters follow the state, which survives restarts; they never fall.
pub(super) fn raise(counter: &IntCounter, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}

pub(super) fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
