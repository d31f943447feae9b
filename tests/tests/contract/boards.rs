//! Dashboards: each can be imported anywhere, says what it shows, and asks for nothing that is not there.
//!
//! Lives here: rules about their JSON. May not: ask a Prometheus.

use std::collections::BTreeSet;

use serde_json::Value;
use tests::boards::{Boards, panels};

use super::metrics::known;

/// Panels that Grafana has and will have.
const PANELS: [&str; 8] =
    ["row", "stat", "timeseries", "state-timeline", "heatmap", "table", "piechart", "alertlist"];
/// The data source that whoever imports one chooses.
const SOURCE: &str = "${datasource}";
/// What is marked on every graph.
const ANNOTATIONS: [&str; 3] = ["Promotion", "Relief", "Rollback"];
/// By what what is shown is chosen.
const VARIABLES: [&str; 4] = ["datasource", "model", "job", "instance"];

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The names in a list of a dashboard.
fn named<'a>(board: &'a Value, list: &str) -> Vec<&'a str> {
    board[list]["list"].as_array().into_iter().flatten().map(|one| text(one, "name")).collect()
}

/// One sentence for each thing that is wrong with a dashboard.
fn wrong_with(name: &str, board: &Value) -> Vec<String> {
    let mut wrong = Vec::new();
    if text(board, "uid") != format!("driftform-{name}") {
        wrong.push(format!("{name}: its uid is not `driftform-{name}`"));
    }
    if text(board, "description").is_empty() || !text(board, "title").starts_with("Driftform: ") {
        wrong.push(format!("{name}: it does not say what it is"));
    }
    if named(board, "annotations") != ANNOTATIONS || named(board, "templating") != VARIABLES {
        wrong.push(format!("{name}: it has other annotations or variables than the others"));
    }
    let panels = panels(board);
    let ids: BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_u64()).collect();
    if ids.len() != panels.len() || ids.contains(&None) {
        wrong.push(format!("{name}: panels have the same id, or none"));
    }
    wrong.extend(panels.iter().flat_map(|panel| wrong_with_panel(name, panel)));
    wrong
}

fn wrong_with_panel(name: &str, panel: &Value) -> Vec<String> {
    let (kind, title) = (text(panel, "type"), text(panel, "title"));
    let complain = |what: &str| format!("{name}, panel `{title}`: {what}");
    let mut wrong = Vec::new();
    if !PANELS.contains(&kind) {
        wrong.push(complain(&format!("`{kind}` is no kind of panel that is used here")));
    }
    if kind == "row" {
        return wrong;
    }
    if text(panel, "description").is_empty() || title.is_empty() {
        wrong.push(complain("it does not say what it shows"));
    }
    if text(&panel["fieldConfig"]["defaults"], "unit").is_empty() {
        wrong.push(complain("it has no unit"));
    }
    let targets = panel["targets"].as_array().map(Vec::as_slice).unwrap_or_default();
    if targets.is_empty() {
        wrong.push(complain("it asks for nothing"));
    }
    for target in targets {
        if text(&target["datasource"], "uid") != SOURCE || text(target, "expr").is_empty() {
            wrong.push(complain("a query is empty, or of a fixed data source"));
        }
    }
    wrong
}

#[test]
fn every_dashboard_can_be_imported_and_says_what_it_shows() {
    let boards = Boards::read().expect("they can be read");
    assert!(boards.dashboards.len() >= 5, "{}", boards.dashboards.len());
    for (name, board) in &boards.dashboards {
        let wrong = wrong_with(name, board);
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}

#[test]
fn every_query_of_a_dashboard_asks_for_metrics_that_there_are() {
    let boards = Boards::read().expect("they can be read");
    let known = known(&boards.rules);
    let mut queries = 0;
    for (of, query) in boards.queries() {
        queries += 1;
        let names = tests::boards::names(&query).unwrap_or_else(|error| panic!("{of}: {error}"));
        assert!(!names.is_empty(), "{of}: {query}");
        for name in names {
            assert!(known.contains(&name), "{of} asks for `{name}`, which nobody has");
        }
    }
    assert!(queries > 100, "{queries} queries: some were not seen");
}

#[test]
fn what_is_wrong_with_a_dashboard_is_seen() {
    let boards = Boards::read().expect("they can be read");
    let (name, board) = boards.dashboards.first().expect("there is one");
    let altered = |alter: &dyn Fn(&mut Value)| {
        let mut board = board.clone();
        alter(&mut board);
        wrong_with(name, &board).len()
    };
    assert_eq!(altered(&|_| {}), 0);
    assert_eq!(altered(&|board| board["uid"] = "other".into()), 1);
    assert_eq!(altered(&|board| board["templating"]["list"][1]["name"] = "shop".into()), 1);
    assert_eq!(altered(&|board| board["panels"][1]["id"] = 1.into()), 1);
    assert_eq!(altered(&|board| board["panels"][1]["type"] = "graph".into()), 1);
    assert_eq!(altered(&|board| board["panels"][1]["description"] = "".into()), 1);
    assert_eq!(altered(&|board| board["panels"][1]["fieldConfig"]["defaults"]["unit"] = "".into()), 1);
    assert_eq!(altered(&|board| board["panels"][1]["targets"][0]["datasource"]["uid"] = "mine".into()), 1);
    assert_eq!(altered(&|board| board["panels"][1]["targets"] = Value::Null), 1);
}
