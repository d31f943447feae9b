//! Rows of what is decided: drift, search, gates, swaps, budgets.
//!
//! Lives here: each metric's name, unit, labels and meaning, once. May not: be read from anywhere but the table.

use adapters::promql::Missing;
use policies::detect::{DriftKind, Sense};
use policies::gate::GateKind;
use policies::search::Portfolio;
use policies::watch::WatchEvidence;

use super::super::budgets::NOT_TAKEN;
use super::super::external::ANSWERS;
use super::super::metrics;
use super::super::workers::Handled;
use super::rows::{counter, gauge, histogram};
use super::{Kind, Metric, Unit};
use crate::asking::RESULTS;
use crate::config::WATCHES_MAX;
use crate::learn::SWAP_STEPS;
use crate::lifecycle::LADDER;
use crate::trials::desk::Traffic;

/// Budgets that every daemon has, beside those of its configuration.
const OWN_BUDGETS: usize = 2;
/// Windows of burn rates.
const BURN_WINDOWS: usize = 4;

/// Seconds that the trials of one rung take: from small networks on one window to what a worker is killed after.
const TRAINING_SECONDS: [f64; 5] = [1.0, 5.0, 30.0, 120.0, 600.0];
/// Seconds that a step of a swap takes, from a small network on a fast disk to one that holds up learning.
const SWAP_SECONDS: [f64; 3] = [0.01, 0.1, 1.0];

pub(super) fn drift() -> Vec<Metric> {
    vec![
        gauge("driftform_quality_ratio", Unit::Ratio, "Accuracy (or r2) over the last outcomes, by arm.")
            .by_any(
                "arm",
                metrics::ARMS.len(),
                "`champion`, `control`, `first`, `majority`, and `external` where there is one",
            ),
        gauge(
            "driftform_champion_loss_ratio",
            Unit::Ratio,
            "The champion's bounded loss over all labelled events, by what each sampled one stands for.",
        ),
        counter("driftform_drift_alarms_total", "Drifts noticed."),
        counter(
            "driftform_drift_kinds_total",
            "Drifts noticed since the start, by what kind they most likely are.",
        )
        .by("kind", &DriftKind::ALL.map(DriftKind::name)),
        counter(
            "driftform_drift_warnings_total",
            "Rises of the champion's loss seen by ADWIN, which promises nothing and opens nothing.",
        ),
        gauge(
            "driftform_drift_log_evidence",
            Unit::Nats,
            "Natural logarithm of the evidence for a change, by what is watched.",
        )
        .by("sense", &Sense::OF_DATA.map(Sense::name)),
        gauge(
            "driftform_drift_estimated_error_ratio",
            Unit::Ratio,
            "The frozen copy's error by what it is sure of, without labels: an estimate, wrong where rows mean something \
             else than they did.",
        ),
        gauge(
            "driftform_drift_unanswered",
            Unit::Flag,
            "1 while a drift waits for a search, because something else is under way or the search pauses.",
        ),
    ]
}

pub(super) fn search() -> Vec<Metric> {
    let mut metrics = tried();
    metrics.extend(found());
    metrics
}

fn tried() -> Vec<Metric> {
    vec![
        counter("driftform_search_episodes_total", "Search episodes opened."),
        histogram(
            "driftform_training_seconds",
            Unit::Seconds,
            &TRAINING_SECONDS,
            "From sending candidates to the last of their results: those of one rung, or the smaller networks of a relief.",
        ),
        gauge(
            "driftform_search_paused",
            Unit::Flag,
            "1 while a person has the daemon begin nothing new: no episode opens and nobody is promoted.",
        ),
        gauge(
            "driftform_search_candidates",
            Unit::Count,
            "Who is on the ladder now, by how far they are: proposed and not trained yet, in training, trained and waiting, \
             in the shadow slot, serving under a watch.",
        )
        .by("rung", &LADDER),
        counter(
            "driftform_search_climbs_total",
            "Candidates that have trained to the end of a rung, by its place in search.rungs; the last counts all above, too.",
        )
        .by("rung", &metrics::RUNGS),
        counter("driftform_search_trials_total", "Trials by how they ended.")
            .by("result", &["started", "failed"]),
        counter(
            "driftform_trials_total",
            "Trials that workers on other machines were asked to run (trials.run_by), by what became of them: asked, asked again, \
             known already, answered, answered once more, refused by a worker of another build, answered by nobody.",
        )
        .by("fate", &Traffic::default().fates().map(|(fate, _)| fate)),
        gauge(
            "driftform_trials_outstanding",
            Unit::Count,
            "Trials that wait for the answer of a worker on another machine.",
        ),
        gauge("driftform_trials_workers", Unit::Count, "Workers on other machines that have said they are there."),
        counter(
            "driftform_search_rejected_total",
            "Candidates that were not trained, or (worse) not to the end of a rung, by what spoke against them.",
        )
        .by("by", &["cost", "proxies", "promise", "worse"]),
        counter(
            "driftform_search_proposals_total",
            "Candidates that each proposer of the portfolio has asked for.",
        )
        .by("proposer", &Portfolio::NAMES),
        gauge(
            "driftform_search_promise_recall_ratio",
            Unit::Ratio,
            "Of the candidates that turned out better, the share that was not let through by chance alone; 1 until one is known.",
        ),
    ]
}

fn found() -> Vec<Metric> {
    vec![
        gauge(
            "driftform_search_front_points",
            Unit::Count,
            "Networks that none beats on loss, compute time and memory at once, and under stress where search.robust asks for it, since the last drift.",
        ),
        gauge(
            "driftform_search_front_hypervolume_ratio",
            Unit::Ratio,
            "Share of what is within the budgets that the front covers.",
        ),
        gauge(
            "driftform_search_front_robust_loss_ratio",
            Unit::Ratio,
            "Least that a network of the front loses under stress; 1 while none is known, or search.robust is off.",
        ),
        gauge(
            "driftform_search_slice_tau",
            Unit::Correlation,
            "Kendall's τ of the losses of slices within their network and after their trials; 0 while too few were tried, or search.elastic is off.",
        ),
        counter(
            "driftform_memory_recalls_total",
            "Archived mixtures that went into the shadow slot because a drift brought their world back.",
        ),
    ]
}

/// Of a worker on another machine.
pub(super) fn workers() -> Vec<Metric> {
    vec![
        counter("driftform_worker_trials_total", "Trials of this worker, by what became of them.")
            .by("result", &Handled::ALL.map(Handled::name)),
        Metric::new(
            "driftform_worker_busy_seconds_total",
            Kind::Counter,
            Unit::Seconds,
            "Time in which this worker had a trial to run.",
        ),
    ]
}

pub(super) fn gates() -> Vec<Metric> {
    let gates = GateKind::ALL.map(GateKind::name);
    vec![
        counter("driftform_gate_verdicts_total", "Judgements of challengers, by gate and what it said.")
            .by("gate", &gates)
            .by("verdict", &["pass", "fail", "inconclusive"]),
        gauge(
            "driftform_gate_measured",
            Unit::ItsOwn,
            "What a gate measured of the last challenger that it judged; NaN where nobody measured.",
        )
        .by("gate", &gates),
        gauge("driftform_gate_limit", Unit::ItsOwn, "What that was held against.").by("gate", &gates),
        gauge(
            "driftform_gate_quality_log_evalue",
            Unit::Nats,
            "Evidence of gain of the running challenger, natural log.",
        ),
        gauge(
            "driftform_gate_quality_log_threshold",
            Unit::Nats,
            "The evidence that it needs, natural log: one over its alpha; 0 without a challenger.",
        ),
        gauge(
            "driftform_gate_approval_waiting",
            Unit::Flag,
            "1 while a challenger that has passed all gates waits for a person.",
        ),
        gauge(
            "driftform_challenger_number",
            Unit::Number,
            "Number of the challenger in the shadow slot; 0 while it is empty.",
        ),
        gauge(
            "driftform_challenger_outcomes",
            Unit::Count,
            "Outcomes on which the running challenger was compared with the control.",
        ),
        gauge(
            "driftform_challenger_gain",
            Unit::Number,
            "Its mean paired gain over the control, in bounded loss; above 0 it does better.",
        ),
        gauge(
            "driftform_false_promotions_expected",
            Unit::Number,
            "False promotions to be expected at most if no challenger so far was ever better: the sum of their alphas.",
        ),
    ]
}

pub(super) fn swaps() -> Vec<Metric> {
    vec![
        histogram(
            "driftform_swap_seconds",
            Unit::Seconds,
            &SWAP_SECONDS,
            "How long each step took that makes another champion durable, before it serves.",
        )
        .by("step", &SWAP_STEPS),
        counter("driftform_swaps_total", "Changes of what is served.").by("change", &metrics::CHANGES),
        counter("driftform_swap_failures_total", "Changes that were decided and could not be made.")
            .by("change", &metrics::CHANGES),
        counter("driftform_rollbacks_total", "Rollbacks since the start, by what spoke for them.")
            .by("reason", &metrics::REASONS),
        gauge("driftform_watch_running", Unit::Flag, "1 while a new champion is watched."),
        gauge(
            "driftform_watch_log_evalue",
            Unit::Nats,
            "Evidence that the champion under a watch does harm, natural log, by kind.",
        )
        .by("kind", &WatchEvidence::KINDS),
        gauge(
            "driftform_models_alive",
            Unit::Count,
            "Models of the slot in memory: serving, displaced, and old ones not dropped yet.",
        ),
        gauge(
            "driftform_reaper_pending_models",
            Unit::Count,
            "Old ones among them, which somebody still reads or which wait to be dropped.",
        ),
    ]
}

pub(super) fn external() -> Vec<Metric> {
    vec![
        gauge(
            "driftform_external_serves",
            Unit::Flag,
            "1 while the champion is not ours, and ours learns beside it; 0 where there is none such.",
        ),
        counter(
            "driftform_external_answers_total",
            "Events that came with the answer of a champion that is not ours, and those without.",
        )
        .by("result", &ANSWERS),
        counter(
            "driftform_external_asked_total",
            "Events about which a champion that is not ours was asked, by what came of it.",
        )
        .by("result", &RESULTS),
        gauge(
            "driftform_external_log_evalue",
            Unit::Nats,
            "Evidence that ours is better than the champion that is not, natural log.",
        ),
    ]
}

pub(super) fn budgets() -> Vec<Metric> {
    let reasons: Vec<&str> = Missing::REASONS.into_iter().chain([NOT_TAKEN]).collect();
    let budgets = OWN_BUDGETS + WATCHES_MAX;
    let by_budget = |metric: Metric| metric.by_any("budget", budgets, "names of budgets");
    let rates = ["slow_ratio", "failed_ratio"];
    vec![
        by_budget(gauge(
            "driftform_budget_limit",
            Unit::ItsOwn,
            "The limit in force, in the budget's base unit.",
        )),
        by_budget(gauge("driftform_budget_reading", Unit::ItsOwn, "The last reading of a budget."))
            .when("where there was a reading"),
        by_budget(gauge(
            "driftform_budget_reading_age_seconds",
            Unit::Seconds,
            "How old the last reading of a budget is.",
        ))
        .when("where there was a reading"),
        counter("driftform_budget_breaches_total", "Budgets breached."),
        gauge(
            "driftform_budget_burn_rate",
            Unit::Number,
            "Bad answers over a window, in shares that are allowed: at 1, all that is allowed is used up.",
        )
        .by("budget", &rates)
        .by_any("window_seconds", BURN_WINDOWS, "lengths of windows"),
        gauge(
            "driftform_budget_burning",
            Unit::Flag,
            "1 while that share is used up so fast that a page or a ticket is due.",
        )
        .by("budget", &rates)
        .by("severity", &["page", "ticket"]),
        counter("driftform_prometheus_readings_total", "Readings of budgets that Prometheus gave."),
        counter(
            "driftform_prometheus_failures_total",
            "Readings of budgets that Prometheus did not give, by reason.",
        )
        .by("reason", &reasons),
    ]
}
