//! Office: the daemon's side of trials that workers on other machines run.
//!
//! Lives here: the thread that asks and hears, over Kafka. What is asked of whom, and what counts, the [`Desk`] knows. May not:
//! hold up whoever hands trials over.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use adapters::kafka::{
    Assembly, Batch, KafkaConfig, KafkaError, Positions, Sink, Source, TopicRole, cut, open_trials_topics,
    positions_near_end,
};

use super::desk::{Act, Desk, Patience, Traffic};
use super::letters::{self, Address, Letter, Stamp};
use super::protocol::{FRAME_BYTES_MAX, Stretch, Trial, TrialReply};

/// How long is waited for answers, and then for requests.
const TURN: Duration = Duration::from_millis(20);
/// The same while nobody waits for an answer.
const IDLE: Duration = Duration::from_millis(500);
/// Between two tries to reach the brokers.
const TRY_EVERY: Duration = Duration::from_secs(2);
/// Answers read at once.
const BATCH_MAX: usize = 64;
/// Records of answers that are read again at the start: what was answered before a restart is not asked again.
const REMEMBERED_RECORDS: i64 = 1_000;
/// Longest that brokers may take for a stretch or a letter.
const POST_WAIT: Duration = Duration::from_secs(30);

/// A letter is good for so many times as long as nobody may be heard of: there may be many before it.
const GOOD_FOR: u64 = 4;

/// What the office is told.
#[derive(Clone, Debug)]
pub struct OfficeConfig {
    /// Where the workers are.
    pub kafka: KafkaConfig,
    /// This program.
    pub stamp: Stamp,
    /// How long is waited.
    pub patience: Patience,
    /// Memory of what trials have shown.
    pub cache_bytes_max: usize,
    /// Partitions of the topic of trials, where it is created.
    pub workers_max: i32,
}

/// A trial that was handed over.
type Handed = (Arc<Stretch>, Trial);

/// The stretch that was asked about last.
struct Posted {
    stretch: Weak<Stretch>,
    digest: String,
    /// Until it is sent.
    pieces: Vec<Vec<u8>>,
    sent: Option<Result<Address, String>>,
}

/// A way to the workers.
struct Line {
    sink: Sink,
    source: Source,
    assembly: Assembly,
}

pub(super) struct Office {
    config: OfficeConfig,
    desk: Desk,
    line: Option<Line>,
    /// Where hearing goes on once brokers are back.
    heard_to: Option<Positions>,
    /// When the brokers are tried again, and why they have to be.
    again_at: Instant,
    trouble: Option<String>,
    posted: Option<Posted>,
    /// Not asked yet, each since then.
    pending: VecDeque<(Handed, Instant)>,
    began: Instant,
    replies: Sender<TrialReply>,
    traffic: Arc<Mutex<Traffic>>,
}

impl Office {
    pub(super) fn new(
        config: OfficeConfig,
        replies: Sender<TrialReply>,
        traffic: Arc<Mutex<Traffic>>,
    ) -> Self {
        Self {
            desk: Desk::new(config.patience, config.cache_bytes_max),
            config,
            line: None,
            heard_to: None,
            again_at: Instant::now(),
            trouble: None,
            posted: None,
            pending: VecDeque::new(),
            began: Instant::now(),
            replies,
            traffic,
        }
    }

    /// Until whoever hands trials over has gone.
    pub(super) fn run(mut self, handed: &Receiver<Handed>) {
        loop {
            if self.desk.is_idle() && self.pending.is_empty() {
                match handed.recv_timeout(IDLE) {
                    Ok(next) => self.pending.push_back((next, Instant::now())),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => return,
                }
            }
            loop {
                match handed.try_recv() {
                    Ok(next) => self.pending.push_back((next, Instant::now())),
                    Err(TryRecvError::Empty) => break,
                    Err(TryRecvError::Disconnected) => return,
                }
            }
            self.turn();
            self.tell_traffic();
        }
    }

    fn turn(&mut self) {
        if let Err(error) = self.reach() {
            self.lost(&error);
        }
        self.ask_pending();
        if let Err(error) = self.hear() {
            self.lost(&error);
        }
        let now = self.now();
        let late = self.desk.look(now);
        self.perform(late);
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Said once for each trouble, not with every try.
    fn lost(&mut self, error: &KafkaError) {
        let why = error.to_string();
        if self.trouble.as_ref() != Some(&why) {
            tracing::warn!("workers cannot be reached: {why}; it is tried again");
        }
        self.heard_to = self.line.take().map(|line| line.source.positions()).or(self.heard_to.take());
        self.trouble = Some(why);
        self.again_at = Instant::now() + TRY_EVERY;
    }

    fn reach(&mut self) -> Result<(), KafkaError> {
        if self.line.is_some() || Instant::now() < self.again_at {
            return Ok(());
        }
        let kafka = &self.config.kafka;
        self.desk.spread_over(open_trials_topics(kafka, self.config.workers_max)?);
        let topic = &kafka.topics.observations;
        let positions = match self.heard_to.clone() {
            Some(positions) => positions,
            None => positions_near_end(kafka, topic, REMEMBERED_RECORDS)?,
        };
        let source = Source::open(kafka, &[(TopicRole::Other, topic)], &positions)?;
        let assembly = Assembly::new(FRAME_BYTES_MAX);
        self.line = Some(Line { sink: Sink::open(kafka)?, source, assembly });
        self.trouble = None;
        // What is known already is not asked.
        self.hear_all()
    }

    fn hear_all(&mut self) -> Result<(), KafkaError> {
        let until = Instant::now() + POST_WAIT;
        while self.line.as_ref().is_some_and(|line| !line.source.at_end()) && Instant::now() < until {
            self.hear()?;
        }
        Ok(())
    }

    /// What workers have said since.
    fn hear(&mut self) -> Result<(), KafkaError> {
        let Some(line) = &mut self.line else {
            // Nothing can come; requests may.
            std::thread::sleep(TURN);
            return Ok(());
        };
        let mut heard = Vec::new();
        for record in line.source.poll(BATCH_MAX, TURN)? {
            let whole = line.assembly.add(&record.payload).map_err(|error| error.to_string());
            let read = whole.and_then(|whole| {
                whole.map(|whole| letters::read_said(&self.config.stamp, &whole.bytes)).transpose()
            });
            match read {
                Ok(said) => heard.extend(said),
                Err(why) => tracing::warn!("offset {} of {}: {why}", record.offset, record.topic),
            }
        }
        let now = self.now();
        for (speaker, news) in heard {
            let acts = self.desk.hear(speaker, news, now);
            self.perform(acts);
        }
        Ok(())
    }

    fn ask_pending(&mut self) {
        while let Some(((stretch, trial), since)) = self.pending.front().cloned() {
            match self.ask(&stretch, &trial) {
                Ok(acts) => self.perform(acts),
                Err(NotAsked::Failed(why)) => self.reply(TrialReply::failed(trial.number, why)),
                Err(NotAsked::NotNow) if since.elapsed() < self.config.patience.give_up => return,
                Err(NotAsked::NotNow) => {
                    let why = self.trouble.clone().unwrap_or_default();
                    let why = format!("no worker could be asked for trials.give_up_seconds: {why}");
                    self.reply(TrialReply::failed(trial.number, why));
                }
            }
            self.pending.pop_front();
        }
    }

    fn ask(&mut self, stretch: &Arc<Stretch>, trial: &Trial) -> Result<Vec<Act>, NotAsked> {
        let digest = self.digest(stretch);
        let question = letters::question(&self.config.stamp, &digest, trial);
        if let Some(acts) = self.desk.recall(&question, trial.number) {
            return Ok(acts);
        }
        let stretch = self.post()?;
        let good_for_seconds = self.config.patience.give_up.as_secs().saturating_mul(GOOD_FOR);
        let letter = Letter { stretch, good_for_seconds, trial: trial.clone() };
        let now = self.now();
        Ok(vec![self.desk.ask(question, letter, now)])
    }

    /// What a stretch is known by; all trials of a rung share one.
    fn digest(&mut self, stretch: &Arc<Stretch>) -> String {
        let stretch = Arc::downgrade(stretch);
        let known = self.posted.as_ref().filter(|posted| posted.stretch.ptr_eq(&stretch));
        if let Some(posted) = known {
            return posted.digest.clone();
        }
        let bytes = stretch.upgrade().map(|stretch| letters::stretch_bytes(&stretch)).unwrap_or_default();
        let (digest, pieces) = cut(&bytes);
        self.posted = Some(Posted { stretch, digest: digest.clone(), pieces, sent: None });
        digest
    }

    /// Where the stretch of the last question lies. It is sent once, when the first trial is really asked; nobody is asked
    /// before brokers have it.
    fn post(&mut self) -> Result<Address, NotAsked> {
        let Some(posted) = &mut self.posted else { return Err(NotAsked::NotNow) };
        if posted.sent.is_none() {
            let Some(line) = &self.line else { return Err(NotAsked::NotNow) };
            let topic = &self.config.kafka.topics.stretches;
            let sent = deliver(&line.sink, topic, &posted.digest, &std::mem::take(&mut posted.pieces));
            let digest = posted.digest.clone();
            posted.sent = Some(sent.map(|(partition, offset)| Address { digest, partition, offset }));
        }
        match &posted.sent {
            Some(Ok(address)) => Ok(address.clone()),
            Some(Err(why)) => Err(NotAsked::Failed(format!("its stretch could not be sent: {why}"))),
            None => Err(NotAsked::NotNow),
        }
    }

    fn perform(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Reply(reply) => self.reply(reply),
                Act::Issue { question, letter, partition } => {
                    let letter = letters::ask(&self.config.stamp, &question, &letter);
                    // One that gets lost is missed, and sent again.
                    if let Err(error) = self.send(&question, &letter, partition) {
                        tracing::warn!("a trial was not sent: {error}");
                    }
                }
            }
        }
    }

    fn send(&self, question: &str, letter: &[u8], partition: i32) -> Result<(), KafkaError> {
        let Some(line) = &self.line else { return Ok(()) };
        let to = (self.config.kafka.topics.trials.as_str(), partition);
        let (_, pieces) = cut(letter);
        pieces
            .iter()
            .try_for_each(|piece| line.sink.send_to(&Batch::default(), to, question.as_bytes(), piece))
    }

    fn tell_traffic(&self) {
        *self.traffic.lock().unwrap_or_else(PoisonError::into_inner) = self.desk.traffic();
    }

    fn reply(&self, reply: TrialReply) {
        // Whoever has the reply finds it counted.
        self.tell_traffic();
        // Whoever waits for it may have gone, and so will this thread be.
        self.replies.send(reply).ok();
    }
}

/// Why a trial is not asked.
enum NotAsked {
    /// Workers cannot be reached yet.
    NotNow,
    /// It never will be.
    Failed(String),
}

/// Pieces that brokers have, and where the first one is; waits for them.
pub(super) fn deliver(
    sink: &Sink,
    topic: &str,
    digest: &str,
    pieces: &[Vec<u8>],
) -> Result<(i32, i64), String> {
    let (batch, until) = (Batch::default(), Instant::now() + POST_WAIT);
    let left = || until.saturating_duration_since(Instant::now());
    for piece in pieces {
        while let Err(error) = sink.send_in(&batch, topic, Some(digest.as_bytes()), piece, None) {
            let is_full = matches!(error, KafkaError::QueueFull { .. });
            if !is_full || left().is_zero() {
                return Err(error.to_string());
            }
            // There is room once some have gone out; that they have not all is no trouble yet.
            sink.flush(TURN).ok();
        }
    }
    sink.flush(left()).map_err(|error| error.to_string())?;
    let refused = batch.refused();
    let first = batch.first().filter(|_| batch.is_delivered() && refused == 0);
    first.ok_or_else(|| {
        format!(
            "brokers refused {refused} of {} records: {}",
            pieces.len(),
            sink.trouble().unwrap_or_default()
        )
    })
}
