//! What every road in has in common: who is asked, within which limits, and what is counted.
//!
//! Lives here: [`Front`], from a request to its answer. May not: know HTTP or gRPC, compute an answer, or choose what
//! serves.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use model::{EventId, Generation, Row, Schema, Timestamp};
use prometheus::{HistogramVec, IntCounterVec};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use super::answers::{self, Answers};
use super::error::{Reason, Refusal};
use super::features::{self, Columns};
use super::queue::{Question, Queue, Told};
use super::request::Request;
use super::stats::Stats;
use super::tensor::Tensor;
use crate::chance;
use crate::codec::{Envelope, JsonCodec, Marks};
use crate::http::Health;
use crate::text::shortened;

type Answering = oneshot::Receiver<Result<Answers, Refusal>>;

/// What is counted of an answer that was given.
pub const OK: &str = "ok";

/// How much is taken at once.
#[derive(Clone, Copy, Debug)]
pub struct FrontLimits {
    /// Requests under way.
    pub requests_max: usize,
    /// Bytes of one.
    pub request_bytes_max: usize,
    /// Rows of one.
    pub rows_max: usize,
    /// How long an answer is of use.
    pub deadline: Duration,
    /// Connections of each road in.
    pub connections_max: usize,
    /// How long one may ask for nothing before it is closed.
    pub idle: Duration,
}

/// A version that can be asked.
#[derive(Clone, Debug)]
pub struct Version {
    /// Its number.
    pub generation: Generation,
    /// Reads and writes what it knows.
    pub codec: Arc<JsonCodec>,
}

impl Version {
    /// What it takes and says.
    pub fn schema(&self) -> &Arc<Schema> {
        self.codec.schema()
    }
}

/// What is counted.
#[derive(Clone, Debug)]
pub struct Meter {
    /// Requests that were answered or refused, by protocol and what became of them.
    pub requests: IntCounterVec,
    /// Seconds from a request to its answer, by protocol.
    pub seconds: HistogramVec,
}

/// Who is asked, and how; clones are the same one.
#[derive(Clone)]
pub struct Front {
    /// The model's name.
    pub model: Arc<str>,
    /// What serves now.
    pub current: Arc<dyn Fn() -> Version + Send + Sync>,
    /// What served before, as long as that is kept.
    pub displaced: Arc<dyn Fn() -> Option<Version> + Send + Sync>,
    /// Where questions go.
    pub queue: Queue,
    /// What the probes say.
    pub health: watch::Receiver<Health>,
    /// What time it is.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Within which limits.
    pub limits: FrontLimits,
    /// Share of rows, by their id, that are told to those who learn.
    pub log_events: f64,
    /// Whether answers say that they are not to be acted on.
    pub holds_back: bool,
    /// Counts.
    pub meter: Meter,
    /// Counts for those who ask over the protocol.
    pub stats: Arc<Stats>,
    /// Ids of requests that bring none.
    pub names: Arc<Names>,
    /// One for each request that may be under way.
    pub under_way: Arc<Semaphore>,
}

/// Ids for requests that bring none: no two are alike, in this run or another.
#[derive(Debug)]
pub struct Names {
    run: String,
    next: AtomicU64,
}

impl Names {
    /// Those of a run, which begins them with a number from the system's source of chance.
    pub fn of_this_run() -> io::Result<Self> {
        Ok(Self::of_run(format!("{:016x}", u64::from_le_bytes(chance::bytes()?))))
    }

    /// Those of a run that no other run is called like.
    pub(super) fn of_run(run: String) -> Self {
        Self { run, next: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        format!("{}-{}", self.run, self.next.fetch_add(1, Ordering::Relaxed))
    }
}

/// The answer to a request.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) model: Arc<str>,
    pub(super) generation: Generation,
    pub(super) prior_only: bool,
    pub(super) shadow: bool,
    pub(super) id: String,
    /// Outputs, and whether each goes as raw bytes.
    pub(super) outputs: Vec<(Tensor, bool)>,
}

impl Front {
    /// Room for a request, before it is read; it is taken until the value is dropped.
    pub(super) fn admit(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        let room = Arc::clone(&self.under_way).try_acquire_owned().map_err(|_| {
            let most = self.limits.requests_max;
            Refusal::new(Reason::Overloaded, format!("{most} requests are under way; try again soon"))
        })?;
        if self.queue.has_room() { Ok(room) } else { Err(no_room()) }
    }

    /// The version that is asked for, if the model has that name and the version can be asked.
    pub(super) fn find(&self, model: &str, version: Option<Generation>) -> Result<Version, Refusal> {
        if model != &*self.model {
            return Err(Refusal::new(
                Reason::NotFound,
                format!("no model `{}`; this one is `{}`", shortened(model), self.model),
            ));
        }
        let current = (self.current)();
        match version {
            None => Ok(current),
            Some(wanted) if wanted == current.generation => Ok(current),
            Some(wanted) => match (self.displaced)() {
                Some(displaced) if wanted == displaced.generation => Ok(displaced),
                displaced => {
                    Err(no_version(wanted, current.generation, displaced.map(|known| known.generation)))
                }
            },
        }
    }

    /// Whether requests may come.
    pub(super) fn is_ready(&self) -> bool {
        self.health.borrow().is_ready()
    }

    /// Answers a request.
    pub(super) async fn infer(
        &self,
        model: &str,
        version: Option<Generation>,
        request: Request,
        asked: Instant,
    ) -> Result<Reply, Refusal> {
        let asked_of = self.find(model, version)?;
        let replied = self.replied(&asked_of, version, request, asked).await;
        self.stats.ended(replied.is_ok(), asked.elapsed());
        replied
    }

    async fn replied(
        &self,
        asked_of: &Version,
        version: Option<Generation>,
        request: Request,
        asked: Instant,
    ) -> Result<Reply, Refusal> {
        let schema = asked_of.schema();
        let id = request.id.filter(|id| !id.is_empty()).unwrap_or_else(|| self.names.next());
        // Before anything is computed: whoever asks for what does not exist hears so at once.
        answers::chosen(&request.wanted, request.binary, schema, self.holds_back)?;
        let (question, answered) = {
            let tensors = features::tensors(request.inputs, schema)?;
            let columns = Columns::find(&tensors, schema, self.limits.rows_max)?;
            let ids = ids(&id, columns.rows())?;
            let told = self.told(&ids, &columns, &asked_of.codec);
            self.question(columns.to_rows()?, ids, version, told, asked)
        };
        let Answers { generation, schema, prior_only, shadow, answers } =
            self.answer(question, answered).await?;
        // By the schema of who answered: it may have grown since the request was read.
        let chosen = answers::chosen(&request.wanted, request.binary, &schema, self.holds_back)?;
        let tensor = |(described, binary)| Ok((answers::tensor(described, &answers, &schema)?, binary));
        let outputs = chosen.into_iter().map(tensor).collect::<Result<_, Refusal>>()?;
        Ok(Reply { model: Arc::clone(&self.model), generation, prior_only, shadow, id, outputs })
    }

    /// Answers an event as the events topic has it, with what the predictions topic would say.
    pub(super) async fn predict(&self, event: &[u8], asked: Instant) -> Result<Vec<u8>, Refusal> {
        let predicted = self.predicted(event, asked).await;
        self.stats.ended(predicted.is_ok(), asked.elapsed());
        predicted
    }

    async fn predicted(&self, event: &[u8], asked: Instant) -> Result<Vec<u8>, Refusal> {
        let Version { codec, .. } = (self.current)();
        let envelope = Envelope::from((self.clock)());
        let sample = codec
            .decode_sample(event, envelope)
            .map_err(|error| Refusal::invalid(format!("not an event: {error}")))?;
        let (id, time) = (sample.id.clone(), sample.time);
        let told = self.is_told(&id).then(|| serde_json::from_slice(event).ok()).flatten();
        let told = told.map(|event| Told { row: 0, event }).into_iter().collect();
        let (question, answered) = self.question(vec![sample.row], vec![sample.id], None, told, asked);
        let Answers { generation, schema, shadow, answers, .. } = self.answer(question, answered).await?;
        let codec =
            if Arc::ptr_eq(codec.schema(), &schema) { codec } else { Arc::new(codec.widened(schema)) };
        let Some(answer) = answers.first() else { return Err(no_answer()) };
        let marks = Marks { holdback: answer.holdback, shadow };
        Ok(codec.encode_prediction(&id, time, generation, &answer.output, answer.decision, marks))
    }

    fn question(
        &self,
        rows: Vec<Row>,
        ids: Vec<EventId>,
        version: Option<Generation>,
        told: Vec<Told>,
        asked: Instant,
    ) -> (Question, Answering) {
        let (reply, answered) = oneshot::channel();
        let until = asked + self.limits.deadline;
        (Question { rows, ids, version, told, asked, until, reply }, answered)
    }

    async fn answer(&self, question: Question, answered: Answering) -> Result<Answers, Refusal> {
        self.queue.ask(question).map_err(|_| no_room())?;
        // Whoever took it and let it fall has said why in the log.
        answered.await.unwrap_or_else(|_| Err(no_answer()))
    }

    fn is_told(&self, id: &EventId) -> bool {
        id.draw() < self.log_events
    }

    fn told(&self, ids: &[EventId], columns: &Columns<'_>, codec: &JsonCodec) -> Vec<Told> {
        let told = ids.iter().enumerate().filter(|(_, id)| self.is_told(id));
        told.map(|(row, id)| Told { row, event: codec.event(id, (self.clock)(), columns.told(row)) })
            .collect()
    }

    /// Counts a request that came then.
    pub(super) fn count(&self, protocol: &str, refused: Option<Reason>, asked: Instant) {
        let result = refused.map_or(OK, Reason::name);
        self.meter.requests.with_label_values(&[protocol, result]).inc();
        self.meter.seconds.with_label_values(&[protocol]).observe(asked.elapsed().as_secs_f64());
    }
}

/// The id of each row: the request's own where there is one row, else with the row's number behind it.
fn ids(id: &str, rows: usize) -> Result<Vec<EventId>, Refusal> {
    let named = |name: &str| EventId::new(name).map_err(|error| Refusal::invalid(error.to_string()));
    match rows {
        1 => Ok(vec![named(id)?]),
        rows => (0..rows).map(|row| named(&format!("{id}/{row}"))).collect(),
    }
}

fn no_room() -> Refusal {
    Refusal::new(Reason::Overloaded, "more is asked than can be answered now; try again soon")
}

fn no_answer() -> Refusal {
    Refusal::new(Reason::Internal, "the answer was lost; see the log of the daemon")
}

/// What is said of a version that cannot be asked (any more).
pub fn no_version(wanted: Generation, current: Generation, displaced: Option<Generation>) -> Refusal {
    let displaced = displaced.map_or_else(String::new, |displaced| format!(" and {}", displaced.0));
    Refusal::new(
        Reason::NotFound,
        format!(
            "no version {}: there is {}{displaced}; without a version, whichever serves answers",
            wanted.0, current.0
        ),
    )
}
