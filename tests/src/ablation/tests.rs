//! Each way's settings are valid, and differences are paired.

use clap::ValueEnum as _;
use daemon::config::Config;

use super::*;

fn replayed(right: &[u64]) -> Replayed {
    Replayed {
        blocks: right.iter().map(|right| (10, *right)).collect(),
        cpu_seconds: 2.0,
        trials: 3,
        promotions: 1,
        stressed: [("noise".to_owned(), right[0] as f64)].into(),
    }
}

#[test]
fn every_way_is_a_valid_configuration_of_its_own() {
    let features = "[{ name = \"x\", kind = \"numeric\" }, { name = \"y\", kind = \"numeric\" }]";
    let schema = format!("\n[schema]\nclasses = [\"a\", \"b\"]\nfeatures = {features}");
    let parsed = |way: Way| Config::parse(&format!("{}{schema}", way.settings())).map(|config| config.learn);
    for way in Way::ALL {
        let config = parsed(way).unwrap_or_else(|error| panic!("{}: {error}", way.name()));
        assert_eq!(Way::from_str(way.name(), false), Ok(way));
        if way != Way::Default {
            let usual = parsed(Way::Default).expect("the default is valid");
            assert_ne!(format!("{config:?}"), format!("{usual:?}"), "{} switches nothing", way.name());
        }
    }
}

#[test]
fn what_a_way_is_worth_is_paired_by_block() {
    let (usual, other) = ([replayed(&[9, 8, 9])], [replayed(&[8, 7, 8])]);
    let entry = worth::entry(Way::NoSearch, "a/b.csv", &usual, &other);
    assert!(
        (entry.worth - 10.0).abs() < 1e-9 && entry.half_width.is_some_and(|half| half < 1e-9),
        "{entry:?}"
    );
    assert_eq!(entry.stressed, [("noise".to_owned(), [9.0, 8.0])].into());
    assert!((entry.compute - 1.0).abs() < 1e-9 && entry.trials == [3, 3]);
    assert_eq!(worth::over_all(Way::NoSearch, std::slice::from_ref(&entry)), None);
    let all = worth::over_all(Way::NoSearch, &[entry.clone(), Entry { worth: 20.0, ..entry }])
        .expect("two streams");
    assert!((all.worth - 15.0).abs() < 1e-9 && all.trials == [6, 6], "{all:?}");
    assert_eq!(worth::table(&[all]).lines().count(), 2);
}
