//! Import: the first champion from a file, and labelled history from another.
//!
//! Lives here: which kind of file it is, whether it is of the configured stream, and that the model says what the file
//! says. May not: know formats (that is `model::onnx`, `adapters::onnx` and the model's own files).

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use adapters::files::{InferOptions, Rows, infer};
use anyhow::Result;
use model::model::{MANIFEST_FILE, TENSORS_FILE};
use model::onnx::Graph;
use model::{Device, Encoder, FeatureKind, Model, ModelParts, Row, Schema, Target, Truth};

use crate::config::{Config, ConfigError, LearnConfig};
use crate::learn::Learn;
use crate::parity::{self, Apart};

/// Rows on which the model is held against its file.
const PROBE_ROWS: usize = 512;
/// Seed of these rows: the same file is judged alike each time.
const PROBE_SEED: u64 = 1;
/// Features that a message names.
const FEATURES_SHOWN: usize = 8;

/// A model from elsewhere.
pub struct Imported {
    /// What serves from the start.
    pub model: Model,
    /// Where it is from and what it is, in a sentence.
    pub told: String,
}

/// The model that `cold_start.model` names, if it names one, checked.
pub fn first_champion(config: &Config) -> Result<Option<Imported>> {
    let Some(path) = &config.first_model else { return Ok(None) };
    let refused =
        |error: anyhow::Error| ConfigError(format!("`cold_start.model`: {}: {error:#}", path.display()));
    let seen = || config.history.as_deref().map(|path| seen(path, &config.learn.schema)).transpose();
    Ok(Some(read(path, &config.learn, seen).map_err(refused)?))
}

/// The model that `cold_start.model` names serves from the start, if it names one.
pub fn begin(config: &Config, learn: &mut Learn) -> Result<()> {
    if let Some(Imported { model, told }) = first_champion(config)? {
        tracing::info!("{told}");
        learn.begin_with(&model)?;
    }
    Ok(())
}

/// Labelled rows of a recorded stream.
pub fn history(path: &Path, schema: &Arc<Schema>) -> Result<impl Iterator<Item = Result<(Row, Truth)>>> {
    let target = infer(path, &InferOptions::default())?.target;
    Ok(Rows::open(path, schema, &target)?.map(|row| row.map_err(anyhow::Error::from)))
}

/// The scale of what was recorded.
fn seen(path: &Path, schema: &Arc<Schema>) -> Result<Encoder> {
    let mut encoder = Encoder::new(schema);
    for row in history(path, schema)? {
        let (row, truth) = row?;
        encoder.observe(&row);
        encoder.observe_truth(&truth);
    }
    Ok(encoder)
}

fn read(
    path: &Path,
    config: &LearnConfig,
    seen: impl FnOnce() -> Result<Option<Encoder>>,
) -> Result<Imported> {
    let device = config.device.open()?;
    if let Some(folder) = folder_of(path) {
        return own(&Model::from_files(folder, &device)?, path, config, &device);
    }
    let graph = adapters::onnx::from_file(path)?;
    if graph.is_exported() {
        return own(&Model::from_graph(&graph, &device)?, path, config, &device);
    }
    foreign(&graph, path, config, seen()?.as_ref(), &device)
}

/// The folder of a model's own files, if the path means one: itself, or either file in it.
fn folder_of(path: &Path) -> Option<&Path> {
    if path.is_dir() {
        return Some(path);
    }
    let name = path.file_name()?.to_str()?;
    [MANIFEST_FILE, TENSORS_FILE].contains(&name).then(|| path.parent()).flatten()
}

/// A model that driftform wrote, for the configured stream.
fn own(model: &Model, path: &Path, config: &LearnConfig, device: &Device) -> Result<Imported> {
    check_schema(model.schema(), &config.schema)?;
    let context_max = config.search.context_max;
    let members = model.mixture().members;
    if let Some(member) = members.iter().find(|member| usize::from(member.context) > context_max) {
        anyhow::bail!("it has `{member}`, but `search.context_max` is {context_max}; raise it");
    }
    // What counts as good is for this configuration to say.
    let parts = ModelParts { schema: config.schema.clone(), ..model.parts()? };
    let model = Model::from_parts(parts, device)?;
    let told = format!("the first champion is {}, from {}", model.mixture(), path.display());
    Ok(Imported { model, told })
}

/// A model that somebody else trained, which has to say what its file says.
fn foreign(
    graph: &Graph,
    path: &Path,
    config: &LearnConfig,
    seen: Option<&Encoder>,
    device: &Device,
) -> Result<Imported> {
    let imported = Model::from_plain_graph(graph, config.schema.clone(), seen, device)?;
    let rows = imported.rows(PROBE_ROWS, PROBE_SEED)?;
    let expected = imported.expected(graph, &rows)?;
    let said = imported.model.predict(&rows.iter().collect::<Vec<_>>())?;
    let said: Vec<f32> = said.iter().flat_map(|output| output.0.iter().copied()).collect();
    let largest = parity::check(&said, &expected, imported.model.encoder().scale()).map_err(
        |Apart { said, expected, .. }| {
            anyhow::anyhow!(
                "as a model it would say {said} where the file says {expected}; more than {} apart",
                parity::TOLERANCE
            )
        },
    )?;
    let mut told = format!(
        "the first champion is {}, from {}; it says what the file says of {PROBE_ROWS} rows, within {largest:.1e}",
        imported.model.mixture(),
        path.display()
    );
    if let Some(first) = imported.unscaled.first() {
        let count = imported.unscaled.len();
        write!(
            told,
            "; nobody says on which scale `{first}` is ({count} such features), so zero and one are taken for mean and \
             deviation, and what is further than eight from zero is cut: put the scale into the graph, or give \
             `cold_start.history`"
        )
        .expect("a string takes all text");
    }
    Ok(Imported { model: imported.model, told })
}

/// Refuses a model of another stream, saying what differs.
fn check_schema(of_model: &Schema, configured: &Schema) -> Result<()> {
    let described = |schema: &Schema| -> Vec<String> {
        schema
            .features()
            .iter()
            .map(|feature| format!("`{}` ({})", feature.name, kind(feature.kind)))
            .collect()
    };
    let (own, wanted) = (described(of_model), described(configured));
    let apart = |these: &[String], those: &[String]| -> String {
        let missing = these.iter().filter(|feature| !those.contains(feature));
        let missing: Vec<&str> = missing.take(FEATURES_SHOWN).map(String::as_str).collect();
        if missing.is_empty() { "none".into() } else { missing.join(", ") }
    };
    if own != wanted {
        let (more, fewer) = (apart(&own, &wanted), apart(&wanted, &own));
        anyhow::bail!(
            "it is of another schema: only the model has {more}; only the configuration has {fewer}; the order has to be \
             the same, too"
        );
    }
    let classes = |target: &Target| match target {
        Target::Classification { classes } => format!("the classes `{}`", classes.join("`, `")),
        Target::Regression => "a number".to_owned(),
    };
    let (own, wanted) = (classes(of_model.target()), classes(configured.target()));
    anyhow::ensure!(own == wanted, "it predicts {own}, but the configuration has {wanted}");
    Ok(())
}

fn kind(kind: FeatureKind) -> String {
    match kind {
        FeatureKind::Numeric => "numeric".into(),
        FeatureKind::Boolean => "boolean".into(),
        FeatureKind::Categorical { buckets } => format!("categorical, {buckets} buckets"),
    }
}

#[cfg(test)]
mod tests;
