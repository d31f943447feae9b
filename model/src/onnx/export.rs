//! Export: all of a model as one graph.
//!
//! Lives here: the order of its parts, its output, and what the file says of itself. Does not live here: the parts.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::build::Builder;
use super::{Categories, Element, Graph, Op, Port, inputs, mixing, network};
use crate::encoder::Encoder;
use crate::error::ModelError;
use crate::mixture::{Mixer, Mixture};
use crate::model::Model;
use crate::schema::Schema;

/// The output of a model of classes.
pub const PROBABILITIES: &str = "probabilities";
/// The output of a model of numbers.
pub const PREDICTION: &str = "prediction";
/// The note by which a graph can be read back into a model.
pub const MANIFEST_NOTE: &str = "driftform.manifest";
/// Version of the note; readers refuse any other.
pub(super) const FORMAT: u32 = 1;

/// What the operators alone would not tell a reader.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Note {
    pub format: u32,
    pub mixture: Mixture,
    pub mixer: Mixer,
    pub schema: Arc<Schema>,
    pub encoder: Encoder,
}

/// The place of a member's values.
pub(super) fn place(member: usize) -> String {
    format!("member{member:02}/")
}

impl Model {
    /// This model as a graph that knows these categories. What sees recent labels is refused.
    pub fn to_graph(&self, categories: &Categories) -> Result<Graph, ModelError> {
        let mut builder = Builder::default();
        builder.enter("inputs/");
        let encoded = inputs::encode(&mut builder, self.schema(), self.encoder(), categories)?;
        let events = inputs::events(&mut builder, self.schema(), self.encoder(), categories, &encoded)?;
        let rows = network::Rows { encoded: &encoded, events: events.as_deref() };
        let mut said = Vec::new();
        for (index, member) in self.network().members().iter().enumerate() {
            builder.enter(&place(index));
            said.push(network::member(&mut builder, member, rows)?);
        }
        builder.enter("answer/");
        let shape = self.network().shape();
        let answer = match said.as_slice() {
            [only] => only.clone(),
            _ => mixing::mix(&mut builder, &said, &self.network().mixer().recipe(shape), shape),
        };
        self.publish(&mut builder, &answer)?;
        let note = self.note()?;
        builder.graph().notes.insert(MANIFEST_NOTE.into(), note);
        Ok(builder.done())
    }

    /// The answer under its name and in its unit.
    fn publish(&self, builder: &mut Builder, answer: &str) -> Result<(), ModelError> {
        let (name, columns) = match self.encoder().target_scale() {
            None => {
                builder.publish(answer, PROBABILITIES);
                (PROBABILITIES, Some(self.schema().target().outputs()))
            }
            Some((mean, deviation)) => {
                let wide = builder.node(Op::Cast(Element::Double), &[answer]);
                let (mean, deviation) = (builder.doubles(vec![mean]), builder.doubles(vec![deviation]));
                let scaled = builder.multiply(&wide, &deviation);
                let moved = builder.add(&scaled, &mean);
                let narrow = builder.node(Op::Cast(Element::Float), &[&moved]);
                let list = builder.integers(vec![-1]);
                let flat = builder.node(Op::Reshape, &[&narrow, &list]);
                builder.publish(&flat, PREDICTION);
                (PREDICTION, None)
            }
        };
        if self.schema().features().iter().any(|feature| feature.name == name) {
            return Err(ModelError::Schema(format!("feature `{name}` has the name of the graph's output")));
        }
        let output = Port { name: name.into(), element: Element::Float, columns };
        builder.graph().outputs.push(output);
        Ok(())
    }

    fn note(&self) -> Result<String, ModelError> {
        let note = Note {
            format: FORMAT,
            mixture: self.mixture(),
            mixer: self.network().mixer().clone(),
            schema: Arc::clone(self.schema()),
            encoder: self.encoder().clone(),
        };
        serde_json::to_string(&note).map_err(|error| ModelError::Schema(error.to_string()))
    }
}
