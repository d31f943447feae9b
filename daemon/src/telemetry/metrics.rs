//! Metrics of the learn plane, and how any metric of the table is registered.
//!
//! Lives here: registering, and bringing the numbers to where the learn plane's state is. May not: count by itself, or
//! say what a metric means (the table does).

use model::Timestamp;
use policies::watch::{Watch, WatchEvidence};
use prometheus::core::{Collector, MetricVec, MetricVecBuilder};
use prometheus::{
    CounterVec, Gauge, GaugeVec, Histogram, HistogramOpts, HistogramVec, IntCounter, IntCounterVec, IntGauge,
    Opts, Registry,
};

use super::AuditEvent;
use super::external::ExternalMetrics;
use super::gates::GateMetrics;
use super::search::SearchMetrics;
use super::senses::SenseMetrics;
use super::table::{self, Kind, Metric};
use super::workers::OfficeMetrics;
use crate::join::{Join, JoinCounts};
use crate::learn::{Counts, External, Learn, SWAP_FAILED};
use crate::slot::Slot;

pub(super) const TOLD: &str = "the table has every metric once, as what it is asked for";

/// Registers the metrics of the table.
pub(super) struct Declare {
    pub(super) registry: Registry,
    table: Vec<Metric>,
}

impl Declare {
    pub(super) fn new() -> Self {
        Self { registry: Registry::new(), table: table::all() }
    }

    fn row(&self, name: &str) -> &Metric {
        self.table.iter().find(|row| row.name == name).expect(TOLD)
    }

    fn options(&self, name: &str) -> Opts {
        Opts::new(name, self.row(name).help)
    }

    fn buckets(&self, name: &str) -> HistogramOpts {
        let Kind::Histogram(buckets) = self.row(name).kind else { panic!("{name} is no histogram") };
        HistogramOpts::new(name, self.row(name).help).buckets(buckets.to_vec())
    }

    fn register<T: Collector + Clone + 'static>(&self, metric: T) -> T {
        self.registry.register(Box::new(metric.clone())).expect(TOLD);
        metric
    }

    /// With each of its series, if they are known in advance, from the start.
    fn vector<T: MetricVecBuilder + 'static>(
        &self,
        name: &str,
        made: prometheus::Result<MetricVec<T>>,
    ) -> MetricVec<T> {
        let metric = self.register(made.expect(TOLD));
        for values in self.row(name).combinations() {
            metric.with_label_values(&values);
        }
        metric
    }

    pub(super) fn counter(&self, name: &str) -> IntCounter {
        self.register(IntCounter::with_opts(self.options(name)).expect(TOLD))
    }

    pub(super) fn counters(&self, name: &str) -> IntCounterVec {
        self.vector(name, IntCounterVec::new(self.options(name), &self.row(name).label_names()))
    }

    /// Counters of what is no whole number.
    pub(super) fn amounts(&self, name: &str) -> CounterVec {
        self.vector(name, CounterVec::new(self.options(name), &self.row(name).label_names()))
    }

    pub(super) fn gauge(&self, name: &str) -> IntGauge {
        self.register(IntGauge::with_opts(self.options(name)).expect(TOLD))
    }

    /// A gauge of what is no whole number.
    pub(super) fn level(&self, name: &str) -> Gauge {
        self.register(Gauge::with_opts(self.options(name)).expect(TOLD))
    }

    pub(super) fn levels(&self, name: &str) -> GaugeVec {
        self.vector(name, GaugeVec::new(self.options(name), &self.row(name).label_names()))
    }

    pub(super) fn histogram(&self, name: &str) -> Histogram {
        self.register(Histogram::with_opts(self.buckets(name)).expect(TOLD))
    }

    pub(super) fn histograms(&self, name: &str) -> HistogramVec {
        self.vector(name, HistogramVec::new(self.buckets(name), &self.row(name).label_names()))
    }
}

/// Arms whose quality is told, the last where there is one.
pub(super) const ARMS: [&str; 5] = ["champion", "control", "first", "majority", "external"];
/// Kinds of swap.
pub(super) const CHANGES: [&str; 5] = ["refresh", "promotion", "takeover", "relief", "rollback"];
/// What can speak for a rollback: kinds of harm, a budget that was breached, or a person.
pub(super) const REASONS: [&str; 5] = {
    let [losses, answers, time] = WatchEvidence::KINDS;
    [losses, answers, time, BUDGET, PERSON]
};
/// A rollback because a budget is breached.
pub const BUDGET: &str = "budget";
/// A rollback because somebody ordered it.
pub const PERSON: &str = "person";
/// Rungs that are told apart; the last stands for those above it, too.
pub(super) const RUNGS: [&str; 6] = ["0", "1", "2", "3", "4", "5"];

/// What the learn plane's state says.
#[derive(Clone, Debug)]
pub(super) struct LearnMetrics {
    join: JoinMetrics,
    outcomes: IntCounter,
    senses: SenseMetrics,
    search: SearchMetrics,
    office: OfficeMetrics,
    gates: GateMetrics,
    breaches: IntCounter,
    swaps: IntCounterVec,
    swap_failures: IntCounterVec,
    rollbacks: IntCounterVec,
    generation: IntGauge,
    prior_only: IntGauge,
    models_alive: IntGauge,
    reaper_pending: IntGauge,
    quality: GaugeVec,
    live_loss: Gauge,
    watch: WatchMetrics,
    external: ExternalMetrics,
    adopted: IntCounterVec,
}

impl LearnMetrics {
    pub(super) fn new(declare: &Declare) -> Self {
        Self {
            join: JoinMetrics::new(declare),
            outcomes: declare.counter("driftform_learn_outcomes_total"),
            senses: SenseMetrics::new(declare),
            search: SearchMetrics::new(declare),
            office: OfficeMetrics::new(declare),
            gates: GateMetrics::new(declare),
            breaches: declare.counter("driftform_budget_breaches_total"),
            swaps: declare.counters("driftform_swaps_total"),
            swap_failures: declare.counters("driftform_swap_failures_total"),
            rollbacks: declare.counters("driftform_rollbacks_total"),
            live_loss: declare.level("driftform_champion_loss_ratio"),
            generation: declare.gauge("driftform_serve_generation"),
            prior_only: declare.gauge("driftform_serve_prior_only"),
            models_alive: declare.gauge("driftform_models_alive"),
            reaper_pending: declare.gauge("driftform_reaper_pending_models"),
            quality: declare.levels("driftform_quality_ratio"),
            watch: WatchMetrics::new(declare),
            external: ExternalMetrics::new(declare),
            adopted: declare.counters("driftform_schema_adoptions_total"),
        }
    }

    /// Counts what the state does not.
    pub(super) fn record(&self, event: &AuditEvent) {
        match event {
            AuditEvent::Drift { noticed } => self.senses.noticed(noticed.kind),
            AuditEvent::RungClimbed { rung, scores, .. } => self.search.climbed(*rung, scores.len()),
            AuditEvent::Gate { gate, verdict, measured, limit, .. } => {
                self.gates.judged(gate, verdict, *measured, *limit);
            }
            AuditEvent::SwapStep { change, step: SWAP_FAILED, .. } => {
                self.swap_failures.with_label_values(&[*change]).inc();
            }
            AuditEvent::RolledBack { reason, .. } | AuditEvent::HandedBack { reason, .. } => {
                self.rollbacks.with_label_values(&[*reason]).inc();
            }
            _ => {}
        }
    }

    pub(super) fn serves(&self, slot: &Slot) {
        let served = slot.load();
        self.generation.set(gauge(served.generation.0));
        self.prior_only.set(i64::from(served.prior_only));
        let (alive, kept) = (slot.models_alive(), 1 + usize::from(slot.displaced().is_some()));
        self.models_alive.set(gauge(alive as u64));
        self.reaper_pending.set(gauge(alive.saturating_sub(kept) as u64));
    }

    pub(super) fn update(&self, learn: &Learn) {
        let state = learn.state();
        raise(&self.outcomes, state.outcomes);
        self.update_counts(state.counts);
        self.senses.update(state);
        self.search.update(state);
        self.office.update(learn.traffic());
        self.gates.update(learn);
        self.join.update(&state.join);
        self.serves(learn.slot());
        let scores = &state.scores;
        self.live_loss.set(scores.live.mean());
        let external = learn.arms().external.as_ref();
        let tallies = [&scores.champion, &scores.control, &scores.first, &scores.majority];
        for (arm, tally) in ARMS.iter().zip(tallies.into_iter().chain(external.map(External::tally))) {
            self.quality.with_label_values(&[*arm]).set(tally.window_quality());
        }
        self.external.update(external);
        self.watch.update(learn.arms().watch().map(Watch::evidence));
    }

    fn update_counts(&self, counts: Counts) {
        raise(&self.breaches, counts.breaches);
        raise(&self.join.lost, counts.records_lost);
        let adopted = counts.adopted;
        for (kind, count) in
            [("feature", adopted.features), ("class", adopted.classes), ("buckets", adopted.buckets)]
        {
            raise(&self.adopted.with_label_values(&[kind]), count);
        }
        let Counts { refreshes, promotions, takeovers, reliefs, rollbacks, .. } = counts;
        let swaps = [refreshes, promotions, takeovers, reliefs, rollbacks];
        for (change, count) in CHANGES.iter().zip(swaps) {
            raise(&self.swaps.with_label_values(&[*change]), count);
        }
    }
}

/// What waits, and what became of the rest.
#[derive(Clone, Debug)]
struct JoinMetrics {
    ends: IntCounterVec,
    pending: IntGauge,
    early: IntGauge,
    bytes: IntGauge,
    lost: IntCounter,
    share: Gauge,
    future: IntCounter,
    watermark: Gauge,
}

impl JoinMetrics {
    fn new(declare: &Declare) -> Self {
        Self {
            ends: declare.counters("driftform_join_outcomes_total"),
            pending: declare.gauge("driftform_join_state_entries"),
            early: declare.gauge("driftform_join_early_entries"),
            bytes: declare.gauge("driftform_join_state_bytes"),
            lost: declare.counter("driftform_learn_records_lost_total"),
            share: declare.level("driftform_join_sampled_ratio"),
            future: declare.counter("driftform_join_future_total"),
            watermark: declare.level("driftform_join_watermark_timestamp_seconds"),
        }
    }

    fn update(&self, join: &Join) {
        let counts = join.counts();
        for (name, value) in ENDS.iter().zip(ends(counts)) {
            raise(&self.ends.with_label_values(&[*name]), value);
        }
        raise(&self.future, counts.future);
        self.pending.set(gauge(join.pending() as u64));
        self.early.set(gauge(join.early() as u64));
        self.bytes.set(gauge(join.bytes() as u64));
        self.share.set(join.share());
        let watermark = Some(join.watermark()).filter(|at| at.0 > i64::MIN);
        self.watermark.set(watermark.map_or(0.0, seconds));
    }
}

/// The ends that a record can have, by name.
pub(super) const ENDS: [&str; 11] = [
    "erased",
    "joined",
    "expired",
    "repeated",
    "unsampled_event",
    "unsampled_label",
    "duplicate",
    "revised",
    "retracted",
    "late",
    "orphan",
];

/// How many had each of [`ENDS`].
fn ends(counts: JoinCounts) -> [u64; ENDS.len()] {
    [
        counts.erased,
        counts.joined,
        counts.expired,
        counts.repeated,
        counts.unsampled_events,
        counts.unsampled_labels,
        counts.duplicate,
        counts.revised,
        counts.retracted,
        counts.late,
        counts.orphan,
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
        Self {
            running: declare.gauge("driftform_watch_running"),
            evidence: declare.levels("driftform_watch_log_evalue"),
        }
    }

    fn update(&self, evidence: Option<WatchEvidence>) {
        self.running.set(i64::from(evidence.is_some()));
        for (at, kind) in WatchEvidence::KINDS.iter().enumerate() {
            let value = evidence.map_or(0.0, |evidence| evidence.by_kind()[at]);
            self.evidence.with_label_values(&[*kind]).set(value);
        }
    }
}

/// A moment as Prometheus tells it.
pub(super) fn seconds(at: Timestamp) -> f64 {
    at.0 as f64 / 1_000.0
}

/// Counters follow the state, which survives restarts; they never fall.
pub(super) fn raise(counter: &IntCounter, to: u64) {
    counter.inc_by(to.saturating_sub(counter.get()));
}

pub(super) fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
