//! Worse is noticed before the end; what is not worse is seldom called so.

use super::*;
use crate::stats::simulate::{coin, generator, saved_and_restored};

#[test]
fn a_worse_one_is_rejected_and_a_restored_one_goes_on() {
    let mut rng = generator(3);
    let mut against = Rejection::new(0.05, 1.0);
    let differs = |rng: &mut _| 2.0 * coin(rng, 0.35) - 1.0;
    let mut seen = 0;
    while !against.is_worse() {
        against = saved_and_restored(&against);
        against.observe(differs(&mut rng));
        seen += 1;
        assert!(seen < 1_000);
    }
}

#[test]
fn one_that_is_as_good_is_seldom_rejected_however_often_one_looks() {
    let mut rng = generator(4);
    let rejected = |_| {
        let mut against = Rejection::new(0.05, 1.0);
        (0..1_000).any(|_| {
            against.observe(2.0 * coin(&mut rng, 0.5) - 1.0);
            against.is_worse()
        })
    };
    assert!((0..200).map(rejected).filter(|rejected| *rejected).count() <= 20);
}
