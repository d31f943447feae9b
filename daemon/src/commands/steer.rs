//! `driftform pause`, `resume`, `search` and `rollback`: what a person has a running daemon do.
//!
//! Lives here: asking the running daemon. May not: decide, or change anything by itself.

use adapters::http::admin::{Steer, Steering};
use anyhow::Result;

use super::ask::{Asking, answer};

/// Where such orders go.
const PATH: &str = "/admin/steer";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asking: Asking,
}

pub fn run(what: Steering, Arguments { asking }: &Arguments) -> Result<()> {
    let key = asking.key()?;
    super::print(&answer(&key, key.post(PATH, &Steer { what, by: asking.by() }))?)
}
