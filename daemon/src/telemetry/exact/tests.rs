//! What is written is read again, to the last bit.

use policies::gate::{Evidence, QualityEvidence};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use super::*;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Numbers {
    group: String,
    all: Vec<f64>,
    missing: Option<f64>,
}

fn again<T: Serialize + DeserializeOwned>(value: &T) -> T {
    let line = to_json(value).expect("it can be told").to_string();
    from_json(&serde_json::from_str(&line).expect("it is JSON")).expect("it can be read")
}

#[test]
fn evidence_that_is_not_a_number_stays_so() {
    let quality = QualityEvidence {
        log_gain: f64::NAN,
        log_harm: f64::INFINITY,
        outcomes: 3,
        mean_gain: f64::NEG_INFINITY,
    };
    let evidence = Evidence {
        outputs_finite: Some(false),
        compute_seconds: vec![f64::NAN, 1.0, 0.1 + 0.2],
        bytes: Some(u64::MAX >> 1),
        clean_loss: Some(f64::NAN),
        quality: Some(quality),
        ..Evidence::default()
    };
    assert_eq!(format!("{:?}", again(&evidence)), format!("{evidence:?}"));
    assert_eq!(again(&Evidence::default()), Evidence::default());
}

#[test]
fn text_that_looks_like_a_number_is_text() {
    let named = Numbers { group: "NaN".into(), all: vec![1.0, 2.5], missing: None };
    assert_eq!(again(&named), named);
}

proptest! {
    #[test]
    fn every_number_comes_back_bit_by_bit(bits in prop::collection::vec(any::<u64>(), 1..40)) {
        let numbers: Vec<f64> = bits.into_iter().map(f64::from_bits).collect();
        let value = Numbers { group: "a".into(), all: numbers.clone(), missing: numbers.first().copied() };
        let back = again(&value);
        for (before, after) in numbers.iter().zip(&back.all) {
            // Of what is not a number, only that it is none is kept.
            prop_assert!(before.to_bits() == after.to_bits() || before.is_nan() && after.is_nan());
        }
    }
}
