//! What the HTTP road promises, with a prior that answers: every path, status and header.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::sync::Arc;

use axum::http::{Method, Request, StatusCode};
use model::{Device, Feature, FeatureKind, Generation, Model, Objective, Schema, Target, Timestamp};
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, IntGauge, Opts};
use tokio::sync::{Semaphore, watch};

use super::*;
use crate::codec::{CodecConfig, JsonCodec};
use crate::http::Health;
use crate::oip::{Answer, Answers, FrontLimits, Meter, Names, Queue, QueueLimits, Version};

struct World {
    front: Front,
    health: watch::Sender<Health>,
}

/// A model `m` of one number and one category, of which version 7 serves and 5 was displaced.
fn world() -> World {
    let features = vec![
        Feature { name: "x".into(), kind: FeatureKind::Numeric },
        Feature { name: "c".into(), kind: FeatureKind::Categorical { buckets: 4 } },
    ];
    let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
    let schema = Arc::new(Schema::new(features, target, Objective::default()).unwrap());
    let codec = Arc::new(JsonCodec::new(Arc::clone(&schema), CodecConfig::default()).unwrap());
    let limits = QueueLimits { questions_max: 4, rows_max: 8 };
    let queue = Queue::new(limits, IntGauge::new("depth", "Rows.").unwrap());
    let model = Model::prior(schema, &[2, 6], &Device::cpu()).unwrap();
    answer_all(queue.clone(), model);
    let version =
        |number, codec: &Arc<JsonCodec>| Version { generation: Generation(number), codec: Arc::clone(codec) };
    let now = Arc::clone(&codec);
    let (health, seen) = watch::channel(Health { live: true, ready: true, ..Health::default() });
    let labels = ["protocol", "result"];
    let front = Front {
        model: "m".into(),
        current: Arc::new(move || version(7, &now)),
        displaced: Arc::new(move || Some(version(5, &codec))),
        queue,
        health: seen,
        clock: Arc::new(|| Timestamp(42)),
        limits: FrontLimits {
            requests_max: 2,
            request_bytes_max: 1_000,
            rows_max: 8,
            deadline: Duration::from_mins(1),
            connections_max: 1,
            idle: Duration::from_mins(1),
        },
        log_events: 1.0,
        holds_back: true,
        meter: Meter {
            requests: IntCounterVec::new(Opts::new("requests", "Requests."), &labels).unwrap(),
            seconds: HistogramVec::new(HistogramOpts::new("seconds", "Seconds."), &labels[..1]).unwrap(),
        },
        stats: Arc::default(),
        names: Arc::new(Names::of_run("run".into())),
        under_way: Arc::new(Semaphore::new(2)),
    };
    World { front, health }
}

/// Answers in the manner of the daemon, until the queue is closed.
fn answer_all(queue: Queue, model: Model) {
    tokio::spawn(async move {
        while let Some(questions) = queue.take(8).await {
            for question in questions {
                let rows: Vec<_> = question.rows.iter().collect();
                let outputs = model.predict(&rows).unwrap();
                let answer = |output| {
                    let decision = model::decide(model.schema(), &output);
                    Answer { output, decision, holdback: true }
                };
                let answers = outputs.into_iter().map(answer).collect();
                let generation = question.version.unwrap_or(Generation(7));
                let schema = Arc::clone(model.schema());
                question
                    .reply
                    .send(Ok(Answers { generation, schema, prior_only: true, shadow: false, answers }))
                    .ok();
            }
        }
    });
}

impl Drop for World {
    fn drop(&mut self) {
        self.front.queue.close();
    }
}

impl World {
    async fn ask(
        &self,
        method: Method,
        path: &str,
        json_bytes: Option<usize>,
        body: &[u8],
    ) -> (StatusCode, HeaderMap, Vec<u8>) {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(bytes) = json_bytes {
            request = request.header(JSON_BYTES, bytes);
        }
        let request = request.body(Full::new(Bytes::copy_from_slice(body))).unwrap();
        let (head, body) = respond(&self.front, request).await.into_parts();
        (head.status, head.headers, body.collect().await.unwrap().to_bytes().to_vec())
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let (status, _, body) = self.ask(Method::GET, path, None, b"").await;
        (status.as_u16(), serde_json::from_slice(&body).unwrap())
    }

    async fn post(&self, path: &str, body: &str) -> (u16, Value) {
        let (status, _, body) = self.ask(Method::POST, path, None, body.as_bytes()).await;
        (status.as_u16(), serde_json::from_slice(&body).unwrap())
    }
}

const INFER: &str = "/v2/models/m/infer";

fn two_rows() -> &'static str {
    r#"{"id": "a", "inputs": [{"name": "x", "shape": [2], "datatype": "FP32", "data": [1, null]},
        {"name": "c", "shape": [2, 1], "datatype": "BYTES", "data": [["u"], ["v"]]}]}"#
}

#[tokio::test]
async fn what_can_be_known_beforehand() {
    let world = world();
    assert_eq!(world.get("/v2/health/live").await, (200, json!({ "live": true })));
    assert_eq!(world.get("/v2/health/ready").await, (200, json!({ "live": true, "ready": true })));
    for path in ["/v2", "/v2/"] {
        let expected = json!({ "name": "driftform", "version": "0.1.0", "extensions": ["binary_tensor_data", "statistics"] });
        assert_eq!(world.get(path).await, (200, expected));
    }
    assert_eq!(world.get("/v2/models").await, (200, json!({ "models": ["m"] })));
    let metadata = json!({
        "name": "m", "versions": ["5", "7"], "platform": "candle_safetensors",
        "inputs": [{ "name": "x", "datatype": "FP32", "shape": [-1] }, { "name": "c", "datatype": "BYTES", "shape": [-1] }],
        "outputs": [
            { "name": "probabilities", "datatype": "FP32", "shape": [-1, 2] },
            { "name": "label", "datatype": "BYTES", "shape": [-1] },
            { "name": "holdback", "datatype": "BOOL", "shape": [-1] },
        ],
    });
    for path in ["/v2/models/m", "/v2/models/m/versions/5", "/v2/models/m/versions/7"] {
        assert_eq!(world.get(path).await, (200, metadata.clone()), "{path}");
        assert_eq!(world.get(&format!("{path}/ready")).await, (200, json!({ "name": "m", "ready": true })));
    }
    let entry = |version: &str| json!({ "name": "m", "version": version, "state": "READY", "reason": "" });
    for body in ["", "{}", r#"{"ready": true}"#] {
        assert_eq!(world.post("/v2/repository/index", body).await, (200, json!([entry("5"), entry("7")])));
    }
}

#[tokio::test]
async fn what_is_not_ready_says_so() {
    let world = world();
    world.health.send_modify(|health| health.ready = false);
    for path in ["/v2/health/ready", "/v2/models/m/ready", "/v2/models/m/versions/7/ready"] {
        let (status, body) = world.get(path).await;
        assert_eq!(status, 503);
        assert!(body["error"].as_str().unwrap().contains("not ready"), "{body}");
    }
    assert_eq!(world.post("/v2/repository/index", r#"{"ready": true}"#).await, (200, json!([])));
    assert_eq!(world.post("/v2/repository/index", "").await.1[0]["state"], "LOADING");
    assert_eq!(world.post(INFER, two_rows()).await.0, 200, "the prior answers all the same");
    world.health.send_modify(|health| health.live = false);
    assert_eq!(world.get("/v2/health/live").await.0, 503);
}

#[tokio::test]
async fn rows_are_answered_in_json() {
    let world = world();
    let (status, answer) = world.post(INFER, two_rows()).await;
    let close = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-6;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        (&answer["model_name"], &answer["model_version"], &answer["id"]),
        (&json!("m"), &json!("7"), &json!("a"))
    );
    assert_eq!(answer["parameters"], json!({ "generation": 7, "prior_only": true }));
    assert_eq!(answer["outputs"][0]["shape"], json!([2, 2]));
    assert!(
        close(&answer["outputs"][0]["data"][0], 0.3) && close(&answer["outputs"][0]["data"][3], 0.7),
        "{answer}"
    );
    let label = json!({ "name": "label", "shape": [2], "datatype": "BYTES", "data": ["yes", "yes"] });
    assert_eq!(answer["outputs"][1], label);
    assert_eq!(answer["outputs"][2]["data"], json!([true, true]));
    let (_, old) = world.post("/v2/models/m/versions/5/infer", two_rows()).await;
    assert_eq!((&old["model_version"], &old["parameters"]["generation"]), (&json!("5"), &json!(5)));
    let unnamed = two_rows().replace(r#""id": "a", "#, "");
    assert_eq!(world.post(INFER, &unnamed).await.1["id"], "run-0");
    assert_eq!(world.post(INFER, &unnamed).await.1["id"], "run-1");
    let one = two_rows().replace(r#""id": "a","#, r#""outputs": [{"name": "label"}],"#);
    assert_eq!(world.post(INFER, &one).await.1["outputs"], json!([label]));
}

#[tokio::test]
async fn raw_tensors_go_and_come() {
    let world = world();
    let json = br#"{"parameters": {"binary_data_output": true}, "outputs": [{"name": "label"},
        {"name": "probabilities", "parameters": {"binary_data": false}}, {"name": "holdback"}],
        "inputs": [{"name": "x", "shape": [1], "datatype": "FP16", "parameters": {"binary_data_size": 2}}]}"#;
    let body = [json.as_slice(), &[0, 0x3c]].concat();
    let (status, headers, answer) = world.ask(Method::POST, INFER, Some(json.len()), &body).await;
    assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&answer));
    assert_eq!(headers[header::CONTENT_TYPE], "application/octet-stream");
    let at: usize = headers[JSON_BYTES].to_str().unwrap().parse().unwrap();
    let told: Value = serde_json::from_slice(&answer[..at]).unwrap();
    assert_eq!(told["outputs"][0]["parameters"], json!({ "binary_data_size": 7 }));
    assert_eq!(told["outputs"][1]["data"].as_array().unwrap().len(), 2);
    assert_eq!(&answer[at..], [3, 0, 0, 0, b'y', b'e', b's', 1]);
}

#[tokio::test]
async fn an_event_is_answered_as_on_the_predictions_topic() {
    let world = world();
    let event = r#"{"id": "e1", "features": {"x": 2, "c": "u"}}"#;
    let (status, answer) = world.post("/v1/predict", event).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["id"], "e1");
    assert_eq!((&answer["time"], &answer["generation"]), (&json!(42), &json!(7)));
    assert_eq!((&answer["prediction"], &answer["holdback"]), (&json!("yes"), &json!(true)));
    assert!(answer["probabilities"]["no"].is_number());
    for (event, expected) in
        [("", "empty"), ("{}", "no id"), (r#"{"id": "e", "features": {"x": "y"}}"#, "`/features/x`")]
    {
        let (status, answer) = world.post("/v1/predict", event).await;
        assert!(status == 400 && answer["error"].as_str().unwrap().contains(expected), "{answer}");
    }
}

#[tokio::test]
async fn every_error_is_json_with_its_status() {
    let world = world();
    let long = format!("{{\"id\": \"{}\"}}", "x".repeat(1_000));
    let many = format!(
        r#"{{"inputs": [{{"name": "x", "shape": [9], "datatype": "UINT8", "data": {:?}}}]}}"#,
        [0; 9]
    );
    for (path, body, status, expected) in [
        (INFER, "{", 400, "not an inference request"),
        (INFER, r#"{"inputs": [], "outputs": [{"name": "labl"}]}"#, 400, "did you mean `label`?"),
        (INFER, r#"{"inputs": []}"#, 400, "no inputs"),
        (INFER, &long, 413, "longer than is read"),
        (INFER, &many, 413, "at most 8"),
        ("/v2/models/n/infer", "", 400, "not an inference request"),
        ("/v2/models/n/infer", r#"{"inputs": []}"#, 404, "no model `n`"),
        ("/v2/models/m/versions/6/infer", r#"{"inputs": []}"#, 404, "there is 7 and 5"),
        ("/v2/models/m/versions/latest/infer", "", 404, "number of a generation"),
        ("/v2/repository/index", "[", 400, "not an index request"),
        ("/v2/repository/models/m/load", "", 501, "chosen by the daemon"),
        ("/v2/repository/models/m/unload", "", 501, "chosen by the daemon"),
        ("/v2/models/m", "", 405, "GET"),
        ("/v3", "", 404, "no path"),
    ] {
        let (got, answer) = world.post(path, body).await;
        let said = answer["error"].as_str().unwrap();
        assert!(got == status && said.contains(expected), "{path} {body}: {got} {said}");
    }
    for (path, status) in
        [("/v2/models/n", 404), ("/v2/models/m/versions/6", 404), (INFER, 405), ("/%ff", 404)]
    {
        assert_eq!(world.get(path).await.0, status, "{path}");
    }
    let seen = |result| world.front.meter.requests.with_label_values(&[PROTOCOL, result]).get();
    assert_eq!((seen("too_large"), seen("method"), seen("unsupported"), seen("ok")), (2, 2, 2, 0));
}

#[tokio::test]
async fn more_than_is_taken_is_refused_at_once() {
    let world = world();
    let held = (world.front.admit().unwrap(), world.front.admit().unwrap());
    let (status, headers, _) = world.ask(Method::POST, INFER, None, two_rows().as_bytes()).await;
    assert_eq!((status, &headers[header::RETRY_AFTER]), (StatusCode::TOO_MANY_REQUESTS, &RETRY_AFTER));
    assert_eq!(world.get("/v2/health/live").await.0, 200, "a probe is answered all the same");
    drop(held);
    assert_eq!(world.post(INFER, two_rows()).await.0, 200);
    world.front.queue.close();
    assert_eq!(world.post(INFER, two_rows()).await.0, 429);
}

#[tokio::test]
async fn the_document_has_every_path_and_no_other() {
    let world = world();
    let (status, document) = world.get("/openapi.json").await;
    assert_eq!((status, &document["info"]["version"]), (200, &json!(env!("CARGO_PKG_VERSION"))));
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 18);
    for (path, operations) in paths {
        let path = path.replace("{model}", "m").replace("{version}", "7");
        for method in [Method::GET, Method::POST] {
            let known = operations.get(method.as_str().to_lowercase()).is_some();
            let found = Route::of(&method, &path);
            assert_eq!(found.is_ok(), known, "{method} {path}");
        }
    }
}
