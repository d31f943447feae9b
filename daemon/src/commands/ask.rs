//! Asking a running daemon: by the key that it has left in its state directory.
//!
//! Lives here: the arguments that say which daemon and who asks, and what its answer means. May not: know what is asked.

use std::io::ErrorKind;
use std::path::Path;

use adapters::http::key::Key;
use anyhow::{Context as _, Result, anyhow, bail};

use super::state::StateArguments;

/// The code of an order that was followed.
const FOLLOWED: u16 = 200;
/// Who asks, where nothing says who.
const SOMEBODY: &str = "somebody";

/// Which daemon, and who asks.
#[derive(Debug, clap::Args)]
pub struct Asking {
    #[command(flatten)]
    state: StateArguments,
    /// Who asks, for the journal; if it is left out, the name in $USER.
    #[arg(long)]
    by: Option<String>,
}

impl Asking {
    /// The way to the daemon.
    pub fn key(&self) -> Result<Key> {
        key_in(&self.state.directory()?)
    }

    /// Who asks.
    pub fn by(&self) -> String {
        let user = std::env::var("USER").ok().filter(|user| !user.is_empty());
        self.by.clone().or(user).unwrap_or_else(|| SOMEBODY.into())
    }
}

/// The way to the daemon that runs on this state directory.
pub fn key_in(state: &Path) -> Result<Key> {
    Key::find(state).map_err(|error| match error.kind() {
        ErrorKind::NotFound => anyhow!(
            "no daemon runs on the state directory {}; where one was just started, ask again in a second",
            state.display()
        ),
        _ => anyhow!("the key to the daemon on {} cannot be used: {error}", state.display()),
    })
}

/// What a daemon answers; what it refuses is an error.
pub fn answer(key: &Key, answered: std::io::Result<(u16, String)>) -> Result<String> {
    let (code, told) = answered.with_context(|| format!("no daemon answers on {}", key.address))?;
    if code != FOLLOWED {
        bail!("{told}");
    }
    Ok(told)
}
