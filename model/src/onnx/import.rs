//! Import: a graph that was exported here, back into its model.
//!
//! Lives here: reading the note and the tables, and the proof that the operators say the same. Does not live here:
//! graphs of others (those are [`super::foreign`]'s).
//!
//! The note says what the operators are meant to be; the tables are those of the graph itself. The model that both
//! make is exported again, and has to give the very graph that was read. So a graph whose operators or numbers were
//! altered is refused, and nothing has to be understood by its looks.

use std::collections::BTreeMap;

use super::build::OWN;
use super::export::{FORMAT, Note, place};
use super::{Categories, Graph, MANIFEST_NOTE, Numbers, Op};
use crate::architecture::Architecture;
use crate::context::Context;
use crate::cost::Shape;
use crate::device::Device;
use crate::error::ModelError;
use crate::mixture::MixtureWeights;
use crate::model::{Model, ModelParts};
use crate::weights::{Array, TableSlot, Weights, layout};

impl Graph {
    /// Whether it was exported here, so that [`Model::from_graph`] can read it.
    pub fn is_exported(&self) -> bool {
        self.notes.contains_key(MANIFEST_NOTE)
    }

    /// The names that it lists.
    pub fn categories(&self) -> Result<Categories, ModelError> {
        let mut categories = Categories::default();
        for node in &self.nodes {
            // Those before have the same names.
            if let (Op::LabelEncoder { names, .. }, Some(feature)) = (&node.op, node.inputs.first())
                && !feature.starts_with(OWN)
            {
                names.iter().try_for_each(|name| categories.insert(feature, name))?;
            }
        }
        Ok(categories)
    }

    fn table(&self, member: usize, slot: &TableSlot) -> Result<Array, ModelError> {
        let name = format!("{OWN}{}{}", place(member), slot.name());
        match self.constants.get(&name).map(|constant| &constant.numbers) {
            Some(Numbers::Float(data)) => Ok(Array { shape: slot.shape(), data: data.clone() }),
            Some(Numbers::Double(_) | Numbers::Int64(_)) | None => {
                Err(ModelError::Weights(format!("the graph has no table `{name}`")))
            }
        }
    }

    fn weights(
        &self,
        member: usize,
        architecture: &Architecture,
        shape: Shape,
    ) -> Result<Weights, ModelError> {
        let slots = layout(architecture, shape).into_iter();
        let tables = slots.map(|slot| Ok((slot.name(), self.table(member, &slot)?)));
        tables.collect::<Result<BTreeMap<_, _>, ModelError>>().map(Weights)
    }
}

impl Model {
    /// The model of a graph that was exported here; one that was altered since is refused.
    pub fn from_graph(graph: &Graph, device: &Device) -> Result<Self, ModelError> {
        let note = graph.notes.get(MANIFEST_NOTE).map(String::as_str).unwrap_or_default();
        let note: Note = serde_json::from_str(note)
            .map_err(|error| ModelError::Weights(format!("the note `{MANIFEST_NOTE}`: {error}")))?;
        if note.format != FORMAT {
            return Err(ModelError::Weights(format!(
                "the note `{MANIFEST_NOTE}` has format {}, but this build reads {FORMAT}",
                note.format
            )));
        }
        let Note { mixture, mixer, schema, encoder, .. } = note;
        mixture.check()?;
        let shape = Shape::of_rows(&schema);
        let members = mixture.members.iter().enumerate();
        let members = members
            .map(|(at, architecture)| graph.weights(at, &architecture.canonical(), shape))
            .collect::<Result<_, _>>()?;
        let weights = MixtureWeights { members, mixer };
        let context = Context::default();
        let model = Self::from_parts(ModelParts { schema, encoder, mixture, weights, context }, device)?;
        if model.to_graph(&graph.categories()?)? != *graph {
            return Err(ModelError::Weights(
                "the graph was altered after it was exported: its operators are not those of the model that it names"
                    .into(),
            ));
        }
        Ok(model)
    }
}
