//! Hostile bodies: whatever comes, the answer is well-formed and the next request is answered.
//!
//! Lives here: bodies that were thought of (`corpus/`, one a file) replayed over the sockets, and thousands that a seed
//! makes of them by changing bytes. May not: say what a good request is.
//!
//! A file of `corpus/http` begins with a line: the value of `Inference-Header-Content-Length`, or nothing. One of
//! `corpus/grpc` is a `ModelInferRequest` as it lies in a message.

use std::fs;
use std::path::Path;

use adapters::oip::proto::ModelInferRequest;
use anyhow::{Context as _, Result, ensure};
use prost::Message as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::json;
use tests::http::send;
use tonic::Code;

use super::calls::connect;
use super::{World, json_of};

/// Bodies that are made of each file.
const CHANGED: usize = 40;
const SEED: u64 = 7;

/// Every file of a corpus, by name.
fn corpus(kind: &str) -> Result<Vec<(String, Vec<u8>)>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/oip/corpus").join(kind);
    let mut files = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().context("a name")?.to_string_lossy().into_owned();
        files.push((name, fs::read(&path)?));
    }
    files.sort();
    ensure!(files.len() >= 10, "the corpus is in the repository");
    Ok(files)
}

/// A few bytes changed, left out, doubled, or the end cut off.
fn changed(body: &[u8], rng: &mut Pcg64) -> Vec<u8> {
    let mut body = body.to_vec();
    for _ in 0..rng.random_range(1..6) {
        if body.is_empty() {
            break;
        }
        let at = rng.random_range(0..body.len());
        match rng.random_range(0..5) {
            0 => body[at] = rng.random(),
            1 => body[at] ^= 1 << rng.random_range(0..8),
            2 => drop(body.remove(at)),
            3 => body.insert(at, *b"\"[]{}:,0-9.eE\\\x00\xff".get(rng.random_range(0..16)).unwrap_or(&b'0')),
            _ => body.truncate(at),
        }
    }
    body
}

/// Whatever it is, an answer or an error as the protocol has it.
fn check_http(world: &World, name: &str, file: &[u8]) -> Result<()> {
    let at = file.iter().position(|byte| *byte == b'\n').unwrap_or(0);
    let (first, body) = file.split_at(at);
    let header = std::str::from_utf8(first).unwrap_or_default().trim();
    let body = body.strip_prefix(b"\n").unwrap_or(body);
    // What is no header value would be refused before it is ours.
    let plain = (1..1_000).contains(&header.len()) && header.bytes().all(|byte| byte.is_ascii_graphic());
    let headers: Vec<(&str, String)> =
        plain.then(|| ("Inference-Header-Content-Length", header.to_owned())).into_iter().collect();
    for path in ["/v2/models/shop/infer", "/v1/predict", "/v2/repository/index"] {
        let answer = send(&world.http, "POST", path, &headers, body)?;
        if answer.code == 200 {
            continue;
        }
        let (code, said) = json_of(&answer).with_context(|| format!("{name} to {path}"))?;
        let error = said["error"].as_str().unwrap_or_default();
        ensure!([400, 413].contains(&code) && !error.is_empty(), "{name} to {path}: {code} {said}");
        ensure!(answer.body.len() < 16 * 1_024, "{name} to {path}: an error is short");
    }
    Ok(())
}

#[test]
fn whatever_comes_over_http_is_answered_in_form() -> Result<()> {
    let world = World::start()?;
    let mut rng = Pcg64::seed_from_u64(SEED);
    for (name, file) in corpus("http")? {
        check_http(&world, &name, &file)?;
        for number in 0..CHANGED {
            let body = changed(&file, &mut rng);
            check_http(&world, &format!("{name}, change {number} of seed {SEED}"), &body)?;
        }
    }
    let good = json!({ "inputs": [{ "name": "amount", "shape": [1], "datatype": "FP32", "data": [1] }] });
    ensure!(world.post("/v2/models/shop/infer", good.to_string().as_bytes())?.0 == 200);
    Ok(())
}

#[tokio::test]
async fn whatever_comes_over_grpc_is_answered_in_form() -> Result<()> {
    let world = World::start()?;
    let mut client = connect(&world).await?;
    let mut rng = Pcg64::seed_from_u64(SEED);
    for (name, file) in corpus("grpc")? {
        let bodies = std::iter::once(file.clone()).chain((0..CHANGED).map(|_| changed(&file, &mut rng)));
        let bodies: Vec<_> = bodies.collect();
        for (number, body) in bodies.into_iter().enumerate() {
            // What is no message never reaches the service: the library says so itself.
            let Ok(message) = ModelInferRequest::decode(body.as_slice()) else { continue };
            if let Err(status) = client.model_infer(message).await {
                let known = [Code::InvalidArgument, Code::NotFound, Code::ResourceExhausted];
                ensure!(known.contains(&status.code()), "{name}, change {number} of seed {SEED}: {status:?}");
            }
        }
    }
    ensure!(client.model_infer(super::calls::one()).await.is_ok(), "the next one is answered");
    Ok(())
}
