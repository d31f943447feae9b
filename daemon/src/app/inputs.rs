//! Inputs: what reaches the learn plane beside topics and orders of people.
//!
//! Lives here: the queue's kinds and its limit, and a configuration that is read again on a signal or when its file has
//! changed. May not: decide what follows.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tokio::runtime::Runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Sender;
use tokio::time::MissedTickBehavior;

use crate::config::{ConfigError, Layers, Reloaded};

mod watched;

use watched::Watched;

/// Inputs that may wait; readings that find no room are dropped and counted, the next ones come soon.
pub const INPUTS_MAX: usize = 16;

/// How often it is looked whether the configuration's file has changed: a cluster swaps it by itself, without a signal.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// One input.
#[derive(Debug)]
pub enum Input {
    /// Readings of one round, by the budget's name.
    Readings(BTreeMap<String, f64>),
    /// The configuration was read again, or could not be.
    Reload(Result<Reloaded, ConfigError>),
}

/// Signals that ask for the configuration to be read again; they wait from now on until somebody follows them.
pub struct Hangups {
    runtime: Runtime,
    signal: Signal,
}

impl Hangups {
    /// Hears SIGHUP, which does not end the process from now on.
    pub fn listen() -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let signal = {
            let _entered = runtime.enter();
            signal(SignalKind::hangup())?
        };
        Ok(Self { runtime, signal })
    }

    /// Reads the configuration again with each, and when its file has changed, for as long as the learn plane takes inputs.
    pub fn reload(self, layers: Layers, inputs: Sender<Input>) -> Result<()> {
        let Self { runtime, mut signal } = self;
        let follow = async move {
            let (mut watched, mut look) = (Watched::new(layers.file()), tokio::time::interval(LOOK_EVERY));
            // Two looks at once would say that a file stands still that is being written.
            look.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                let again = tokio::select! {
                    // A signal says more than a look, and what it has read is not looked for again.
                    biased;
                    heard = signal.recv() => match heard {
                        Some(()) => { watched.take(); true }
                        None => return,
                    },
                    _ = look.tick() => watched.has_changed(),
                };
                if again && inputs.send(Input::Reload(layers.again())).await.is_err() {
                    return;
                }
            }
        };
        std::thread::Builder::new()
            .name("reload".into())
            .spawn(move || runtime.block_on(follow))
            .context("cannot start the reload thread")?;
        Ok(())
    }
}
