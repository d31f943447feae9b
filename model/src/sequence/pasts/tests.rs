//! What pasts promise, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;

const RULE: Sequences = Sequences { entity: Some(0), length: 3, entities: 4 };

fn id(number: usize) -> EventId {
    EventId::new(&format!("e{number}")).unwrap()
}

fn time(at: usize) -> Timestamp {
    Timestamp(i64::try_from(at).unwrap())
}

fn event(entity: f32, value: f32) -> Row {
    Row::new(vec![entity, value]).unwrap()
}

fn values(steps: &[Step]) -> Vec<f32> {
    steps.iter().map(|step| step.row.values()[1]).collect()
}

proptest! {
    #[test]
    fn an_event_that_is_read_again_changes_nothing(seed: u64, count in 1_usize..60) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let events: Vec<Row> =
            (0..count).map(|at| event(rng.random_range(0..3) as f32, at as f32)).collect();
        let mut pasts = Pasts::default();
        let mut again = Pasts::default();
        for (at, row) in events.iter().enumerate() {
            pasts.observe(RULE, &id(at), time(at / 2), row);
            again.observe(RULE, &id(at), time(at / 2), row);
            let from = rng.random_range(0..=at);
            for (at, row) in events.iter().enumerate().take(at + 1).skip(from.max(at.saturating_sub(1))) {
                again.observe(RULE, &id(at), time(at / 2), row);
            }
            prop_assert_eq!(&pasts.entities.values().map(|of| &of.events).collect::<Vec<_>>(),
                &again.entities.values().map(|of| &of.events).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_last_ones_are_carried_newest_first_whatever_order_they_came_in(seed: u64, count in 1_usize..40) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let mut order: Vec<usize> = (0..count).collect();
        for at in (1..count).rev() {
            order.swap(at, rng.random_range(0..=at));
        }
        let rule = Sequences { entity: None, ..RULE };
        let mut pasts = Pasts::default();
        for at in order {
            pasts.observe(rule, &id(at), time(at), &event(at as f32, at as f32));
        }
        let now = rng.random_range(0..=count);
        let carried = pasts.carried(rule, &id(now), time(now), &event(0.0, 0.0));
        let known = (0..count).rev().take(3).filter(|at| *at < now);
        prop_assert_eq!(values(&carried), known.map(|at| at as f32).collect::<Vec<_>>());
    }
}

#[test]
fn who_had_no_event_for_longest_is_forgotten() {
    let mut pasts = Pasts::default();
    for (at, entity) in [1, 2, 3, 4, 1, 5].into_iter().enumerate() {
        pasts.observe(RULE, &id(at), time(at), &event(entity as f32, at as f32));
    }
    let carried = |entity: f32| values(&pasts.carried(RULE, &id(99), Timestamp(99), &event(entity, 0.0)));
    assert_eq!(pasts.entities(), 4);
    assert_eq!([carried(1.0), carried(2.0), carried(5.0)], [vec![4.0, 0.0], vec![], vec![5.0]]);
}

#[test]
fn who_does_not_say_whose_it_is_has_no_past_and_is_none() {
    let mut pasts = Pasts::default();
    pasts.observe(RULE, &id(1), Timestamp(1), &event(f32::NAN, 1.0));
    assert_eq!(pasts.entities(), 0);
    assert!(pasts.carried(RULE, &id(2), Timestamp(2), &event(f32::NAN, 1.0)).is_empty());
}

#[test]
fn what_is_erased_is_carried_no_more() {
    let mut pasts = Pasts::default();
    (0..3).for_each(|at| pasts.observe(RULE, &id(at), time(at), &event(1.0, at as f32)));
    pasts.forget(&id(1));
    assert_eq!(values(&pasts.carried(RULE, &id(9), Timestamp(9), &event(1.0, 0.0))), [2.0, 0.0]);
}
