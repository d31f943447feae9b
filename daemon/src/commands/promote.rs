//! `driftform promote`: a person lets a challenger serve that has passed all gates.
//!
//! Lives here: asking the running daemon. May not: decide, or change anything by itself.

use std::path::PathBuf;

use adapters::http::admin::Promote;
use adapters::http::key::Key;
use anyhow::{Context as _, Result, bail};

use crate::config::Config;

/// Where orders to promote go.
const PATH: &str = "/admin/promote";
/// The code of an order that was followed.
const FOLLOWED: u16 = 200;
/// Who asks, where nothing says who.
const SOMEBODY: &str = "somebody";

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The configuration file, which names the state directory.
    #[arg(long, required_unless_present = "state", conflicts_with = "state")]
    config: Option<PathBuf>,
    /// The state directory of the daemon.
    #[arg(long)]
    state: Option<PathBuf>,
    /// Who approves, for the journal; if it is left out, the name in $USER.
    #[arg(long)]
    by: Option<String>,
    /// The challenger's number; if it is left out, the one that waits.
    #[arg(value_name = "ID")]
    challenger: Option<u64>,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    let state = match &arguments.state {
        Some(state) => state.clone(),
        None => Config::load(arguments.config.as_deref(), &super::environment())?.state.directory,
    };
    let key = Key::find(&state)
        .with_context(|| format!("no daemon has left its key in {}: is one running?", state.display()))?;
    let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
    let by = arguments.by.clone().or(user).unwrap_or_else(|| SOMEBODY.into());
    let order = Promote { challenger: arguments.challenger, by };
    let (code, told) =
        key.post(PATH, &order).with_context(|| format!("no daemon answers on {}", key.address))?;
    if code != FOLLOWED {
        bail!("{told}");
    }
    super::print(&told)
}
