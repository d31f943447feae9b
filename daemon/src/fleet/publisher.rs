//! Publisher: models and what is told of them get out, on a thread of its own.
//!
//! Lives here: [`Publisher`]. May not: hold up whoever posts, or tell of a model that is not there.
//!
//! Files first, made durable; then the dispatch; then old files go. What fails is tried again until something newer comes.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use adapters::kafka::{KafkaConfig, Sink};
use adapters::store::Published;
use anyhow::{Context as _, Result};

use super::publication::Mail;
use crate::config::PublishConfig;
use crate::post::{Post, Taken};
use crate::telemetry::FleetMetrics;

/// How long brokers may take for one dispatch before that is said; it stays on its way.
const DELIVERY_WAIT: Duration = Duration::from_secs(10);

/// Gets mail out; drop it to end it once what was posted last has been tried.
#[derive(Debug)]
pub struct Publisher {
    post: Arc<Post<Mail>>,
    thread: Option<JoinHandle<()>>,
}

/// Mail that is not out yet.
struct Pending {
    mail: Box<Mail>,
    /// On its way: so many had been given up before it.
    sent: Option<u64>,
}

impl Publisher {
    /// Publishes the models of this name from now on.
    pub fn start(
        config: PublishConfig,
        kafka: &KafkaConfig,
        model: &str,
        metrics: FleetMetrics,
    ) -> Result<Self> {
        let post = Arc::new(Post::default());
        let postman = Postman {
            post: Arc::clone(&post),
            sink: Sink::open(kafka)?,
            topic: kafka.topics.models.clone(),
            model: model.into(),
            config,
            metrics,
            trouble: false,
        };
        let thread = std::thread::Builder::new().name("publish".into()).spawn(move || postman.run());
        Ok(Self { post, thread: Some(thread.context("cannot start the publish thread")?) })
    }

    /// Takes the place of what is not out yet; waits for nothing.
    pub fn post(&self, mail: Mail) {
        self.post.put(mail);
    }

    /// The thread, which ends once what was posted last has been tried.
    pub fn close(mut self) -> Option<JoinHandle<()>> {
        self.post.close();
        self.thread.take()
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.post.close();
    }
}

/// The thread's own.
struct Postman {
    post: Arc<Post<Mail>>,
    sink: Sink,
    topic: String,
    model: String,
    config: PublishConfig,
    metrics: FleetMetrics,
    /// Whether the last try failed.
    trouble: bool,
}

impl Postman {
    fn run(mut self) {
        let mut pending: Option<Pending> = None;
        loop {
            match self.post.take(pending.is_some().then_some(self.config.every)) {
                Taken::Letter(mail) => pending = Some(Pending { mail, sent: None }),
                Taken::Nothing => {}
                Taken::Closed => return,
            }
            pending = pending.and_then(|pending| self.deliver(pending));
        }
    }

    /// One try; what is left to do.
    fn deliver(&mut self, mut pending: Pending) -> Option<Pending> {
        let generation = pending.mail.dispatch.everyone.generation.0;
        match self.publish(&mut pending) {
            Ok(()) => {
                self.metrics.published(true, generation);
                if std::mem::take(&mut self.trouble) {
                    tracing::info!("what is served is published again");
                }
                None
            }
            Err(error) => {
                self.metrics.published(false, generation);
                if !std::mem::replace(&mut self.trouble, true) {
                    tracing::warn!(
                        "followers do not hear of generation {generation}: {error:#}; it is tried again"
                    );
                }
                Some(pending)
            }
        }
    }

    fn publish(&self, pending: &mut Pending) -> Result<()> {
        let site = self.config.location.open(&self.config.bucket)?;
        let store = Published::open(&site, &self.model)?;
        if pending.sent.is_none() {
            for publication in &pending.mail.publications {
                let files = publication.files.iter();
                let files: Vec<(&str, &[u8])> =
                    files.map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
                if !files.is_empty() {
                    store.add(&publication.artifact.name, &files)?;
                }
            }
        }
        self.send(pending)?;
        let told = &pending.mail.publications;
        let told: Vec<&str> = told.iter().map(|publication| publication.artifact.name.as_str()).collect();
        if let Err(error) = store.prune(self.config.keep, &told) {
            // It has been told: that old ones take room is for the next time.
            tracing::warn!("old models stay in {}: {error}", self.config.location);
        }
        Ok(())
    }

    /// Out, and taken by the brokers.
    fn send(&self, pending: &mut Pending) -> Result<()> {
        let given_up = if let Some(before) = pending.sent {
            before
        } else {
            let before = self.sink.failures();
            let (key, bytes) = (self.model.as_bytes(), pending.mail.dispatch.encode()?);
            self.sink.send(&self.topic, Some(key), &bytes, None)?;
            pending.sent = Some(before);
            before
        };
        self.sink.flush(DELIVERY_WAIT)?;
        if self.sink.failures() > given_up {
            pending.sent = None;
            anyhow::bail!("brokers refused it: {}", self.sink.trouble().unwrap_or_default());
        }
        Ok(())
    }
}
