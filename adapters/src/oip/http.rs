//! The HTTP road in.
//!
//! Lives here: what is answered to each path, with which status and headers. May not: bind an address, read a connection, or
//! compute an answer.
//!
//! A request is admitted before its body is read, so that what is refused costs nothing.

mod connection;

use std::error::Error;
use std::time::{Duration, Instant};

use axum::body::{Bytes, HttpBody};
use axum::http::{HeaderMap, HeaderValue, Request as Asking, Response as Answer, header, request};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use serde::Deserialize;
use serde_json::{Value, json};

pub use connection::serve;

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
/// As TLS calls it.
pub const ALPN: &[u8] = b"http/1.1";
/// The `OpenAPI` document.
pub const OPENAPI: &str = include_str!("openapi.json");

/// An answer, which is there as a whole.
pub type Response = Answer<Full<Bytes>>;

/// The answer to a request for any path of the protocol, `/v1/predict` or `/openapi.json`.
pub async fn respond<B: HttpBody<Error: Into<Box<dyn Error + Send + Sync>>>>(
    front: &Front,
    request: Asking<B>,
) -> Response {
    let asked = Instant::now();
    let answered = answer(front, request, asked).await;
    front.count(PROTOCOL, answered.as_ref().err().map(|refusal| refusal.reason), asked);
    answered.unwrap_or_else(|refusal| refused(&refusal))
}

async fn answer<B: HttpBody<Error: Into<Box<dyn Error + Send + Sync>>>>(
    front: &Front,
    request: Asking<B>,
    asked: Instant,
) -> Result<Response, Refusal> {
    let (head, body) = request.into_parts();
    let most = front.limits.request_bytes_max;
    Ok(match Route::of(&head.method, head.uri.path())? {
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
            told(&reply::index(front, only_ready(&whole(&head, body, most).await?)?))
        }
        Route::Predict => {
            let _room = front.admit()?;
            let event = whole(&head, body, most).await?;
            as_json(front.predict(&event, asked).await?)
        }
        Route::Infer(of) => {
            let _room = front.admit()?;
            let json_bytes = json_bytes(&head.headers)?;
            let body = whole(&head, body, most).await?;
            infer(front, of, json::read(&body, json_bytes)?, asked).await?
        }
    })
}

async fn infer(front: &Front, of: Asked, request: Request, asked: Instant) -> Result<Response, Refusal> {
    let Asked { model, version } = of;
    let Written { bytes, json_bytes } = reply::write(&front.infer(&model, version, request, asked).await?);
    let Some(json_bytes) = json_bytes else { return Ok(as_json(bytes)) };
    let mut response = of_kind("application/octet-stream", bytes);
    response.headers_mut().insert(JSON_BYTES, json_bytes.into());
    Ok(response)
}

fn json_bytes(headers: &HeaderMap) -> Result<Option<usize>, Refusal> {
    let Some(value) = headers.get(JSON_BYTES) else { return Ok(None) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| Refusal::invalid("Inference-Header-Content-Length is no number of bytes"))
}

/// The whole body, within its limits of time and size.
async fn whole<B: HttpBody<Error: Into<Box<dyn Error + Send + Sync>>>>(
    head: &request::Parts,
    body: B,
    most: usize,
) -> Result<Bytes, Refusal> {
    if head.headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
        return Err(Refusal::new(Reason::Unsupported, "compressed bodies are not read"));
    }
    let too_large = || Refusal::new(Reason::TooLarge, "the body is longer than is read");
    if body.size_hint().lower() > most as u64 {
        return Err(too_large());
    }
    let read = tokio::time::timeout(BODY_WAIT, Limited::new(body, most).collect()).await;
    let read = read.map_err(|_| {
        Refusal::new(Reason::Slow, format!("the body did not come within {} s", BODY_WAIT.as_secs()))
    })?;
    let broken = |error: Box<dyn Error + Send + Sync>| match error.downcast_ref::<LengthLimitError>() {
        Some(_) => too_large(),
        None => Refusal::invalid("the body broke off"),
    };
    Ok(read.map_err(broken)?.to_bytes())
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

fn as_json(body: impl Into<Bytes>) -> Response {
    of_kind("application/json", body)
}

fn of_kind(kind: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Full::new(body.into()));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
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
