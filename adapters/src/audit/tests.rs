//! What the journal promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;
use std::path::Path;

use model::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::store::StoreError;

fn told(data: Value) -> CloudEvent {
    CloudEvent {
        source: "/driftform/fraud".into(),
        kind: "driftform.promoted".into(),
        subject: "generation/17".into(),
        time: Timestamp(1_767_225_600_250),
        data,
    }
}

fn numbered(numbers: std::ops::RangeInclusive<u64>) -> Vec<CloudEvent> {
    numbers.map(|n| told(json!({ "n": n, "text": "two\nlines" }))).collect()
}

/// A journal of ten lines, in files of about three.
fn ten(folder: &Path) -> Journal {
    let (mut journal, _) = Journal::open_bounded(folder, 100, 1_500).unwrap();
    for event in numbered(1..=10) {
        journal.append(&[event]).unwrap();
    }
    journal
}

fn files(folder: &Path) -> Vec<std::path::PathBuf> {
    journal::files(folder).unwrap()
}

fn said(folder: &Path) -> Vec<u64> {
    let entries: Vec<Entry> = entries(folder).unwrap().map(Result::unwrap).collect();
    entries.iter().map(|entry| entry.event["data"]["n"].as_u64().unwrap()).collect()
}

#[test]
fn a_line_is_a_cloud_event_and_names_the_one_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), 3).unwrap();
    let lines = journal.append(&numbered(1..=2)).unwrap();
    let [first, second] = [0, 1].map(|at: usize| serde_json::from_str::<Value>(&lines[at]).unwrap());
    assert_eq!(first["specversion"], "1.0");
    assert_eq!(first["id"], "1-1767225600250");
    assert_eq!(first["time"], "2026-01-01T00:00:00.250Z");
    assert_eq!(first["type"], "driftform.promoted");
    assert_eq!(first["previous"], "0".repeat(64));
    assert_eq!(second["previous"], first["hash"]);
    // What a stranger would compute from the text alone.
    let (body, _) = lines[1].split_once(",\"previous\":").unwrap();
    let hash = sha256(format!("{}{body}}}", first["hash"].as_str().unwrap()).as_bytes());
    assert_eq!(second["hash"], hash);
}

#[test]
fn lines_go_on_across_openings_and_files() {
    let dir = tempfile::tempdir().unwrap();
    let tip = ten(dir.path()).tip().clone();
    assert!(files(dir.path()).len() > 2, "it was turned over");
    let (mut again, cut) = Journal::open(dir.path(), 100).unwrap();
    assert_eq!((again.tip(), cut), (&tip, 0));
    again.append(&numbered(11..=12)).unwrap();
    assert_eq!(said(dir.path()), (1..=12).collect::<Vec<_>>());
    for from in 0..=13 {
        let read = entries_from(dir.path(), from).unwrap();
        let numbers: Vec<u64> = read.map(|entry| entry.unwrap().tip.number).collect();
        let (first, last) = (numbers[0], *numbers.last().unwrap());
        assert!(first <= from.max(1) && first + 4 > from.min(12) && last == 12, "from {from}: {numbers:?}");
    }
    let verified = verify(dir.path(), Some(&tip)).unwrap();
    assert_eq!((verified.first, verified.tip.number, verified.unfinished), (Some(1), 12, false));
}

#[test]
fn the_journal_is_bounded_and_what_is_left_still_holds_together() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open_bounded(dir.path(), 2, 1_500).unwrap();
    for event in numbered(1..=40) {
        journal.append(&[event]).unwrap();
    }
    assert_eq!(files(dir.path()).len(), 2);
    assert!(files(dir.path()).iter().all(|file| fs::metadata(file).unwrap().len() <= 1_500));
    let verified = verify(dir.path(), Some(journal.tip())).unwrap();
    assert!(verified.first.is_some_and(|first| first > 30) && verified.tip.number == 40);
    let long = told(json!("x".repeat(JOURNAL_LINE_BYTES_MAX)));
    assert!(matches!(journal.append(&[long]), Err(StoreError::TooLarge { .. })));
}

#[test]
fn a_line_cut_off_by_a_crash_is_removed_wherever_it_was_cut() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), 3).unwrap();
    journal.append(&numbered(1..=1)).unwrap();
    let file = files(dir.path()).remove(0);
    let whole = fs::read(&file).unwrap();
    let next = journal.append(&numbered(2..=2)).unwrap().remove(0);
    drop(journal);
    for cut in [0, 1, 5, next.len()] {
        fs::write(&file, [&whole, &next.as_bytes()[..cut]].concat()).unwrap();
        let reading = verify(dir.path(), None).unwrap();
        assert_eq!((reading.tip.number, reading.unfinished), (1, cut > 0), "a reader changes nothing");
        let (mut journal, removed) = Journal::open(dir.path(), 3).unwrap();
        assert_eq!(removed, cut as u64);
        journal.append(&numbered(2..=2)).unwrap();
        assert_eq!(said(dir.path()), [1, 2], "cut at {cut}");
        verify(dir.path(), None).unwrap();
    }
    // A crash within the first line of a file: the chain goes on from the file before.
    fs::write(dir.path().join(format!("journal-{:020}.jsonl", 3)), "{\"da").unwrap();
    let (mut journal, removed) = Journal::open(dir.path(), 3).unwrap();
    assert_eq!((removed, journal.tip().number), (4, 2));
    journal.append(&numbered(3..=3)).unwrap();
    assert_eq!(verify(dir.path(), None).unwrap().tip.number, 3);
}

#[test]
fn a_broken_line_is_named_and_the_others_can_still_be_read() {
    let dir = tempfile::tempdir().unwrap();
    ten(dir.path());
    let second_file = files(dir.path()).remove(1);
    let text = fs::read_to_string(&second_file).unwrap();
    let altered = text.replacen("lines", "liars", 1);
    fs::write(&second_file, altered).unwrap();
    let error = verify(dir.path(), None).unwrap_err().to_string();
    assert!(error.starts_with("line 1 of") && error.contains(second_file.to_str().unwrap()), "{error}");
    assert_eq!(entries(dir.path()).unwrap().flatten().count(), 9);
    fs::write(&second_file, text).unwrap();
    verify(dir.path(), None).unwrap();

    // A last line that is damaged stops the writer: nothing can follow it.
    let last_file = files(dir.path()).pop().unwrap();
    let text = fs::read_to_string(&last_file).unwrap();
    fs::write(&last_file, text.replace("lines", "liars")).unwrap();
    assert!(matches!(Journal::open(dir.path(), 3), Err(StoreError::Journal { .. })));
}

#[test]
fn lines_that_are_missing_or_were_written_again_show() {
    let dir = tempfile::tempdir().unwrap();
    let tip = ten(dir.path()).tip().clone();
    let last_file = files(dir.path()).pop().unwrap();

    // From the middle of the journal.
    let second_file = files(dir.path()).remove(1);
    let text = fs::read_to_string(&second_file).unwrap();
    let without_first: String = text.lines().skip(1).flat_map(|line| [line, "\n"]).collect();
    fs::write(&second_file, without_first).unwrap();
    let error = verify(dir.path(), None).unwrap_err().to_string();
    assert!(error.contains("follows number"), "{error}");
    fs::write(&second_file, text).unwrap();

    // The end.
    fs::remove_file(&last_file).unwrap();
    let kept = verify(dir.path(), None).unwrap().tip;
    assert!(matches!(verify(dir.path(), Some(&tip)), Err(StoreError::JournalShort { known: 10, .. })));
    // A writer that remembers more goes on after it, so that the hole stays visible.
    let (mut journal, _) = Journal::open(dir.path(), 100).unwrap();
    assert!(!journal.continue_after(&kept) && journal.continue_after(&tip));
    journal.append(&numbered(11..=11)).unwrap();
    let error = verify(dir.path(), None).unwrap_err().to_string();
    assert!(error.contains(&format!("number 11 follows number {}", kept.number)), "{error}");
    drop(journal);

    // The end again, by somebody who knows how lines are sealed.
    let third_file = files(dir.path()).pop().unwrap();
    let text = fs::read_to_string(&third_file).unwrap();
    let honest: String =
        text.lines().take_while(|line| !line.contains("\"n\":11")).flat_map(|l| [l, "\n"]).collect();
    fs::write(&third_file, honest).unwrap();
    let (mut forger, _) = Journal::open(dir.path(), 100).unwrap();
    forger.append(&numbered(1..=4)).unwrap();
    verify(dir.path(), None).unwrap();
    let error = verify(dir.path(), Some(&tip)).unwrap_err().to_string();
    assert!(error.contains("remembers"), "{error}");
}

#[test]
fn what_could_not_be_written_changes_nothing_and_is_written_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = ten(dir.path());
    let tip = journal.tip().clone();
    // The next file cannot be created while a folder has its name.
    let (mut events, mut blocked) = (numbered(11..=11), None);
    while blocked.is_none() {
        let name = dir.path().join(format!("journal-{:020}.jsonl", journal.tip().number + 1));
        fs::create_dir(&name).unwrap();
        match journal.append(&events) {
            Ok(_) => fs::remove_dir(&name).unwrap(),
            Err(_) => blocked = Some(name),
        }
    }
    assert!(journal.tip().number >= tip.number);
    let before = journal.tip().clone();
    assert!(journal.append(&events).is_err(), "it still cannot be");
    assert_eq!(journal.tip(), &before);
    fs::remove_dir(blocked.unwrap()).unwrap();
    events.extend(numbered(12..=12));
    journal.append(&events).unwrap();
    assert_eq!(verify(dir.path(), Some(journal.tip())).unwrap().tip.number, before.number + 2);
}

#[test]
fn a_clock_that_jumps_backwards_disturbs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (mut journal, _) = Journal::open(dir.path(), 3).unwrap();
    for millis in [1_767_225_600_000, 5, -7, i64::MAX, i64::MIN] {
        journal.append(&[CloudEvent { time: Timestamp(millis), ..told(json!({ "n": 1 })) }]).unwrap();
    }
    assert_eq!(verify(dir.path(), Some(journal.tip())).unwrap().tip.number, 5);
}

proptest! {
    #[test]
    fn any_altered_byte_is_noticed(at in any::<prop::sample::Index>(), with in any::<u8>()) {
        let (line, _) = chain::seal(&"0".repeat(64), "{\"a\":1,\"b\":\"text\"}");
        prop_assert!(chain::unseal(&line).is_ok());
        let mut bytes = line.clone().into_bytes();
        let at = at.index(bytes.len());
        bytes[at] = with;
        if let Ok(altered) = String::from_utf8(bytes) {
            prop_assert_eq!(chain::unseal(&altered).is_ok(), altered == line);
        }
    }
}
