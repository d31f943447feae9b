//! A budget is halved: a smaller network answers, trained and measured by the real worker, having passed its gates, or an
//! alarm says of each why none did. Either way the verdict can be judged again.

use std::io::Write as _;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tests::http::metric;
use tests::process::wait_until;
use tests::scene::{DEADLINE, Scene};

use crate::full_disk::Stream;
use crate::loop_closes::history;

/// Bytes of the champion's weights: counted, so that half of it is broken for certain. A busy machine may need less time
/// the second time than half of the first.
const BYTES: &str = r#"driftform_memory_bytes{source="counted"}"#;
const SETTINGS: &str = r#"
    search = { window_outcomes = 100, plateau_outcomes = 0 }
    budget = { compute_seconds = 10.0 }
    [schema]
    classes = ["low", "high"]
    features = [{ name = "x", kind = "numeric" }]
"#;

fn of<'a>(told: &'a [Value], event: &str) -> Option<&'a Value> {
    told.iter().map(|line| &line["data"]).find(|data| data["event"] == event)
}

/// Networks whose slices learn with them.
const ELASTIC: &str = r#"
    relief = { quality_loss_max = 0.5 }
    gate = { advisory = ["robustness"] }
    mixture = { members = [{ widths = [64, 64], elastic = true }, { widths = [64], elastic = true }] }
"#;

#[test]
fn slices_answer_a_halved_budget_at_once_without_a_trial() -> Result<()> {
    let scene = Scene::set("slices", &format!("{ELASTIC}{SETTINGS}"))?;
    let (daemon, address) = scene.start()?;
    let mut stream = Stream::new(&scene.kafka)?;
    stream.feed(&address, 500)?;
    let bytes = wait_until("the champion's cost", DEADLINE, || {
        metric(&address, BYTES).ok().filter(|bytes| *bytes > 0.0)
    })?;
    stream.send(&scene.kafka.topics.metrics, &json!({ "budget": "memory_bytes", "limit": bytes / 2.0 }))?;
    let told = wait_until("an answer", DEADLINE, || {
        let told = scene.decisions().ok()?;
        let answered = of(&told, "relieved").or_else(|| of(&told, "alarm")).is_some();
        answered.then_some(told)
    })?;
    let is_told = |line: &&Value| line["data"]["event"] != "swap_step";
    let after = told.iter().filter(is_told).skip_while(|line| line["data"]["event"] != "breach");
    let events: Vec<&str> = after.clone().filter_map(|line| line["data"]["event"].as_str()).collect();
    ensure!(events.starts_with(&["breach", "judged", "relieved"]), "{events:?}");
    let options = after.clone().find_map(|line| line["data"]["judged"]["relief"]["options"].as_array());
    let named = |option: &Value| option["architecture"].as_str().is_some_and(|name| name.contains("elastic"));
    ensure!(options.is_some_and(|options| options.iter().any(named)), "{options:?}");
    let times: Vec<&str> = after.take(3).filter_map(|line| line["time"].as_str()).collect();
    // How fast is for people to read: a busy machine must fail nobody.
    writeln!(std::io::stderr(), "breach, judged and relieved at {times:?}")?;
    daemon.terminate()
}

#[test]
fn a_halved_budget_is_answered_by_a_smaller_network_or_by_an_alarm_that_says_why() -> Result<()> {
    let scene = Scene::set("relief", SETTINGS)?;
    let (daemon, address) = scene.start()?;
    let mut stream = Stream::new(&scene.kafka)?;
    stream.feed(&address, 500)?;
    let bytes = wait_until("the champion's cost", DEADLINE, || {
        metric(&address, BYTES).ok().filter(|bytes| *bytes > 0.0)
    })?;
    stream.send(&scene.kafka.topics.metrics, &json!({ "budget": "memory_bytes", "limit": bytes / 2.0 }))?;
    let told = wait_until("an answer", DEADLINE, || {
        let told = scene.decisions().ok()?;
        let answered = of(&told, "relieved").or_else(|| of(&told, "alarm")).is_some();
        answered.then_some(told)
    })?;
    let judged = told.iter().find(|line| line["data"]["judged"]["relief"].is_object());
    let judged = judged.context("what the gates said is told")?;
    let relief = &judged["data"]["judged"]["relief"];
    if let Some(relieved) = of(&told, "relieved") {
        let chosen = relief["chosen"].as_u64().context("one was chosen")?;
        let option = &relief["options"][usize::try_from(chosen)?];
        ensure!(option["quality_loss"].as_f64() <= relief["quality_loss_max"].as_f64(), "{option}");
        let said = option["judgements"].as_array().context("gates spoke")?;
        ensure!(said.iter().all(|one| one["verdict"] == "pass"), "{said:?}");
        ensure!(said.iter().any(|one| one["gate"] == "robustness"), "{said:?}");
        let memory = said.iter().find(|one| one["gate"] == "memory").context("the budget was asked about")?;
        ensure!(memory["measured"].as_f64() <= Some(bytes / 2.0), "{memory}");
        ensure!(relieved["before"] != relieved["architecture"], "{relieved}");
    } else {
        let alarm = of(&told, "alarm").and_then(|data| data["text"].as_str()).unwrap_or_default();
        ensure!(alarm.contains("gate ") || alarm.contains("costs a loss"), "{alarm}");
    }
    let id = judged["id"].as_str().context("a line has an id")?;
    let again = history(&scene.state(), &["--replay", id])?;
    ensure!(again.contains("bit by bit"), "{again}");
    daemon.terminate()
}
