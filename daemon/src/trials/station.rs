//! Station: a worker on any machine. It takes trials from Kafka, has a child of its own run them, and answers.
//!
//! Lives here: one trial after the other, from its letter to where its answer is safe. May not: run a trial itself: what kills
//! the child, or takes too long, is an answer like any other, and no reason to give the trial to the next worker.
//!
//! A trial is done when brokers have its answer; only then does the group go on after it. Who dies before that loses
//! nothing: the group gives the trial to another, and an answer that comes twice counts once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::kafka::{
    Assembly, Batch, GroupSource, KafkaConfig, KafkaError, Polled, Sink, TopicRole, cut, fetch_parcel,
    open_trials_topics,
};
use model::Timestamp;

use super::letters::{self, Asked, Letter, News, Speaker, Stamp};
use super::protocol::{FRAME_BYTES_MAX, Stretch, TrialReply};
use super::{Trials, WorkerCommand};
use crate::clock::Clock;
use crate::telemetry::{Handled, StationMetrics};

/// Letters that wait here for the trial that runs; beyond that no more are taken.
const WAITING_MAX: usize = 64;
/// Longest wait for a letter, and for the child.
const TURN: Duration = Duration::from_millis(100);
const CHILD_WAIT: Duration = Duration::from_millis(10);
/// Longest that brokers may take to send a stretch.
const FETCH_WAIT: Duration = Duration::from_secs(30);
/// Stretches that are kept: a rung has one, and the next one may begin before the last one has ended.
const STRETCHES_KEPT: usize = 2;
/// A letter has one record.
const LETTER_BYTES_MAX: usize = 900 * 1024;
/// At the end: how long the trial that runs may go on, and answers may be on their way. Shorter than orchestrators wait.
const FINISH_WAIT: Duration = Duration::from_secs(10);
const FLUSH_WAIT: Duration = Duration::from_secs(5);

/// What a station is told.
#[derive(Clone, Debug)]
pub struct StationConfig {
    /// The model whose trials it takes.
    pub model: String,
    /// Who it is.
    pub id: String,
    /// This program.
    pub stamp: Stamp,
    /// Where trials are.
    pub kafka: KafkaConfig,
    /// Partitions of the topic of trials, where it is created.
    pub workers_max: i32,
    /// How its child is started.
    pub command: WorkerCommand,
}

/// The group in which workers share trials.
pub fn group(model: &str) -> String {
    format!("driftform-{model}-workers")
}

/// Where a letter was.
#[derive(Clone, Copy, Debug)]
struct Place {
    partition: i32,
    offset: i64,
}

/// The trial that runs.
struct Running {
    place: Place,
    question: String,
    since: Instant,
}

/// A worker with its place in the group.
pub struct Station {
    config: StationConfig,
    metrics: StationMetrics,
    clock: Clock,
    source: GroupSource,
    sink: Sink,
    trials: Trials,
    /// Newest last, by their digests.
    stretches: VecDeque<(String, Arc<Stretch>)>,
    stretches_seen: u64,
    waiting: VecDeque<Polled>,
    paused: bool,
    running: Option<Running>,
    /// Answers on their way, in the order of their letters.
    on_their_way: VecDeque<(Batch, Place, String)>,
    owns: Vec<i32>,
}

impl Station {
    /// Joins the group; trials come once that has shared out the partitions.
    pub fn open(config: StationConfig, metrics: StationMetrics, clock: Clock) -> anyhow::Result<Self> {
        // Whoever is first creates them: a topic that appears when it is first read has one partition, for one worker.
        open_trials_topics(&config.kafka, config.workers_max)?;
        let (group, topic) = (group(&config.model), &config.kafka.topics.trials);
        Ok(Self {
            source: GroupSource::open(&config.kafka, &group, TopicRole::Other, topic)?,
            sink: Sink::open(&config.kafka)?,
            trials: Trials::start(config.command.clone())?,
            config,
            metrics,
            clock,
            stretches: VecDeque::new(),
            stretches_seen: 0,
            waiting: VecDeque::new(),
            paused: false,
            running: None,
            on_their_way: VecDeque::new(),
            owns: Vec::new(),
        })
    }

    /// Whether a broker can be reached, and what is wrong if none can.
    pub fn health(&self) -> Result<(), String> {
        if self.source.connected() {
            return Ok(());
        }
        Err(self.source.trouble().unwrap_or_else(|| "no broker can be reached".into()))
    }

    /// The partitions that it has.
    pub fn owns(&self) -> &[i32] {
        &self.owns
    }

    /// Takes, runs and answers, until told to stop.
    pub fn turn(&mut self) -> Result<(), KafkaError> {
        self.settle()?;
        self.take()?;
        self.announce()?;
        if self.running.is_none()
            && let Some(record) = self.waiting.pop_front()
        {
            self.begin(&record);
        }
        if self.running.is_some()
            && let Some(reply) = self.trials.wait_for(CHILD_WAIT)
        {
            self.end(reply);
        }
        Ok(())
    }

    /// The trial that runs is ended if that is soon, and given back if not; nothing is lost either way.
    pub fn finish(&mut self) -> Result<(), KafkaError> {
        let until = Instant::now() + FINISH_WAIT;
        while self.running.is_some() && Instant::now() < until {
            if let Some(reply) = self.trials.wait_for(TURN) {
                self.end(reply);
            }
        }
        let given_back = self.waiting.len() + usize::from(self.running.is_some());
        self.metrics.add(Handled::GivenBack, given_back as u64);
        if given_back > 0 {
            tracing::info!("{given_back} trials are given back to the group");
        }
        if let Err(error) = self.sink.flush(FLUSH_WAIT) {
            tracing::warn!("{error}; the group gives their trials to another worker");
        }
        self.settle()
    }

    /// More letters, if there is room. Also while a trial runs: who does not ask is taken for dead.
    fn take(&mut self) -> Result<(), KafkaError> {
        let has_room = self.waiting.len() < WAITING_MAX;
        if has_room == self.paused {
            if has_room {
                self.source.go_on()?;
            } else {
                self.source.pause()?;
            }
            self.paused = !has_room;
        }
        let is_busy = self.running.is_some() || !self.waiting.is_empty();
        let wait = if is_busy { Duration::ZERO } else { TURN };
        self.waiting.extend(self.source.poll(if is_busy { 1 } else { WAITING_MAX }, wait)?);
        Ok(())
    }

    /// Whoever asks is told which partitions are this worker's.
    fn announce(&mut self) -> Result<(), KafkaError> {
        let owns = self.source.assigned()?;
        if owns != self.owns {
            tracing::info!(
                "takes trials from {} partitions of {}",
                owns.len(),
                self.config.kafka.topics.trials
            );
            self.owns = owns;
            let batch = Batch::default();
            self.say(&batch, String::new(), &News::Here);
        }
        Ok(())
    }

    fn begin(&mut self, record: &Polled) {
        let place = Place { partition: record.partition, offset: record.offset };
        // The group has given it to another meanwhile.
        if !self.owns.contains(&place.partition) {
            return;
        }
        let read = Assembly::new(LETTER_BYTES_MAX).add(&record.payload).map_err(|error| error.to_string());
        let read = read.and_then(|whole| whole.ok_or_else(|| "it has several records".to_owned()));
        match read.and_then(|whole| letters::read_asked(&self.config.stamp, &whole.bytes)) {
            Ok((question, Asked::Trial(letter))) => self.run(place, question, *letter, record.timestamp),
            Ok((question, Asked::Stranger(stamp))) => self.refuse(place, question, &stamp),
            Err(why) => {
                tracing::warn!("offset {} of {} is no trial: {why}", record.offset, record.topic);
                self.metrics.add(Handled::Refused, 1);
                self.pass_over(place);
            }
        }
    }

    fn refuse(&mut self, place: Place, question: String, stamp: &Stamp) {
        let why = format!(
            "worker {} is {}, the daemon is {}: run the same release, with the same model.device",
            self.config.id,
            self.config.stamp.told(),
            stamp.told()
        );
        tracing::warn!("a trial is refused: {why}");
        self.metrics.add(Handled::Refused, 1);
        self.answer(place, question, &News::Refused(why));
    }

    fn run(&mut self, place: Place, question: String, letter: Letter, sent: Timestamp) {
        let age_ms = self.clock.now().0.saturating_sub(sent.0);
        let good_for_ms = letter.good_for_seconds.saturating_mul(1_000);
        if age_ms > i64::try_from(good_for_ms).unwrap_or(i64::MAX) {
            self.metrics.add(Handled::Expired, 1);
            let why = format!("it was asked {} s ago, longer than anybody waits", age_ms / 1_000);
            self.answer(place, question, &News::Refused(why));
            return;
        }
        self.metrics.add(Handled::Taken, 1);
        match self.stretch(&letter) {
            Ok(stretch) => {
                self.trials.submit(stretch, letter.trial);
                self.running = Some(Running { place, question, since: Instant::now() });
            }
            Err(why) => {
                self.metrics.add(Handled::Failed, 1);
                self.answer(place, question, &News::Answer(TrialReply::failed(0, why)));
            }
        }
    }

    fn stretch(&mut self, letter: &Letter) -> Result<Arc<Stretch>, String> {
        let address = &letter.stretch;
        let known = self.stretches.iter().find(|(digest, _)| *digest == address.digest);
        if let Some((_, stretch)) = known {
            return Ok(Arc::clone(stretch));
        }
        let topic = &self.config.kafka.topics.stretches;
        let place = (address.partition, address.offset);
        let wanted = (address.digest.as_str(), FRAME_BYTES_MAX);
        let parcel = fetch_parcel(&self.config.kafka, topic, place, wanted, FETCH_WAIT);
        let parcel = parcel.map_err(|error| error.to_string())?;
        let parcel = parcel.ok_or_else(|| format!("its stretch is not on `{topic}` any more"))?;
        self.stretches_seen += 1;
        let stretch = Arc::new(letters::read_stretch(&parcel.bytes, self.stretches_seen)?);
        self.stretches.push_back((address.digest.clone(), Arc::clone(&stretch)));
        if self.stretches.len() > STRETCHES_KEPT {
            self.stretches.pop_front();
        }
        Ok(stretch)
    }

    fn end(&mut self, mut reply: TrialReply) {
        let Some(Running { place, question, since }) = self.running.take() else { return };
        self.metrics.busy(since.elapsed());
        // Whoever asked knows its number; without it the same trial always has the same answer.
        match &mut reply {
            TrialReply::Done(result) => result.number = 0,
            TrialReply::Failed { number, .. } => *number = 0,
        }
        let is_done = matches!(reply, TrialReply::Done(_));
        self.metrics.add(if is_done { Handled::Done } else { Handled::Failed }, 1);
        self.answer(place, question, &News::Answer(reply));
    }

    fn answer(&mut self, place: Place, question: String, news: &News) {
        let batch = Batch::default();
        self.say(&batch, question.clone(), news);
        self.on_their_way.push_back((batch, place, question));
    }

    /// Nobody has to be told about this one.
    fn pass_over(&mut self, place: Place) {
        self.on_their_way.push_back((Batch::default(), place, String::new()));
    }

    fn say(&self, batch: &Batch, question: String, news: &News) {
        let speaker = Speaker { worker: self.config.id.clone(), owns: self.owns.clone(), question };
        let (_, pieces) = cut(&letters::say(&self.config.stamp, &speaker, news));
        let (topic, key) = (&self.config.kafka.topics.observations, speaker.question.as_bytes());
        let until = Instant::now() + FLUSH_WAIT;
        for piece in pieces {
            while let Err(error) = self.sink.send_in(batch, topic, Some(key), &piece, None) {
                if !matches!(error, KafkaError::QueueFull { .. }) || Instant::now() >= until {
                    // What is not answered is asked again.
                    tracing::warn!("an answer was not sent: {error}");
                    return;
                }
                // There is room once some have gone out.
                self.sink.flush(TURN).ok();
            }
        }
    }

    /// The group goes on after what brokers have the answers of.
    fn settle(&mut self) -> Result<(), KafkaError> {
        let mut stored = false;
        while self.on_their_way.front().is_some_and(|(batch, ..)| batch.is_delivered()) {
            let Some((batch, place, question)) = self.on_their_way.pop_front() else { break };
            if batch.refused() > 0 {
                let why = format!("brokers refused its result: {}", self.sink.trouble().unwrap_or_default());
                tracing::error!("{why}");
                // Short enough for any broker.
                self.say(&Batch::default(), question, &News::Answer(TrialReply::failed(0, why)));
            }
            self.source.store(place.partition, place.offset)?;
            stored = true;
        }
        if stored {
            self.source.commit_stored();
        }
        Ok(())
    }
}
