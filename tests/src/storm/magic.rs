//! Magic: models that give their generation away, events for them, and the numbers they must answer.
//!
//! Lives here: building. May not: serve.

use std::sync::Arc;

use adapters::codec::{CodecConfig, JsonCodec};
use anyhow::{Context as _, Result};
use daemon::slot::{Served, Standing};
use model::{
    Activation, Architecture, Block, Device, Encoder, Feature, FeatureKind, Generation, Hyper, Mixture,
    MixtureNetwork, MixtureWeights, Model, Objective, Row, Schema, Shape, Target,
};

/// Features of an event.
const FEATURES: usize = 8;
/// Units of each of two blocks: a model that is not dropped shows in the memory.
const WIDTH: u16 = 64;
/// Numbers below 2^24 are exact as `f32`; this is the largest prime among them.
const PRIME: u64 = 16_777_213;
/// Scatters generations, so that a number near the right one is not right.
const SCATTER: u64 = 7_368_787;

/// What every answer of this generation says.
pub(super) fn number(generation: u64) -> f32 {
    (generation * SCATTER % PRIME) as f32
}

fn schema() -> Result<Schema> {
    let feature = |at| Feature { name: format!("f{at}"), kind: FeatureKind::Numeric };
    Ok(Schema::new((0..FEATURES).map(feature).collect(), Target::Regression, Objective::default())?)
}

/// Reads the events below.
pub(super) fn codec() -> Result<JsonCodec> {
    Ok(JsonCodec::new(Arc::new(schema()?), CodecConfig::default())?)
}

/// An event as JSON.
pub(super) fn event(id: u64) -> Vec<u8> {
    let values: Vec<String> = (0..FEATURES as u64).map(|at| format!("\"f{at}\":{}", (id + at) % 7)).collect();
    format!("{{\"id\":\"{id}\",\"time\":{id},\"features\":{{{}}}}}", values.join(",")).into_bytes()
}

/// A row of such an event.
pub(super) fn row() -> Result<Row> {
    Ok(Row::new(vec![1.0; FEATURES])?)
}

/// A model of this generation.
pub(super) fn served(generation: u64) -> Result<Served> {
    Ok(serving(generation, model(number(generation), 0.0)?))
}

/// A model whose answers overflow, although each of its weights is finite.
pub(super) fn insane() -> Result<Model> {
    model(f32::MAX, f32::MAX)
}

/// As it is put into the slot.
pub(super) fn serving(generation: u64, model: Model) -> Served {
    Served { generation: Generation(generation), model, prior_only: false, standing: Standing::Champion }
}

/// Says `bias` and so much more for each unit of a feature.
fn model(bias: f32, slope: f32) -> Result<Model> {
    let schema = Arc::new(schema()?);
    let encoder = Encoder::new(&schema);
    let shape = Shape::with_labels(encoder.width(), schema.target());
    let blocks = vec![Block::plain(WIDTH, Activation::Relu), Block::plain(WIDTH, Activation::Relu)];
    let mixture = Mixture::of_one(Architecture { blocks, ..Architecture::linear(Hyper::default()) });
    let mut weights = MixtureWeights::initial(&mixture, shape, 0);
    for (name, table) in &mut weights.members[0].0 {
        table.data.fill(match name.as_str() {
            "bias" => bias,
            "linear" => slope,
            _ => 0.0,
        });
    }
    let network = MixtureNetwork::from_weights(&mixture, shape, &weights, &Device::cpu())?;
    Model::new(schema, encoder, network).context("the magic model does not fit its schema")
}
