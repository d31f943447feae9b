//! What is remembered of the past: few windows, apart, of rows from before a drift was noticed.

use model::EventId;

use crate::learn::Learn;
use crate::learn::tests::{feed, plane_with};
use crate::telemetry::AuditEvent;

use super::*;

const SETTINGS: &str = "search = { window_outcomes = 100000 }";

fn windows(learn: &Learn) -> usize {
    learn.state.past.windows.len()
}

#[test]
fn a_drift_puts_a_window_aside_and_drifts_that_follow_each_other_are_one() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    learn.remember_past();
    assert_eq!(windows(&learn), 0, "nothing was learned yet");
    feed(&mut learn, 0..1_000);
    learn.remember_past();
    learn.remember_past();
    assert_eq!(windows(&learn), 1);
    let (encoded, goals) = learn.past_rows();
    assert_eq!(goals.len() as u64, WINDOW_OUTCOMES);
    assert_eq!(encoded.len(), goals.len() * learn.arms.pool.shape().inputs);

    for drift in 1..6 {
        feed(&mut learn, drift * 1_000..(drift + 1) * 1_000);
        learn.remember_past();
        assert_eq!(windows(&learn), WINDOWS_MAX.min(drift as usize + 1));
    }
}

#[test]
fn the_last_outcomes_before_it_was_noticed_are_left_out() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    feed(&mut learn, 0..(WINDOW_OUTCOMES + NOTICED_AFTER));
    learn.remember_past();
    let first = learn.state.history.since(0)[0];
    let row = learn.row(first.place).expect("it is there");
    let window = &learn.state.past.windows[0];
    assert_eq!((&window[0].row, window.len() as u64), (&row, WINDOW_OUTCOMES));
}

#[test]
fn an_erased_row_is_known_nowhere_and_learning_goes_on() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    feed(&mut learn, 0..1_000);
    learn.remember_past();
    let id = |number: u64| EventId::new(&number.to_string()).expect("short");
    let known = learn.state.past.windows[0].len();
    for (number, told) in [(400, "1 rows"), (990, "1 rows"), (400, "no row")] {
        let said = learn.erase(&id(number), "ada").expect("the disk takes it");
        assert!(said.starts_with(told), "{number}: {said}");
    }
    assert_eq!(learn.state.past.windows[0].len(), known - 1, "400 was remembered");
    assert_eq!((learn.waiting(&id(990)), learn.state.join.counts().erased), (None, 1), "990 waited");
    assert!(learn.waiting(&id(991)).is_some());
    feed(&mut learn, 1_000..2_000);
    assert_eq!(learn.state.counts.records_lost, 0, "its label finds nothing, and looks for nothing");
    let told: Vec<String> = learn.happened().iter().map(AuditEvent::story).collect();
    assert!(told.iter().any(|line| line == "ada had 1 rows of an id erased"), "{told:?}");
}
