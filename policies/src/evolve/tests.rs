//! What evolve promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use model::{Feature, Objective, Target, category_value};
use proptest::prelude::*;

use super::*;

const LIMITS: EvolveLimits = EvolveLimits { features_max: 3, classes_max: 3, buckets_max: 64 };

fn categorical(name: &str, buckets: u32) -> Feature {
    Feature { name: name.into(), kind: FeatureKind::Categorical { buckets } }
}

fn schema(buckets: u32) -> Schema {
    let target = Target::Classification { classes: vec!["a".into(), "b".into()] };
    Schema::new(vec![categorical("c", buckets)], target, Objective::default()).unwrap()
}

fn row(values: &[f32]) -> Row {
    Row::new(values.to_vec()).unwrap()
}

#[test]
fn growth_ends_at_its_limits() {
    let mut grown = schema(16);
    for name in ["d", "e"] {
        grown = LIMITS.adopt(&grown, &Addition::Feature(categorical(name, 8))).unwrap();
    }
    assert_eq!(LIMITS.adopt(&grown, &Addition::Feature(categorical("f", 8))), None);
    grown = LIMITS.adopt(&grown, &Addition::Class("c".into())).unwrap();
    assert_eq!(LIMITS.adopt(&grown, &Addition::Class("d".into())), None);
    for _ in 0..2 {
        grown = LIMITS.adopt(&grown, &Addition::Buckets(0)).unwrap();
    }
    assert_eq!(grown.features()[0].kind, FeatureKind::Categorical { buckets: 64 });
    assert_eq!(LIMITS.adopt(&grown, &Addition::Buckets(0)), None);
    assert_eq!(LIMITS.adopt(&grown, &Addition::Buckets(9)), None);
}

#[test]
fn whether_a_feature_is_taken_does_not_depend_on_buckets_doubled_before() {
    let limits = EvolveLimits { features_max: 9, classes_max: 2, buckets_max: 65_536 };
    let (narrow, wide) = (schema(16), limits.adopt(&schema(16), &Addition::Buckets(0)).unwrap());
    for buckets in [2, 3, 1_000] {
        let addition = Addition::Feature(categorical("d", buckets));
        assert!(limits.adopt(&narrow, &addition).is_some() && limits.adopt(&wide, &addition).is_some());
    }
    let two = limits.adopt(&narrow, &Addition::Feature(categorical("d", 2))).unwrap();
    assert_eq!(limits.adopt(&two, &Addition::Feature(categorical("e", 2))), None, "they may double too far");
}

#[test]
fn few_categories_never_crowd_and_missing_ones_do_not_count() {
    let mut crowding = Crowding::new(&schema(32));
    for number in 0..10_000_u16 {
        let value = category_value(&format!("city {}", number % 16), 32);
        assert_eq!(crowding.observe(&row(&[if number % 7 == 0 { f32::NAN } else { value }])), None);
    }
}

#[test]
fn a_feature_that_got_more_buckets_is_counted_anew_and_others_go_on() {
    let two = LIMITS.adopt(&schema(8), &Addition::Feature(categorical("d", 8))).unwrap();
    let mut crowding = Crowding::new(&two);
    (0..5).for_each(|value| assert_eq!(crowding.observe(&row(&[value as f32, value as f32])), None));
    let wider = LIMITS.adopt(&two, &Addition::Buckets(0)).unwrap();
    let mut crowding = crowding.widened(&wider);
    assert_eq!(crowding.observe(&row(&[5.0, 5.0])), Some(1), "six of eight are taken");
    assert_eq!(crowding.observe(&row(&[6.0, 6.0])), None, "that was said already");
}

proptest! {
    /// It is said when about as many categories have come as there are buckets.
    #[test]
    fn crowded_means_about_as_many_categories_as_buckets(doublings in 5_u32..11, salt: u32) {
        let buckets = 1 << doublings;
        let mut crowding = Crowding::new(&schema(buckets));
        let said = (0..4 * buckets).find(|number| {
            let value = category_value(&format!("{salt} {number}"), buckets);
            crowding.observe(&row(&[value])).is_some()
        });
        let load = f64::from(said.unwrap()) / f64::from(buckets);
        // Three in four are taken at 1.39 categories a bucket, with a deviation of 0.22 where there are 32 buckets.
        prop_assert!((0.5..3.0).contains(&load), "{load}");
    }
}
