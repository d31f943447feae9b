//! What people may ask of a running daemon.
//!
//! Lives here: routes under `/admin/` for whoever has the key, and handing orders to whoever can follow them. May not:
//! follow them, or say who may have the key (that is [`super::key`]).

use std::time::Duration;

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Json, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use super::key::Token;

/// Orders that may wait.
pub const ORDERS_MAX: usize = 16;
/// Most bytes of an order, and of the name of whoever gives it.
const BODY_BYTES_MAX: usize = 4096;
const NAME_BYTES_MAX: usize = 256;
/// How long the daemon may take to say what becomes of an order.
const ANSWER_WAIT: Duration = Duration::from_secs(10);

/// Lets a challenger that passed all gates serve.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Promote {
    /// Its number; none means whoever waits.
    pub challenger: Option<u64>,
    /// Who says so, as they call themselves.
    pub by: String,
}

/// What somebody asks for, and where they wait for an answer: what was done, or why it was not.
#[derive(Debug)]
pub struct Order {
    /// What.
    pub promote: Promote,
    /// Where.
    pub answer: oneshot::Sender<Result<String, String>>,
}

/// The way in.
#[derive(Clone, Debug)]
pub struct Admin {
    /// What whoever asks has to show.
    pub token: Token,
    /// Where orders go.
    pub orders: mpsc::Sender<Order>,
}

/// `POST /admin/promote`.
pub fn router(admin: Admin) -> Router {
    Router::new()
        .route("/admin/promote", post(promote))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(admin)
}

async fn promote(
    State(admin): State<Admin>,
    headers: HeaderMap,
    body: Result<Json<Promote>, JsonRejection>,
) -> Response {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer "));
    if !shown.is_some_and(|shown| admin.token.opens(shown)) {
        return told(
            StatusCode::UNAUTHORIZED,
            "the token is missing or another; it is in the state directory",
        );
    }
    match body {
        Ok(Json(promote)) if (1..=NAME_BYTES_MAX).contains(&promote.by.len()) => {
            order(&admin.orders, promote).await
        }
        Ok(_) => told(StatusCode::BAD_REQUEST, "say who asks, in at most 256 bytes"),
        Err(rejected) => told(StatusCode::BAD_REQUEST, &rejected.body_text()),
    }
}

/// 200 with what was done, 409 with why it was not, 503 where nobody follows orders now.
async fn order(orders: &mpsc::Sender<Order>, promote: Promote) -> Response {
    let (answer, answered) = oneshot::channel();
    if orders.try_send(Order { promote, answer }).is_err() {
        return told(StatusCode::SERVICE_UNAVAILABLE, "learning has ended, or too many orders wait");
    }
    match tokio::time::timeout(ANSWER_WAIT, answered).await {
        Ok(Ok(Ok(done))) => told(StatusCode::OK, &done),
        Ok(Ok(Err(refused))) => told(StatusCode::CONFLICT, &refused),
        Ok(Err(_)) => told(StatusCode::SERVICE_UNAVAILABLE, "learning has ended"),
        Err(_) => told(
            StatusCode::SERVICE_UNAVAILABLE,
            "learning is busy; the order stands, and the journal will say what became of it",
        ),
    }
}

fn told(code: StatusCode, text: &str) -> Response {
    (code, [(header::CACHE_CONTROL, "no-store")], format!("{text}\n")).into_response()
}
