//! That the gradient is one, and that tuning only goes up.

use model::Genome;
use rand::RngExt;

use super::*;
use crate::search::laws::grid;
use crate::search::predictor::{Moment, Subject};
use crate::stats::simulate::generator;

/// Inputs of all kinds, with targets that follow from them.
fn data() -> (Encoder, Vec<Input>, Vec<f64>) {
    let mut rng = generator(4);
    let mut genes = grid(3, 4).genes().to_vec();
    genes[1].ordered = false;
    let space = model::SearchSpace::new(genes).expect("three genes");
    let subjects: Vec<Subject> = (0..25)
        .map(|_| Subject { genome: space.sample(&mut rng), features: vec![rng.random(), rng.random()] })
        .collect();
    let encoder = Encoder::new(&space, &subjects.iter(), 2);
    let moment = |at: usize| Moment { era: (at / 15) as u32, at: at as u64 };
    let inputs =
        subjects.iter().enumerate().map(|(at, subject)| encoder.input(subject, moment(at))).collect();
    let target = |Subject { genome: Genome(choices), features }: &Subject| {
        f64::from(choices[0]) - 1.5 + features[0] - 0.5
    };
    (encoder, inputs, subjects.iter().map(target).collect())
}

#[test]
fn the_gradient_is_that_of_small_differences() {
    let (encoder, inputs, targets) = data();
    let parameters = Parameters::prior(3, 2);
    let of = |parameters: &Parameters| {
        evaluated(parameters, &encoder, &inputs, &targets, 24).expect("it is positive definite")
    };
    let (_, gradient) = of(&parameters);
    for (at, told) in gradient.iter().enumerate() {
        let moved = |by: f64| {
            let mut parameters = parameters.clone();
            parameters.logs[at] += by;
            of(&parameters).0
        };
        let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
        assert!((slope - told).abs() < 1e-4 * (1.0 + slope.abs()), "parameter {at}: {slope}, told {told}");
    }
}

#[test]
fn tuning_goes_up_and_keeps_to_its_bounds() {
    let (encoder, inputs, targets) = data();
    let evaluate = |parameters: &Parameters| evaluated(parameters, &encoder, &inputs, &targets, 24);
    let prior = Parameters::prior(3, 2);
    let found = tuned(&prior, evaluate);
    let [before, after] = [&prior, &found].map(|parameters| evaluate(parameters).expect("a value").0);
    assert!(after > before + 5.0, "{before} {after}");
    for (log, (mean, deviation)) in found.logs.iter().zip(found.priors()) {
        assert!((log - mean).abs() <= DEVIATIONS_MAX * deviation);
    }
}
