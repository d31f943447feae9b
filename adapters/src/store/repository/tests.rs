//! What a model repository promises, on a real file system.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;

use super::*;

#[test]
fn a_version_lies_where_servers_look_with_its_digest() {
    let root = tempfile::tempdir().unwrap();
    let repository = ModelRepository::open(root.path(), "churn").unwrap();
    let path = repository.add(7, b"bytes", "config", "a\nb\n").unwrap();
    assert_eq!(path, root.path().join("churn/7"));
    assert_eq!(fs::read(path.join("model.onnx")).unwrap(), b"bytes");
    let digest = fs::read_to_string(path.join("model.onnx.sha256")).unwrap();
    assert_eq!(digest, format!("{}  model.onnx\n", sha256(b"bytes")));
    assert_eq!(fs::read_to_string(root.path().join("churn/config.pbtxt")).unwrap(), "config");
    assert_eq!(fs::read_to_string(root.path().join("churn/labels.txt")).unwrap(), "a\nb\n");
}

#[test]
fn a_version_never_changes_and_old_ones_go() {
    let root = tempfile::tempdir().unwrap();
    let repository = ModelRepository::open(root.path(), "churn").unwrap();
    for version in [9, 10, 11] {
        repository.add(version, b"bytes", "config", "").unwrap();
    }
    assert!(matches!(repository.add(9, b"others", "config", ""), Err(StoreError::Exists { .. })));
    assert_eq!(fs::read(root.path().join("churn/9/model.onnx")).unwrap(), b"bytes");
    repository.prune(2).unwrap();
    assert_eq!(repository.versions().unwrap(), [10, 11]);
    repository.prune(0).unwrap();
    assert_eq!(repository.versions().unwrap(), [11]);
}

#[test]
fn what_a_crash_left_is_swept_away() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("churn/.unfinished-3")).unwrap();
    let repository = ModelRepository::open(root.path(), "churn").unwrap();
    assert!(!root.path().join("churn/.unfinished-3").exists());
    assert_eq!(repository.versions().unwrap(), [0; 0]);
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let root = tempfile::tempdir().unwrap();
    assert!(matches!(ModelRepository::open(root.path(), "../churn"), Err(StoreError::Name { .. })));
}

#[test]
fn a_file_is_replaced_whole_with_its_digest() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("model.onnx");
    for bytes in [b"one".as_slice(), b"two"] {
        write_file(&path, bytes).unwrap();
        assert_eq!(fs::read(&path).unwrap(), bytes);
    }
    let digest = fs::read_to_string(root.path().join("model.onnx.sha256")).unwrap();
    assert_eq!(digest, format!("{}  model.onnx\n", sha256(b"two")));
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 2);
}
