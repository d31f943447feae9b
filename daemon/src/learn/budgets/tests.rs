//! Every way to a limit and to a reading ends in the same budgets, and which limit wins over a restart is as it says.

use adapters::kafka::Positions;
use model::{Row, Truth};

use super::*;
use crate::config::Config;
use crate::learn::LearnError;
use crate::learn::tests::{event, feed, plane_with};

const SCHEMA: &str =
    "\n[schema]\nclasses = [\"a\", \"b\"]\nfeatures = [{ name = \"x\", kind = \"numeric\" }]";
const SETTINGS: &str = "search = { window_outcomes = 100000 }
[budget]
compute_seconds = 10.0
patience = 2
watch = [
    { name = \"p99\", kind = \"latency\", limit = 0.5 },
    { name = \"errors\", kind = \"error_rate\", limit = 0.01 },
]";

fn served(folder: &tempfile::TempDir) -> Learn {
    let mut learn = plane_with(folder, SETTINGS);
    feed(&mut learn, 0..1_000);
    learn.happened();
    learn
}

fn config(changed: impl Fn(String) -> String) -> BudgetConfig {
    let text = format!("{}{SCHEMA}", changed(SETTINGS.to_owned()));
    Config::parse(&text).expect("a small valid configuration").learn.budget
}

fn told(learn: &mut Learn) -> String {
    learn.turn(vec![event(1_000_000, 0.5)], Positions::default()).expect("nothing fails");
    learn.happened().iter().map(AuditEvent::story).collect::<Vec<_>>().join("\n")
}

fn read(learn: &mut Learn, name: &str, value: f64) {
    learn.read("prometheus", BTreeMap::from([(name.to_owned(), value)]));
}

/// Limit and where it was set.
fn of(budgets: &Budgets, name: &str) -> (f64, SetIn) {
    let budget = budgets.get(name).expect("it is known");
    (budget.limit(), budget.set_in.clone())
}

#[test]
fn a_service_that_is_slow_for_long_enough_is_relieved() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = served(&folder);
    read(&mut learn, "p99", 0.8);
    assert!(!told(&mut learn).contains("breached"), "one reading is none");
    read(&mut learn, "p99", 0.8);
    let story = told(&mut learn);
    assert!(story.contains("budget p99 breached: 0.8 over 0.5"), "{story}");
    assert!(
        story.contains("ALARM: no smaller network answers the breach"),
        "there was nothing to train on: {story}"
    );
    assert_eq!(learn.state.budgets.get("p99").and_then(Budget::last).map(|(value, _)| value), Some(0.8));
}

#[test]
fn a_service_that_fails_is_told_and_not_relieved() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = served(&folder);
    (0..2).for_each(|_| read(&mut learn, "errors", 0.5));
    let story = told(&mut learn);
    assert!(story.contains("ALARM: answers fail more often than is allowed"), "{story}");
    assert!(!story.contains("no smaller network answers"), "{story}");
}

#[test]
fn readings_are_journaled_before_what_follows_from_them() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = served(&folder);
    read(&mut learn, "p99", 0.1);
    read(&mut learn, "nobody_knows", 0.1);
    read(&mut learn, "p99", f64::NAN);
    let first = learn.happened().remove(0);
    assert_eq!(first.story(), "readings from prometheus: p99 0.1");
    assert_eq!(learn.state.budgets.get("p99").and_then(Budget::last).map(|(value, _)| value), Some(0.1));
}

#[test]
fn a_limit_says_where_it_was_set_and_by_whom() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = served(&folder);
    learn.set_budget("p99", 0.4);
    assert_eq!(of(&learn.state.budgets, "p99"), (0.4, SetIn::Topic));
    let said = learn.order_budget("p99", 0.3, Some("ada".into())).expect("it is known");
    assert_eq!(said, "budget p99 is 0.3 now; it was 0.4");
    let mut newer = learn.rules.config.clone();
    newer.budget = config(|text| text.replace("limit = 0.5", "limit = 0.2"));
    let needs_restart = vec!["search.eta".into()];
    assert!(learn.reloaded(Ok(Reloaded { learn: Box::new(newer), needs_restart })));
    assert_eq!(of(&learn.state.budgets, "p99"), (0.2, SetIn::Config));
    let story = told(&mut learn);
    for said in [
        "an operator sets the budget p99 from 0.5 to 0.4 on the metrics topic",
        "ada sets the budget p99 from 0.4 to 0.3 on the admin interface",
        "an operator sets the budget p99 from 0.3 to 0.2 in the configuration",
        "configuration read again: partial; these keys need a restart: search.eta",
    ] {
        assert!(story.contains(said), "{said} in {story}");
    }
    let list = learn.budgets_told();
    assert!(list.contains(r#""kind":"latency","limit":0.2"#), "{list}");
}

#[test]
fn what_is_no_limit_and_nobodys_budget_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = served(&folder);
    for (name, limit) in [("p99", 0.0), ("p99", f64::NAN), ("p98", 1.0)] {
        let refused = learn.order_budget(name, limit, None).expect_err("it is refused");
        assert!(
            refused.ends_with("known are compute_seconds, memory_bytes, p99, errors, above 0"),
            "{refused}"
        );
    }
    assert_eq!(of(&learn.state.budgets, "p99"), (0.5, SetIn::Config));
}

#[test]
fn a_reload_that_is_refused_changes_nothing() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = served(&folder);
    let before = learn.state.budgets.clone();
    assert!(!learn.reloaded(Err(ConfigError("`budget.patience` is odd".into()))));
    assert_eq!(learn.state.budgets, before);
    let story = told(&mut learn);
    assert!(
        story.contains("rejected: configuration: `budget.patience` is odd; nothing has changed"),
        "{story}"
    );
}

#[test]
fn a_limit_set_while_it_ran_stays_until_the_configuration_says_something_else() {
    let started = config(|text| text);
    let mut budgets = Budgets::new(&started);
    let set = |budgets: &mut Budgets, limit| {
        budgets.get_mut("p99").expect("it is known").set(limit, SetIn::Admin(None));
    };
    set(&mut budgets, 0.3);
    assert!(budgets.follow(&started).is_empty(), "the configuration says nothing new");
    assert_eq!(of(&budgets, "p99"), (0.3, SetIn::Admin(None)));
    // Another setting beside it is no word on the limit.
    assert!(budgets.follow(&config(|text| text.replace("patience = 2", "patience = 5"))).is_empty());
    let changed = config(|text| text.replace("limit = 0.5", "limit = 0.6"));
    assert_eq!(budgets.follow(&changed).len(), 1);
    assert_eq!(of(&budgets, "p99"), (0.6, SetIn::Config));
    set(&mut budgets, 0.2);
    assert!(budgets.follow(&changed).is_empty());
    assert_eq!(of(&budgets, "p99"), (0.2, SetIn::Admin(None)), "it was set after that");
}

#[test]
fn a_budget_that_came_is_new_and_one_that_went_is_forgotten() {
    let mut budgets = Budgets::new(&config(|text| text));
    budgets.get_mut("p99").expect("it is known").set(0.3, SetIn::Topic);
    budgets.follow(&config(|text| text.replace("p99", "p95")));
    assert!(budgets.get("p99").is_none());
    assert_eq!(of(&budgets, "p95"), (0.5, SetIn::Config));
    budgets.follow(&config(|text| text.replace("\"p99\", kind = \"latency\"", "\"p95\", kind = \"cost\"")));
    assert_eq!(
        budgets.get("p95").map(|budget| budget.kind),
        Some(BudgetKind::Cost),
        "another kind is another budget"
    );
}

/// What was read, each after so many events.
type Read = Vec<(u64, BTreeMap<String, f64>)>;

/// What is decided on a stream where this is read, and what the journal says was read.
fn decided(read: &Read) -> (Vec<String>, Read) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    let (mut story, mut journaled) = (Vec::new(), Vec::new());
    for number in 0..1_200 {
        for (_, readings) in read.iter().filter(|(at, _)| *at == number) {
            learn.read("prometheus", readings.clone());
        }
        feed(&mut learn, number..number + 1);
        for event in learn.happened() {
            if let AuditEvent::Readings { readings, .. } = &event {
                journaled.push((number, readings.clone()));
            }
            story.push(event.story());
        }
    }
    (story, journaled)
}

#[test]
fn what_the_journal_says_was_read_is_all_that_a_replay_needs() {
    let of = |name: &str, value| BTreeMap::from([(name.to_owned(), value)]);
    let read = vec![
        (900, of("p99", 0.8)),
        (950, of("errors", 0.5)),
        (1_000, of("p99", 0.9)),
        (1_100, of("errors", 0.5)),
    ];
    let (story, journaled) = decided(&read);
    assert!(story.iter().filter(|told| told.contains("breached")).count() == 2, "{story:?}");
    assert_eq!(journaled, read);
    assert_eq!(decided(&journaled), (story, journaled));
}

#[test]
fn a_champion_taught_by_a_history_that_breaches_a_budget_is_told_of_before_any_label() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut learn = plane_with(&folder, SETTINGS);
    let rows = (0..200_u16).map(|number| {
        let row = Row::new(vec![f32::from(number % 7)]).expect("finite");
        Ok::<_, LearnError>((row, Truth::Class(u32::from(number % 2))))
    });
    learn.bootstrap(rows).expect("they are of the schema");
    told(&mut learn);
    learn.order_budget("memory_bytes", 64.0, None).expect("it is known");
    let story = told(&mut learn);
    assert!(story.contains("budget memory_bytes breached"), "{story}");
    assert!(story.contains("ALARM: no smaller network answers the breach"), "{story}");
    let list = learn.budgets_told();
    assert!(!list.contains(r#""name":"memory_bytes","reading":null"#), "the champion was measured: {list}");
}
