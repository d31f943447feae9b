//! Follower: from what is told to what is served.
//!
//! Lives here: [`Follower`]: the newest dispatch, its model found, checked, loaded and warmed up. May not: swap it in (its
//! owner does), or serve a model that failed any of that: the one before goes on.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adapters::console::{Happened, Status};
use adapters::fleet::{Artifact, Dispatch};
use adapters::http::Health;
use adapters::kafka::{KafkaConfig, KafkaError, Polled, Positions, Source, TopicRole};
use anyhow::{Result, ensure};
use model::{Device, Model, Row, Schema};
use tokio::sync::watch;

use super::following::{Following, Heard};
use super::shelf::{Found, Shelf};
use crate::config::{Config, ConfigError};
use crate::slot::{Served, Standing};
use crate::telemetry::{Followed, Telemetry};

/// Dispatches read at once.
const BATCH_MAX: usize = 256;
/// Between two tries to load a model, or to open the topic.
const TRY_EVERY: Duration = Duration::from_secs(1);
/// Lines that the status page shows.
const LINES_MAX: usize = 100;

/// Follows a leader.
pub struct Follower {
    name: String,
    kafka: KafkaConfig,
    /// Where models are found.
    shelf: Shelf,
    schema: Arc<Schema>,
    device: Device,
    /// Rows of the second batch that a model answers before it serves.
    warm_up_rows: usize,
    source: Option<Source>,
    /// Why the topic could not be opened or read.
    lost: Option<String>,
    following: Following,
    /// Read, and not taken as the newest yet.
    newest: Option<Dispatch>,
    wanted: Option<Wanted>,
    /// When what failed is tried again.
    again_at: Instant,
    serving: Option<(u64, Artifact)>,
    canary: bool,
    telemetry: Telemetry,
    health: watch::Sender<Health>,
    status: watch::Sender<Status>,
    lines: VecDeque<Happened>,
}

/// What is to be served and is not yet.
struct Wanted {
    artifact: Artifact,
    dispatch: Dispatch,
    /// Why it could not be loaded.
    trouble: Option<String>,
}

impl Follower {
    /// Follows the leader of this configuration.
    pub fn new(
        config: &Config,
        telemetry: Telemetry,
        health: watch::Sender<Health>,
        status: watch::Sender<Status>,
    ) -> Result<Self> {
        let missing =
            "`publish.directory` is empty; give the directory or bucket in which the leader publishes models";
        let publish = config.publish.as_ref().ok_or_else(|| ConfigError(missing.into()))?;
        Ok(Self {
            name: config.name.clone(),
            kafka: config.kafka.clone(),
            shelf: Shelf::open(publish, &config.name)?,
            schema: Arc::clone(&config.learn.schema),
            device: config.learn.device.open()?,
            warm_up_rows: config.learn.budget.compute_batch,
            source: None,
            lost: None,
            following: Following::new(&config.follow.id),
            newest: None,
            wanted: None,
            again_at: Instant::now(),
            serving: None,
            canary: false,
            telemetry,
            health,
            status,
            lines: VecDeque::new(),
        })
    }

    /// Waits at most so long for something to be told; a model that is to be served from now on, if there is one.
    pub fn turn(&mut self, wait: Duration) -> Option<Served> {
        if let Err(error) = self.read(wait) {
            self.source = None;
            self.again_at = Instant::now() + TRY_EVERY;
            let why = error.to_string();
            if self.lost.as_ref() != Some(&why) {
                tracing::warn!("what the leader tells cannot be heard: {why}; it is tried again");
            }
            self.lost = Some(why);
        }
        let at_end = self.source.as_ref().is_some_and(Source::at_end);
        // Behind it there may be a newer one, and the model of an old one may be gone.
        if at_end && let Some(dispatch) = self.newest.take() {
            self.hear(dispatch);
        }
        let served = self.load();
        self.tell(self.heard());
        served
    }

    /// Whether what is told gets here.
    fn heard(&self) -> Result<(), String> {
        match (&self.source, &self.lost) {
            (Some(source), _) if source.connected() => Ok(()),
            (Some(source), _) => Err(source.trouble().unwrap_or_else(|| "no broker can be reached".into())),
            (None, Some(lost)) => Err(lost.clone()),
            (None, None) => Err("the topic of models is not open yet".into()),
        }
    }

    /// What has been told since.
    fn read(&mut self, wait: Duration) -> Result<(), KafkaError> {
        if self.source.is_none() {
            if Instant::now() < self.again_at {
                std::thread::sleep(wait);
                return Ok(());
            }
            let topics = [(TopicRole::Models, self.kafka.topics.models.as_str())];
            self.source = Some(Source::open(&self.kafka, &topics, &Positions::new())?);
            self.lost = None;
        }
        let Some(source) = &mut self.source else { return Ok(()) };
        for record in source.poll(BATCH_MAX, wait)? {
            if let Some(dispatch) = self.decode(&record) {
                self.newest = Some(dispatch);
            }
        }
        Ok(())
    }

    /// Those of other models are not for this one; tombstones say nothing.
    fn decode(&mut self, record: &Polled) -> Option<Dispatch> {
        if record.key.as_deref() != Some(self.name.as_bytes()) || record.payload.is_empty() {
            return None;
        }
        let dispatch = Dispatch::decode(&record.payload);
        dispatch.map_err(|error| self.refuse(&format!("offset {}: {error}", record.offset))).ok()
    }

    fn hear(&mut self, dispatch: Dispatch) {
        match self.following.hear(&dispatch) {
            Heard::Serve { artifact, canary } => {
                self.is_told(&artifact, canary);
                self.wanted = Some(Wanted { artifact, dispatch, trouble: None });
                self.again_at = Instant::now();
            }
            Heard::Same { canary } => self.canary = canary,
            Heard::Refused(why) => self.refuse(&why),
        }
    }

    fn is_told(&mut self, artifact: &Artifact, canary: bool) {
        self.canary = canary;
        self.telemetry.fleet.told(artifact.generation.0, canary);
    }

    fn refuse(&mut self, why: &str) {
        tracing::warn!("what the leader tells is not followed: {why}");
        self.telemetry.fleet.followed(Followed::Refused);
        self.line("refused", why.to_owned());
    }

    /// What is wanted, if it can be loaded now.
    fn load(&mut self) -> Option<Served> {
        let mut wanted = self.wanted.take()?;
        if Instant::now() < self.again_at {
            self.wanted = Some(wanted);
            return None;
        }
        let loaded = match self.shelf.find(&wanted.artifact) {
            Ok(Found::Coming) => {
                self.wanted = Some(wanted);
                return None;
            }
            Ok(Found::Folder(folder)) => self.loaded(&wanted.artifact, &folder),
            Err(error) => Err(error),
        };
        match loaded {
            Ok(model) => {
                self.telemetry.fleet.followed(Followed::Served);
                let generation = wanted.artifact.generation;
                let what = wanted.dispatch.occasion.name();
                tracing::info!("generation {} serves: {what}", generation.0);
                self.line(&format!("generation {}", generation.0), what.to_owned());
                self.serving = Some((wanted.dispatch.epoch, wanted.artifact));
                Some(Served { generation, model, prior_only: false, standing: Standing::Champion })
            }
            Err(error) => {
                let why = format!("generation {} cannot be loaded: {error:#}", wanted.artifact.generation.0);
                self.telemetry.fleet.followed(Followed::Failed);
                if wanted.trouble.as_ref() != Some(&why) {
                    tracing::warn!("{why}; what serves goes on, and it is tried again");
                    self.line("failed", why.clone());
                }
                wanted.trouble = Some(why);
                self.wanted = Some(wanted);
                self.again_at = Instant::now() + TRY_EVERY;
                None
            }
        }
    }

    fn loaded(&self, artifact: &Artifact, folder: &Path) -> Result<Model> {
        let model = Model::from_files_as_told(folder, &artifact.sha256, &self.device)?;
        ensure!(
            model.schema().evolves(&self.schema),
            "its schema did not grow out of the one that is configured here: give both the same `[schema]`"
        );
        // Its first answers are not those that somebody waits for.
        let missing = Row::new(vec![f32::NAN; model.schema().features().len()])?;
        for rows in [1, self.warm_up_rows] {
            model.predict(&vec![&missing; rows])?;
        }
        Ok(model)
    }

    /// For the probes and the page.
    fn tell(&self, kafka: Result<(), String>) {
        let trouble = self.wanted.as_ref().and_then(|wanted| wanted.trouble.clone());
        let model = match (trouble, &self.serving) {
            (Some(trouble), _) => Err(trouble),
            (None, None) => Err("no leader has told what to serve".into()),
            (None, Some(_)) => Ok(()),
        };
        self.health.send_if_modified(|health| {
            let before = health.clone();
            health.set("model", model);
            health.set("kafka", kafka);
            *health != before
        });
        let page = self.page();
        self.status.send_if_modified(|status| {
            let changed = *status != page;
            *status = page;
            changed
        });
    }

    fn page(&self) -> Status {
        let fact = |name: &str, value: String| (name.to_owned(), value);
        let nothing = || "nothing yet".to_owned();
        let serving = self.serving.as_ref();
        Status {
            title: format!("Driftform: {}, a follower", self.name),
            facts: vec![
                fact(
                    "Generation",
                    serving.map_or_else(nothing, |(_, artifact)| artifact.generation.0.to_string()),
                ),
                fact("Published as", serving.map_or_else(nothing, |(_, artifact)| artifact.name.clone())),
                fact(
                    "Leader",
                    serving.map_or_else(nothing, |(epoch, _)| format!("number {epoch} on its state")),
                ),
                fact("Among the first to serve a promotion", if self.canary { "yes" } else { "no" }.into()),
            ],
            timeline: self.lines.iter().cloned().collect(),
            ..Status::default()
        }
    }

    fn line(&mut self, when: &str, what: String) {
        let (time, kind) = (None, "serving".to_owned());
        self.lines.push_front(Happened { time, at: when.to_owned(), kind, what });
        self.lines.truncate(LINES_MAX);
    }
}
