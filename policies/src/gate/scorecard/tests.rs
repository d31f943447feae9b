//! What a scorecard promises: gaps between the groups there were, and it survives being saved.

use super::*;
use crate::stats::simulate::saved_and_restored;

fn answered(right: bool) -> Answered {
    Answered { confidence: 0.8, right, positive: !right, brier: 0.2 }
}

#[test]
fn groups_beyond_the_last_share_it_and_others_stay_apart() {
    let mut card = Scorecard::new(0.05);
    assert_eq!((card.churn(), card.error_gap()), (None, None));
    for n in 0..10_000_usize {
        let group = if n % 2 == 0 { 2 } else { GROUPS_MAX + n };
        card.observe(answered(n % 2 == 0), answered(true), n % 5 == 0, Some(group));
    }
    let (errors, positives) =
        (card.error_gap().expect("two groups"), card.positive_gap().expect("two groups"));
    assert!(errors.lower > 0.9 && errors.upper <= 1.0, "{errors:?}");
    assert_eq!(errors, positives);
    assert_eq!((card.churn(), card.outcomes()), (Some(0.2), 10_000));
    assert_eq!(saved_and_restored(&card), card);
}

#[test]
fn without_groups_nothing_is_kept_of_them() {
    let mut card = Scorecard::new(0.05);
    card.observe(answered(true), answered(true), false, None);
    assert!(card.groups.iter().all(Option::is_none));
}
