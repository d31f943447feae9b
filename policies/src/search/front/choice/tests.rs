//! What is served keeps every limit, and nothing allowed is preferred to it.

use proptest::prelude::*;

use super::*;
use crate::search::front::tests::{clouds, front};

fn preferences() -> impl Strategy<Value = Preference> {
    let objective = || prop::sample::select(vec![Objective::Loss, Objective::ComputeTime, Objective::Bytes]);
    let within = (objective(), 0.0..0.5, objective()).prop_map(|(of, share, least)| Preference::Within {
        of,
        share,
        least,
    });
    prop_oneof![objective().prop_map(Preference::Least), within]
}

proptest! {
    #[test]
    fn a_limit_is_never_violated(
        values in clouds(), noise in 0.0..0.3, time in 0.0..1.0, bytes in 0.0..1.0, preference in preferences(),
    ) {
        let front = front(&values, noise);
        let limits = [(Objective::ComputeTime, time), (Objective::Bytes, bytes)].map(|(objective, most)| Constraint { objective, most });
        let keeps = |point: &&Point<usize>| point.values[1] <= time && point.values[2] <= bytes;
        match serve(&front, &limits, preference) {
            Some(served) => prop_assert!(keeps(&served)),
            None => prop_assert!(!front.points().iter().any(|point| keeps(&point))),
        }
    }
}

#[test]
fn the_cheapest_within_half_a_percent_of_the_best() {
    let front = front(&[vec![0.2, 0.9, 0.9], vec![0.2009, 0.5, 0.8], vec![0.21, 0.1, 0.7]], 0.0);
    let preference = Preference::Within { of: Objective::Loss, share: 0.005, least: Objective::ComputeTime };
    let served = serve(&front, &[], preference).expect("there are points");
    assert_eq!(served.network, 1);
    assert_eq!(preference.to_string(), "least compute time within 0.5 % of the best loss");
}

#[test]
fn where_nothing_is_allowed_or_measured_nothing_is_served() {
    let front = front(&[vec![0.2, 0.9, 0.9]], 0.0);
    let limit = |objective, most| [Constraint { objective, most }];
    let loss = Preference::Least(Objective::Loss);
    assert_eq!(serve(&front, &limit(Objective::ComputeTime, 0.5), loss), None);
    assert_eq!(serve(&front, &limit(Objective::Energy, 9.0), loss), None, "a limit of what is not measured");
    assert_eq!(serve(&front, &[], Preference::Least(Objective::Energy)), None);
    assert_eq!(limit(Objective::Bytes, 1e6)[0].to_string(), "bytes at most 1000000");
}

#[test]
fn people_say_what_they_prefer_in_words() {
    let within = |share, least| Preference::Within { of: Objective::Loss, share, least };
    for (words, preference) in [
        ("most accurate", Preference::Least(Objective::Loss)),
        ("fastest within 0.5 %", within(0.005, Objective::ComputeTime)),
        ("smallest within 2 %", within(0.02, Objective::Bytes)),
        ("most robust within 1 %", within(0.01, Objective::RobustLoss)),
    ] {
        assert_eq!(words.parse(), Ok(preference));
    }
    for words in [
        "",
        "best",
        "fastest",
        "fastest within 1",
        "fastest within -1 %",
        "fastest within a %",
        "most accurate ever",
        "most robust",
        "most within 1 %",
    ] {
        assert_eq!(words.parse::<Preference>(), Err(NotPreferred), "{words}");
    }
}
