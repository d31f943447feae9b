//! Who will be best climbs, not who is.

use super::*;
use crate::stats::simulate::saved_and_restored;

fn trial(gain: impl Fn(f64) -> f64) -> Trial {
    let mut trial = Trial::default();
    for windows in 1..=9 {
        trial.observe(windows, gain(f64::from(windows)));
    }
    trial
}

fn late() -> Extrapolated {
    Extrapolated(SuccessiveHalving { rungs: vec![9, 81], ..SuccessiveHalving::default() })
}

#[test]
fn a_steep_curve_overtakes_a_flat_one() {
    let trials = [trial(|_| 0.2), trial(|x| 0.6 - x.powf(-0.4)), trial(|_| 0.1)];
    assert!(trials[1].score_at(9) < trials[0].score_at(9));
    assert_eq!(late().next(&trials), [Step { candidate: 1, rung: 1 }]);
    assert_eq!(late().0.next(&trials), [Step { candidate: 0, rung: 1 }]);
}

#[test]
fn settings_survive_a_snapshot() {
    assert_eq!(saved_and_restored(&late()), late());
}
