//! Predictions and events into JSON.
//!
//! Lives here: the shape that readers of answers see, and events as they are read again. May not: decide what is
//! answered.

use model::{EventId, ExternalAnswer, Generation, Output, Schema, Target, Timestamp, Truth};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

use super::JsonCodec;

/// What an answer is marked with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Marks {
    /// It is not to be acted on.
    pub holdback: bool,
    /// The champion is another model, and this one only learns beside it.
    pub shadow: bool,
}

impl JsonCodec {
    /// The answer to one event: its id, time and generation, the decision as `prediction`, and the
    /// network's own numbers, `probabilities` by class or one `value`; `holdback` and `shadow` are there, and true, only
    /// where the answer is so marked.
    #[expect(clippy::missing_panics_doc, reason = "it cannot: the expect says why")]
    pub fn encode_prediction(
        &self,
        id: &EventId,
        time: Timestamp,
        generation: Generation,
        output: &Output,
        decision: Truth,
        marks: Marks,
    ) -> Vec<u8> {
        let schema = self.schema.as_ref();
        let answer = Answer { schema, id, time, generation, output, decision, marks };
        serde_json::to_vec(&answer).expect("plain fields under text keys are always JSON")
    }
}

impl JsonCodec {
    /// What a model that is not ours had said of one event, passed on: its `champion` is `external`, and it has no generation.
    #[expect(clippy::missing_panics_doc, reason = "it cannot: the expect says why")]
    pub fn encode_external(
        &self,
        id: &EventId,
        time: Timestamp,
        said: &ExternalAnswer,
        holdback: bool,
    ) -> Vec<u8> {
        let answer = PassedOn { schema: &self.schema, id, time, said, holdback };
        serde_json::to_vec(&answer).expect("plain fields under text keys are always JSON")
    }

    /// An event of these features, as it is read again; those that it does not have are missing.
    pub fn event(&self, id: &EventId, time: Timestamp, mut features: Map<String, Value>) -> Value {
        let mut event = Value::Object(Map::new());
        for (feature, at) in self.schema.features().iter().zip(&self.features) {
            if let Some(value) = features.remove(&feature.name) {
                at.place(&mut event, value);
            }
        }
        // Last, so that no feature takes their places.
        if let Some(at) = &self.config.event.time {
            at.place(&mut event, Value::from(time.0));
        }
        self.config.event.id.place(&mut event, Value::from(id.as_str()));
        event
    }

    /// An event that was answered, with who answered and what; where it has such fields already, they stay.
    pub fn answered(&self, mut event: Value, generation: Generation, decision: Truth) -> Vec<u8> {
        let is_cloud_event = event.get("specversion").is_some_and(Value::is_string);
        let fields = if is_cloud_event { event.get_mut("data") } else { Some(&mut event) };
        if let Some(Value::Object(fields)) = fields {
            fields.entry("generation").or_insert_with(|| generation.0.into());
            fields.entry("prediction").or_insert_with(|| match decision {
                Truth::Class(index) => self.schema.class_name(index).into(),
                Truth::Number(number) => number.into(),
            });
        }
        event.to_string().into_bytes()
    }
}

struct Answer<'a> {
    schema: &'a Schema,
    id: &'a EventId,
    time: Timestamp,
    generation: Generation,
    output: &'a Output,
    decision: Truth,
    marks: Marks,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("time", &self.time)?;
        map.serialize_entry("generation", &self.generation)?;
        let Marks { holdback, shadow } = self.marks;
        for (name, _) in [("holdback", holdback), ("shadow", shadow)].into_iter().filter(|(_, holds)| *holds)
        {
            map.serialize_entry(name, &true)?;
        }
        decision(&mut map, self.schema, self.decision)?;
        numbers(&mut map, self.schema, self.output)?;
        map.end()
    }
}

struct PassedOn<'a> {
    schema: &'a Schema,
    id: &'a EventId,
    time: Timestamp,
    said: &'a ExternalAnswer,
    holdback: bool,
}

impl Serialize for PassedOn<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("time", &self.time)?;
        map.serialize_entry("champion", "external")?;
        if self.holdback {
            map.serialize_entry("holdback", &true)?;
        }
        decision(&mut map, self.schema, model::decided(self.schema, self.said))?;
        if let ExternalAnswer::Output(output) = self.said {
            numbers(&mut map, self.schema, output)?;
        }
        map.end()
    }
}

fn decision<M: SerializeMap>(map: &mut M, schema: &Schema, decision: Truth) -> Result<(), M::Error> {
    match decision {
        Truth::Class(index) => map.serialize_entry("prediction", &schema.class_name(index)),
        Truth::Number(number) => map.serialize_entry("prediction", &number),
    }
}

/// The network's own numbers.
fn numbers<M: SerializeMap>(map: &mut M, schema: &Schema, output: &Output) -> Result<(), M::Error> {
    match schema.target() {
        Target::Classification { classes } => {
            map.serialize_entry("probabilities", &Probabilities { classes, values: &output.0 })
        }
        Target::Regression => map.serialize_entry("value", &output.0.first()),
    }
}

/// A probability a class, in the schema's order.
struct Probabilities<'a> {
    classes: &'a [String],
    values: &'a [f32],
}

impl Serialize for Probabilities<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.classes.iter().zip(self.values))
    }
}
