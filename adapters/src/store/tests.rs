//! What survives a crash, and what is said of what does not.

use std::fs;

use model::Row;

use super::{ModelStore, RowRef, Segment, SnapshotStore, StoreError};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn row(value: f32) -> Row {
    Row::new(vec![value, f32::NAN]).expect("no infinities")
}

#[test]
fn the_newest_whole_snapshot_is_used_and_the_damaged_one_named() {
    let folder = folder();
    let mut store = SnapshotStore::open(folder.path(), 2).expect("it opens");
    for payload in [b"one", b"two", b"six"] {
        store.write(payload).expect("there is space");
    }
    let newest = folder.path().join("000000000002.snapshot");
    for damage in [&b"short"[..], &[0; 64]] {
        fs::write(&newest, damage).expect("it can be damaged");
        let found = store.newest().expect("an older one is whole");
        assert_eq!(found.snapshot, Some((1, b"two".to_vec())));
        assert_eq!(found.damaged[0].0, newest);
    }
    assert!(!folder.path().join("000000000000.snapshot").exists(), "only two are kept");
}

#[test]
fn an_altered_byte_is_found_and_all_damaged_is_an_error_that_says_what_to_do() {
    let folder = folder();
    let mut store = SnapshotStore::open(folder.path(), 2).expect("it opens");
    store.write(b"payload").expect("there is space");
    let path = folder.path().join("000000000000.snapshot");
    let mut bytes = fs::read(&path).expect("it is there");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(&path, bytes).expect("it can be altered");
    let error = store.newest().expect_err("nothing is whole").to_string();
    assert!(error.contains("altered") && error.contains("start anew"), "{error}");
}

#[test]
fn numbers_go_on_after_opening_again() {
    let folder = folder();
    SnapshotStore::open(folder.path(), 3).expect("it opens").write(b"a").expect("space");
    assert_eq!(SnapshotStore::open(folder.path(), 3).expect("it opens").write(b"b").expect("space"), 1);
}

#[test]
fn a_model_is_there_as_a_whole_and_old_ones_go() {
    let folder = folder();
    let store = ModelStore::open(folder.path()).expect("it opens");
    for name in ["a", "b", "c", "c"] {
        let path = store.write(name, &[("x", b"1"), ("y", b"2")]).expect("space");
        assert_eq!(fs::read(path.join("y")).expect("it is there"), b"2");
    }
    store.prune(2).expect("they can go");
    assert_eq!(store.list().expect("it can be read"), ["b", "c"]);
}

#[test]
fn rows_are_read_from_memory_and_from_disk() {
    let folder = folder();
    let mut segment = Segment::resume(folder.path(), 2, 0).expect("it opens").segment;
    for value in 0..3_000_u16 {
        assert_eq!(segment.append(&row(f32::from(value))).expect("space"), RowRef(u64::from(value)));
    }
    for value in [0, 1_500, 2_999_u16] {
        assert_eq!(segment.read(RowRef(u64::from(value))).expect("it is there"), row(f32::from(value)));
    }
    assert!(matches!(segment.read(RowRef(3_000)), Err(StoreError::RowGone { row: 3_000 })));
}

#[test]
fn a_resumed_segment_forgets_what_no_snapshot_knows() {
    let folder = folder();
    let mut segment = Segment::resume(folder.path(), 2, 0).expect("it opens").segment;
    (0..10_u8).for_each(|value| drop(segment.append(&row(f32::from(value)))));
    segment.sync().expect("space");
    drop(segment);
    let mut resumed = Segment::resume(folder.path(), 2, 4).expect("it opens again");
    assert_eq!((resumed.missing, resumed.segment.len()), (0, 4));
    assert_eq!(resumed.segment.append(&row(99.0)).expect("space"), RowRef(4));
    assert_eq!(resumed.segment.read(RowRef(3)).expect("kept"), row(3.0));
}

#[test]
fn truncated_and_altered_rows_are_said_and_the_others_stay() {
    let folder = folder();
    let mut segment = Segment::resume(folder.path(), 2, 0).expect("it opens").segment;
    (0..10_u8).for_each(|value| drop(segment.append(&row(f32::from(value)))));
    segment.sync().expect("space");
    let path = folder.path().join("00000000.rows");
    let mut bytes = fs::read(&path).expect("it is there");
    bytes.truncate(8 + 12 * 7);
    bytes[8 + 12 * 2] ^= 1;
    fs::write(&path, bytes).expect("it can be damaged");
    let resumed = Segment::resume(folder.path(), 2, 10).expect("it opens again");
    assert_eq!(resumed.missing, 3);
    assert_eq!(resumed.segment.read(RowRef(6)).expect("whole"), row(6.0));
    for damaged in [2, 8] {
        assert!(matches!(resumed.segment.read(RowRef(damaged)), Err(StoreError::RowDamaged { .. })));
    }
}

#[test]
fn rows_of_another_schema_are_refused() {
    let folder = folder();
    let mut segment = Segment::resume(folder.path(), 2, 0).expect("it opens").segment;
    segment.append(&row(1.0)).expect("space");
    segment.sync().expect("space");
    assert!(matches!(Segment::resume(folder.path(), 3, 1), Err(StoreError::OtherSchema { .. })));
}
