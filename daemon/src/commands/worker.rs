//! `driftform worker`: limits itself, then answers trials until its pipe closes; or takes trials from Kafka until a signal
//! ends it.

use std::io::{BufReader, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use anyhow::Result;
use model::DeviceChoice;
use rustix::process::{Resource, Signal};

use crate::app::WorkerApp;
use crate::clock::Clock;
use crate::config::{Config, ConfigError, RunBy};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The daemon's configuration file: trials are taken from Kafka. Without it they come from standard input.
    #[arg(long, conflicts_with_all = ["device", "memory_max_bytes", "niceness"])]
    config: Option<PathBuf>,
    /// Where networks are computed: cpu or cuda:0.
    #[arg(long, default_value = "cpu")]
    device: DeviceChoice,
    /// Memory this process may map, or write to where networks are on a card; over it, it dies and the trial is an
    /// observation.
    #[arg(long, default_value_t = 4 * 1024 * 1024 * 1024)]
    memory_max_bytes: u64,
    /// Added to its niceness, so that serving goes first.
    #[arg(long, default_value_t = 10)]
    niceness: i32,
}

impl Arguments {
    /// Whether its parent asks it.
    pub fn is_child(&self) -> bool {
        self.config.is_none()
    }
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Some(config) = &arguments.config {
        return take_from_kafka(config);
    }
    limit(arguments);
    let mut from = BufReader::new(std::io::stdin().lock());
    let mut to = BufWriter::new(std::io::stdout().lock());
    crate::trials::worker::serve(&mut from, &mut to, arguments.device)
}

/// With a child that has the limits of the daemon's own.
fn take_from_kafka(config: &Path) -> Result<()> {
    let path = config.display();
    let config = Config::load(Some(config), &super::environment())?;
    if config.learn.trials.run_by == RunBy::Child {
        return Err(ConfigError(format!(
            "`trials.run_by` in {path} is \"child\", so the daemon asks no workers; give \"workers\", in the daemon's file, too"
        ))
        .into());
    }
    let stop = Arc::new(AtomicBool::new(false));
    super::run::stop_on_signal(Arc::clone(&stop))?;
    let command = super::worker_command(&config.learn)?;
    WorkerApp::start(&config, command, Clock::of_machine(), stop)?.wait()?;
    tracing::info!("stopped");
    Ok(())
}

/// What the limit counts. CUDA reserves addresses for all memory of the machine and of its cards when a card is opened,
/// far beyond any limit and never used; so there only what may be written to counts, and a card's own memory does not.
fn limited(device: DeviceChoice) -> Resource {
    match device {
        DeviceChoice::Cpu => Resource::As,
        DeviceChoice::Cuda(_) => Resource::Data,
    }
}

/// A limit that the system refuses is no reason not to work; it is said.
fn limit(arguments: &Arguments) {
    use rustix::process::{Rlimit, nice, set_parent_process_death_signal, setrlimit};
    let limit =
        Rlimit { current: Some(arguments.memory_max_bytes), maximum: Some(arguments.memory_max_bytes) };
    if let Err(error) = setrlimit(limited(arguments.device), limit) {
        tracing::warn!("the memory limit was refused: {error}");
    }
    if let Err(error) = nice(arguments.niceness) {
        tracing::warn!("the niceness was refused: {error}");
    }
    // Whoever asked has gone: nobody wants to know any more, and the next one needs the processor.
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        tracing::warn!("it will not notice at once when its parent dies: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_that_nobody_would_ask_says_so_and_does_not_wait() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("driftform.toml");
        let text = "schema = { classes = [\"a\", \"b\"], features = [{ name = \"x\", kind = \"numeric\" }] }";
        std::fs::write(&path, text).expect("it can be written");
        let refused = take_from_kafka(&path).expect_err("it is refused").to_string();
        assert!(refused.contains("`trials.run_by`") && refused.contains("\"workers\""), "{refused}");
    }
}
