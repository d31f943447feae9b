//! The Open Inference Protocol on the real binary: the loop from one setting, where rows are asked about over HTTP, the daemon
//! tells the events topic itself, and labels alone make outcomes of them; and the clients that people have.

use std::path::Path;
use std::process::Command;

use adapters::kafka::Sink;
use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use tests::http::{metric, send};
use tests::process::wait_until;
use tests::scene::{DEADLINE, Scene, json_of, road_in};

const REQUESTS: usize = 20;
/// Rows of one request.
const ROWS: usize = 2;
/// Names the Python that has the clients, by `tests/peers/oip`.
const PYTHON_VARIABLE: &str = "OIP_PYTHON";
const CLIENT_SETTINGS: &str = r#"
    serve = { http_listen = "127.0.0.1:0", grpc_listen = "127.0.0.1:0", ready_when_cold = true }
    [schema]
    classes = ["no", "yes"]
    features = [
      { name = "amount", kind = "numeric" },
      { name = "country", kind = "categorical" },
      { name = "member", kind = "boolean" },
    ]
"#;
const OUTCOMES: &str = "driftform_learn_outcomes_total";
const SETTINGS: &str = r#"
    serve = { http_listen = "127.0.0.1:0", log_events = 1.0 }
    codec = { features = { colour = "/shown/in/colour" } }
    [schema]
    classes = ["small", "large"]
    features = [{ name = "x", kind = "numeric" }, { name = "colour", kind = "categorical" }]
"#;

#[test]
fn labels_alone_close_the_loop() -> Result<()> {
    let scene = Scene::set("oip", SETTINGS)?;
    let (mut daemon, pages) = scene.start()?;
    let said = daemon.tail();
    let address = address_in(&said, "http")?;
    let model = model_of(&scene)?;
    let sink = Sink::open(&scene.kafka)?;
    for number in 0..REQUESTS {
        let answer = infer(&address, model, number)?;
        ensure!(answer["id"] == format!("r{number}"), "{answer}");
        for row in 0..ROWS {
            let label = json!({ "id": format!("r{number}/{row}"), "label": if number < 10 { "small" } else { "large" } });
            sink.send(&scene.kafka.topics.labels, None, label.to_string().as_bytes(), None)?;
        }
    }
    sink.flush(DEADLINE)?;
    let wanted = (REQUESTS * ROWS) as f64;
    wait_until("every label has met its event", DEADLINE, || {
        metric(&pages, "driftform_join_outcomes_total{outcome=\"joined\"}")
            .ok()
            .filter(|joined| *joined >= wanted)
    })?;
    ensure!((metric(&pages, OUTCOMES)? - wanted).abs() < 0.5, "each row is one outcome");
    ensure!((metric(&pages, "driftform_serve_events_told_total")? - wanted).abs() < 0.5);
    let events = scene.records(&scene.kafka.topics.events)?;
    let first = events.iter().map(json_of).collect::<Result<Vec<Value>>>()?;
    let first = first.iter().find(|event| event["id"] == "r0/0").context("the first row")?;
    ensure!(first["features"] == json!({ "x": 0.0 }), "{first}");
    ensure!(first["shown"]["in"]["colour"] == "red", "{first}");
    ensure!(first["generation"].is_u64() && first["prediction"].is_string(), "{first}");
    daemon.terminate()?;
    ensure!(daemon.wait_exit(DEADLINE)?.success(), "it ends in order");
    Ok(())
}

fn infer(address: &str, model: &str, number: usize) -> Result<Value> {
    let body = json!({
        "id": format!("r{number}"),
        "inputs": [
            { "name": "x", "shape": [ROWS], "datatype": "FP32", "data": [number, number] },
            { "name": "colour", "shape": [ROWS], "datatype": "BYTES", "data": ["red", "blue"] },
        ],
    });
    let path = format!("/v2/models/{model}/infer");
    let answer = send(address, "POST", &path, &[], body.to_string().as_bytes())?;
    ensure!(answer.code == 200, "{}", String::from_utf8_lossy(&answer.body));
    Ok(serde_json::from_slice(&answer.body)?)
}

/// Where a road is answered: the daemon says so before it says where its pages are.
fn address_in(said: &str, road: &str) -> Result<String> {
    road_in(said, road).context("where the protocol is answered")
}

fn model_of(scene: &Scene) -> Result<&str> {
    scene.kafka.topics.events.strip_suffix(".events").context("topics have the model's name")
}

#[test]
fn clients_that_people_have_are_answered() -> Result<()> {
    let Some(python) = std::env::var_os(PYTHON_VARIABLE).filter(|python| !python.is_empty()) else {
        eprintln!("skipped: {PYTHON_VARIABLE} names no Python that has them");
        return Ok(());
    };
    let scene = Scene::set("oip-clients", CLIENT_SETTINGS)?;
    let (daemon, _) = scene.start()?;
    let said = daemon.tail();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("peers/oip_clients.py");
    let mut asking = Command::new(python);
    asking.arg(script).args([address_in(&said, "http")?, address_in(&said, "grpc")?]).arg(model_of(&scene)?);
    let asked = asking.output()?;
    eprint!("{}", String::from_utf8_lossy(&asked.stdout));
    ensure!(asked.status.success(), "{}", String::from_utf8_lossy(&asked.stderr));
    daemon.terminate()
}
