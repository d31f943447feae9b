//! What codec promises, held by examples and properties.

#![allow(clippy::unwrap_used, clippy::float_cmp, reason = "tests may, and nothing is rounded here")]

use std::sync::Arc;

use model::{
    EventId, Feature, FeatureKind, Generation, Label, Objective, Output, Reading, Retraction, Schema, Target,
    Timestamp, Truth, category_value,
};
use proptest::prelude::*;

use super::*;

const NOW: Timestamp = Timestamp(1_000);

fn feature(name: &str, kind: FeatureKind) -> Feature {
    Feature { name: name.into(), kind }
}

fn schema(target: Target) -> Arc<Schema> {
    let features = vec![
        feature("amount", FeatureKind::Numeric),
        feature("a/b~c", FeatureKind::Boolean),
        feature("country", FeatureKind::Categorical { buckets: 16 }),
    ];
    Arc::new(Schema::new(features, target, Objective::default()).unwrap())
}

fn classes(names: &[&str]) -> Target {
    Target::Classification { classes: names.iter().map(ToString::to_string).collect() }
}

fn codec() -> JsonCodec {
    JsonCodec::new(schema(classes(&["0", "1", "true"])), CodecConfig::default()).unwrap()
}

fn sample_error(json: &str) -> DecodeError {
    codec().decode_sample(json.as_bytes(), NOW).unwrap_err()
}

fn label(json: &str) -> Result<Truth, DecodeError> {
    codec().decode_label(json.as_bytes(), NOW).map(|told| match told {
        Told::Label(label) => label.truth,
        Told::Retraction(_) => panic!("nothing is taken back"),
    })
}

#[test]
fn a_whole_event() {
    let json =
        br#"{"id":"e1","time":"1970-01-01T00:00:02Z","features":{"amount":1.5,"a/b~c":true,"country":"de"}}"#;
    let sample = codec().decode_sample(json, NOW).unwrap();
    assert_eq!(sample.id.as_str(), "e1");
    assert_eq!(sample.time, Timestamp(2_000));
    assert_eq!(sample.row.values(), [1.5, 1.0, category_value("de", 16)]);
}

#[test]
fn absent_and_null_are_missing_and_the_received_time_counts() {
    let sample = codec().decode_sample(br#"{"id":7,"time":null,"features":{"amount":null}}"#, NOW).unwrap();
    assert_eq!(sample.id.as_str(), "7");
    assert_eq!(sample.time, NOW);
    assert!(sample.row.values().iter().all(|value| value.is_nan()));
}

#[test]
fn paths_can_be_configured() {
    let config: CodecConfig = serde_json::from_value(serde_json::json!({
        "event": { "id": "/key", "features": { "amount": "/rows/0/x" } },
        "label": { "value": "" },
    }))
    .unwrap();
    let codec = JsonCodec::new(schema(Target::Regression), config).unwrap();
    let sample = codec.decode_sample(br#"{"key":"e","rows":[{"x":3}]}"#, NOW).unwrap();
    assert_eq!(sample.row.values()[0], 3.0);
}

#[test]
fn a_bad_configuration_is_named() {
    let unknown =
        serde_json::from_value::<CodecConfig>(serde_json::json!({ "event": { "identity": "/id" } }));
    assert!(unknown.unwrap_err().to_string().contains("identity"));
    let pointer = serde_json::from_value::<CodecConfig>(serde_json::json!({ "event": { "id": "id" } }));
    assert!(pointer.unwrap_err().to_string().contains("`id` is not a JSON pointer"));
    assert!(Pointer::new("/a~2").is_err());

    let mut config = CodecConfig::default();
    config.event.features.insert("amuont".into(), Pointer::new("/x").unwrap());
    let error = JsonCodec::new(schema(Target::Regression), config).unwrap_err();
    assert!(error.to_string().ends_with("did you mean `amount`?"), "{error}");
}

#[test]
fn every_bad_event_has_its_reason_and_its_place() {
    for (json, reason, mention) in [
        ("", "empty", "empty"),
        ("{", "not_json", "EOF"),
        (r#"{"id":"a","features":{"amount":NaN}}"#, "not_json", "`NaN` and `Infinity` are not JSON"),
        (r#"{"id":"a","features":{"amount":-Infinity}}"#, "not_json", "write null"),
        (r#"{"id":"a","features":{"amount":1e999}}"#, "out_of_range", "number out of range"),
        (r#"{"id":"a","features":{"amount":1e39}}"#, "out_of_range", "`/features/amount`"),
        (
            r#"{"id":"a","features":{"amount":"3"}}"#,
            "wrong_type",
            r#"the string "3" at `/features/amount`; a number"#,
        ),
        (r#"{"id":"a","features":{"amount":true}}"#, "wrong_type", "the boolean true"),
        (r#"{"id":"a","features":{"a/b~c":2}}"#, "out_of_range", "`/features/a~1b~0c`"),
        (r#"{"id":"a","features":{"a/b~c":"yes"}}"#, "wrong_type", "true, false, 1 or 0"),
        (r#"{"id":"a","features":{"country":{}}}"#, "wrong_type", "an object"),
        (r#"{"features":{}}"#, "missing_id", "`/id`"),
        (r#"{"id":null}"#, "missing_id", "`/id`"),
        (r#"{"id":""}"#, "out_of_range", "1 to 256 bytes"),
        (r#"{"id":1.5}"#, "wrong_type", "a string or an integer"),
        (r#"{"id":"a","time":"yesterday"}"#, "out_of_range", "RFC 3339"),
        (r#"{"id":"a","time":1772362800000000}"#, "out_of_range", "milliseconds"),
        (r#"{"id":"a","time":true}"#, "wrong_type", "`/time`"),
        ("[]", "missing_id", "`/id`"),
    ] {
        let error = sample_error(json);
        assert_eq!(error.reason(), reason, "{json}: {error}");
        assert!(error.to_string().contains(mention), "{json}: {error}");
    }
}

#[test]
fn a_record_over_the_limit_is_not_parsed() {
    let error = codec().decode_sample(&vec![b' '; RECORD_BYTES_MAX + 1], NOW).unwrap_err();
    assert_eq!(error.reason(), "too_large");
}

#[test]
fn a_class_is_found_by_its_text() {
    for (json, index) in [("\"1\"", 1), ("1", 1), ("1.0", 1), ("0", 0), ("true", 2)] {
        assert_eq!(label(&format!(r#"{{"id":"a","label":{json}}}"#)), Ok(Truth::Class(index)), "{json}");
    }
    let error = label(r#"{"id":"a","label":"2"}"#).unwrap_err();
    assert_eq!(error.reason(), "unknown_class");
    assert!(error.to_string().contains("one of `0`, `1`, `true`"), "{error}");
    assert_eq!(label(r#"{"id":"a","label":[]}"#).unwrap_err().reason(), "wrong_type");
    assert_eq!(label(r#"{"id":"a"}"#).unwrap_err().reason(), "missing_label");
}

#[test]
fn a_number_is_a_label_too() {
    let codec = JsonCodec::new(schema(Target::Regression), CodecConfig::default()).unwrap();
    let told = codec.decode_label(br#"{"id":"a","label":2.5}"#, NOW).unwrap();
    let id = EventId::new("a").unwrap();
    assert_eq!(told, Told::Label(Label { id, time: NOW, truth: Truth::Number(2.5), revision: 0 }));
    assert_eq!(codec.decode_label(br#"{"id":"a","label":"2.5"}"#, NOW).unwrap_err().reason(), "wrong_type");
}

#[test]
fn labels_are_corrected_and_taken_back() {
    let told = |json: &str| codec().decode_label(json.as_bytes(), NOW);
    let id = EventId::new("a").unwrap();
    let corrected = Label { id: id.clone(), time: NOW, truth: Truth::Class(1), revision: 2 };
    assert_eq!(told(r#"{"id":"a","label":"1","revision":2}"#), Ok(Told::Label(corrected)));
    assert_eq!(told(r#"{"id":"a","label":null}"#), Ok(Told::Retraction(Retraction { id, time: NOW })));
    for revision in ["-1", "0.5", "4294967296", "\"2\""] {
        let json = format!(r#"{{"id":"a","label":"1","revision":{revision}}}"#);
        assert_eq!(told(&json).unwrap_err().reason(), "wrong_type", "{revision}");
    }
}

#[test]
fn measurements_and_budgets() {
    let reading = |json: &str| codec().decode_metric(json.as_bytes(), NOW).map(|metric| metric.reading);
    let measured = Reading::Measured { name: "compute_seconds".into(), value: 0.25 };
    assert_eq!(reading(r#"{"metric":"compute_seconds","value":0.25}"#), Ok(measured));
    let budget = Reading::Budget { name: "memory_bytes".into(), limit: 1e9 };
    assert_eq!(reading(r#"{"budget":"memory_bytes","limit":1e9}"#), Ok(budget));
    for bad in ["{}", r#"{"metric":"a","budget":"b"}"#, r#"{"metric":"a"}"#, r#"{"budget":"b","value":1}"#] {
        assert_eq!(reading(bad).unwrap_err().reason(), "metric_shape", "{bad}");
    }
    assert_eq!(reading(r#"{"metric":"a","value":"1"}"#).unwrap_err().reason(), "wrong_type");
}

#[test]
fn answers_are_short_json_in_the_schemas_order() {
    let id = EventId::new("e1").unwrap();
    let output = Output(vec![0.1, 0.7, 0.2].into());
    let json = codec().encode_prediction(
        &id,
        Timestamp(5),
        Generation(3),
        &output,
        Truth::Class(1),
        Marks::default(),
    );
    assert_eq!(
        String::from_utf8(json).unwrap(),
        r#"{"id":"e1","time":5,"generation":3,"prediction":"1","probabilities":{"0":0.1,"1":0.7,"true":0.2}}"#
    );
    let codec = JsonCodec::new(schema(Target::Regression), CodecConfig::default()).unwrap();
    let json = codec.encode_prediction(
        &id,
        NOW,
        Generation(0),
        &Output([0.5].into()),
        Truth::Number(0.5),
        Marks { holdback: true, shadow: false },
    );
    assert!(
        String::from_utf8(json)
            .unwrap()
            .ends_with(r#""generation":0,"holdback":true,"prediction":0.5,"value":0.5}"#)
    );
}

fn decode_all(bytes: &[u8]) {
    let codec = codec();
    let results = [
        codec.decode_sample(bytes, NOW).err(),
        codec.decode_label(bytes, NOW).err(),
        codec.decode_metric(bytes, NOW).err(),
    ];
    for error in results.into_iter().flatten() {
        assert!(!error.to_string().is_empty() && !error.reason().is_empty());
    }
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        decode_all(&bytes);
    }

    #[test]
    fn nearly_right_records_never_panic(
        id in "[\"a-z0-9{}]{0,6}", value in r#"[-+0-9eE.a-z"\[\]{}]{0,12}"#,
    ) {
        let value = if value.is_empty() { "null" } else { &value };
        decode_all(format!(
            r#"{{"id":"{id}","time":{value},"features":{{"amount":{value}}},"label":{value},"metric":{value}}}"#
        ).as_bytes());
    }

    #[test]
    fn what_is_finite_comes_through(amount in -1e30_f32..1e30) {
        let json = serde_json::json!({ "id": "a", "features": { "amount": amount } }).to_string();
        let sample = codec().decode_sample(json.as_bytes(), NOW).unwrap();
        prop_assert_eq!(sample.row.values()[0], amount);
    }

    #[test]
    fn feature_pointers_find_any_name(name in "[a-z/~]{1,8}") {
        let record = serde_json::json!({ "features": { name.as_str(): 1 } });
        let pointer = Pointer::of_feature(&name);
        prop_assert!(pointer.find(&record).is_some());
        prop_assert_eq!(Pointer::new(pointer.as_str()).unwrap(), pointer);
    }
}

#[test]
fn an_event_that_is_written_is_read_again_wherever_its_fields_stand() {
    let mut config = CodecConfig::default();
    config.event.id = Pointer::new("/meta/id").unwrap();
    config.event.features.insert("country".into(), Pointer::new("/geo/0/country").unwrap());
    let codec = JsonCodec::new(schema(classes(&["no", "yes"])), config).unwrap();
    let features = serde_json::json!({ "amount": 2.5, "a/b~c": true, "country": "de", "unknown": 1 });
    let serde_json::Value::Object(features) = features else { unreachable!() };
    let id = EventId::new("e1").unwrap();
    let event = codec.event(&id, Timestamp(9), features);
    let bytes = codec.answered(event, Generation(7), Truth::Class(1));
    let sample = codec.decode_sample(&bytes, NOW).unwrap();
    assert_eq!((sample.id, sample.time), (id, Timestamp(9)));
    assert_eq!(sample.row.values(), [2.5, 1.0, category_value("de", 16)]);
    let told: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!((&told["generation"], &told["prediction"]), (&7.into(), &"yes".into()));
}

#[test]
fn what_an_answered_event_says_already_stays() {
    let codec = codec();
    let told = |event: serde_json::Value| -> serde_json::Value {
        serde_json::from_slice(&codec.answered(event, Generation(7), Truth::Class(0))).unwrap()
    };
    let own = serde_json::json!({ "id": "e", "prediction": "theirs" });
    assert_eq!(told(own), serde_json::json!({ "id": "e", "prediction": "theirs", "generation": 7 }));
    let cloud = serde_json::json!({ "specversion": "1.0", "id": "e", "data": { "features": {} } });
    assert_eq!(
        told(cloud)["data"],
        serde_json::json!({ "features": {}, "generation": 7, "prediction": "0" })
    );
}
