//! Published models: a folder or a bucket that a leader writes and others read, perhaps on another machine.
//!
//! Lives here: where models lie in it, and whether one is the one that was meant. May not: know what is in a model, or
//! which is served.
//!
//! ```text
//! DIRECTORY/MODEL/NAME/manifest.json       its SHA-256 is told, and it has that of the weights
//!                      model.safetensors
//! ```

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use model::model::{MANIFEST_BYTES_MAX, MANIFEST_FILE};

use super::durable::check_name;
use super::error::StoreError;
use super::location::Site;
use super::models::ModelStore;
use crate::audit::sha256;

#[cfg(feature = "s3")]
mod bucket;

/// The models of one leader, to be written.
#[derive(Clone, Debug)]
pub struct Published(Home);

#[derive(Clone, Debug)]
enum Home {
    Folder(ModelStore),
    #[cfg(feature = "s3")]
    Bucket(bucket::Models),
}

impl Published {
    /// Opens or creates the folder of this model, and sweeps away what was not finished: there is one who writes.
    pub fn open(site: &Site, model: &str) -> Result<Self, StoreError> {
        check_name(model)?;
        Ok(Self(match site {
            Site::Directory(directory) => Home::Folder(ModelStore::open(&directory.join(model))?),
            #[cfg(feature = "s3")]
            Site::Bucket(bucket) => Home::Bucket(bucket::Models::open(bucket.within(model))),
        }))
    }

    /// A model under its name; when this returns it survives a crash. One that is there already is that one.
    pub fn add(&self, name: &str, files: &[(&str, &[u8])]) -> Result<(), StoreError> {
        match &self.0 {
            Home::Folder(store) => match store.write(name, files) {
                Ok(_) | Err(StoreError::Exists { .. }) => Ok(()),
                Err(error) => Err(error),
            },
            #[cfg(feature = "s3")]
            Home::Bucket(models) => models.add(name, files),
        }
    }

    /// Removes all but the last `keep` by name, and those that are still told of.
    pub fn prune(&self, keep: usize, told: &[&str]) -> Result<(), StoreError> {
        let names = self.names()?;
        let old = names.len().saturating_sub(keep);
        let wanted = |name: &str| told.contains(&name) || names.iter().skip(old).any(|kept| kept == name);
        match &self.0 {
            Home::Folder(store) => store.prune(wanted).map(drop),
            #[cfg(feature = "s3")]
            Home::Bucket(models) => models.prune(wanted),
        }
    }

    /// All names, in order.
    fn names(&self) -> Result<Vec<String>, StoreError> {
        match &self.0 {
            Home::Folder(store) => store.list(),
            #[cfg(feature = "s3")]
            Home::Bucket(models) => models.names(),
        }
    }
}

/// The folder of a published model, if its manifest has this SHA-256. Nothing is changed.
pub fn find_published(
    directory: &Path,
    model: &str,
    name: &str,
    digest: &str,
) -> Result<PathBuf, StoreError> {
    check_name(model)?;
    check_name(name)?;
    let folder = directory.join(model).join(name);
    if !folder.is_dir() {
        return Err(StoreError::Missing { path: folder });
    }
    let path = folder.join(MANIFEST_FILE);
    let mut bytes = Vec::new();
    let read = File::open(&path).and_then(|file| file.take(MANIFEST_BYTES_MAX + 1).read_to_end(&mut bytes));
    read.map_err(StoreError::io("read", &path))?;
    if sha256(&bytes) == digest { Ok(folder) } else { Err(StoreError::Digest { path }) }
}

/// Brings a published model into this directory, where it is found as where a leader writes it. One that lies in a directory is
/// found there.
#[cfg_attr(not(feature = "s3"), expect(unused_variables, reason = "only buckets need them"))]
pub fn fetch_published(
    site: &Site,
    [model, name]: [&str; 2],
    digest: &str,
    directory: &Path,
) -> Result<(), StoreError> {
    check_name(model)?;
    check_name(name)?;
    match site {
        Site::Directory(_) => Ok(()),
        #[cfg(feature = "s3")]
        Site::Bucket(bucket) => bucket::fetch(&bucket.within(model), name, digest, &directory.join(model)),
    }
}

#[cfg(test)]
mod tests;
