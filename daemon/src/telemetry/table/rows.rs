//! Rows of what runs (those of what is decided are beside it), and the order of all of them.
//!
//! Lives here: each metric's name, unit, labels and meaning, once. May not: be read from anywhere but the table.

use adapters::oip::{OK, Reason, grpc, http};
use policies::detect::FeedTrouble;

use super::super::budgets::RELOADS;
use super::super::{machine, metrics};
use super::decided::{budgets, drift, external, gates, search, swaps, workers};
use super::{Kind, Metric, Stage, Unit};

/// What a topic is for.
const ROLES: [&str; 3] = ["events", "labels", "metrics"];
/// Batch sizes for which compute time is measured: one row, and that of the budget.
const BATCHES: usize = 2;

/// Seconds from a request to its answer: from what a small network takes to what nobody waits for.
const REQUEST_SECONDS: [f64; 10] = [0.000_25, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.25, 1.0, 5.0];
/// Seconds that a snapshot takes, from a small state on a fast disk to one that holds up learning.
const SNAPSHOT_SECONDS: [f64; 6] = [0.01, 0.05, 0.1, 0.25, 1.0, 5.0];

/// Seconds from an event to its label: from a click to a chargeback.
const LABEL_SECONDS: [f64; 9] = [1.0, 10.0, 60.0, 600.0, 3_600.0, 21_600.0, 86_400.0, 604_800.0, 2_592_000.0];

pub(super) fn counter(name: &'static str, help: &'static str) -> Metric {
    Metric::new(name, Kind::Counter, Unit::Count, help)
}

pub(super) fn gauge(name: &'static str, unit: Unit, help: &'static str) -> Metric {
    Metric::new(name, Kind::Gauge, unit, help)
}

pub(super) fn histogram(
    name: &'static str,
    unit: Unit,
    buckets: &'static [f64],
    help: &'static str,
) -> Metric {
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
        ("A champion that is not ours", external()),
        ("Budgets", budgets()),
        ("State and journal", state()),
        ("Publishing, following and repositories", fleet()),
        ("A worker on another machine", workers()),
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
        .by_any("role", 1, "`leader`, `follower` or `worker`")
        .by_any("version", 1, "of the program"),
        counter(
            "driftform_config_reloads_total",
            "Times the configuration was read again, by what came of it.",
        )
        .by("result", &RELOADS),
        gauge(
            "driftform_config_last_reload_successful",
            Unit::Flag,
            "Whether what was read last is in force; 0 where a changed configuration was refused.",
        ),
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
            "How old the last consumed record is (before the first: how long reading has waited for it) while there are others \
             behind it; 0 where there are none.",
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
        histogram(
            "driftform_label_delay_seconds",
            Unit::Seconds,
            &LABEL_SECONDS,
            "From an event to its label, in event time, of those that were joined.",
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
        counter(
            "driftform_repository_total",
            "Champions written for other servers (repository.location), refused because no file says what they say, and tries \
             that failed.",
        )
        .by("result", &["written", "refused", "failed"]),
        gauge("driftform_repository_generation", Unit::Number, "Generation that other servers find as the newest."),
        gauge("driftform_repository_version", Unit::Number, "Its version in the repository."),
        gauge(
            "driftform_repository_behind",
            Unit::Flag,
            "1 while a champion that other servers should find is not there, or not loaded.",
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
