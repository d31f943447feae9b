//! Plane: the learn thread's loop around [`Learn::turn`].
//!
//! Lives here: records in, dead letters and decisions out, durability, telemetry. May not: do a stage's work.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::Sender;
use std::thread::JoinHandle;
use std::time::Duration;

use adapters::codec::DecodeError;
use adapters::console::Status;
use adapters::http::Health;
use adapters::http::admin::{Erase, Order, Promote, SetBudget, Steer, Steering, Wish};
use adapters::kafka::{KafkaError, Polled, Positions, Sink, Source, TopicRole};
use adapters::store::StoreError;
use anyhow::{Context as _, Result};
use model::{EventId, Record, Sample, Timestamp};
use tokio::sync::{mpsc, oneshot, watch};

use super::{CLOSE_WAIT, Input, LEARN_BATCH_MAX, POLL_WAIT, end_within};
use crate::asking::Asking;
use crate::clock::Clock;
use crate::config::{Config, StateConfig};
use crate::fleet::Publishing;
use crate::join::Origin;
use crate::learn::{Incoming, Learn, LearnError, ServedEvents};
use crate::lifecycle;
use crate::reader::Reader;
use crate::repository::Repository;
use crate::serve::Lately;
use crate::telemetry::{AuditEvent, Shown, Telemetry};

/// How long the broker may take for what is still queued at the end.
const FLUSH_WAIT: Duration = Duration::from_secs(5);
/// How long it may take for decisions before a snapshot that says it has them; then the snapshot does not say so.
const DELIVERY_WAIT: Duration = Duration::from_millis(500);
/// How often a dead letter is tried while the queue to the broker is full, each after [`FLUSH_WAIT`].
const BURY_ATTEMPTS_MAX: u32 = 60;
/// How often metrics and the status page are brought up to date.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// The learn thread: records in, [`Learn::turn`], durability, telemetry.
pub(super) struct LearnPlane {
    pub(super) config: Config,
    pub(super) clock: Clock,
    pub(super) learn: Learn,
    /// What serving knows of the events before each one, where they carry any.
    pub(super) lately: Option<Lately>,
    pub(super) reader: Reader,
    /// Asks a champion that is not ours, where its answers do not come with the events.
    pub(super) asking: Option<Asking>,
    pub(super) source: Source,
    pub(super) sink: Sink,
    /// Tells those who follow, if anybody does.
    pub(super) publishing: Option<Publishing>,
    /// Keeps the champion for other servers, if there are any.
    pub(super) repository: Option<Repository>,
    pub(super) telemetry: Telemetry,
    pub(super) story: Option<Sender<AuditEvent>>,
    /// What the console shows.
    pub(super) shown: Shown,
    pub(super) health: watch::Sender<Health>,
    pub(super) status: watch::Sender<Status>,
    /// What people ask for.
    pub(super) orders: mpsc::Receiver<Order>,
    /// What comes from elsewhere.
    pub(super) inputs: mpsc::Receiver<Input>,
    pub(super) since_snapshot: u64,
    /// A unit of work that waits until the brokers have its dead letters.
    pub(super) held: Option<Unit>,
    /// Whether a dead letter may still be on its way.
    pub(super) buried: bool,
    /// When the last record was written that was read; before there was one, when reading began.
    pub(super) read_until: Timestamp,
    /// What brokers have refused so far.
    pub(super) refused: u64,
    /// Why the last snapshot could not be written.
    pub(super) unsaved: Option<String>,
    /// Whether a broker could be reached when it was last told.
    pub(super) connected: bool,
    pub(super) consumed: Arc<AtomicU64>,
}

/// An order that was followed, and who has not heard of it yet.
struct Agreed {
    done: String,
    answer: oneshot::Sender<Result<String, String>>,
}

/// What one unit of work takes in.
pub(super) struct Unit {
    records: Vec<Incoming>,
    /// Those after it.
    positions: Positions,
    /// Records read for it.
    polled: u64,
}

impl LearnPlane {
    pub(super) fn start(self, stop: Arc<AtomicBool>) -> Result<JoinHandle<Result<Learn>>> {
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
        let (mut snapshot_at, mut told_at) = (self.clock.now(), self.clock.now());
        while !stop.load(Ordering::Relaxed) {
            self.turn()?;
            if self.clock.elapsed(told_at) >= TELL_EVERY {
                told_at = self.clock.now();
                self.tell();
            }
            if self.snapshot_due(self.clock.elapsed(snapshot_at)) {
                snapshot_at = self.clock.now();
                // While no broker can be reached there is nothing to wait for.
                let wait = if self.source.connected() { DELIVERY_WAIT } else { Duration::ZERO };
                if let Err(error) = self.snapshot(wait) {
                    tracing::error!("no snapshot: {error}");
                    if is_fenced(&error) {
                        return Err(error);
                    }
                }
            }
        }
        let saved = self.snapshot(FLUSH_WAIT);
        self.tell();
        saved?;
        let Self { learn, source, publishing, repository, .. } = self;
        let repository = repository.and_then(Repository::close);
        if let Some(thread) = publishing.and_then(Publishing::close) {
            end_within(thread, CLOSE_WAIT, "publishing");
        }
        if let Some(thread) = repository {
            end_within(thread, CLOSE_WAIT, "keeping the repository");
        }
        // Leaving the brokers may take long when they are away; it must not hold up the end.
        end_within(std::thread::spawn(move || drop(source)), CLOSE_WAIT, "the consumer");
        Ok(learn)
    }

    /// One unit of work around the learn plane's own.
    fn turn(&mut self) -> Result<()> {
        if let Err(error) = self.learn.make_room() {
            // Records are safe where they are. Serving goes on, and so does this once the disk takes rows again.
            self.unsaved = Some(error.to_string());
            std::thread::sleep(POLL_WAIT);
            return Ok(());
        }
        let unit = self.held.take().map_or_else(|| self.read(), Ok)?;
        if self.buried && !self.delivered(POLL_WAIT) {
            self.held = Some(unit);
            return self.idle();
        }
        let Unit { records, positions, polled } = unit;
        self.work(records, positions)?;
        self.since_snapshot += polled;
        self.consumed.fetch_add(polled, Ordering::Relaxed);
        Ok(())
    }

    fn work(&mut self, records: Vec<Incoming>, positions: Positions) -> Result<()> {
        let now = self.clock.now();
        self.learn.passed(now)?;
        let answered = self.telemetry.answers.get() + self.telemetry.front.rows.get();
        self.learn.burned(now, ServedEvents { answered, failed: self.telemetry.answers_failed.get() });
        let changed = self.take_inputs();
        let agreed = self.take_orders()?;
        self.tell_lately(&records);
        self.learn.turn(records, positions)?;
        if let Some(publishing) = &mut self.publishing {
            publishing.turn(&self.learn, now);
        }
        if let Some(repository) = &mut self.repository {
            repository.turn(&self.learn, now);
        }
        self.tell_happened();
        if changed || !agreed.is_empty() { self.promise(agreed) } else { Ok(()) }
    }

    /// Serving hears of events that it did not answer itself.
    fn tell_lately(&self, records: &[Incoming]) {
        let Some(lately) = &self.lately else { return };
        for Incoming { record, .. } in records {
            if let Record::Sample(Sample { id, time, row, .. }) = record {
                lately.observe(id, *time, row);
            }
        }
    }

    /// What came from elsewhere since the last unit of work; whether a limit changed by it.
    fn take_inputs(&mut self) -> bool {
        let mut changed = false;
        while let Ok(input) = self.inputs.try_recv() {
            match input {
                Input::Readings(readings) => self.learn.read("prometheus", readings),
                Input::Reload(reloaded) => changed |= self.learn.reloaded(reloaded),
            }
        }
        changed
    }

    /// What people asked for since the last unit of work; those whose answer waits until it is durable.
    fn take_orders(&mut self) -> Result<Vec<Agreed>> {
        let mut agreed = Vec::new();
        while let Ok(Order { wish, answer }) = self.orders.try_recv() {
            let (told, waits) = self.follow(wish)?;
            match told {
                Ok(done) if waits => agreed.push(Agreed { done, answer }),
                // Who asked may have gone; the journal has it.
                told => drop(answer.send(told)),
            }
        }
        Ok(agreed)
    }

    /// What was done, or why it was not; and whether whoever asked hears so only once it is durable.
    fn follow(&mut self, wish: Wish) -> Result<(Result<String, String>, bool)> {
        Ok(match wish {
            Wish::Promote(Promote { challenger, by }) => (self.learn.approve(challenger, &by)?, false),
            Wish::Steer(Steer { what, by }) => (self.learn.steer(steered(what), &by)?, true),
            Wish::SetBudget(name, SetBudget { limit, by }) => {
                (self.learn.order_budget(&name, limit, by), true)
            }
            Wish::Erase(erase) => (self.erase(&erase), true),
            Wish::Budgets => (Ok(self.learn.budgets_told()), false),
        })
    }

    /// A disk that takes nothing is told to whoever asked; learning goes on, and they may ask again.
    fn erase(&mut self, erase: &Erase) -> Result<String, String> {
        let id = EventId::new(&erase.id).map_err(|error| error.to_string())?;
        if let Some(lately) = &self.lately {
            lately.forget(&id);
        }
        self.learn
            .erase(&id, &erase.by)
            .map_err(|error| format!("not all rows are erased, ask again: {error}"))
    }

    /// No topic has what was ordered on the admin interface or set in the configuration, nor its place among what a topic
    /// has, so the state is saved before anybody is told.
    fn promise(&mut self, agreed: Vec<Agreed>) -> Result<()> {
        let doubt = match self.snapshot(Duration::ZERO) {
            Ok(()) => String::new(),
            Err(error) if is_fenced(&error) => return Err(error),
            Err(error) => format!(", but a crash now would forget it: {error}"),
        };
        // Who is told so may look at once.
        self.tell();
        for Agreed { done, answer } in agreed {
            answer.send(Ok(format!("{done}{doubt}"))).ok();
        }
        Ok(())
    }

    /// Positions must not pass a dead letter that no broker has. Deadlines pass all the same.
    fn idle(&mut self) -> Result<()> {
        // Takes nothing, but hears whether brokers are there.
        self.source.poll(0, Duration::ZERO)?;
        let positions = self.learn.state().positions.clone();
        self.work(Vec::new(), positions)
    }

    /// The next records. What cannot be read is on its way to the dead letters.
    fn read(&mut self) -> Result<Unit> {
        let polled = self.source.poll(LEARN_BATCH_MAX, POLL_WAIT)?;
        self.read_until = polled.last().map_or(self.read_until, |record| record.timestamp);
        let (mut records, mut read) = (Vec::with_capacity(polled.len()), Vec::new());
        let mut shown = Vec::new();
        for record in &polled {
            let role = role_name(record.role);
            self.telemetry.records.with_label_values(&[role]).inc();
            if let Err(error) = self.reader.read(record, &mut read) {
                self.bury(record, role, &error)?;
            }
            let origin = origin(record);
            let sample = read.iter().position(|record| matches!(record, Record::Sample(_)));
            if let (Some(_), Some(at)) = (&self.asking, sample) {
                shown.extend(self.reader.shown(record).map(|row| (records.len() + at, row)));
            }
            records.extend(read.drain(..).map(|record| Incoming { origin, record }));
        }
        if let Some(asking) = &mut self.asking {
            asking.ask(self.reader.schema(), &mut records, &shown);
        }
        Ok(Unit { records, positions: self.source.positions(), polled: polled.len() as u64 })
    }

    /// A record that cannot be read goes where it can be found again; positions wait for it.
    fn bury(&mut self, record: &Polled, role: &str, error: &DecodeError) -> Result<()> {
        self.buried = true;
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

    /// What happened, for people; the lines that are on the disk, for the decisions topic.
    fn tell_happened(&mut self) {
        for event in self.learn.happened() {
            self.record(event);
        }
        for took in self.learn.took() {
            self.telemetry.durations.observe(took);
        }
        let topic = &self.config.kafka.topics.decisions;
        let Some(decisions) = self.learn.decisions_mut() else { return };
        while let Some(line) = decisions.unsent() {
            match self.sink.cloud_event(topic, line) {
                Ok(()) => {}
                // It stays, and is sent when there is room again.
                Err(KafkaError::QueueFull { .. }) => return,
                Err(error) => {
                    tracing::warn!("{error}");
                    decisions.some_refused();
                }
            }
            decisions.sent();
        }
    }

    /// Whether brokers have all that was sent to them, after a wait. What they refused for good is told.
    fn delivered(&mut self, wait: Duration) -> bool {
        if let Err(error) = self.sink.flush(wait) {
            tracing::debug!("{error}");
            return false;
        }
        self.buried = false;
        let refused = self.sink.failures() - self.refused;
        self.refused += refused;
        if refused > 0 {
            let why = self.sink.trouble().unwrap_or_default();
            tracing::error!(
                "brokers refused {refused} decisions or dead letters ({why}): decisions are in the journal, and records \
                 where they were read"
            );
        }
        if let Some(decisions) = self.learn.decisions_mut() {
            if refused > 0 {
                decisions.some_refused();
            }
            decisions.all_delivered();
        }
        true
    }

    fn record(&mut self, event: AuditEvent) {
        self.telemetry.record(&event, &self.learn);
        self.shown.hear(&event, &self.learn);
        if event.is_detail() {
            return;
        }
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
    /// again: what it would have kept is still in the topics. Brokers that are away are no reason to write none.
    fn snapshot(&mut self, wait: Duration) -> Result<()> {
        let started = self.clock.now();
        self.learn.write_down();
        self.tell_happened();
        self.delivered(wait);
        let committed = self.learn.commit_state().map_err(anyhow::Error::from);
        self.unsaved = committed.as_ref().err().map(ToString::to_string);
        self.tell_happened();
        let took = self.clock.elapsed(started);
        self.telemetry.snapshots.tried(committed.is_ok(), self.clock.now(), took);
        if committed.is_ok() {
            self.since_snapshot = 0;
            if let Err(error) = self.source.commit(&self.learn.state().positions) {
                tracing::warn!("{error}");
            }
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

    /// How far behind reading is: in records, and by the time of the last one.
    fn tell_lag(&self) {
        let behind = self.source.lag();
        self.telemetry.lag_records.set(i64::try_from(behind).unwrap_or(i64::MAX));
        let seconds = if behind > 0 { self.clock.elapsed(self.read_until).as_secs_f64() } else { 0.0 };
        self.telemetry.lag_seconds.set(seconds);
        self.telemetry.connected.set(i64::from(self.source.connected()));
    }

    pub(super) fn tell(&mut self) {
        self.telemetry.update(&self.learn);
        self.tell_lag();
        self.status.send_replace(self.shown.status(&self.config.name, &self.learn, Some(&self.telemetry)));
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
            for (name, result) in [("champion", champion), ("kafka", kafka), ("state", state)] {
                health.set(name, result);
            }
        });
    }
}

fn steered(what: Steering) -> lifecycle::Steer {
    match what {
        Steering::Pause => lifecycle::Steer::Pause,
        Steering::Resume => lifecycle::Steer::Resume,
        Steering::Search => lifecycle::Steer::Search,
        Steering::Rollback => lifecycle::Steer::RollBack,
    }
}

/// Whether another process has taken over: whatever this one still did would be undone or do harm.
fn is_fenced(error: &anyhow::Error) -> bool {
    matches!(error.downcast_ref(), Some(LearnError::Store(StoreError::Fenced { .. })))
}

/// Whose time it is that a record tells.
fn origin(record: &Polled) -> Origin {
    match record.role {
        TopicRole::Labels | TopicRole::Metrics => Origin::Labels(record.partition),
        TopicRole::Events | TopicRole::Predictions | TopicRole::Models | TopicRole::Other => {
            Origin::Events(record.partition)
        }
    }
}

fn role_name(role: TopicRole) -> &'static str {
    match role {
        TopicRole::Events => "events",
        TopicRole::Labels => "labels",
        TopicRole::Metrics => "metrics",
        TopicRole::Predictions | TopicRole::Models | TopicRole::Other => "other",
    }
}
