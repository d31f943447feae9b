//! What optimiser promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use candle_core::{Device, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW, SGD};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::testing::random_numbers;

const NUMBERS: usize = 37;
const STEPS: usize = 100;

fn rule(optimiser: Optimiser) -> Rule {
    Rule { optimiser, step_size: 0.01, weight_decay: 0.0, momentum: 0.0 }
}

fn gradients() -> Vec<Tensor> {
    let mut rng = Pcg64::seed_from_u64(3);
    let gradient =
        |_| Tensor::from_vec(random_numbers(NUMBERS, 2.0, &mut rng), NUMBERS, &Device::Cpu).unwrap();
    (0..STEPS).map(gradient).collect()
}

fn start() -> Vec<f32> {
    random_numbers(NUMBERS, 1.0, &mut Pcg64::seed_from_u64(4))
}

fn descent(rule: Rule) -> Descent {
    let zeros = vec![0.0; NUMBERS];
    Descent::new(rule, 0, [&start(), &zeros, &zeros], &Device::Cpu).unwrap()
}

fn ours(rule: Rule) -> Vec<f32> {
    let mut descent = descent(rule);
    for gradient in gradients() {
        descent.step(&gradient, f32::MAX).unwrap();
    }
    descent.export().unwrap()[0].clone()
}

/// Candle's optimisers want a gradient store, so the loss is one whose gradient is the given one.
fn candles<O: Optimizer>(config: O::Config) -> Vec<f32> {
    let var = Var::from_vec(start(), NUMBERS, &Device::Cpu).unwrap();
    let mut optimiser = O::new(vec![var.clone()], config).unwrap();
    for gradient in gradients() {
        optimiser.backward_step(&var.mul(&gradient).unwrap().sum_all().unwrap()).unwrap();
    }
    var.to_vec1().unwrap()
}

fn close(ours: &[f32], theirs: &[f32]) {
    for (ours, theirs) in ours.iter().zip(theirs) {
        assert!((ours - theirs).abs() <= 1e-6, "{ours} is not {theirs}");
    }
}

#[test]
fn sgd_is_candles() {
    close(&ours(rule(Optimiser::Sgd)), &candles::<SGD>(0.01));
}

#[test]
fn adamw_is_candles() {
    let params = ParamsAdamW { lr: 0.01, weight_decay: 0.1, ..ParamsAdamW::default() };
    close(&ours(Rule { weight_decay: 0.1, ..rule(Optimiser::AdamW) }), &candles::<AdamW>(params));
}

#[test]
fn the_composed_step_is_the_fused_one() {
    for optimiser in Optimiser::ALL {
        let rule = Rule { weight_decay: 0.1, momentum: 0.9, ..rule(optimiser) };
        let (mut fused, composed) = (descent(rule), descent(rule));
        for (index, gradient) in gradients().iter().enumerate() {
            let norm = fused.step(gradient, 5.0).unwrap();
            let step = Step::new(rule, index as u64 + 1, 5.0);
            close(&[step.composed(&composed.state, gradient).unwrap()], &[norm]);
            assert!(norm > 5.0);
        }
        for (fused, composed) in fused.export().unwrap().iter().zip(&composed.export().unwrap()) {
            close(fused, composed);
        }
    }
}

#[test]
fn momentum_carries_the_last_step_on() {
    let rule = Rule { momentum: 0.5, step_size: 1.0, ..rule(Optimiser::Sgd) };
    let mut descent = Descent::new(rule, 0, [&[0.0], &[0.0], &[0.0]], &Device::Cpu).unwrap();
    for slope in [1.0_f32, 0.0] {
        descent.step(&Tensor::new(&[slope], &Device::Cpu).unwrap(), f32::MAX).unwrap();
    }
    assert_eq!(descent.export().unwrap()[0], [-1.5]);
}

#[test]
fn refuses_a_gradient_of_another_size() {
    let gradient = Tensor::zeros(5, candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(descent(rule(Optimiser::Sgd)).step(&gradient, 1.0).is_err());
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    for optimiser in Optimiser::ALL {
        let mut descent = descent(rule(optimiser));
        let before = descent.export().unwrap();
        let mut numbers = vec![1.0_f32; NUMBERS];
        numbers[36] = f32::NAN;
        let gradient = Tensor::from_vec(numbers, NUMBERS, &Device::Cpu).unwrap();
        assert!(descent.step(&gradient, 1.0).unwrap().is_nan());
        assert!(Step::new(descent.rule, 1, 1.0).composed(&descent.state, &gradient).unwrap().is_nan());
        assert_eq!(descent.export().unwrap(), before);
        assert_eq!(descent.steps(), 0);
    }
}

#[test]
fn moments_never_turn_subnormal() {
    let mut descent = descent(rule(Optimiser::AdamW));
    let gradient = |slope: f32| Tensor::from_vec(vec![slope; NUMBERS], NUMBERS, &Device::Cpu).unwrap();
    descent.step(&gradient(1e-3), 1.0).unwrap();
    for _ in 0..2_000 {
        descent.step(&gradient(0.0), 1.0).unwrap();
        assert!(descent.export().unwrap()[1..].iter().flatten().all(|moment| !moment.is_subnormal()));
    }
}
