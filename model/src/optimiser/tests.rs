//! What optimiser promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]

use candle_core::{Device, Var};
use candle_nn::optim::{AdamW, Optimizer, ParamsAdamW, SGD};
use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::*;
use crate::testing::{random_numbers, tensor_devices};

const NUMBERS: usize = 37;
const STEPS: usize = 100;

fn rule(optimiser: Optimiser) -> Rule {
    Rule { optimiser, step_size: 0.01, weight_decay: 0.0 }
}

fn gradients(device: &Device) -> Vec<Tensor> {
    let mut rng = Pcg64::seed_from_u64(3);
    let gradient = |_| Tensor::from_vec(random_numbers(NUMBERS, 2.0, &mut rng), NUMBERS, device).unwrap();
    (0..STEPS).map(gradient).collect()
}

fn start() -> Vec<f32> {
    random_numbers(NUMBERS, 1.0, &mut Pcg64::seed_from_u64(4))
}

fn descent(rule: Rule, device: &Device) -> Descent {
    let zeros = vec![0.0; NUMBERS];
    Descent::new(rule, 0, [&start(), &zeros, &zeros], device).unwrap()
}

fn ours(rule: Rule, device: &Device) -> Vec<f32> {
    let mut descent = descent(rule, device);
    for gradient in gradients(device) {
        descent.step(&gradient, f32::MAX, &[], 1).unwrap();
    }
    descent.export().unwrap()[0].clone()
}

/// Candle's optimisers want a gradient store, so the loss is one whose gradient is the given one.
fn candles<O: Optimizer>(config: O::Config) -> Vec<f32> {
    let var = Var::from_vec(start(), NUMBERS, &Device::Cpu).unwrap();
    let mut optimiser = O::new(vec![var.clone()], config).unwrap();
    for gradient in gradients(&Device::Cpu) {
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
    for device in tensor_devices() {
        close(&ours(rule(Optimiser::Sgd), &device.device), &candles::<SGD>(0.01));
    }
}

#[test]
fn adamw_is_candles() {
    let params = ParamsAdamW { lr: 0.01, weight_decay: 0.1, ..ParamsAdamW::default() };
    let decaying = Rule { weight_decay: 0.1, ..rule(Optimiser::AdamW) };
    for device in tensor_devices() {
        close(&ours(decaying, &device.device), &candles::<AdamW>(params.clone()));
    }
}

#[test]
fn refuses_a_gradient_of_another_size() {
    let gradient = Tensor::zeros(5, candle_core::DType::F32, &Device::Cpu).unwrap();
    assert!(descent(rule(Optimiser::Sgd), &Device::Cpu).step(&gradient, 1.0, &[], 1).is_err());
}

#[test]
fn a_gradient_that_is_not_finite_changes_nothing() {
    let everywhere = |optimiser| tensor_devices().into_iter().map(move |device| (optimiser, device.device));
    for (optimiser, device) in Optimiser::ALL.into_iter().flat_map(everywhere) {
        let mut descent = descent(rule(optimiser), &device);
        let before = descent.export().unwrap();
        let mut numbers = vec![1.0_f32; NUMBERS];
        numbers[36] = f32::NAN;
        let gradient = Tensor::from_vec(numbers, NUMBERS, &device).unwrap();
        assert!(descent.step(&gradient, 1.0, &[], 1).unwrap().is_nan());
        assert_eq!(descent.export().unwrap(), before);
        assert_eq!(descent.steps(), 0);
    }
}
