//! Which state directory a command is about.
//!
//! Lives here: the two ways to name one. May not: open it.

use std::path::PathBuf;

use anyhow::Result;

use crate::config::Config;

/// Which state directory.
#[derive(Debug, clap::Args)]
pub struct StateArguments {
    /// The configuration file, which names the state directory.
    #[arg(long, required_unless_present = "state", conflicts_with = "state")]
    config: Option<PathBuf>,
    /// The state directory; a daemon may be running in it.
    #[arg(long)]
    state: Option<PathBuf>,
}

impl StateArguments {
    /// The directory.
    pub fn directory(&self) -> Result<PathBuf> {
        match &self.state {
            Some(state) => Ok(state.clone()),
            None => Ok(Config::load(self.config.as_deref(), &super::environment())?.state.directory),
        }
    }

    /// The same as words of a command line, for commands that are recommended.
    pub fn words(&self) -> String {
        let named = [("--config", &self.config), ("--state", &self.state)];
        let words = named.iter().filter_map(|(option, path)| Some((option, path.as_ref()?.display())));
        words.map(|(option, path)| format!("{option} {path}")).collect::<Vec<_>>().join(" ")
    }
}
