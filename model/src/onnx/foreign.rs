//! Foreign: a plain network that somebody else trained, as a model.
//!
//! Lives here: which graphs are plain networks, and the way from one to a model. Does not live here: graphs that were
//! exported here (those are [`super::import`]'s).
//!
//! A plain network takes all features as one `FLOAT [N, features]` in the order of the schema, or each as `[N, 1]` under its
//! own name. It scales and shifts columns, goes through tables, and has blocks' activations between them, perhaps after a
//! layer norm. In the end there is a softmax, or a sigmoid for two classes, or nothing: then these are the logits of
//! classes, or the number itself. [`ACCEPTED`] names the operators.
//!
//! In reading order: columns as sums over what layers said ([`sums`]), node by node ([`walk`], [`arithmetic`],
//! [`curves`]), the last value as an answer ([`ending`]), the blocks as an architecture with weights ([`build`]); and what
//! the graph says, computed plainly, to hold the model against ([`reference`]).
//!
//! Our rows are standardised. The scale is folded into the first tables, so the model says what the graph says, but for
//! what is cut: further than eight deviations out, it says what the graph says of eight. A missing number is a usual
//! one, and a missing truth value half true. The scale is the one by which the graph itself begins, or that of rows that
//! were seen; failing both, numbers are taken to be about zero, with a deviation of one.

use std::sync::Arc;

use super::{Element, Graph};
use crate::device::Device;
use crate::encoder::Encoder;
use crate::error::ModelError;
use crate::mixture::MixtureNetwork;
use crate::model::Model;
use crate::sample::Row;
use crate::schema::{FeatureKind, Schema};

mod arithmetic;
mod build;
mod constants;
mod curves;
mod ending;
mod reference;
mod rows;
mod sums;
mod walk;

use ending::End;

/// The operators of a plain network.
pub const ACCEPTED: &str = "Gemm, MatMul, Add, Sub, Mul, Div, Neg, Relu, LeakyRelu, Tanh, Sigmoid, Gelu and Silu (also as \
    Erf and Sigmoid write them), Softmax, LogSoftmax, LayerNormalization, BatchNormalization, Concat, Gather, Identity, \
    Dropout, Cast, Flatten, Reshape, Squeeze, Transpose, and of ai.onnx.ml Scaler, Normalizer, ZipMap, LinearRegressor, \
    LinearClassifier";
/// Rows by which the scale of a number that is predicted is estimated.
const TARGET_ROWS: usize = 512;

/// Why a graph is no plain network, in words.
type Refusal = String;

/// A model that somebody else trained.
#[derive(Debug)]
pub struct Imported {
    /// It says what the graph says.
    pub model: Model,
    /// Numeric features of which nobody said on which scale they are.
    pub unscaled: Vec<String>,
    end: End,
}

impl Imported {
    /// What the graph itself says of rows, computed plainly in 64 bits: probabilities, or numbers.
    pub fn expected(&self, graph: &Graph, rows: &[Row]) -> Result<Vec<f32>, ModelError> {
        let said =
            reference::answers(graph, self.model.schema(), rows, self.end).map_err(ModelError::Graph)?;
        Ok(said.into_iter().map(|number| number as f32).collect())
    }

    /// So many rows with nothing missing and nothing far out; the same for the same seed.
    pub fn rows(&self, count: usize, seed: u64) -> Result<Vec<Row>, ModelError> {
        rows::draw(self.model.encoder(), count, seed)
    }
}

impl Model {
    /// The model of a plain network, for rows of this schema; on the scale of `seen`, if rows of the stream have been
    /// seen. Anything else is refused, naming the operator.
    pub fn from_plain_graph(
        graph: &Graph,
        schema: Arc<Schema>,
        seen: Option<&Encoder>,
        device: &Device,
    ) -> Result<Imported, ModelError> {
        check_inputs(graph, &schema).map_err(ModelError::Graph)?;
        let walked = walk::walk(graph, &schema).map_err(ModelError::Graph)?;
        let (encoder, unscaled) = match seen {
            Some(seen) => (seen.clone(), Vec::new()),
            None => scale(graph, &schema, &walked)?,
        };
        let network = build::network(&walked, &encoder, &schema, device)?;
        let model = Self::new(schema, encoder, MixtureNetwork::of_one(network))?;
        Ok(Imported { model, unscaled, end: walked.end })
    }
}

/// Whether a number is the very one that is meant.
#[expect(clippy::float_cmp, reason = "one that is near is another")]
fn is_exactly(number: f64, meant: f64) -> bool {
    number == meant
}

/// The scale that the graph itself says, and the features of which it says none.
fn scale(
    graph: &Graph,
    schema: &Schema,
    walked: &walk::Walked,
) -> Result<(Encoder, Vec<String>), ModelError> {
    let usual = (0.0, 1.0);
    let inputs: Vec<(f64, f64)> = walked.scales.iter().map(|scale| scale.unwrap_or(usual)).collect();
    let encoder = Encoder::scaled(schema, &inputs, usual);
    let unscaled = schema.features().iter().zip(&walked.scales);
    let unscaled =
        unscaled.filter(|(feature, scale)| feature.kind == FeatureKind::Numeric && scale.is_none());
    let unscaled = unscaled.map(|(feature, _)| feature.name.clone()).collect();
    if schema.target().is_classification() {
        return Ok((encoder, unscaled));
    }
    // Nothing says how numbers of the stream are spread; what the graph says of usual rows is the nearest guess.
    let rows = rows::draw(&encoder, TARGET_ROWS, 0)?;
    let said = reference::answers(graph, schema, &rows, walked.end).map_err(ModelError::Graph)?;
    let mean = said.iter().sum::<f64>() / said.len() as f64;
    let variance = said.iter().map(|number| (number - mean).powi(2)).sum::<f64>() / said.len() as f64;
    let target = if mean.is_finite() && variance.is_finite() { (mean, variance.sqrt()) } else { usual };
    Ok((Encoder::scaled(schema, &inputs, target), unscaled))
}

/// Refuses inputs that are not the features of this schema.
fn check_inputs(graph: &Graph, schema: &Schema) -> Result<(), Refusal> {
    let features = schema.features();
    let categorical = |kind| matches!(kind, FeatureKind::Categorical { .. });
    if let Some(feature) = features.iter().find(|feature| categorical(feature.kind)) {
        return Err(format!(
            "feature `{}` is categorical: only a file that driftform exported says which names it means",
            feature.name
        ));
    }
    let texts = graph.inputs.iter().find(|input| input.element == Element::Text);
    if let Some(input) = texts {
        return Err(format!(
            "the input `{}` takes names, and no feature of the schema is categorical",
            input.name
        ));
    }
    let width = features.len();
    if let [input] = graph.inputs.as_slice()
        && input.columns.is_none_or(|columns| columns == width)
    {
        return Ok(());
    }
    let given: Vec<&str> = graph.inputs.iter().map(|input| input.name.as_str()).collect();
    let wanted: Vec<&str> = features.iter().map(|feature| feature.name.as_str()).collect();
    let alike = given.len() == wanted.len()
        && wanted.iter().all(|name| given.contains(name))
        && graph.inputs.iter().all(|input| input.columns == Some(1));
    if alike {
        return Ok(());
    }
    let shown = |input: &super::Port| match input.columns {
        Some(columns) => format!("`{}` [N, {columns}]", input.name),
        None => format!("`{}`", input.name),
    };
    let shown: Vec<String> = graph.inputs.iter().take(INPUTS_SHOWN).map(shown).collect();
    Err(format!(
        "the graph takes {} input(s): {}; the schema has {width} features, so give one FLOAT [N, {width}] in their order, \
         or one [N, 1] for each under its name",
        graph.inputs.len(),
        shown.join(", ")
    ))
}

/// Inputs that a message names.
const INPUTS_SHOWN: usize = 8;

#[cfg(test)]
mod tests;
