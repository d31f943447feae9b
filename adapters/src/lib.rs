//! How Driftform talks: turns the world into `model` types and back, and decides nothing.
//!
//! In reading order: what bytes mean ([`codec`]); where they come from and go to ([`kafka`]); recorded
//! streams ([`files`]); numbers that somebody else measures ([`promql`]); files that other servers load ([`mod@onnx`]); what has
//! to survive a crash ([`store`], [`audit`]), and how it is proved that it does ([`points`]); what those who follow are told
//! ([`fleet`]); what people and machines may look at ([`http`], [`console`]), and how they are answered ([`oip`]).
//!
//! May not: decide anything, read the machine's clock (time comes in as an argument; an `Instant` may
//! bound a wait), let a library's types out.

pub mod audit;
pub mod codec;
pub mod console;
pub mod files;
pub mod fleet;
pub mod hardware;
pub mod http;
pub mod kafka;
pub mod oip;
pub mod onnx;
pub mod points;
pub mod promql;
pub mod store;

mod chance;
mod text;
mod trust;
