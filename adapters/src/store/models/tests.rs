//! What store models promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;

#[test]
fn a_model_is_kept_and_listed() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::open(&dir.path().join("a/models")).unwrap();
    store.write("g2", &[("weights", b"2"), ("architecture.json", b"{}")]).unwrap();
    store.write("g1", &[("weights", b"1")]).unwrap();
    assert_eq!(store.list().unwrap(), ["g1", "g2"]);
    assert_eq!(fs::read(store.path("g2").unwrap().join("weights")).unwrap(), b"2");
    assert!(matches!(store.path("g3"), Err(StoreError::Missing { .. })));
}

#[test]
fn a_model_is_never_changed() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::open(dir.path()).unwrap();
    store.write("g1", &[("weights", b"1")]).unwrap();
    assert!(matches!(store.write("g1", &[("weights", b"2")]), Err(StoreError::Exists { .. })));
    assert_eq!(fs::read(store.path("g1").unwrap().join("weights")).unwrap(), b"1");
}

#[test]
fn names_cannot_lead_out() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::open(dir.path()).unwrap();
    for name in ["", "..", "a/b", ".hidden", &"x".repeat(200), "ü"] {
        assert!(matches!(store.write(name, &[]), Err(StoreError::Name { .. })), "{name}");
        assert!(matches!(store.write("good", &[(name, b"")]), Err(StoreError::Name { .. })), "{name}");
    }
    assert!(store.list().unwrap().is_empty());
}

#[test]
fn what_a_crash_left_is_swept_away() {
    let dir = tempfile::tempdir().unwrap();
    let left = dir.path().join(format!("{UNFINISHED}g1"));
    fs::create_dir(&left).unwrap();
    fs::write(left.join("weights"), b"hal").unwrap();
    let store = ModelStore::open(dir.path()).unwrap();
    assert!(!left.exists() && store.list().unwrap().is_empty());
}

#[test]
fn pruning_keeps_what_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let store = ModelStore::open(dir.path()).unwrap();
    for name in ["g1", "g2", "g3"] {
        store.write(name, &[("weights", name.as_bytes())]).unwrap();
    }
    assert_eq!(store.prune(|name| name == "g2").unwrap(), ["g1", "g3"]);
    assert_eq!(store.list().unwrap(), ["g2"]);
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
