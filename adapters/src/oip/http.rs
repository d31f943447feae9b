//! The HTTP road in.
//!
//! Lives here: what is answered to each path, with which status and headers. May not: bind an address, or compute an answer.
//!
//! A request is admitted before its body is read, so that what is refused costs nothing.

use std::io;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{DefaultBodyLimit, FromRequest, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::doors::Guests;
use super::error::{Reason, Refusal};
use super::front::Front;
use super::reply::{self, Written};
use super::route::{Asked, Route};
use super::{json, request::Request};

/// How long a body may take to come.
const BODY_WAIT: Duration = Duration::from_secs(10);
/// Seconds after which whoever is refused for load may try again.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");
/// Bytes of JSON before raw tensors.
const JSON_BYTES: &str = "inference-header-content-length";
/// As it is counted.
pub const PROTOCOL: &str = "http";
/// The `OpenAPI` document.
pub const OPENAPI: &str = include_str!("openapi.json");

/// Every path of the protocol, `/v1/predict` and `/openapi.json`.
pub fn router(front: Front) -> Router {
    let most = front.limits.request_bytes_max;
    Router::new().fallback(handle).layer(DefaultBodyLimit::max(most)).with_state(front)
}

/// Serves until `shutdown` is done, then finishes the requests it has.
pub async fn serve(
    listener: TcpListener,
    front: Front,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let guests = Guests::of(listener, front.limits.connections_max)?;
    axum::serve(guests, router(front)).with_graceful_shutdown(shutdown).await
}

async fn handle(State(front): State<Front>, request: axum::extract::Request) -> Response {
    let asked = Instant::now();
    let answered = answer(&front, request, asked).await;
    front.count(PROTOCOL, answered.as_ref().err().map(|refusal| refusal.reason), asked);
    answered.unwrap_or_else(|refusal| refused(&refusal))
}

async fn answer(front: &Front, request: axum::extract::Request, asked: Instant) -> Result<Response, Refusal> {
    let route = Route::of(request.method(), request.uri().path())?;
    Ok(match route {
        Route::Live => probe(front.health.borrow().live, "live", &json!({ "live": true }))?,
        // Both keys: the specification's text has one, its clients read the other.
        Route::Ready => probe(front.is_ready(), "ready", &json!({ "ready": true, "live": true }))?,
        Route::Server => told(&reply::server()),
        Route::Models => told(&json!({ "models": [&*front.model] })),
        Route::Metadata(Asked { model, version }) => {
            let version = front.find(&model, version)?;
            told(&reply::metadata(front, &version))
        }
        Route::ModelReady(Asked { model, version }) => {
            front.find(&model, version)?;
            probe(front.is_ready(), "ready", &json!({ "name": model, "ready": true }))?
        }
        Route::Stats(Asked { model, version }) => {
            let version = front.find(&model, version)?;
            told(&front.stats.json(&model, version.generation))
        }
        // One whose name is `stats` is asked for by this path, too.
        Route::AllStats if &*front.model == "stats" => told(&reply::metadata(front, &(front.current)())),
        Route::AllStats => told(&front.stats.json(&front.model, (front.current)().generation)),
        Route::OpenApi => as_json(OPENAPI),
        Route::Load => {
            let message = "what serves is chosen by the daemon: nothing is loaded or unloaded from outside";
            return Err(Refusal::new(Reason::Unsupported, message));
        }
        Route::Index => {
            let _room = front.admit()?;
            told(&reply::index(front, only_ready(&body(request).await?)?))
        }
        Route::Predict => {
            let _room = front.admit()?;
            let event = body(request).await?;
            as_json(front.predict(&event, asked).await?)
        }
        Route::Infer(of) => {
            let _room = front.admit()?;
            infer(front, of, request, asked).await?
        }
    })
}

async fn infer(
    front: &Front,
    Asked { model, version }: Asked,
    request: axum::extract::Request,
    asked: Instant,
) -> Result<Response, Refusal> {
    let json_bytes = json_bytes(request.headers())?;
    let request: Request = json::read(&body(request).await?, json_bytes)?;
    let Written { bytes, json_bytes } = reply::write(&front.infer(&model, version, request, asked).await?);
    let Some(json_bytes) = json_bytes else { return Ok(as_json(bytes)) };
    let kind = HeaderValue::from_static("application/octet-stream");
    let mut response = Response::new(Body::from(bytes));
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response.headers_mut().insert(JSON_BYTES, json_bytes.into());
    Ok(response)
}

fn json_bytes(headers: &HeaderMap) -> Result<Option<usize>, Refusal> {
    let Some(value) = headers.get(JSON_BYTES) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| Refusal::invalid("Inference-Header-Content-Length is no number of bytes"))
}

/// The whole body, within its limits of time and size.
async fn body(request: axum::extract::Request) -> Result<Bytes, Refusal> {
    if let Some(encoding) = request.headers().get(header::CONTENT_ENCODING)
        && encoding != "identity"
    {
        return Err(Refusal::new(Reason::Unsupported, "compressed bodies are not read"));
    }
    let read = tokio::time::timeout(BODY_WAIT, Bytes::from_request(request, &())).await;
    let read = read.map_err(|_| {
        Refusal::new(Reason::Slow, format!("the body did not come within {} s", BODY_WAIT.as_secs()))
    })?;
    read.map_err(|rejection| match rejection.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Refusal::new(Reason::TooLarge, "the body is longer than is read"),
        _ => Refusal::invalid("the body broke off"),
    })
}

/// Whether an index of the ready only is asked for; an empty body asks for all.
fn only_ready(body: &[u8]) -> Result<bool, Refusal> {
    #[derive(Default, Deserialize)]
    struct Index {
        #[serde(default)]
        ready: bool,
    }
    if body.is_empty() {
        return Ok(false);
    }
    let index: Index = serde_json::from_slice(body)
        .map_err(|error| Refusal::invalid(format!("not an index request: {error}")))?;
    Ok(index.ready)
}

fn probe(good: bool, what: &str, answer: &Value) -> Result<Response, Refusal> {
    if good {
        Ok(told(answer))
    } else {
        Err(Refusal::new(Reason::Unavailable, format!("not {what}; see /readyz")))
    }
}

fn told(value: &Value) -> Response {
    as_json(value.to_string())
}

fn as_json(body: impl Into<Body>) -> Response {
    let kind = HeaderValue::from_static("application/json");
    ([(header::CONTENT_TYPE, kind)], body.into()).into_response()
}

fn refused(refusal: &Refusal) -> Response {
    let mut response = told(&json!({ "error": refusal.message }));
    *response.status_mut() = refusal.reason.status();
    if refusal.reason == Reason::Overloaded {
        response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    }
    response
}

#[cfg(test)]
mod tests;
