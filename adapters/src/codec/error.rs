//! What is said about a bad configuration or a bad record.
//!
//! Every message names where in the record, what was found and what was expected; every reason is a
//! word that can be counted.

use super::pointer::Pointer;

/// Why a codec could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CodecError {
    /// A path is not a JSON pointer.
    #[error("`{text}` is not a JSON pointer: {message}")]
    Pointer {
        /// The text given.
        text: String,
        /// What is wrong with it.
        message: &'static str,
    },
    /// A path is given for a feature the schema does not have.
    #[error("a path is given for feature `{name}`, which the schema does not have{hint}")]
    UnknownFeature {
        /// The feature named.
        name: String,
        /// The nearest one that exists, or nothing.
        hint: String,
    },
}

/// Why a record was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The record is longer than is read.
    #[error("the record has {bytes} bytes; at most {max} are read", max = super::RECORD_BYTES_MAX)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// The record has no bytes.
    #[error("the record is empty; a JSON object was expected")]
    Empty,
    /// The bytes are not JSON.
    #[error("not JSON: {0}")]
    NotJson(String),
    /// A `CloudEvent` has no JSON in it.
    #[error("a CloudEvent without `data`; a JSON object was expected there")]
    NoData,
    /// There is no id.
    #[error("no id at {0}; a string or an integer was expected")]
    MissingId(Pointer),
    /// There is no label.
    #[error("no label at {at}; {expected} was expected")]
    MissingLabel {
        /// Where it was looked for.
        at: Pointer,
        /// What was expected.
        expected: String,
    },
    /// A metrics message lacks one of its two parts, or has both kinds at once.
    #[error("{0}")]
    MetricShape(String),
    /// The value is of another kind than expected.
    #[error("{found} at {at}; {expected} was expected")]
    WrongType {
        /// Where it sits.
        at: Pointer,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The value is of the right kind, but cannot be used.
    #[error("{found} at {at}; {expected} was expected")]
    OutOfRange {
        /// Where it sits.
        at: Pointer,
        /// What was found.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// A number is too large even to be read.
    #[error("not usable JSON: {0}")]
    NumberTooLarge(String),
    /// The label names a class the schema does not have.
    #[error("unknown class {found} at {at}; one of {known} was expected")]
    UnknownClass {
        /// Where it sits.
        at: Pointer,
        /// What was found.
        found: String,
        /// The classes there are.
        known: String,
    },
}

impl DecodeError {
    /// The reason as one word, for counting.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::Empty => "empty",
            Self::NotJson(_) => "not_json",
            Self::NoData => "no_data",
            Self::MissingId(_) => "missing_id",
            Self::MissingLabel { .. } => "missing_label",
            Self::MetricShape(_) => "metric_shape",
            Self::WrongType { .. } => "wrong_type",
            Self::OutOfRange { .. } | Self::NumberTooLarge(_) => "out_of_range",
            Self::UnknownClass { .. } => "unknown_class",
        }
    }
}
