//! What is published is found again as it was meant, or not at all.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;

use super::*;

fn published(directory: &Path, names: &[&str]) -> Published {
    let published = Published::open(&Site::Directory(directory.into()), "fraud").unwrap();
    for name in names {
        published.add(name, &[(MANIFEST_FILE, name.as_bytes()), ("model.safetensors", b"weights")]).unwrap();
    }
    published
}

fn find(directory: &Path, name: &str, digest: &str) -> Result<PathBuf, StoreError> {
    find_published(directory, "fraud", name, digest)
}

#[test]
fn a_model_is_found_by_name_and_digest() {
    let directory = tempfile::tempdir().unwrap();
    let store = published(directory.path(), &["g1"]);
    store.add("g1", &[(MANIFEST_FILE, b"another")]).unwrap();
    let folder = find(directory.path(), "g1", &sha256(b"g1")).unwrap();
    assert_eq!(fs::read(folder.join("model.safetensors")).unwrap(), b"weights", "it is never changed");
}

#[test]
fn what_is_not_it_is_not_found() {
    let directory = tempfile::tempdir().unwrap();
    published(directory.path(), &["g1"]);
    let digest = sha256(b"g1");
    assert!(matches!(find(directory.path(), "g2", &digest), Err(StoreError::Missing { .. })));
    assert!(matches!(find(directory.path(), "../g1", &digest), Err(StoreError::Name { .. })));
    fs::write(directory.path().join("fraud/g1").join(MANIFEST_FILE), "g").unwrap();
    assert!(matches!(find(directory.path(), "g1", &digest), Err(StoreError::Digest { .. })));
    fs::remove_file(directory.path().join("fraud/g1").join(MANIFEST_FILE)).unwrap();
    assert!(matches!(find(directory.path(), "g1", &digest), Err(StoreError::Io { .. })));
}

#[test]
fn old_ones_go_and_those_that_are_told_of_stay() {
    let directory = tempfile::tempdir().unwrap();
    let store = published(directory.path(), &["g1", "g2", "g3", "g4"]);
    store.prune(1, &["g2"]).unwrap();
    assert_eq!(store.names().unwrap(), ["g2", "g4"]);
}
