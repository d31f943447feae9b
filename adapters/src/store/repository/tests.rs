//! What a model repository promises, on a real file system.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;

use std::path::Path;

use super::*;

fn opened(root: &Path) -> ModelRepository {
    ModelRepository::open(&Site::Directory(root.into()), "churn").unwrap()
}

fn version(bytes: &[u8], config: &str) -> Version {
    let beside = [(LABELS_FILE, "a\nb\n"), ("config.pbtxt", config)];
    Version {
        beside: beside.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec(),
        files: vec![(GRAPH_FILE.to_owned(), bytes.to_vec())],
    }
}

#[test]
fn a_version_lies_where_servers_look_with_its_digest() {
    let root = tempfile::tempdir().unwrap();
    let repository = opened(root.path());
    let said = repository.add(7, &version(b"bytes", "config")).unwrap();
    let path = root.path().join("churn/7");
    assert_eq!(said, path.display().to_string());
    assert_eq!(fs::read(path.join("model.onnx")).unwrap(), b"bytes");
    let digest = fs::read_to_string(path.join("model.onnx.sha256")).unwrap();
    assert_eq!(digest, format!("{}  model.onnx\n", sha256(b"bytes")));
    assert_eq!(fs::read_to_string(root.path().join("churn/config.pbtxt")).unwrap(), "config");
    assert_eq!(fs::read_to_string(root.path().join("churn/labels.txt")).unwrap(), "a\nb\n");
}

#[test]
fn a_version_never_changes_and_old_ones_go() {
    let root = tempfile::tempdir().unwrap();
    let repository = opened(root.path());
    for number in [9, 10, 11] {
        repository.add(number, &version(b"bytes", "config")).unwrap();
    }
    assert!(matches!(repository.add(9, &version(b"others", "config")), Err(StoreError::Exists { .. })));
    assert_eq!(fs::read(root.path().join("churn/9/model.onnx")).unwrap(), b"bytes");
    repository.prune(2).unwrap();
    assert_eq!(repository.versions().unwrap(), [10, 11]);
    repository.prune(0).unwrap();
    assert_eq!(repository.versions().unwrap(), [11]);
}

#[test]
fn a_version_is_known_again_by_its_digest_and_the_next_number_is_after_all() {
    let root = tempfile::tempdir().unwrap();
    let repository = opened(root.path());
    assert_eq!(repository.next(7).unwrap(), 7);
    repository.add(7, &version(b"bytes", "config")).unwrap();
    assert_eq!((repository.next(3).unwrap(), repository.next(9).unwrap()), (8, 9));
    assert!(repository.has(7, &version(b"bytes", "another config")).unwrap());
    assert!(!repository.has(7, &version(b"others", "config")).unwrap());
    assert!(!repository.has(8, &version(b"bytes", "config")).unwrap());
}

#[test]
fn what_a_crash_left_is_swept_away() {
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("churn/.unfinished-3")).unwrap();
    let repository = opened(root.path());
    assert!(!root.path().join("churn/.unfinished-3").exists());
    assert_eq!(repository.versions().unwrap(), [0; 0]);
}

#[test]
fn a_name_that_leads_elsewhere_is_refused() {
    let root = tempfile::tempdir().unwrap();
    assert!(matches!(
        ModelRepository::open(&Site::Directory(root.path().into()), "../churn"),
        Err(StoreError::Name { .. })
    ));
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
