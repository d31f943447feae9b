//! What every predictor has to keep.

use model::{Genome, SearchSpace};
use rand::RngExt;
use rand_pcg::Pcg64;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Estimate, Example, Moment, Predictor, Subject};
use crate::search::laws::grid;
use crate::stats::simulate::{generator, saved_and_restored};

pub(crate) fn subject(choices: &[u16]) -> Subject {
    Subject { genome: Genome(choices.to_vec()), features: vec![] }
}

/// The further from one corner the better, and the first gene counts twice.
pub(crate) fn truth(genome: &Genome) -> f64 {
    f64::from(genome.0[0]) + genome.0.iter().map(|choice| f64::from(*choice)).sum::<f64>()
}

/// Members of the space, each made from one that was tried before, with failures in between.
pub(crate) fn examples(space: &SearchSpace, count: u64, rng: &mut Pcg64) -> Vec<Example> {
    let of = |genome: &Genome| Subject { genome: genome.clone(), features: vec![] };
    let mut tried = vec![space.sample(rng)];
    let mut found = Vec::new();
    for at in 0..count {
        let (child, parent) = (space.sample(rng), tried[rng.random_range(0..tried.len())].clone());
        let failed = rng.random::<f64>() < 0.1;
        let gain = if failed { f64::NEG_INFINITY } else { truth(&child) - truth(&parent) };
        let moment = Moment { era: 0, at };
        found.push(Example { child: of(&child), parent: of(&parent), changes: vec![gain, -gain], moment });
        if !failed {
            tried.push(child);
        }
    }
    found
}

fn told(predictor: &impl Predictor, space: &SearchSpace) -> Vec<Vec<Estimate>> {
    let mut rng = generator(7);
    let children: Vec<Subject> =
        (0..10).map(|_| Subject { genome: space.sample(&mut rng), features: vec![] }).collect();
    predictor.predict(Moment { era: 0, at: 50 }, &children[0].clone(), &children)
}

/// One estimate an objective, all of them numbers; none with nothing known; none that spoils what comes after.
pub(crate) fn answers_are_beliefs(predictor: &mut impl Predictor, count: u64, seed: u64) {
    let space = grid(3, 4);
    let mut rng = generator(seed);
    predictor.fit(&space, &examples(&space, count, &mut rng), &mut rng);
    let told = told(predictor, &space);
    assert_eq!(told.len(), 10);
    for told in told {
        assert_eq!(told.len(), if count == 0 { 0 } else { 2 });
        for Estimate { mean, deviation } in told {
            assert!(mean.is_finite() && deviation.is_finite() && deviation >= 0.0, "{mean} {deviation}");
        }
    }
}

/// What was saved and restored, told the same, says the same to the last bit.
pub(crate) fn restores_exactly<P>(predictor: &mut P, seed: u64)
where
    P: Predictor + Serialize + DeserializeOwned,
{
    let space = grid(3, 4);
    let mut rng = generator(seed);
    let all = examples(&space, 40, &mut rng);
    predictor.fit(&space, &all[..30], &mut rng);
    let mut restored = saved_and_restored(predictor);
    predictor.fit(&space, &all, &mut rng.clone());
    restored.fit(&space, &all, &mut rng);
    assert_eq!(told(predictor, &space), told(&restored, &space));
}

/// The order in which examples are handed over says nothing.
pub(crate) fn order_does_not_matter<P: Predictor + Clone>(predictor: &P, seed: u64) {
    let space = grid(3, 4);
    let mut rng = generator(seed);
    let mut all = examples(&space, 25, &mut rng);
    let [mut forwards, mut backwards] = [predictor.clone(), predictor.clone()];
    forwards.fit(&space, &all, &mut rng.clone());
    all.reverse();
    backwards.fit(&space, &all, &mut rng);
    assert_eq!(told(&forwards, &space), told(&backwards, &space));
}

/// Of pairs of genomes never tried, how many are told apart the right way round.
pub(crate) fn told_apart(predictor: &mut impl Predictor, count: u64, seed: u64) -> f64 {
    let space = grid(4, 4);
    let mut rng = generator(seed);
    predictor.fit(&space, &examples(&space, count, &mut rng), &mut rng);
    let mut right = Vec::new();
    while right.len() < 200 {
        let [parent, child] = [(); 2].map(|()| space.sample(&mut rng));
        let change = truth(&child) - truth(&parent);
        if change != 0.0 {
            let of = |genome: &Genome| Subject { genome: genome.clone(), features: vec![] };
            let told = predictor.predict(Moment { era: 0, at: count }, &of(&parent), &[of(&child)]);
            right.push((told[0][0].mean > 0.0) == (change > 0.0));
        }
    }
    right.iter().filter(|right| **right).count() as f64 / right.len() as f64
}

/// What costs much to learn is learned again only when there is a tenth more to learn from.
pub(crate) fn learns_again_at_a_tenth<P: Predictor, T: PartialEq + std::fmt::Debug>(
    predictor: &mut P,
    learned: impl Fn(&P) -> T,
) {
    let space = grid(3, 4);
    let all = examples(&space, 100, &mut generator(1));
    let mut after = |examples: &[Example]| {
        predictor.fit(&space, examples, &mut generator(2));
        learned(predictor)
    };
    let first = after(&all[..80]);
    assert_eq!(after(&all[..81]), first);
    assert_ne!(after(&all), first);
}

/// With the examples goes what was learned from them.
pub(crate) fn forgets_with_the_examples(predictor: &mut impl Predictor) {
    let space = grid(3, 4);
    predictor.fit(&space, &examples(&space, 20, &mut generator(1)), &mut generator(1));
    predictor.fit(&space, &[], &mut generator(1));
    let nothing = predictor.predict(Moment::default(), &subject(&[0; 3]), &[subject(&[1; 3])]);
    assert_eq!(nothing, [vec![]]);
}
