//! When things happen: the daemon, in the order in which a reader should meet it.
//!
//! [`commands`] starts everything; [`app`] builds it; [`serve`] answers events, [`learn`] learns from
//! outcomes, [`lifecycle`] decides what is done next; [`slot`] is where a swap happens, [`join`] where
//! labels meet predictions, [`trials`] where candidates are trained; [`storage`] keeps it all through a
//! crash; [`fleet`] is how others serve the same, [`repository`] how other servers do, each by a thread that the [`post`] brings its work; [`decisions`] go to the journal; what is published says the same ([`parity`]), and what is imported ([`import`]); [`readings`] of budgets come from Prometheus; [`telemetry`] tells; deadlines pass by the [`clock`].
//!
//! May not: maths, wire formats, tensors.

pub mod app;
mod asking;
pub mod clock;
pub mod commands;
pub mod config;
pub mod decisions;
pub mod fleet;
pub mod import;
pub mod join;
pub mod learn;
pub mod lifecycle;
pub mod parity;
pub mod post;
pub mod reader;
pub mod readings;
pub mod repository;
pub mod serve;
pub mod slot;
pub mod storage;
pub mod telemetry;
pub mod trials;
