//! What store rows promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;

use proptest::prelude::*;

use super::*;

fn row(number: u64) -> Row {
    Row::new(vec![number as f32, f32::NAN]).unwrap()
}

fn filled(folder: &Path, rows: u64) -> RowSegments {
    let (mut segments, _) = RowSegments::resume(folder, 2, 0).unwrap();
    for number in 0..rows {
        assert_eq!(segments.append(&row(number)).unwrap(), RowRef(number));
    }
    segments
}

#[test]
fn rows_are_found_before_and_after_they_are_written() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = filled(dir.path(), 3);
    assert_eq!(segments.read(RowRef(2)).unwrap(), row(2));
    segments.sync().unwrap();
    segments.append(&row(3)).unwrap();
    for number in 0..4 {
        assert_eq!(segments.read(RowRef(number)).unwrap(), row(number));
    }
    assert!(matches!(segments.read(RowRef(4)), Err(StoreError::RowGone { row: 4, first: 0, end: 4 })));
    let wide = Row::new(vec![0.0; 3]).unwrap();
    assert!(matches!(segments.append(&wide), Err(StoreError::RowWidth { found: 3, expected: 2, .. })));
}

#[test]
fn files_follow_each_other_and_old_ones_are_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let total = 2 * ROWS_PER_FILE + 10;
    let mut segments = filled(dir.path(), total);
    segments.sync().unwrap();
    assert_eq!(files(dir.path()).unwrap(), [0, ROWS_PER_FILE, 2 * ROWS_PER_FILE]);
    for number in [0, ROWS_PER_FILE - 1, ROWS_PER_FILE, total - 1] {
        assert_eq!(segments.read(RowRef(number)).unwrap(), row(number));
    }
    segments.prune_before(RowRef(ROWS_PER_FILE + 5)).unwrap();
    assert_eq!(files(dir.path()).unwrap(), [ROWS_PER_FILE, 2 * ROWS_PER_FILE]);
    assert!(matches!(segments.read(RowRef(0)), Err(StoreError::RowGone { .. })));
    assert_eq!(segments.read(RowRef(ROWS_PER_FILE)).unwrap(), row(ROWS_PER_FILE));

    let (mut again, resumed) = RowSegments::resume(dir.path(), 2, total).unwrap();
    assert_eq!((resumed, again.len()), (Resumed::default(), total));
    assert!(matches!(again.read(RowRef(1)), Err(StoreError::RowGone { .. })));
    assert_eq!(again.read(RowRef(total - 1)).unwrap(), row(total - 1));
}

/// Rows so wide that a few thousand crowd the memory they may wait in.
fn broad(number: u64) -> Row {
    Row::new(vec![number as f32; 1_024]).unwrap()
}

#[test]
fn rows_wait_in_memory_while_the_disk_takes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut segments, _) = RowSegments::resume(dir.path(), 1_024, 0).unwrap();
    // No file can be opened where a folder is, whoever asks.
    let blocked = path_of(dir.path(), 0);
    fs::create_dir(&blocked).unwrap();
    while segments.make_room().is_ok() {
        segments.append(&broad(segments.len())).unwrap();
    }
    let end = segments.len();
    let batch = 256;
    for number in end..end + batch {
        segments.append(&broad(number)).unwrap();
    }
    assert!(segments.sync().is_err(), "a snapshot is not taken");
    assert_eq!(segments.read(RowRef(3)).unwrap(), broad(3));
    fs::remove_dir(&blocked).unwrap();
    segments.make_room().unwrap();
    segments.sync().unwrap();
    drop(segments);
    let (mut again, resumed) = RowSegments::resume(dir.path(), 1_024, end + batch).unwrap();
    assert_eq!((resumed, again.read(RowRef(end)).unwrap()), (Resumed::default(), broad(end)));
}

#[test]
fn rows_that_wait_are_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let (mut segments, _) = RowSegments::resume(dir.path(), 1_024, 0).unwrap();
    fs::create_dir(path_of(dir.path(), 0)).unwrap();
    let record = Shape::new(1_024).record_bytes();
    let most = WAITING_BYTES_MAX.div_ceil(record) + BUFFER_BYTES_MAX.div_ceil(record);
    let taken = (0..2 * most as u64).take_while(|number| segments.append(&broad(*number)).is_ok()).count();
    assert!((WAITING_BYTES_MAX / record..=most).contains(&taken), "{taken}");
    assert_eq!(segments.read(RowRef(7)).unwrap(), broad(7), "what was taken in is there");
}

#[test]
fn rows_can_be_read_where_nothing_may_be_written() {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = tempfile::tempdir().unwrap();
    let mut segments = filled(dir.path(), 3);
    segments.sync().unwrap();
    let path = path_of(dir.path(), 0);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    segments.open.clear();
    assert_eq!(segments.read(RowRef(2)).unwrap(), row(2));
    // Who is root may write all the same; everybody else is told, and goes on later.
    segments.append(&row(3)).unwrap();
    if segments.sync().is_err() {
        assert_eq!(segments.read(RowRef(3)).unwrap(), row(3));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        segments.sync().unwrap();
    }
    assert_eq!(segments.read(RowRef(3)).unwrap(), row(3));
}

#[test]
fn what_came_after_the_snapshot_is_cut() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), ROWS_PER_FILE + 10).sync().unwrap();
    let (mut segments, resumed) = RowSegments::resume(dir.path(), 2, 7).unwrap();
    assert_eq!(resumed, Resumed { cut: ROWS_PER_FILE + 3, lost: 0 });
    assert_eq!(segments.append(&row(700)).unwrap(), RowRef(7));
    segments.sync().unwrap();
    assert_eq!(segments.read(RowRef(6)).unwrap(), row(6));
    assert_eq!(segments.read(RowRef(7)).unwrap(), row(700));
    assert_eq!(files(dir.path()).unwrap(), [0]);
}

#[test]
fn what_is_missing_is_told_and_its_numbers_stay_taken() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 5).sync().unwrap();
    let (mut segments, resumed) = RowSegments::resume(dir.path(), 2, 9).unwrap();
    assert_eq!(resumed, Resumed { cut: 0, lost: 4 });
    assert_eq!(segments.append(&row(9)).unwrap(), RowRef(9));
    segments.sync().unwrap();
    assert_eq!(segments.read(RowRef(4)).unwrap(), row(4));
    assert!(matches!(segments.read(RowRef(5)), Err(StoreError::RowDamaged { row: 5, .. })));
    assert_eq!(segments.read(RowRef(9)).unwrap(), row(9));
}

#[test]
fn a_lost_file_is_not_an_empty_one() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), ROWS_PER_FILE + 5).sync().unwrap();
    fs::remove_file(path_of(dir.path(), 0)).unwrap();
    let (mut segments, _) = RowSegments::resume(dir.path(), 2, ROWS_PER_FILE + 5).unwrap();
    assert!(matches!(segments.read(RowRef(3)), Err(StoreError::RowGone { .. })));
    assert_eq!(segments.read(RowRef(ROWS_PER_FILE)).unwrap(), row(ROWS_PER_FILE));
}

#[test]
fn damage_is_noticed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 5).sync().unwrap();
    let path = path_of(dir.path(), 0);
    let mut bytes = fs::read(&path).unwrap();
    bytes[16 + 12 * 3] ^= 1;
    fs::write(&path, bytes).unwrap();
    let (mut segments, _) = RowSegments::resume(dir.path(), 2, 5).unwrap();
    assert!(matches!(segments.read(RowRef(3)), Err(StoreError::RowDamaged { row: 3, .. })));
    assert_eq!(segments.read(RowRef(2)).unwrap(), row(2));
}

#[test]
fn a_changed_schema_is_told() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path(), 5).sync().unwrap();
    let error = RowSegments::resume(dir.path(), 1, 5).unwrap_err().to_string();
    assert!(
        error.contains("have 2 values, not at most 1") && error.contains("schema was changed"),
        "{error}"
    );
}

fn wide(number: u64) -> Row {
    Row::new(vec![number as f32, f32::NAN, 3.0]).unwrap()
}

#[test]
fn a_wider_row_begins_a_file_and_older_rows_stay_as_they_are() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = filled(dir.path(), 5);
    segments.widen(3).unwrap();
    assert_eq!(segments.append(&wide(5)).unwrap(), RowRef(5));
    assert!(matches!(segments.append(&row(6)), Err(StoreError::RowWidth { found: 2, expected: 3, .. })));
    segments.sync().unwrap();
    assert_eq!(files(dir.path()).unwrap(), [0, 5]);
    let (mut again, resumed) = RowSegments::resume(dir.path(), 3, 6).unwrap();
    assert_eq!(resumed, Resumed::default());
    for segments in [&mut segments, &mut again] {
        assert_eq!(segments.append(&wide(6)).unwrap(), RowRef(6));
        assert_eq!(segments.read(RowRef(4)).unwrap(), row(4));
        assert_eq!(segments.read(RowRef(5)).unwrap(), wide(5));
        assert_eq!(segments.read(RowRef(6)).unwrap(), wide(6));
    }
    again.sync().unwrap();
    assert_eq!(files(dir.path()).unwrap(), [0, 5]);
    again.prune_before(RowRef(5)).unwrap();
    assert_eq!(files(dir.path()).unwrap(), [5]);
    assert!(matches!(again.read(RowRef(4)), Err(StoreError::RowGone { row: 4, first: 5, .. })));
}

#[test]
fn a_snapshot_from_before_the_rows_grew_takes_up_the_narrow_ones() {
    let dir = tempfile::tempdir().unwrap();
    let mut segments = filled(dir.path(), 5);
    segments.widen(3).unwrap();
    segments.append(&wide(5)).unwrap();
    segments.sync().unwrap();
    let (mut again, resumed) = RowSegments::resume(dir.path(), 2, 4).unwrap();
    assert_eq!((resumed, files(dir.path()).unwrap()), (Resumed { cut: 2, lost: 0 }, vec![0]));
    assert_eq!(again.append(&row(40)).unwrap(), RowRef(4));
    again.sync().unwrap();
    assert_eq!(again.read(RowRef(4)).unwrap(), row(40));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// However rows grow, are saved, cut and taken up again, each that was kept reads back as written.
    #[test]
    fn rows_of_any_widths_read_back(steps in proptest::collection::vec((0_u8..6, 1_u64..9), 1..40)) {
        let dir = tempfile::tempdir().unwrap();
        let of = |number: u64, width: usize| Row::new(vec![number as f32; width]).unwrap();
        let mut widths: Vec<usize> = Vec::new();
        let mut width = 1;
        let (mut segments, _) = RowSegments::resume(dir.path(), width, 0).unwrap();
        for (kind, amount) in steps {
            match kind {
                0 => {
                    width += 1;
                    segments.widen(width).unwrap();
                }
                1 => {
                    segments.sync().unwrap();
                    widths.truncate(widths.len().saturating_sub(amount as usize));
                    let taken_up = RowSegments::resume(dir.path(), width, widths.len() as u64).unwrap();
                    prop_assert_eq!(taken_up.1.lost, 0);
                    segments = taken_up.0;
                }
                _ => for _ in 0..amount {
                    let row = of(widths.len() as u64, width);
                    prop_assert_eq!(segments.append(&row).unwrap(), RowRef(widths.len() as u64));
                    widths.push(width);
                },
            }
            for (number, width) in (0..).zip(&widths) {
                prop_assert_eq!(segments.read(RowRef(number)).unwrap(), of(number, *width));
            }
        }
    }

    /// A crash may cut the last file anywhere: every row that is still whole reads back as written.
    #[test]
    fn any_cut_leaves_whole_rows(rows in 1_u64..40, keep in 0.0..1.0_f64) {
        let dir = tempfile::tempdir().unwrap();
        filled(dir.path(), rows).sync().unwrap();
        let path = path_of(dir.path(), 0);
        let bytes = fs::read(&path).unwrap();
        let cut = (bytes.len() as f64 * keep) as usize;
        fs::write(&path, &bytes[..cut]).unwrap();
        let whole = (cut.saturating_sub(16) / 12) as u64;
        let (mut segments, resumed) = RowSegments::resume(dir.path(), 2, rows).unwrap();
        prop_assert_eq!(resumed, Resumed { cut: 0, lost: rows - whole });
        for number in 0..rows {
            match segments.read(RowRef(number)) {
                Ok(found) => prop_assert!(number < whole && found == row(number)),
                Err(error) => {
                    let damaged = matches!(error, StoreError::RowDamaged { .. });
                    prop_assert!(number >= whole && damaged);
                }
            }
        }
    }
}
