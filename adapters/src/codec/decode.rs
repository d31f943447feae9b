//! Records into samples, labels and metrics.
//!
//! Lives here: which field is read from where. May not: know topics or clocks.

use model::{ExternalAnswer, Label, Metric, Reading, Record, Retraction, Row, Sample};
use serde_json::Value;

use super::envelope::{Envelope, Message};
use super::error::DecodeError;
use super::pointer::Pointer;
use super::{JsonCodec, said, values};

/// An event, and what else its record says.
#[derive(Clone, Debug)]
pub struct Event {
    /// The event.
    pub sample: Sample,
    /// What is true of it, where its record says that too.
    pub label: Option<Label>,
    pub(super) message: Message,
}

impl JsonCodec {
    /// Reads an event, and nothing else that its record may say.
    pub fn decode_sample(&self, bytes: &[u8], envelope: impl Into<Envelope>) -> Result<Sample, DecodeError> {
        self.sample(&Message::parse(bytes, envelope.into())?)
    }

    /// Reads an event and the label that may ride in it.
    pub fn decode_event(&self, bytes: &[u8], envelope: impl Into<Envelope>) -> Result<Event, DecodeError> {
        let message = Message::parse(bytes, envelope.into())?;
        let sample = self.sample(&message)?;
        let label = match self.riding(&message) {
            Some((at, value)) => Some(Label {
                id: sample.id.clone(),
                time: sample.time,
                truth: values::truth(value, &self.schema, at)?,
                revision: 0,
            }),
            None => None,
        };
        Ok(Event { sample, label, message })
    }

    fn sample(&self, message: &Message) -> Result<Sample, DecodeError> {
        let paths = &self.config.event;
        let id = message.event_id(&paths.id)?;
        let time = message.time(paths.time.as_ref())?;
        Ok(Sample { id, time, row: self.row(&message.fields)?, external: self.said(message)? })
    }

    /// What a model that is not ours had said, where that is read and there.
    fn said(&self, message: &Message) -> Result<Option<ExternalAnswer>, DecodeError> {
        let at = self.config.event.prediction.as_ref();
        let Some((at, value)) = at.and_then(|at| Some((at, at.find(&message.fields)?))) else {
            return Ok(None);
        };
        said::answer(value, &self.schema, at).map(Some)
    }

    /// The label in an event's record, and where it stands.
    pub(super) fn riding<'a>(&self, message: &'a Message) -> Option<(&Pointer, &'a Value)> {
        let at = self.config.event.label.as_ref()?;
        Some((at, at.find(&message.fields)?))
    }

    /// Reads a label, or that one is taken back: its value is there and null.
    pub fn decode_label(&self, bytes: &[u8], envelope: impl Into<Envelope>) -> Result<Told, DecodeError> {
        let message = Message::parse(bytes, envelope.into())?;
        let (paths, record) = (&self.config.label, &message.fields);
        let id = message.subject_id(&paths.id)?;
        let time = message.time(paths.time.as_ref())?;
        if paths.value.points_at_null(record) {
            return Ok(Told::Retraction(Retraction { id, time }));
        }
        let value = paths.value.find(record).ok_or_else(|| DecodeError::MissingLabel {
            at: paths.value.clone(),
            expected: if self.schema.target().is_classification() { "a class" } else { "a number" }.into(),
        })?;
        let truth = values::truth(value, &self.schema, &paths.value)?;
        let revision = revision(record, paths.revision.as_ref())?;
        Ok(Told::Label(Label { id, time, truth, revision }))
    }

    /// Reads a metrics message.
    pub fn decode_metric(&self, bytes: &[u8], envelope: impl Into<Envelope>) -> Result<Metric, DecodeError> {
        let message = Message::parse(bytes, envelope.into())?;
        let (paths, record) = (&self.config.metric, &message.fields);
        let time = message.time(paths.time.as_ref())?;
        let reading = match (paths.metric.find(record), paths.budget.find(record)) {
            (Some(name), None) => Reading::Measured {
                name: values::name(name, &paths.metric)?,
                value: quantity(record, &paths.metric, &paths.value)?,
            },
            (None, Some(name)) => Reading::Budget {
                name: values::name(name, &paths.budget)?,
                limit: quantity(record, &paths.budget, &paths.limit)?,
            },
            (found, _) => return Err(metric_shape(found.is_some(), &paths.metric, &paths.budget)),
        };
        Ok(Metric { time, reading })
    }

    /// What a record shows for each feature, in the schema's order; null where it is missing.
    pub fn shown(&self, bytes: &[u8], envelope: impl Into<Envelope>) -> Result<Vec<Value>, DecodeError> {
        let message = Message::parse(bytes, envelope.into())?;
        Ok(self.features.iter().map(|at| at.find(&message.fields).cloned().unwrap_or_default()).collect())
    }

    fn row(&self, record: &Value) -> Result<Row, DecodeError> {
        let features = self.schema.features().iter().zip(&self.features);
        let values: Result<Vec<_>, _> = features
            .map(|(feature, at)| match at.find(record) {
                Some(value) => values::feature(value, feature.kind, at),
                None => Ok(f32::NAN),
            })
            .collect();
        let row = Row::new(values?).expect("features are finite or missing");
        let named = self.schema.naming().and_then(|at| self.features.get(at)?.find(record)?.as_str());
        Ok(match named {
            Some(name) => row.of(name),
            None => row,
        })
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
