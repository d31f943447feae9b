//! A disk that takes nothing costs nothing but, in the end, the oldest decisions, and that is told.

use std::path::{Path, PathBuf};

use adapters::audit::{entries, verify};

use super::*;

fn decide(decisions: &mut Decisions, numbers: std::ops::Range<u64>) {
    for n in numbers {
        decisions.add("alarm", "journal".into(), json!({ "event": "alarm", "n": n, "story": "a tale" }));
    }
}

/// No file can be opened where a folder is, whoever asks.
fn block(folder: &Path) -> PathBuf {
    let name = folder.join(format!("journal-{:020}.jsonl", 1));
    std::fs::create_dir_all(&name).expect("a folder");
    name
}

fn told(folder: &Path) -> Vec<Value> {
    let lines = entries(folder).expect("it can be read");
    lines.map(|entry| entry.expect("it is whole").event["data"].clone()).collect()
}

fn sent(decisions: &mut Decisions) -> Vec<String> {
    let mut lines = Vec::new();
    while let Some(line) = decisions.unsent().map(str::to_owned) {
        decisions.sent();
        lines.push(line);
    }
    lines
}

fn opened(folder: &Path) -> Decisions {
    Decisions::open(folder, 3, "fraud").expect("it can be opened").0
}

#[test]
fn what_is_written_is_there_to_be_sent_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut decisions = opened(folder.path());
    decide(&mut decisions, 0..2);
    assert_eq!((decisions.waiting(), decisions.unsent()), (2, None), "not before it is durable");
    decisions.write().expect("the disk takes it");
    let lines = sent(&mut decisions);
    assert_eq!((decisions.waiting(), lines.len(), decisions.unsent()), (0, 2, None));
    assert!(lines[0].contains("\"source\":\"/driftform/fraud\"") && lines[0].contains("driftform.alarm"));
}

#[test]
fn what_the_topic_may_lack_is_sent_again_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut decisions = opened(folder.path());
    decide(&mut decisions, 0..3);
    decisions.write().expect("the disk takes it");
    assert_eq!(sent(&mut decisions).len(), 3);
    decisions.all_delivered();
    decide(&mut decisions, 3..5);
    decisions.write().expect("the disk takes it");
    let lines = sent(&mut decisions);
    assert_eq!(decisions.delivered(), 3, "on its way is not there");

    let delivered = decisions.delivered();
    let mut decisions = opened(folder.path());
    decisions.send_after(delivered).expect("it can be read");
    decide(&mut decisions, 5..6);
    decisions.write().expect("the disk takes it");
    let again = sent(&mut decisions);
    assert_eq!((&again[..2], again.len()), (&lines[..], 3), "the same lines, byte by byte, and the new one");
    decisions.all_delivered();
    assert_eq!(decisions.delivered(), 6);
}

#[test]
fn a_topic_that_takes_nothing_costs_little_memory_and_a_restart_makes_up_for_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut decisions = opened(folder.path());
    for _ in 0..2 {
        decide(&mut decisions, 0..UNSENT_MAX as u64 / 2 + 5);
        decisions.write().expect("the disk takes it");
    }
    assert_eq!(sent(&mut decisions).len(), UNSENT_MAX);
    decisions.all_delivered();
    assert_eq!(decisions.delivered(), 0, "ten were left out");
    decisions.send_after(5).expect("it can be read");
    assert_eq!(sent(&mut decisions).len(), UNSENT_MAX, "the last ones of 1,029");
    decisions.all_delivered();
    assert_eq!(decisions.delivered(), UNSENT_MAX as u64 + 10);
}

#[test]
fn they_wait_for_the_disk_in_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut decisions = opened(folder.path());
    let blocked = block(folder.path());
    for n in 0..3 {
        decide(&mut decisions, n..n + 1);
        assert!(decisions.write().is_err() && decisions.trouble().is_some());
    }
    std::fs::remove_dir(blocked).expect("it is empty");
    decisions.write().expect("the disk takes it again");
    assert_eq!((decisions.waiting(), decisions.lost(), decisions.trouble()), (0, 0, None));
    let numbers: Vec<_> = told(folder.path()).iter().map(|data| data["n"].as_u64()).collect();
    assert_eq!(numbers, [Some(0), Some(1), Some(2)]);
}

#[test]
fn too_many_are_lost_from_the_oldest_on_and_the_journal_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut decisions = opened(folder.path());
    let blocked = block(folder.path());
    let most = WAITING_MAX as u64;
    decide(&mut decisions, 0..most + 5);
    assert!(decisions.write().is_err() && decisions.write().is_err());
    assert_eq!((decisions.waiting(), decisions.lost()), (WAITING_MAX, 5));
    std::fs::remove_dir(blocked).expect("it is empty");
    decisions.write().expect("the disk takes it again");
    let told = told(folder.path());
    assert_eq!(
        (told[0]["lost"].as_u64(), told[1]["n"].as_u64(), told.len()),
        (Some(5), Some(5), WAITING_MAX + 1)
    );
    verify(folder.path(), Some(decisions.tip())).expect("the chain holds");
}

#[test]
fn one_that_is_too_long_keeps_its_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut decisions = opened(folder.path());
    let long =
        json!({ "event": "judged", "story": "a tale", "evidence": "x".repeat(JOURNAL_LINE_BYTES_MAX) });
    decisions.add("judged", "journal".into(), long);
    decisions.write().expect("it is cut");
    let told = told(folder.path());
    assert!(told[0]["story"] == "a tale" && told[0]["left_out_bytes"].is_u64());
}
