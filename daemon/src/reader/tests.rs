//! What the stream may add to the schema, and where it is taken.

use std::sync::Arc;

use adapters::codec::CodecConfig;
use model::{Feature, FeatureKind, Objective, Schema, Target};

use super::*;

fn reader(limits: Option<EvolveLimits>) -> Reader {
    let features = vec![Feature { name: "x".into(), kind: FeatureKind::Numeric }];
    let target = Target::Classification { classes: vec!["a".into(), "b".into()] };
    let schema = Schema::new(features, target, Objective::default()).expect("a small schema");
    let codec = JsonCodec::new(Arc::new(schema), CodecConfig::default()).expect("no paths are given");
    Reader::new(codec, limits)
}

fn adopting() -> Reader {
    reader(Some(EvolveLimits { features_max: 2, classes_max: 3, buckets_max: 64 }))
}

fn polled(role: TopicRole, payload: &str) -> Polled {
    Polled {
        role,
        topic: "any".into(),
        partition: 0,
        offset: 0,
        timestamp: Timestamp(0),
        key: None,
        payload: payload.into(),
        headers: Vec::new(),
    }
}

/// What one record means: an `A` for each adoption, else its first letter; `!` if it is refused.
fn read(reader: &mut Reader, role: TopicRole, payload: &str) -> (String, Vec<Record>) {
    let mut out = Vec::new();
    let refused = reader.read(&polled(role, payload), &mut out).is_err();
    let letter = |record: &Record| match record {
        Record::Adoption(_) => 'A',
        Record::Sample(_) => 'S',
        Record::Label(_) => 'L',
        Record::Retraction(_) => 'R',
        Record::Metric(_) => 'M',
    };
    (out.iter().map(letter).chain(refused.then_some('!')).collect(), out)
}

fn event(reader: &mut Reader, payload: &str) -> (String, Vec<f32>) {
    let (letters, mut out) = read(reader, TopicRole::Events, payload);
    match out.pop() {
        Some(Record::Sample(sample)) => (letters, sample.row.values().to_vec()),
        other => panic!("{other:?} is not an event"),
    }
}

#[test]
fn a_feature_is_taken_before_the_first_record_that_has_it() {
    let mut reader = adopting();
    let first = event(&mut reader, r#"{"id":"1","features":{"x":1.0,"y":2.0}}"#);
    assert_eq!(first, ("AS".into(), vec![1.0, 2.0]));
    assert_eq!(event(&mut reader, r#"{"id":"2","features":{"y":3,"x":1}}"#), ("S".into(), vec![1.0, 3.0]));
    let (letters, row) = event(&mut reader, r#"{"id":"3","features":{"x":1}}"#);
    assert!(letters == "S" && row[1].is_nan());
    let beyond = event(&mut reader, r#"{"id":"4","features":{"x":1,"y":2,"z":3}}"#);
    assert_eq!(beyond, ("S".into(), vec![1.0, 2.0]), "there is no room for a third");
}

#[test]
fn a_class_is_taken_with_its_first_label_and_no_more_than_there_is_room_for() {
    let mut reader = adopting();
    let mut label = |payload: &str| read(&mut reader, TopicRole::Labels, payload).0;
    assert_eq!(label(r#"{"id":"1","label":"a"}"#), "L");
    assert_eq!(label(r#"{"id":"2","label":"c"}"#), "AL");
    assert_eq!(label(r#"{"id":"3","label":"c"}"#), "L");
    assert_eq!(label(r#"{"id":"4","label":"d"}"#), "!");
    assert_eq!(label(r#"{"id":"5","label":[1]}"#), "!");
}

#[test]
fn a_bad_record_adds_nothing() {
    let mut reader = adopting();
    let mut events = |payload: &str| read(&mut reader, TopicRole::Events, payload).0;
    assert_eq!(events(r#"{"features":{"x":1,"y":2}}"#), "!");
    assert_eq!(events(r#"{"id":"1","features":{"x":"text","y":2}}"#), "!");
    assert_eq!(events(r#"{"id":"1","features":{"x":1,"y":2}}"#), "AS");
}

#[test]
fn a_schema_that_stays_as_it_is_ignores_fields_and_refuses_classes() {
    let mut reader = reader(None);
    assert_eq!(event(&mut reader, r#"{"id":"1","features":{"x":1.0,"y":2.0}}"#), ("S".into(), vec![1.0]));
    assert_eq!(read(&mut reader, TopicRole::Labels, r#"{"id":"2","label":"c"}"#).0, "!");
    let metric = r#"{"metric":"compute_seconds","value":1}"#;
    assert_eq!(read(&mut reader, TopicRole::Metrics, metric).0, "M");
}
