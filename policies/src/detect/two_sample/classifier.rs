//! The classifier: what tells a new row from an old one, and what it leans on.
//!
//! Lives here: an online logistic regression on the inputs and on products of two of them. May not: know a threshold.

use model::{Feature, Row};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::detect::features::SHIFTS_MAX;
use crate::detect::pairs::inputs::Inputs;
use crate::detect::pairs::witness::{Learning, Witness};

/// Most products of two inputs that the classifier sees: all, up to 23 inputs; a random choice of more.
pub const PRODUCTS_MAX: usize = 256;
/// Pairs that a classifier remembers: a large change is learned from few, a small one needs many.
const HORIZONS: [u32; 2] = [200, 1_000];
/// A product is cut off here, on both sides, so that it cannot drown the others.
const PRODUCT_LIMIT: f32 = 4.0;
/// A weight of less than so many times its chance size says nothing about its feature.
const NOISE_FACTOR: f32 = 4.0;
/// A feature with less of the classifier than this share of the first one's is not named.
const NAMED_SHARE_MIN: f32 = 0.25;

/// Logistic regressions of which row of a pair is the new one, of a short and of a long memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Classifier {
    inputs: Inputs,
    /// Which two inputs each product is of.
    pub(super) products: Vec<(u32, u32)>,
    pub(super) witnesses: Vec<Witness>,
}

impl Classifier {
    /// From the first rows, which teach nothing but mean and spread.
    pub(super) fn new(features: &[Feature], rows: &[Row], seed: u64) -> Self {
        let inputs = Inputs::new(features, rows);
        let products = products(&inputs, seed);
        let width = inputs.width() + products.len();
        let witness = |horizon| Witness::new(Learning::Logistic, width, horizon);
        Self { witnesses: HORIZONS.map(witness).to_vec(), inputs, products }
    }

    /// Bets on a pair, then learns from it.
    pub(super) fn observe(&mut self, new: &Row, old: &Row) {
        let (mut difference, mut was) = (Vec::new(), Vec::new());
        self.encode(new, &mut difference);
        self.encode(old, &mut was);
        difference.iter_mut().zip(&was).for_each(|(new, old)| *new -= old);
        self.witnesses.iter_mut().for_each(|witness| witness.observe(&difference));
    }

    fn encode(&self, row: &Row, numbers: &mut Vec<f32>) {
        numbers.reserve_exact(self.inputs.width() + self.products.len());
        self.inputs.encode(row, numbers);
        for (a, b) in &self.products {
            let product = numbers[*a as usize] * numbers[*b as usize];
            numbers.push(product.clamp(-PRODUCT_LIMIT, PRODUCT_LIMIT));
        }
    }

    /// The features that the classifier leans on, strongest first, at least one if there are any.
    pub(super) fn ranking(&self, features: usize) -> Vec<usize> {
        // The one that has learned most since is not always the one that earned most: a long memory learns slowly.
        let learned = |witness: &&Witness| {
            witness.direction().iter().copied().map(square).sum::<f32>() / witness.noise()
        };
        let Some(witness) = self.witnesses.iter().max_by(|a, b| learned(a).total_cmp(&learned(b))) else {
            return Vec::new();
        };
        let noise = NOISE_FACTOR * witness.noise().min(usual_noise(witness.direction()));
        let mut leaning = self.leaning(witness.direction(), noise, features);
        if leaning.iter().all(|leaning| *leaning <= 0.0) {
            leaning = self.leaning(witness.direction(), 0.0, features);
        }
        let mut order: Vec<usize> = (0..features).collect();
        order.sort_by(|a, b| leaning[*b].total_cmp(&leaning[*a]));
        let least = order.first().map_or(0.0, |first| leaning[*first] * NAMED_SHARE_MIN);
        let named = order.iter().take_while(|at| leaning[**at] > least).count().clamp(1, SHIFTS_MAX);
        order.truncate(named);
        order
    }

    /// Squares of the weights of each feature, beyond noise; that of a product belongs to both by half.
    fn leaning(&self, direction: &[f32], noise: f32, features: usize) -> Vec<f32> {
        let (of, mut leaning) = (self.inputs.features(), vec![0.0; features]);
        let (inputs, products) = direction.split_at(self.inputs.width());
        for (weight, feature) in inputs.iter().zip(of) {
            leaning[*feature as usize] += (square(*weight) - noise).max(0.0);
        }
        for (weight, (a, b)) in products.iter().zip(&self.products) {
            let half = (square(*weight) - noise).max(0.0) / 2.0;
            leaning[of[*a as usize] as usize] += half;
            leaning[of[*b as usize] as usize] += half;
        }
        leaning
    }
}

fn square(weight: f32) -> f32 {
    weight * weight
}

/// Mean square of weights that say nothing, if most do: their median, as far below the mean as chi-square has it.
fn usual_noise(direction: &[f32]) -> f32 {
    const MEDIAN: f32 = 0.455;
    let mut squares: Vec<f32> =
        direction.iter().copied().map(square).filter(|square| *square > 0.0).collect();
    squares.sort_unstable_by(f32::total_cmp);
    squares.get(squares.len() / 2).map_or(0.0, |median| median / MEDIAN)
}

/// Which products of two inputs of two features to look at: all, or some by lot.
fn products(inputs: &Inputs, seed: u64) -> Vec<(u32, u32)> {
    let (varying, of) = (inputs.varying(), inputs.features());
    let apart = |(a, b): &(u32, u32)| of[*a as usize] != of[*b as usize];
    let count = varying.len();
    if count * count.saturating_sub(1) / 2 <= PRODUCTS_MAX {
        let with = |at: usize| varying[at + 1..].iter().map(move |b| (at, *b));
        return (0..count).flat_map(with).map(|(at, b)| (varying[at], b)).filter(apart).collect();
    }
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut draw = || varying[rng.random_range(0..count)];
    let drawn = std::iter::repeat_with(|| (draw(), draw())).take(PRODUCTS_MAX);
    let mut chosen: Vec<(u32, u32)> = drawn.map(|(a, b)| (a.min(b), a.max(b))).filter(apart).collect();
    chosen.sort_unstable();
    chosen.dedup();
    chosen
}
