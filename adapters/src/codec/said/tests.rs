//! Every shape of an answer, and what is none.

use model::{Feature, FeatureKind, Objective};
use serde_json::json;

use super::*;

fn schema(target: Target) -> Schema {
    let feature = Feature { name: "x".into(), kind: FeatureKind::Numeric };
    Schema::new(vec![feature], target, Objective::default()).expect("valid")
}

fn classes() -> Schema {
    schema(Target::Classification { classes: vec!["no".into(), "1".into()] })
}

fn read(value: &Value, schema: &Schema) -> Result<ExternalAnswer, String> {
    let at = Pointer::new("/prediction").expect("a pointer");
    answer(value, schema, &at).map_err(|error| error.to_string())
}

#[test]
fn a_class_is_known_by_its_name() {
    for value in [json!("1"), json!(1), json!(1.0)] {
        assert_eq!(read(&value, &classes()), Ok(ExternalAnswer::Class(1)), "{value}");
    }
}

#[test]
fn probabilities_come_by_name_or_in_order() {
    let expected = Ok(ExternalAnswer::Output(Output([0.25, 0.75].into())));
    assert_eq!(read(&json!({"1": 0.75, "no": 0.25}), &classes()), expected);
    assert_eq!(read(&json!([0.25, 0.75]), &classes()), expected);
    let sure = Ok(ExternalAnswer::Output(Output([0.0, 1.0].into())));
    assert_eq!(read(&json!({"1": 1}), &classes()), sure, "what it leaves out it gives nothing");
}

#[test]
fn a_number_is_the_answer_of_a_regression() {
    let expected = Ok(ExternalAnswer::Output(Output([2.5].into())));
    assert_eq!(read(&json!(2.5), &schema(Target::Regression)), expected);
    assert!(read(&json!("2.5"), &schema(Target::Regression)).is_err());
}

#[test]
fn what_is_no_answer_is_refused_with_what_was_expected() {
    for (value, expected) in [
        (json!("maybe"), "the name of a declared class"),
        (json!({"maybe": 1.0}), "declared classes"),
        (json!([0.2, 0.3, 0.5]), "at most 2 probabilities"),
        (json!([0.9, 0.9]), "add up to 1"),
        (json!([1.5, -0.5]), "from 0 to 1"),
        (json!(["a", "b"]), "a number"),
    ] {
        let error = read(&value, &classes()).expect_err("no answer");
        assert!(error.contains("/prediction") && error.contains(expected), "{value}: {error}");
    }
}
