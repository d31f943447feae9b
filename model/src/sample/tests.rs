//! A share of the ids is a share of the events, whatever the ids look like.

use super::EventId;

#[test]
fn ids_that_follow_one_another_are_drawn_as_if_by_chance() {
    for prefix in ["", "order-2026-11-", "a much longer prefix that all ids have in common/"] {
        let draws: Vec<f64> =
            (0..10_000).map(|at| EventId::new(&format!("{prefix}{at}")).expect("short").draw()).collect();
        assert!(draws.iter().all(|draw| (0.0..1.0).contains(draw)));
        for tenth in 0..10 {
            let within = draws.iter().filter(|draw| (**draw * 10.0) as usize == tenth).count();
            // Five deviations of a fair draw.
            assert!(within.abs_diff(1_000) < 150, "{prefix}: {within} in tenth {tenth}");
        }
        let both = draws.windows(2).filter(|pair| pair[0] < 0.5 && pair[1] < 0.5).count();
        assert!(both.abs_diff(2_500) < 250, "{prefix}: neighbours are alike, {both}");
    }
}

#[test]
fn an_id_is_drawn_the_same_by_every_build() {
    let draw = EventId::new("e1").expect("short").draw();
    assert!((draw - E1).abs() < 1e-15, "{draw:?}: events held back before would not be any more");
}

/// What the first build drew.
const E1: f64 = 0.876_532_474_825_685_3;
