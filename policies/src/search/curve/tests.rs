//! Forecasts come near what comes, know how near, and never fail.

use proptest::prelude::*;

use super::*;

fn curve(points: u32, of: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    (1..=points).map(|x| (f64::from(x), of(f64::from(x)))).collect()
}

#[test]
fn every_form_is_forecast_within_its_uncertainty() {
    let forms: [fn(f64) -> f64; 4] = [
        |x| 0.3 + x.powf(-0.5),
        |x| 0.2 + 0.5 * (-x / 10.0).exp(),
        |x| 0.4 + 0.3 / (x + 1.0).ln(),
        |x| 0.1 + 0.9 / (1.0 + (x / 20.0).powf(1.0)),
    ];
    for (index, form) in forms.into_iter().enumerate() {
        let forecast = forecast(&curve(20, form), 60.0).expect("there are points");
        let error = (forecast.mean - form(60.0)).abs();
        assert!(
            error < 3.0 * forecast.sd && error < form(20.0) - form(60.0),
            "{index}: {forecast:?} {error}"
        );
    }
}

#[test]
fn a_curve_that_is_flat_stays_flat() {
    let forecast = forecast(&curve(10, |_| 0.5), 50.0).expect("there are points");
    assert!((forecast.mean - 0.5).abs() < 1e-9 && forecast.sd < 1e-6, "{forecast:?}");
}

#[test]
fn with_less_to_go_on_it_is_less_sure() {
    let sd = |points| forecast(&curve(points, |x| 0.3 + x.powf(-0.5)), 81.0).map(|forecast| forecast.sd);
    assert!(sd(3) > sd(27));
    assert_eq!(forecast(&[], 10.0), None);
}

proptest! {
    #[test]
    fn a_forecast_is_always_a_number(
        gains in prop::collection::vec(prop_oneof![-1e6..1e6, Just(f64::NAN)], 0..90), horizon in 1.0..200.0,
    ) {
        let curve: Vec<(f64, f64)> = gains.iter().enumerate().map(|(at, gain)| (at as f64 + 1.0, *gain)).collect();
        if let Some(forecast) = forecast(&curve, horizon) {
            prop_assert!(forecast.mean.is_finite() && forecast.sd.is_finite() && forecast.sd >= 0.0);
        }
    }

    #[test]
    fn units_do_not_matter(scale in 0.01..100.0, shift in -10.0..10.0) {
        let plain = forecast(&curve(9, |x| x.powf(-0.5)), 81.0).expect("there are points");
        let moved = forecast(&curve(9, |x| shift + scale * x.powf(-0.5)), 81.0).expect("there are points");
        let error: f64 = moved.mean - shift - scale * plain.mean;
        prop_assert!(error.abs() < 1e-6 * (1.0 + scale + f64::abs(shift)));
    }
}
