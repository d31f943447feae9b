//! The laws of predictors, and what is known of Gaussian processes.

use model::Genome;
use proptest::prelude::*;

use super::*;
use crate::search::laws::grid;
use crate::search::predictor::laws::{self, examples, subject};
use crate::stats::simulate::{generator, saved_and_restored};

fn tried(child: &[u16], parent: &[u16], change: f64, moment: Moment) -> Example {
    Example { child: subject(child), parent: subject(parent), changes: vec![change], moment }
}

/// What is said of `child` over `parent` after these.
fn change(examples: &[Example], moment: Moment, parent: &[u16], child: &[u16]) -> Estimate {
    let mut process = GaussianProcess::new();
    process.fit(&grid(2, 9), examples, &mut generator(1));
    process.predict(moment, &subject(parent), &[subject(child)])[0][0]
}

fn at(at: u64) -> Moment {
    Moment { era: 0, at }
}

#[test]
fn what_was_seen_is_told_again() {
    let line: Vec<Example> = (1..9).map(|x| tried(&[x, 0], &[0, 0], f64::from(x), at(1))).collect();
    let near = change(&line, at(1), &[0, 0], &[8, 0]);
    // Nine levels, the highest above the lowest.
    let expected = 2.0 * crate::stats::normal::quantile(8.625 / 9.25);
    assert!((near.mean - expected).abs() < 0.1 && near.deviation < 0.2, "{near:?}, not {expected}");
    let between = change(&line, at(1), &[0, 0], &[4, 0]);
    assert!((between.mean - expected / 2.0).abs() < 0.1, "{between:?}");
    let same = change(&line, at(1), &[4, 0], &[4, 0]);
    assert!(same.mean.abs() < 1e-9 && same.deviation < 1e-6, "nothing changed: {same:?}");
}

#[test]
fn more_examples_leave_less_doubt() {
    let space = grid(4, 4);
    let doubt = |count| {
        let mut process = GaussianProcess::new();
        process.fit(&space, &examples(&space, count, &mut generator(3)), &mut generator(3));
        let told = process.predict(at(count), &subject(&[0; 4]), &[subject(&[3, 1, 2, 0])]);
        told[0][0].deviation
    };
    let (few, some, many) = (doubt(3), doubt(30), doubt(200));
    assert!(few > some && some > many, "{few} {some} {many}");
}

#[test]
fn what_is_believed_leaves_less_doubt_about_it_and_no_other_mean() {
    let space = grid(4, 4);
    let mut process = GaussianProcess::new();
    process.fit(&space, &examples(&space, 20, &mut generator(3)), &mut generator(3));
    let children = [subject(&[3, 1, 2, 0]), subject(&[3, 1, 2, 1]), subject(&[0, 3, 0, 3])];
    let before = process.predict(at(20), &subject(&[0; 4]), &children);
    process.believe(at(20), &children[0]);
    let after = process.predict(at(20), &subject(&[0; 4]), &children);
    for (before, after) in before.iter().zip(&after) {
        assert!((before[0].mean - after[0].mean).abs() < 1e-6);
        assert!(after[0].deviation <= before[0].deviation + 1e-9);
    }
    let gone = |at: usize| before[at][0].deviation - after[at][0].deviation;
    assert!(gone(0) > 2.0 * gone(1) && gone(1) > 2.0 * gone(2), "the nearer the more: {before:?} {after:?}");
}

#[test]
fn the_newer_counts_more_where_the_world_turned() {
    // Long ago the first gene was good, of late it is bad.
    let gene = |x: u16, sign: f64, when: u64| tried(&[x, 4], &[0, 4], sign * f64::from(x), at(when));
    let old = (1..9).map(|x| gene(x, 1.0, u64::from(x)));
    let new = (1..9).map(|x| gene(x, -1.0, 1000 + u64::from(x)));
    let both: Vec<Example> = old.chain(new).collect();
    let now = change(&both, at(1010), &[0, 4], &[8, 4]);
    assert!(now.mean < -0.5, "{now:?}");
    let then = change(&both, at(4), &[0, 4], &[8, 4]);
    assert!(then.mean > now.mean + 0.5, "{then:?}");
}

#[test]
fn after_a_drift_the_old_is_a_guess_and_no_more() {
    let old = |era| -> Vec<Example> {
        (1..9).map(|x| tried(&[x, 0], &[0, 0], f64::from(x), Moment { era, at: 1 })).collect()
    };
    let same = change(&old(0), at(1), &[0, 0], &[8, 0]);
    let drifted = change(&old(0), Moment { era: 1, at: 1 }, &[0, 0], &[8, 0]);
    assert!(drifted.mean > 0.2 * same.mean && drifted.mean < 0.7 * same.mean, "{same:?} {drifted:?}");
    assert!(drifted.deviation > 2.0 * same.deviation, "{same:?} {drifted:?}");
}

#[test]
fn features_tell_what_genes_do_not() {
    // An unordered gene of many choices says nothing of one never tried; its feature does.
    let mut gene = grid(1, 60).genes()[0].clone();
    gene.ordered = false;
    let space = SearchSpace::new(vec![gene]).expect("one gene");
    let of = |choice: u16| Subject {
        genome: Genome(vec![choice]),
        features: vec![f64::from(choice * 7 % 60).exp(), f64::NAN],
    };
    let example = |choice: u16| Example {
        child: of(choice),
        parent: of(0),
        changes: vec![f64::from(choice * 7 % 60)],
        moment: at(u64::from(choice)),
    };
    let mut process = GaussianProcess::new();
    process.fit(&space, &(1..30).map(example).collect::<Vec<_>>(), &mut generator(1));
    let told = process.predict(at(30), &of(0), &[of(34), of(43)]);
    assert!(told[0][0].mean > told[1][0].mean + 1.0, "58 is more than 1: {told:?}");
}

#[test]
fn tuning_finds_what_matters() {
    let right = laws::told_apart(&mut GaussianProcess::new(), 60, 5);
    assert!(right > 0.9, "{right}");
}

#[test]
fn only_what_was_tuned_is_saved() {
    let space = grid(3, 4);
    let mut process = GaussianProcess::new();
    process.fit(&space, &examples(&space, 200, &mut generator(1)), &mut generator(1));
    let restored = saved_and_restored(&process);
    assert_eq!(restored.tuned, process.tuned);
    assert!(postcard::to_stdvec(&process).expect("plain data").len() < 500);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn it_keeps_the_laws(count in 0_u64..40, seed in any::<u64>()) {
        laws::answers_are_beliefs(&mut GaussianProcess::new(), count, seed);
    }

    #[test]
    fn it_restores_exactly_and_order_does_not_matter(seed in any::<u64>()) {
        laws::restores_exactly(&mut GaussianProcess::new(), seed);
        laws::order_does_not_matter(&GaussianProcess::new(), seed);
    }
}
