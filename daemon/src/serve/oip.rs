//! Oip: the serve plane of the HTTP and gRPC roads: two listeners, and a few threads that read, answer and write.
//!
//! Lives here: making them and starting them. How questions are answered is in [`super::clerk`], what becomes of answers
//! that are told in [`super::ledger`]. May not: learn, or read a request.

use std::fmt::Display;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::sync_channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use adapters::codec::JsonCodec;
use adapters::http::Health;
use adapters::kafka::Sink;
use adapters::oip::{Door, Front, Names, Queue, Stats, Tls, Version, grpc, http};
use anyhow::{Context as _, Result};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinError;

use super::clerk::Clerk;
use super::lately::Lately;
use super::ledger::{LEDGER_MAX, Ledger};
use crate::clock::Clock;
use crate::config::{Config, OipConfig};
use crate::slot::{Served, Slot};
use crate::telemetry::Telemetry;

/// How often servers look whether they are to stop.
const STOP_LOOK: Duration = Duration::from_millis(100);
/// How long requests under way may take at the very end.
const DRAIN_WAIT: Duration = Duration::from_secs(2);

/// What the roads need.
pub struct Roads<'a> {
    /// Limits and addresses.
    pub config: &'a Config,
    /// Who answers.
    pub slot: &'a Arc<Slot>,
    /// Reads events and writes answers.
    pub codec: &'a JsonCodec,
    /// Counts.
    pub telemetry: &'a Telemetry,
    /// What the probes say; is told when a road ends by itself.
    pub health: &'a watch::Sender<Health>,
    /// What time it is.
    pub clock: Clock,
    /// What is known of the events before each one, where they carry any.
    pub lately: Option<Lately>,
}

/// The roads in, listening, and those who answer; nothing is answered before [`Oip::start`].
pub struct Oip {
    front: Front,
    http: Option<Listening>,
    grpc: Option<Listening>,
    health: watch::Sender<Health>,
    drain: Duration,
    clerks: Vec<Clerk>,
    ledger: Option<Ledger>,
}

/// An address that is ours, and what has to be spoken there.
struct Listening {
    listener: std::net::TcpListener,
    tls: Option<Tls>,
}

/// The roads in, while they answer.
#[derive(Default)]
pub struct Answering {
    /// Each ends by itself after the daemon was told to stop.
    pub threads: Vec<JoinHandle<()>>,
    /// Where HTTP and gRPC are answered, each if it is.
    pub addresses: [Option<SocketAddr>; 2],
    /// How long requests are answered after that.
    pub drain: Duration,
}

impl Oip {
    /// Listens where the configuration says so; none where it names no address.
    pub fn open(roads: &Roads<'_>) -> Result<Option<Self>> {
        let oip = &roads.config.oip;
        if oip.http.is_none() && oip.grpc.is_none() {
            return Ok(None);
        }
        let http = Listening::at(oip, oip.http, "serve.http_listen", http::ALPN)?;
        let grpc = Listening::at(oip, oip.grpc, "serve.grpc_listen", grpc::ALPN)?;
        let queue = Queue::new(oip.queue, roads.telemetry.front.queue_rows.clone());
        let (told, ledger) = if oip.log_events > 0.0 {
            let (told, telling) = sync_channel(LEDGER_MAX);
            let kafka = &roads.config.kafka;
            let ledger = Ledger {
                telling,
                sink: Sink::open(kafka)?,
                topic: kafka.topics.events.clone(),
                codec: roads.codec.clone(),
                telemetry: roads.telemetry.clone(),
            };
            (Some(told), Some(ledger))
        } else {
            (None, None)
        };
        let stats: Arc<Stats> = Arc::default();
        let clerk = || Clerk {
            slot: Arc::clone(roads.slot),
            queue: queue.clone(),
            stats: Arc::clone(&stats),
            telemetry: roads.telemetry.clone(),
            clock: roads.clock.clone(),
            rows_max: roads.config.serve.batch_max,
            holdback: roads.config.learn.holdback,
            told: told.clone(),
            lately: roads.lately.clone(),
        };
        let clerks = (0..oip.threads).map(|_| clerk()).collect();
        let front = front(roads, queue.clone(), stats)?;
        let (health, drain) = (roads.health.clone(), oip.drain);
        Ok(Some(Self { front, http, grpc, health, drain, clerks, ledger }))
    }

    /// Answers until told to stop.
    pub fn start(self, stop: Arc<AtomicBool>) -> Result<Answering> {
        let addresses = [&self.http, &self.grpc].map(|road| road.as_ref()?.listener.local_addr().ok());
        for ((what, road), address) in [("http", &self.http), ("grpc", &self.grpc)].into_iter().zip(addresses)
        {
            if let Some(address) = address {
                let secret = road.as_ref().is_some_and(|road| road.tls.is_some());
                tracing::info!(
                    "open inference protocol on {what}{}://{address}",
                    if secret { "s" } else { "" }
                );
            }
        }
        let Self { front, http, grpc, health, drain, clerks, ledger } = self;
        let answering = clerks.len();
        let mut threads = Vec::new();
        let mut start = |name: &str, work: Box<dyn FnOnce() + Send>| -> Result<()> {
            let thread = std::thread::Builder::new().name(name.into()).spawn(work);
            threads.push(thread.with_context(|| format!("cannot start the {name} thread"))?);
            Ok(())
        };
        if let Some(ledger) = ledger {
            start("ledger", Box::new(move || ledger.run()))?;
        }
        let runtime = runtime(answering)?;
        for clerk in clerks {
            runtime.spawn(clerk.run());
        }
        start(
            "oip",
            Box::new(move || {
                let stopped = drained(stop, health.clone(), drain);
                runtime.block_on(serve(front.clone(), http, grpc, &health, stopped));
                // Whoever waits still has been waited for long enough: they hear that the connection ends.
                front.queue.close();
                runtime.shutdown_timeout(DRAIN_WAIT);
            }),
        )?;
        Ok(Answering { threads, addresses, drain })
    }
}

/// Where requests are read and answered. One thread takes turns strictly: several have queues of their own, in which a connection
/// may wait long while others come again and again.
fn runtime(threads: usize) -> std::io::Result<Runtime> {
    let mut builder = match threads {
        1 => Builder::new_current_thread(),
        several => {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(several).thread_name("oip");
            builder
        }
    };
    builder.enable_all().build()
}

fn front(roads: &Roads<'_>, queue: Queue, stats: Arc<Stats>) -> Result<Front> {
    let oip = &roads.config.oip;
    let (slot, known) = (Arc::clone(roads.slot), Known(Mutex::new(Arc::new(roads.codec.clone()))));
    let known = Arc::new(known);
    let current = {
        let (slot, known) = (Arc::clone(&slot), Arc::clone(&known));
        move || known.version(&slot.load())
    };
    let clock = roads.clock.clone();
    Ok(Front {
        model: roads.config.name.as_str().into(),
        current: Arc::new(current),
        displaced: Arc::new(move || slot.displaced().map(|displaced| known.version(&displaced))),
        queue,
        health: roads.health.subscribe(),
        clock: Arc::new(move || clock.now()),
        limits: oip.limits,
        log_events: oip.log_events,
        holds_back: roads.config.learn.holdback > 0.0,
        meter: roads.telemetry.front.meter.clone(),
        stats,
        names: Arc::new(Names::of_this_run()?),
        under_way: Arc::new(Semaphore::new(oip.limits.requests_max)),
    })
}

/// The codec of the schema that was asked about last: it changes only where the schema grows.
struct Known(Mutex<Arc<JsonCodec>>);

impl Known {
    fn version(&self, served: &Served) -> Version {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let schema = served.model.schema();
        if !Arc::ptr_eq(known.schema(), schema) {
            *known = Arc::new(known.widened(Arc::clone(schema)));
        }
        Version { generation: served.generation, codec: Arc::clone(&known) }
    }
}

impl Listening {
    fn at(
        oip: &OipConfig,
        address: Option<SocketAddr>,
        key: &str,
        alpn: &'static [u8],
    ) -> Result<Option<Self>> {
        let Some(address) = address else { return Ok(None) };
        let listener = std::net::TcpListener::bind(address)
            .with_context(|| format!("cannot listen on {address}; change {key}"))?;
        listener.set_nonblocking(true)?;
        let tls = oip.tls.clone().map(|files| Tls::open(files, alpn)).transpose()?;
        Ok(Some(Self { listener, tls }))
    }

    /// Inside a runtime.
    fn door(self) -> std::io::Result<Door> {
        let Self { listener, tls } = self;
        Ok(Door { listener: tokio::net::TcpListener::from_std(listener)?, tls })
    }
}

/// Both roads, until told to stop; then requests under way are finished, within a limit.
async fn serve(
    front: Front,
    http: Option<Listening>,
    grpc: Option<Listening>,
    health: &watch::Sender<Health>,
    stopped: impl Future<Output = ()> + Send + 'static,
) {
    let (tell, told) = watch::channel(());
    let by_http = {
        let (front, stop) = (front.clone(), gone(told.clone()));
        async move {
            let Some(listening) = http else { return Ok(()) };
            http::serve(listening.door()?, front, stop).await;
            Ok::<_, std::io::Error>(())
        }
    };
    let by_grpc = {
        let stop = gone(told);
        async move {
            let Some(listening) = grpc else { return Ok(()) };
            let door = listening.door().map_err(|error| error.to_string())?;
            grpc::serve(door, front, stop).await
        }
    };
    let end = async {
        stopped.await;
        drop(tell);
        tokio::time::sleep(DRAIN_WAIT).await;
    };
    // Each on a task of its own, so that they do not share one thread.
    let (by_http, by_grpc) = (tokio::spawn(by_http), tokio::spawn(by_grpc));
    let both = async {
        tell_end("http", by_http.await, health);
        tell_end("grpc", by_grpc.await, health);
    };
    tokio::select! {
        () = both => {}
        () = end => tracing::warn!("requests were under way at the end, and are not waited for"),
    }
}

/// A road that ends by itself is not alive, whatever the rest of the daemon says.
fn tell_end<E: Display>(road: &str, ended: Result<Result<(), E>, JoinError>, health: &watch::Sender<Health>) {
    let why = match ended {
        Ok(Ok(())) => return,
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    };
    tracing::error!("the {road} road stopped: {why}");
    health.send_modify(|health| health.live = false);
}

/// Until told to stop, and as long after it as whoever sends requests may need to hear that they should go elsewhere.
async fn drained(stop: Arc<AtomicBool>, health: watch::Sender<Health>, drain: Duration) {
    while !stop.load(Ordering::Relaxed) {
        tokio::time::sleep(STOP_LOOK).await;
    }
    health.send_modify(|health| health.ending = true);
    tokio::time::sleep(drain).await;
}

/// Until whoever would tell something has gone.
async fn gone(mut told: watch::Receiver<()>) {
    while told.changed().await.is_ok() {}
}
