//! Location: where files for others lie: a directory, or a bucket of an object store.
//!
//! Lives here: reading one as it stands in a configuration, and opening it. May not: know what lies there.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

#[cfg(feature = "s3")]
use super::bucket::Bucket;
#[cfg(feature = "s3")]
use super::durable::check_name;
use super::error::StoreError;

/// What the location of a bucket begins with.
pub const BUCKET_SCHEME: &str = "s3://";

/// Where files for others lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// A directory.
    Directory(PathBuf),
    /// A bucket, and under which names in it.
    #[cfg(feature = "s3")]
    Bucket {
        /// Its name.
        bucket: String,
        /// What the names begin with, without a slash at its ends; may be empty.
        prefix: String,
    },
}

/// How buckets are reached. What is not said is as the environment says it, in the usual variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BucketConfig {
    /// The address of the object store; none for Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Whether the bucket stands in the path of addresses rather than in the host.
    pub path_style: bool,
    /// Whether it may be reached without TLS.
    pub allow_http: bool,
    /// Files with the id of a key, the key, and a token of a session, if there is one.
    pub access_key_id_file: Option<PathBuf>,
    /// See above.
    pub secret_access_key_file: Option<PathBuf>,
    /// See above.
    pub session_token_file: Option<PathBuf>,
    /// A file with the certificates that vouch for it; without one, Mozilla's do.
    pub ca_file: Option<PathBuf>,
    /// How long one request may take, from connecting to the last byte.
    pub timeout: Duration,
}

/// A location, to be read or written.
#[derive(Clone, Debug)]
pub enum Site {
    /// A directory; nothing is created yet.
    Directory(PathBuf),
    /// A bucket; nobody is asked yet.
    #[cfg(feature = "s3")]
    Bucket(Bucket),
}

impl Location {
    /// As it stands in a configuration: a path, or `s3://BUCKET/PREFIX`.
    pub fn parse(text: &str) -> Result<Self, StoreError> {
        match text.strip_prefix(BUCKET_SCHEME) {
            Some(rest) => Self::bucket(text, rest),
            None => Ok(Self::Directory(PathBuf::from(text))),
        }
    }

    /// The directory, if it is one.
    pub fn directory(&self) -> Option<&Path> {
        match self {
            Self::Directory(path) => Some(path),
            #[cfg(feature = "s3")]
            Self::Bucket { .. } => None,
        }
    }

    #[cfg(feature = "s3")]
    fn bucket(text: &str, rest: &str) -> Result<Self, StoreError> {
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.trim_matches('/');
        // The same letters as for folders: none of them is written otherwise in an address.
        let names = std::iter::once(bucket).chain(prefix.split('/').filter(|_| !prefix.is_empty()));
        for name in names {
            check_name(name).map_err(|_| StoreError::Location {
                text: text.to_owned(),
                why: "give s3://BUCKET/PREFIX of letters, digits, `-`, `_`, `.` and `/`",
            })?;
        }
        Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
    }

    #[cfg(not(feature = "s3"))]
    fn bucket(text: &str, _: &str) -> Result<Self, StoreError> {
        let why = "this build cannot reach object stores: build it with the feature `s3`";
        Err(StoreError::Location { text: text.to_owned(), why })
    }

    /// Opens it; files of credentials are read now, so that renewed ones count from the next time on.
    #[cfg_attr(not(feature = "s3"), expect(unused_variables, reason = "only buckets need it"))]
    pub fn open(&self, config: &BucketConfig) -> Result<Site, StoreError> {
        match self {
            Self::Directory(path) => Ok(Site::Directory(path.clone())),
            #[cfg(feature = "s3")]
            Self::Bucket { bucket, prefix } => Bucket::open(bucket, prefix, config).map(Site::Bucket),
        }
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Directory(path) => write!(f, "{}", path.display()),
            #[cfg(feature = "s3")]
            Self::Bucket { bucket, prefix } if prefix.is_empty() => write!(f, "{BUCKET_SCHEME}{bucket}"),
            #[cfg(feature = "s3")]
            Self::Bucket { bucket, prefix } => write!(f, "{BUCKET_SCHEME}{bucket}/{prefix}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_directory_whatever_it_is_called() {
        let read = Location::parse("/models/s3").expect("a path");
        assert_eq!((read.to_string(), read), ("/models/s3".into(), Location::Directory("/models/s3".into())));
    }

    #[cfg(feature = "s3")]
    #[test]
    fn a_bucket_is_read_with_its_prefix_and_nothing_that_leads_elsewhere() {
        let shown = |text: &str| Location::parse(text).map(|location| location.to_string());
        for (text, expected) in [("s3://models", "s3://models"), ("s3://models/a/b/", "s3://models/a/b")] {
            assert_eq!(shown(text).expect("a bucket"), expected);
        }
        for text in ["s3://", "s3:///a", "s3://models/../a", "s3://user:secret@models", "s3://models/a//b"] {
            let refused = shown(text).expect_err(text).to_string();
            assert!(refused.contains("give s3://BUCKET/PREFIX"), "{refused}");
        }
    }

    #[cfg(not(feature = "s3"))]
    #[test]
    fn a_build_without_buckets_says_so() {
        let refused = Location::parse("s3://models").expect_err("it has none").to_string();
        assert!(refused.contains("build it with the feature `s3`"), "{refused}");
    }
}
