//! Rules: every alert says what it is about and what to do, and every rule has been told a story.
//!
//! Lives here: checks over rules, their tests and the runbooks. May not: evaluate a rule (promtool does).

use std::collections::BTreeSet;

use tests::boards::{AlertTest, Boards, Rule, RuleTest, files, names, root};

use super::metrics::known;

/// How urgent an alert can be.
const SEVERITIES: [&str; 3] = ["critical", "warning", "info"];
/// Where runbooks and dashboards are, until the chart says where they really are.
const ADDRESSES: [&str; 2] = ["https://driftform.invalid/runbooks/", "https://grafana.invalid/d/"];

/// One sentence for each thing that is wrong with an alert.
fn wrong_with(rule: &Rule, dashboards: &[&str], runbooks: &BTreeSet<String>) -> Vec<String> {
    let Rule { alert, labels, annotations, .. } = rule;
    let mut wrong = Vec::new();
    if !alert.starts_with("Driftform") || !alert.chars().all(char::is_alphanumeric) {
        wrong.push(format!("{alert}: its name does not begin with `Driftform`, or is not in one word"));
    }
    if !SEVERITIES.contains(&labels.severity.as_str()) {
        wrong.push(format!("{alert}: `{}` is no severity", labels.severity));
    }
    let summary = &annotations.summary;
    if !summary.starts_with(char::is_uppercase) || !summary.ends_with('.') || summary.contains("{{") {
        wrong.push(format!("{alert}: its summary is not one sentence that is always the same"));
    }
    if annotations.description.is_empty() {
        wrong.push(format!("{alert}: it has no description"));
    }
    let [runbook, dashboard] = ADDRESSES;
    if annotations.runbook_url != format!("{runbook}{alert}.md") || !runbooks.contains(alert) {
        wrong.push(format!("{alert}: it has no runbook docs/runbooks/{alert}.md, or does not name it"));
    }
    if !annotations.dashboard_url.strip_prefix(dashboard).is_some_and(|uid| dashboards.contains(&uid)) {
        wrong.push(format!("{alert}: it names no dashboard that there is"));
    }
    wrong
}

fn minutes(moment: &str) -> u64 {
    let minutes = moment.strip_suffix('m').and_then(|number| number.parse().ok());
    minutes.unwrap_or_else(|| panic!("moments of a story are in minutes, unlike {moment}"))
}

/// Whether one story has the alert silent, then firing, then silent again.
fn is_tried(alert: &str, tests: &[RuleTest]) -> bool {
    tests.iter().any(|test| {
        let mut told: Vec<&AlertTest> =
            test.alert_rule_test.iter().filter(|moment| moment.alertname == alert).collect();
        told.sort_by_key(|moment| minutes(&moment.eval_time));
        let fires: Vec<bool> = told.iter().map(|moment| !moment.exp_alerts.is_empty()).collect();
        fires.first() == Some(&false) && fires.last() == Some(&false) && fires.contains(&true)
    })
}

fn runbooks() -> BTreeSet<String> {
    let paths = files(&root().join("docs/runbooks"), "md").expect("there are runbooks");
    let stem =
        |path: &std::path::PathBuf| path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    paths.iter().map(stem).filter(|name| name != "README").collect()
}

#[test]
fn every_alert_says_what_it_is_about_and_what_to_do() {
    let boards = Boards::read().expect("they can be read");
    let uids: Vec<&str> =
        boards.dashboards.iter().map(|(_, board)| board["uid"].as_str().unwrap_or_default()).collect();
    let runbooks = runbooks();
    let alerts: Vec<&Rule> = boards.rules.iter().filter(|rule| !rule.alert.is_empty()).collect();
    for alert in &alerts {
        let wrong = wrong_with(alert, &uids, &runbooks);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
    let named: BTreeSet<String> = alerts.iter().map(|rule| rule.alert.clone()).collect();
    assert_eq!(named.len(), alerts.len(), "an alert is there twice");
    assert_eq!(named, runbooks, "a runbook is of an alert that there is");
}

#[test]
fn every_rule_asks_for_metrics_that_there_are() {
    let boards = Boards::read().expect("they can be read");
    let known = known(&boards.rules);
    for rule in &boards.rules {
        let of = [rule.record.as_str(), rule.alert.as_str()].concat();
        for name in names(&rule.expr).unwrap_or_else(|error| panic!("{of}: {error}")) {
            assert!(known.contains(&name), "{of} asks for `{name}`, which nobody has");
        }
    }
}

#[test]
fn every_rule_has_been_told_a_story() {
    let boards = Boards::read().expect("they can be read");
    for Rule { record, alert, .. } in &boards.rules {
        if record.is_empty() {
            assert!(is_tried(alert, &boards.tests), "no test has {alert} silent, firing and silent again");
        } else {
            assert_eq!(record.split(':').count(), 3, "{record} is not level:metric:operations");
            let mut looked_at = boards.tests.iter().flat_map(|test| &test.promql_expr_test);
            let asks = |query: &str| names(query).is_ok_and(|names| names.contains(record));
            let is_seen = looked_at.any(|test| asks(&test.expr) && !test.exp_samples.is_empty());
            assert!(is_seen, "no test looks at {record}");
        }
    }
}

/// One that nothing is wrong with.
fn sound() -> Rule {
    let boards = Boards::read().expect("they can be read");
    boards.rules.into_iter().find(|rule| rule.alert == "DriftformRolledBack").expect("there is this one")
}

#[test]
fn what_is_wrong_with_an_alert_is_seen() {
    let runbooks: BTreeSet<String> = ["DriftformRolledBack".to_owned()].into();
    let altered = |alter: &dyn Fn(&mut Rule)| {
        let mut rule = sound();
        alter(&mut rule);
        wrong_with(&rule, &["driftform-overview"], &runbooks).len()
    };
    assert_eq!(altered(&|_| {}), 0);
    assert_eq!(altered(&|rule| rule.labels.severity = "loud".into()), 1);
    assert_eq!(altered(&|rule| rule.annotations.summary = "it broke".into()), 1);
    assert_eq!(altered(&|rule| rule.annotations.description.clear()), 1);
    assert_eq!(altered(&|rule| rule.annotations.runbook_url = "https://driftform.invalid/".into()), 1);
    assert_eq!(altered(&|rule| rule.annotations.dashboard_url.push_str("-2")), 1);
    assert_eq!(altered(&|rule| rule.alert = "Driftform Rolled Back".into()), 2, "its name and its runbook");
}

#[test]
fn a_story_in_which_an_alert_never_ends_is_no_test() {
    let moment = |at: &str, fires: usize| AlertTest {
        eval_time: at.into(),
        alertname: "A".into(),
        exp_alerts: vec![serde::de::IgnoredAny; fires],
    };
    let story =
        |moments: Vec<AlertTest>| [RuleTest { alert_rule_test: moments, promql_expr_test: Vec::new() }];
    assert!(is_tried("A", &story(vec![moment("5m", 0), moment("9m", 1), moment("10m", 0)])));
    assert!(!is_tried("A", &story(vec![moment("5m", 0), moment("9m", 1)])));
    assert!(!is_tried("A", &story(vec![moment("5m", 0), moment("10m", 0)])));
    assert!(!is_tried("B", &story(vec![moment("5m", 0), moment("9m", 1), moment("10m", 0)])));
}
