//! A follower, made and started: it serves what its leader serves, and learns nothing.
//!
//! Lives here: [`FollowerApp`]: pages first, roads once the first model is there, then swaps. May not: choose models.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use adapters::codec::JsonCodec;
use adapters::console::{Console, Status};
use adapters::http::{Health, Pages};
use anyhow::{Context as _, Result};
use model::Pasts;
use tokio::sync::watch;

use super::pages::start_pages;
use super::{CLOSE_WAIT, POLL_WAIT, end_within, open_serve, start_serve};
use crate::clock::Clock;
use crate::config::Config;
use crate::fleet::Follower;
use crate::serve::{Lately, Oip, Roads};
use crate::slot::{self, Served, Slot};
use crate::telemetry::Telemetry;

/// A running follower.
pub struct FollowerApp {
    stop: Arc<AtomicBool>,
    follow: JoinHandle<Result<()>>,
    http: JoinHandle<()>,
    address: SocketAddr,
}

/// What serves, and how it is swapped.
struct Following {
    config: Config,
    follower: Follower,
    telemetry: Telemetry,
    health: watch::Sender<Health>,
    clock: Clock,
}

impl FollowerApp {
    /// Starts following; nothing is answered before the first model is there.
    pub fn start(config: &Config, clock: Clock, stop: Arc<AtomicBool>) -> Result<Self> {
        let telemetry = Telemetry::new();
        telemetry.introduce(&config.name, "follower");
        let (health, health_seen) = watch::channel(Health { live: true, started: true, ..Health::default() });
        let (status, status_seen) = watch::channel(Status::default());
        let console = Console::new(status_seen, health_seen.clone());
        let pages = Pages { registry: telemetry.registry.clone(), health: health_seen, console };
        let follower = Follower::new(config, telemetry.clone(), health.clone(), status)?;
        let (http, address) = start_pages(config, pages, None, Arc::clone(&stop))?;
        let following = Following { config: config.clone(), follower, telemetry, health, clock };
        let ends = Arc::clone(&stop);
        let thread = std::thread::Builder::new().name("follow".into()).spawn(move || {
            let ended = following.run(&ends);
            if let Err(error) = &ended {
                tracing::error!("following stopped: {error:#}");
                // Without it nothing here is worth keeping up.
                ends.store(true, Ordering::Relaxed);
            }
            ended
        });
        Ok(Self { stop, follow: thread.context("cannot start the follow thread")?, http, address })
    }

    /// Where its pages are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until told to stop, then for everything to have stopped.
    pub fn wait(self) -> Result<()> {
        let ended = self.follow.join();
        self.stop.store(true, Ordering::Relaxed);
        if self.http.join().is_err() {
            tracing::error!("the http server panicked");
        }
        ended.map_err(|_| anyhow::anyhow!("following panicked; see the log above"))?
    }
}

impl Following {
    fn run(mut self, stop: &Arc<AtomicBool>) -> Result<()> {
        let Some(first) = self.first(stop) else { return Ok(()) };
        let slot = Arc::new(slot::open(first)?);
        let roads = self.open_roads(&slot, stop)?;
        self.telemetry.serves(&slot);
        self.health.send_modify(|health| health.ready = true);
        while !stop.load(Ordering::Relaxed) {
            if let Some(next) = self.follower.turn(POLL_WAIT) {
                slot.refresh(next);
            }
            self.telemetry.serves(&slot);
        }
        for thread in roads {
            end_within(thread, CLOSE_WAIT + self.config.oip.drain, "a road");
        }
        // Leaving the brokers may take long when they are away; it must not hold up the end.
        let Self { follower, .. } = self;
        end_within(std::thread::spawn(move || drop(follower)), CLOSE_WAIT, "following");
        Ok(())
    }

    fn first(&mut self, stop: &AtomicBool) -> Option<Served> {
        while !stop.load(Ordering::Relaxed) {
            if let Some(served) = self.follower.turn(POLL_WAIT) {
                return Some(served);
            }
        }
        None
    }

    /// The same roads as a leader's.
    fn open_roads(&self, slot: &Arc<Slot>, stop: &Arc<AtomicBool>) -> Result<Vec<JoinHandle<()>>> {
        let Self { config, telemetry, health, .. } = self;
        let codec = JsonCodec::new(Arc::clone(&config.learn.schema), config.codec.clone())?;
        let codec = codec.widened(Arc::clone(slot.load().model.schema()));
        // What it answers is all that it reads.
        let lately = Lately::of(slot.load().model.schema().sequences(), Pasts::default());
        let oip = Oip::open(&Roads {
            config,
            slot,
            codec: &codec,
            telemetry,
            health,
            clock: self.clock.clone(),
            lately: lately.clone(),
        })?;
        let oip = oip.map(|oip| oip.start(Arc::clone(stop))).transpose()?;
        let mut threads = oip.unwrap_or_default().threads;
        if let Some((serve, outlet)) = open_serve(config, slot, &codec, telemetry, health, lately)? {
            threads.push(start_serve(serve, outlet, Arc::clone(stop), health.clone())?);
        }
        Ok(threads)
    }
}
