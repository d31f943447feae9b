//! What an import promises: the first champion is what the file says, and a file that is something else is refused saying
//! what.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::fs;
use std::path::PathBuf;

use adapters::onnx::to_bytes;
use model::onnx::{Categories, Constant, Element, Graph, Node, Numbers, Op, Port};
use model::{Feature, Objective};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::*;

/// Files that are cut or turned over, of each kind.
const DAMAGED: usize = 300;
const SCHEMA: &str = r#"
    [schema]
    classes = ["no", "yes"]
    features = [{ name = "x", kind = "numeric" }, { name = "flag", kind = "boolean" }]
"#;

/// A configuration whose first champion is this file.
fn config(path: &Path, more: &str) -> Config {
    let text = format!("cold_start = {{ model = {:?} }}\n{more}\n{SCHEMA}", path.display().to_string());
    Config::parse(&text).unwrap()
}

fn schema(names: [&str; 2]) -> Arc<Schema> {
    let kinds = [FeatureKind::Numeric, FeatureKind::Boolean];
    let features = names.into_iter().zip(kinds).map(|(name, kind)| Feature { name: name.into(), kind });
    let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
    Arc::new(Schema::new(features.collect(), target, Objective::default()).unwrap())
}

fn prior(names: [&str; 2]) -> Model {
    Model::prior(schema(names), &[1, 3], &Device::cpu()).unwrap()
}

/// `x W + b` through this operator, and a second table.
fn graph(bend: Op) -> Graph {
    let port = |name: &str| Port { name: name.into(), element: Element::Float, columns: Some(2) };
    let node = |op, inputs: &[&str], output: &str| {
        let inputs = inputs.iter().map(|name| (*name).to_owned()).collect();
        Node { op, inputs, outputs: vec![output.into()] }
    };
    let gemm = || Op::Gemm { turned: false };
    let nodes = vec![
        node(gemm(), &["x", "w0", "b0"], "s0"),
        node(bend, &["s0"], "h0"),
        node(gemm(), &["h0", "w1", "b1"], "s1"),
        node(Op::Softmax { axis: -1 }, &["s1"], "y"),
    ];
    let table = |shape: &[usize], numbers: &[f32]| Constant {
        shape: shape.to_vec(),
        numbers: Numbers::Float(numbers.to_vec()),
    };
    let constants = [
        ("w0", table(&[2, 3], &[1.0, -1.0, 0.5, 2.0, 0.0, -0.5])),
        ("b0", table(&[3], &[0.1, 0.2, -0.3])),
        ("w1", table(&[3, 2], &[1.0, -1.0, 0.5, -0.5, 0.25, 0.75])),
        ("b1", table(&[2], &[0.0, 0.4])),
    ];
    let constants = constants.into_iter().map(|(name, constant)| (name.to_owned(), constant)).collect();
    let notes = std::collections::BTreeMap::new();
    Graph { inputs: vec![port("x")], outputs: vec![port("y")], constants, nodes, notes }
}

fn written(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn read_from(path: &Path) -> Result<Imported> {
    Ok(first_champion(&config(path, ""))?.unwrap())
}

#[track_caller]
fn assert_refused(path: &Path, expected: &str) {
    let Err(error) = read_from(path) else { panic!("it is not refused") };
    assert!(error.is::<ConfigError>(), "{error:?}");
    let told = error.to_string();
    assert!(told.contains(expected), "{told}");
    assert!(told.contains("`cold_start.model`") && told.contains(&path.display().to_string()), "{told}");
}

#[test]
fn without_a_name_there_is_none() {
    assert!(first_champion(&Config::parse(SCHEMA).unwrap()).unwrap().is_none());
}

#[test]
fn a_network_of_others_is_read_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "mlp.onnx", &to_bytes(&graph(Op::Relu)));
    let Imported { model, told } = read_from(&path).unwrap();
    assert!(told.contains("3 relu") && told.contains("of 512 rows, within"), "{told}");
    assert!(told.contains("on which scale `x` is (1 such features)"), "{told}");
    let said = model.predict(&[&Row::new(vec![2.0, 1.0]).unwrap()]).unwrap();
    // Units 4.1, 0 and 0.2; logits 4.15 and -3.55.
    let expected = 1.0 / (1.0 + (4.15_f32 + 3.55).exp());
    assert!((said[0].0[1] - expected).abs() < 1e-6, "{said:?}");
}

#[test]
fn history_says_the_scale_where_the_file_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(folder.path(), "mlp.onnx", &to_bytes(&graph(Op::Tanh)));
    let rows = (0..50).map(|at| format!("{},true,no\n{},false,yes\n", 100 + at, 100 - at));
    let rows = rows.collect::<Vec<_>>().concat();
    let history = written(folder.path(), "history.csv", format!("x,flag,class\n{rows}").as_bytes());
    let mut config = config(&path, "");
    config.history = Some(history);
    let Imported { model, told } = first_champion(&config).unwrap().unwrap();
    assert!(!told.contains("scale"), "{told}");
    let said = model.predict(&[&Row::new(vec![100.0, 0.0]).unwrap()]).unwrap();
    let far = model.predict(&[&Row::new(vec![150.0, 0.0]).unwrap()]).unwrap();
    assert!((said[0].0[0] - far[0].0[0]).abs() < 1e-5, "all units are saturated: {said:?} {far:?}");
}

#[test]
fn what_driftform_exported_comes_back_in_each_form() {
    let folder = tempfile::tempdir().unwrap();
    let model = prior(["x", "flag"]);
    let row = Row::new(vec![0.5, 1.0]).unwrap();
    let own = folder.path().join("own");
    fs::create_dir(&own).unwrap();
    for (name, bytes) in model.to_files().unwrap() {
        written(&own, &name, &bytes);
    }
    let onnx = to_bytes(&model.to_graph(&Categories::default()).unwrap());
    let onnx = written(folder.path(), "own.onnx", &onnx);
    for path in [own.clone(), own.join(MANIFEST_FILE), own.join(TENSORS_FILE), onnx] {
        let back = read_from(&path).unwrap().model;
        assert_eq!(back.predict(&[&row]).unwrap(), model.predict(&[&row]).unwrap(), "{}", path.display());
    }
}

#[test]
fn a_model_of_another_stream_is_refused_saying_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in prior(["y", "flag"]).to_files().unwrap() {
        written(folder.path(), &name, &bytes);
    }
    assert_refused(
        folder.path(),
        "only the model has `y` (numeric); only the configuration has `x` (numeric)",
    );
}

#[test]
fn what_cannot_be_read_is_refused_naming_it() {
    let folder = tempfile::tempdir().unwrap();
    assert_refused(&folder.path().join("nowhere.onnx"), "it cannot be read");
    assert_refused(&written(folder.path(), "text.onnx", b"not a model"), "not an ONNX file");
    let sine = written(folder.path(), "sine.onnx", &to_bytes(&graph(Op::Sin)));
    assert_refused(&sine, "`Sin`, which makes `h0`: the operator is not accepted here; accepted are Gemm");
    let manifest = written(folder.path(), MANIFEST_FILE, b"{}");
    assert_refused(&manifest, "is not a manifest");
}

/// Whatever was done to a file, it is refused or read, and what is read says what it says of itself.
#[test]
fn damaged_files_are_refused_or_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = Pcg64::seed_from_u64(11);
    let own = prior(["x", "flag"]).to_graph(&Categories::default()).unwrap();
    for bytes in [to_bytes(&graph(Op::Gelu)), to_bytes(&own)] {
        let mut refused = 0;
        for round in 0..DAMAGED {
            let mut damaged = bytes.clone();
            if round % 3 == 0 {
                damaged.truncate(rng.random_range(0..bytes.len()));
            } else {
                let at = rng.random_range(0..bytes.len());
                damaged[at] ^= 1 << rng.random_range(0..8);
            }
            refused += usize::from(read_from(&written(folder.path(), "damaged.onnx", &damaged)).is_err());
        }
        assert!(refused >= DAMAGED / 3, "only {refused} of {DAMAGED} are refused");
    }
}
