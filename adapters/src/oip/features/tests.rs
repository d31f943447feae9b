//! What the way from tensors to rows promises.

#![allow(clippy::unwrap_used, clippy::cast_possible_wrap, reason = "tests may")]

use model::{Objective, Target};

use super::*;

fn schema(kinds: &[(&str, FeatureKind)]) -> Schema {
    let features = kinds.iter().map(|(name, kind)| Feature { name: (*name).into(), kind: *kind }).collect();
    Schema::new(features, Target::Regression, Objective::default()).unwrap()
}

fn mixed() -> Schema {
    schema(&[
        ("amount", FeatureKind::Numeric),
        ("country", FeatureKind::Categorical { buckets: 8 }),
        ("member", FeatureKind::Boolean),
    ])
}

fn tensor(name: &str, shape: &[i64], datatype: Datatype, data: Data) -> Tensor {
    Head::new(name.into(), datatype.name(), shape).unwrap().with(data).unwrap()
}

fn floats(name: &str, shape: &[i64], data: &[f64]) -> Tensor {
    tensor(name, shape, Datatype::Fp64, Data::Floats(data.to_vec()))
}

fn texts(name: &str, data: &[&[u8]]) -> Tensor {
    let items = data.iter().map(|text| text.to_vec()).collect();
    tensor(name, &[data.len() as i64], Datatype::Bytes, Data::Bytes(items))
}

fn rows(tensors: &[Tensor], schema: &Schema) -> Result<Vec<Row>, Refusal> {
    Columns::find(tensors, schema, 10)?.to_rows()
}

fn row(values: &[f32]) -> Row {
    Row::new(values.to_vec()).unwrap()
}

#[test]
fn a_tensor_a_feature_in_any_order_and_what_is_absent_is_missing() {
    let schema = mixed();
    let tensors = [
        texts("country", &[b"NL", b""]),
        tensor("amount", &[2, 1], Datatype::Int32, Data::Signed(vec![3, -4])),
    ];
    let nl = category_value("NL", 8);
    assert_eq!(
        rows(&tensors, &schema).unwrap(),
        [row(&[3.0, nl, f32::NAN]), row(&[-4.0, f32::NAN, f32::NAN])]
    );
    let told = Columns::find(&tensors, &schema, 10).unwrap();
    assert_eq!(Value::from(told.told(0)), json!({ "amount": 3.0, "country": "NL" }));
    assert_eq!(Value::from(told.told(1)), json!({ "amount": -4.0 }));
}

#[test]
fn booleans_are_true_false_one_zero_or_missing() {
    let schema = mixed();
    let bools = tensor("member", &[2], Datatype::Bool, Data::Bools(vec![true, false]));
    assert_eq!(rows(&[bools], &schema).unwrap()[0], row(&[f32::NAN, f32::NAN, 1.0]));
    let bits = floats("member", &[3], &[0.0, 1.0, f64::NAN]);
    let told = Columns::find(std::slice::from_ref(&bits), &schema, 10).unwrap();
    assert_eq!(Value::from(told.told(1)), json!({ "member": true }));
    assert_eq!(Value::from(told.told(2)), json!({}));
    assert_eq!(rows(&[bits], &schema).unwrap()[2], row(&[f32::NAN; 3]));
}

#[test]
fn one_tensor_of_all_numbers_is_in_the_order_of_the_schema() {
    let numbers = schema(&[("a", FeatureKind::Numeric), ("b", FeatureKind::Boolean)]);
    let all = floats("input-0", &[2, 2], &[1.5, 1.0, f64::NAN, 0.0]);
    assert_eq!(rows(&[all], &numbers).unwrap(), [row(&[1.5, 1.0]), row(&[f32::NAN, 0.0])]);
    let raw = Inputs::Raw([1.5_f32, 1.0].map(f32::to_le_bytes).concat());
    let raw = tensors(raw, &numbers).unwrap();
    assert_eq!(rows(&raw, &numbers).unwrap(), [row(&[1.5, 1.0])]);
    let one = schema(&[("word", FeatureKind::Categorical { buckets: 4 })]);
    let raw = tensors(Inputs::Raw(b"hello".to_vec()), &one).unwrap();
    assert_eq!(rows(&raw, &one).unwrap(), [row(&[category_value("hello", 4)])]);
}

#[test]
fn what_is_no_row_is_refused_by_name() {
    let (mixed, numbers) = (mixed(), schema(&[("a", FeatureKind::Numeric), ("b", FeatureKind::Numeric)]));
    for (schema, tensors, expected) in [
        (&mixed, vec![], "no inputs"),
        (&mixed, vec![floats("amount", &[0], &[])], "no rows"),
        (&mixed, vec![floats("amount", &[11], &[0.0; 11])], "at most 10"),
        (&mixed, vec![floats("amuont", &[1], &[0.0])], "did you mean `amount`?"),
        (&mixed, vec![floats("amount", &[1, 2], &[0.0; 2])], "[n] or [n, 1]"),
        (&mixed, vec![floats("amount", &[], &[0.0])], "[n] or [n, 1]"),
        (
            &mixed,
            vec![floats("amount", &[1], &[0.0]), floats("member", &[2], &[0.0; 2])],
            "another number of rows",
        ),
        (&mixed, vec![floats("amount", &[1], &[0.0]), floats("amount", &[1], &[0.0])], "twice"),
        (&mixed, vec![floats("input-0", &[1, 3], &[0.0; 3])], "`country` is a category"),
        (&mixed, vec![floats("country", &[1], &[2.0])], "a number in row 0 of input `country`"),
        (&mixed, vec![floats("amount", &[1], &[1e300])], "finite in 32 bits"),
        (&mixed, vec![floats("amount", &[1], &[f64::INFINITY])], "finite in 32 bits"),
        (&mixed, vec![floats("member", &[1], &[2.0])], "true, false, 1 or 0"),
        (&mixed, vec![texts("amount", &[b"1"])], "no number"),
        (&mixed, vec![texts("country", &[b"\xff"])], "not UTF-8"),
        (&numbers, vec![floats("input-0", &[1, 3], &[0.0; 3])], "rows of 3; the schema has 2"),
    ] {
        let refusal = rows(&tensors, schema).unwrap_err();
        assert!(refusal.message.contains(expected), "{refusal}");
    }
    let refusal = tensors(Inputs::Raw(vec![0; 7]), &numbers).unwrap_err();
    assert!(refusal.message.contains("one row of 2 features has 8"), "{refusal}");
    assert!(tensors(Inputs::Raw(vec![0; 8]), &mixed).unwrap_err().message.contains("`country`"));
}
