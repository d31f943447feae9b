//! Contracts: what the source tree promises, read from the tree itself.
//!
//! Lives here: checks over manifests, sources and documents. May not: start the daemon or a broker.
//! Each check is a function over plain data, so that a test beside it can show that it fails.

mod boards;
mod directions;
mod documents;
mod examples;
mod licences;
mod links;
mod metrics;
mod rules;
mod tidy;
mod workspace;
