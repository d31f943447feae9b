//! What schema promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use super::*;

fn feature(name: &str, kind: FeatureKind) -> Feature {
    Feature { name: name.into(), kind }
}

#[test]
fn a_schema_read_back_is_checked_too() {
    let schema =
        Schema::new(vec![feature("a", FeatureKind::Numeric)], Target::Regression, Objective::default())
            .unwrap();
    let text = serde_json::to_string(&schema).unwrap();
    assert_eq!(serde_json::from_str::<Schema>(&text).unwrap(), schema);
    let unnamed = text.replace("\"a\"", "\"\"");
    assert!(serde_json::from_str::<Schema>(&unnamed).unwrap_err().to_string().contains("empty name"));
}

#[test]
fn refuses_more_inputs_than_a_dense_network_should_see() {
    let wide = |count: usize| {
        let kind = FeatureKind::Categorical { buckets: BUCKETS_MAX };
        let features = (0..count).map(|index| feature(&index.to_string(), kind)).collect();
        Schema::new(features, Target::Regression, Objective::default())
    };
    assert!(wide(2).is_ok());
    assert!(wide(3).unwrap_err().to_string().contains("use fewer buckets"));
}
