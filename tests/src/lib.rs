//! The harness that proofs about the whole share: a broker to talk to ([`broker`]), and the real binary
//! as a process that can be watched and killed ([`process`]), its pages ([`http`]). And the tables, each a binary:
//! how the daemon does beside others on recorded streams ([`table`]), and what becomes of requests while models are
//! swapped ([`storm`]).
//!
//! May not: prove anything itself, or reach into a room past its public names.

pub mod broker;
pub mod http;
pub mod process;
pub mod storm;
pub mod table;
