//! `driftform erase`: the rows of an id are forgotten.
//!
//! Lives here: asking the running daemon. May not: decide, or change anything by itself.

use adapters::http::admin::Erase;
use anyhow::Result;

use super::ask::{Asking, answer};

/// Where orders to erase go.
const PATH: &str = "/admin/erase";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    asking: Asking,
    /// The id, as events name it.
    #[arg(value_name = "ID")]
    id: String,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let key = arguments.asking.key()?;
    let order = Erase { id: arguments.id.clone(), by: arguments.asking.by() };
    super::print(&answer(&key, key.post(PATH, &order))?)
}
