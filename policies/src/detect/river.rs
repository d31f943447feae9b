//! What river's detectors said of some sequences, read from the fixture.
//!
//! The fixture is made by `tests/peers/river_detectors.py`, which says what is in it and under which licence
//! river is.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::detect::Detector;

/// Losses as they are stored.
#[derive(Deserialize)]
#[serde(untagged)]
enum Values {
    ZerosAndOnes(String),
    Numbers(Vec<f64>),
}

/// One sequence, and where each detector alarmed.
#[derive(Deserialize)]
pub(super) struct Sequence {
    pub(super) name: String,
    values: Values,
    alarms: BTreeMap<String, Vec<usize>>,
}

impl Sequence {
    pub(super) fn values(&self) -> Vec<f64> {
        match &self.values {
            Values::ZerosAndOnes(text) => {
                text.chars().map(|digit| f64::from(u8::from(digit == '1'))).collect()
            }
            Values::Numbers(numbers) => numbers.clone(),
        }
    }

    pub(super) fn alarms(&self, detector: &str) -> &[usize] {
        &self.alarms[detector]
    }
}

/// Two samples, and what scipy says of their distance.
#[derive(Deserialize)]
pub(super) struct Samples {
    pub(super) a: Vec<f64>,
    pub(super) b: Vec<f64>,
    pub(super) distance: f64,
    pub(super) p: f64,
}

/// Numbers of which every draw is the same, and where KSWIN alarmed.
#[derive(Deserialize)]
pub(super) struct Steps {
    pub(super) values: Vec<f64>,
    pub(super) alarms: Vec<usize>,
}

/// What was recorded of KSWIN and its test.
#[derive(Deserialize)]
pub(super) struct Kswin {
    pub(super) steps: Steps,
    /// Chance of a distance of at least so many thirtieths.
    pub(super) tails: Vec<f64>,
    pub(super) samples: Vec<Samples>,
}

#[derive(Deserialize)]
pub(super) struct River {
    pub(super) sequences: Vec<Sequence>,
    pub(super) kswin: Kswin,
}

pub(super) fn recorded() -> River {
    serde_json::from_str(include_str!("fixtures/river.json")).expect("the fixture is well formed")
}

/// Where a detector alarms, starting anew after each alarm as river's do.
pub(super) fn alarms<D: Detector<Observation = f64>>(detector: &mut D, values: &[f64]) -> Vec<usize> {
    let mut alarmed = |value| detector.observe(value).map(|_| detector.reset()).is_some();
    (0..values.len()).filter(|at| alarmed(&values[*at])).collect()
}

/// Holds a detector to river's positions on every sequence.
pub(super) fn agrees<D: Detector<Observation = f64>>(name: &str, fresh: impl Fn() -> D) {
    for sequence in recorded().sequences {
        let found = alarms(&mut fresh(), &sequence.values());
        assert_eq!(found, sequence.alarms(name), "{name} on {}", sequence.name);
    }
}
