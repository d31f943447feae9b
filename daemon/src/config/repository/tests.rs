//! What a repository and a bucket may be called, and what is refused by name.

use super::*;
use crate::config::Config;

fn read(settings: &str) -> Result<Config, String> {
    let schema = "[schema]\nclasses = [\"a\", \"b\"]\nfeatures = [{ name = \"x\", kind = \"numeric\" }]";
    Config::parse(&format!("model = {{ name = \"fraud\" }}\n{settings}\n{schema}"))
        .map_err(|error| error.to_string())
}

#[track_caller]
fn assert_refused(settings: &str, expected: &str) {
    let refused = read(settings).expect_err(settings);
    assert!(refused.contains(expected), "{refused}");
}

#[test]
fn there_is_none_unless_it_is_somewhere() {
    assert_eq!(read("").expect("the defaults").repository, None);
    let read =
        read("repository = { location = \"/models\", onnxruntime = \"/lib.so\" }").expect("a repository");
    let repository = read.repository.expect("it is somewhere");
    assert_eq!(repository.location, Location::Directory("/models".into()));
    assert_eq!((repository.name.as_str(), repository.keep), ("fraud", 3));
    assert_eq!(repository.refresh, Some(Duration::from_hours(1)));
    let library = Some("/lib.so".into());
    assert_eq!(repository.format, RepositoryFormat::Onnx { categories: None, library });
}

#[test]
fn weights_need_nobody_who_reads_them_and_may_be_left_to_swaps() {
    let settings =
        "repository = { location = \"m\", format = \"safetensors\", refresh_seconds = 0, name = \"a\" }";
    let repository = read(settings).expect("valid").repository.expect("it is somewhere");
    assert_eq!((repository.format, repository.refresh), (RepositoryFormat::Safetensors, None));
    assert_eq!(repository.name, "a");
}

#[test]
fn what_makes_no_sense_is_refused_by_name() {
    assert_refused(
        "repository = { location = \"m\" }",
        "`repository.onnxruntime`, or set `repository.unchecked`",
    );
    let both = "repository = { location = \"m\", onnxruntime = \"l\", unchecked = true }";
    assert_refused(both, "take one of them away");
    assert_refused("repository = { format = \"pickle\" }", "`repository.format` is `pickle`");
    assert_refused("repository = { keep = 0 }", "`repository.keep` is 0");
    assert_refused("repository = { refresh_seconds = -1 }", "`repository.refresh_seconds`");
    assert_refused("repository = { name = \"../a\" }", "`repository.name` is `../a`");
    assert_refused("repository = { load = \"triton:8000\" }", "`repository.load` is `triton:8000`");
    assert_refused("repository = { load = \"http://me:secret@triton\" }", "`repository.load` names a user");
    assert_refused("s3 = { endpoint = \"http://minio:9000\" }", "or set `s3.allow_http`");
    assert_refused("s3 = { access_key_id_file = \"/id\" }", "give both `s3.access_key_id_file`");
    assert_refused("s3 = { timeout_seconds = 0.0 }", "`s3.timeout_seconds` is 0");
}

#[test]
fn what_is_refused_tells_no_password() {
    let refused = read("s3 = { endpoint = \"https://me:secret@minio\" }").expect_err("it names a user");
    assert!(refused.contains("`s3.endpoint` names a user") && !refused.contains("secret"), "{refused}");
}
