//! Predictions into JSON.
//!
//! Lives here: the shape that the answer's readers see. May not: decide what is answered.

use model::{EventId, Generation, Output, Schema, Target, Timestamp, Truth};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::JsonCodec;

impl JsonCodec {
    /// The answer to one event: its id, time and generation, the decision as `prediction`, and the
    /// network's own numbers, `probabilities` by class or one `value`; `holdback` is there, and true, only where the
    /// answer is not to be acted on.
    #[expect(clippy::missing_panics_doc, reason = "it cannot: the expect says why")]
    pub fn encode_prediction(
        &self,
        id: &EventId,
        time: Timestamp,
        generation: Generation,
        output: &Output,
        decision: Truth,
        holdback: bool,
    ) -> Vec<u8> {
        let schema = self.schema.as_ref();
        let answer = Answer { schema, id, time, generation, output, decision, holdback };
        serde_json::to_vec(&answer).expect("plain fields under text keys are always JSON")
    }
}

struct Answer<'a> {
    schema: &'a Schema,
    id: &'a EventId,
    time: Timestamp,
    generation: Generation,
    output: &'a Output,
    decision: Truth,
    holdback: bool,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("id", self.id)?;
        map.serialize_entry("time", &self.time)?;
        map.serialize_entry("generation", &self.generation)?;
        if self.holdback {
            map.serialize_entry("holdback", &true)?;
        }
        match self.decision {
            Truth::Class(index) => map.serialize_entry("prediction", &self.schema.class_name(index))?,
            Truth::Number(number) => map.serialize_entry("prediction", &number)?,
        }
        match self.schema.target() {
            Target::Classification { classes } => {
                let probabilities = Probabilities { classes, values: &self.output.0 };
                map.serialize_entry("probabilities", &probabilities)?;
            }
            Target::Regression => map.serialize_entry("value", &self.output.0.first())?,
        }
        map.end()
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
