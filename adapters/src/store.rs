//! What has to survive a crash: models, snapshots of the state, and the records they refer to.
//!
//! In reading order: who may write at all ([`Lease`]); folders of model files ([`ModelStore`]); the newest good snapshot
//! ([`SnapshotStore`]); records by place ([`Records`]); models for other servers ([`ModelRepository`]) and for followers ([`Published`]), in a
//! directory or a bucket ([`Location`]). Bytes go in and the same bytes come out, or an
//! error says which file is damaged and what to do.
//!
//! May not: know what is inside a model or a snapshot, or when one is due.

#[cfg(feature = "s3")]
mod bucket;
pub(crate) mod durable;
mod error;
mod lease;
mod location;
mod models;
mod published;
mod records;
mod repository;
mod snapshots;

pub use error::StoreError;
pub use lease::{Holder, Lease};
pub use location::{BUCKET_SCHEME, BucketConfig, Location, Site};
pub use models::ModelStore;
pub use published::{Published, fetch_published, find_published};
pub use records::{Place, RECORD_BYTES_MAX, Records, Resumed};
pub use repository::{GRAPH_FILE, LABELS_FILE, ModelRepository, Version, write_file};
pub use snapshots::{Newest, SnapshotStore, newest_snapshot};
