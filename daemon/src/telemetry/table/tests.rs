//! The table keeps its own conventions, and the page is the table.

use std::collections::BTreeSet;

use super::*;

/// Where the page lies.
const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/metrics.md");
/// Has the page written instead of compared.
const WRITE: &str = "DRIFTFORM_WRITE_METRICS";
/// Most series of a daemon.
const SERIES_MAX: usize = 500;

#[test]
fn the_metrics_page_is_the_table() {
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(PAGE, page()).expect("the page can be written");
    }
    let there = std::fs::read_to_string(PAGE).expect("docs/metrics.md can be read");
    assert!(there == page(), "docs/metrics.md is not what the table says; {WRITE}=1 writes it again");
}

#[test]
fn names_are_unique_and_end_as_their_kind_and_unit_ask() {
    let mut names = BTreeSet::new();
    for Metric { name, kind, unit, .. } in all() {
        assert!(names.insert(name), "{name} is there twice");
        assert!(name.starts_with("driftform_"), "{name}");
        assert_eq!(name.ends_with("_total"), kind == Kind::Counter, "{name}");
        let stem = name.trim_end_matches("_total");
        assert!(stem.ends_with(unit.suffix()), "{name} is in {}", unit.name());
        let others = ["_seconds", "_bytes", "_joules", "_ratio"];
        let fits = others.iter().all(|other| !stem.ends_with(other) || unit.suffix().ends_with(other));
        assert!(fits, "{name} is in {}", unit.name());
    }
}

#[test]
fn what_is_said_is_one_or_more_sentences_in_one_line() {
    for Metric { name, help, .. } in all() {
        assert!(help.ends_with('.') && !help.contains('\n') && !help.contains('|'), "{name}: {help}");
    }
}

#[test]
fn all_series_together_are_within_the_limit() {
    let most: usize = all().iter().map(Metric::series_max).sum();
    assert!(most <= SERIES_MAX, "{most} series");
}

#[test]
fn combinations_are_all_of_them_or_none() {
    let rows = all();
    let row = |name: &str| rows.iter().find(|row| row.name == name).expect("it is in the table").clone();
    assert_eq!(row("driftform_serve_generation").combinations(), [Vec::<&str>::new()]);
    assert_eq!(row("driftform_gate_verdicts_total").combinations().len(), 27);
    assert!(row("driftform_budget_limit").combinations().is_empty(), "names are known later");
    assert!(row("driftform_budget_burn_rate").combinations().is_empty());
}
