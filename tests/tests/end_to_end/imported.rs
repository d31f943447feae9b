//! A first champion from a file: it answers before any label has come, the loop goes on from it, a restart goes on with the
//! state, and a file that is no such network is refused by name.

use std::path::Path;
use std::process::Command;

use adapters::kafka::Sink;
use adapters::onnx::to_bytes;
use anyhow::{Context as _, Result, ensure};
use model::onnx::{Constant, Element, Graph, Node, Numbers, Op, Port};
use serde_json::{Value, json};
use tests::http::{get, metric, send};
use tests::process::{binary, wait_until};
use tests::scene::{DEADLINE, Scene, road_in};

/// How far an answer may be from what the file says.
const TOLERANCE: f64 = 1e-5;
/// Labels after which the imported network must have learned.
const LABELS: usize = 400;
const OUTCOMES: &str = "driftform_learn_outcomes_total";
const SCHEMA: &str = r#"
    [schema]
    classes = ["small", "large"]
    features = [{ name = "x", kind = "numeric" }, { name = "y", kind = "numeric" }]
"#;

/// Two units of a `ReLU`, `10 + x + y` and `x - y`, and the sigmoid of a tenth of their difference.
fn network(bend: Op) -> Graph {
    let port = |name: &str, columns| Port { name: name.into(), element: Element::Float, columns };
    let node = |op, inputs: &[&str], output: &str| {
        let inputs = inputs.iter().map(|name| (*name).to_owned()).collect();
        Node { op, inputs, outputs: vec![output.into()] }
    };
    let table = |name: &str, shape: &[usize], numbers: &[f32]| {
        (name.to_owned(), Constant { shape: shape.to_vec(), numbers: Numbers::Float(numbers.to_vec()) })
    };
    Graph {
        inputs: vec![port("x", Some(1)), port("y", Some(1))],
        outputs: vec![port("said", Some(1))],
        constants: [
            table("w0", &[2, 2], &[1.0, 1.0, 1.0, -1.0]),
            table("b0", &[2], &[10.0, 0.0]),
            table("w1", &[2, 1], &[0.1, -0.1]),
        ]
        .into(),
        nodes: vec![
            node(Op::Concat { axis: 1 }, &["x", "y"], "both"),
            node(Op::Gemm { turned: false }, &["both", "w0", "b0"], "sums"),
            node(bend, &["sums"], "units"),
            node(Op::MatMul, &["units", "w1"], "logit"),
            node(Op::Sigmoid, &["logit"], "said"),
        ],
        notes: [].into(),
    }
}

/// What the file says of `large`.
fn expected(x: f64, y: f64) -> f64 {
    let logit = 0.1 * (10.0 + x + y).max(0.0) - 0.1 * (x - y).max(0.0);
    1.0 / (1.0 + (-logit).exp())
}

fn settings(model: &Path) -> String {
    format!(
        r#"
        serve = {{ http_listen = "127.0.0.1:0", log_events = 1.0 }}
        cold_start = {{ outcomes = 50, model = {:?} }}
        {SCHEMA}
        "#,
        model.display().to_string()
    )
}

/// Asks about one row: the generation, and what is said of `large`.
fn ask(address: &str, model: &str, id: &str, (x, y): (f64, f64)) -> Result<(String, f64)> {
    let body = json!({
        "id": id,
        "inputs": [
            { "name": "x", "shape": [1], "datatype": "FP32", "data": [x] },
            { "name": "y", "shape": [1], "datatype": "FP32", "data": [y] },
        ],
    });
    let path = format!("/v2/models/{model}/infer");
    let answer = send(address, "POST", &path, &[], body.to_string().as_bytes())?;
    ensure!(answer.code == 200, "{}", String::from_utf8_lossy(&answer.body));
    let answer: Value = serde_json::from_slice(&answer.body)?;
    let outputs = answer["outputs"].as_array().context("outputs")?;
    let probabilities = outputs.iter().find(|output| output["name"] == "probabilities");
    let said = probabilities.and_then(|output| output["data"][1].as_f64());
    Ok((answer["model_version"].to_string(), said.with_context(|| format!("no probabilities in {answer}"))?))
}

#[test]
fn a_network_from_a_file_serves_at_once_and_learns_on() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("first.onnx");
    std::fs::write(&path, to_bytes(&network(Op::Relu)))?;
    let scene = Scene::set("import", &settings(&path))?;
    let (mut daemon, pages) = scene.start()?;
    ensure!(get(&pages, "/readyz")?.0 == 200, "it has a champion, but is not ready");
    let said = daemon.tail();
    ensure!(said.contains("the first champion is 2 relu"), "{said}");
    let road = road_in(&said, "http").context("where the protocol is answered")?;
    let model = scene.kafka.topics.events.strip_suffix(".events").context("topics have the model's name")?;
    for (at, row) in [(0.0, 0.0), (1.5, -2.0), (-3.0, 2.5), (7.0, 0.25)].into_iter().enumerate() {
        let (version, said) = ask(&road, model, &format!("first-{at}"), row)?;
        ensure!(version.contains('1'), "generation {version} answers, where the first champion is the first");
        let wanted = expected(row.0, row.1);
        ensure!((said - wanted).abs() <= TOLERANCE, "{said} of {row:?}, where the file says {wanted}");
    }
    learns(&scene, &pages, &road, model)?;
    daemon.terminate()?;
    ensure!(daemon.wait_exit(DEADLINE)?.success(), "it ends in order");

    // The file may be gone by now: the state goes on without it.
    std::fs::remove_file(&path)?;
    let (daemon, pages) = scene.start()?;
    ensure!(daemon.tail().contains("is not read: there is a state already"), "{}", daemon.tail());
    let outcomes = metric(&pages, OUTCOMES)?;
    ensure!(outcomes >= LABELS as f64, "{outcomes} outcomes are left of {LABELS}");
    daemon.terminate()
}

/// Labels say the opposite of the file, and its network follows them.
fn learns(scene: &Scene, pages: &str, road: &str, model: &str) -> Result<()> {
    let sink = Sink::open(&scene.kafka)?;
    let row = |at: usize| (((at * 7) % 20) as f64 / 10.0 - 1.0, ((at * 11) % 20) as f64 / 10.0 - 1.0);
    for at in 0..LABELS {
        ask(road, model, &format!("r{at}"), row(at))?;
        let label = json!({ "id": format!("r{at}"), "label": "small" });
        sink.send(&scene.kafka.topics.labels, None, label.to_string().as_bytes(), None)?;
    }
    sink.flush(DEADLINE)?;
    wait_until("all labels learned", DEADLINE, || {
        metric(pages, OUTCOMES).ok().filter(|outcomes| *outcomes >= LABELS as f64)
    })?;
    wait_until("the answers follow the labels", DEADLINE, || {
        let (_, said) = ask(road, model, "after", (0.0, 0.0)).ok()?;
        (said < 0.5).then_some(())
    })
}

#[test]
fn a_file_that_is_no_such_network_is_refused_by_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("sine.onnx");
    std::fs::write(&path, to_bytes(&network(Op::Sin)))?;
    let scene = Scene::set("import-refused", &settings(&path))?;
    let mut check = Command::new(binary()?);
    check.arg("check").arg("--config").arg(scene.config());
    for mut command in [scene.command()?, check] {
        let output = command.output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.code() == Some(2), "{}: {said}", output.status);
        ensure!(said.contains("`cold_start.model`") && said.contains("`Sin`, which makes `units`"), "{said}");
    }
    Ok(())
}
