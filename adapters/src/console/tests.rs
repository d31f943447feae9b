//! What the console promises: whole, escaped, live, and never for more listeners than there are places.

#![allow(clippy::unwrap_used, reason = "tests may")]

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode, header};
use axum::response::Response;
use http_body_util::BodyExt as _;
use model::{Activation, Architecture, Block, Hyper, MixingRule, Mixture};
use proptest::prelude::*;
use serde_json::Value;
use tokio::sync::watch;
use tower::ServiceExt as _;

use super::*;
use crate::http::Health;

const BODY_BYTES_MAX: usize = 1 << 20;
/// Has it write the page that is compared with, rather than compare.
const WRITE: &str = "DRIFTFORM_GOLDEN";
const GOLDEN: &str = "src/console/tests/golden.html";

fn deep(widths: &[u16]) -> Architecture {
    let blocks = widths.iter().map(|width| Block { skip: true, ..Block::plain(*width, Activation::Gelu) });
    Architecture { blocks: blocks.collect(), ..Architecture::linear(Hyper::default()) }
}

fn grown() -> Network {
    let before = Mixture { members: vec![deep(&[64]), deep(&[])], rule: MixingRule::Mean };
    let after = Mixture { members: vec![deep(&[64]), deep(&[64, 32])], rule: MixingRule::Mean };
    draw(&after, &[0.75, 0.25], Some(&before))
}

fn arm(mean: f64) -> Arm {
    Arm { mean, since_swap: mean, lower: mean - 0.05, upper: mean + 0.05 }
}

fn curves() -> Curves {
    let stretch = |at: u64| Stretch {
        until: 32 * (at + 1),
        outcomes: 32,
        champion: arm(0.8),
        control: arm(0.75),
        frozen: arm(0.7 - 0.01 * at as f64),
    };
    let swaps = vec![Swap { outcomes: 64, generation: 3 }];
    Curves { measure: "accuracy".into(), alpha: 0.05, stretches: (0..4).map(stretch).collect(), swaps }
}

fn challenger() -> Challenger {
    let gate = |name: &str, verdict: &str| Gate {
        name: name.into(),
        verdict: verdict.into(),
        reason: "so".into(),
        ..Gate::default()
    };
    let point = |at: u64| PathPoint { outcomes: at, log_gain: Some(at as f64 / 10.0), log_harm: Some(-1.0) };
    Challenger {
        number: 7,
        architecture: "64 gelu".into(),
        network: grown(),
        claim: "better".into(),
        outcomes: 40,
        outcomes_left: Some(960),
        mean_gain: Some(0.0123),
        evidence: vec![Evidence {
            of: "gain".into(),
            log_value: Some(3.2),
            threshold: 2.9957,
            then: "it passes".into(),
        }],
        path: (1..5).map(|at| point(10 * at)).collect(),
        gates: vec![
            Gate { measured: Some(0.000_25), limit: Some(0.01), binding: true, ..gate("latency", "pass") },
            gate("quality", "not asked"),
        ],
        waits_until: Some("2026-01-01T00:00:00Z".into()),
    }
}

fn budget() -> Budget {
    Budget {
        name: "compute_seconds".into(),
        kind: "model_seconds".into(),
        limit: 0.01,
        configured: 0.02,
        reading: Some(0.02),
        reading_age_seconds: Some(3.0),
        set_in: "admin".into(),
        set_by: Some("ada".into()),
    }
}

fn status() -> Status {
    let evidence =
        Evidence { of: "harm".into(), log_value: None, threshold: 3.0, then: "it is rolled back".into() };
    let happened = |at: u64| Happened {
        time: Some("2026-01-01T00:00:00Z".into()),
        at: format!("outcome {at}"),
        kind: "promoted".into(),
        what: "PROMOTION".into(),
    };
    Status {
        title: "Driftform: shop".into(),
        facts: vec![("Features".into(), "11".into())],
        serving: Some(Serving {
            generation: 3,
            architecture: "64 gelu".into(),
            why: "It was better.".into(),
            network: grown(),
        }),
        curves: Some(curves()),
        challenger: Some(challenger()),
        watch: Some(Watch {
            displaced: "linear".into(),
            outcomes: 5,
            lasts: 2_000,
            evidence,
            path: Vec::new(),
        }),
        search: Some(Search {
            now: "episode 2".into(),
            rungs: vec![Rung { windows: 1, training: 3, stand: 2, over: 1 }],
            front: vec!["linear".into()],
            objectives: "loss, compute time and memory".into(),
        }),
        budgets: vec![budget()],
        burn_rates: vec![BurnRate {
            name: "slow_ratio".into(),
            rates: vec![(3_600, 2.0)],
            severity: Some("page".into()),
        }],
        choices: vec![
            Choice::Promote { challenger: Some(7) },
            Choice::Steer { order: "pause".into(), objection: None },
            Choice::Steer { order: "resume".into(), objection: Some("it is not paused".into()) },
        ],
        timeline: (0..20).rev().map(happened).collect(),
    }
}

fn health() -> Health {
    let checks = vec![("champion".into(), Ok(())), ("kafka".into(), Err("no broker".into()))];
    Health { live: true, ready: true, started: true, checks, ..Health::default() }
}

struct World {
    status: watch::Sender<Status>,
    console: Console,
    _health: watch::Sender<Health>,
}

fn world() -> World {
    let (status, seen_status) = watch::channel(status());
    let (health, seen_health) = watch::channel(health());
    World { status, console: Console::new(seen_status, seen_health), _health: health }
}

async fn get(console: &Console, path: &str) -> Response {
    router(console.clone()).oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
}

async fn text(response: Response) -> String {
    let body = to_bytes(response.into_body(), BODY_BYTES_MAX).await.unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

/// The next push, as parts by their ids.
async fn pushed(body: &mut Body) -> Value {
    let frame = body.frame().await.unwrap().unwrap().into_data().unwrap();
    let text = std::str::from_utf8(&frame).unwrap();
    let data = text.strip_prefix("event: parts\ndata: ").unwrap().trim_end();
    serde_json::from_str(data).unwrap()
}

#[test]
fn the_page_is_as_it_was_looked_at() {
    let page = page::live(&status(), &health(), Acts::WithToken, "0123").into_string();
    // Both are read where they are written; what is looked at here is what they are about.
    let page = [page::STYLE, page::SCRIPT].into_iter().fold(page, |page, part| {
        assert!(page.contains(part), "the page has all of it");
        page.replace(part, "")
    });
    let page = page.replace("><", ">\n<") + "\n";
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(GOLDEN);
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &page).unwrap();
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = page.lines().zip(golden.lines()).find(|(now, then)| now != then);
    assert!(page == golden, "{differs:?}; look at the page, and write the file anew with {WRITE}=1");
}

#[tokio::test]
async fn the_page_loads_nothing_and_runs_nothing_but_its_own() {
    let console = world().console.with_orders();
    let response = get(&console, "/").await;
    let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    let page = text(response).await;
    let nonce = page.split("<script nonce=\"").nth(1).unwrap().split('"').next().unwrap();
    assert!(nonce.len() == 32 && policy.contains(&format!("script-src 'nonce-{nonce}'")), "{policy}");
    assert!(policy.starts_with("default-src 'none';") && !policy.contains("unsafe"), "{policy}");
    let again =
        get(&console, "/").await.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
    assert_ne!(policy, again, "a nonce is used once");
    for foreign in ["http://", "https://", "src=", "style=\"", "onclick"] {
        assert!(!page.contains(foreign), "{foreign}");
    }
}

#[tokio::test]
async fn orders_are_only_where_they_can_be_given() {
    let console = world().console;
    let shows = text(get(&console, "/").await).await;
    for word in ["<button", "<input", "<dialog", "data-order=\""] {
        assert!(!shows.contains(word), "{word}");
    }
    let acts = text(get(&console.with_orders(), "/").await).await;
    assert!(acts.contains("id=\"order-promote\"") && acts.contains("data-challenger=\"7\""));
    assert!(acts.contains("data-budget=\"compute_seconds\""));
    assert!(acts.contains("id=\"order-resume\"") && acts.contains("it is not paused"));
}

#[tokio::test]
async fn the_facts_are_the_same_as_json() {
    let body = text(get(&world().console, "/status.json").await).await;
    assert_eq!(serde_json::from_str::<Status>(&body).unwrap(), status());
}

#[tokio::test]
async fn parts_are_pushed_when_they_change_until_nobody_keeps_them() {
    let World { status: kept, console, _health } = world();
    let mut body = get(&console, "/events").await.into_body();
    let first = pushed(&mut body).await;
    let ids: Vec<&str> = first.as_object().unwrap().keys().map(String::as_str).collect();
    for id in ["serving", "curves", "challenger", "watch", "budgets", "search", "timeline", "health"] {
        assert!(ids.contains(&id), "{id} in {ids:?}");
    }
    kept.send_modify(|status| status.serving.as_mut().unwrap().generation = 4);
    let second = pushed(&mut body).await;
    let changed: Vec<&String> = second.as_object().unwrap().keys().collect();
    assert_eq!(changed, ["serving", "state"], "only what has changed");
    assert!(second["serving"].as_str().unwrap().contains("Generation 4"));
    drop(kept);
    assert!(body.frame().await.is_none(), "the stream ends with whoever fed it");
}

#[tokio::test]
async fn there_are_so_many_places_and_no_more() {
    let World { console, status: _kept, _health } = world();
    let mut listening = Vec::new();
    for _ in 0..LISTENERS_MAX {
        let response = get(&console, "/events").await;
        assert_eq!(response.status(), StatusCode::OK);
        listening.push(response);
    }
    let refused = get(&console.with_orders(), "/events").await;
    assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(refused.headers()[header::RETRY_AFTER], "10");
    assert_eq!(get(&console, "/").await.status(), StatusCode::OK, "the page itself is for everybody");
}

#[test]
fn a_picture_marks_what_an_edit_has_changed() {
    let network = grown();
    assert_eq!(network.members[0].from, None, "it is as it was");
    let new = &network.members[1];
    assert_eq!((new.from, new.morphisms.as_slice()), (Some(1), ["deepen by 32 gelu".to_owned()].as_slice()));
    let changed: Vec<&str> =
        new.layers.iter().filter(|layer| layer.changed).map(|layer| layer.text.as_str()).collect();
    assert_eq!(changed, ["64 gelu", "32 gelu"], "the first skips to the head now, the second is new");
    assert_eq!(network.gone, ["linear, adamw 0.003"]);
}

#[test]
fn a_report_has_the_pictures_and_nothing_live() {
    let page = report(&status(), &[("accuracy".into(), "0.8 <best>".into())]);
    assert!(page.contains("svg class=\"chart\"") && page.contains("svg class=\"network\""));
    assert!(page.contains("0.8 &lt;best&gt;"));
    for live in ["<script", "<button", "EventSource"] {
        assert!(!page.contains(live), "{live}");
    }
}

#[test]
fn nothing_known_is_nothing_drawn() {
    let empty = Status {
        curves: Some(Curves::default()),
        challenger: Some(Challenger::default()),
        ..Status::default()
    };
    let page = report(&empty, &[]);
    assert!(page.contains("No outcome since the start of this process."));
    assert!(page.contains("Nothing to draw yet."), "a test without an outcome has no path");
}

/// Every text that is shown, put in the place of each.
fn all_say(text: &str) -> (Status, Health) {
    fn fill(value: &mut Value, text: &str) {
        match value {
            Value::String(told) => *told = text.into(),
            Value::Array(values) => values.iter_mut().for_each(|value| fill(value, text)),
            Value::Object(fields) => fields.values_mut().for_each(|value| fill(value, text)),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
    let mut told = serde_json::to_value(Status { choices: Vec::new(), ..status() }).unwrap();
    fill(&mut told, text);
    let mut hostile: Status = serde_json::from_value(told).unwrap();
    hostile.choices = vec![Choice::Steer { order: text.into(), objection: Some(text.into()) }];
    let checks = vec![(text.to_owned(), Err(text.to_owned()))];
    (hostile, Health { checks, ..Health::default() })
}

proptest! {
    #[test]
    fn no_text_becomes_markup(text in "[<>&\"'a-z/ =]{0,30}") {
        let marked = |text: &str| {
            let (status, health) = all_say(text);
            let page = page::live(&status, &health, Acts::WithToken, "0123").into_string();
            ['<', '>', '"'].map(|mark| page.matches(mark).count())
        };
        prop_assert_eq!(marked(&text), marked("plain"));
    }

    #[test]
    fn any_curve_can_be_drawn(means in prop::collection::vec(-1e3..1e3_f64, 0..40), swap in 0..2_000_u64) {
        let stretch = |(at, mean): (usize, &f64)| Stretch {
            until: 32 * (at as u64 + 1),
            outcomes: 32,
            champion: arm(*mean),
            control: arm(-mean),
            frozen: arm(*mean),
        };
        let stretches = means.iter().enumerate().map(stretch).collect();
        let swaps = vec![Swap { outcomes: swap, generation: 1 }];
        let curves = Some(Curves { stretches, swaps, ..curves() });
        let page = report(&Status { curves, ..Status::default() }, &[]);
        prop_assert!(!page.contains("NaN") && !page.contains("inf"));
    }
}
