//! What a reader of the journal is told.

use adapters::audit::{CloudEvent, Journal};
use model::Timestamp;
use policies::gate::QualityGate;
use policies::watch::{WatchEvidence, WatchLimits};
use serde_json::json;

use super::*;

fn told(data: Value) -> CloudEvent {
    let (source, subject) = ("/driftform/fraud".to_owned(), "generation/17".to_owned());
    CloudEvent { source, kind: "driftform.judged".into(), subject, time: Timestamp(1_767_225_600_250), data }
}

fn verdict(judged: &Value) -> Value {
    json!({ "event": "judged", "generation": 17, "story": "a tale", "judged": judged })
}

/// A state directory whose journal has these lines.
fn state(data: &[Value]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let (mut journal, _) = Journal::open(&journal_folder(folder.path()), 3).expect("a journal");
    let events: Vec<CloudEvent> = data.iter().cloned().map(told).collect();
    journal.append(&events).expect("the disk takes it");
    folder
}

fn watched() -> Value {
    let evidence =
        WatchEvidence { log_quality: 4.1, log_errors: 0.0, log_compute: 0.0, outcomes: 400, mean_harm: 0.1 };
    Judged::of_watch(WatchLimits { alpha: 0.05, outcomes: 1_000 }, evidence)
        .to_json()
        .expect("it can be told")
}

#[test]
fn a_verdict_is_reproduced_by_its_number_or_its_id() {
    let promoted = json!({ "event": "promoted", "generation": 17, "story": "a tale" });
    let folder = state(&[verdict(&watched()), promoted]);
    replay(folder.path(), "1", false).expect("it is reproduced");
    replay(folder.path(), "1-1767225600250", true).expect("it is reproduced");
    let error = replay(folder.path(), "2", false).expect_err("it is no verdict").to_string();
    assert!(error.contains("the last one before it is 1"), "{error}");
    assert!(replay(folder.path(), "3", false).is_err());
}

#[test]
fn a_verdict_that_its_evidence_does_not_give_is_refused() {
    let mut forged = watched();
    forged["watch"]["verdict"] = "keep".into();
    let folder = state(&[verdict(&forged), verdict(&json!({ "nobody": {} }))]);
    let error = replay(folder.path(), "1", false).expect_err("it says otherwise").to_string();
    assert!(error.contains("judged again, it is rollback"), "{error}");
    let error = replay(folder.path(), "2", false).expect_err("nobody judged").to_string();
    assert!(error.contains("cannot be read by this release"), "{error}");
}

#[test]
fn evidence_that_is_missing_is_judged_as_missing_again() {
    let limits = QualityGate { alpha: 0.05, alpha_harm: 0.05, deadline_outcomes: 10 };
    let judged = Judged::of_quality(limits, None);
    let folder = state(&[verdict(&judged.to_json().expect("it can be told"))]);
    replay(folder.path(), "1", false).expect("nothing is nothing again");
}

#[test]
fn a_journal_is_checked_without_its_daemon() {
    let folder = state(&[verdict(&watched())]);
    check(folder.path()).expect("it is whole");
    let file = std::fs::read_dir(journal_folder(folder.path())).expect("a folder").next();
    let file = file.expect("one file").expect("readable").path();
    let text = std::fs::read_to_string(&file).expect("text").replace("a tale", "a lie!");
    std::fs::write(&file, text).expect("it can be written");
    let error = check(folder.path()).expect_err("it was altered").to_string();
    assert!(error.starts_with("line 1 of"), "{error}");
}
