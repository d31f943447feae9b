//! What flows: samples in, predictions out, labels later, outcomes when both have met.
//!
//! Lives here: the plain records every room passes on. May not: parse bytes, know topics or files.

use serde::{Deserialize, Serialize};

use crate::error::ModelError;
use crate::schema::Addition;

/// Longest event id accepted, in bytes; ids live in the join's memory.
pub const ID_BYTES_MAX: usize = 256;

/// Milliseconds since the Unix epoch: event time, never the machine's clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Timestamp(pub i64);

/// The name by which a label finds its prediction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct EventId(Box<str>);

impl EventId {
    /// An id of 1 to [`ID_BYTES_MAX`] bytes.
    pub fn new(id: &str) -> Result<Self, ModelError> {
        match id.len() {
            0 => Err(ModelError::Sample("the id is empty".into())),
            1..=ID_BYTES_MAX => Ok(Self(id.into())),
            bytes => Err(ModelError::Sample(format!(
                "the id has {bytes} bytes; at most {ID_BYTES_MAX} are allowed"
            ))),
        }
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A number in 0..1 that is always the same for an id, and of many ids as good as random: who keeps those below a
    /// share keeps that share of them.
    pub fn draw(&self) -> f64 {
        // 53 bits are exact.
        (self.number() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A number that is always the same for an id, and hardly ever that of another one.
    pub fn number(&self) -> u64 {
        number_of(&self.0)
    }
}

/// A number that is always the same for a text, and hardly ever that of another one.
fn number_of(text: &str) -> u64 {
    // FNV-1a, then the mixing of splitmix64: ids that differ in their last digit only are far apart.
    let hash = text.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

/// One number a feature, in the schema's order: the value, 0 or 1, or
/// [`crate::category_value`] of the category.
/// `NaN` means missing; infinities do not occur.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Row {
    values: Box<[f32]>,
    entity: Option<u64>,
    past: Box<[Step]>,
}

/// An event that a later one carries along.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// [`EventId::number`] of its id.
    pub of: u64,
    /// Its row, without a past of its own.
    pub row: Row,
}

impl Row {
    /// A row of finite numbers and `NaN` for what is missing.
    pub fn new(values: Vec<f32>) -> Result<Self, ModelError> {
        match values.iter().position(|value| value.is_infinite()) {
            Some(index) => Err(ModelError::Sample(format!("value {index} is infinite"))),
            None => Ok(Self { values: values.into(), entity: None, past: Box::default() }),
        }
    }

    /// The same row, of the entity of this name: the numbers tell categories apart only as finely as buckets ever may.
    #[must_use]
    pub fn of(self, name: &str) -> Self {
        Self { entity: Some(number_of(name)), ..self }
    }

    /// The same row for a schema of so many features: what it lacks is missing, and what is new comes last.
    #[must_use]
    pub fn resized(self, features: usize) -> Self {
        let mut values = self.values.into_vec();
        values.resize(features, f32::NAN);
        Self { values: values.into(), ..self }
    }

    /// The same row without the events that it carries.
    #[must_use]
    pub fn alone(&self) -> Self {
        Self { values: self.values.clone(), entity: self.entity, past: Box::default() }
    }

    /// A number for the entity whose row it is, where it was named.
    pub fn entity(&self) -> Option<u64> {
        self.entity
    }

    /// The same row, carrying the events of its entity that came before it, newest first.
    #[must_use]
    pub fn after(self, past: Vec<Step>) -> Self {
        Self { past: past.into(), ..self }
    }

    /// The numbers.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The events of its entity that came before it, as far as they are carried, newest first.
    pub fn past(&self) -> &[Step] {
        &self.past
    }
}

impl PartialEq for Row {
    /// Two missing values are equal.
    fn eq(&self, other: &Self) -> bool {
        self.values.len() == other.values.len()
            && self.values.iter().zip(&other.values).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
            && self.entity == other.entity
            && self.past == other.past
    }
}

/// A production event: something the serving network has to answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    /// By which its label will find it.
    pub id: EventId,
    /// When it happened.
    pub time: Timestamp,
    /// Its features.
    pub row: Row,
    /// What a model that is not ours had said of it, where there is one and it is known.
    pub external: Option<ExternalAnswer>,
}

/// The truth about an event: a class, by position in the schema, or a number.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Truth {
    /// Position of the class.
    Class(u32),
    /// The number.
    Number(f32),
}

/// A label: the truth about an event, usually late.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Label {
    /// The event it speaks of.
    pub id: EventId,
    /// When it became known.
    pub time: Timestamp,
    /// What it says.
    pub truth: Truth,
    /// Which one of its event, where labels are corrected: the highest counts.
    pub revision: u32,
}

/// A label is taken back: nothing is known of its event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Retraction {
    /// The event it speaks of.
    pub id: EventId,
    /// When that became known.
    pub time: Timestamp,
}

/// Which model computed an answer; grows by one with every refresh, promotion, relief, rollback and adoption.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Generation(pub u64);

/// What a network says of one row: a probability a class, or one number in the target's own unit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output(pub Box<[f32]>);

impl Output {
    /// The answer to the same question with more classes to choose from: nothing was said of the new ones.
    #[must_use]
    pub fn widened(&self, outputs: usize) -> Self {
        let mut numbers = self.0.to_vec();
        numbers.resize(outputs.max(numbers.len()), 0.0);
        Self(numbers.into())
    }

    /// Whether every number is finite.
    pub fn is_finite(&self) -> bool {
        self.0.iter().all(|value| value.is_finite())
    }
}

/// What a model that is not ours says of an event: as much as it tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExternalAnswer {
    /// The class that it decides for, and not how sure it is.
    Class(u32),
    /// A probability a class, or one number.
    Output(Output),
}

impl ExternalAnswer {
    /// The answer to the same question with more classes to choose from: nothing was said of the new ones.
    #[must_use]
    pub fn widened(&self, outputs: usize) -> Self {
        match self {
            Self::Class(class) => Self::Class(*class),
            Self::Output(output) => Self::Output(output.widened(outputs)),
        }
    }
}

/// A message from the metrics topic: what the service measured, or a budget an operator sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metric {
    /// When it was measured or set.
    pub time: Timestamp,
    /// What it says.
    pub reading: Reading,
}

/// What a metrics message says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// A quantity of the running service, in base units (seconds, bytes, ratio).
    Measured {
        /// Name of the quantity, for instance `compute_seconds`.
        name: String,
        /// Its value.
        value: f64,
    },
    /// A new limit for a budget, in base units.
    Budget {
        /// Name of the budget, for instance `compute_seconds`.
        name: String,
        /// The new limit.
        limit: f64,
    },
}

/// The schema grows here: records from now on are read with what is new.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adoption {
    /// Of the record that brought it.
    pub time: Timestamp,
    /// What is new.
    pub addition: Addition,
}

/// A record of any of the input topics, or what the schema gains by the next one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// From the events topic.
    Sample(Sample),
    /// From the labels topic.
    Label(Label),
    /// From the labels topic.
    Retraction(Retraction),
    /// From the metrics topic.
    Metric(Metric),
    /// Before the first record that needs it.
    Adoption(Adoption),
}

impl Record {
    /// When it happened.
    pub fn time(&self) -> Timestamp {
        match self {
            Self::Sample(sample) => sample.time,
            Self::Label(label) => label.time,
            Self::Retraction(retraction) => retraction.time,
            Self::Metric(metric) => metric.time,
            Self::Adoption(adoption) => adoption.time,
        }
    }
}

#[cfg(test)]
mod tests;
