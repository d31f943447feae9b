//! App: every object made and every task started, top to bottom.
//!
//! Lives here: [`App::start`], and shutdown. May not: do a stage's work.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use adapters::codec::JsonCodec;
use adapters::console::{self, Console};
use adapters::http::admin::{Admin, ORDERS_MAX};
use adapters::http::{Health, Pages};
use adapters::kafka::{GroupSource, KafkaConfig, Sink, Source, TopicRole, TransactionalSink};
use adapters::oip::ask::Asker;
use anyhow::{Context as _, Result};
use tokio::sync::{mpsc, watch};

use crate::asking::Asking;
use crate::clock::Clock;
use crate::config::{Config, ExternalConfig, RunBy};
use crate::fleet::Publishing;
use crate::import;
use crate::learn::{Learn, Outside};
use crate::reader::Reader;
use crate::readings::Readings;
use crate::repository::Repository;
use crate::serve::{Answerer, Answering, Lately, Oip, Outlet, Roads, Serve};
use crate::slot::Slot;
use crate::storage::{self, Storage};
use crate::telemetry::{AuditEvent, Shown, Telemetry};
use crate::trials::desk::Patience;
use crate::trials::letters::Stamp;
use crate::trials::office::OfficeConfig;
use crate::trials::{Trials, WorkerCommand};

/// Records in one unit of work of the learn plane.
pub const LEARN_BATCH_MAX: usize = 256;
/// How long one poll waits for records.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// How long consumers may take to leave the brokers at the end.
const CLOSE_WAIT: Duration = Duration::from_secs(3);

mod follower;
mod inputs;
mod pages;
mod plane;
mod worker;

pub use follower::FollowerApp;
pub use inputs::{Hangups, Input};
pub use worker::WorkerApp;

use inputs::INPUTS_MAX;
use pages::{start_pages, token};
use plane::LearnPlane;

/// A running daemon.
pub struct App {
    stop: Arc<AtomicBool>,
    learn: JoinHandle<Result<Learn>>,
    serve: Option<JoinHandle<()>>,
    http: JoinHandle<()>,
    oip: Answering,
    readings: Option<JoinHandle<()>>,
    inputs: mpsc::Sender<Input>,
    health: watch::Sender<Health>,
    consumed: Arc<AtomicU64>,
    address: SocketAddr,
}

impl App {
    /// Builds everything and starts it; deadlines pass by `clock`, `story` hears every audit event.
    pub fn start(
        config: &Config,
        worker: WorkerCommand,
        clock: Clock,
        stop: Arc<AtomicBool>,
        story: Option<Sender<AuditEvent>>,
    ) -> Result<Self> {
        let telemetry = Telemetry::new();
        telemetry.introduce(&config.name, "leader");
        let learn = open_learn(config, worker)?;
        learn.slot().set_memory_policy(config.memory_policy);
        let codec = JsonCodec::new(config.learn.schema.clone(), config.codec.clone())?;
        // What the stream has added before the restart.
        let codec = codec.widened(Arc::new(learn.state().schema().clone()));
        let kafka = &config.kafka;
        let source = open_source(kafka, &learn)?;
        let (health, health_seen) = watch::channel(Health { live: true, started: true, ..Health::default() });
        let (status, status_seen) = watch::channel(console::Status::default());
        let console = Console::new(status_seen, health_seen.clone());
        let pages = Pages { registry: telemetry.registry.clone(), health: health_seen, console };
        let lately = Lately::after(learn.state());
        let serve = open_serve(config, learn.slot(), &codec, &telemetry, &health, lately.clone())?;
        let serve =
            serve.map(|(serve, outlet)| start_serve(serve, outlet, Arc::clone(&stop), health.clone()));
        let serve = serve.transpose()?;
        let clock = clock.not_before(learn.state().lifecycle.now());
        telemetry.snapshots.started(clock.now());
        let oip = Oip::open(&Roads {
            config,
            slot: learn.slot(),
            codec: &codec,
            telemetry: &telemetry,
            health: &health,
            clock: clock.clone(),
            lately: lately.clone(),
        })?;
        let consumed = Arc::new(AtomicU64::new(0));
        let (orders, ordered) = mpsc::channel(ORDERS_MAX);
        let admin = Admin { token: token(&config.admin)?, orders };
        let (inputs, coming) = mpsc::channel(INPUTS_MAX);
        let publishing = Publishing::open(config, &learn, &telemetry.fleet)?;
        let repository = Repository::open(config.repository.as_ref(), &telemetry.repository)?;
        // Until the first record is read it has waited since now.
        let read_until = clock.now();
        let mut plane = LearnPlane {
            config: config.clone(),
            clock,
            learn,
            lately,
            reader: Reader::new(codec, config.learn.evolve),
            asking: asking(config, &telemetry),
            source,
            sink: Sink::open(kafka)?,
            publishing,
            repository,
            telemetry,
            story,
            shown: Shown::default(),
            health: health.clone(),
            status,
            orders: ordered,
            inputs: coming,
            since_snapshot: 0,
            held: None,
            buried: false,
            read_until,
            refused: 0,
            unsaved: None,
            connected: true,
            consumed: Arc::clone(&consumed),
        };
        let readings = open_readings(config, &inputs, &plane.telemetry)?;
        // Told once before anybody can ask, so that a probe is never answered from nothing.
        plane.tell();
        let oip = oip.map(|oip| oip.start(Arc::clone(&stop))).transpose()?.unwrap_or_default();
        let (http, address) = start_pages(config, pages, Some(admin), Arc::clone(&stop))?;
        let readings = readings.map(|readings| readings.start(Arc::clone(&stop))).transpose()?;
        let learn = plane.start(Arc::clone(&stop))?;
        Ok(Self { stop, learn, serve, http, oip, readings, inputs, health, consumed, address })
    }

    /// Where its pages are.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the Open Inference Protocol is answered: by HTTP and by gRPC, each if it is.
    pub fn oip_addresses(&self) -> [Option<SocketAddr>; 2] {
        self.oip.addresses
    }

    /// Where inputs go that are neither in a topic nor orders of people.
    pub fn inputs(&self) -> mpsc::Sender<Input> {
        self.inputs.clone()
    }

    /// Records the learn plane has consumed, for a producer that paces itself by it.
    pub fn consumed(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.consumed)
    }

    /// Waits until told to stop, then for everything to have stopped; the learn plane as it ended.
    pub fn wait(self) -> Result<Learn> {
        let ended =
            self.learn.join().map_err(|_| anyhow::anyhow!("the learn plane panicked; see the log above"));
        if !self.stop.load(Ordering::Relaxed) {
            // Serving goes on with what it has; whoever watches `/livez` decides about a restart.
            tracing::error!("the learn plane has stopped; answers go on without learning");
            self.health.send_modify(|health| health.live = false);
        }
        if let Some(serve) = self.serve {
            while !self.stop.load(Ordering::Relaxed) {
                std::thread::sleep(POLL_WAIT);
            }
            end_within(serve, CLOSE_WAIT, "the serve plane");
        }
        if let Some(readings) = self.readings {
            end_within(readings, CLOSE_WAIT, "asking Prometheus");
        }
        for thread in self.oip.threads {
            end_within(thread, CLOSE_WAIT + self.oip.drain, "the open inference protocol");
        }
        if self.http.join().is_err() {
            tracing::error!("the http server panicked");
        }
        ended?
    }
}

/// A learn plane where its last snapshot left off, or a cold one, taught by the history if there is one.
fn open_learn(config: &Config, worker: WorkerCommand) -> Result<Learn> {
    let device = config.learn.device.open()?;
    let found = Storage::open(&config.state, &config.name, device)?;
    found.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let trials = open_trials(config, worker)?;
    let outside =
        Outside { records: found.records, storage: Some(found.storage), trials, waits_for_trials: false };
    if let Some(snapshot) = found.snapshot {
        if config.first_model.is_some() {
            tracing::info!("`cold_start.model` is not read: there is a state already, and it goes on");
        }
        let mut learn = Learn::resume(config.learn.clone(), snapshot, outside)?;
        tracing::info!("resumed after {} outcomes", learn.state().outcomes);
        // A relief that was under way is gone, the breach it was to answer may not be.
        learn.measure_champion();
        learn.tell_started(found.warnings);
        return Ok(learn);
    }
    let mut learn = Learn::cold(config.learn.clone(), outside)?;
    import::begin(config, &mut learn)?;
    if let Some(path) = &config.history {
        let taught = learn.bootstrap(import::history(path, &config.learn.schema)?)?;
        tracing::info!("learned {taught} rows of history from {}", path.display());
    }
    learn.tell_started(found.warnings);
    Ok(learn)
}

/// Whoever runs trials.
fn open_trials(config: &Config, worker: WorkerCommand) -> Result<Trials> {
    let limits = &config.learn.trials;
    if limits.run_by == RunBy::Child {
        return Ok(Trials::start(worker)?);
    }
    let office = OfficeConfig {
        kafka: config.kafka.clone(),
        stamp: Stamp::of(config.learn.device),
        patience: Patience { reissue: limits.reissue, give_up: limits.give_up },
        cache_bytes_max: limits.cache_bytes_max,
        workers_max: limits.workers_max,
    };
    Ok(Trials::with_workers(worker, office)?)
}

/// Whoever asks Prometheus, where it is to be asked.
fn open_readings(
    config: &Config,
    inputs: &mpsc::Sender<Input>,
    telemetry: &Telemetry,
) -> Result<Option<Readings>> {
    let Some(prometheus) = &config.prometheus else { return Ok(None) };
    let queries = config.learn.budget.queries();
    Ok(Some(Readings::new(prometheus, queries, inputs.clone(), telemetry.clone())?))
}

/// Whoever asks a champion that is not ours, where it is to be asked.
fn asking(config: &Config, telemetry: &Telemetry) -> Option<Asking> {
    let Some(ExternalConfig::Oip(ask)) = &config.external else { return None };
    Some(Asking::new(Asker::new(ask.clone()), ask.timeout, telemetry.asked.clone()))
}

fn open_source(kafka: &KafkaConfig, learn: &Learn) -> Result<Source> {
    let topics = [
        (TopicRole::Events, kafka.topics.events.as_str()),
        (TopicRole::Labels, kafka.topics.labels.as_str()),
        (TopicRole::Metrics, kafka.topics.metrics.as_str()),
    ];
    let source = Source::open(kafka, &topics, &learn.state().positions)?;
    for lost in source.lost() {
        tracing::error!(
            "offset {} of {} partition {} is no longer there; going on with {}, the records between are lost",
            lost.wanted,
            lost.topic,
            lost.partition,
            lost.resumed
        );
    }
    Ok(source)
}

/// The serve plane of the Kafka road, if there is to be one.
fn open_serve(
    config: &Config,
    slot: &Arc<Slot>,
    codec: &JsonCodec,
    telemetry: &Telemetry,
    health: &watch::Sender<Health>,
    lately: Option<Lately>,
) -> Result<Option<(Serve, Outlet)>> {
    if !config.serve.answers {
        return Ok(None);
    }
    let kafka = &config.kafka;
    let group = format!("driftform-{}-serve", config.name);
    let answerer = Answerer::new(Arc::clone(slot), codec.clone(), telemetry.clone())
        .holding_back(config.learn.holdback)
        .knowing(lately);
    // A producer of its own: answers on their way must not hold up a snapshot.
    let outlet = if config.serve.exactly_once {
        let id = format!("{group}-{}", storage::host());
        Outlet::ExactlyOnce(TransactionalSink::open(kafka, &id)?)
    } else {
        Outlet::AtLeastOnce(Sink::open(kafka)?)
    };
    let serve = Serve {
        answerer,
        source: GroupSource::open(kafka, &group, TopicRole::Events, &kafka.topics.events)?,
        topic: kafka.topics.predictions.clone(),
        batch_max: config.serve.batch_max,
        telemetry: telemetry.clone(),
        health: health.clone(),
    };
    Ok(Some((serve, outlet)))
}

/// A serve plane that ends by itself is not alive, whatever the learn plane says.
fn start_serve(
    serve: Serve,
    outlet: Outlet,
    stop: Arc<AtomicBool>,
    health: watch::Sender<Health>,
) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("serve".into()).spawn(move || {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| serve.run(outlet, &stop)));
        match ended {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::error!("the serve plane stopped: {error}"),
            Err(_) => tracing::error!("the serve plane panicked; see the log above"),
        }
        health.send_modify(|health| health.live = false);
    });
    thread.context("cannot start the serve thread")
}

/// Waits for a thread that only tidies up, but not for ever.
fn end_within(thread: JoinHandle<()>, limit: Duration, what: &str) {
    let until = Instant::now() + limit;
    while !thread.is_finished() && Instant::now() < until {
        std::thread::sleep(Duration::from_millis(10));
    }
    if !thread.is_finished() {
        tracing::warn!("{what} has not ended within {limit:?}; it is left behind");
    } else if thread.join().is_err() {
        tracing::error!("{what} panicked");
    }
}
