//! What the serve plane counts is seen once a second, and a page is a breach.

use std::time::Duration;

use adapters::kafka::Positions;

use super::*;
use crate::learn::tests::{event, feed, plane_with};

const SETTINGS: &str = "search = { window_outcomes = 100000 }\nbudget = { compute_seconds = 1.0 }";

/// In the last minute of the first hour.
const HOUR: Timestamp = Timestamp(59 * 60_000);

fn served() -> (Learn, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    feed(&mut learn, 0..1_000);
    learn.happened();
    (learn, folder)
}

fn told(learn: &mut Learn) -> String {
    learn.turn(vec![event(1_000_000, 0.5)], Positions::default()).expect("nothing fails");
    learn.happened().iter().map(AuditEvent::story).collect::<Vec<_>>().join("\n")
}

fn take(learn: &Learn, seconds: u64, times: usize) {
    (0..times).for_each(|_| learn.slot().overruns().took(Duration::from_secs(seconds), 1));
}

#[test]
fn units_that_are_too_slow_for_too_often_ask_for_relief() {
    let (mut learn, _folder) = served();
    take(&learn, 0, 900);
    learn.burned(Timestamp(0), Served::default());
    assert!(told(&mut learn).is_empty());
    take(&learn, 2, 500);
    learn.burned(Timestamp(500), Served::default());
    assert!(told(&mut learn).is_empty(), "it looks once a second");
    learn.burned(HOUR, Served::default());
    let story = told(&mut learn);
    assert!(
        story.contains("page began: bad answers are 35.7 times what slow_ratio allows over 3600 s"),
        "{story}"
    );
    assert!(
        story.contains("ALARM: no smaller network answers the breach"),
        "there was nothing to train on: {story}"
    );
    let before = learn.state.counts.breaches;
    learn.burned(Timestamp(HOUR.0 + 1_000), Served::default());
    assert_eq!(learn.state.counts.breaches, before, "it is said once");
    learn.burned(Timestamp(HOUR.0 + 10 * 60_000), Served::default());
    assert!(told(&mut learn).contains("page ended"));
}

#[test]
fn answers_that_fail_are_an_alarm() {
    let (mut learn, _folder) = served();
    learn.burned(Timestamp(0), Served { answered: 1_000, failed: 0 });
    learn.burned(HOUR, Served { answered: 1_500, failed: 500 });
    let story = told(&mut learn);
    assert!(story.contains("page began") && story.contains("failed_ratio"), "{story}");
    assert!(story.contains("ALARM: answers fail more often than is allowed"), "{story}");
}

#[test]
fn another_limit_forgets_what_was_too_slow_for_the_last() {
    let (mut learn, _folder) = served();
    learn.burned(Timestamp(0), Served::default());
    take(&learn, 2, 500);
    learn.set_budget("compute_seconds", 5.0);
    learn.burned(HOUR, Served::default());
    assert!(!told(&mut learn).contains("page"));
}
