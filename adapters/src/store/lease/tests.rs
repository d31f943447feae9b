//! One holder a folder; a second one is told about the first.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;

use super::*;

fn acquire(folder: &Path, process: u32) -> Result<Lease, StoreError> {
    Lease::acquire(folder, process, "here", "2026-01-01T00:00:00Z")
}

#[test]
fn a_second_one_is_told_who_holds_it_and_since_when() {
    let dir = tempfile::tempdir().unwrap();
    let first = acquire(dir.path(), 41).unwrap();
    let error = acquire(dir.path(), 42).unwrap_err().to_string();
    for part in ["process 41 on here", "since 2026-01-01T00:00:00Z", "state.directory"] {
        assert!(error.contains(part), "{error}");
    }
    assert!(first.check().is_ok(), "whoever was refused changed nothing");
}

#[test]
fn it_is_free_as_soon_as_its_holder_is_gone_and_the_epoch_grows() {
    let dir = tempfile::tempdir().unwrap();
    for epoch in 1..4 {
        let lease = acquire(dir.path(), 41).unwrap();
        assert_eq!(lease.holder().epoch, epoch);
    }
}

#[test]
fn whoever_finds_another_in_the_file_must_not_write() {
    let dir = tempfile::tempdir().unwrap();
    let first = acquire(dir.path(), 41).unwrap();
    fs::remove_file(dir.path().join(FILE)).unwrap();
    assert!(matches!(first.check(), Err(StoreError::Fenced { .. })), "the file is gone");
    let second = acquire(dir.path(), 42).unwrap();
    let error = first.check().unwrap_err().to_string();
    assert!(error.contains("process 42"), "{error}");
    assert!(second.check().is_ok());
}

#[test]
fn a_file_that_says_nothing_is_no_obstacle() {
    let dir = tempfile::tempdir().unwrap();
    for text in ["", "{", "{\"epoch\":1}", &"x".repeat(2 * BYTES_MAX)] {
        fs::write(dir.path().join(FILE), text).unwrap();
        let lease = acquire(dir.path(), 41).unwrap();
        assert_eq!((lease.holder().epoch, lease.check().is_ok()), (1, true), "{text:.9}");
    }
}

#[test]
fn whoever_died_while_writing_over_another_still_counts() {
    let dir = tempfile::tempdir().unwrap();
    let name = dir.path().join(FILE);
    drop(acquire(dir.path(), 41).unwrap());
    drop(acquire(dir.path(), 41).unwrap());
    let text = fs::read_to_string(&name).unwrap();
    fs::write(&name, text + "\"and the end of a longer one\"}").unwrap();
    assert_eq!(acquire(dir.path(), 41).unwrap().holder().epoch, 3);
}
