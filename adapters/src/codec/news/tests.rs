//! What is found in records that the schema does not have.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests may, and nothing is rounded here")]

use std::sync::Arc;

use model::{Objective, Schema, Target, Timestamp};

use super::*;
use crate::codec::CodecConfig;

const NOW: Timestamp = Timestamp(1_000);

/// A codec that reads `x` from its own place, and the id from among the features.
fn codec() -> JsonCodec {
    let x = Feature { name: "x".into(), kind: FeatureKind::Numeric };
    let target = Target::Classification { classes: vec!["1".into(), "2".into()] };
    let schema = Schema::new(vec![x], target, Objective::default()).unwrap();
    let mut config = CodecConfig::default();
    config.event.id = Pointer::new("/features/key").unwrap();
    config.event.features.insert("x".into(), Pointer::new("/features/deep/0").unwrap());
    JsonCodec::new(Arc::new(schema), config).unwrap()
}

fn news(json: &str) -> Vec<Addition> {
    codec().news(&codec().decode_event(json.as_bytes(), NOW).unwrap())
}

#[test]
fn a_field_without_a_meaning_is_a_feature_of_its_values_kind() {
    let found = news(r#"{"features":{"key":"e1","deep":[0.5],"z":"de","y":2,"b":false}}"#);
    let of = |name: &str, kind| Addition::Feature(Feature { name: name.into(), kind });
    let categorical = FeatureKind::Categorical { buckets: BUCKETS_DEFAULT };
    assert_eq!(found, [of("b", FeatureKind::Boolean), of("y", FeatureKind::Numeric), of("z", categorical)]);
}

#[test]
fn what_has_a_meaning_already_or_cannot_be_read_is_not_new() {
    assert_eq!(news(r#"{"features":{"key":"e1","deep":[0.5],"x":7}}"#), []);
    assert_eq!(news(r#"{"features":{"key":"e1","n":null,"o":{},"l":[1],"huge":1e300,"":1}}"#), []);
    let long = "n".repeat(NAME_BYTES_MAX + 1);
    assert_eq!(news(&format!(r#"{{"features":{{"key":"e1","{long}":1}}}}"#)), []);
    assert_eq!(news(r#"{"features":{"key":"e1"},"y":1}"#), []);
}

#[test]
fn once_taken_it_is_read_like_anything_else() {
    let json = br#"{"features":{"key":"e1","deep":[0.5],"y":2}}"#;
    let narrow = codec();
    let event = narrow.decode_event(json, NOW).unwrap();
    assert_eq!(event.sample.row.values(), [0.5]);
    let wider = narrow.widened(Arc::new(narrow.schema().with(&narrow.news(&event)[0]).unwrap()));
    let event = wider.decode_event(json, NOW).unwrap();
    assert_eq!((event.sample.row.values(), wider.news(&event)), ([0.5, 2.0].as_slice(), vec![]));
}

#[test]
fn the_class_of_a_refused_label() {
    let class = |json: &str| codec().class_of_label(json.as_bytes(), NOW.into());
    let named = |name: &str| Some(Addition::Class(name.into()));
    assert_eq!(class(r#"{"id":"e1","label":"blue"}"#), named("blue"));
    assert_eq!(class(r#"{"id":"e1","label":3.0}"#), named("3"));
    assert_eq!(class(r#"{"id":"e1","label":"3.0"}"#), named("3.0"));
    assert_eq!(class(r#"{"id":"e1","label":""}"#), None);
    assert_eq!(class(r#"{"id":"e1","label":[1]}"#), None);
    assert_eq!(class(r#"{"id":"e1"}"#), None);
}
