//! Raw settings, as they stand in the files: one struct a section, and their layers.
//!
//! Lives here: reading and merging, and what a single value may be. Does not live here: what sections
//! mean together (that is the parent).

use std::collections::BTreeMap;
use std::path::Path;

use adapters::codec::{CodecConfig, Pointer};
use adapters::files::read_whole_text;
use model::schema::{BUCKETS_DEFAULT, BUCKETS_MAX, CLASSES_MAX, FEATURES_MAX};
use model::{DeviceChoice, Feature, FeatureKind, Objective, Schema, Target};
use policies::evolve::EvolveLimits;
use serde::{Deserialize, Serialize};

use super::budget::{BudgetSection, PrometheusSection};
use super::champion::{ChampionSection, ExternalConfig};
use super::gate::{GateSection, QualityOn};
use super::image::ImageSection;
use super::mixture::MixtureSection;
use super::publish::{FollowSection, PublishSection};
use super::repository::{BucketSection, RepositorySection};
use super::sequence::SequenceSection;
use super::{ConfigError, keys, refuse};
use crate::slot::MemoryPolicy;

/// The embedded defaults; also the documentation of every key.
pub const DEFAULTS: &str = include_str!("../../../config/default.toml");
/// Labels after which the first champion is frozen for comparison.
pub const FIRST_OUTCOMES: u64 = 5_000;
/// Longest file.
pub const FILE_BYTES_MAX: u64 = 4 << 20;
/// Longest name of a model: topics have their own ending, and at most 249 characters.
const NAME_BYTES_MAX: usize = 128;
/// What environment variables begin with.
pub(super) const PREFIX: &str = "DRIFTFORM__";

macro_rules! section {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $kind:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct $name {
            $(
                /// See `config/default.toml`, which documents every key.
                pub $field: $kind
            ),*
        }
    };
}

section!(
    /// `[model]`
    ModelSection { name: String, seed: u64, device: String }
);
section!(
    /// `[schema]`
    SchemaSection {
        task: String,
        classes: Vec<String>,
        features: Vec<FeatureSection>,
        class_weights: Vec<f32>,
        cost_matrix: Vec<Vec<f32>>,
        decision_threshold: f32,
        evolve: String,
        features_max: usize,
        classes_max: usize,
        buckets_max: u32,
    }
);
section!(
    /// `[codec]`
    CodecSection {
        event_id: String,
        event_time: String,
        event_label: String,
        event_prediction: String,
        label_id: String,
        label_time: String,
        label_value: String,
        label_revision: String,
        features: BTreeMap<String, String>,
    }
);
section!(
    /// `[kafka]`
    KafkaSection {
        brokers: String,
        events: String,
        labels: String,
        metrics: String,
        predictions: String,
        decisions: String,
        dead_letters: String,
        models: String,
        trials: String,
        stretches: String,
        observations: String,
        create_topics: bool,
        properties: BTreeMap<String, String>,
        properties_files: BTreeMap<String, std::path::PathBuf>,
    }
);
section!(
    /// `[state]`
    State {
        directory: std::path::PathBuf,
        snapshot_every_records: u64,
        snapshot_every_seconds: u64,
        snapshots_kept: usize,
        journal_files_kept: usize,
        records_bytes_max: u64,
        records_seconds_max: u64,
    }
);
#[cfg(test)]
impl State {
    /// In a test's folder.
    pub fn within(directory: &Path, snapshots_kept: usize) -> Self {
        Self {
            directory: directory.to_owned(),
            snapshot_every_records: 1,
            snapshot_every_seconds: 1,
            snapshots_kept,
            journal_files_kept: 2,
            records_bytes_max: u64::MAX,
            records_seconds_max: 0,
        }
    }
}

section!(
    /// `[http]`
    Http { listen: String }
);
section!(
    /// `[admin]`
    AdminSection { listen: String, token_file: std::path::PathBuf }
);
section!(
    /// `[serve]`
    Serve {
        answers: bool,
        exactly_once: bool,
        batch_max: usize,
        ready_when_cold: bool,
        memory_policy: String,
        holdback: f64,
        http_listen: String,
        grpc_listen: String,
        tls_certificate: std::path::PathBuf,
        tls_key: std::path::PathBuf,
        tls_client_ca: std::path::PathBuf,
        threads: usize,
        connections_max: usize,
        requests_max: usize,
        request_bytes_max: usize,
        request_rows_max: usize,
        queue_rows_max: usize,
        deadline_seconds: f64,
        idle_seconds: f64,
        drain_seconds: f64,
        log_events: f64,
    }
);
section!(
    /// `[cold_start]`
    ColdStart { outcomes: u64, history: String, model: String }
);
section!(
    /// `[refresh]`
    Refresh { every_outcomes: u64, alpha: f64 }
);
section!(
    /// `[detect]`
    Detect {
        delta: f64,
        average_run_length: f64,
        reference_outcomes: u64,
        feature_window: usize,
        feature_reference: usize,
    }
);
section!(
    /// `[search]`
    Search {
        enabled: bool,
        window_outcomes: usize,
        rungs: Vec<u32>,
        eta: u32,
        candidates: usize,
        proposer: String,
        predictor: String,
        promise: bool,
        refinement: bool,
        scheduler: String,
        rejection_alpha: f64,
        prefer: String,
        robust: bool,
        proxies: bool,
        members_max: usize,
        depth_max: usize,
        widths: Vec<u16>,
        context_max: usize,
        embeddings: bool,
        exits: bool,
        committee_max: u8,
        hardening: bool,
        elastic: bool,
        cooldown_outcomes: u64,
        plateau_outcomes: u64,
        least_gain: f64,
        shrink_above: f64,
        memory_models: usize,
        recall_by: String,
    }
);
section!(
    /// `[relief]`
    Relief { quality_loss_max: f64 }
);
section!(
    /// `[watch]`
    Watch { outcomes: u64, deadline_seconds: u64, alpha: f64 }
);
section!(
    /// The whole file.
    Raw {
        model: ModelSection,
        champion: ChampionSection,
        schema: SchemaSection,
        codec: CodecSection,
        kafka: KafkaSection,
        state: State,
        http: Http,
        admin: AdminSection,
        serve: Serve,
        publish: PublishSection,
        follow: FollowSection,
        repository: RepositorySection,
        s3: BucketSection,
        join: super::join::JoinSection,
        cold_start: ColdStart,
        mixture: MixtureSection,
        sequence: SequenceSection,
        image: ImageSection,
        refresh: Refresh,
        detect: Detect,
        search: Search,
        trials: super::trials::TrialsSection,
        gate: GateSection,
        budget: BudgetSection,
        prometheus: PrometheusSection,
        relief: Relief,
        watch: Watch,
    }
);

/// `[[schema.features]]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSection {
    /// The name.
    pub name: String,
    /// `numeric`, `boolean` or `categorical`.
    pub kind: String,
    /// Hash buckets; categorical only.
    pub buckets: Option<u32>,
}

impl Raw {
    /// Defaults, then the file, then the environment.
    pub fn load(file: Option<&Path>, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let text = match file {
            Some(path) => read_whole_text(path, FILE_BYTES_MAX)
                .map_err(|error| ConfigError(format!("{} cannot be read: {error}", path.display())))?,
            None => String::new(),
        };
        let source = file.map_or("the file".into(), |path| path.display().to_string());
        Self::merge(&text, &source, environment)
    }

    /// Defaults, then this text.
    pub fn parse(text: &str) -> Result<Self, ConfigError> {
        Self::merge(text, "the text", &BTreeMap::new())
    }

    fn merge(text: &str, source: &str, environment: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let known: toml::Table = DEFAULTS.parse().expect("the embedded defaults are valid TOML, by a test");
        let given: toml::Table =
            text.parse().map_err(|error| ConfigError(format!("{source} is not TOML: {error}")))?;
        keys::check(&given, &known, source)?;
        let mut builder = config::Config::builder()
            .add_source(config::File::from_str(DEFAULTS, config::FileFormat::Toml))
            .add_source(config::File::from_str(text, config::FileFormat::Toml));
        for (name, value) in environment.iter().filter(|(name, _)| name.starts_with(PREFIX)) {
            let key = name[PREFIX.len()..].to_lowercase().replace("__", ".");
            check_variable(name, &key, &known)?;
            builder = builder
                .set_override(&key, value.as_str())
                .map_err(|error| ConfigError(format!("{name}: {error}")))?;
        }
        let merged = builder.build().map_err(|error| ConfigError(format!("{source}: {error}")))?;
        merged.try_deserialize().map_err(|error| ConfigError(format!("{source}: {error}")))
    }

    /// The declared stream.
    pub fn schema(&self) -> Result<Schema, ConfigError> {
        let section = &self.schema;
        if section.features.is_empty() {
            return refuse(
                "`schema.features` is empty; describe the stream, or let `driftform init` write a first version",
            );
        }
        let features = section.features.iter().map(FeatureSection::feature).collect::<Result<_, _>>()?;
        let target = match section.task.as_str() {
            "classification" => Target::Classification { classes: section.classes.clone() },
            "regression" if section.classes.is_empty() => Target::Regression,
            "regression" => return refuse("`schema.classes` has names, but `schema.task` is regression"),
            other => {
                return refuse(format!("`schema.task` is `{other}`; give `classification` or `regression`"));
            }
        };
        let objective = Objective {
            class_weights: section.class_weights.clone(),
            cost_matrix: section.cost_matrix.clone(),
            decision_threshold: (section.decision_threshold != 0.0).then_some(section.decision_threshold),
        };
        Schema::new(features, target, objective).map_err(|error| ConfigError(error.to_string()))
    }

    /// How far the schema may grow by what comes along; none where it stays as it is.
    pub fn evolve(&self) -> Result<Option<EvolveLimits>, ConfigError> {
        let SchemaSection { evolve, features_max, classes_max, buckets_max, .. } = &self.schema;
        match evolve.as_str() {
            "refuse" => return Ok(None),
            "adopt" => {}
            other => return refuse(format!("`schema.evolve` is `{other}`; give `refuse` or `adopt`")),
        }
        let limits = [
            ("features_max", *features_max, FEATURES_MAX),
            ("classes_max", *classes_max, CLASSES_MAX),
            ("buckets_max", *buckets_max as usize, BUCKETS_MAX as usize),
        ];
        for (key, value, most) in limits {
            if !(1..=most).contains(&value) {
                return refuse(format!("`schema.{key}` is {value}; give 1 to {most}"));
            }
        }
        let (features_max, classes_max, buckets_max) = (*features_max, *classes_max, *buckets_max);
        Ok(Some(EvolveLimits { features_max, classes_max, buckets_max }))
    }

    /// Where networks are computed.
    pub fn device(&self) -> Result<DeviceChoice, ConfigError> {
        toml::Value::String(self.model.device.clone()).try_into().map_err(|_| {
            ConfigError(format!("`model.device` is `{}`; give `cpu` or `cuda:0`", self.model.device))
        })
    }

    /// What becomes of a displaced model.
    pub fn memory_policy(&self) -> Result<MemoryPolicy, ConfigError> {
        match self.serve.memory_policy.as_str() {
            "availability" => Ok(MemoryPolicy::Availability),
            "resource" => Ok(MemoryPolicy::Resource),
            other => refuse(format!("`serve.memory_policy` is `{other}`; give `availability` or `resource`")),
        }
    }

    /// Where fields stand in messages.
    pub fn codec(&self, schema: &Schema) -> Result<CodecConfig, ConfigError> {
        let section = &self.codec;
        let mut codec = CodecConfig::default();
        let pointer = |key: &str, text: &str| {
            Pointer::new(text).map_err(|error| ConfigError(format!("`codec.{key}` is `{text}`: {error}")))
        };
        codec.event.id = pointer("event_id", &section.event_id)?;
        codec.event.time = Some(pointer("event_time", &section.event_time)?);
        codec.event.label = match section.event_label.as_str() {
            "" => None,
            text => Some(pointer("event_label", text)?),
        };
        if self.external()? == Some(ExternalConfig::Events) {
            codec.event.prediction = Some(pointer("event_prediction", &section.event_prediction)?);
        }
        codec.label.id = pointer("label_id", &section.label_id)?;
        codec.label.time = Some(pointer("label_time", &section.label_time)?);
        codec.label.value = pointer("label_value", &section.label_value)?;
        codec.label.revision = Some(pointer("label_revision", &section.label_revision)?);
        for (name, text) in &section.features {
            if !schema.features().iter().any(|feature| feature.name == *name) {
                return refuse(format!("`codec.features.{name}` names no feature of `schema.features`"));
            }
            codec.event.features.insert(name.clone(), pointer(&format!("features.{name}"), text)?);
        }
        Ok(codec)
    }

    /// Share of events whose answer is marked as not to be acted on.
    pub fn holdback(&self) -> Result<f64, ConfigError> {
        let holdback = self.serve.holdback;
        if !(0.0..=1.0).contains(&holdback) {
            return refuse(format!("`serve.holdback` is {holdback}; give 0 to 1"));
        }
        if holdback <= 0.0 && self.gate.quality_on == QualityOn::Holdback {
            return refuse(
                "`gate.quality_on` is `holdback`, but `serve.holdback` is 0: nobody could be promoted",
            );
        }
        Ok(holdback)
    }

    /// Refuses numbers outside their range, naming the key.
    pub fn check_numbers(&self) -> Result<(), ConfigError> {
        let name = &self.model.name;
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        // It becomes the name of a folder, too.
        let length = (1..=NAME_BYTES_MAX).contains(&name.len());
        if !length || name.starts_with('.') || !name.chars().all(plain) {
            return refuse(format!(
                "`model.name` is `{name}`; use up to {NAME_BYTES_MAX} letters, digits, `-`, `_` and `.`, the first of \
                 which is no `.`"
            ));
        }
        if self.kafka.brokers.trim().is_empty() {
            return refuse("`kafka.brokers` is empty; give host:port, several separated by commas");
        }
        let shares = [
            ("refresh.alpha", self.refresh.alpha),
            ("detect.delta", self.detect.delta),
            ("watch.alpha", self.watch.alpha),
        ];
        for (key, value) in shares {
            if !(value > 0.0 && value < 1.0) {
                return refuse(format!("`{key}` is {value}; give a chance between 0 and 1"));
            }
        }
        let positive = [
            ("detect.average_run_length", self.detect.average_run_length),
            ("budget.compute_seconds", self.budget.compute_seconds),
            ("state.snapshots_kept", self.state.snapshots_kept as f64),
            ("state.journal_files_kept", self.state.journal_files_kept as f64),
            ("state.records_bytes_max", self.state.records_bytes_max as f64),
            ("state.snapshot_every_records", self.state.snapshot_every_records as f64),
            ("state.snapshot_every_seconds", self.state.snapshot_every_seconds as f64),
            ("serve.batch_max", self.serve.batch_max as f64),
            ("cold_start.outcomes", self.cold_start.outcomes as f64),
            ("refresh.every_outcomes", self.refresh.every_outcomes as f64),
            ("detect.reference_outcomes", self.detect.reference_outcomes as f64),
            ("detect.feature_window", self.detect.feature_window as f64),
            ("detect.feature_reference", self.detect.feature_reference as f64),
            ("search.candidates", self.search.candidates as f64),
            ("budget.compute_batch", self.budget.compute_batch as f64),
            ("watch.outcomes", self.watch.outcomes as f64),
        ];
        for (key, value) in positive {
            if !(value > 0.0 && value.is_finite()) {
                return refuse(format!("`{key}` is {value}; give a number above 0"));
            }
        }
        super::search::check(&self.search)
    }
}

impl FeatureSection {
    fn feature(&self) -> Result<Feature, ConfigError> {
        let name = &self.name;
        let kind = match (self.kind.as_str(), self.buckets) {
            ("numeric", None) => FeatureKind::Numeric,
            ("boolean", None) => FeatureKind::Boolean,
            ("categorical", buckets) => {
                FeatureKind::Categorical { buckets: buckets.unwrap_or(BUCKETS_DEFAULT) }
            }
            ("numeric" | "boolean", Some(_)) => {
                return refuse(format!(
                    "feature `{name}` has `buckets`, which only a categorical feature has"
                ));
            }
            (other, _) => {
                return refuse(format!(
                    "feature `{name}` is `{other}`; give `numeric`, `boolean` or `categorical`"
                ));
            }
        };
        Ok(Feature { name: name.clone(), kind })
    }
}

fn check_variable(name: &str, key: &str, known: &toml::Table) -> Result<(), ConfigError> {
    let mut given = toml::Table::new();
    let parts: Vec<&str> = key.split('.').collect();
    let [section, field] = parts[..] else {
        return refuse(format!("{name}: write DRIFTFORM__SECTION__KEY"));
    };
    let value = known.get(section).and_then(|table| table.get(field)).cloned();
    let mut inner = toml::Table::new();
    inner.insert(field.into(), value.unwrap_or(toml::Value::Boolean(true)));
    given.insert(section.into(), toml::Value::Table(inner));
    keys::check(&given, known, &format!("the environment ({name})"))
}
