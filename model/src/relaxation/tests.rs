//! A relaxation does not collapse where plain DARTS does; it is the same for the same seed, and it stays within its bounds.

use proptest::prelude::*;
use rand::RngExt;

use super::mixed::Mixed;
use super::shares::Shares;
use super::*;
use crate::architecture::{Activation, BlockKind, Hyper};
use crate::cost::Shape;
use crate::device::Device;
use crate::learner::Learner;
use crate::testing::{random_architecture, random_weights};

const SHAPE: Shape =
    Shape { inputs: 6, outputs: 2, classification: true, context: 0, steps: 0, picture: None };

/// Rows of which the class takes a wave over a product, and another product: one block of 16 does not learn all of it.
fn waves(rows: usize, rng: &mut Pcg64) -> (Vec<f32>, Vec<f32>) {
    let (mut encoded, mut goals) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        let x: Vec<f32> = (0..6).map(|_| rng.random_range(-1.5..1.5)).collect();
        let value = (2.0 * (x[0] * x[1] + x[2])).sin() + x[3] * x[4];
        goals.push(f32::from(u8::from(value > 0.0)));
        encoded.extend(x);
    }
    (encoded, goals)
}

fn block(kind: BlockKind, width: u16) -> Operation {
    Operation::Block(Block { kind, ..Block::plain(width, Activation::Relu) })
}

fn share_of_wrong(learner: &Learner, encoded: &[f32], goals: &[f32]) -> f64 {
    let said = learner.predict(encoded).expect("whole rows");
    let wrong = said.chunks_exact(2).zip(goals).filter(|(said, goal)| (said[1] > said[0]) != (**goal > 0.5));
    wrong.count() as f64 / goals.len() as f64
}

/// The share of skips, how many were chosen, and what the chosen network gets wrong after training on the same rows.
fn outcome(settings: &Settings, seed: u64) -> (f64, usize, f64) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (encoded, goals) = waves(4_000, &mut rng);
    let hyper = Hyper { step_size: 0.01, batch: 16, ..Hyper::default() };
    let parent =
        Architecture { blocks: vec![Block::plain(16, Activation::Relu)], ..Architecture::linear(hyper) };
    let mut learner = Learner::new(&parent, SHAPE, &[], &Device::cpu(), seed).expect("it fits");
    learner.learn(&encoded, &goals).expect("it learns");
    let edges = vec![Edge(vec![Operation::Skip, block(BlockKind::Dense, 16)]); 4];
    let window = Window { encoded: &encoded, goals: &goals };
    let network = learner.freeze().expect("it freezes");
    let strengths = relax(&network, &edges, window, &[], settings, seed).expect("it is relaxed");
    let child = discretised(&parent, &edges, &strengths.chosen());
    let mut grown = learner.inherit(&child, seed).expect("it grows");
    (0..8).for_each(|_| grown.learn(&encoded, &goals).expect("it learns"));
    let (encoded, goals) = waves(2_000, &mut rng);
    let skips = strengths.chosen().iter().filter(|chosen| **chosen == 0).count();
    (strengths.skip_share, skips, share_of_wrong(&grown, &encoded, &goals))
}

/// Seeds that were not chosen: the first ones.
const SEEDS: u64 = 4;

#[test]
fn where_plain_darts_collapses_to_skips_this_does_not_and_finds_a_better_network() {
    let run = |settings: Settings| (0..SEEDS).map(|seed| outcome(&settings, seed)).collect::<Vec<_>>();
    let (plain, ours) = (run(Settings::plain()), run(Settings::default()));
    let mean = |of: fn(&(f64, usize, f64)) -> f64, all: &[_]| all.iter().map(of).sum::<f64>() / SEEDS as f64;
    let skips = |all: &[_]| mean(|one| one.1 as f64 / 4.0, all);
    let wrong = |all: &[_]| mean(|one| one.2, all);
    assert!(skips(&plain) >= 0.9 && mean(|one| one.0, &plain) > 0.7, "plain DARTS collapses: {plain:?}");
    assert!(skips(&ours) <= 0.5 && mean(|one| one.0, &ours) < 0.6, "this does not: {ours:?}");
    assert!(wrong(&ours) < wrong(&plain) - 0.03, "{ours:?} beside {plain:?}");
}

fn small(settings: Settings) -> Settings {
    Settings { steps: 24, weight_steps: 1, batch: 16, ..settings }
}

fn every_operation() -> Vec<Edge> {
    let blocks = [BlockKind::Residual, BlockKind::Cross, BlockKind::Gated].map(|kind| block(kind, 4));
    vec![Edge([vec![Operation::Skip], blocks.to_vec()].concat()), Edge(vec![block(BlockKind::Dense, 5)])]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    #[test]
    fn whatever_is_relaxed_the_answer_is_finite_sums_to_one_and_is_the_same_again(seed in any::<u64>()) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let parent = random_architecture(&mut rng);
        let weights = random_weights(&parent, SHAPE, 0.5, &mut rng);
        let network = Network::from_weights(&parent, SHAPE, &weights, &Device::cpu()).expect("it fits");
        let (encoded, goals) = waves(100, &mut rng);
        let window = Window { encoded: &encoded, goals: &goals };
        let estimator = [Estimator::Mixture, Estimator::Gumbel, Estimator::RaoBlackwell][rng.random_range(0..3)];
        let usual = if rng.random() { Settings::plain() } else { Settings::default() };
        let settings = small(Settings { estimator, ..usual });
        let relaxed = || relax(&network, &every_operation(), window, &[], &settings, seed);
        let strengths = relaxed().expect("it is relaxed");
        prop_assert_eq!(&strengths, &relaxed().expect("it is relaxed"));
        for edge in &strengths.edges {
            prop_assert!((edge.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(edge.shares.iter().all(|share| (0.0..=1.0).contains(share)));
            prop_assert!(edge.hurts.iter().all(|hurt| hurt.is_finite()) && edge.chosen < edge.shares.len());
        }
        prop_assert!((0.0..=1.0 + 1e-9).contains(&strengths.entropy));
        prop_assert!(strengths.variances.iter().all(|variance| variance.is_finite() && *variance >= 0.0));
        let combinations = strengths.combinations(3);
        prop_assert!(combinations.len() == 3 && combinations.is_sorted_by(|a, b| a.1 >= b.1));
        let child = discretised(&parent, &every_operation(), &strengths.chosen());
        prop_assert!(child.check().is_ok() && child.blocks.len() > parent.blocks.len());
    }

    #[test]
    fn a_step_goes_against_the_slope_and_leaves_a_point_of_the_simplex(
        slopes in prop::collection::vec(-1e3_f64..1e3, 2..=4), adam in any::<bool>(), rate in 1e-3_f64..20.0,
    ) {
        let update = if adam { Update::Adam { rate } } else { Update::Exponentiated { rate } };
        let mut shares = Shares::even(slopes.len());
        shares.step(update, &slopes);
        let after = shares.shares();
        prop_assert!((after.iter().sum::<f64>() - 1.0).abs() < 1e-9 && after.iter().all(|share| *share > 0.0));
        for (one, other) in slopes.iter().zip(&after).zip(slopes.iter().zip(&after).skip(1)) {
            prop_assert!((one.0 - other.0) * (one.1 - other.1) <= 1e-9, "{slopes:?} {after:?}");
        }
        shares.step(update, &vec![f64::NAN; slopes.len()]);
        prop_assert_eq!(after, shares.shares());
    }

    #[test]
    fn what_averages_draws_says_on_average_the_same_with_less_variance(seed in 0_u64..1_000) {
        let mut rng = Pcg64::seed_from_u64(seed);
        let (shares, slopes) = ([0.5, 0.3, 0.2], [1.0, -0.5, 0.2]);
        let mut run = |estimator: Estimator| -> (f64, f64) {
            let found: Vec<f64> = (0..2_000).map(|_| {
                let draw = estimator.draw(&shares, &mut rng);
                estimator.slopes(&shares, &draw, &slopes, &mut rng)[0]
            }).collect();
            let mean = found.iter().sum::<f64>() / 2_000.0;
            (mean, found.iter().map(|one| (one - mean).powi(2)).sum::<f64>() / 2_000.0)
        };
        let ((plain, noisy), (mean, calm)) = (run(Estimator::Gumbel), run(Estimator::RaoBlackwell));
        prop_assert!((plain - mean).abs() < 0.03, "{plain} {mean}");
        prop_assert!(calm < noisy, "{calm} {noisy}");
    }
}

#[test]
fn at_first_it_says_what_the_network_says() {
    let mut rng = Pcg64::seed_from_u64(5);
    for _ in 0..20 {
        let drawn = random_architecture(&mut rng);
        let parent = Architecture { exits: false, committee: 1, ..drawn };
        let weights = random_weights(&parent, SHAPE, 0.5, &mut rng);
        let network = Network::from_weights(&parent, SHAPE, &weights, &Device::cpu()).expect("it fits");
        let (encoded, goals) = waves(ROWS_MIN, &mut rng);
        let rows = Rows::of(&network, Window { encoded: &encoded, goals: &goals }).expect("enough rows");
        let batch = rows.batch(0..ROWS_MIN, &network.device().device).expect("rows");
        let (mixed, flat) = Mixed::new(&network, &every_operation(), &[], &mut rng).expect("it fits");
        let flat = candle_core::Tensor::new(flat, &network.device().device).expect("numbers");
        let loss = mixed.loss(&flat, &batch, &[vec![0.25; 4], vec![1.0]], 0.5).expect("it answers");
        let said = network.predict(&encoded).expect("whole rows");
        let rows = said.chunks_exact(2).zip(&goals);
        let own = rows.map(|(said, goal)| -said[*goal as usize].ln()).sum::<f32>() / goals.len() as f32;
        assert!((loss - own).abs() < 1e-4 * own.max(1.0), "{loss} {own}: {parent}");
    }
}

#[test]
fn what_cannot_be_asked_is_refused_and_nothing_is_asked_of_no_place() {
    let linear = Architecture::linear(Hyper::default());
    let mut rng = Pcg64::seed_from_u64(1);
    let weights = random_weights(&linear, SHAPE, 0.1, &mut rng);
    let network = Network::from_weights(&linear, SHAPE, &weights, &Device::cpu()).expect("it fits");
    let (encoded, goals) = waves(ROWS_MIN, &mut rng);
    let window = Window { encoded: &encoded, goals: &goals };
    let asked = |edges: &[Edge], window, settings| relax(&network, edges, window, &[], &settings, 1);
    let none = asked(&[], window, small(Settings::default())).expect("nothing is asked");
    assert!(none.edges.is_empty() && none.combinations(9) == [(Vec::new(), 1.0)]);
    let edge = Edge(vec![Operation::Skip; OPERATIONS_MAX + 1]);
    let few = Window { encoded: &encoded[..6], goals: &goals[..1] };
    let slow = Settings { step_size: f32::NAN, ..Settings::default() };
    for (edges, window, settings, why) in [
        (vec![edge], window, Settings::default(), "operations"),
        (vec![Edge(vec![Operation::Skip]); EDGES_MAX + 1], window, Settings::default(), "places"),
        (every_operation(), few, Settings::default(), "rows"),
        (every_operation(), window, slow, "step size"),
        (every_operation(), window, Settings { steps: STEPS_MAX, ..Settings::default() }, "steps"),
    ] {
        let error = asked(&edges, window, settings).expect_err("it is refused").to_string();
        assert!(error.contains(why), "{error}");
    }
    let wild = Settings { step_size: 1e30, ..small(Settings::default()) };
    let error = asked(&every_operation(), window, wild).expect_err("it diverges");
    assert!(matches!(error, ModelError::Diverged { .. }), "{error}");
}

#[test]
fn the_largest_curvature_is_found_and_what_becomes_sharp_is_noticed_and_what_is_flat_is_not() {
    let mut rng = Pcg64::seed_from_u64(3);
    // A bowl that is steepest along the second axis, and falls along the third.
    let slopes = |at: &[f64]| Ok(vec![0.5 * at[0], 4.0 * at[1], -0.2 * at[2]]);
    let found = curvature::largest(3, &mut rng, slopes).expect("it is finite");
    assert!((found - 4.0).abs() < 1e-3, "{found}");
    let flat = curvature::largest(3, &mut rng, |_| Ok(vec![1.0; 3])).expect("it is finite");
    assert!(flat.abs() < 1e-12);
    assert!(curvature::largest(1, &mut rng, |at| Ok(vec![f64::NAN * at[0]])).is_err());
    let (calm, sharp) = ([0.3, 0.3, 0.3, 0.31, 0.32, 0.33], [0.3, 0.3, 0.3, 0.4, 0.6, 0.9]);
    assert_eq!((curvature::became_sharp(&calm), curvature::became_sharp(&sharp)), (None, Some(3)));
    assert_eq!(curvature::became_sharp(&sharp[..5]), None, "too few looks");
    assert_eq!(curvature::became_sharp(&sharp.map(|look| look / 100.0)), None, "flat before and after");
}
