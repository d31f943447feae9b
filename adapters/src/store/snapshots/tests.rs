//! What store snapshots promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;

use super::*;

fn store(payloads: &[&[u8]]) -> (tempfile::TempDir, SnapshotStore) {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SnapshotStore::open(dir.path(), 3).unwrap();
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
    let mut again = SnapshotStore::open(dir.path(), 3).unwrap();
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
fn what_a_crash_left_is_no_snapshot() {
    let (dir, store) = store(&[b"first"]);
    fs::write(dir.path().join(format!("{UNFINISHED}1")), b"hal").unwrap();
    assert_eq!(store.newest().unwrap().snapshot, Some((0, b"first".to_vec())));
    SnapshotStore::open(dir.path(), 3).unwrap();
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}

proptest! {
    #[test]
    fn any_flipped_bit_is_noticed(payload in proptest::collection::vec(any::<u8>(), 0..60), bit in any::<usize>()) {
        let mut file = [header(&payload).as_slice(), &payload].concat();
        prop_assert_eq!(check(&file), Ok(()));
        let bit = bit % (file.len() * 8);
        file[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(check(&file).is_err());
    }
}
