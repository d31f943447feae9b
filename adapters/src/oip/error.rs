//! What a client hears that gets no answer.
//!
//! Lives here: the kinds of refusal, as one word, an HTTP status and a gRPC code each. May not: word a message.

use axum::http::StatusCode;
use tonic::Code;

/// Most bytes of a message: a part of a hostile request never comes back whole.
const MESSAGE_BYTES_MAX: usize = 1_024;

/// Why there is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The request is not what the protocol or the schema wants.
    Invalid,
    /// No such model, version or path.
    NotFound,
    /// The path knows another method.
    Method,
    /// The request did not come within its time.
    Slow,
    /// The request has more bytes or rows than are taken.
    TooLarge,
    /// More is asked than can be answered now.
    Overloaded,
    /// The answer would come too late.
    Late,
    /// Nothing is answered now.
    Unavailable,
    /// The protocol has it, this server does not.
    Unsupported,
    /// The fault is here.
    Internal,
}

impl Reason {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Invalid,
        Self::NotFound,
        Self::Method,
        Self::Slow,
        Self::TooLarge,
        Self::Overloaded,
        Self::Late,
        Self::Unavailable,
        Self::Unsupported,
        Self::Internal,
    ];

    /// The reason as one word, for counting.
    pub fn name(self) -> &'static str {
        match self {
            Self::Invalid => "invalid",
            Self::NotFound => "not_found",
            Self::Method => "method",
            Self::Slow => "slow",
            Self::TooLarge => "too_large",
            Self::Overloaded => "overloaded",
            Self::Late => "late",
            Self::Unavailable => "unavailable",
            Self::Unsupported => "unsupported",
            Self::Internal => "internal",
        }
    }

    /// As HTTP says it.
    pub fn status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Overloaded => StatusCode::TOO_MANY_REQUESTS,
            Self::Late => StatusCode::GATEWAY_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Unsupported => StatusCode::NOT_IMPLEMENTED,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// As gRPC says it.
    pub(super) fn code(self) -> Code {
        match self {
            Self::Invalid => Code::InvalidArgument,
            Self::NotFound => Code::NotFound,
            Self::Method | Self::Unsupported => Code::Unimplemented,
            Self::Slow | Self::Late => Code::DeadlineExceeded,
            Self::TooLarge | Self::Overloaded => Code::ResourceExhausted,
            Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }
}

/// Why there is no answer, and what is said about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    /// The kind.
    pub reason: Reason,
    /// For whoever sent the request.
    pub message: String,
}

impl Refusal {
    /// A refusal of this kind; the message is cut where it is too long.
    pub fn new(reason: Reason, message: impl Into<String>) -> Self {
        let mut message = message.into();
        if message.len() > MESSAGE_BYTES_MAX {
            message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
            message.push('…');
        }
        Self { reason, message }
    }

    /// The request is not what the protocol or the schema wants.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Reason::Invalid, message)
    }
}
