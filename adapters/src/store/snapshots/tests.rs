//! What store snapshots promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;

use super::*;

const FORMAT: u32 = 7;

fn store(payloads: &[&[u8]]) -> (tempfile::TempDir, SnapshotStore) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SnapshotStore::open(dir.path(), FORMAT, 3).unwrap();
    for (number, payload) in (0..).zip(payloads) {
        assert_eq!(store.write(payload).unwrap(), number);
    }
    (dir, store)
}

#[test]
fn the_newest_is_found_again() {
    let (dir, store) = store(&[b"a", b"b", b"", b"d", b"e"]);
    assert_eq!(store.newest().unwrap().snapshot, Some((4, b"e".to_vec())));
    assert_eq!(numbers(dir.path()).unwrap(), [2, 3, 4]);
    let mut again = SnapshotStore::open(dir.path(), FORMAT, 3).unwrap();
    assert_eq!(again.write(b"f").unwrap(), 5);
}

#[test]
fn nothing_written_is_no_error() {
    let (_dir, store) = store(&[]);
    assert_eq!(store.newest().unwrap(), Newest::default());
}

#[test]
fn a_damaged_one_is_told_and_the_one_before_counts() {
    let (_dir, store) = store(&[b"first", b"second"]);
    let path = store.path(1);
    let whole = fs::read(&path).unwrap();
    for cut in 0..whole.len() {
        fs::write(&path, &whole[..cut]).unwrap();
        let newest = store.newest().unwrap();
        assert_eq!(newest.snapshot, Some((0, b"first".to_vec())), "cut at {cut}");
        assert_eq!(newest.damaged[0].0, path);
    }
}

#[test]
fn all_damaged_is_an_error_that_says_what_to_do() {
    let (_dir, store) = store(&[b"first", b"second"]);
    fs::write(store.path(0), b"").unwrap();
    fs::write(store.path(1), b"something else entirely").unwrap();
    let error = store.newest().unwrap_err().to_string();
    assert!(error.contains("none of the 2 snapshots") && error.contains("move it away"), "{error}");
}

#[test]
fn one_of_another_release_is_refused_although_an_older_one_is_there() {
    let (dir, _) = store(&[b"first"]);
    for (found, says) in [(FORMAT - 1, "an earlier release"), (FORMAT + 1, "a later release")] {
        let mut other = SnapshotStore::open(dir.path(), found, 3).unwrap();
        let number = other.write(b"second").unwrap();
        let error = newest_snapshot(dir.path(), FORMAT).unwrap_err();
        assert!(matches!(error, StoreError::Format { .. }) && error.to_string().contains(says), "{error}");
        fs::remove_file(other.path(number)).unwrap();
    }
    let first = [header(1, b"old").as_slice(), b"old"].concat();
    let mut without_header = first.clone();
    without_header[20..24].copy_from_slice(&crc32fast::hash(b"old").to_le_bytes());
    assert_eq!((check(&first).is_err(), check(&without_header)), (true, Ok(1)));
}

#[test]
fn what_could_not_be_written_leaves_nothing_behind_and_changes_nothing() {
    let (dir, mut store) = store(&[b"first"]);
    // A folder in its place is what no file can be written over, whoever asks.
    let blocked = dir.path().join(format!("{UNFINISHED}1"));
    fs::create_dir(&blocked).unwrap();
    assert!(store.write(b"second").is_err());
    assert_eq!(store.newest().unwrap().snapshot, Some((0, b"first".to_vec())));
    fs::remove_dir(&blocked).unwrap();
    assert_eq!(store.write(b"second").unwrap(), 1);
    assert_eq!(store.newest().unwrap().snapshot, Some((1, b"second".to_vec())));
}

#[test]
fn what_a_crash_left_is_no_snapshot() {
    let (dir, store) = store(&[b"first"]);
    fs::write(dir.path().join(format!("{UNFINISHED}1")), b"hal").unwrap();
    assert_eq!(store.newest().unwrap().snapshot, Some((0, b"first".to_vec())));
    SnapshotStore::open(dir.path(), FORMAT, 3).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

proptest! {
    #[test]
    fn any_flipped_bit_is_noticed(payload in proptest::collection::vec(any::<u8>(), 0..60), bit in any::<usize>()) {
        let mut file = [header(FORMAT, &payload).as_slice(), &payload].concat();
        prop_assert_eq!(check(&file), Ok(FORMAT));
        let bit = bit % (file.len() * 8);
        file[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(check(&file).is_err());
    }
}
