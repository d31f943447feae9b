//! What elements in JSON promise.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;

use super::*;

fn refused(json: &str, datatype: Datatype, shape: &[usize]) -> String {
    read(json, datatype, shape).unwrap_err().to_string()
}

#[test]
fn every_datatype_is_read_flat_and_nested() {
    let cases = [
        (Datatype::Bool, "[true, [false]]", "[true, false]", Data::Bools(vec![true, false])),
        (Datatype::Uint8, "[[1], [255]]", "[1, 255]", Data::Unsigned(vec![1, 255])),
        (
            Datatype::Uint64,
            "[[1], [18446744073709551615]]",
            "[1, 18446744073709551615]",
            Data::Unsigned(vec![1, u64::MAX]),
        ),
        (Datatype::Int8, "[[-128], [127]]", "[-128, 127]", Data::Signed(vec![-128, 127])),
        (
            Datatype::Int64,
            "[[1], [-9223372036854775808]]",
            "[1, -9223372036854775808]",
            Data::Signed(vec![1, i64::MIN]),
        ),
        (Datatype::Fp32, "[[1], [-2.5]]", "[1, -2.5]", Data::Floats(vec![1.0, -2.5])),
        (Datatype::Fp64, "[[-1], [1e300]]", "[-1, 1e300]", Data::Floats(vec![-1.0, 1e300])),
        (Datatype::Bytes, "[[\"a\"], [null]]", "[\"a\", null]", Data::Bytes(vec![b"a".to_vec(), Vec::new()])),
    ];
    for (datatype, nested, flat, expected) in cases {
        assert_eq!(read(flat, datatype, &[2, 1]).unwrap(), expected, "{flat}");
        if datatype == Datatype::Bool {
            assert!(refused(nested, datatype, &[2, 1]).contains("beside each other"));
        } else {
            assert_eq!(read(nested, datatype, &[2, 1]).unwrap(), expected, "{nested}");
        }
    }
    let Data::Floats(missing) = read("[null]", Datatype::Fp32, &[1]).unwrap() else { unreachable!() };
    assert!(missing[0].is_nan());
}

#[test]
fn what_is_of_another_datatype_or_shape_is_refused() {
    for (json, datatype, shape, expected) in [
        ("[256]", Datatype::Uint8, &[1][..], "256 is no UINT8"),
        ("[-1]", Datatype::Uint8, &[1], "-1 is no UINT8"),
        ("[-129]", Datatype::Int8, &[1], "-129 is no INT8"),
        ("[128]", Datatype::Int8, &[1], "128 is no INT8"),
        ("[1.5]", Datatype::Int8, &[1], "1.5 is no INT8"),
        ("[1]", Datatype::Bool, &[1], "1 is no BOOL"),
        ("[true]", Datatype::Fp32, &[1], "a boolean is no FP32"),
        ("[\"1\"]", Datatype::Fp32, &[1], "a string is no FP32"),
        ("[null]", Datatype::Int32, &[1], "null is no INT32"),
        ("[1e999]", Datatype::Fp64, &[1], "out of range"),
        ("1", Datatype::Fp32, &[1], "is a list"),
        ("{}", Datatype::Fp32, &[1], "FP32"),
        ("[1, 2]", Datatype::Fp32, &[1], "more elements"),
        ("[[1, 2], [3]]", Datatype::Fp32, &[2, 2], "not of shape"),
        ("[[1, 2, 3, 4]]", Datatype::Fp32, &[2, 2], "not of shape"),
        ("[[[1]]]", Datatype::Fp32, &[1, 1], "deeper"),
        ("[1]", Datatype::Fp32, &[], "deeper"),
    ] {
        let said = refused(json, datatype, shape);
        assert!(said.contains(expected), "{json}: {said}");
    }
    // An empty nested list has as many elements as its shape says, too.
    assert_eq!(read("[[], []]", Datatype::Fp32, &[2, 0]).unwrap().count(), 0);
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(
        json in "[\\[\\],0-9.e\"a-c tfnul-]{0,40}",
        datatype in prop::sample::select(&Datatype::ALL[..]),
        shape in prop::collection::vec(0_usize..4, 0..4),
    ) {
        if let Ok(data) = read(&json, datatype, &shape) {
            prop_assert!(data.count() <= shape.iter().product());
        }
    }
}
