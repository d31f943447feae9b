//! Simulations: promises about chance and about load, each tried many times from a seed.
//!
//! Lives here: short ones for every build; the long ones are binaries of this crate. May not: need a broker.

mod judge;
mod storm;
