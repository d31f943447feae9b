//! Published models in a bucket: the manifest is written last and removed first, so that a model is there once that is.
//!
//! May not: know what is in a model beyond the names of its two files.

use std::path::Path;

use model::model::{MANIFEST_BYTES_MAX, MANIFEST_FILE, TENSORS_BYTES_MAX, TENSORS_FILE};

use crate::audit::sha256;
use crate::store::bucket::Bucket;
use crate::store::durable::check_name;
use crate::store::error::StoreError;
use crate::store::models::ModelStore;

/// Models that stay in the directory of one who fetches them.
const FETCHED_KEPT: usize = 2;

/// One leader's models.
#[derive(Clone, Debug)]
pub(super) struct Models(Bucket);

impl Models {
    pub(super) fn open(bucket: Bucket) -> Self {
        Self(bucket)
    }

    pub(super) fn add(&self, name: &str, files: &[(&str, &[u8])]) -> Result<(), StoreError> {
        check_name(name)?;
        files.iter().try_for_each(|(file, _)| check_name(file))?;
        if self.0.has(&format!("{name}/{MANIFEST_FILE}"))? {
            return Ok(());
        }
        let (last, first): (Vec<_>, Vec<_>) = files.iter().partition(|(file, _)| *file == MANIFEST_FILE);
        first
            .iter()
            .chain(&last)
            .try_for_each(|(file, bytes)| self.0.put(&format!("{name}/{file}"), bytes.to_vec()))
    }

    /// In order; those that are not there entirely, too.
    pub(super) fn names(&self) -> Result<Vec<String>, StoreError> {
        let objects = self.0.names()?;
        let folders = objects.iter().filter_map(|object| Some(object.split_once('/')?.0.to_owned()));
        let mut names: Vec<String> = folders.collect();
        names.dedup();
        Ok(names)
    }

    pub(super) fn prune(&self, keep: impl Fn(&str) -> bool) -> Result<(), StoreError> {
        for name in self.names()?.iter().filter(|name| !keep(name)) {
            for file in [MANIFEST_FILE, TENSORS_FILE] {
                self.0.delete(&format!("{name}/{file}"))?;
            }
        }
        Ok(())
    }
}

/// Brings one into this directory, as a leader writes it there. What does not have the digest that was told is not brought.
pub(super) fn fetch(bucket: &Bucket, name: &str, digest: &str, directory: &Path) -> Result<(), StoreError> {
    let bucket = bucket.within(name);
    let get = |file: &str, bytes_max| {
        let missing = || StoreError::Missing { path: bucket.url(file).into() };
        bucket.get(file, bytes_max)?.ok_or_else(missing)
    };
    let manifest = get(MANIFEST_FILE, MANIFEST_BYTES_MAX)?;
    if sha256(&manifest) != digest {
        return Err(StoreError::Digest { path: bucket.url(MANIFEST_FILE).into() });
    }
    // Whether these are its weights says the manifest, to whoever loads them.
    let tensors = get(TENSORS_FILE, TENSORS_BYTES_MAX)?;
    let store = ModelStore::open(directory)?;
    let before = store.list()?;
    let old = before.len().saturating_sub(FETCHED_KEPT - 1);
    // One of this name that is there is not the one that was told of, or nobody would have fetched it.
    store.prune(|kept| kept != name && before.iter().skip(old).any(|one| one == kept))?;
    store.write(name, &[(TENSORS_FILE, &tensors), (MANIFEST_FILE, &manifest)]).map(drop)
}
