//! Bodies over HTTP: whatever they are, an answer or an error as the protocol has it, within bounded memory.
//!
//! An input is what a file of `tests/tests/oip/corpus/http` is: a line with the value of `Inference-Header-Content-Length`, or
//! nothing, and the body behind it.

#![no_main]

use adapters::oip::http::respond;
use axum::http::Request;
use bytes::Bytes;
use fuzz::World;
use http_body_util::{BodyExt as _, Full};
use libfuzzer_sys::fuzz_target;

/// Bytes of an error.
const ERROR_BYTES_MAX: usize = 16 << 10;

thread_local! {
    static WORLD: World = World::new();
}

fuzz_target!(|input: &[u8]| {
    let at = input.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (first, body) = input.split_at(at);
    let body = Bytes::copy_from_slice(body.strip_prefix(b"\n").unwrap_or(body));
    for path in ["/v2/models/shop/infer", "/v1/predict", "/v2/repository/index"] {
        let mut request = Request::builder().method("POST").uri(path);
        if !first.is_empty() {
            request = request.header("Inference-Header-Content-Length", first);
        }
        // What is no header value is refused before it is ours.
        let Ok(request) = request.body(Full::new(body.clone())) else { continue };
        let response = WORLD.with(|world| world.ask(input.len(), async |front| respond(front, request).await));
        let (head, said) = response.into_parts();
        let said = WORLD.with(|world| world.ask(input.len(), async |_| said.collect().await));
        let said = said.expect("it is there as a whole").to_bytes();
        if head.status == 200 {
            assert!(!said.is_empty());
            continue;
        }
        let error: serde_json::Value = serde_json::from_slice(&said).expect("an error is JSON");
        assert!(matches!(head.status.as_u16(), 400 | 413), "{path}: {} {error}", head.status);
        assert!(error["error"].as_str().is_some_and(|text| !text.is_empty()), "{path}: {error}");
        assert!(said.len() < ERROR_BYTES_MAX, "{path}: an error is short");
    }
});
