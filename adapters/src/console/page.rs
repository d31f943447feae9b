//! The page: all parts in their places, and what goes around them.
//!
//! Lives here: the page that a daemon serves, and the file that a replay writes. May not: load anything from elsewhere; the
//! style sheet and the script are in the page, and run by the nonce that only this answer has.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::facts::Status;
use super::parts;
use crate::http::Health;

pub(super) const STYLE: &str = include_str!("style.css");
pub(super) const SCRIPT: &str = include_str!("script.js");
/// How often a browser without scripts asks again, in seconds.
const REFRESH_SECONDS: u32 = 5;
/// Parts that take the whole width.
const WIDE: [&str; 7] = ["serving", "curves", "challenger", "watch", "budgets", "timeline", "facts"];

/// Whether orders can be given where the page is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Acts {
    /// It only shows.
    None,
    /// Whoever has the token gives orders: the admin interface is on the same port.
    WithToken,
}

/// The page that a daemon serves.
pub(super) fn live(status: &Status, health: &Health, acts: Acts, nonce: &str) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                (head(&status.title))
                noscript { meta http-equiv="refresh" content=(REFRESH_SECONDS); }
                style nonce=(nonce) { (PreEscaped(STYLE)) }
            }
            body {
                p.live role="status" { span id="live" { "as it was when the page came" } }
                main { (placed(status, Some(health), acts)) }
                script nonce=(nonce) { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

/// The file that a replay writes: the same pictures, and nothing live. `summary` are its results, names and values.
pub fn report(status: &Status, summary: &[(String, String)]) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                (head(&status.title))
                style { (PreEscaped(STYLE)) }
            }
            body {
                main {
                    (placed(status, None, Acts::None))
                    section id="summary" {
                        h2 { "Results" }
                        dl { @for (name, value) in summary { div { dt { (name) } dd { (value) } } } }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn head(title: &str) -> Markup {
    html! {
        meta charset="utf-8";
        meta name="viewport" content="width=device-width,initial-scale=1";
        meta name="color-scheme" content="light dark";
        // Otherwise browsers ask for one that is not there.
        link rel="icon" href="data:,";
        title { (title) }
    }
}

fn placed(status: &Status, health: Option<&Health>, acts: Acts) -> Markup {
    html! {
        @for (id, part) in parts::all(status, health, acts) {
            @let class = WIDE.contains(&id).then_some("full");
            section id=(id) class=[class] { (part) }
            // Beside what it is about; a file gives no orders.
            @if id == "search" && health.is_some() { (beside(acts)) }
        }
    }
}

/// What does not change, and so may hold what a person types.
fn beside(acts: Acts) -> Markup {
    match acts {
        Acts::None => html! {
            section id="key" { p.small { "This page only shows. Orders are given on the admin port, or with the command line: "
                code { "driftform pause, resume, search, promote, rollback, budget" } "." } }
        },
        Acts::WithToken => html! {
            section id="key" {
                h2 { "Give orders" }
                noscript { p { "Orders need scripts, or the command line." } }
                form.needs-script id="token-form" hidden {
                    p.small { "The token, or which file has it, is in the state directory (admin.json). It stays in this tab." }
                    label { "Token " input id="token" type="password" autocomplete="off" required; }
                    label { "Your name, for the journal " input id="by" type="text" maxlength="200" autocomplete="name" required; }
                    button type="submit" { "Use it" }
                }
                p.act { "Orders are given as " b id="who" {} ". " button type="button" id="forget" { "Forget the token" } }
                p id="said" role="status" {}
            }
            dialog id="asks" aria-labelledby="asks-what" {
                form method="dialog" {
                    h2 id="asks-what" {}
                    p id="asks-says" {}
                    label id="asks-limit-label" hidden { "New limit " input id="asks-limit" type="number" step="any" min="0"; }
                    p { button type="submit" value="no" { "No" } " " button.sure type="submit" value="yes" { "Yes, do it" } }
                }
            }
        },
    }
}
