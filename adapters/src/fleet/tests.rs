//! What is told is read as it was meant, and nothing else gets in.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

fn artifact(generation: u64) -> Artifact {
    let name = format!("e000001-g{generation:010}-0123456789abcdef");
    Artifact { name, sha256: "0123456789abcdef".repeat(4), generation: Generation(generation) }
}

fn dispatch() -> Dispatch {
    let canary = Canary { artifact: artifact(8), share: 0.25, since: Generation(8) };
    Dispatch::new("fraud", [3, 1], Occasion::Promotion, Timestamp(1_000), artifact(7)).with(Some(canary))
}

fn bytes(dispatch: &Dispatch) -> Vec<u8> {
    dispatch.encode().expect("it can be written")
}

fn refused(change: impl FnOnce(&mut Value), why: &str) {
    let mut json: Value = serde_json::from_slice(&bytes(&dispatch())).expect("it is JSON");
    change(&mut json);
    let error = Dispatch::decode(json.to_string().as_bytes()).expect_err(why).to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn it_reads_back_as_it_was_told() {
    let told = dispatch();
    assert_eq!(Dispatch::decode(&bytes(&told)).expect("it reads"), told);
    let plain = told.with(None);
    let json: Value = serde_json::from_slice(&bytes(&plain)).expect("it is JSON");
    assert_eq!(json["occasion"], "promotion");
    assert!(json.get("canary").is_none(), "{json}");
    assert_eq!(Dispatch::decode(&bytes(&plain)).expect("it reads"), plain);
}

#[test]
fn what_cannot_be_followed_is_refused_with_the_reason() {
    refused(|json| json["format"] = json!(2), "has format 2");
    refused(|json| json["everyone"]["name"] = json!("../elsewhere"), "`../elsewhere` cannot be a name");
    refused(|json| json["canary"]["artifact"]["name"] = json!(""), "cannot be a name");
    refused(|json| json["everyone"]["sha256"] = json!("abc"), "`abc` is not a SHA-256");
    refused(|json| json["canary"]["share"] = json!(1.5), "a share of 1.5");
    refused(|json| json["occasion"] = json!("whim"), "unknown variant");
    refused(|json| json["everyone"] = Value::Null, "not a dispatch");
    refused(|json| json["more"] = json!("x".repeat(DISPATCH_BYTES_MAX)), "at most");
}

proptest! {
    #[test]
    fn whatever_comes_is_read_or_refused(mut bytes in Just(bytes(&dispatch())), at: prop::sample::Index, byte: u8, cut: prop::sample::Index) {
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(cut.index(bytes.len() + 1));
        if let Ok(read) = Dispatch::decode(&bytes) {
            prop_assert!(read.artifacts().all(|artifact| !artifact.name.contains('/')));
        }
    }
}
