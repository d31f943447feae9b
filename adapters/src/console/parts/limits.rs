//! What limits the daemon, and what it searches within.

use maud::{Markup, html};

use super::super::facts::{Budget, BurnRate, Search, Status};
use super::super::page::Acts;
use super::compared::value;

pub(super) fn budgets(status: &Status, acts: Acts) -> Markup {
    html! {
        @if !status.budgets.is_empty() {
            h2 { "Budgets" }
            div.wide tabindex="0" role="region" aria-label="Budgets" {
                table {
                    thead { tr { th scope="col" { "Budget" } th scope="col" { "Reading" } th scope="col" { "Limit" } th scope="col" { "Share" } th scope="col" { "Set in" } @if acts == Acts::WithToken { th.act scope="col" { "Change" } } } }
                    tbody { @for budget in &status.budgets { (row(budget, acts)) } }
                }
            }
            @if !status.burn_rates.is_empty() {
                ul.burns { @for burn in &status.burn_rates { li { (burning(burn)) } } }
            }
        }
    }
}

fn row(budget: &Budget, acts: Acts) -> Markup {
    let is_over = budget.reading.is_some_and(|reading| reading > budget.limit);
    let says = format!(
        "Sets the limit of {} ({}). It counts at once and stays, also over a restart; what serves is measured against it, and a breach is answered by relief.",
        budget.name, budget.kind
    );
    html! {
        tr {
            th scope="row" { (budget.name) br; span.small { (budget.kind.replace('_', " ")) } }
            td class=[is_over.then_some("bad")] {
                @match budget.reading {
                    Some(reading) => { (amount(budget, reading)) @if let Some(age) = budget.reading_age_seconds { br; span.small { (age_told(age)) } } }
                    None => { "not read" }
                }
            }
            td { (amount(budget, budget.limit)) @if configured_otherwise(budget) { br; span.small { "configured " (amount(budget, budget.configured)) } } }
            td { @if let Some(reading) = budget.reading { (share(budget, reading)) } }
            td { (budget.set_in.replace('_', " ")) @if let Some(by) = &budget.set_by { br; span.small { "by " (by) } } }
            @if acts == Acts::WithToken {
                td.act {
                    button type="button" id={ "budget-" (budget.name) } data-order="budget" data-budget=(budget.name) data-limit=(budget.limit)
                        data-label={ "Change " (budget.name) } data-says=(says) { "Change" span.unseen { " " (budget.name) } }
                }
            }
        }
    }
}

fn configured_otherwise(budget: &Budget) -> bool {
    budget.limit.to_bits() != budget.configured.to_bits()
}

fn age_told(seconds: f64) -> String {
    if seconds < 1.0 { "just now".into() } else { format!("{seconds:.0} s ago") }
}

/// A bar beside the number: full is at the limit.
fn share(budget: &Budget, reading: f64) -> Markup {
    let share = reading / budget.limit;
    let bar = (share.clamp(0.0, 1.0) * 100.0).round();
    html! {
        svg.bar viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true" {
            rect.trough x="0" y="0" width="100" height="10" {}
            rect class=(if share > 1.0 { "over" } else { "within" }) x="0" y="0" width=(bar) height="10" {}
        }
        span.small { (format!("{:.0} %", share * 100.0)) }
    }
}

/// In the unit that its kind has; those of the service as they are, because only their owner knows the unit.
fn amount(budget: &Budget, of: f64) -> String {
    match budget.kind.as_str() {
        "model_seconds" if of < 1e-3 => format!("{:.0} µs", of * 1e6),
        "model_seconds" => format!("{:.2} ms", of * 1e3),
        "model_bytes" if of < 1e6 => format!("{:.1} KiB", of / 1024.0),
        "model_bytes" => format!("{:.1} MiB", of / 1024.0 / 1024.0),
        _ => value(of),
    }
}

fn burning(burn: &BurnRate) -> Markup {
    let rates: Vec<String> = burn
        .rates
        .iter()
        .map(|(seconds, rate)| format!("{} in {}", value(*rate), window(*seconds)))
        .collect();
    html! {
        "Burn rate of " (burn.name) ": "
        @if rates.is_empty() { "nothing counted yet" } @else { (rates.join(", ")) }
        @if let Some(severity) = &burn.severity { " " b.bad { "✗ " (severity) " due" } }
    }
}

fn window(seconds: u32) -> String {
    match seconds {
        0..3_600 => format!("{} min", seconds / 60),
        3_600..86_400 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

pub(super) fn search(search: &Search) -> Markup {
    html! {
        h2 { "Search" }
        p { (search.now) }
        @if !search.rungs.is_empty() {
            div.wide tabindex="0" role="region" aria-label="The ladder" {
                table {
                    thead { tr { th scope="col" { "Rung" } th scope="col" { "Windows" } th scope="col" { "Train now" } th scope="col" { "Stand there" } th scope="col" { "Are out there" } } }
                    tbody {
                        @for (at, rung) in search.rungs.iter().enumerate() {
                            tr { th scope="row" { (at + 1) } td { (rung.windows) } td { (rung.training) } td { (rung.stand) } td { (rung.over) } }
                        }
                    }
                }
            }
        }
        @if !search.front.is_empty() {
            details id="front" {
                summary { "Pareto front of " (search.objectives) ": " (search.front.len()) }
                ul { @for network in &search.front { li { (network) } } }
            }
        }
    }
}
