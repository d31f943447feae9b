//! Oip: the Open Inference Protocol v2, over HTTP and gRPC: requests into rows of the schema, answers into tensors.
//!
//! In reading order: who is asked, and within which limits ([`Front`]); what waits to be answered ([`Queue`]); what a
//! tensor holds (`tensor`), in JSON (`json`, `numbers`), raw bytes and messages (`messages`); which feature it is
//! (`features`); what is answered (`answers`, `reply`) or refused ([`Refusal`]); who comes in ([`Door`], [`Tls`]) by which
//! road ([`http`], [`grpc`]).
//!
//! And the other way round: asking another server ([`ask`]).
//!
//! May not: compute an answer, choose which model serves, bind an address.

mod answers;
pub mod ask;
mod doors;
mod error;
mod features;
mod front;
pub mod grpc;
pub mod http;
mod json;
mod messages;
mod numbers;
mod queue;
mod reply;
mod request;
mod route;
mod stats;
mod tensor;
mod tls;

/// What `proto/inference.proto` becomes.
#[allow(
    missing_docs,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::allow_attributes_without_reason,
    clippy::disallowed_types,
    reason = "a program wrote it"
)]
pub mod proto {
    tonic::include_proto!("inference");
}

pub use answers::{Answer, Answers};
pub use doors::Door;
pub use error::{Reason, Refusal};
pub use front::{Front, FrontLimits, Meter, Names, OK, Version, no_version};
pub use queue::{Question, Queue, QueueLimits, Told};
pub use request::ID_BYTES_MAX;
pub use stats::Stats;
pub use tensor::ELEMENTS_MAX;
pub use tls::{Tls, TlsError, TlsFiles};
