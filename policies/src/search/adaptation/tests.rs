//! One success in five keeps the reach, more are rarer, and what is cold takes nothing worse.

use model::Genome;

use super::*;
use crate::search::laws::grid;
use crate::stats::simulate::generator;

#[test]
fn one_success_in_five_keeps_the_reach() {
    let after = |successes: usize, of: usize| {
        let mut adaptation = Adaptation { reach: 4.0, ..Adaptation::default() };
        for at in 0..20 {
            adaptation.tell(if at % of < successes { 1.0 } else { -1.0 });
        }
        adaptation.reach
    };
    assert!((after(1, 5) - 4.0).abs() < 1e-9, "{}", after(1, 5));
    assert!(after(1, 2) > 8.0 && after(0, 2) < 1.5);
}

#[test]
fn more_edits_are_rarer_by_a_power() {
    let mut rng = generator(1);
    let mut counts = [0_u32; 5];
    for _ in 0..10_000 {
        counts[heavy_tailed(1, 4, &mut rng) as usize] += 1;
    }
    let total: f64 = (1..=4).map(|k| f64::from(k).powf(-1.5)).sum();
    for k in 1..=4_u32 {
        let expected = 10_000.0 * f64::from(k).powf(-1.5) / total;
        assert!((f64::from(counts[k as usize]) - expected).abs() < 200.0, "{counts:?}");
    }
    assert_eq!((heavy_tailed(2, 2, &mut rng), heavy_tailed(3, 1, &mut rng)), (2, 3));
}

#[test]
fn only_what_is_hot_takes_what_is_worse() {
    let (mut adaptation, mut rng) = (Adaptation::default(), generator(2));
    adaptation.tell(-1.0);
    let mut share =
        |adaptation: &Adaptation| (0..1_000).filter(|_| adaptation.accepts(1.0, &mut rng)).count();
    assert_eq!(share(&adaptation), 0);
    adaptation.heat(1.0);
    assert!((300..450).contains(&share(&adaptation)), "about one in e");
    for _ in 0..200 {
        adaptation.tell(-1.0);
    }
    assert!(share(&adaptation) == 0 && adaptation.accepts(0.0, &mut generator(3)));
}

#[test]
fn the_heat_of_a_drift_halves() {
    let (space, parent) = (grid(1, 2), Genome(vec![0]));
    let heat = |now, drift| Question { now, drift, ..Question::new(&space, &parent, 1) }.heat();
    assert!(heat(9, None).abs() < 1e-12 && (heat(9, Some(9)) - 1.0).abs() < 1e-12);
    assert!((heat(2_009, Some(9)) - 0.5).abs() < 1e-12 && heat(60_000, Some(9)) < 1e-6);
}
