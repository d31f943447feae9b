//! `driftform run`: the daemon, until a signal ends it; another one has it read its configuration again.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use adapters::points::{FAULT_VARIABLE, arm};
use anyhow::{Context as _, Result};
use tokio::signal::unix::{SignalKind, signal};

use crate::app::{App, FollowerApp, Hangups};
use crate::clock::Clock;
use crate::config::Layers;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The configuration file.
    #[arg(long)]
    config: PathBuf,
    /// What it is to others: a leader learns and serves, a follower serves what its leader serves.
    #[arg(long, value_enum, default_value_t = Role::Leader)]
    role: Role,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Role {
    Leader,
    Follower,
}

pub fn run(arguments: &Arguments) -> Result<()> {
    if let Ok(fault) = std::env::var(FAULT_VARIABLE) {
        tracing::warn!("{FAULT_VARIABLE} is set: this daemon is armed for a test of crashes ({fault})");
        arm(&fault).map_err(|message| anyhow::anyhow!("{FAULT_VARIABLE}: {message}"))?;
    }
    // Before anything that takes long: nobody who asks for a reload means to end the daemon.
    let hangups = Hangups::listen()?;
    let (layers, config) = Layers::read(arguments.config.clone(), super::environment())?;
    let stop = Arc::new(AtomicBool::new(false));
    stop_on_signal(Arc::clone(&stop))?;
    if arguments.role == Role::Follower {
        // What of its configuration can change, a follower has no use for; nobody who asks means to end it.
        let _hangups = hangups;
        FollowerApp::start(&config, Clock::of_machine(), stop)?.wait()?;
        tracing::info!("stopped");
        return Ok(());
    }
    let worker = super::worker_command(&config.learn)?;
    let app = App::start(&config, worker, Clock::of_machine(), stop, None)?;
    hangups.reload(layers, app.inputs())?;
    let learn = app.wait()?;
    tracing::info!("stopped after {} outcomes; the state is saved", learn.state().outcomes);
    Ok(())
}

/// SIGTERM and SIGINT ask to stop; a second one ends at once.
pub(super) fn stop_on_signal(stop: Arc<AtomicBool>) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut terminate, mut interrupt) = {
        let _entered = runtime.enter();
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?)
    };
    let wait = async move {
        for already in [false, true] {
            tokio::select! { _ = terminate.recv() => {}, _ = interrupt.recv() => {} }
            if already {
                end_at_once();
            }
            tracing::info!("stopping; a second signal ends at once");
            stop.store(true, Ordering::Relaxed);
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || runtime.block_on(wait))
        .context("cannot start the signal thread")?;
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "whoever sends a second signal does not want to wait for anything"
)]
fn end_at_once() -> ! {
    std::process::exit(super::EXIT_INTERRUPTED)
}
