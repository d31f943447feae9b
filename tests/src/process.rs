//! The real binary as a child: started, listened to, stopped politely or killed.
//!
//! Lives here: the child, its log, and waiting with a deadline. May not: know what the daemon says.

use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow, bail, ensure};
use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

/// Lines of its log that a child may be ahead of the test; it stalls at one more.
const LINES_AHEAD_MAX: usize = 65_536;
/// Lines of the log that a failure shows.
const LINES_SHOWN: usize = 40;
/// How often [`wait_until`] looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What a child does that a test can wait for.
enum Event {
    Line(String),
    Ended,
}

/// A running child; it is killed when dropped.
pub struct Process {
    child: Child,
    events: Receiver<Event>,
    ended: bool,
    recent: VecDeque<String>,
}

impl Process {
    /// The daemon's binary with these arguments, its log as JSON lines.
    pub fn driftform(arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = Command::new(binary()?);
        command.args(arguments);
        Self::start(command)
    }

    /// Starts a command; what it writes to standard error is its log, standard output is dropped.
    pub fn start(mut command: Command) -> anyhow::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child =
            command.spawn().with_context(|| format!("starting {}", command.get_program().display()))?;
        let log = child.stderr.take().context("standard error is piped")?;
        let (sender, events) = sync_channel(LINES_AHEAD_MAX);
        listen(log, sender.clone());
        watch_end(Pid::from_child(&child), sender);
        Ok(Self { child, events, ended: false, recent: VecDeque::new() })
    }

    /// The id by which the system knows the child.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The next line of the log that the condition accepts; lines before it are passed over.
    pub fn wait_for_line(
        &mut self,
        deadline: Duration,
        mut condition: impl FnMut(&str) -> bool,
    ) -> anyhow::Result<String> {
        let until = Instant::now() + deadline;
        loop {
            match self.next(until) {
                Some(Event::Line(line)) if condition(&line) => return Ok(line),
                // Last lines may arrive after the end: only silence is a reason to give up.
                Some(Event::Line(_) | Event::Ended) => {}
                None => bail!("no such line within {deadline:?}; the log ends with\n{}", self.tail()),
            }
        }
    }

    /// The exit status, once the child has ended by itself or by a signal.
    pub fn wait_exit(&mut self, deadline: Duration) -> anyhow::Result<ExitStatus> {
        let until = Instant::now() + deadline;
        while !self.ended {
            if self.next(until).is_none() {
                bail!("still running after {deadline:?}; the log ends with\n{}", self.tail());
            }
        }
        Ok(self.child.wait()?)
    }

    /// Whether the child has ended; what it has said so far is passed over.
    pub fn has_ended(&mut self) -> bool {
        while self.next(Instant::now()).is_some() {}
        self.ended
    }

    /// Kills the child at once, as `kill -9` does, and waits until it is gone.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        self.child.kill().context("killing the child")?;
        self.child.wait().context("waiting for the killed child")?;
        self.ended = true;
        Ok(())
    }

    /// Asks the child to stop, as an orchestrator does (SIGTERM).
    pub fn terminate(&self) -> anyhow::Result<()> {
        ensure!(!self.ended, "the child has already ended");
        kill_process(Pid::from_child(&self.child), Signal::TERM).context("sending SIGTERM")
    }

    /// Asks the child to read its configuration again (SIGHUP).
    pub fn hang_up(&self) -> anyhow::Result<()> {
        ensure!(!self.ended, "the child has already ended");
        kill_process(Pid::from_child(&self.child), Signal::HUP).context("sending SIGHUP")
    }

    /// The last lines of the log that were read.
    pub fn tail(&self) -> String {
        self.recent.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }

    fn next(&mut self, until: Instant) -> Option<Event> {
        let event = self.events.recv_timeout(until.saturating_duration_since(Instant::now())).ok()?;
        match &event {
            Event::Line(line) => {
                self.recent.push_back(line.clone());
                if self.recent.len() > LINES_SHOWN {
                    self.recent.pop_front();
                }
            }
            Event::Ended => self.ended = true,
        }
        Some(event)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only for a child that is already gone.
        drop(self.kill());
    }
}

/// Looks again and again until the condition gives a value, at most until the deadline.
pub fn wait_until<T>(
    what: &str,
    deadline: Duration,
    mut condition: impl FnMut() -> Option<T>,
) -> anyhow::Result<T> {
    let until = Instant::now() + deadline;
    // Nobody ever sends: the channel is a pause that needs no sleep.
    let (_silent, pause) = channel::<()>();
    loop {
        if let Some(value) = condition() {
            return Ok(value);
        }
        ensure!(Instant::now() < until, "{what}: not within {deadline:?}");
        match pause.recv_timeout(LOOK_EVERY) {
            Ok(()) | Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}

/// The daemon's binary, built once a test run with the profile and the features of the tests.
pub fn binary() -> anyhow::Result<&'static Path> {
    static BINARY: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match BINARY.get_or_init(|| build().map_err(|error| format!("{error:#}"))) {
        Ok(path) => Ok(path),
        Err(message) => Err(anyhow!("building driftform: {message}")),
    }
}

/// With `--workspace` rather than `-p daemon`: features are then those of the tests, and nothing that
/// they have compiled is compiled again.
fn build() -> anyhow::Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    // What cargo tells of this package is not what it told whoever built the dependencies: some are built again where one
    // of these differs, here and, once this has ended, there.
    for (name, _) in std::env::vars_os() {
        let is_of_package =
            |name: &str| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_");
        if name.to_str().is_some_and(is_of_package) {
            cargo.env_remove(&name);
        }
    }
    let profile = if cfg!(debug_assertions) { "dev" } else { "release" };
    let output = cargo
        .args(["build", "--workspace", "--bin", "driftform", "--message-format", "json-render-diagnostics"])
        .args(["--profile", profile])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .context("running cargo")?;
    ensure!(output.status.success(), "cargo ended with {}", output.status);
    let messages = String::from_utf8(output.stdout).context("cargo's messages")?;
    messages.lines().find_map(executable).context("cargo names no executable")
}

fn executable(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    (message["target"]["name"] == "driftform").then(|| message["executable"].as_str().map(PathBuf::from))?
}

/// Passes on the log, line by line, until it ends or nobody listens.
fn listen(log: impl Read + Send + 'static, events: SyncSender<Event>) {
    thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            if events.send(Event::Line(line)).is_err() {
                return;
            }
        }
    });
}

/// Tells when the child has ended, without collecting it: its id stays its own until the owner has done
/// so, and no signal can reach a stranger.
fn watch_end(child: Pid, events: SyncSender<Event>) {
    thread::spawn(move || {
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(WaitId::Pid(child), options), Err(Errno::INTR)) {}
        // A test that no longer listens has no use for the news.
        drop(events.send(Event::Ended));
    });
}

#[cfg(test)]
mod tests;
