//! The configuration is changed while requests come: what is good takes effect, what is bad changes nothing and is said, and
//! nobody is left without an answer.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use anyhow::{Context as _, Result, ensure};
use tests::http::{metric, send};
use tests::process::wait_until;
use tests::scene::{DEADLINE, Scene, road_in};

const SETTINGS: &str = r#"
    serve = { http_listen = "127.0.0.1:0", answers = false }
    budget = { compute_seconds = 10.0 }
    [schema]
    classes = ["a", "b"]
    features = [{ name = "x", kind = "numeric" }]
    "#;
const ROW: &[u8] = br#"{"inputs": [{"name": "x", "shape": [1], "datatype": "FP32", "data": [1]}]}"#;
const CLIENTS: usize = 2;
/// What is put in place of the budget, and what reading it comes to.
const CHANGES: [(&str, &str); 15] = [
    ("budget = { compute_seconds = 9.0 }", "applied"),
    ("budget = { compute_second = 9.0 }", "rejected"),
    ("budget = { compute_seconds = 8.0 }\nsearch = { enabled = false }", "applied"),
    ("budget = { compute_seconds = -8.0 }", "rejected"),
    ("budget = { compute_seconds = 8.0 }\nsearch = { eta = 4 }", "partial"),
    ("budget = ", "rejected"),
    ("gate = { approval = \"promotions\" }", "applied"),
    ("gate = { approval = \"everybody\" }", "rejected"),
    ("watch = { outcomes = 500 }", "applied"),
    ("watch = { outcome = 500 }", "rejected"),
    ("join = { window_seconds = 60 }", "partial"),
    ("nothing = { of = \"ours\" }", "rejected"),
    ("refresh = { every_outcomes = 8 }", "applied"),
    ("refresh = { every_outcomes = 0 }", "rejected"),
    ("budget = { compute_seconds = 10.0 }", "applied"),
];

/// Asks until it is over; every request is answered.
fn ask_on(address: &str, path: &str, done: &AtomicBool, asked: &AtomicU64) -> Result<()> {
    while !done.load(Ordering::Relaxed) {
        let answer = send(address, "POST", path, &[], ROW)?;
        ensure!(answer.code == 200, "{}: {}", answer.code, String::from_utf8_lossy(&answer.body));
        asked.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

#[test]
fn fifteen_changes_good_and_bad_cost_no_request() -> Result<()> {
    let scene = Scene::set("reload", SETTINGS)?;
    let (daemon, pages) = scene.start()?;
    let road = road_in(&daemon.tail(), "http").context("where the protocol is answered")?;
    let model = scene.kafka.topics.events.trim_end_matches(".events");
    let path = format!("/v2/models/{model}/infer");
    let original = std::fs::read_to_string(scene.config())?;
    let (done, asked) = (AtomicBool::new(false), AtomicU64::new(0));
    std::thread::scope(|scope| -> Result<()> {
        let clients: Vec<_> =
            (0..CLIENTS).map(|_| scope.spawn(|| ask_on(&road, &path, &done, &asked))).collect();
        let changed = CHANGES.iter().enumerate().try_for_each(|(number, (settings, result))| {
            let before = asked.load(Ordering::Relaxed);
            let series = format!("driftform_config_reloads_total{{result=\"{result}\"}}");
            let count = metric(&pages, &series)?;
            let text = original.replace("budget = { compute_seconds = 10.0 }", settings);
            std::fs::write(scene.config(), text)?;
            // Every fifth is noticed by itself.
            if number % 5 != 4 {
                daemon.hang_up()?;
            }
            wait_until(&format!("{settings}: {result}"), DEADLINE, || {
                let is_counted = metric(&pages, &series).ok()? > count;
                (is_counted && asked.load(Ordering::Relaxed) > before).then_some(())
            })
        });
        done.store(true, Ordering::Relaxed);
        for client in clients {
            client.join().map_err(|_| anyhow::anyhow!("a client panicked"))??;
        }
        changed
    })?;
    // A slow disk may let a change be noticed before the signal that says so, and both read it: it counts as one here.
    let expected: Vec<&str> = CHANGES.iter().map(|(_, result)| *result).collect();
    wait_until("each change in the journal, in its turn", DEADLINE, || {
        let told = scene.decisions().ok()?;
        let reloads = told.iter().map(|line| &line["data"]).filter(|data| data["event"] == "config_reloaded");
        let mut results: Vec<&str> = reloads.filter_map(|data| data["result"].as_str()).collect();
        results.dedup();
        (results == expected).then_some(())
    })?;
    daemon.terminate()
}
