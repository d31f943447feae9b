//! What audit promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use serde_json::json;

use super::*;

#[test]
fn lines_are_appended_across_openings() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state/audit.jsonl");
    AuditLog::open(&path).unwrap().append(&json!({ "n": 1, "text": "two\nlines" })).unwrap();
    let mut log = AuditLog::open(&path).unwrap();
    log.append(&json!({ "n": 2 })).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), 2);
    assert_eq!(log.tail(1).unwrap(), [json!({ "n": 2 })]);
    assert_eq!(log.tail(9).unwrap().len(), 2);
}

#[test]
fn a_line_cut_off_by_a_crash_is_removed_wherever_it_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let whole = json!({ "n": 1 }).to_string() + "\n";
    let next = json!({ "long": "x".repeat(3 * STEP_BYTES as usize) }).to_string();
    for cut in [0, 1, 5, STEP_BYTES as usize, next.len()] {
        fs::write(&path, whole.clone() + &next[..cut]).unwrap();
        AuditLog::open(&path).unwrap().append(&json!({ "n": 2 })).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), whole.clone() + "{\"n\":2}\n", "cut at {cut}");
    }
    fs::write(&path, &next).unwrap();
    assert!(AuditLog::open(&path).unwrap().tail(1).unwrap().is_empty());
}

#[test]
fn the_log_is_bounded() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("audit.jsonl");
    let mut log = AuditLog::open_bounded(&path, 100).unwrap();
    for n in 0..100 {
        log.append(&json!({ "n": n })).unwrap();
    }
    let sizes: Vec<_> =
        [path.clone(), before(&path)].iter().map(|path| fs::metadata(path).unwrap().len()).collect();
    assert!(sizes.iter().all(|size| (1..=100).contains(size)), "{sizes:?}");
    assert_eq!(log.tail(2).unwrap(), [json!({ "n": 98 }), json!({ "n": 99 })]);
    // One line longer than the bound is still kept.
    log.append(&json!("x".repeat(200))).unwrap();
    assert_eq!(log.tail(1).unwrap().len(), 1);
}
