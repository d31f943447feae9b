//! Config of publishing, and of those who follow.
//!
//! Lives here: both sections, checked. May not: open the directory.

use std::time::Duration;

use adapters::store::{BucketConfig, Location};
use serde::{Deserialize, Serialize};

use super::repository::location;
use super::{ConfigError, refuse};
use crate::storage::host;

/// Longest name of a follower, in bytes.
const ID_BYTES_MAX: usize = 128;

/// `[publish]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishSection {
    directory: String,
    every_seconds: f64,
    keep: usize,
    canary: f64,
}

/// `[follow]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FollowSection {
    id: String,
}

/// Where models are published, and what is told of them.
#[derive(Clone, Debug, PartialEq)]
pub struct PublishConfig {
    /// The directory or bucket.
    pub location: Location,
    /// How it is reached, if it is a bucket.
    pub bucket: BucketConfig,
    /// Between two refreshes that are told, and between two tries of what failed.
    pub every: Duration,
    /// Models that stay.
    pub keep: usize,
    /// Share of followers that serve a promotion while its watch lasts.
    pub canary: f64,
}

/// A follower.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowConfig {
    /// Who it is.
    pub id: String,
}

impl PublishSection {
    /// None where nothing is published.
    pub(super) fn checked(&self, bucket: &BucketConfig) -> Result<Option<PublishConfig>, ConfigError> {
        let seconds = self.every_seconds;
        let every = Duration::try_from_secs_f64(seconds).ok().filter(|every| !every.is_zero());
        let Some(every) = every else {
            return refuse(format!("`publish.every_seconds` is {seconds}; give a number above 0"));
        };
        if self.keep == 0 {
            return refuse("`publish.keep` is 0; give 1 or more");
        }
        if !(0.0..=1.0).contains(&self.canary) {
            return refuse(format!("`publish.canary` is {}; give 0 to 1", self.canary));
        }
        if self.directory.is_empty() {
            return Ok(None);
        }
        let location = location("publish.directory", &self.directory)?;
        let (bucket, keep, canary) = (bucket.clone(), self.keep, self.canary);
        Ok(Some(PublishConfig { location, bucket, every, keep, canary }))
    }
}

impl FollowSection {
    pub(super) fn checked(&self) -> Result<FollowConfig, ConfigError> {
        let bytes = self.id.len();
        if bytes > ID_BYTES_MAX {
            return refuse(format!("`follow.id` has {bytes} bytes; at most {ID_BYTES_MAX} are allowed"));
        }
        Ok(FollowConfig { id: if self.id.is_empty() { host() } else { self.id.clone() } })
    }
}
