//! What requests in JSON promise, with raw tensors behind them and without.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;
use crate::oip::error::Reason;
use crate::oip::request::Inputs;

fn tensors_of(request: &Request) -> &[Tensor] {
    match &request.inputs {
        Inputs::Tensors(tensors) => tensors,
        Inputs::Raw(_) => &[],
    }
}

#[test]
fn all_parts_are_read_and_unknown_ones_passed_over() {
    let body = br#"{"id": "r", "parameters": {"priority": 3, "binary_data_output": true}, "colour": [1, {}],
        "inputs": [{"data": [1, 2], "name": "x", "shape": [2], "datatype": "FP32", "parameters": {"hint": "x"}}],
        "outputs": [{"name": "label", "parameters": {"binary_data": false, "classification": 3}}]}"#;
    let request = read(body, None).unwrap();
    assert_eq!(request.id.as_deref(), Some("r"));
    assert!(request.binary);
    assert_eq!(request.wanted, [Wanted { name: "label".into(), binary: Some(false) }]);
    assert_eq!(tensors_of(&request)[0].data, Data::Floats(vec![1.0, 2.0]));
}

#[test]
fn raw_tensors_lie_behind_in_the_order_of_their_inputs() {
    let json = br#"{"inputs": [
        {"name": "a", "shape": [1], "datatype": "INT16", "parameters": {"binary_data_size": 2}},
        {"name": "b", "shape": [1], "datatype": "FP32", "data": [7]},
        {"name": "c", "shape": [1], "datatype": "BYTES", "parameters": {"binary_data_size": 5}}]}"#;
    let body = [json.as_slice(), &[2, 1], &[1, 0, 0, 0, b'z']].concat();
    let request = read(&body, Some(json.len())).unwrap();
    let data: Vec<_> = tensors_of(&request).iter().map(|tensor| tensor.data.clone()).collect();
    assert_eq!(data, [Data::Signed(vec![258]), Data::Floats(vec![7.0]), Data::Bytes(vec![b"z".to_vec()])]);
    for (body, at, expected) in [
        (&body[..body.len() - 1], json.len(), "4 are left"),
        (&[body.as_slice(), &[0]].concat(), json.len(), "1 bytes behind"),
        (&body, body.len() + 1, "the body has"),
        (&body, json.len() - 1, "not an inference request"),
    ] {
        let refusal = read(body, Some(at)).unwrap_err();
        assert!(refusal.message.contains(expected), "{refusal}");
    }
}

#[test]
fn a_raw_request_is_one_input_as_it_is() {
    let request = read(&[1, 2, 3], Some(0)).unwrap();
    assert!(request.binary && request.inputs == Inputs::Raw(vec![1, 2, 3]));
    assert!(read(&[], Some(0)).is_err());
}

#[test]
fn what_is_no_request_is_refused() {
    let input = |rest: &str| format!(r#"{{"inputs": [{{"name": "x", "shape": [1], {rest}}}]}}"#);
    for (body, expected) in [
        (String::new(), "not an inference request"),
        ("[]".into(), "not an inference request"),
        ("{}".into(), "inputs"),
        (r#"{"inputs": [], "id": 3}"#.into(), "string"),
        (input(r#""datatype": "FP32""#), "neither"),
        (input(r#""datatype": "FP32", "data": [1], "parameters": {"binary_data_size": 4}"#), "both"),
        (input(r#""datatype": "FP32", "parameters": {"binary_data_size": -4}"#), "not an inference request"),
        (input(r#""datatype": "FP16", "data": [1]"#), "raw bytes only"),
        (input(r#""datatype": "BF16", "data": [1]"#), "raw bytes only"),
        (input(r#""datatype": "FLOAT", "data": [1]"#), "is not one of"),
        (input(r#""datatype": "FP32", "data": []"#), "0 elements"),
        (r#"{"inputs": [], "outputs": [{"name": "a"}, {"name": "a"}]}"#.into(), "twice"),
        (format!(r#"{{"inputs": [], "id": "{}"}}"#, "i".repeat(241)), "241 bytes"),
    ] {
        let refusal = read(body.as_bytes(), None).unwrap_err();
        assert!(refusal.reason == Reason::Invalid && refusal.message.contains(expected), "{body}: {refusal}");
    }
    let many = vec![r#"{"name": "x"}"#; 17].join(",");
    let refusal = read(format!(r#"{{"inputs": [], "outputs": [{many}]}}"#).as_bytes(), None).unwrap_err();
    assert_eq!(refusal.reason, Reason::TooLarge);
}
