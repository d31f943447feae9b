//! Model: what is served.
//!
//! Lives here: schema, encoder and networks as one immutable thing, and its plain form. Its files are in
//! `model/files.rs`. Does not live here: learning (that is [`crate::learner`]), which model is served.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::architecture::{Architecture, Hyper};
use crate::context::Context;
use crate::cost::{Cost, Shape};
use crate::device::Device;
use crate::encoder::Encoder;
use crate::error::ModelError;
use crate::mixture::{Mixture, MixtureNetwork, MixtureWeights};
use crate::sample::{Output, Row};
use crate::schema::Schema;
use crate::widening::Widening;

mod files;

pub use files::{FORMAT, MANIFEST_BYTES_MAX, MANIFEST_FILE, TENSORS_BYTES_MAX, TENSORS_FILE};

/// A mixture of networks with the schema and the scale of the rows it answers; it never changes.
///
/// ```
/// use std::sync::Arc;
/// use model::{Device, Feature, FeatureKind, Model, Objective, Row, Schema, Target};
///
/// let features = vec![Feature { name: "price".into(), kind: FeatureKind::Numeric }];
/// let target = Target::Classification { classes: vec!["down".into(), "up".into()] };
/// let schema = Arc::new(Schema::new(features, target, Objective::default())?);
///
/// let model = Model::prior(schema, &[2, 6], &Device::cpu())?;
/// let answers = model.predict(&[&Row::new(vec![12.5])?])?;
/// assert!((answers[0].0[1] - 0.7).abs() < 1e-6); // (6 + 1) / (8 + 2)
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Debug)]
pub struct Model {
    schema: Arc<Schema>,
    encoder: Encoder,
    network: MixtureNetwork,
    context: Context,
}

/// A model as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelParts {
    /// What its rows and answers look like.
    pub schema: Arc<Schema>,
    /// The scale of its rows and answers.
    pub encoder: Encoder,
    /// Its networks.
    pub mixture: Mixture,
    /// What they have learned.
    pub weights: MixtureWeights,
    /// The labels it knows of.
    #[serde(default)]
    pub context: Context,
}

impl Model {
    /// A model of parts that fit each other.
    pub fn new(schema: Arc<Schema>, encoder: Encoder, network: MixtureNetwork) -> Result<Self, ModelError> {
        if !encoder.fits(&schema) {
            return Err(ModelError::Schema("the encoder is of another schema".into()));
        }
        let shape = Shape::of_rows(&schema);
        if network.shape() != shape {
            return Err(ModelError::Weights(format!(
                "the network has shape {:?}, but the schema needs {shape:?}",
                network.shape()
            )));
        }
        Ok(Self { schema, encoder, network, context: Context::default() })
    }

    /// This model, with the labels that had arrived by now. It has no feed of its own: until it is replaced,
    /// networks that see recent labels see these, which is exact where each outcome brings a new model.
    #[must_use]
    pub fn knowing(self, context: Context) -> Self {
        Self { context, ..self }
    }

    /// A linear model that answers every row alike: the share of each class among these counts, one added
    /// to each so that nothing is impossible; or the mean of the target.
    pub fn prior(schema: Arc<Schema>, class_counts: &[u64], device: &Device) -> Result<Self, ModelError> {
        let encoder = Encoder::new(&schema);
        let shape = Shape::of_rows(&schema);
        let mixture = Mixture::of_one(Architecture::linear(Hyper::default()));
        let mut weights = MixtureWeights::initial(&mixture, shape, 0);
        if shape.classification
            && let Some(bias) = weights.members[0].0.get_mut("bias")
        {
            let counts = class_counts.iter().copied().chain(std::iter::repeat(0));
            for (logit, count) in bias.data.iter_mut().zip(counts) {
                *logit = (count as f64 + 1.0).ln() as f32;
            }
        }
        Self::new(schema, encoder, MixtureNetwork::from_weights(&mixture, shape, &weights, device)?)
    }

    /// An answer for each row, in the target's own unit.
    pub fn predict(&self, rows: &[&Row]) -> Result<Vec<Output>, ModelError> {
        self.predict_knowing(rows, &self.context)
    }

    /// The same, as if these labels had arrived last.
    pub fn predict_knowing(&self, rows: &[&Row], context: &Context) -> Result<Vec<Output>, ModelError> {
        let features = self.schema.features().len();
        let mut encoded = Vec::with_capacity(rows.len() * self.network.shape().inputs);
        for row in rows {
            if row.values().len() != features {
                return Err(ModelError::Sample(format!(
                    "a row has {} values, but the schema has {features} features",
                    row.values().len()
                )));
            }
            self.encoder.encode(row, &mut encoded);
            context.encode(&self.encoder, self.network.shape(), &mut encoded);
            self.encoder.encode_past(row, self.network.shape(), &mut encoded);
        }
        let said = self.network.predict(&encoded)?;
        Ok(said.chunks_exact(self.network.shape().outputs).map(|raw| self.encoder.output(raw)).collect())
    }

    /// This model for rows of a schema that evolved from its own: it says what it said.
    pub fn widened(&self, schema: Arc<Schema>) -> Result<Self, ModelError> {
        let network = self.network.widened(&Widening::between(&self.schema, &schema)?)?;
        let encoder = self.encoder.widened(&schema);
        Ok(Self::new(schema, encoder, network)?.knowing(self.context))
    }

    /// What its rows and answers look like.
    pub fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The scale of its rows and answers.
    pub fn encoder(&self) -> &Encoder {
        &self.encoder
    }

    /// Its networks.
    pub fn network(&self) -> &MixtureNetwork {
        &self.network
    }

    /// Which networks it has and how they are mixed.
    pub fn mixture(&self) -> Mixture {
        self.network.mixture()
    }

    /// What it takes to keep and to answer.
    pub fn cost(&self) -> Cost {
        self.network.cost()
    }

    /// As plain data, for snapshots.
    pub fn parts(&self) -> Result<ModelParts, ModelError> {
        Ok(ModelParts {
            schema: Arc::clone(&self.schema),
            encoder: self.encoder.clone(),
            mixture: self.mixture(),
            weights: self.network.weights()?,
            context: self.context,
        })
    }

    /// The model of this plain data, checked.
    pub fn from_parts(parts: ModelParts, device: &Device) -> Result<Self, ModelError> {
        let ModelParts { schema, encoder, mixture, weights, context } = parts;
        let shape = Shape::of_rows(&schema);
        let network = MixtureNetwork::from_weights(&mixture, shape, &weights, device)?;
        Ok(Self::new(schema, encoder, network)?.knowing(context))
    }
}

#[cfg(test)]
mod tests;
