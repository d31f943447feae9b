//! Rendition: a model as the files that other servers load, which say what it says.
//!
//! Lives here: the graph, its bytes, and holding them against the model. May not: know formats (that is `model::onnx` and
//! `adapters::onnx`), or where files go.

use adapters::onnx::{Runtime, to_bytes, triton};
use adapters::store::{GRAPH_FILE, LABELS_FILE, Version};
use anyhow::{Context as _, Result, bail};
use model::onnx::{Categories, Graph, Probe};
use model::{Generation, Model, Target};

use crate::parity;

/// Rows on which a file is held against its model.
pub const PROBE_ROWS: usize = 512;

/// Why there is no file of a model: nothing but another model, or other names of categories, will change that.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RenditionError(String);

impl From<anyhow::Error> for RenditionError {
    fn from(error: anyhow::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

/// A model as an ONNX file.
#[derive(Debug)]
pub struct OnnxFile {
    /// What is in the file.
    pub bytes: Vec<u8>,
    /// The largest difference of its answers, where somebody was asked.
    pub apart: Option<f32>,
    graph: Graph,
    labels: String,
}

impl OnnxFile {
    /// Of this model, which knows these names; with a runtime only if that says of the file what the model says.
    pub fn of(
        model: &Model,
        generation: Generation,
        categories: &Categories,
        runtime: Option<&Runtime>,
    ) -> Result<Self, RenditionError> {
        let graph = model.to_graph(categories);
        let graph =
            graph.with_context(|| format!("generation {} cannot be exported as ONNX", generation.0))?;
        let bytes = to_bytes(&graph);
        let apart = runtime.map(|runtime| {
            let probe = Probe::draw(model, categories, PROBE_ROWS, generation.0)?;
            agreed(model, &graph, &bytes, &probe, runtime)
        });
        let apart = apart.transpose()?;
        Ok(Self { bytes, apart, graph, labels: labels(model.schema().target()) })
    }

    /// With what a server has to know, for a model of this name.
    pub fn version(self, name: &str) -> Result<Version, RenditionError> {
        let config = triton::config(name, &self.graph, !self.labels.is_empty());
        let config = config.map_err(anyhow::Error::from)?;
        let beside = vec![(LABELS_FILE.to_owned(), self.labels), (triton::CONFIG_FILE.to_owned(), config)];
        Ok(Version { beside, files: vec![(GRAPH_FILE.to_owned(), self.bytes)] })
    }
}

/// A model as weights and the manifest that describes them, which servers look for.
pub fn safetensors(model: &Model) -> Result<Version, RenditionError> {
    // In this order: the manifest comes last.
    let files = model.to_files().map_err(anyhow::Error::from)?;
    Ok(Version { beside: Vec::new(), files })
}

/// By how much the file differs from the model, which may not be much.
pub fn agreed(model: &Model, graph: &Graph, bytes: &[u8], probe: &Probe, runtime: &Runtime) -> Result<f32> {
    let [output] = graph.outputs.as_slice() else { bail!("a model has one output") };
    let mut session = runtime.open(bytes, &graph.inputs, &output.name)?;
    let (said, expected) = (session.answer(&probe.columns)?, probe.expected(model)?);
    Ok(parity::check(&said, &expected, model.encoder().scale())?)
}

/// Names of the classes, one a line; none where that would tell them wrongly.
fn labels(target: &Target) -> String {
    match target {
        Target::Classification { classes } if !classes.iter().any(|class| class.contains('\n')) => {
            classes.iter().flat_map(|class| [class.as_str(), "\n"]).collect()
        }
        Target::Classification { .. } | Target::Regression => String::new(),
    }
}
