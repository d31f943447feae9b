//! Who is compared with whom: the challenger and its gates, and the watch.

use maud::{Markup, html};

use super::super::facts::{Challenger, Evidence, Gate, Status, Watch};
use super::super::{chart, network};

pub(super) fn challenger(status: &Status) -> Markup {
    html! {
        @match &status.challenger {
            Some(challenger) => { (running(challenger)) }
            None => {
                @if status.serving.is_some() {
                    h2 { "Challenger" }
                    p.nothing { "Nobody is in the shadow slot." }
                }
            }
        }
    }
}

fn running(challenger: &Challenger) -> Markup {
    let thresholds: Vec<f64> =
        challenger.evidence.iter().map(|evidence| evidence.threshold).take(1).collect();
    html! {
        h2 { "Challenger " (challenger.number) }
        p.lead { (challenger.architecture) }
        p {
            "It has to show that it is " (challenger.claim) " than the control, on the same events: "
            (challenger.outcomes) " outcomes so far"
            @if let Some(gain) = challenger.mean_gain { ", mean gain " (format!("{gain:+.4}")) }
            @if let Some(left) = challenger.outcomes_left { "; it has " (left) " more" }
            "."
        }
        @if let Some(until) = &challenger.waits_until {
            p.warn { "It has passed all gates and waits for a person until " (until) "." }
        }
        div.charts {
            figure {
                figcaption { "Evidence, as powers of ten: " span class="swatch arm-0" aria-hidden="true" {} "of gain, " span class="swatch arm-1" aria-hidden="true" {} "of harm; the line across lets it pass" }
                (chart::evidence(&challenger.path, &thresholds))
            }
            (evidence_table(&challenger.evidence))
        }
        h3 { "Gates" }
        (gates(&challenger.gates))
        h3 { "What it is, beside the control" }
        (network::picture(&challenger.network))
    }
}

pub(super) fn watch(watch: &Watch) -> Markup {
    let of = std::slice::from_ref(&watch.evidence);
    html! {
        h2 { "Watch" }
        p {
            "What was displaced goes on learning and scoring, and serves again at evidence of harm: " (watch.displaced) ". "
            (watch.outcomes) " of " (watch.lasts) " outcomes so far."
        }
        div.charts {
            figure {
                figcaption { "Evidence of harm, as powers of ten; the line across takes it back" }
                (chart::evidence(&watch.path, &[watch.evidence.threshold]))
            }
            (evidence_table(of))
        }
    }
}

/// Tests with their thresholds, e-values as they are rather than as logarithms.
fn evidence_table(evidence: &[Evidence]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Evidence" {
            table {
                thead { tr { th scope="col" { "Evidence of" } th scope="col" { "e-value" } th scope="col" { "ln e" } th scope="col" { "needs ln e" } th scope="col" { "then" } } }
                tbody {
                    @for one in evidence {
                        tr {
                            th scope="row" { (one.of) }
                            td { (one.log_value.map_or("?".into(), |log| value(log.exp()))) }
                            td { (one.log_value.map_or("?".into(), |log| format!("{log:.2}"))) }
                            td { (format!("{:.2}", one.threshold)) }
                            td { (one.then) }
                        }
                    }
                }
            }
        }
    }
}

fn gates(gates: &[Gate]) -> Markup {
    html! {
        div.wide tabindex="0" role="region" aria-label="Gates" {
            table {
                thead { tr { th scope="col" { "Gate" } th scope="col" { "Verdict" } th scope="col" { "Measured" } th scope="col" { "Limit" } th scope="col" { "Why" } } }
                tbody {
                    @for gate in gates {
                        tr {
                            th scope="row" { (gate.name) @if !gate.binding { " (advises)" } }
                            td class=(class(&gate.verdict)) { (sign(&gate.verdict)) " " (gate.verdict) }
                            td { (gate.measured.map_or("–".into(), value)) }
                            td { (gate.limit.map_or("–".into(), value)) }
                            td.why { (gate.reason) }
                        }
                    }
                }
            }
        }
    }
}

fn class(verdict: &str) -> &'static str {
    match verdict {
        "pass" => "good",
        "fail" => "bad",
        "inconclusive" => "warn",
        _ => "nothing",
    }
}

/// A verdict is not told by its colour alone.
fn sign(verdict: &str) -> &'static str {
    match verdict {
        "pass" => "✓",
        "fail" => "✗",
        _ => "…",
    }
}

/// A number of any size, in few letters.
pub(super) fn value(value: f64) -> String {
    let size = value.abs();
    if size >= 1e6 || (size > 0.0 && size < 1e-3) {
        return format!("{value:.2e}");
    }
    let digits = if size >= 100.0 {
        0
    } else if size >= 1.0 {
        2
    } else {
        4
    };
    format!("{value:.digits$}")
}
