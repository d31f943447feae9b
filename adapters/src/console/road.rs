//! The console's roads: `/`, `/status.json`, and `/events`, which pushes the parts that change.
//!
//! Lives here: routes, headers, and how many may listen. May not: give orders.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Json, State};
use axum::http::{HeaderName, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::get;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio_stream::wrappers::ReceiverStream;

use super::facts::Status;
use super::page::{self, Acts};
use super::parts;
use crate::chance;
use crate::http::Health;

/// Browsers that may listen at once, on all roads together.
pub const LISTENERS_MAX: usize = 16;
/// Least time between two pushes to one of them.
const PUSH_EVERY: Duration = Duration::from_secs(1);
/// How long a listener hears nothing at most: whoever has gone is noticed by it.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// When to come again where all places are taken, in seconds.
const RETRY_SECONDS: &str = "10";

/// What the console shows, as somebody else keeps it.
#[derive(Clone, Debug)]
pub struct Console {
    status: watch::Receiver<Status>,
    health: watch::Receiver<Health>,
    places: Arc<Semaphore>,
    acts: Acts,
}

impl Console {
    /// One that only shows.
    pub fn new(status: watch::Receiver<Status>, health: watch::Receiver<Health>) -> Self {
        Self { status, health, places: Arc::new(Semaphore::new(LISTENERS_MAX)), acts: Acts::None }
    }

    /// The same with orders, for where the admin interface is; listeners share their places.
    #[must_use]
    pub fn with_orders(&self) -> Self {
        Self { acts: Acts::WithToken, ..self.clone() }
    }
}

/// `/`, `/status.json` and `/events`.
pub fn router(console: Console) -> Router {
    Router::new()
        .route("/", get(live))
        .route("/status.json", get(json))
        .route("/events", get(events))
        .with_state(console)
}

async fn live(State(console): State<Console>) -> Response {
    let nonce = match nonce() {
        Ok(nonce) => nonce,
        Err(error) => {
            return (StatusCode::INTERNAL_SERVER_ERROR, format!("no nonce: {error}\n")).into_response();
        }
    };
    let page = page::live(&console.status.borrow(), &console.health.borrow(), console.acts, &nonce);
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let headers: [(HeaderName, String); 4] = [
        (header::CACHE_CONTROL, "no-store".into()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".into()),
        (header::REFERRER_POLICY, "no-referrer".into()),
    ];
    (headers, Html(page.into_string())).into_response()
}

/// Nobody can guess it, and no two answers have the same.
fn nonce() -> io::Result<String> {
    Ok(format!("{:032x}", u128::from_be_bytes(chance::bytes()?)))
}

async fn json(State(console): State<Console>) -> Response {
    let headers = [(header::CACHE_CONTROL, "no-store"), (header::X_CONTENT_TYPE_OPTIONS, "nosniff")];
    (headers, Json(console.status.borrow().clone())).into_response()
}

async fn events(State(console): State<Console>) -> Response {
    let Ok(place) = Arc::clone(&console.places).try_acquire_owned() else {
        let headers = [(header::RETRY_AFTER, RETRY_SECONDS)];
        return (StatusCode::SERVICE_UNAVAILABLE, headers, "too many listen; come again\n").into_response();
    };
    // One push waits at most: whoever is slow gets the newest after it.
    let (out, pushed) = mpsc::channel(1);
    tokio::spawn(push(console, out, place));
    let stream = Sse::new(ReceiverStream::new(pushed)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    ([(header::CACHE_CONTROL, "no-store")], stream).into_response()
}

/// Pushes what has changed, as an object of parts by their ids, until the listener or whoever keeps the status has gone.
async fn push(
    mut console: Console,
    out: mpsc::Sender<Result<Event, Infallible>>,
    _place: OwnedSemaphorePermit,
) {
    let mut known = BTreeMap::new();
    loop {
        let changed = changed(&mut console, &mut known);
        if !changed.is_empty() {
            let event = Event::default().event("parts").json_data(&changed);
            let event = event.expect("text by text is always JSON");
            if out.send(Ok(event)).await.is_err() {
                return;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PUSH_EVERY) => {}
            () = out.closed() => return,
        }
        let kept = tokio::select! {
            changed = console.status.changed() => changed,
            changed = console.health.changed() => changed,
            () = out.closed() => return,
        };
        if kept.is_err() {
            return;
        }
    }
}

/// The parts that are not as they were pushed last.
fn changed(
    console: &mut Console,
    known: &mut BTreeMap<&'static str, String>,
) -> BTreeMap<&'static str, String> {
    let parts = {
        let (status, health) = (console.status.borrow_and_update(), console.health.borrow_and_update());
        parts::all(&status, Some(&health), console.acts)
    };
    let mut changed = BTreeMap::new();
    for (id, part) in parts {
        let part = part.into_string();
        if known.get(id) != Some(&part) {
            known.insert(id, part.clone());
            changed.insert(id, part);
        }
    }
    changed
}
