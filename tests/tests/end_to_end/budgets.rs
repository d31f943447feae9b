//! Budgets change while the daemon runs, by a message, on the admin interface and in the configuration, and what is read
//! of them comes from a topic or from Prometheus. Whichever way, a breach ends in a relief, or in an alarm that says why not.

use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tests::http::{get, metric};
use tests::process::{Process, binary, wait_until};
use tests::prometheus::{BINARY_VARIABLE, RealPrometheus, ToldPrometheus};
use tests::scene::{DEADLINE, Scene};

use crate::full_disk::Stream;

/// Bytes of the champion's weights: counted, so that half of it is broken for certain.
const BYTES: &str = r#"driftform_memory_bytes{source="counted"}"#;
const BREACHES: &str = "driftform_budget_breaches_total";
const SETTINGS: &str = r#"
    search = { window_outcomes = 100, plateau_outcomes = 0 }
    budget = { compute_seconds = 10.0, watch = [{ name = "own_bytes", kind = "memory", limit = 1e12 }] }
    [schema]
    classes = ["low", "high"]
    features = [{ name = "x", kind = "numeric" }]
"#;

/// A daemon that has a champion, and what that takes.
fn with_a_champion(scene: &Scene) -> Result<(Process, String, Stream, f64)> {
    let (daemon, address) = scene.start()?;
    let mut stream = Stream::new(&scene.kafka)?;
    stream.feed(&address, 500)?;
    let bytes = wait_until("the champion's cost", DEADLINE, || {
        metric(&address, BYTES).ok().filter(|bytes| *bytes > 0.0)
    })?;
    Ok((daemon, address, stream, bytes))
}

fn of<'a>(told: &'a [Value], event: &str) -> Option<&'a Value> {
    told.iter().map(|line| &line["data"]).find(|data| data["event"] == event)
}

/// What was decided until a breach was answered; the answer is to a breach of this budget, whose limit was set there.
fn answered(scene: &Scene, budget: &str, set_in: &str) -> Result<Vec<Value>> {
    let told = wait_until("an answer", DEADLINE, || {
        let told = scene.decisions().ok()?;
        let answered = of(&told, "relieved").or_else(|| of(&told, "alarm")).is_some();
        answered.then_some(told)
    })?;
    let set = of(&told, "budget_set").context("that the limit was set is told")?;
    ensure!(set["budget"] == budget && set["set_in"] == set_in, "{set}");
    let breach = of(&told, "breach").context("the breach is told")?;
    ensure!(breach["budget"] == budget && breach["limit"] == set["limit"], "{breach}");
    if let Some(relieved) = of(&told, "relieved") {
        ensure!(relieved["before"] != relieved["architecture"], "{relieved}");
        eprintln!("{budget} was relieved: {}", relieved["story"]);
    } else {
        let alarm = of(&told, "alarm").and_then(|data| data["text"].as_str()).unwrap_or_default();
        ensure!(alarm.contains("gate ") || alarm.contains("costs a loss"), "{alarm}");
        eprintln!("{budget} was not relieved: {alarm}");
    }
    Ok(told)
}

/// `driftform budget` beside the daemon; what it prints, or what it complains of.
pub(super) fn budget(scene: &Scene, arguments: &[&str]) -> Result<Result<String, String>> {
    let mut command = Command::new(binary()?);
    command.arg("budget").arg("--config").arg(scene.config()).args(arguments);
    let output = command.output()?;
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Ok(if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) })
}

fn done(told: Result<String, String>) -> Result<String> {
    told.map_err(|complaint| anyhow::anyhow!(complaint))
}

/// Other words in the configuration, and a daemon that reads it again.
fn reload(scene: &Scene, daemon: &Process, before: &str, after: &str) -> Result<()> {
    rewrite(scene, before, after)?;
    daemon.hang_up()
}

fn rewrite(scene: &Scene, before: &str, after: &str) -> Result<()> {
    let text = std::fs::read_to_string(scene.config())?;
    ensure!(text.contains(before), "`{before}` is not in {text}");
    Ok(std::fs::write(scene.config(), text.replacen(before, after, 1))?)
}

fn reloads(address: &str, result: &str, count: f64) -> Result<()> {
    let series = format!("driftform_config_reloads_total{{result=\"{result}\"}}");
    wait_until(&series, DEADLINE, || metric(address, &series).ok().filter(|value| *value >= count)).map(drop)
}

#[test]
fn a_budget_of_the_service_lowered_by_a_message_is_answered() -> Result<()> {
    let scene = Scene::set("budget-topic", SETTINGS)?;
    let (daemon, address, stream, bytes) = with_a_champion(&scene)?;
    let topic = &scene.kafka.topics.metrics;
    let reading = json!({ "metric": "own_bytes", "value": bytes });
    (0..3).try_for_each(|_| stream.send(topic, &reading))?;
    stream.send(topic, &json!({ "budget": "own_bytes", "limit": bytes / 2.0 }))?;
    let limit = r#"driftform_budget_limit{budget="own_bytes"}"#;
    wait_until(limit, DEADLINE, || metric(&address, limit).ok().filter(|limit| *limit < bytes))?;
    ensure!(metric(&address, BREACHES)? < 0.5, "what was read before was under the limit then");
    (0..3).try_for_each(|_| stream.send(topic, &reading))?;
    answered(&scene, "own_bytes", "metrics_topic")?;
    daemon.terminate()
}

#[test]
fn a_budget_lowered_on_the_admin_interface_is_answered_and_survives() -> Result<()> {
    let scene = Scene::set("budget-admin", SETTINGS)?;
    let refused = budget(&scene, &[])?.err().context("nobody is there")?;
    ensure!(refused.contains("no daemon runs on"), "{refused}");
    let (mut daemon, _, _, bytes) = with_a_champion(&scene)?;
    let refused = budget(&scene, &["speed", "1"])?.err().context("nobody knows it")?;
    ensure!(refused.contains("known are compute_seconds, memory_bytes, own_bytes"), "{refused}");
    let half = (bytes / 2.0).to_string();
    let said = done(budget(&scene, &["memory_bytes", &half, "--by", "ada"])?)?;
    ensure!(said.contains(&format!("budget memory_bytes is {half} now")), "{said}");
    let told = answered(&scene, "memory_bytes", "admin")?;
    ensure!(of(&told, "budget_set").is_some_and(|set| set["by"] == "ada"), "{told:?}");

    // What was agreed to is there after any end, and until the configuration has another word.
    done(budget(&scene, &["own_bytes", "5e11", "--by", "ada"])?)?;
    daemon.kill()?;
    let (mut daemon, _) = scene.start()?;
    let list = done(budget(&scene, &[])?)?;
    let line = "own_bytes (memory): limit 500000000000, set in the admin by ada, configured 1000000000000";
    ensure!(list.contains(line), "{list}");
    daemon.kill()?;
    rewrite(&scene, "limit = 1e12", "limit = 2e12")?;
    let (daemon, _) = scene.start()?;
    let list = done(budget(&scene, &[])?)?;
    let line = "own_bytes (memory): limit 2000000000000, set in the configuration, configured 2000000000000";
    ensure!(list.contains(line), "{list}");
    daemon.terminate()
}

#[test]
fn a_budget_lowered_in_the_configuration_is_answered() -> Result<()> {
    let scene = Scene::set("budget-reload", SETTINGS)?;
    let (daemon, address, _, bytes) = with_a_champion(&scene)?;
    let before = "compute_seconds = 10.0";
    reload(&scene, &daemon, before, "compute_seconds = \"soon\"")?;
    reloads(&address, "rejected", 1.0)?;
    let seconds = metric(&address, r#"driftform_budget_limit{budget="compute_seconds"}"#)?;
    ensure!((seconds - 10.0).abs() < 1e-9, "{seconds}: what is refused changes nothing");

    let half = (bytes / 2.0).floor();
    let after = format!("memory_bytes = {half}, {before}");
    rewrite(&scene, "compute_seconds = \"soon\"", &after)?;
    reload(&scene, &daemon, "window_outcomes = 100,", "window_outcomes = 200,")?;
    reloads(&address, "partial", 1.0)?;
    let told = answered(&scene, "memory_bytes", "configuration")?;
    let reloaded: Vec<&Value> = told.iter().map(|line| &line["data"]).collect();
    let reloaded = reloaded.iter().find(|data| data["result"] == "partial").context("it is told")?;
    ensure!(reloaded["needs_restart"] == json!(["search.window_outcomes"]), "{reloaded}");
    daemon.terminate()
}

/// Has a budget read by asking there.
fn asking(url: &str, query: &str) -> String {
    let watch = format!("limit = 1e12, query = '''{query}'''");
    let settings = SETTINGS.replace("limit = 1e12", &watch);
    format!("prometheus = {{ url = \"{url}\", every_seconds = 1 }}\n{settings}")
}

#[test]
fn what_prometheus_says_is_a_reading_and_what_it_does_not_say_is_none() -> Result<()> {
    let prometheus = ToldPrometheus::start()?;
    let scene = Scene::set("budget-told", &asking(&prometheus.url(), "the_bytes"))?;
    let (mut daemon, address, _, bytes) = with_a_champion(&scene)?;
    daemon.wait_for_line(DEADLINE, |line| line.contains("no reading of own_bytes from Prometheus"))?;
    prometheus.find_nothing();
    let empty = r#"driftform_prometheus_failures_total{reason="empty"}"#;
    wait_until(empty, DEADLINE, || metric(&address, empty).ok().filter(|count| *count >= 2.0))?;
    prometheus.say(bytes);
    daemon.wait_for_line(DEADLINE, |line| line.contains("Prometheus gives readings of own_bytes again"))?;
    let reading = r#"driftform_budget_reading{budget="own_bytes"}"#;
    wait_until(reading, DEADLINE, || {
        metric(&address, reading).ok().filter(|read| (read - bytes).abs() < 0.5)
    })?;
    done(budget(&scene, &["own_bytes", &(bytes / 2.0).to_string()])?)?;
    let told = answered(&scene, "own_bytes", "admin")?;
    let readings = of(&told, "readings").context("they are journaled")?;
    ensure!(readings["source"] == "prometheus", "{readings}");
    ensure!(readings["readings"]["own_bytes"].as_f64() == Some(bytes), "{readings}");

    prometheus.hang_up();
    let lost = r#"driftform_prometheus_failures_total{reason="unreachable"}"#;
    let before = metric(&address, lost)?;
    wait_until(lost, DEADLINE, || metric(&address, lost).ok().filter(|count| *count > before))?;
    ensure!(get(&address, "/readyz")?.0 == 200, "who serves does not need Prometheus");
    daemon.terminate()
}

#[test]
fn a_real_prometheus_scrapes_the_daemon_and_a_breach_comes_of_it() -> Result<()> {
    let Some(prometheus) = RealPrometheus::start()? else {
        eprintln!("skipped: {BINARY_VARIABLE} names no Prometheus");
        return Ok(());
    };
    let query = r#"max_over_time(driftform_memory_bytes{job="driftform", source="counted"}[10s])"#;
    let scene = Scene::set("budget-real", &asking(&prometheus.url(), query))?;
    let (daemon, address, _, bytes) = with_a_champion(&scene)?;
    prometheus.scrape(&address)?;
    let reading = r#"driftform_budget_reading{budget="own_bytes"}"#;
    let read =
        wait_until(reading, DEADLINE, || metric(&address, reading).ok().filter(|reading| *reading > 0.0))?;
    ensure!((read - bytes).abs() < 0.5, "{read} of {bytes}");
    done(budget(&scene, &["own_bytes", &(bytes / 2.0).to_string()])?)?;
    answered(&scene, "own_bytes", "admin")?;
    daemon.terminate()
}
