//! Fleet: one leader learns, and others serve what it serves.
//!
//! In reading order: what the leader tells, and when ([`Leader`]); how that gets out, never holding up learning
//! ([`Publisher`]); what a follower makes of it ([`Following`]); and how it gets to serve it ([`Follower`]).
//!
//! May not: know the JSON of a dispatch or where models lie (that is `adapters`), decide what is served (the lifecycle did).

mod follower;
mod following;
mod leader;
mod publication;
mod publisher;
mod publishing;
mod shelf;

pub use follower::Follower;
pub use following::{Following, Heard};
pub use leader::{Facts, Leader};
pub use publication::{Mail, Publication};
pub use publisher::Publisher;
pub use publishing::{Publishing, prepare};

#[cfg(test)]
mod tests;
