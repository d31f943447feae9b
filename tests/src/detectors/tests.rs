//! A small table is complete, has the promised keys, and says what is known.

use std::collections::BTreeSet;

use serde_json::Value;

use super::*;

const SMALL: Settings = Settings { runs: 4, seed: 1, limit: 2_000 };

#[test]
fn a_table_has_the_keys_that_are_promised_and_finds_what_cannot_be_missed() {
    let found = entries(&SMALL);
    let keys = |entry: &Value| entry.as_object().expect("an object").keys().cloned().collect::<BTreeSet<_>>();
    let promised = [
        "average_run_length",
        "bytes",
        "delay_median",
        "detector",
        "missed_share",
        "ns_per_observation",
        "scenario",
    ];
    for entry in &found {
        let json = serde_json::to_value(entry).expect("plain data");
        assert_eq!(keys(&json), promised.map(String::from).into());
        assert!(entry.bytes > 0 && entry.ns_per_observation > 0.0);
        assert_eq!(entry.average_run_length.is_some(), entry.missed_share.is_none(), "{entry:?}");
    }
    let detectors: BTreeSet<&str> = found.iter().map(|entry| entry.detector.as_str()).collect();
    assert_eq!(detectors.len(), 11);
    let tripled =
        found.iter().find(|entry| entry.detector == "e_sr_known" && entry.scenario == "sudden_10_30");
    assert!(
        tripled.is_some_and(|entry| entry.delay_median.is_some_and(|delay| delay < 200.0)),
        "{tripled:?}"
    );
    let still = found.iter().find(|entry| entry.detector == "e_sr_known" && entry.scenario == "independent");
    assert!(
        still.is_some_and(|entry| entry.average_run_length.is_some_and(|length| length >= 2_000.0)),
        "{still:?}"
    );
    assert_eq!(print::table(&found, SMALL.limit).lines().count(), 1 + found.len() + detectors.len() - 1);
}

#[test]
fn a_line_says_what_is_asked_for() {
    let arguments = Arguments::try_parse_from(["detector-table", "--json", "--runs", "3", "--limit", "9"]);
    let arguments = arguments.expect("a good line");
    assert_eq!((arguments.runs, arguments.seed, arguments.limit, arguments.json), (3, 0, 9, true));
    assert!(Arguments::try_parse_from(["detector-table", "--runs", "0"]).is_err());
}
