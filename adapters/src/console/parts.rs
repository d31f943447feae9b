//! Parts: the sections of the page, each made of what is known now, and pushed anew when it changes.
//!
//! May not: hold what a person has typed: a part may be replaced at any moment.

mod compared;
mod limits;
mod served;

use maud::{Markup, html};

use super::facts::{Choice, Happened, Status};
use super::page::Acts;
use crate::http::Health;

/// Entries of the timeline that are seen at once; the others are unfolded.
const TIMELINE_OPEN: usize = 12;

/// Every part, by the id of its place in the page. One that is empty is not shown.
pub(super) fn all(status: &Status, health: Option<&Health>, acts: Acts) -> Vec<(&'static str, Markup)> {
    vec![
        ("state", state(status, health)),
        ("serving", status.serving.as_ref().map_or_else(nothing, served::serving)),
        ("search", status.search.as_ref().map_or_else(nothing, limits::search)),
        ("choices", if acts == Acts::WithToken { choices(&status.choices) } else { nothing() }),
        ("curves", status.curves.as_ref().map_or_else(nothing, served::curves)),
        ("challenger", compared::challenger(status)),
        ("watch", status.watch.as_ref().map_or_else(nothing, compared::watch)),
        ("budgets", limits::budgets(status, acts)),
        ("timeline", timeline(&status.timeline)),
        ("facts", facts(&status.facts)),
        ("health", health.map_or_else(nothing, checks)),
    ]
}

pub(super) fn nothing() -> Markup {
    html! {}
}

/// What has to be seen first.
fn state(status: &Status, health: Option<&Health>) -> Markup {
    let waits = status
        .challenger
        .as_ref()
        .and_then(|challenger| Some((challenger, challenger.waits_until.as_ref()?)));
    let over =
        status.budgets.iter().filter(|budget| budget.reading.is_some_and(|reading| reading > budget.limit));
    html! {
        h1 { (status.title) }
        ul.chips {
            @if let Some(health) = health {
                @if health.is_ready() { li.good { "✓ ready" } } @else { li.bad { "✗ not ready" } }
            }
            @if let Some(serving) = &status.serving { li { "generation " (serving.generation) } }
            @if let Some((challenger, until)) = waits {
                li.warn { "challenger " (challenger.number) " waits for a person until " (until) }
            }
            @if status.watch.is_some() { li { "a swap is watched" } }
            @for budget in over { li.bad { "✗ " (budget.name) " is over its limit" } }
        }
    }
}

/// What people may ask for; each asks first, in a dialog that says what will happen.
fn choices(choices: &[Choice]) -> Markup {
    html! {
        @if !choices.is_empty() {
            h2 { "Orders" }
            ul.orders { @for choice in choices { li { (chosen(choice)) } } }
        }
    }
}

fn chosen(choice: &Choice) -> Markup {
    match choice {
        Choice::Steer { order, objection } => {
            let (label, says) = steering(order);
            html! {
                button type="button" id={ "order-" (order) } data-order=(order) data-label=(label) data-says=(says)
                    disabled[objection.is_some()] { (label) }
                @if let Some(objection) = objection { span.why { (objection) } }
            }
        }
        Choice::Promote { challenger } => {
            let number = challenger.map_or(String::new(), |number| format!(" challenger {number}"));
            let says = format!(
                "Approves{number}: it serves from the end of the next unit of work on, and is watched; the champion of now stays warm until that watch ends."
            );
            html! {
                button type="button" id="order-promote" data-order="promote" data-label={ "Approve" (number) } data-says=(says)
                    data-challenger=[challenger.as_ref()] disabled[challenger.is_none()] { "Approve" (number) }
                @if challenger.is_none() { span.why { "nobody waits for a person" } }
            }
        }
    }
}

/// What an order is called, and what follows from it.
fn steering(order: &str) -> (&'static str, &'static str) {
    match order {
        "pause" => (
            "Pause",
            "Nothing new begins until it is resumed: no episode opens and no challenger is promoted. Reliefs, rollbacks and refreshes go on.",
        ),
        "resume" => ("Resume", "Episodes open and challengers are promoted again."),
        "search" => (
            "Search now",
            "Opens an episode: candidates are proposed and trained beside the control. What serves stays.",
        ),
        "rollback" => (
            "Roll back",
            "The displaced champion serves again at once, in place of what was promoted last, and the search pauses for a while.",
        ),
        _ => ("Other", "An order that this page does not know."),
    }
}

fn timeline(timeline: &[Happened]) -> Markup {
    let (open, folded) = timeline.split_at(timeline.len().min(TIMELINE_OPEN));
    html! {
        h2 { "What happened" }
        @if timeline.is_empty() { p.nothing { "Nothing yet." } }
        ol.timeline { @for happened in open { (entry(happened)) } }
        @if !folded.is_empty() {
            details id="earlier" {
                summary { (folded.len()) " earlier" }
                ol.timeline { @for happened in folded { (entry(happened)) } }
            }
        }
    }
}

fn entry(happened: &Happened) -> Markup {
    html! {
        li {
            span.when { @if let Some(time) = &happened.time { time datetime=(time) { (time) } br; } (happened.at) }
            span { b.kind { (happened.kind) } " " (happened.what) }
        }
    }
}

fn facts(facts: &[(String, String)]) -> Markup {
    html! {
        @if !facts.is_empty() {
            h2 { "Facts" }
            dl { @for (name, value) in facts { div { dt { (name) } dd { (value) } } } }
        }
    }
}

fn checks(health: &Health) -> Markup {
    html! {
        h2 { "Health" }
        dl {
            @for (name, result) in &health.checks {
                div {
                    dt { (name) }
                    @match result { Ok(()) => { dd { "✓ ok" } } Err(reason) => { dd.bad { "✗ " (reason) } } }
                }
            }
        }
    }
}
