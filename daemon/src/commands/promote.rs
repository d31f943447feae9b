//! `driftform promote`: a person lets a challenger serve that has passed all gates.
//!
//! Lives here: asking the running daemon. May not: decide, or change anything by itself.

use adapters::http::admin::Promote;
use anyhow::Result;

use super::ask::{Asking, answer};

/// Where orders to promote go.
const PATH: &str = "/admin/promote";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asking: Asking,
    /// The challenger's number; if it is left out, the one that waits.
    #[arg(value_name = "ID")]
    challenger: Option<u64>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let key = arguments.asking.key()?;
    let order = Promote { challenger: arguments.challenger, by: arguments.asking.by() };
    super::print(&answer(&key, key.post(PATH, &order))?)
}
