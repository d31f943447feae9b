//! Page: the table for people, `docs/metrics.md`.
//!
//! Lives here: Markdown. May not: say of a metric what its row does not.

use std::fmt::Write as _;

use super::{Metric, Stage, Values, stages};

const TOP: &str = "# Metrics

<!-- Written from daemon/src/telemetry/table/; `DRIFTFORM_WRITE_METRICS=1 cargo test --workspace --lib metrics_page` writes it again. -->

`GET /metrics` has all of these in Prometheus' text format. Names begin with `driftform_`, units are base units, shares are from
0 to 1, and counters end in `_total`. Counters of the learn plane are part of its state and go on after a restart. What
they mean together is in [monitoring](monitoring.md); how dashboards and alerts use them, in
[dashboards](../dashboards/README.md).
";

/// The whole page.
pub fn page() -> String {
    let mut text = TOP.to_owned();
    let most: usize = stages().iter().flat_map(|stage| &stage.metrics).map(Metric::series_max).sum();
    writeln!(
        text,
        "\nA daemon has at most {most} series, however many features it has: there is none by feature, and none by generation."
    )
    .expect("a string takes all");
    for stage in stages() {
        section(&mut text, &stage);
    }
    text
}

fn section(text: &mut String, stage: &Stage) {
    let Stage { title, metrics } = stage;
    write!(text, "\n## {title}\n\n| metric | type | unit | what it is |\n|---|---|---|---|\n")
        .expect("a string takes all");
    for metric in metrics {
        let (kind, unit) = (metric.kind.name(), metric.unit.name());
        writeln!(text, "| `{}` | {kind} | {unit} | {} |", metric.name, told(metric))
            .expect("a string takes all");
    }
}

/// What it means, when it is there, and by what it is told apart.
fn told(metric: &Metric) -> String {
    let mut text = metric.help.to_owned();
    if let Some(when) = metric.when {
        write!(text, " Only {when}.").expect("a string takes all");
    }
    for label in &metric.labels {
        let values = match &label.values {
            Values::Each(values) => {
                values.iter().map(|value| format!("`{value}`")).collect::<Vec<_>>().join(", ")
            }
            Values::AtMost(most, what) => format!("{what}, at most {most}"),
        };
        write!(text, "<br>`{}`: {values}", label.name).expect("a string takes all");
    }
    text
}
