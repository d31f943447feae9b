//! Detectors that promise no run length say what was measured: here it is measured again.
//!
//! Errors of 10 %, independent of each other, or numbers in 0..1 of the same mean; in runs that end at a limit.

use rand::RngExt;
use rand_pcg::Pcg64;

use super::{Adwin, Detector, HddmA, HddmW, Kswin, PageHinkley};
use crate::stats::simulate::{coin, generator};

const LIMIT: u32 = 100_000;

fn errors(rng: &mut Pcg64) -> f64 {
    coin(rng, 0.1)
}

fn numbers(rng: &mut Pcg64) -> f64 {
    rng.random::<f64>().powi(9)
}

/// Mean observations to the first alarm, at most the limit.
fn mean<D>(runs: u64, fresh: impl Fn() -> D, draw: impl Fn(&mut Pcg64) -> f64) -> f64
where
    D: Detector<Observation = f64>,
{
    let run = |seed| {
        let (mut rng, mut detector) = (generator(seed), fresh());
        let found = (1..=LIMIT).find(|_| detector.observe(&draw(&mut rng)).is_some());
        f64::from(found.unwrap_or(LIMIT))
    };
    (0..runs).map(run).sum::<f64>() / runs as f64
}

#[test]
fn page_hinkley_alarms_every_thirty_thousand_errors() {
    let mean = mean(60, PageHinkley::default, errors);
    assert!((25_000.0..40_000.0).contains(&mean), "{mean}");
}

#[test]
fn those_with_a_bound_at_each_look_seldom_alarm_on_independent_errors() {
    for mean in [
        mean(20, || Adwin::new(0.002), errors),
        mean(20, HddmA::default, errors),
        mean(20, HddmW::default, errors),
        mean(20, HddmA::default, numbers),
        mean(20, HddmW::default, numbers),
    ] {
        assert!(mean > 80_000.0, "{mean}");
    }
}

#[test]
fn hddm_w_alarms_soon_where_half_are_errors() {
    let mean = mean(100, HddmW::default, |rng| coin(rng, 0.5));
    assert!((500.0..2_000.0).contains(&mean), "{mean}");
}

#[test]
fn kswin_seldom_alarms_on_errors_and_soon_on_numbers() {
    assert!(mean(3, Kswin::default, errors) > 80_000.0);
    let mean = mean(100, Kswin::default, numbers);
    assert!((400.0..1_000.0).contains(&mean), "{mean}");
}
