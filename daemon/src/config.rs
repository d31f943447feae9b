//! Config: layers of settings become one value in which nothing illegal can be written.
//!
//! Lives here: the checked form. The raw form and its layers are in [`raw`], the search for a mistyped
//! key in [`keys`]. May not: open files other than the configuration's, connect to anything.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adapters::codec::CodecConfig;
use adapters::kafka::{KafkaConfig, Topics};
use model::{DeviceChoice, Embedding, Mixture, Schema, TabularLimits};
use policies::evolve::EvolveLimits;
use policies::search::front::Preference;

use crate::slot::MemoryPolicy;

mod admin;
mod budget;
mod champion;
mod gate;
mod image;
mod join;
mod keys;
mod mixture;
mod oip;
mod publish;
mod raw;
pub mod reference;
mod reload;
mod repository;
mod search;
mod sequence;
mod sources;
mod trials;

pub use admin::AdminConfig;
pub use budget::{BudgetConfig, COMPUTE, MEMORY, PrometheusConfig, WATCHES_MAX, WatchConfig};
pub use champion::ExternalConfig;
pub use gate::{Approval, COMPUTE_CONFIDENCE, COMPUTE_QUANTILE, GateConfig};
pub use join::JoinConfig;
pub use oip::OipConfig;
pub use publish::{FollowConfig, PublishConfig};
pub use raw::{DEFAULTS, FILE_BYTES_MAX, State as StateConfig};
pub use reload::{Layers, Reloaded};
pub use repository::{RepositoryConfig, RepositoryFormat};
pub use trials::{RunBy, TrialsConfig};

/// Why a configuration was refused; the message names the key and says what to do.
#[derive(Debug, thiserror::Error)]
#[error("configuration: {0}")]
pub struct ConfigError(pub String);

/// Everything the learn plane needs to know.
#[derive(Clone, Debug)]
pub struct LearnConfig {
    /// The stream.
    pub schema: Arc<Schema>,
    /// How far the schema may grow by what comes along; none where it stays as it is.
    pub evolve: Option<EvolveLimits>,
    /// Where every random choice begins.
    pub seed: u64,
    /// Where networks are computed.
    pub device: DeviceChoice,
    /// Bounds of the join.
    pub join: JoinConfig,
    /// The networks to begin with.
    pub start: Mixture,
    /// Networks that answer together, at most.
    pub members_max: usize,
    /// Labels before the first champion.
    pub cold_outcomes: u64,
    /// Outcomes after which `first` is frozen.
    pub first_outcomes: u64,
    /// The refresh cadence and its test.
    pub refresh: raw::Refresh,
    /// Detectors.
    pub detect: raw::Detect,
    /// The search.
    pub search: raw::Search,
    /// Which of those that won goes into the shadow slot.
    pub preference: Preference,
    /// Which networks may be tried.
    pub limits: TabularLimits,
    /// Whether there is a champion that is not ours.
    pub external: bool,
    /// Who runs trials, and their limits.
    pub trials: TrialsConfig,
    /// The gates.
    pub gate: GateConfig,
    /// Share of events whose answer is marked as not to be acted on.
    pub holdback: f64,
    /// Budgets to begin with.
    pub budget: BudgetConfig,
    /// What relief may cost.
    pub relief: raw::Relief,
    /// The watch.
    pub watch: raw::Watch,
}

/// A whole, valid configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// The model's name.
    pub name: String,
    /// For the learn plane.
    pub learn: LearnConfig,
    /// A champion that is not ours, if there is one.
    pub external: Option<ExternalConfig>,
    /// Where fields stand in messages.
    pub codec: CodecConfig,
    /// Brokers and topics.
    pub kafka: KafkaConfig,
    /// Where state is kept and how often.
    pub state: raw::State,
    /// Address of probes, metrics and the status page.
    pub listen: std::net::SocketAddr,
    /// Where orders of people are taken.
    pub admin: AdminConfig,
    /// The serve plane.
    pub serve: raw::Serve,
    /// The HTTP and gRPC roads.
    pub oip: OipConfig,
    /// Where models are published for followers, if anywhere.
    pub publish: Option<PublishConfig>,
    /// Where the champion is kept for other servers, if anywhere.
    pub repository: Option<RepositoryConfig>,
    /// Who a follower is.
    pub follow: FollowConfig,
    /// What becomes of a displaced model.
    pub memory_policy: MemoryPolicy,
    /// Labelled history for the first champion.
    pub history: Option<PathBuf>,
    /// The first champion, where there is no state yet.
    pub first_model: Option<PathBuf>,
    /// Where readings of budgets are asked for, if anywhere.
    pub prometheus: Option<PrometheusConfig>,
}

impl Config {
    /// Defaults, then the file, then the environment; refused as a whole if anything is wrong.
    pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        raw::Raw::load(file, environment)?.checked()
    }

    /// From text instead of a file.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        raw::Raw::parse(text)?.checked()
    }

    /// For a recorded stream: the file's own schema, or the one inferred from the data if it declares none.
    pub fn for_data(
        inferred: Schema,
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<Self, ConfigError> {
        let raw = raw::Raw::load(file, environment)?;
        let checked =
            if raw.schema.features.is_empty() { raw.checked_with(Arc::new(inferred)) } else { raw.checked() };
        // A file has no answers of a champion that is not ours, so there ours is alone.
        checked.map(|config| Config {
            external: None,
            learn: LearnConfig { external: false, ..config.learn },
            ..config
        })
    }

    /// The effective settings as TOML, to be read by people: without secrets.
    pub fn effective(
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<String, ConfigError> {
        let table = raw::Raw::load(file, environment)?.shown()?;
        toml::to_string_pretty(&table).map_err(|error| ConfigError(error.to_string()))
    }

    /// The same, a key a line, each with where it comes from.
    pub fn sources(
        file: Option<&Path>,
        environment: &BTreeMap<String, String>,
    ) -> Result<String, ConfigError> {
        sources::told(file, environment)
    }
}

fn refuse<T>(message: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError(message.into()))
}

impl raw::Raw {
    fn checked(self) -> Result<Config, ConfigError> {
        let schema = Arc::new(self.schema()?);
        self.checked_with(schema)
    }

    fn checked_with(self, schema: Arc<Schema>) -> Result<Config, ConfigError> {
        self.check_numbers()?;
        let schema = Arc::new(self.image.schema(self.sequence.schema(Arc::unwrap_or_clone(schema))?)?);
        let listen = self.http.listen.parse().map_err(|_| {
            ConfigError(format!(
                "`http.listen` is `{}`; give an address such as 127.0.0.1:9464",
                self.http.listen
            ))
        })?;
        let (admin, device, external) = (self.admin.checked()?, self.device()?, self.external()?);
        let codec = self.codec(&schema)?;
        let kafka = self.kafka_config();
        let (memory_policy, oip) = (self.memory_policy()?, self.serve.oip()?);
        let bucket = self.s3.checked()?;
        let (publish, follow) = (self.publish.checked(&bucket)?, self.follow.checked()?);
        let repository = self.repository.checked(&self.model.name, &bucket)?;
        let trials = self.trials.checked()?;
        let named = |path: &str| (!path.is_empty()).then(|| PathBuf::from(path));
        let (history, first_model) = (named(&self.cold_start.history), named(&self.cold_start.model));
        let join = self.join.checked(&schema)?;
        let limits = self.limits();
        let start = self.start()?;
        let gate = self.gate.clone().checked(&schema)?;
        let holdback = self.holdback()?;
        let budget = self.budget.clone().checked()?;
        let prometheus = self.prometheus.clone().checked(&budget)?;
        let learn = LearnConfig {
            schema,
            evolve: self.evolve()?,
            seed: self.model.seed,
            device,
            join,
            start,
            external: external.is_some(),
            members_max: self.search.members_max,
            cold_outcomes: self.cold_start.outcomes,
            first_outcomes: raw::FIRST_OUTCOMES,
            refresh: self.refresh,
            detect: self.detect,
            preference: self.search.preference()?,
            search: self.search,
            limits,
            trials,
            gate,
            holdback,
            budget,
            relief: self.relief,
            watch: self.watch,
        };
        Ok(Config {
            name: self.model.name,
            learn,
            external,
            codec,
            kafka,
            state: self.state,
            listen,
            admin,
            serve: self.serve,
            oip,
            publish,
            repository,
            follow,
            memory_policy,
            history,
            first_model,
            prometheus,
        })
    }

    /// What learns from the first event on.
    fn start(&self) -> Result<Mixture, ConfigError> {
        let start = self.mixture.mixture()?;
        let context_max = self.search.context_max;
        match start.members.iter().find(|member| usize::from(member.context) > context_max) {
            Some(member) => refuse(format!(
                "`mixture.members` has `{member}`, but `search.context_max` is {context_max}; raise it, or lower the \
                 context"
            )),
            None => self.image.start(self.sequence.start(start)?),
        }
    }

    /// Which networks may be tried.
    fn limits(&self) -> TabularLimits {
        let mut limits = TabularLimits {
            depth_max: self.search.depth_max,
            widths: self.search.widths.clone(),
            exits: self.search.exits,
            hardening: self.search.hardening,
            elastic: self.search.elastic,
            committees: vec![1, 2, 4, 8],
            sequences: self.sequence.limits(),
            images: self.image.limits(),
            ..TabularLimits::default()
        };
        limits.contexts.retain(|context| usize::from(*context) <= self.search.context_max);
        limits.embeddings.retain(|embedding| self.search.embeddings || *embedding == Embedding::None);
        limits.committees.retain(|voices| *voices <= u16::from(self.search.committee_max));
        limits
    }

    fn kafka_config(&self) -> KafkaConfig {
        let named = |given: &str, role: &str| {
            if given.is_empty() { format!("{}.{role}", self.model.name) } else { given.to_owned() }
        };
        KafkaConfig {
            topics: Topics {
                events: named(&self.kafka.events, "events"),
                labels: named(&self.kafka.labels, "labels"),
                metrics: named(&self.kafka.metrics, "metrics"),
                predictions: named(&self.kafka.predictions, "predictions"),
                decisions: named(&self.kafka.decisions, "decisions"),
                dead_letters: named(&self.kafka.dead_letters, "dead-letters"),
                models: named(&self.kafka.models, "models"),
                trials: named(&self.kafka.trials, "trials"),
                stretches: named(&self.kafka.stretches, "stretches"),
                observations: named(&self.kafka.observations, "observations"),
            },
            create_topics: self.kafka.create_topics,
            properties: self.kafka.properties.clone(),
            properties_files: self.kafka.properties_files.clone(),
            ..KafkaConfig::new(&self.kafka.brokers, &self.model.name)
        }
    }
}

#[cfg(test)]
mod tests;
