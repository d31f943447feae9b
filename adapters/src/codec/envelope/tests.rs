//! What an envelope says, held by examples in both modes of `CloudEvents`.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::sync::Arc;

use model::{Feature, FeatureKind, Objective, Schema, Target, Truth};

use super::*;
use crate::codec::{CodecConfig, JsonCodec, Told};

const NOW: Timestamp = Timestamp(1_000);

fn codec() -> JsonCodec {
    let x = Feature { name: "x".into(), kind: FeatureKind::Numeric };
    let target = Target::Classification { classes: vec!["no".into(), "yes".into()] };
    let schema = Schema::new(vec![x], target, Objective::default()).unwrap();
    JsonCodec::new(Arc::new(schema), CodecConfig::default()).unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> Envelope {
    let owned: Vec<_> =
        pairs.iter().map(|(name, value)| ((*name).to_owned(), Some(value.as_bytes().to_vec()))).collect();
    Envelope::of_headers(NOW, &owned)
}

#[test]
fn binary_mode_names_what_the_record_does_not() {
    let envelope = headers(&[
        ("ce_specversion", "1.0"),
        ("ce_id", "e1"),
        ("ce_time", "1970-01-01T00:00:05Z"),
        ("other", "x"),
    ]);
    let sample = codec().decode_sample(br#"{"features":{"x":2}}"#, envelope.clone()).unwrap();
    assert_eq!(
        (sample.id.as_str(), sample.time, sample.row.values()),
        ("e1", Timestamp(5_000), [2.0].as_slice())
    );
    let own = br#"{"id":"mine","time":7,"features":{"x":2}}"#;
    let sample = codec().decode_sample(own, envelope).unwrap();
    assert_eq!((sample.id.as_str(), sample.time), ("mine", Timestamp(7)));
}

#[test]
fn structured_mode_carries_the_record_as_its_data() {
    let event =
        br#"{"specversion":"1.0","id":"e1","source":"shop","type":"scored","time":"1970-01-01T00:00:05Z",
        "data":{"features":{"x":3},"label":"yes"}}"#;
    let event = codec().decode_event(event, NOW).unwrap();
    assert_eq!((event.sample.id.as_str(), event.sample.time), ("e1", Timestamp(5_000)));
    let label = event.label.unwrap();
    assert_eq!((label.id, label.time, label.truth), (event.sample.id, Timestamp(5_000), Truth::Class(1)));
    let empty = codec().decode_event(br#"{"specversion":"1.0","id":"e1"}"#, NOW).unwrap_err();
    assert_eq!((empty.reason(), empty), ("no_data", DecodeError::NoData));
}

#[test]
fn a_label_is_of_the_subject_not_of_the_event_that_tells_it() {
    let envelope = headers(&[("ce_id", "message-9"), ("ce_subject", "e1")]);
    let Told::Label(label) = codec().decode_label(br#"{"label":"no"}"#, envelope).unwrap() else {
        panic!("nothing is taken back")
    };
    assert_eq!((label.id.as_str(), label.time, label.truth), ("e1", NOW, Truth::Class(0)));
    let of_nobody = codec().decode_label(br#"{"label":"no"}"#, headers(&[("ce_id", "message-9")]));
    assert_eq!(of_nobody.unwrap_err().reason(), "missing_id");
}

#[test]
fn a_time_that_is_none_is_refused() {
    let error =
        codec().decode_sample(br#"{"id":1,"features":{}}"#, headers(&[("ce_time", "noon")])).unwrap_err();
    assert_eq!(error.reason(), "out_of_range");
}

#[test]
fn a_label_may_ride_in_its_event() {
    let read = |json: &str| codec().decode_event(json.as_bytes(), NOW);
    assert_eq!(read(r#"{"id":1,"features":{"x":2}}"#).unwrap().label, None);
    assert_eq!(
        read(r#"{"id":1,"features":{"x":2},"label":null}"#).unwrap().label,
        None,
        "nothing is taken back"
    );
    assert_eq!(read(r#"{"id":1,"features":{"x":2},"label":"maybe"}"#).unwrap_err().reason(), "unknown_class");
    let answered = codec().decode_sample(br#"{"id":1,"features":{"x":2},"label":"maybe"}"#, NOW).unwrap();
    assert_eq!(answered.row.values(), [2.0], "who answers does not read it");
}
