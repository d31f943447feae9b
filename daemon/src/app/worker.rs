//! A worker on another machine, made and started: it takes trials from Kafka, and learns and serves nothing.
//!
//! Lives here: [`WorkerApp`]: pages, and a station that is opened again when it is lost. May not: run a trial.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use adapters::console::{Console, Status};
use adapters::http::{Health, Pages};
use anyhow::{Context as _, Result};
use tokio::sync::watch;

use super::pages::start_pages;
use super::{CLOSE_WAIT, POLL_WAIT, end_within};
use crate::clock::Clock;
use crate::config::Config;
use crate::storage::host;
use crate::telemetry::{Handled, Telemetry};
use crate::trials::WorkerCommand;
use crate::trials::letters::Stamp;
use crate::trials::station::{Station, StationConfig};

/// Between two tries to join the group.
const TRY_EVERY: Duration = Duration::from_secs(2);
/// How often the status page is brought up to date.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// A running worker.
pub struct WorkerApp {
    stop: Arc<AtomicBool>,
    work: JoinHandle<()>,
    http: JoinHandle<()>,
    address: SocketAddr,
}

/// What works.
struct Working {
    config: StationConfig,
    telemetry: Telemetry,
    health: watch::Sender<Health>,
    status: watch::Sender<Status>,
    clock: Clock,
    told_at: Option<Instant>,
    trouble: Option<String>,
}

impl WorkerApp {
    /// Starts working; `command` starts the process that runs one trial after the other.
    pub fn start(
        config: &Config,
        command: WorkerCommand,
        clock: Clock,
        stop: Arc<AtomicBool>,
    ) -> Result<Self> {
        let telemetry = Telemetry::new();
        telemetry.introduce(&config.name, "worker");
        let (health, health_seen) = watch::channel(Health { live: true, started: true, ..Health::default() });
        let (status, status_seen) = watch::channel(Status::default());
        let console = Console::new(status_seen, health_seen.clone());
        let pages = Pages { registry: telemetry.registry.clone(), health: health_seen, console };
        let (http, address) = start_pages(config, pages, None, Arc::clone(&stop))?;
        let station = StationConfig {
            model: config.name.clone(),
            id: format!("{}:{}", host(), std::process::id()),
            stamp: Stamp::of(config.learn.device),
            kafka: config.kafka.clone(),
            workers_max: config.learn.trials.workers_max,
            command,
        };
        let (told_at, trouble) = (None, None);
        let working = Working { config: station, telemetry, health, status, clock, told_at, trouble };
        let ends = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("work".into()).spawn(move || working.run(&ends));
        Ok(Self { stop, work: thread.context("cannot start the work thread")?, http, address })
    }

    /// Where its pages are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until told to stop, then for everything to have stopped.
    pub fn wait(self) -> Result<()> {
        let ended = self.work.join();
        self.stop.store(true, Ordering::Relaxed);
        if self.http.join().is_err() {
            tracing::error!("the http server panicked");
        }
        ended.map_err(|_| anyhow::anyhow!("working panicked; see the log above"))
    }
}

impl Working {
    /// Brokers that go away, and topics that are not there yet, are waited for: ending would help nobody.
    fn run(mut self, stop: &AtomicBool) {
        while !stop.load(Ordering::Relaxed) {
            let opened =
                Station::open(self.config.clone(), self.telemetry.station.clone(), self.clock.clone());
            match opened {
                Ok(station) => self.work(station, stop),
                Err(error) => self.lost(&format!("{error:#}")),
            }
            let until = Instant::now() + TRY_EVERY;
            while !stop.load(Ordering::Relaxed) && Instant::now() < until {
                std::thread::sleep(POLL_WAIT);
            }
        }
    }

    fn work(&mut self, mut station: Station, stop: &AtomicBool) {
        self.trouble = None;
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = station.turn() {
                self.lost(&error.to_string());
                return;
            }
            if self.told_at.is_none_or(|at| at.elapsed() >= TELL_EVERY) {
                self.told_at = Some(Instant::now());
                self.tell(station.health(), station.owns().len());
            }
        }
        self.health.send_modify(|health| health.ending = true);
        // Leaving the brokers may take long when they are away; it must not hold up the end.
        if let Err(error) = station.finish() {
            tracing::warn!("{error}");
        }
        end_within(std::thread::spawn(move || drop(station)), CLOSE_WAIT, "the consumer");
    }

    fn lost(&mut self, why: &str) {
        if self.trouble.as_deref() != Some(why) {
            tracing::warn!("no trials can be taken: {why}; it is tried again");
        }
        self.trouble = Some(why.to_owned());
        self.tell(Err(why.to_owned()), 0);
    }

    fn tell(&self, kafka: Result<(), String>, partitions: usize) {
        self.health.send_if_modified(|health| {
            let before = health.clone();
            health.ready = kafka.is_ok();
            health.set("kafka", kafka);
            *health != before
        });
        let page = self.page(partitions);
        self.status.send_if_modified(|status| {
            let changed = *status != page;
            *status = page;
            changed
        });
    }

    fn page(&self, partitions: usize) -> Status {
        let count = |what: Handled| self.telemetry.station.count(what).to_string();
        let facts = [
            ("Who it is", self.config.id.clone()),
            ("What it is", self.config.stamp.told()),
            ("Partitions of trials", partitions.to_string()),
            ("Trials done", count(Handled::Done)),
            ("Trials that failed", count(Handled::Failed)),
            ("Trials refused", count(Handled::Refused)),
        ];
        Status {
            title: format!("Driftform: {}, a worker", self.config.model),
            facts: facts.map(|(name, value)| (name.to_owned(), value)).into(),
            ..Status::default()
        }
    }
}
