//! Formats, what is inferred from them, and what is said about broken ones.

use std::io::Write as _;
use std::path::PathBuf;

use model::{FeatureKind, Target, Truth};

use super::{InferOptions, Rows, Task, infer};

fn file(name: &str, content: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join(name);
    std::fs::File::create(&path).expect("it can be created").write_all(content).expect("it can be written");
    (folder, path)
}

const CSV: &str = "amount,country,ok,class\n1.5,NL,true,1\n,DE,false,0\n2,NL,true,1\n";

#[test]
fn a_csv_tells_its_columns_and_rows() {
    let (_folder, path) = file("a.csv", CSV.as_bytes());
    let found = infer(&path, &InferOptions::default()).expect("it can be read");
    let kinds: Vec<_> = found.schema.features().iter().map(|feature| feature.kind).collect();
    assert_eq!(kinds, [FeatureKind::Numeric, FeatureKind::Categorical { buckets: 4 }, FeatureKind::Boolean]);
    assert_eq!(found.schema.target(), &Target::Classification { classes: vec!["0".into(), "1".into()] });
    assert_eq!((found.target.as_str(), found.rows), ("class", 3));
    let rows: Vec<_> = Rows::open(&path, &found.schema, "class").expect("it opens").collect();
    let (row, truth) = rows[1].as_ref().expect("a good row");
    assert!(row.values()[0].is_nan() && row.values()[2] == 0.0);
    assert_eq!(*truth, Truth::Class(0));
}

#[test]
fn the_same_rows_come_from_json_lines_compressed_or_not() {
    let lines = "{\"x\": 1, \"y\": \"a\"}\n\n{\"x\": null, \"y\": \"b\"}\n";
    let compressed = zstd::encode_all(lines.as_bytes(), 1).expect("it compresses");
    for (name, content) in [("a.jsonl", lines.as_bytes()), ("a.ndjson.zst", &compressed)] {
        let (_folder, path) = file(name, content);
        let found = infer(&path, &InferOptions::default()).expect("it can be read");
        assert_eq!((found.rows, found.schema.features().len()), (2, 1));
    }
}

#[test]
fn many_numbers_are_a_regression_unless_told_otherwise() {
    let rows: String = (0..60).map(|value| format!("1,{value}\n")).collect();
    let (_folder, path) = file("a.csv", format!("x,y\n{rows}").as_bytes());
    let with = |task| infer(&path, &InferOptions { target: None, task }).expect("it can be read");
    assert_eq!(with(None).schema.target(), &Target::Regression);
    assert_eq!(with(Some(Task::Classification)).schema.target().outputs(), 60);
}

#[test]
fn broken_files_are_named_with_their_line() {
    let cases: [(&str, &[u8], &str); 5] = [
        ("a.txt", b"x", "unknown ending"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"x,y\n1\n", "line 2"),
        ("a.jsonl", b"{\"x\": 1}\nnot json\n", "line 2: is not JSON"),
        ("a.csv.zst", b"not zstd", "a.csv.zst"),
    ];
    for (name, content, expected) in cases {
        let (_folder, path) = file(name, content);
        let error = infer(&path, &InferOptions::default()).expect_err("it is broken").to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn a_wrong_target_names_the_nearest_column() {
    let (_folder, path) = file("a.csv", CSV.as_bytes());
    let options = InferOptions { target: Some("clas".into()), task: None };
    let error = infer(&path, &options).expect_err("no such column").to_string();
    assert!(error.contains("did you mean `class`?"), "{error}");
}
