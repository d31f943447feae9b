//! What has to survive a crash: models, snapshots of the state, and the encoded rows they refer to.
//!
//! In reading order: who may write at all ([`Lease`]); folders of model files ([`ModelStore`]); the newest good snapshot
//! ([`SnapshotStore`]); rows by number ([`RowSegments`]). Bytes go in and the same bytes come out, or an
//! error says which file is damaged and what to do.
//!
//! May not: know what is inside a model or a snapshot, or when one is due.

pub(crate) mod durable;
mod error;
mod lease;
mod models;
mod rows;
mod snapshots;

pub use error::StoreError;
pub use lease::{Holder, Lease};
pub use models::ModelStore;
pub use rows::{Resumed, RowRef, RowSegments};
pub use snapshots::{Newest, SnapshotStore, newest_snapshot};
