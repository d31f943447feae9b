//! HTTP: probes, metrics and a plain status page.
//!
//! Lives here: the router, as a value, and serving it on a listener somebody else bound. May not: know
//! where the facts come from; they arrive through channels.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use prometheus::{Encoder as _, Registry, TextEncoder};
use serde_json::json;
use tokio::sync::watch;

/// What probes answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Health {
    /// The loops run.
    pub live: bool,
    /// Answers are worth having.
    pub ready: bool,
    /// State has been restored.
    pub started: bool,
    /// Single facts, each with what is wrong.
    pub checks: Vec<(String, Result<(), String>)>,
}

/// What the status page shows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// Its heading.
    pub title: String,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// When and what, newest first.
    pub timeline: Vec<(String, String)>,
}

/// Where the pages get their facts.
#[derive(Clone, Debug)]
pub struct Pages {
    /// Every metric.
    pub registry: Registry,
    /// For the probes.
    pub health: watch::Receiver<Health>,
    /// For the status page.
    pub status: watch::Receiver<Status>,
}

/// `/`, `/metrics`, `/livez`, `/readyz`, `/startupz`.
pub fn router(pages: Pages) -> Router {
    Router::new()
        .route("/", get(status))
        .route("/metrics", get(metrics))
        .route("/livez", get(|State(pages): State<Pages>| async move { probe(&pages, |health| health.live) }))
        .route("/readyz", get(|State(pages): State<Pages>| async move { probe(&pages, |health| health.ready) }))
        .route("/startupz", get(|State(pages): State<Pages>| async move { probe(&pages, |health| health.started) }))
        .with_state(pages)
}

/// Serves until `shutdown`, then finishes what has begun.
pub async fn serve(
    listener: tokio::net::TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

fn probe(pages: &Pages, good: impl Fn(&Health) -> bool) -> Response {
    let health = pages.health.borrow();
    let code = if good(&health) { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let check = |(name, result): &(String, Result<(), String>)| {
        let text = result.as_ref().err().map_or("ok", String::as_str);
        (name.clone(), json!(text))
    };
    let checks: serde_json::Map<_, _> = health.checks.iter().map(check).collect();
    let body = json!({ "ok": code == StatusCode::OK, "checks": checks }).to_string();
    (code, [(header::CONTENT_TYPE, "application/json")], body).into_response()
}

async fn metrics(State(pages): State<Pages>) -> Response {
    let encoder = TextEncoder::new();
    let mut body = Vec::new();
    match encoder.encode(&pages.registry.gather(), &mut body) {
        Ok(()) => ([(header::CONTENT_TYPE, encoder.format_type().to_owned())], body).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}

async fn status(State(pages): State<Pages>) -> Html<String> {
    Html(page(&pages.status.borrow()))
}

fn page(status: &Status) -> String {
    let mut out = String::from(HEAD);
    let title = escaped(&status.title);
    let rows = |list: &[(String, String)]| {
        let mut table = String::from("<table>");
        for (name, value) in list {
            write!(table, "<tr><th>{}</th><td>{}</td></tr>", escaped(name), escaped(value))
                .expect("a string takes all text");
        }
        table + "</table>"
    };
    let (facts, timeline) = (rows(&status.facts), rows(&status.timeline));
    write!(out, "<title>{title}</title></head><body><h1>{title}</h1>{facts}<h2>What happened</h2>{timeline}</body></html>")
        .expect("a string takes all text");
    out
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"refresh\" content=\"5\">\
<style>:root{color-scheme:light dark}body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;\
padding:0 1rem}table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;\
padding:.3rem .6rem;border-bottom:1px solid color-mix(in srgb,currentColor 20%,transparent)}\
th{font-weight:600;width:16rem}</style>";

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::{Health, Pages, Status, page, probe};
    use axum::http::StatusCode;
    use tokio::sync::watch;

    fn pages(health: Health) -> Pages {
        Pages {
            registry: prometheus::Registry::new(),
            health: watch::channel(health).1,
            status: watch::channel(Status::default()).1,
        }
    }

    #[test]
    fn probes_say_what_is_wrong() {
        let checks = vec![("champion".to_owned(), Err("none".to_owned()))];
        let pages = pages(Health { live: true, checks, ..Health::default() });
        assert_eq!(probe(&pages, |health| health.live).status(), StatusCode::OK);
        assert_eq!(probe(&pages, |health| health.ready).status(), StatusCode::SERVICE_UNAVAILABLE);
    }

    #[test]
    fn nothing_from_outside_is_markup() {
        let status = Status { title: "<b>".into(), facts: vec![("&".into(), "\"".into())], timeline: Vec::new() };
        let html = page(&status);
        assert!(html.contains("&lt;b&gt;") && html.contains("<th>&amp;</th><td>&quot;</td>"), "{html}");
    }
}
