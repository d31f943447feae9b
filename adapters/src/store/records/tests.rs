//! What the records promise, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;

use proptest::prelude::*;

use super::*;

/// Of a length of its own.
fn record(number: u64) -> Vec<u8> {
    let length = 1 + (number % 7) as usize;
    // No byte is zero: a cut file is filled up with zeros.
    [number as u8 | 1; 8].repeat(length)
}

fn filled(folder: &Path, count: u64) -> (Records, Vec<Place>) {
    let (mut records, _) = Records::resume(folder, 0).unwrap();
    let places = (0..count).map(|number| records.append(&record(number)).unwrap()).collect();
    (records, places)
}

#[test]
fn records_are_found_before_and_after_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let (mut records, mut places) = filled(dir.path(), 3);
    assert_eq!(records.read(places[2]).unwrap(), record(2));
    records.sync().unwrap();
    places.push(records.append(&record(3)).unwrap());
    for (number, place) in (0..).zip(&places) {
        assert_eq!(records.read(*place).unwrap(), record(number));
    }
    let end = records.len();
    assert!(matches!(records.read(Place(end)), Err(StoreError::RecordGone { first: 0, .. })));
    let long = vec![0; RECORD_BYTES_MAX + 1];
    assert!(matches!(records.append(&long), Err(StoreError::RecordTooLong { .. })));
    // Longer than what is read at once.
    let long = records.append(&vec![7; 100_000]).unwrap();
    records.sync().unwrap();
    assert_eq!(records.read(long).unwrap(), vec![7; 100_000]);
}

#[test]
fn files_follow_each_other_and_old_ones_are_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let (mut records, _) = Records::resume(dir.path(), 0).unwrap();
    let places: Vec<Place> =
        (0..3 * FILE_BYTES / 100_000).map(|_| records.append(&vec![1; 100_000]).unwrap()).collect();
    records.sync().unwrap();
    let starts = files(dir.path()).unwrap();
    assert_eq!(starts.len(), 3);
    assert_eq!(records.kept_bytes(), records.len());
    records.prune_before(Place(starts[1] + 5)).unwrap();
    assert_eq!(files(dir.path()).unwrap(), starts[1..]);
    assert!(matches!(records.read(places[0]), Err(StoreError::RecordGone { .. })));
    let (last, len) = (*places.last().unwrap(), records.len());
    records.prune_before(Place(len)).unwrap();
    assert_eq!(files(dir.path()).unwrap(), starts[2..], "the last file stays");
    assert_eq!(records.read(last).unwrap(), vec![1; 100_000]);

    let (mut again, resumed) = Records::resume(dir.path(), len).unwrap();
    assert_eq!((resumed, again.len()), (Resumed::default(), len));
    assert!(matches!(again.read(places[0]), Err(StoreError::RecordGone { .. })));
    assert_eq!(again.read(last).unwrap(), vec![1; 100_000]);
}

fn broad(number: u64) -> Vec<u8> {
    vec![number as u8; 4_096]
}

#[test]
fn records_wait_in_memory_while_the_disk_takes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut records, _) = Records::resume(dir.path(), 0).unwrap();
    // No file can be opened where a folder is, whoever asks.
    let blocked = path_of(dir.path(), 0);
    fs::create_dir(&blocked).unwrap();
    let mut places = Vec::new();
    while records.make_room().is_ok() {
        places.push(records.append(&broad(places.len() as u64)).unwrap());
    }
    for _ in 0..256 {
        places.push(records.append(&broad(places.len() as u64)).unwrap());
    }
    assert!(records.sync().is_err(), "a snapshot is not taken");
    assert_eq!(records.read(places[3]).unwrap(), broad(3));
    fs::remove_dir(&blocked).unwrap();
    records.make_room().unwrap();
    records.sync().unwrap();
    let len = records.len();
    drop(records);
    let (mut again, resumed) = Records::resume(dir.path(), len).unwrap();
    let last = places.len() - 1;
    assert_eq!((resumed, again.read(places[last]).unwrap()), (Resumed::default(), broad(last as u64)));
}

#[test]
fn records_that_wait_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let (mut records, _) = Records::resume(dir.path(), 0).unwrap();
    fs::create_dir(path_of(dir.path(), 0)).unwrap();
    let first = records.append(&broad(7)).unwrap();
    let most = (WAITING_BYTES_MAX + BUFFER_BYTES_MAX) / 4_096;
    let taken = (0..2 * most as u64).take_while(|number| records.append(&broad(*number)).is_ok()).count();
    assert!(taken <= most, "{taken}");
    assert_eq!(records.read(first).unwrap(), broad(7), "what was taken in is there");
}

#[test]
fn records_can_be_read_where_nothing_may_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let (mut records, places) = filled(dir.path(), 3);
    records.sync().unwrap();
    let path = path_of(dir.path(), 0);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    records.open.clear();
    assert_eq!(records.read(places[2]).unwrap(), record(2));
    // Who is root may write all the same; everybody else is told, and goes on later.
    let next = records.append(&record(3)).unwrap();
    if records.sync().is_err() {
        assert_eq!(records.read(next).unwrap(), record(3));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        records.sync().unwrap();
    }
    assert_eq!(records.read(next).unwrap(), record(3));
}

#[test]
fn a_lost_file_is_not_an_empty_one_and_damage_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    let (mut records, places) = filled(dir.path(), 5);
    records.sync().unwrap();
    let path = path_of(dir.path(), 0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[file::HEADER_BYTES as usize + places[3].0 as usize + 9] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (mut again, _) = Records::resume(dir.path(), records.len()).unwrap();
    assert!(matches!(again.read(places[3]), Err(StoreError::RecordDamaged { .. })));
    assert_eq!(again.read(places[2]).unwrap(), record(2));
    fs::remove_file(&path).unwrap();
    let (mut again, resumed) = Records::resume(dir.path(), records.len()).unwrap();
    assert_eq!(resumed.lost, records.len());
    assert!(matches!(again.read(places[3]), Err(StoreError::RecordGone { .. })));
    let next = again.append(&record(9)).unwrap();
    assert_eq!((next, again.read(next).unwrap()), (Place(records.len()), record(9)));
    fs::write(path_of(dir.path(), 0), b"something else, longer than a header").unwrap();
    assert!(matches!(Records::resume(dir.path(), 1), Err(StoreError::RecordFile { .. })));
}

#[test]
fn what_is_erased_is_gone_from_the_disk_and_the_rest_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let (mut records, places) = filled(dir.path(), 100);
    let meant = [record(7), record(70)];
    let erased = records.erase(|found| meant.iter().any(|meant| meant == found)).unwrap();
    assert_eq!(erased, [places[7], places[70]]);
    assert_eq!(records.erase(|found| meant.iter().any(|meant| meant == found)).unwrap(), [], "once");
    for (at, place) in places.iter().enumerate() {
        match records.read(*place) {
            Ok(found) => assert_eq!(found, record(at as u64)),
            Err(error) => {
                assert!(
                    [7, 70].contains(&at) && matches!(error, StoreError::RecordDamaged { .. }),
                    "{at}: {error}"
                );
            }
        }
    }
    let bytes = fs::read(path_of(dir.path(), 0)).unwrap();
    for (place, meant) in erased.iter().zip(&meant) {
        let end = file::HEADER_BYTES as usize + place.0 as usize + 8 + meant.len();
        assert!(bytes[end - meant.len()..end].iter().all(|byte| *byte == 0));
    }
    assert!(records.append(&record(100)).is_ok_and(|place| records.read(place).is_ok()));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However records are saved, cut and taken up again, each that was kept reads back as written.
    #[test]
    fn records_read_back(steps in proptest::collection::vec((0_u8..6, 1_u64..9), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let (mut records, mut places) = filled(dir.path(), 0);
        for (kind, amount) in steps {
            if kind == 0 {
                records.sync().unwrap();
                let dropped = places.len().saturating_sub(amount as usize);
                let len = places.get(dropped).map_or(records.len(), |place| place.0);
                places.truncate(dropped);
                let taken_up = Records::resume(dir.path(), len).unwrap();
                prop_assert_eq!(taken_up.1.lost, 0);
                records = taken_up.0;
            } else {
                for _ in 0..amount {
                    places.push(records.append(&record(places.len() as u64)).unwrap());
                }
            }
            for (number, place) in (0..).zip(&places) {
                prop_assert_eq!(records.read(*place).unwrap(), record(number));
            }
        }
    }

    /// A crash may cut the last file anywhere: every record that is still whole reads back as written.
    #[test]
    fn any_cut_leaves_whole_records(count in 1_u64..40, keep in 0.0..1.0_f64) {
        let dir = tempfile::tempdir().unwrap();
        let (mut records, places) = filled(dir.path(), count);
        records.sync().unwrap();
        let path = path_of(dir.path(), 0);
        let bytes = fs::read(&path).unwrap();
        let cut = (bytes.len() as f64 * keep) as usize;
        fs::write(&path, &bytes[..cut]).unwrap();
        let whole = (cut as u64).saturating_sub(file::HEADER_BYTES);
        let len = records.len();
        let (mut again, resumed) = Records::resume(dir.path(), len).unwrap();
        prop_assert_eq!(resumed, Resumed { cut: 0, lost: len - whole });
        for (at, place) in places.iter().enumerate() {
            let end = places.get(at + 1).map_or(len, |next| next.0);
            match again.read(*place) {
                Ok(found) => prop_assert!(end <= whole && found == record(at as u64)),
                Err(error) => {
                    let damaged = matches!(error, StoreError::RecordDamaged { .. });
                    prop_assert!(end > whole && damaged);
                }
            }
        }
    }
}
