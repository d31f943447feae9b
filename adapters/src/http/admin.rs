//! What people may ask of a running daemon.
//!
//! Lives here: routes under `/admin/` for whoever has the key, and handing orders to whoever can follow them. May not:
//! follow them, or say who may have the key (that is [`super::key`]).

use std::time::Duration;

use axum::Router;
use axum::extract::rejection::JsonRejection;
use axum::extract::{DefaultBodyLimit, Json, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
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

/// Another limit for a budget.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetBudget {
    /// The limit, in the base unit of the budget.
    pub limit: f64,
    /// Who says so, as they call themselves; none where they do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
}

/// Forgets the rows of an id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Erase {
    /// The id, as events name it.
    pub id: String,
    /// Who says so, as they call themselves.
    pub by: String,
}

/// What the daemon is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steering {
    /// Begin nothing new.
    Pause,
    /// Go on.
    Resume,
    /// Open an episode now.
    Search,
    /// Take back what was promoted last.
    Rollback,
}

/// Has the daemon do something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Steer {
    /// What.
    pub what: Steering,
    /// Who says so, as they call themselves.
    pub by: String,
}

/// What somebody asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Wish {
    /// That the daemon does something.
    Steer(Steer),
    /// That a challenger serves.
    Promote(Promote),
    /// That the budget of this name has another limit.
    SetBudget(String, SetBudget),
    /// To hear of all budgets.
    Budgets,
    /// That the rows of an id are forgotten.
    Erase(Erase),
}

/// What somebody asks for, and where they wait for an answer: what was done, or why it was not.
#[derive(Debug)]
pub struct Order {
    /// What.
    pub wish: Wish,
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

/// `POST /admin/steer`, `POST /admin/promote`, `POST /admin/erase`, `GET /admin/budgets` and `POST /admin/budgets/NAME`.
pub fn router(admin: Admin) -> Router {
    Router::new()
        .route("/admin/steer", post(steer))
        .route("/admin/promote", post(promote))
        .route("/admin/erase", post(erase))
        .route("/admin/budgets", get(budgets))
        .route("/admin/budgets/{name}", post(set_budget))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .with_state(admin)
}

async fn steer(
    state: State<Admin>,
    headers: HeaderMap,
    body: Result<Json<Steer>, JsonRejection>,
) -> Response {
    signed(state, &headers, body, |steer| (steer.by.clone(), Wish::Steer(steer))).await
}

async fn promote(
    state: State<Admin>,
    headers: HeaderMap,
    body: Result<Json<Promote>, JsonRejection>,
) -> Response {
    signed(state, &headers, body, |promote| (promote.by.clone(), Wish::Promote(promote))).await
}

async fn erase(
    state: State<Admin>,
    headers: HeaderMap,
    body: Result<Json<Erase>, JsonRejection>,
) -> Response {
    signed(state, &headers, body, |erase| (erase.by.clone(), Wish::Erase(erase))).await
}

/// An order that says who gives it.
async fn signed<T>(
    State(admin): State<Admin>,
    headers: &HeaderMap,
    body: Result<Json<T>, JsonRejection>,
    wish: impl FnOnce(T) -> (String, Wish),
) -> Response {
    if let Some(refused) = locked(&admin, headers) {
        return refused;
    }
    match body {
        Ok(Json(body)) => match wish(body) {
            (by, wish) if is_name(&by) => order(&admin.orders, wish).await,
            _ => told(StatusCode::BAD_REQUEST, "say who asks, in at most 256 bytes"),
        },
        Err(rejected) => told(StatusCode::BAD_REQUEST, &rejected.body_text()),
    }
}

async fn budgets(State(admin): State<Admin>, headers: HeaderMap) -> Response {
    match locked(&admin, &headers) {
        Some(refused) => refused,
        None => order(&admin.orders, Wish::Budgets).await,
    }
}

async fn set_budget(
    State(admin): State<Admin>,
    Path(name): Path<String>,
    headers: HeaderMap,
    body: Result<Json<SetBudget>, JsonRejection>,
) -> Response {
    if let Some(refused) = locked(&admin, &headers) {
        return refused;
    }
    let set = match body {
        Ok(Json(set)) => set,
        Err(rejected) => return told(StatusCode::BAD_REQUEST, &rejected.body_text()),
    };
    if !(set.limit > 0.0 && set.limit.is_finite()) {
        return told(StatusCode::BAD_REQUEST, "give a limit above 0");
    }
    if !is_name(&name) || !set.by.as_deref().is_none_or(is_name) {
        return told(StatusCode::BAD_REQUEST, "names have 1 to 256 bytes");
    }
    order(&admin.orders, Wish::SetBudget(name, set)).await
}

fn is_name(name: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&name.len())
}

/// What whoever does not show the token hears; nothing for those who do.
fn locked(admin: &Admin, headers: &HeaderMap) -> Option<Response> {
    let shown = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let shown = shown.and_then(|value| value.strip_prefix("Bearer "));
    let opens = shown.is_some_and(|shown| admin.token.opens(shown));
    (!opens).then(|| {
        told(StatusCode::UNAUTHORIZED, "the token is missing or another; it is in the state directory")
    })
}

/// 200 with what was done, 409 with why it was not, 503 where nobody follows orders now.
async fn order(orders: &mpsc::Sender<Order>, wish: Wish) -> Response {
    let (answer, answered) = oneshot::channel();
    if orders.try_send(Order { wish, answer }).is_err() {
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
