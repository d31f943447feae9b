//! App: every object made and every task started, top to bottom.
//!
//! Lives here: [`App::start`], the learn thread's loop around [`Learn::turn`], and shutdown. May not:
//! do a stage's work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use adapters::codec::{DecodeError, JsonCodec};
use adapters::files::{InferOptions, Rows, infer};
use adapters::http::admin::{Admin, ORDERS_MAX, Order};
use adapters::http::key::{Key, Token};
use adapters::http::{Health, Pages, Status};
use adapters::kafka::{GroupSource, KafkaConfig, KafkaError, Polled, Sink, Source, TopicRole};
use adapters::store::StoreError;
use anyhow::{Context as _, Result};
use model::{Record, Timestamp};
use tokio::sync::{mpsc, watch};

use crate::config::{Config, StateConfig};
use crate::learn::{Learn, LearnError, Outside};
use crate::reader::Reader;
use crate::serve::{Answerer, Serve};
use crate::storage::Storage;
use crate::telemetry::{AuditEvent, Telemetry, Timeline};
use crate::trials::WorkerCommand;

/// Records in one unit of work of the learn plane.
pub const LEARN_BATCH_MAX: usize = 256;
/// How long one poll waits for records.
const POLL_WAIT: Duration = Duration::from_millis(100);
/// How long the broker may take for what is still queued at the end.
const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// How long consumers may take to leave the brokers at the end.
const CLOSE_WAIT: Duration = Duration::from_secs(3);
/// How often a dead letter is tried while the queue to the broker is full, each after [`FLUSH_WAIT`].
const BURY_ATTEMPTS_MAX: u32 = 60;
/// How often metrics and the status page are brought up to date.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// A running daemon.
pub struct App {
    stop: Arc<AtomicBool>,
    learn: JoinHandle<Result<Learn>>,
    serve: Option<JoinHandle<()>>,
    http: JoinHandle<()>,
    health: watch::Sender<Health>,
    consumed: Arc<AtomicU64>,
}

impl App {
    /// Builds everything and starts it; `story` hears every audit event.
    pub fn start(
        config: &Config,
        worker: WorkerCommand,
        stop: Arc<AtomicBool>,
        story: Option<Sender<AuditEvent>>,
    ) -> Result<Self> {
        let telemetry = Telemetry::new();
        let learn = open_learn(config, worker)?;
        learn.slot().set_memory_policy(config.memory_policy);
        let codec = JsonCodec::new(config.learn.schema.clone(), config.codec.clone())?;
        // What the stream has added before the restart.
        let codec = codec.widened(Arc::new(learn.state().schema().clone()));
        let kafka = &config.kafka;
        let source = open_source(kafka, &learn)?;
        let sink = Arc::new(Sink::open(kafka)?);
        let (health, health_seen) = watch::channel(Health { live: true, started: true, ..Health::default() });
        let (status, status_seen) = watch::channel(Status::default());
        let pages = Pages { registry: telemetry.registry.clone(), health: health_seen, status: status_seen };
        let serve = config.serve.answers.then(|| {
            let group = format!("driftform-{}-serve", config.name);
            let answerer = Answerer::new(Arc::clone(learn.slot()), codec.clone(), telemetry.clone())
                .holding_back(config.learn.holdback);
            let serve = Serve {
                answerer,
                source: GroupSource::open(kafka, &group, TopicRole::Events, &kafka.topics.events)?,
                // Its own: answers on their way must not hold up a snapshot.
                sink: Arc::new(Sink::open(kafka)?),
                topic: kafka.topics.predictions.clone(),
                batch_max: config.serve.batch_max,
            };
            start_serve(serve, Arc::clone(&stop), health.clone())
        });
        let serve = serve.transpose()?;
        let consumed = Arc::new(AtomicU64::new(0));
        let (orders, ordered) = mpsc::channel(ORDERS_MAX);
        let admin = Admin { token: Token::new()?, orders };
        let mut plane = LearnPlane {
            config: config.clone(),
            learn,
            reader: Reader::new(codec, config.learn.evolve),
            source,
            sink,
            telemetry,
            story,
            timeline: Timeline::default(),
            health: health.clone(),
            status,
            orders: ordered,
            since_snapshot: 0,
            unsaved: None,
            connected: true,
            consumed: Arc::clone(&consumed),
        };
        // Told once before anybody can ask, so that a probe is never answered from nothing.
        plane.tell();
        let http = start_http(config, pages, admin, Arc::clone(&stop))?;
        let learn = plane.start(Arc::clone(&stop))?;
        Ok(Self { stop, learn, serve, http, health, consumed })
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
        if self.http.join().is_err() {
            tracing::error!("the http server panicked");
        }
        ended?
    }
}

/// A learn plane where its last snapshot left off, or a cold one, taught by the history if there is one.
fn open_learn(config: &Config, worker: WorkerCommand) -> Result<Learn> {
    let device = config.learn.device.open()?;
    let width = config.learn.schema.features().len();
    let found = Storage::open(&config.state, &config.name, width, device)?;
    found.warnings.iter().for_each(|warning| tracing::warn!("{warning}"));
    let outside =
        Outside { segment: found.segment, storage: Some(found.storage), worker, waits_for_trials: false };
    if let Some(snapshot) = found.snapshot {
        let mut learn = Learn::resume(config.learn.clone(), snapshot, outside)?;
        tracing::info!("resumed after {} outcomes", learn.state().outcomes);
        learn.tell_started(found.warnings);
        return Ok(learn);
    }
    let mut learn = Learn::cold(config.learn.clone(), outside)?;
    if let Some(path) = &config.history {
        let target = infer(path, &InferOptions::default())?.target;
        let rows = Rows::open(path, &config.learn.schema, &target)?;
        let taught = learn.bootstrap(rows.map(|row| row.map_err(anyhow::Error::from)))?;
        tracing::info!("learned {taught} rows of history from {}", path.display());
    }
    learn.tell_started(found.warnings);
    Ok(learn)
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

/// A serve plane that ends by itself is not alive, whatever the learn plane says.
fn start_serve(serve: Serve, stop: Arc<AtomicBool>, health: watch::Sender<Health>) -> Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("serve".into()).spawn(move || {
        let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| serve.run(&stop)));
        match ended {
            Ok(Ok(())) => return,
            Ok(Err(error)) => tracing::error!("the serve plane stopped: {error}"),
            Err(_) => tracing::error!("the serve plane panicked; see the log above"),
        }
        health.send_modify(|health| health.live = false);
    });
    thread.context("cannot start the serve thread")
}

fn start_http(config: &Config, pages: Pages, admin: Admin, stop: Arc<AtomicBool>) -> Result<JoinHandle<()>> {
    let listen = config.listen;
    let listener = std::net::TcpListener::bind(listen)
        .with_context(|| format!("cannot listen on {listen}; change http.listen"))?;
    listener.set_nonblocking(true)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let address = listener.local_addr()?;
    if let Err(error) = (Key { address, token: admin.token.clone() }).leave(&config.state.directory) {
        // Nothing that was earned waits for it; only people cannot give orders.
        tracing::warn!("no key for `driftform promote` in {}: {error}", config.state.directory.display());
    }
    tracing::info!("status page on http://{address}");
    let router = adapters::http::router(pages).merge(adapters::http::admin::router(admin));
    let stopped = async move {
        while !stop.load(Ordering::Relaxed) {
            tokio::time::sleep(POLL_WAIT).await;
        }
    };
    let thread = std::thread::Builder::new().name("http".into()).spawn(move || {
        let served = runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            adapters::http::serve(listener, router, stopped).await
        });
        if let Err(error) = served {
            tracing::error!("the http server stopped: {error}");
        }
    });
    thread.context("cannot start the http thread")
}

/// The learn thread: records in, [`Learn::turn`], durability, telemetry.
struct LearnPlane {
    config: Config,
    learn: Learn,
    reader: Reader,
    source: Source,
    sink: Arc<Sink>,
    telemetry: Telemetry,
    story: Option<Sender<AuditEvent>>,
    timeline: Timeline,
    health: watch::Sender<Health>,
    status: watch::Sender<Status>,
    /// What people ask for.
    orders: mpsc::Receiver<Order>,
    since_snapshot: u64,
    /// Why the last snapshot could not be written.
    unsaved: Option<String>,
    /// Whether a broker could be reached when it was last told.
    connected: bool,
    consumed: Arc<AtomicU64>,
}

impl LearnPlane {
    fn start(self, stop: Arc<AtomicBool>) -> Result<JoinHandle<Result<Learn>>> {
        let thread = std::thread::Builder::new().name("learn".into()).spawn(move || {
            let ended = self.run(&stop);
            if let Err(error) = &ended {
                tracing::error!("the learn plane stopped: {error:#}");
            }
            ended
        });
        thread.context("cannot start the learn thread")
    }

    fn run(mut self, stop: &AtomicBool) -> Result<Learn> {
        let (mut snapshot_at, mut told_at) = (Instant::now(), Instant::now());
        while !stop.load(Ordering::Relaxed) {
            self.turn(stop)?;
            if told_at.elapsed() >= TELL_EVERY {
                told_at = Instant::now();
                self.tell();
            }
            if self.snapshot_due(snapshot_at.elapsed()) {
                snapshot_at = Instant::now();
                if let Err(error) = self.snapshot() {
                    tracing::error!("no snapshot: {error}");
                    if is_fenced(&error) {
                        return Err(error);
                    }
                }
            }
        }
        let saved = self.snapshot();
        self.tell();
        if let Err(error) = self.sink.flush(FLUSH_WAIT) {
            tracing::warn!("{error}");
        }
        saved?;
        let Self { learn, source, .. } = self;
        // Leaving the brokers may take long when they are away; it must not hold up the end.
        end_within(std::thread::spawn(move || drop(source)), CLOSE_WAIT, "the consumer");
        Ok(learn)
    }

    /// One unit of work around the learn plane's own.
    fn turn(&mut self, stop: &AtomicBool) -> Result<()> {
        if let Err(error) = self.learn.make_room() {
            // Records are safe where they are. Serving goes on, and so does this once the disk takes rows again.
            self.unsaved = Some(error.to_string());
            std::thread::sleep(POLL_WAIT);
            return Ok(());
        }
        let polled = self.source.poll(LEARN_BATCH_MAX, POLL_WAIT)?;
        self.since_snapshot += polled.len() as u64;
        let mut records = Vec::with_capacity(polled.len());
        for record in &polled {
            let role = role_name(record.role);
            self.telemetry.records.with_label_values(&[role]).inc();
            if let Err(error) = self.reader.read(record, &mut records) {
                self.bury(record, role, &error)?;
            }
        }
        if records.iter().any(|record| matches!(record, Record::Adoption(_))) && !self.written_out(stop) {
            return Ok(());
        }
        self.learn.passed(now())?;
        self.take_orders()?;
        self.learn.turn(records, self.source.positions())?;
        self.tell_happened();
        self.consumed.fetch_add(polled.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    /// What people asked for since the last unit of work.
    fn take_orders(&mut self) -> Result<()> {
        while let Ok(Order { promote, answer }) = self.orders.try_recv() {
            let told = self.learn.approve(promote.challenger, &promote.by)?;
            // Who asked may have gone; the journal has it.
            answer.send(told).ok();
        }
        Ok(())
    }

    /// A record that cannot be read goes where it can be found again; positions wait for it.
    fn bury(&mut self, record: &Polled, role: &str, error: &DecodeError) -> Result<()> {
        self.telemetry.dead_letters.with_label_values(&[role]).inc();
        tracing::warn!(
            "{} partition {} offset {} goes to the dead letters: {error}",
            record.topic,
            record.partition,
            record.offset
        );
        for _ in 0..BURY_ATTEMPTS_MAX {
            match self.sink.dead_letter(record, "decode", error.reason(), &error.to_string()) {
                Err(KafkaError::QueueFull { .. }) => {
                    if let Err(error) = self.sink.flush(FLUSH_WAIT) {
                        tracing::warn!("the dead letters wait: {error}");
                    }
                }
                other => return Ok(other?),
            }
        }
        anyhow::bail!("the dead letters cannot be written, so reading stops here: nothing is lost")
    }

    /// Rows become wider, so those before must be on the disk; whether they are, or it is time to stop.
    fn written_out(&mut self, stop: &AtomicBool) -> bool {
        while let Err(error) = self.learn.write_out() {
            if stop.load(Ordering::Relaxed) {
                return false;
            }
            self.unsaved = Some(error.to_string());
            self.tell();
            std::thread::sleep(POLL_WAIT);
        }
        true
    }

    /// What happened, for people; the lines that are on the disk, for the decisions topic.
    fn tell_happened(&mut self) {
        for event in self.learn.happened() {
            self.record(event);
        }
        let decisions = &self.config.kafka.topics.decisions;
        for line in self.learn.lines() {
            self.telemetry.decisions.inc();
            if let Err(error) = self.sink.cloud_event(decisions, &line) {
                tracing::warn!("{error}");
            }
        }
    }

    fn record(&mut self, event: AuditEvent) {
        self.telemetry.record(&event);
        if event.is_detail() {
            return;
        }
        self.timeline.push(&event, self.learn.state().outcomes);
        if let Some(story) = &self.story {
            // The listener may be gone; the story is for it alone.
            story.send(event).ok();
        }
    }

    fn snapshot_due(&self, elapsed: Duration) -> bool {
        let state: &StateConfig = &self.config.state;
        let late = self.since_snapshot > 0 && elapsed >= Duration::from_secs(state.snapshot_every_seconds);
        // One that could not be written is not tried with every unit of work.
        late || (self.since_snapshot >= state.snapshot_every_records && self.unsaved.is_none())
    }

    /// State first, then positions for others to see. A snapshot that cannot be written is said and tried
    /// again: what it would have kept is still in the topics.
    fn snapshot(&mut self) -> Result<()> {
        let committed = self.sink.flush(FLUSH_WAIT).map_err(anyhow::Error::from);
        let committed = committed.and_then(|()| Ok(self.learn.commit_state()?));
        self.unsaved = committed.as_ref().err().map(ToString::to_string);
        self.tell_happened();
        match &committed {
            Ok(()) => {
                self.since_snapshot = 0;
                self.telemetry.snapshots.inc();
                if let Err(error) = self.source.commit(&self.learn.state().positions) {
                    tracing::warn!("{error}");
                }
            }
            Err(_) => self.telemetry.snapshot_failures.inc(),
        }
        committed
    }

    /// Once when the brokers go away, once when they are back.
    fn tell_connection(&mut self) {
        let connected = self.source.connected();
        if connected != self.connected {
            self.connected = connected;
            if connected {
                tracing::info!("the brokers are back");
            } else {
                tracing::warn!("no broker can be reached; answers and learning go on when they are back");
            }
        }
    }

    fn tell(&mut self) {
        self.telemetry.update(&self.learn);
        self.telemetry.lag_records.set(i64::try_from(self.source.lag()).unwrap_or(i64::MAX));
        self.status.send_replace(self.timeline.status(&self.config.name, &self.learn, &self.telemetry));
        let cold = self.learn.slot().load().prior_only;
        let champion = if cold {
            let needed = self.config.learn.cold_outcomes;
            Err(format!("only the prior is served: {} of {needed} labels", self.learn.state().outcomes))
        } else {
            Ok(())
        };
        let trouble = self.learn.storage().and_then(|storage| storage.decisions().trouble());
        let state = self.unsaved.clone().or(trouble.map(str::to_owned)).map_or(Ok(()), Err);
        self.tell_connection();
        let kafka = if self.source.connected() {
            Ok(())
        } else {
            Err(self.source.trouble().unwrap_or_else(|| "no broker can be reached".into()))
        };
        let ready = !cold || self.config.serve.ready_when_cold;
        self.health.send_modify(|health| {
            health.ready = ready;
            health.checks =
                vec![("champion".into(), champion), ("kafka".into(), kafka), ("state".into(), state)];
        });
    }
}

/// Whether another process has taken over: whatever this one still did would be undone or do harm.
fn is_fenced(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(LearnError::Store(StoreError::Fenced { .. })))
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

/// This machine's clock.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

fn role_name(role: TopicRole) -> &'static str {
    match role {
        TopicRole::Events => "events",
        TopicRole::Labels => "labels",
        TopicRole::Metrics => "metrics",
        TopicRole::Predictions | TopicRole::Other => "other",
    }
}
