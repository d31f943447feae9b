//! Rows: each metric's name, unit, labels and meaning.
//!
//! Lives here: the only place where a metric is named with what it means. May not: be read from anywhere but the table.

use adapters::oip::{OK, Reason, grpc, http};
use adapters::promql::Missing;
use policies::detect::{DriftKind, FeedTrouble, Sense};
use policies::gate::GateKind;
use policies::search::AnyProposer;
use policies::watch::WatchEvidence;

use super::super::budgets::{NOT_TAKEN, RELOADS};
use super::super::{machine, metrics};
use super::{Kind, Metric, Stage, Unit};
use crate::config::WATCHES_MAX;
use crate::lifecycle::LADDER;

/// What a topic is for.
const ROLES: [&str; 3] = ["events", "labels", "metrics"];
/// Budgets that every daemon has, beside those of its configuration.
const OWN_BUDGETS: usize = 2;
/// Windows of burn rates.
const BURN_WINDOWS: usize = 4;
/// Batch sizes for which compute time is measured: one row, and that of the budget.
const BATCHES: usize = 2;

/// Seconds from a request to its answer: from what a small network takes to what nobody waits for.
const REQUEST_SECONDS: [f64; 14] =
    [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];
/// Seconds that a snapshot takes, from a small state on a fast disk to one that holds up learning.
const SNAPSHOT_SECONDS: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0];

fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric::new(name, Kind::Counter, Unit::Count, help)
}

fn gauge(name: &'static str, unit: Unit, help: &'static str) -> Metric {
    Metric::new(name, Kind::Gauge, unit, help)
}

fn histogram(name: &'static str, unit: Unit, buckets: &'static [f64], help: &'static str) -> Metric {
    Metric::new(name, Kind::Histogram(buckets), unit, help)
}

pub(super) fn stages() -> Vec<Stage> {
    [
        ("The daemon", daemon()),
        ("Serving", serve()),
        ("Kafka", kafka()),
        ("Join and labels", join()),
        ("Quality and drift", drift()),
        ("Search", search()),
        ("Gates and the challenger", gates()),
        ("Swaps and the watch", swaps()),
        ("Budgets", budgets()),
        ("State and journal", state()),
        ("Publishing and following", fleet()),
        ("Cost", cost()),
    ]
    .map(|(title, metrics)| Stage { title, metrics })
    .into()
}

fn daemon() -> Vec<Metric> {
    vec![
        gauge(
            "driftform_build_info",
            Unit::Flag,
            "1; the labels say which model this daemon is for, what it does for it and which version it is.",
        )
        .by_any("model", 1, "the name in the configuration")
        .by_any("role", 1, "`leader` or `follower`")
        .by_any("version", 1, "of the program"),
        counter(
            "driftform_config_reloads_total",
            "Times the configuration was read again, by what came of it.",
        )
        .by("result", &RELOADS),
        counter(
            "driftform_alarms_total",
            "Times the daemon asked for a person; the text is in the log and the journal.",
        ),
    ]
}

fn serve() -> Vec<Metric> {
    let results: Vec<&str> = Reason::ALL.map(Reason::name).into_iter().chain([OK]).collect();
    let protocols = [http::PROTOCOL, grpc::PROTOCOL];
    vec![
        gauge("driftform_serve_generation", Unit::Number, "Generation served now."),
        gauge("driftform_serve_prior_only", Unit::Flag, "1 while no champion exists and the prior answers."),
        counter("driftform_serve_answers_total", "Events answered on the predictions topic."),
        counter("driftform_serve_answers_unsent_total", "Answers the broker did not take."),
        counter("driftform_serve_answers_failed_total", "Events that the served model could not answer."),
        histogram(
            "driftform_serve_batch_rows",
            Unit::Count,
            &machine::BATCH_ROWS,
            "Events answered in one unit of work.",
        ),
        histogram(
            "driftform_serve_compute_seconds",
            Unit::Seconds,
            &machine::BATCH_SECONDS,
            "Compute time of the served model for each unit of work, at the batch sizes in use.",
        ),
        counter("driftform_serve_requests_total", "Requests over HTTP and gRPC, by what became of them.")
            .by("protocol", &protocols)
            .by("result", &results),
        histogram(
            "driftform_serve_request_seconds",
            Unit::Seconds,
            &REQUEST_SECONDS,
            "Time from a request over HTTP or gRPC to its answer or refusal.",
        )
        .by("protocol", &protocols),
        gauge("driftform_serve_queue_rows", Unit::Count, "Rows over HTTP and gRPC that wait to be answered."),
        counter("driftform_serve_rows_total", "Rows answered over HTTP and gRPC."),
        counter(
            "driftform_serve_events_told_total",
            "Answered rows that were sent to the events topic (serve.log_events).",
        ),
        counter(
            "driftform_serve_events_untold_total",
            "Answered rows that were to be sent to the events topic and found no room.",
        ),
    ]
}

fn kafka() -> Vec<Metric> {
    vec![
        gauge("driftform_kafka_connected", Unit::Flag, "1 while the learn plane reaches a broker."),
        counter("driftform_events_consumed_total", "Records consumed by the learn plane, by topic role.")
            .by("topic_role", &ROLES),
        gauge("driftform_consumer_lag_records", Unit::Count, "Records the learn plane is behind."),
        gauge(
            "driftform_consumer_lag_seconds",
            Unit::Seconds,
            "How old the last consumed record is while there are others behind it; 0 where there are none.",
        ),
        counter("driftform_dead_letters_total", "Records that could not be read, by topic role.")
            .by("topic_role", &ROLES),
        counter("driftform_schema_adoptions_total", "What the schema has gained from the stream.")
            .by("kind", &["feature", "class", "buckets"]),
    ]
}

fn join() -> Vec<Metric> {
    vec![
        counter("driftform_join_outcomes_total", "What became of events and labels.")
            .by("outcome", &metrics::ENDS),
        gauge("driftform_join_state_entries", Unit::Count, "Predictions waiting for their label."),
        gauge("driftform_join_early_entries", Unit::Count, "Labels waiting for their event."),
        gauge(
            "driftform_join_state_bytes",
            Unit::Bytes,
            "Memory of what waits (join.memory_bytes limits it).",
        ),
        gauge("driftform_join_sampled_ratio", Unit::Ratio, "Share of all ids that the join keeps."),
        counter("driftform_join_future_total", "Records dated further ahead than clocks differ."),
        gauge(
            "driftform_join_watermark_timestamp_seconds",
            Unit::Timestamp,
            "Up to here, in event time, all has come that is not too late; 0 until that is known.",
        ),
        counter("driftform_learn_outcomes_total", "Outcomes learned."),
        counter(
            "driftform_learn_records_lost_total",
            "Labels that were not learned, because the row of their event is damaged or has gone.",
        ),
        gauge(
            "driftform_labels_healthy",
            Unit::Flag,
            "0 while labels come otherwise than they did, and quality is inconclusive.",
        ),
        gauge("driftform_labels_trouble", Unit::Flag, "1 for what is wrong with the labels, if anything is.")
            .by("trouble", &FeedTrouble::ALL.map(FeedTrouble::word)),
        gauge(
            "driftform_labels_patience_seconds",
            Unit::Seconds,
            "How long a label is awaited before it counts as one that does not come; 0 until that is known.",
        ),
    ]
}

fn drift() -> Vec<Metric> {
    vec![
        gauge("driftform_quality_ratio", Unit::Ratio, "Accuracy (or r2) over the last outcomes, by arm.")
            .by("arm", &metrics::ARMS),
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

fn search() -> Vec<Metric> {
    vec![
        counter("driftform_search_episodes_total", "Search episodes opened."),
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
            "driftform_search_rejected_total",
            "Candidates that were not trained, or (worse) not to the end of a rung, by what spoke against them.",
        )
        .by("by", &["cost", "proxies", "promise", "worse"]),
        counter(
            "driftform_search_proposals_total",
            "Candidates that each proposer of the portfolio has asked for.",
        )
        .by("proposer", &AnyProposer::NAMES.map(|name| if name == "portfolio" { "other" } else { name })),
        gauge(
            "driftform_search_promise_recall_ratio",
            Unit::Ratio,
            "Of the candidates that turned out better, the share that was not let through by chance alone; 1 until one is known.",
        ),
        gauge(
            "driftform_search_front_points",
            Unit::Count,
            "Networks that none beats on loss, compute time and memory at once, since the last drift.",
        ),
        gauge(
            "driftform_search_front_hypervolume_ratio",
            Unit::Ratio,
            "Share of what is within the budgets that the front covers.",
        ),
        counter(
            "driftform_memory_recalls_total",
            "Archived mixtures that went into the shadow slot because a drift brought their world back.",
        ),
    ]
}

fn gates() -> Vec<Metric> {
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

fn swaps() -> Vec<Metric> {
    vec![
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

fn budgets() -> Vec<Metric> {
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

fn state() -> Vec<Metric> {
    vec![
        counter("driftform_snapshots_total", "Snapshots written."),
        counter("driftform_snapshot_failures_total", "Snapshots that could not be written."),
        gauge(
            "driftform_snapshot_timestamp_seconds",
            Unit::Timestamp,
            "When the last snapshot was written, or the daemon was started.",
        ),
        histogram(
            "driftform_snapshot_seconds",
            Unit::Seconds,
            &SNAPSHOT_SECONDS,
            "How long a snapshot took, written or not.",
        ),
        counter("driftform_journal_lines_total", "Decisions written to the journal."),
        gauge("driftform_journal_waiting_entries", Unit::Count, "Decisions that wait for the disk."),
        counter("driftform_journal_lost_total", "Decisions given up while the disk took nothing."),
    ]
}

fn fleet() -> Vec<Metric> {
    vec![
        counter(
            "driftform_publish_total",
            "Times that followers were told what to serve (publish.directory), and tries that failed.",
        )
        .by("result", &["told", "failed"]),
        gauge(
            "driftform_publish_generation",
            Unit::Number,
            "Generation that all followers were told to serve last.",
        ),
        counter("driftform_follow_total", "What became of what this follower was told to serve.")
            .by("result", &["served", "refused", "failed"]),
        gauge(
            "driftform_follow_generation",
            Unit::Number,
            "Generation that this follower was told to serve last; driftform_serve_generation follows it.",
        ),
        gauge(
            "driftform_follow_canary",
            Unit::Flag,
            "1 while this follower is among the first to serve a promotion.",
        ),
    ]
}

fn cost() -> Vec<Metric> {
    let sources = ["measured", "estimated"];
    let rows = |metric: Metric| metric.by_any("rows", BATCHES, "rows of a batch");
    vec![
        rows(gauge(
            "driftform_compute_seconds",
            Unit::Seconds,
            "Compute time of the champion's network for one batch of so many rows, when it was measured last.",
        ))
        .by("percentile", &machine::PERCENTILES)
        .by("source", &sources)
        .when("while there is a champion"),
        rows(gauge(
            "driftform_compute_upper_seconds",
            Unit::Seconds,
            "Upper bound of the p99 of that time, which budgets and gates look at: measured or estimated.",
        ))
        .by("source", &sources)
        .when("while there is a champion"),
        gauge(
            "driftform_memory_bytes",
            Unit::Bytes,
            "Memory: of the champion's weights (counted), and the most this process has had (resident).",
        )
        .by("source", &["counted", "resident"]),
        Metric::new(
            "driftform_energy_joules_total",
            Kind::Counter,
            Unit::Joules,
            "Energy of the machine's processors (rapl) and graphics cards (nvml) since the start, whoever used it.",
        )
        .by_any("source", 2, "`rapl`, `nvml`")
        .when("where a counter of energy can be read"),
        Metric::new(
            "driftform_energy_cpu_seconds_total",
            Kind::Counter,
            Unit::Seconds,
            "Processor time of this process and its ended children: what stands for energy where there are no joules.",
        )
        .by("source", &["cpu_seconds"]),
    ]
}
