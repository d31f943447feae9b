//! The sums are what they stand for; false alarms are as rare as stated.

use proptest::prelude::*;

use super::*;
use crate::stats::simulate::{coin, generator};

proptest! {
    #[test]
    fn is_the_sum_over_all_beginnings(e in prop::collection::vec(0.05..4.0_f64, 1..40)) {
        let mut evidence = ShiryaevRoberts::default();
        for e in &e {
            evidence.observe(*e);
        }
        let products: Vec<f64> = (0..e.len()).map(|start| e[start..].iter().product()).collect();
        let sum: f64 = products.iter().sum();
        prop_assert!((evidence.value() - sum).abs() <= 1e-9 * sum);
        let largest = products.iter().copied().fold(0.0, f64::max);
        let chosen = products[e.len() - evidence.since() as usize];
        prop_assert!((chosen - largest).abs() <= 1e-9 * largest);
    }
}

#[test]
fn false_alarms_are_as_rare_as_stated() {
    let run_length = |seed| {
        let (mut rng, mut terms) = (generator(seed), [ShiryaevRoberts::default(); 2]);
        let alarm = |_: &u32| {
            let x = coin(&mut rng, 0.5);
            terms[0].observe(if x > 0.0 { 1.5 } else { 0.5 });
            terms[1].observe(if x > 0.0 { 0.2 } else { 1.8 });
            ShiryaevRoberts::mean(&terms) >= 200.0
        };
        f64::from((1..20_000).find(alarm).unwrap_or(20_000))
    };
    let mean = (0..300).map(run_length).sum::<f64>() / 300.0;
    assert!(mean >= 200.0, "{mean}");
}

#[test]
fn a_fading_past_is_no_beginning() {
    let (mut plain, mut fading) = (ShiryaevRoberts::default(), ShiryaevRoberts::default());
    for e in [1.5, 1.2, 1.5, 0.9, 50.0, 20.0] {
        plain.observe(e);
        fading.observe_fading(e, 0.5);
    }
    assert_eq!((plain.since(), fading.since()), (6, 2));
    assert!((plain.value() - fading.value()).abs() < 1e-12);
}

#[test]
fn what_is_no_number_says_nothing_and_the_value_stays_finite() {
    let mut evidence = ShiryaevRoberts::default();
    evidence.observe(f64::NAN);
    assert!((evidence.value() - 1.0).abs() < 1e-12);
    (0..10_000).for_each(|_| evidence.observe(1e9));
    assert!(evidence.value().is_finite() && evidence.value() > 1e200);
    (0..3).for_each(|_| evidence.observe(0.0));
    assert!(evidence.value() < 1.0 && evidence.since() == 1);
    assert!(ShiryaevRoberts::mean(&[]).abs() < 1e-12);
}
