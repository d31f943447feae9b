//! What is written is read again, to the last bit.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde::Deserialize;

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Wrapped(f64);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Nothing,
    One(f64),
    Pair(f64, u64),
    Named { number: f64, rest: Vec<Option<Kind>> },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Everything {
    group: String,
    numbers: Vec<f64>,
    small: f32,
    missing: Option<f64>,
    large: u64,
    below: i64,
    flag: bool,
    letter: char,
    kinds: Vec<Option<Kind>>,
    by_name: BTreeMap<String, Wrapped>,
    pairs: [(u8, Wrapped); 2],
    nothing: (),
}

fn everything(numbers: Vec<f64>, small: f32, large: u64) -> Everything {
    let first = numbers.first().copied().unwrap_or(f64::NEG_INFINITY);
    let named = Kind::Named { number: first, rest: vec![None, Some(Kind::One(first))] };
    Everything {
        group: "NaN".into(),
        small,
        missing: (large.is_multiple_of(2)).then_some(first),
        large,
        below: large.cast_signed(),
        flag: large.is_multiple_of(3),
        letter: 'ü',
        kinds: vec![Some(Kind::Nothing), None, Some(Kind::Pair(first, large)), Some(named)],
        by_name: BTreeMap::from([("Infinity".into(), Wrapped(first))]),
        pairs: [(1, Wrapped(first)), (2, Wrapped(f64::INFINITY))],
        nothing: (),
        numbers,
    }
}

/// Through the text of a line.
fn again(value: &Everything) -> Everything {
    let line = to_json(value).unwrap().to_string();
    from_json(&serde_json::from_str(&line).unwrap()).unwrap()
}

proptest! {
    #[test]
    fn every_number_comes_back_bit_by_bit(
        bits in prop::collection::vec(any::<u64>(), 1..40),
        small in any::<u32>(),
        large in any::<u64>(),
    ) {
        let value = everything(bits.into_iter().map(f64::from_bits).collect(), f32::from_bits(small), large);
        let back = again(&value);
        for (before, after) in value.numbers.iter().zip(&back.numbers) {
            // Of what is not a number, only that it is none is kept.
            prop_assert!(before.to_bits() == after.to_bits() || before.is_nan() && after.is_nan());
        }
        prop_assert_eq!(format!("{back:?}"), format!("{value:?}"));
    }
}

#[test]
fn what_is_no_number_stays_so_and_text_stays_text() {
    let value =
        everything(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.1 + 0.2, -0.0], f32::NAN, u64::MAX);
    let json = to_json(&value).unwrap();
    assert_eq!(json["numbers"][0], "NaN");
    assert_eq!(json["kinds"][2]["pair"][1], u64::MAX);
    assert_eq!(format!("{:?}", again(&value)), format!("{value:?}"));
}

#[test]
fn what_is_not_there_or_is_something_else_is_refused() {
    let mut json = to_json(&everything(vec![1.0], 1.0, 1)).unwrap();
    json["numbers"][0] = "many".into();
    assert!(from_json::<Everything>(&json).unwrap_err().to_string().contains("`many` is no number"));
    json["numbers"] = "none".into();
    assert!(from_json::<Everything>(&json).is_err());
}
