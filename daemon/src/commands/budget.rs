//! `driftform budget`: the budgets of a running daemon, and another limit for one of them.
//!
//! Lives here: asking the running daemon, and its list as lines. May not: decide, or change anything by itself.

use adapters::http::admin::SetBudget;
use anyhow::{Context as _, Result};
use serde::Deserialize;

use super::ask::{Asking, answer};

/// Where budgets are listed; below it, each is set.
const PATH: &str = "/admin/budgets";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asking: Asking,
    /// The budget; if it is left out, all are listed.
    #[arg(requires = "limit")]
    name: Option<String>,
    /// Its new limit, in seconds, bytes or whatever it is measured in.
    limit: Option<f64>,
}

/// A budget, as the daemon tells it.
#[derive(Debug, Deserialize)]
struct Told {
    name: String,
    kind: String,
    limit: f64,
    configured: f64,
    reading: Option<f64>,
    reading_age_seconds: Option<f64>,
    set_in: String,
    set_by: Option<String>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let key = arguments.asking.key()?;
    let Some((name, limit)) = arguments.name.as_ref().zip(arguments.limit) else {
        let told = answer(&key, key.get(PATH))?;
        let budgets: Vec<Told> = serde_json::from_str(&told).context("the daemon tells another list")?;
        let lines: Vec<String> = budgets.iter().map(line).collect();
        return super::print(&lines.join("\n"));
    };
    let path = format!("{PATH}/{}", in_a_path(name));
    let order = SetBudget { limit, by: Some(arguments.asking.by()) };
    super::print(&answer(&key, key.post(&path, &order))?)
}

/// Names have letters, digits and `_`; whatever else was typed must reach the daemon to be refused by name.
fn in_a_path(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.chars().map(|c| if plain(c) { c } else { '-' }).collect()
}

fn line(told: &Told) -> String {
    let reading = match (told.reading, told.reading_age_seconds) {
        (Some(reading), Some(age)) => format!("{reading} {age:.0} s ago"),
        (Some(measured), None) => format!("{measured} when the champion was measured"),
        (None, _) => "never read".into(),
    };
    let by = told.set_by.as_ref().map_or(String::new(), |by| format!(" by {by}"));
    let set_in = told.set_in.replace('_', " ");
    let Told { name, kind, limit, configured, .. } = told;
    format!("{name} ({kind}): limit {limit}, set in the {set_in}{by}, configured {configured}; {reading}")
}
