//! Versions in a bucket: nothing is renamed there, so the file that servers look for is written last and removed first.
//!
//! May not: know what is in the files.
//!
//! A server takes a version for there as soon as anything lies under its number. So the digest lies beside it
//! (`MODEL/7.sha256`), and where a version has one file, it appears at once: each file is there entirely or not at all.

use std::collections::BTreeMap;

use model::model::MANIFEST_FILE;

use super::{DIGEST, DIGEST_BYTES_MAX, GRAPH_FILE, Version, digest_line};
use crate::store::bucket::Bucket;
use crate::store::error::StoreError;

/// The files that servers look for, by which the last was written.
const MAIN_FILES: [&str; 2] = [GRAPH_FILE, MANIFEST_FILE];

/// One model's names in a bucket.
#[derive(Clone, Debug)]
pub(super) struct Versions(Bucket);

impl Versions {
    pub(super) fn open(bucket: Bucket) -> Self {
        Self(bucket)
    }

    pub(super) fn add(&self, number: u64, version: &Version) -> Result<String, StoreError> {
        let (main, bytes) = version.main();
        let name = format!("{number}/{main}");
        // What an interrupted try has left is not a version yet.
        if self.0.has(&name)? {
            return Err(StoreError::Exists { path: self.0.url(&name).into() });
        }
        for (name, text) in &version.beside {
            self.place(name, text)?;
        }
        self.0.put(&format!("{number}.{DIGEST}"), digest_line(&name, bytes).into_bytes())?;
        for (name, bytes) in &version.files {
            self.0.put(&format!("{number}/{name}"), bytes.clone())?;
        }
        Ok(self.0.url(&number.to_string()))
    }

    /// Those without the file that servers look for are of no version.
    pub(super) fn numbers(&self) -> Result<BTreeMap<u64, bool>, StoreError> {
        let mut numbers = BTreeMap::new();
        for name in self.0.names()? {
            let Some((folder, file)) = name.split_once('/') else { continue };
            if let Ok(number) = folder.parse() {
                *numbers.entry(number).or_default() |= MAIN_FILES.contains(&file);
            }
        }
        Ok(numbers)
    }

    pub(super) fn digest_line(&self, number: u64) -> Result<Option<String>, StoreError> {
        let line = self.0.get(&format!("{number}.{DIGEST}"), DIGEST_BYTES_MAX)?;
        Ok(line.map(|line| String::from_utf8_lossy(&line).into_owned()))
    }

    pub(super) fn remove(&self, number: u64) -> Result<(), StoreError> {
        let (folder, digest) = (format!("{number}/"), format!("{number}.{DIGEST}"));
        // `manifest.json`, which is looked for, comes before `model.safetensors`, as names come in their order.
        for name in self.0.names()?.iter().filter(|name| name.starts_with(&folder)) {
            self.0.delete(name)?;
        }
        self.0.delete(&digest)
    }

    /// A file beside the versions, if it is not there as it is.
    fn place(&self, name: &str, text: &str) -> Result<(), StoreError> {
        let before = self.0.get(name, text.len() as u64).unwrap_or_default();
        if before.is_some_and(|before| before == text.as_bytes()) {
            return Ok(());
        }
        self.0.put(name, text.as_bytes().to_vec())
    }
}
