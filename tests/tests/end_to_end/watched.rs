//! What an operator sees of a rollback: a Prometheus with our rules scrapes a daemon whose promotion turns out to do harm,
//! and the alert fires. On the way: the scrape is what the table and promtool ask for, and every query of the dashboards is
//! understood.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use daemon::telemetry::table;
use tests::boards::{Boards, root, with_values};
use tests::crash::{EAGER, SCHEMA, Stream, until};
use tests::http::{get, metric};
use tests::process::wait_until;
use tests::prometheus::{BINARY_VARIABLE, RealPrometheus};
use tests::scene::{DEADLINE, Scene};

/// A watch that lasts for the whole story.
const SETTINGS: &str = "watch = { outcomes = 20000 }\n";
/// The alert of a rollback.
const ALERT: &str = "DriftformRolledBack";

/// The scrape has every metric of the table, and nothing else, and promtool has no complaint.
fn check_scrape(address: &str) -> Result<()> {
    let (code, scrape) = get(address, "/metrics")?;
    ensure!(code == 200, "{code}: {scrape}");
    let of_types = |line: &str| line.strip_prefix("# TYPE ")?.split(' ').next().map(str::to_owned);
    let there: BTreeSet<String> = scrape.lines().filter_map(of_types).collect();
    let table = table::all();
    let names: BTreeSet<String> = table.iter().map(|metric| metric.name.to_owned()).collect();
    let always = table.iter().filter(|metric| metric.when.is_none()).map(|metric| metric.name.to_owned());
    let missing: Vec<String> = always.filter(|name| !there.contains(name)).collect();
    ensure!(missing.is_empty(), "the scrape lacks {missing:?}");
    let others: Vec<&String> = there.difference(&names).collect();
    ensure!(others.is_empty(), "the table lacks {others:?}");
    let said = RealPrometheus::check(&scrape)?;
    ensure!(said.is_empty(), "promtool: {said}");
    Ok(())
}

/// Prometheus understands every query of the dashboards; how many of them find something here.
fn ask_all(prometheus: &RealPrometheus) -> Result<usize> {
    let mut found = 0;
    for (of, query) in Boards::read()?.queries() {
        let answer = prometheus.query(&with_values(&query))?;
        let answer = answer.map_err(|why| anyhow::anyhow!("{of}: {why}"))?;
        found += usize::from(answer["result"].as_array().is_some_and(|list| !list.is_empty()));
    }
    Ok(found)
}

#[test]
fn a_real_prometheus_tells_of_a_rollback() -> Result<()> {
    let rules = root().join("dashboards/rules");
    let Some(prometheus) = RealPrometheus::with_rules(Some(&rules))? else {
        eprintln!("skipped: {BINARY_VARIABLE} names no Prometheus");
        return Ok(());
    };
    let scene = Scene::set("watched", &format!("{EAGER}{SETTINGS}{SCHEMA}"))?;
    let (daemon, address) = scene.start()?;
    prometheus.scrape(&address)?;
    let mut stream = Stream::new(&scene.kafka, 7)?;
    let counted = |series: &str| Ok(metric(&address, series)? > 0.0);
    until(&scene, &mut stream, &address, || counted(r#"driftform_swaps_total{change="promotion"}"#))?;
    check_scrape(&address)?;
    ensure!(!prometheus.firing()?.contains(&ALERT.to_owned()), "nothing was rolled back yet");

    stream.turned = true;
    until(&scene, &mut stream, &address, || counted(r#"driftform_rollbacks_total{reason="losses"}"#))?;
    wait_until(ALERT, DEADLINE, || prometheus.firing().ok()?.contains(&ALERT.to_owned()).then_some(()))?;
    let found = ask_all(&prometheus)?;
    eprintln!("{ALERT} fires; {found} queries of the dashboards find something");
    ensure!(found > 100, "only {found} queries find anything");
    let history = scene.decisions()?;
    let rolled_back = history.iter().find(|line| line["type"] == "driftform.rolled_back");
    let reason = rolled_back.context("it is told")?["data"]["reason"].clone();
    ensure!(reason == "losses", "{reason}");
    daemon.terminate()
}
