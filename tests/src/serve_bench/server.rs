//! Server: a process that answers, on one core, stopped in its tracks while another is timed.
//!
//! Lives here: what driftform and its peers have in common as processes. How each is started is in [`super::daemons`] and
//! [`super::peers`]. May not: time anything.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process_group};

use super::load::{Load, Road};
use crate::process::Process;

/// A server, and how to reach it.
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) model: String,
    pub(super) http: String,
    /// None where gRPC is not spoken.
    pub(super) grpc: Option<String>,
    /// Whether raw tensors behind JSON are taken.
    pub(super) takes_binary: bool,
    pub(super) process: Process,
}

impl Server {
    pub(super) fn takes(&self, load: Load) -> bool {
        match load.road {
            Road::Json => true,
            Road::Binary => self.takes_binary,
            Road::Grpc => self.grpc.is_some(),
        }
    }

    /// It and its children do nothing until they go on.
    pub(super) fn freeze(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// They go on.
    pub(super) fn thaw(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    /// Resident memory, in bytes.
    pub(super) fn resident(&self) -> Result<f64> {
        let path = format!("/proc/{}/status", self.process.id());
        let text = fs::read_to_string(&path).with_context(|| path.clone())?;
        let kibibytes = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).context(path)?;
        Ok(1024.0 * kibibytes.trim().trim_end_matches("kB").trim().parse::<f64>()?)
    }

    /// Seconds of a processor's time that its threads have taken, its children's not included.
    pub(super) fn processor_seconds(&self) -> Result<f64> {
        let mut nanoseconds = 0.0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            // One that has ended meanwhile is passed over.
            let Ok(text) = fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanoseconds += text.split(' ').next().context("a time")?.parse::<f64>()?;
        }
        Ok(1e-9 * nanoseconds)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let group = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw).context("an id")?;
        kill_process_group(group, signal).with_context(|| format!("signalling {}", self.name))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Fails only for one that has gone.
        drop(self.signal(Signal::KILL));
    }
}

/// The same command on one core, in a group of its own.
pub(super) fn on_core(command: &Command, core: Option<usize>) -> Command {
    let mut pinned = match core {
        Some(core) => {
            let mut pinned = Command::new("taskset");
            pinned.args(["-c", &core.to_string()]).arg(command.get_program());
            pinned
        }
        None => Command::new(command.get_program()),
    };
    pinned.args(command.get_args()).process_group(0);
    for (name, value) in command.get_envs() {
        if let Some(value) = value {
            pinned.env(name, value);
        }
    }
    pinned
}

/// This process, and what it starts from now on, on one core.
pub(super) fn stay_on(core: usize) -> Result<()> {
    let mut cores = rustix::thread::CpuSet::new();
    ensure!(core < rustix::thread::CpuSet::MAX_CPU, "there is no core {core}");
    cores.set(core);
    rustix::thread::sched_setaffinity(None, &cores).with_context(|| format!("staying on core {core}"))
}
