//! Records into samples, labels and metrics.
//!
//! Lives here: which field is read from where. May not: know topics or clocks.

use model::{Label, Metric, Reading, Record, Retraction, Row, Sample, Timestamp};
use serde_json::Value;

use super::error::DecodeError;
use super::pointer::Pointer;
use super::{JsonCodec, RECORD_BYTES_MAX, values};

impl JsonCodec {
    /// Reads an event; `received` is its time where the record names none.
    pub fn decode_sample(&self, bytes: &[u8], received: Timestamp) -> Result<Sample, DecodeError> {
        self.sample(&parse(bytes)?, received)
    }

    pub(super) fn sample(&self, record: &Value, received: Timestamp) -> Result<Sample, DecodeError> {
        let paths = &self.config.event;
        let id = required_id(record, &paths.id)?;
        let time = time(record, paths.time.as_ref(), received)?;
        Ok(Sample { id, time, row: self.row(record)? })
    }

    /// Reads a label, or that one is taken back: its value is there and null. `received` is its time where the record names
    /// none.
    pub fn decode_label(&self, bytes: &[u8], received: Timestamp) -> Result<Told, DecodeError> {
        let record = parse(bytes)?;
        let paths = &self.config.label;
        let id = required_id(&record, &paths.id)?;
        let time = time(&record, paths.time.as_ref(), received)?;
        if paths.value.points_at_null(&record) {
            return Ok(Told::Retraction(Retraction { id, time }));
        }
        let value = paths.value.find(&record).ok_or_else(|| DecodeError::MissingLabel {
            at: paths.value.clone(),
            expected: if self.schema.target().is_classification() { "a class" } else { "a number" }.into(),
        })?;
        let truth = values::truth(value, &self.schema, &paths.value)?;
        let revision = revision(&record, paths.revision.as_ref())?;
        Ok(Told::Label(Label { id, time, truth, revision }))
    }

    /// Reads a metrics message; `received` is its time where the record names none.
    pub fn decode_metric(&self, bytes: &[u8], received: Timestamp) -> Result<Metric, DecodeError> {
        let record = parse(bytes)?;
        let paths = &self.config.metric;
        let time = time(&record, paths.time.as_ref(), received)?;
        let reading = match (paths.metric.find(&record), paths.budget.find(&record)) {
            (Some(name), None) => Reading::Measured {
                name: values::name(name, &paths.metric)?,
                value: quantity(&record, &paths.metric, &paths.value)?,
            },
            (None, Some(name)) => Reading::Budget {
                name: values::name(name, &paths.budget)?,
                limit: quantity(&record, &paths.budget, &paths.limit)?,
            },
            (found, _) => return Err(metric_shape(found.is_some(), &paths.metric, &paths.budget)),
        };
        Ok(Metric { time, reading })
    }

    fn row(&self, record: &Value) -> Result<Row, DecodeError> {
        let features = self.schema.features().iter().zip(&self.features);
        let values: Result<Vec<_>, _> = features
            .map(|(feature, at)| match at.find(record) {
                Some(value) => values::feature(value, feature.kind, at),
                None => Ok(f32::NAN),
            })
            .collect();
        Ok(Row::new(values?).expect("features are finite or missing"))
    }
}

/// What a record of the labels topic says.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// What is true of an event.
    Label(Label),
    /// Nothing is known of it any more.
    Retraction(Retraction),
}

impl From<Told> for Record {
    fn from(told: Told) -> Self {
        match told {
            Told::Label(label) => Self::Label(label),
            Told::Retraction(retraction) => Self::Retraction(retraction),
        }
    }
}

/// Which label of its event it is; the first where the record says nothing.
fn revision(record: &Value, at: Option<&Pointer>) -> Result<u32, DecodeError> {
    let Some((at, value)) = at.and_then(|at| Some((at, at.find(record)?))) else { return Ok(0) };
    value
        .as_u64()
        .and_then(|number| u32::try_from(number).ok())
        .ok_or_else(|| values::wrong_type(value, at, "a revision, a number from 0 to 4294967295"))
}

pub(super) fn parse(bytes: &[u8]) -> Result<Value, DecodeError> {
    match bytes.len() {
        0 => Err(DecodeError::Empty),
        1..=RECORD_BYTES_MAX => serde_json::from_slice(bytes).map_err(|error| not_json(bytes, &error)),
        bytes => Err(DecodeError::TooLarge { bytes }),
    }
}

fn not_json(bytes: &[u8], error: &serde_json::Error) -> DecodeError {
    let message = error.to_string();
    // The library has no code for it, only these words.
    if message.starts_with("number out of range") {
        return DecodeError::NumberTooLarge(message);
    }
    let contains = |word: &[u8]| bytes.windows(word.len()).any(|part| part == word);
    if contains(b"NaN") || contains(b"Infinity") {
        let hint = "`NaN` and `Infinity` are not JSON, write null for a missing number";
        return DecodeError::NotJson(format!("{message} ({hint})"));
    }
    DecodeError::NotJson(message)
}

fn required_id(record: &Value, at: &Pointer) -> Result<model::EventId, DecodeError> {
    values::id(at.find(record).ok_or_else(|| DecodeError::MissingId(at.clone()))?, at)
}

fn time(record: &Value, at: Option<&Pointer>, received: Timestamp) -> Result<Timestamp, DecodeError> {
    match at.and_then(|at| Some((at, at.find(record)?))) {
        Some((at, value)) => values::time(value, at),
        None => Ok(received),
    }
}

fn quantity(record: &Value, name_at: &Pointer, at: &Pointer) -> Result<f64, DecodeError> {
    let missing = || DecodeError::MetricShape(format!("a name at {name_at}, but no number at {at}"));
    values::wide_number(at.find(record).ok_or_else(missing)?, at)
}

fn metric_shape(both: bool, metric: &Pointer, budget: &Pointer) -> DecodeError {
    DecodeError::MetricShape(if both {
        format!("both {metric} and {budget} are there; send a measurement and a budget as two messages")
    } else {
        format!("neither a measurement's name at {metric} nor a budget's at {budget}")
    })
}
