//! What messages of gRPC promise: every datatype in its contents, raw contents for all or none.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;
use crate::oip::request::Inputs;

fn input(datatype: Datatype, contents: InferTensorContents) -> InferInputTensor {
    let datatype = datatype.name().to_owned();
    InferInputTensor {
        name: "x".into(),
        datatype,
        shape: vec![1],
        contents: Some(contents),
        ..<_>::default()
    }
}

fn message(inputs: Vec<InferInputTensor>, raw: Vec<Vec<u8>>) -> ModelInferRequest {
    let raw_input_contents = raw.into_iter().map(Into::into).collect();
    ModelInferRequest { inputs, raw_input_contents, ..<_>::default() }
}

fn data_of(message: ModelInferRequest) -> Data {
    match read(message).unwrap().inputs {
        Inputs::Tensors(mut tensors) => tensors.remove(0).data,
        Inputs::Raw(_) => unreachable!("messages name their tensors"),
    }
}

#[test]
fn every_datatype_has_its_contents() {
    let none = InferTensorContents::default;
    let bools = InferTensorContents { bool_contents: vec![true], ..none() };
    let ints = InferTensorContents { int_contents: vec![-3], ..none() };
    let longs = InferTensorContents { int64_contents: vec![-3], ..none() };
    let uints = InferTensorContents { uint_contents: vec![3], ..none() };
    let ulongs = InferTensorContents { uint64_contents: vec![3], ..none() };
    let floats = InferTensorContents { fp32_contents: vec![0.5], ..none() };
    let doubles = InferTensorContents { fp64_contents: vec![0.5], ..none() };
    let texts = InferTensorContents { bytes_contents: vec![b"a".to_vec()], ..none() };
    for (datatype, contents, expected) in [
        (Datatype::Bool, &bools, Data::Bools(vec![true])),
        (Datatype::Int8, &ints, Data::Signed(vec![-3])),
        (Datatype::Int16, &ints, Data::Signed(vec![-3])),
        (Datatype::Int32, &ints, Data::Signed(vec![-3])),
        (Datatype::Int64, &longs, Data::Signed(vec![-3])),
        (Datatype::Uint8, &uints, Data::Unsigned(vec![3])),
        (Datatype::Uint16, &uints, Data::Unsigned(vec![3])),
        (Datatype::Uint32, &uints, Data::Unsigned(vec![3])),
        (Datatype::Uint64, &ulongs, Data::Unsigned(vec![3])),
        (Datatype::Fp32, &floats, Data::Floats(vec![0.5])),
        (Datatype::Fp64, &doubles, Data::Floats(vec![0.5])),
        (Datatype::Bytes, &texts, Data::Bytes(vec![b"a".to_vec()])),
    ] {
        let message = message(vec![input(datatype, contents.clone())], vec![]);
        assert_eq!(data_of(message), expected, "{}", datatype.name());
    }
    for datatype in [Datatype::Fp16, Datatype::Bf16] {
        let refusal = read(message(vec![input(datatype, floats.clone())], vec![])).unwrap_err();
        assert!(refusal.message.contains("raw contents only"), "{refusal}");
        assert!(read(message(vec![input(datatype, none())], vec![vec![0, 0]])).is_ok());
    }
}

#[test]
fn contents_that_do_not_fit_are_refused() {
    let none = InferTensorContents::default;
    let large = InferTensorContents { int_contents: vec![300], uint_contents: vec![300], ..none() };
    for (inputs, raw, expected) in [
        (vec![input(Datatype::Int8, large.clone())], vec![], "no INT8"),
        (vec![input(Datatype::Uint8, large.clone())], vec![], "no UINT8"),
        (vec![input(Datatype::Fp32, large.clone())], vec![], "0 elements"),
        (vec![input(Datatype::Int16, large)], vec![vec![0, 0]], "beside raw_input_contents"),
        (vec![input(Datatype::Int16, none())], vec![vec![0, 0]; 2], "2 raw_input_contents for 1 inputs"),
        (vec![input(Datatype::Int16, none())], vec![vec![0]], "1 raw bytes"),
    ] {
        let refusal = read(message(inputs, raw)).unwrap_err();
        assert!(refusal.message.contains(expected), "{refusal}");
    }
}
