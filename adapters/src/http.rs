//! What people and machines may look at: metrics, probes and the console; and what they may ask for.
//!
//! Lives here: a router made of values that somebody else keeps up to date, and serving it. May not:
//! bind an address, or compute what it shows.

pub mod admin;
pub mod key;

#[cfg(test)]
mod tests;

use std::fmt::Write;
use std::io;

pub use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus::{Registry, TextEncoder};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::console::{self, Console};

/// What the probes say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a probe of its own, or what one depends on")]
pub struct Health {
    /// The process works; if not, it is to be restarted.
    pub live: bool,
    /// A model is loaded and requests may come.
    pub ready: bool,
    /// Starting is over.
    pub started: bool,
    /// It is about to stop: what comes is answered, and should go elsewhere.
    pub ending: bool,
    /// What was looked at, and what is wrong with it.
    pub checks: Vec<(String, Result<(), String>)>,
}

impl Health {
    /// Whether requests should come.
    pub fn is_ready(&self) -> bool {
        self.ready && !self.ending
    }

    /// What was found of this.
    pub fn check(&self, name: &str) -> Option<&Result<(), String>> {
        self.checks.iter().find(|(known, _)| known == name).map(|(_, result)| result)
    }

    /// This was found now.
    pub fn set(&mut self, name: &str, result: Result<(), String>) {
        match self.checks.iter_mut().find(|(known, _)| known == name) {
            Some((_, known)) => *known = result,
            None => self.checks.push((name.to_owned(), result)),
        }
    }
}

/// Everything that is shown, as somebody else keeps it.
#[derive(Clone, Debug)]
pub struct Pages {
    /// The metrics.
    pub registry: Registry,
    /// What the probes say.
    pub health: watch::Receiver<Health>,
    /// What the daemon does, and why.
    pub console: Console,
}

/// `/metrics`, `/livez`, `/readyz`, `/startupz`, and the console at `/`.
pub fn router(pages: Pages) -> Router {
    let console = console::router(pages.console.clone());
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(live))
        .route("/readyz", get(ready))
        .route("/startupz", get(started))
        .with_state(pages)
        .merge(console)
}

/// Serves until `shutdown` is done, then finishes the requests it has.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, router).with_graceful_shutdown(shutdown).await
}

async fn metrics(State(pages): State<Pages>) -> Response {
    match TextEncoder::new().encode_to_string(&pages.registry.gather()) {
        Ok(text) => ([(header::CONTENT_TYPE, prometheus::TEXT_FORMAT)], text).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, format!("metrics: {error}\n")).into_response(),
    }
}

async fn live(State(pages): State<Pages>) -> Response {
    probe(&pages.health.borrow(), "live", |health| health.live)
}

async fn ready(State(pages): State<Pages>) -> Response {
    probe(&pages.health.borrow(), "ready", Health::is_ready)
}

async fn started(State(pages): State<Pages>) -> Response {
    probe(&pages.health.borrow(), "started", |health| health.started)
}

/// 200 or 503, with every check and, if one failed, why.
fn probe(health: &Health, name: &str, good: impl Fn(&Health) -> bool) -> Response {
    let good = good(health);
    let mut body = String::new();
    for (check, result) in &health.checks {
        match result {
            Ok(()) => writeln!(body, "[+] {check} ok"),
            Err(reason) => writeln!(body, "[-] {check}: {reason}"),
        }
        .expect("writing to a string cannot fail");
    }
    body.push_str(if good { "" } else { "not " });
    body.push_str(name);
    body.push('\n');
    let code = if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (code, [(header::CACHE_CONTROL, "no-store")], body).into_response()
}
