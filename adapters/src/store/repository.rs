//! A model repository: the folders from which Triton and `KServe` load models.
//!
//! Lives here: where files lie, and in which order they come to be there. May not: know what is in them.
//!
//! ```text
//! REPOSITORY/MODEL/config.pbtxt     what goes in and comes out
//!                  labels.txt       names of the classes, one a line, if there are any
//!                  7/model.onnx     version 7; never changed
//!                  7/model.onnx.sha256
//! ```
//!
//! In a directory ([`folder`]) a version is written beside, under a name that servers pass over, flushed, and renamed. A
//! bucket ([`bucket`]) knows no renaming: there the file that servers look for is written last, and the digest lies beside
//! the versions. A new configuration is in its place before the version that needs it.

use std::collections::BTreeMap;

use super::durable::check_name;
use super::error::StoreError;
use super::location::Site;
use crate::audit::sha256;

#[cfg(feature = "s3")]
mod bucket;
mod folder;

pub use folder::write_file;

/// The names of a model's classes.
pub const LABELS_FILE: &str = "labels.txt";
/// The file of a graph.
pub const GRAPH_FILE: &str = "model.onnx";
/// How the name of a digest's file ends.
const DIGEST: &str = "sha256";
/// Longest digest with the name of its file.
const DIGEST_BYTES_MAX: u64 = 1024;

/// What is to become a version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Names and texts of files beside all versions.
    pub beside: Vec<(String, String)>,
    /// Names and bytes of its own files. The last is the one that servers look for.
    pub files: Vec<(String, Vec<u8>)>,
}

/// One model's folder in a repository.
#[derive(Clone, Debug)]
pub struct ModelRepository(Home);

#[derive(Clone, Debug)]
enum Home {
    Folder(folder::Folder),
    #[cfg(feature = "s3")]
    Bucket(bucket::Versions),
}

impl Version {
    /// The file that servers look for: its name and bytes.
    fn main(&self) -> (&str, &[u8]) {
        self.files.last().map_or(("", &[]), |(name, bytes)| (name.as_str(), bytes.as_slice()))
    }

    /// The digest by which versions are told apart: that of the file that servers look for.
    pub fn digest(&self) -> String {
        sha256(self.main().1)
    }

    /// That no name leads elsewhere.
    fn check(&self) -> Result<(), StoreError> {
        let own = self.files.iter().map(|(name, _)| name);
        own.chain(self.beside.iter().map(|(name, _)| name)).try_for_each(|name| check_name(name))
    }
}

impl ModelRepository {
    /// Opens or creates the folder of this model.
    pub fn open(site: &Site, model: &str) -> Result<Self, StoreError> {
        check_name(model)?;
        Ok(Self(match site {
            Site::Directory(directory) => Home::Folder(folder::Folder::open(&directory.join(model))?),
            #[cfg(feature = "s3")]
            Site::Bucket(bucket) => Home::Bucket(bucket::Versions::open(bucket.within(model))),
        }))
    }

    /// Adds a version, and says where it is; when this returns it survives a crash. One that is there already is refused.
    pub fn add(&self, number: u64, version: &Version) -> Result<String, StoreError> {
        version.check()?;
        match &self.0 {
            Home::Folder(folder) => folder.add(number, version),
            #[cfg(feature = "s3")]
            Home::Bucket(bucket) => bucket.add(number, version),
        }
    }

    /// Versions, ascending.
    pub fn versions(&self) -> Result<Vec<u64>, StoreError> {
        Ok(self.numbers()?.into_iter().filter_map(|(number, is_whole)| is_whole.then_some(number)).collect())
    }

    /// A number after all that were given, and no less than this.
    pub fn next(&self, least: u64) -> Result<u64, StoreError> {
        Ok(self.numbers()?.keys().next_back().map_or(least, |newest| least.max(newest + 1)))
    }

    /// Every number that was given, and whether it is of a version: an interrupted try may have left some of one.
    fn numbers(&self) -> Result<BTreeMap<u64, bool>, StoreError> {
        match &self.0 {
            Home::Folder(folder) => folder.numbers(),
            #[cfg(feature = "s3")]
            Home::Bucket(bucket) => bucket.numbers(),
        }
    }

    /// The digest of a version whose main file is called this, if it has one.
    pub fn digest(&self, number: u64, main: &str) -> Result<Option<String>, StoreError> {
        check_name(main)?;
        let line = match &self.0 {
            Home::Folder(folder) => folder.digest_line(number, main),
            #[cfg(feature = "s3")]
            Home::Bucket(bucket) => bucket.digest_line(number),
        }?;
        Ok(line.and_then(|line| line.split_whitespace().next().map(str::to_owned)))
    }

    /// Whether a version is this one.
    pub fn has(&self, number: u64, version: &Version) -> Result<bool, StoreError> {
        Ok(self.digest(number, version.main().0)?.is_some_and(|digest| digest == version.digest()))
    }

    /// Removes all but the newest `keep` versions, and what is left of tries before them.
    pub fn prune(&self, keep: usize) -> Result<(), StoreError> {
        let numbers = self.numbers()?;
        let whole = numbers.iter().rev().filter(|(_, is_whole)| **is_whole);
        let Some(oldest) = whole.take(keep.max(1)).last().map(|(number, _)| *number) else { return Ok(()) };
        for (number, _) in numbers.range(..oldest) {
            match &self.0 {
                Home::Folder(folder) => folder.remove(*number),
                #[cfg(feature = "s3")]
                Home::Bucket(bucket) => bucket.remove(*number),
            }?;
        }
        Ok(())
    }
}

/// As `sha256sum --check` reads it.
fn digest_line(name: &str, bytes: &[u8]) -> String {
    format!("{}  {name}\n", sha256(bytes))
}

#[cfg(test)]
mod tests;
