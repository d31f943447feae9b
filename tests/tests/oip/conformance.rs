//! Every path, error and datatype of the protocol over HTTP.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tests::http::send;

use super::{World, json_of, yes_of};

const INFER: &str = "/v2/models/shop/infer";
const JSON_BYTES: &str = "inference-header-content-length";
/// Each datatype of numbers: its name, 1 as raw bytes, and whether JSON may carry it.
pub const NUMBERS: [(&str, &[u8], bool); 12] = [
    ("UINT8", &[1], true),
    ("UINT16", &[1, 0], true),
    ("UINT32", &[1, 0, 0, 0], true),
    ("UINT64", &[1, 0, 0, 0, 0, 0, 0, 0], true),
    ("INT8", &[1], true),
    ("INT16", &[1, 0], true),
    ("INT32", &[1, 0, 0, 0], true),
    ("INT64", &[1, 0, 0, 0, 0, 0, 0, 0], true),
    ("FP16", &[0, 0x3c], false),
    ("BF16", &[0x80, 0x3f], false),
    ("FP32", &[0, 0, 0x80, 0x3f], true),
    ("FP64", &[0, 0, 0, 0, 0, 0, 0xf0, 0x3f], true),
];

fn input(name: &str, datatype: &str, data: &Value) -> Value {
    json!({ "inputs": [{ "name": name, "shape": [1], "datatype": datatype, "data": data }] })
}

fn post(world: &World, body: &Value) -> Result<(u16, Value)> {
    world.post(INFER, body.to_string().as_bytes())
}

/// One input whose bytes follow the JSON; the JSON part of the answer, and what follows it.
fn post_raw(world: &World, name: &str, datatype: &str, raw: &[u8]) -> Result<(u16, Value, Vec<u8>)> {
    let parameters = json!({ "binary_data_size": raw.len() });
    let json = json!({
        "parameters": { "binary_data_output": true },
        "inputs": [{ "name": name, "shape": [1], "datatype": datatype, "parameters": parameters }],
    });
    let json = json.to_string();
    let body = [json.as_bytes(), raw].concat();
    let answer = send(&world.http, "POST", INFER, &[(JSON_BYTES, json.len().to_string())], &body)?;
    let at = match answer.headers.get(JSON_BYTES) {
        Some(bytes) => bytes.parse()?,
        None => answer.body.len(),
    };
    Ok((answer.code, serde_json::from_slice(&answer.body[..at])?, answer.body[at..].to_vec()))
}

#[test]
fn every_datatype_is_taken_in_json_and_as_raw_bytes() -> Result<()> {
    let world = World::start()?;
    for (datatype, raw, in_json) in NUMBERS {
        for data in [json!([1]), json!([[1]])] {
            let shape = if data[0].is_array() { json!([1, 1]) } else { json!([1]) };
            let mut body = input("amount", datatype, &data);
            body["inputs"][0]["shape"] = shape;
            let (code, answer) = post(&world, &body)?;
            ensure!(code == if in_json { 200 } else { 400 }, "{datatype}: {answer}");
        }
        let (code, answer, rest) = post_raw(&world, "amount", datatype, raw)?;
        ensure!(code == 200, "{datatype}: {answer}");
        ensure!(rest.len() == 8 + 4 + 3, "{datatype}: two FP32 and `yes` with its length");
        let yes = f32::from_le_bytes(rest[4..8].try_into()?);
        ensure!((f64::from(yes) - yes_of(7)).abs() < 1e-6, "{datatype}: {yes}");
    }
    for (name, datatype, data, raw) in [
        ("member", "BOOL", json!([true]), &[1][..]),
        ("country", "BYTES", json!(["NL"]), &[2, 0, 0, 0, b'N', b'L']),
    ] {
        let (code, answer) = post(&world, &input(name, datatype, &data))?;
        ensure!(code == 200, "{datatype}: {answer}");
        ensure!(post_raw(&world, name, datatype, raw)?.0 == 200, "{datatype}");
    }
    Ok(())
}

#[test]
fn every_path_answers_with_the_keys_of_the_protocol() -> Result<()> {
    let world = World::start()?;
    for (path, keys) in [
        ("/v2", &["name", "version", "extensions"][..]),
        ("/v2/", &["name", "version", "extensions"]),
        ("/v2/health/live", &["live"]),
        ("/v2/health/ready", &["ready", "live"]),
        ("/v2/models", &["models"]),
        ("/v2/models/shop", &["name", "versions", "platform", "inputs", "outputs"]),
        ("/v2/models/shop/versions/5", &["name", "versions", "platform", "inputs", "outputs"]),
        ("/v2/models/shop/ready", &["name", "ready"]),
        ("/v2/models/shop/versions/7/ready", &["name", "ready"]),
        ("/v2/models/stats", &["model_stats"]),
        ("/v2/models/shop/stats", &["model_stats"]),
        ("/v2/models/shop/versions/5/stats", &["model_stats"]),
        ("/openapi.json", &["openapi", "paths"]),
    ] {
        let (code, answer) = world.get(path)?;
        ensure!(code == 200, "{path}: {answer}");
        for key in keys {
            ensure!(answer.get(key).is_some(), "{path} has no {key}: {answer}");
        }
    }
    let (code, index) = world.post("/v2/repository/index", b"")?;
    ensure!(code == 200 && index.as_array().context("a list")?.len() == 2, "{index}");
    for (path, generation) in
        [(INFER, 7), ("/v2/models/shop/versions/5/infer", 5), ("/v2/models/shop/versions/7/infer", 7)]
    {
        let body = input("amount", "FP32", &json!([1]));
        let (code, answer) = world.post(path, body.to_string().as_bytes())?;
        ensure!(code == 200, "{path}: {answer}");
        let yes = answer["outputs"][0]["data"][1].as_f64().context("a number")?;
        ensure!((yes - yes_of(generation)).abs() < 1e-6, "{path}: the version it says computed it");
        ensure!(answer["model_version"] == json!(generation.to_string()), "{answer}");
    }
    let event = json!({ "id": "e", "time": 3, "features": { "amount": 1, "country": "NL", "member": true } });
    let (code, answer) = world.post("/v1/predict", event.to_string().as_bytes())?;
    ensure!(
        code == 200 && answer["generation"] == 7 && answer["id"] == "e" && answer["time"] == 3,
        "{answer}"
    );
    Ok(())
}

#[test]
fn what_was_asked_is_in_the_statistics() -> Result<()> {
    let world = World::start()?;
    let good = input("amount", "FP32", &json!([1]));
    for _ in 0..3 {
        ensure!(post(&world, &good)?.0 == 200);
    }
    ensure!(post(&world, &input("amount", "FP32", &json!(["x"])))?.0 == 400);
    let (_, told) = world.get("/v2/models/shop/versions/7/stats")?;
    let one = &told["model_stats"][0];
    ensure!(one["name"] == "shop" && one["version"] == "7", "{told}");
    ensure!(
        one["inference_count"] == 3 && one["execution_count"].as_u64().is_some_and(|units| units <= 3),
        "{told}"
    );
    let spent = &one["inference_stats"];
    for (name, count) in [("success", 3), ("queue", 3), ("compute_infer", 3), ("cache_hit", 0)] {
        ensure!(spent[name]["count"] == count && spent[name]["ns"].is_u64(), "{name}: {told}");
    }
    ensure!(spent["success"]["ns"].as_u64() > spent["compute_infer"]["ns"].as_u64(), "{told}");
    Ok(())
}

#[test]
fn every_error_has_its_status_and_a_message() -> Result<()> {
    let world = World::start()?;
    let good = input("amount", "FP32", &json!([1])).to_string();
    let large = format!("{good}{}", " ".repeat(100_000));
    let rows = vec!["1"; 65].join(",");
    let rows = format!(
        r#"{{"inputs": [{{"name": "amount", "shape": [65], "datatype": "INT8", "data": [{rows}]}}]}}"#
    );
    for (method, path, body, code) in [
        ("POST", INFER, "nonsense", 400),
        (
            "POST",
            INFER,
            r#"{"inputs": [{"name": "country", "shape": [1], "datatype": "INT8", "data": [3]}]}"#,
            400,
        ),
        ("POST", "/v1/predict", "{}", 400),
        ("GET", "/v2/models/other", "", 404),
        ("POST", "/v2/models/other/infer", &good, 404),
        ("POST", "/v2/models/shop/versions/6/infer", &good, 404),
        ("GET", "/v2/models/shop/versions/6/ready", "", 404),
        ("GET", "/v2/models/other/stats", "", 404),
        ("GET", "/v2/models/shop/versions/6/stats", "", 404),
        ("POST", "/v2/models/shop/stats", "{}", 405),
        ("GET", "/nowhere", "", 404),
        ("GET", INFER, "", 405),
        ("DELETE", "/v2/models/shop", "", 405),
        ("POST", INFER, &large, 413),
        ("POST", INFER, &rows, 413),
        ("POST", "/v2/repository/models/shop/load", "{}", 501),
        ("POST", "/v2/repository/models/shop/unload", "{}", 501),
    ] {
        let (got, answer) = json_of(&send(&world.http, method, path, &[], body.as_bytes())?)?;
        ensure!(got == code, "{method} {path}: {got} {answer}");
        ensure!(answer["error"].as_str().is_some_and(|error| !error.is_empty()), "{answer}");
    }
    let packed = send(&world.http, "POST", INFER, &[("Content-Encoding", "gzip".into())], good.as_bytes())?;
    ensure!(json_of(&packed)?.0 == 501);
    world.health.send_modify(|health| health.ready = false);
    for path in ["/v2/health/ready", "/v2/models/shop/ready"] {
        ensure!(world.get(path)?.0 == 503, "{path}");
    }
    ensure!(world.post(INFER, good.as_bytes())?.0 == 200, "who asks all the same is answered");
    Ok(())
}

#[test]
fn bodies_in_pieces_are_taken_too() -> Result<()> {
    use std::io::{Read as _, Write as _};
    let world = World::start()?;
    let body = input("amount", "FP32", &json!([1])).to_string();
    let (first, second) = body.split_at(10);
    let mut stream = std::net::TcpStream::connect(&world.http)?;
    write!(
        stream,
        "POST {INFER} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n\
         {:x}\r\n{first}\r\n{:x}\r\n{second}\r\n0\r\n\r\n",
        first.len(),
        second.len()
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Ok(())
}
