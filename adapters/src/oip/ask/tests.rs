//! What is asked has every feature in its own way; what comes back is an answer a row, or says why not.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use model::{Objective, Output};
use proptest::prelude::*;

use super::*;

fn schema(target: Target) -> Schema {
    let feature = |name: &str, kind| Feature { name: name.into(), kind };
    let features = vec![
        feature("amount", FeatureKind::Numeric),
        feature("member", FeatureKind::Boolean),
        feature("country", FeatureKind::Categorical { buckets: 4 }),
    ];
    Schema::new(features, target, Objective::default()).unwrap()
}

fn classes() -> Schema {
    schema(Target::Classification { classes: vec!["no".into(), "yes".into()] })
}

fn read(schema: &Schema, wanted: Option<&str>, outputs: &Value) -> Result<Vec<ExternalAnswer>, NoAnswer> {
    answers(schema, 2, wanted, json!({ "outputs": outputs }).to_string().as_bytes())
}

#[test]
fn each_feature_is_a_column_of_its_own_datatype() {
    let rows = [vec![json!(1.5), json!(true), json!("NL")], vec![json!(2), json!(0), json!(null)]];
    let asked = question(&classes(), &rows);
    assert_eq!(
        asked["inputs"][0],
        json!({ "name": "amount", "shape": [2], "datatype": "FP32", "data": [1.5, 2] })
    );
    assert_eq!(
        asked["inputs"][1],
        json!({ "name": "member", "shape": [2], "datatype": "BOOL", "data": [true, false] })
    );
    assert_eq!(
        asked["inputs"][2],
        json!({ "name": "country", "shape": [2], "datatype": "BYTES", "data": ["NL", ""] })
    );
    let rows = [vec![json!(null), json!(null), json!(7)], vec![json!(1), json!(true), json!("x")]];
    let asked = question(&classes(), &rows);
    assert_eq!(asked["inputs"][0]["data"], json!([null, 1]));
    assert_eq!(
        (&asked["inputs"][1]["datatype"], &asked["inputs"][1]["data"]),
        (&json!("FP32"), &json!([null, 1]))
    );
    assert_eq!(asked["inputs"][2]["data"], json!(["7", "x"]));
}

#[test]
fn the_fullest_output_is_the_answer_unless_one_is_named() {
    let outputs = json!([
        { "name": "label", "shape": [2], "datatype": "BYTES", "data": ["yes", "no"] },
        { "name": "odds", "shape": [2, 2], "datatype": "FP32", "data": [[0.25, 0.75], [1, 0]] },
    ]);
    let odds = [[0.25, 0.75], [1.0, 0.0]].map(|odds: [f32; 2]| ExternalAnswer::Output(Output(odds.into())));
    assert_eq!(read(&classes(), None, &outputs).unwrap(), odds);
    let labels = [ExternalAnswer::Class(1), ExternalAnswer::Class(0)];
    assert_eq!(read(&classes(), Some("label"), &outputs).unwrap(), labels);
    let number = [1.0, 2.5].map(|number: f32| ExternalAnswer::Output(Output([number].into())));
    let outputs = json!([{ "name": "y", "shape": [2, 1], "datatype": "FP64", "data": [1.0, 2.5] }]);
    assert_eq!(read(&schema(Target::Regression), None, &outputs).unwrap(), number);
}

#[test]
fn what_is_no_answer_says_why() {
    for (outputs, why) in [
        (json!([]), "no output has an answer for each of 2 rows"),
        (json!([{ "name": "label", "data": ["yes"] }]), "label of 1"),
        (json!([{ "name": "label", "data": ["yes", "maybe"] }]), "declared class"),
        (json!([{ "name": "odds", "data": [0.5, 0.9, 0.5, 0.5] }]), "add up to 1"),
        (json!([{ "name": "deep", "data": [[[[[1]]]]] }]), "too deep"),
        (json!("text"), "invalid type"),
    ] {
        let error = read(&classes(), None, &outputs).unwrap_err().to_string();
        assert!(error.contains(why), "{outputs}: {error}");
    }
}

proptest! {
    #[test]
    fn no_answer_panics(rows in 0_usize..4, body in prop::collection::vec(any::<u8>(), 0..200)) {
        drop(answers(&classes(), rows, None, &body));
    }
}

/// A server that hears one request and answers so, or never does.
fn server(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut bytes = [0; 4_096];
        drop(stream.read(&mut bytes));
        match answer {
            Some(answer) => drop(stream.write_all(answer.as_bytes())),
            // Says nothing until the other side gives up.
            None => drop(stream.read_to_end(&mut Vec::new())),
        }
    });
    url
}

#[test]
fn a_server_that_refuses_hangs_or_is_not_there_is_no_answer() {
    let ask = |url: String| {
        let config = AskConfig { url, model: "m".into(), output: None, timeout: Duration::from_millis(500) };
        Asker::new(config).ask(&classes(), &[vec![json!(1), json!(true), json!("NL")]])
    };
    let said = "HTTP/1.1 503 x\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbusy";
    assert_eq!(ask(server(Some(said))), Err(NoAnswer::Refused { code: 503, said: "busy".into() }));
    assert_eq!(ask(server(None)), Err(NoAnswer::TimedOut));
    assert!(matches!(ask("http://127.0.0.1:1".into()), Err(NoAnswer::Unreachable(_))));
}
