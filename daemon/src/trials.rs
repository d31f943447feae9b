//! Trials: candidates are trained in a child process, here or on other machines, and whatever happens to it is an observation.
//!
//! Lives here: who runs them, and the supervisor that owns the child: spawn, deadline, respawn. What is sent is in
//! [`protocol`], what the child does in [`worker`]. Other machines are asked by the [`office`], and answer from their
//! [`station`]. May not: decide what is tried or what it means.

use std::io::{BufReader, BufWriter};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

mod cache;
pub mod desk;
pub mod letters;
pub mod office;
pub mod protocol;
pub mod station;
pub mod worker;

use desk::Traffic;
use office::{Office, OfficeConfig};
use protocol::{Request, Stretch, Trial, TrialReply};

/// How the child is started.
#[derive(Clone, Debug)]
pub struct WorkerCommand {
    /// The program, usually this one.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Longest time for one trial.
    pub seconds_max: u64,
}

/// A handle: requests in, exactly one reply each. Those of the child come in the order of the requests.
#[derive(Debug)]
pub struct Trials {
    child: Option<Sender<(Arc<Stretch>, Trial)>>,
    /// Workers on other machines, where there are to be any.
    workers: Option<Sender<(Arc<Stretch>, Trial)>>,
    replies: Receiver<TrialReply>,
    outstanding: usize,
    threads: Vec<JoinHandle<()>>,
    traffic: Arc<Mutex<Traffic>>,
}

impl Trials {
    /// All of them in a child, which is spawned with the first request.
    pub fn start(command: WorkerCommand) -> std::io::Result<Self> {
        Self::open(command, None)
    }

    /// By workers on other machines; what is to be measured here is run by a child all the same.
    pub fn with_workers(command: WorkerCommand, workers: OfficeConfig) -> std::io::Result<Self> {
        Self::open(command, Some(workers))
    }

    fn open(command: WorkerCommand, workers: Option<OfficeConfig>) -> std::io::Result<Self> {
        let (child, incoming) = mpsc::channel::<(Arc<Stretch>, Trial)>();
        let (outgoing, replies) = mpsc::channel();
        let (traffic, to_workers) = (Arc::new(Mutex::new(Traffic::default())), outgoing.clone());
        let thread = std::thread::Builder::new().name("trials".into()).spawn(move || {
            let mut supervisor = Supervisor { command, worker: None };
            for (stretch, trial) in incoming {
                if outgoing.send(supervisor.run(&stretch, trial)).is_err() {
                    break;
                }
            }
        })?;
        let mut trials = Self {
            child: Some(child),
            workers: None,
            replies,
            outstanding: 0,
            threads: vec![thread],
            traffic: Arc::clone(&traffic),
        };
        if let Some(config) = workers {
            let (workers, handed) = mpsc::channel();
            let office = Office::new(config, to_workers, traffic);
            let thread = std::thread::Builder::new().name("trials-office".into());
            trials.threads.push(thread.spawn(move || office.run(&handed))?);
            trials.workers = Some(workers);
        }
        Ok(trials)
    }

    /// Hands a trial over; never waits. What measures time measures this machine.
    pub fn submit(&mut self, stretch: Arc<Stretch>, trial: Trial) {
        let elsewhere = self.workers.as_ref().filter(|_| trial.compute_batch.is_none());
        let requests = elsewhere.or(self.child.as_ref());
        if requests.is_some_and(|requests| requests.send((stretch, trial)).is_ok()) {
            self.outstanding += 1;
        }
    }

    /// Waits for the child to end, so that the system counts what it has used; no trial runs afterwards.
    pub fn close(&mut self) {
        (self.child, self.workers) = (None, None);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a thread of trials panicked");
            }
        }
    }

    /// What came of those that other machines were asked to run.
    pub fn traffic(&self) -> Traffic {
        *self.traffic.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next reply if one is there.
    pub fn poll(&mut self) -> Option<TrialReply> {
        let reply = self.replies.try_recv().ok()?;
        self.outstanding -= 1;
        Some(reply)
    }

    /// The next reply, waiting for it; none if nothing is outstanding.
    pub fn wait(&mut self) -> Option<TrialReply> {
        if self.outstanding == 0 {
            return None;
        }
        let reply = self.replies.recv().ok()?;
        self.outstanding -= 1;
        Some(reply)
    }

    /// The same, waiting for so long at most.
    pub fn wait_for(&mut self, limit: Duration) -> Option<TrialReply> {
        let reply = self.replies.recv_timeout(limit).ok()?;
        self.outstanding -= 1;
        Some(reply)
    }
}

struct Worker {
    child: Child,
    stdin: BufWriter<ChildStdin>,
    replies: Receiver<TrialReply>,
    /// The stretch it knows.
    stretch: Option<u64>,
}

impl Worker {
    /// The stretch first, unless it is the one it knows.
    fn tell(&mut self, stretch: &Arc<Stretch>, trial: Trial) -> std::io::Result<()> {
        if self.stretch != Some(stretch.number) {
            protocol::write(&mut self.stdin, &Request::Stretch(Arc::clone(stretch)))?;
            self.stretch = Some(stretch.number);
        }
        protocol::write(&mut self.stdin, &Request::Trial(trial))
    }
}

struct Supervisor {
    command: WorkerCommand,
    worker: Option<Worker>,
}

impl Supervisor {
    /// One trial from start to end; a child that fails in any way is replaced for the next one.
    fn run(&mut self, stretch: &Arc<Stretch>, trial: Trial) -> TrialReply {
        let number = trial.number;
        let outcome = self.attempt(stretch, trial);
        outcome.unwrap_or_else(|reason| {
            self.bury();
            TrialReply::failed(number, reason)
        })
    }

    fn attempt(&mut self, stretch: &Arc<Stretch>, trial: Trial) -> Result<TrialReply, String> {
        let number = trial.number;
        if self.worker.is_none() {
            self.worker = Some(spawn(&self.command)?);
        }
        let worker = self.worker.as_mut().expect("it was put there just now");
        if let Err(error) = worker.tell(stretch, trial) {
            return Err(format!("the worker does not take requests: {error}{}", self.epitaph()));
        }
        let limit = Duration::from_secs(self.command.seconds_max);
        match worker.replies.recv_timeout(limit) {
            Ok(reply) if reply.number() == number => Ok(reply),
            Ok(reply) => Err(format!("the worker answered trial {} instead", reply.number())),
            Err(RecvTimeoutError::Timeout) => {
                Err(format!("took longer than {} s (trials.seconds_max) and was killed", limit.as_secs()))
            }
            Err(RecvTimeoutError::Disconnected) => Err(format!("the worker died{}", self.epitaph())),
        }
    }

    /// How the child ended, once its pipe is closed.
    fn epitaph(&mut self) -> String {
        let Some(worker) = self.worker.as_mut() else { return String::new() };
        match worker.child.try_wait() {
            Ok(Some(status)) => {
                format!(" ({status}; out of memory kills it too, see trials.memory_max_bytes)")
            }
            Ok(None) | Err(_) => String::new(),
        }
    }

    fn bury(&mut self) {
        if let Some(mut worker) = self.worker.take() {
            // It may be gone already; either way it must not stay a zombie.
            worker.child.kill().ok();
            worker.child.wait().ok();
        }
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.bury();
    }
}

fn spawn(command: &WorkerCommand) -> Result<Worker, String> {
    let mut child = Command::new(&command.program)
        .args(&command.arguments)
        // Also where this process was not started by `main`: results must not depend on the number of cores.
        .envs(crate::commands::ENVIRONMENT)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|error| format!("{} cannot be started: {error}", command.program.display()))?;
    let stdin = BufWriter::new(child.stdin.take().expect("stdin is piped"));
    let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
    let (sender, replies) = mpsc::channel();
    std::thread::Builder::new()
        .name("trial-replies".into())
        .spawn(move || {
            while let Ok(Some(reply)) = protocol::read(&mut stdout) {
                if sender.send(reply).is_err() {
                    break;
                }
            }
        })
        .map_err(|error| error.to_string())?;
    Ok(Worker { child, stdin, replies, stretch: None })
}

#[cfg(test)]
mod tests;
