//! A stream is near itself, from the first moment on.

use model::{Feature, Objective, Target};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;

fn schema() -> Schema {
    let numeric = |name: &str| Feature { name: name.into(), kind: FeatureKind::Numeric };
    let categorical = Feature { name: "c".into(), kind: FeatureKind::Categorical { buckets: 8 } };
    let target = Target::Classification { classes: ["no", "yes"].map(String::from).to_vec() };
    Schema::new(vec![numeric("a"), numeric("b"), categorical], target, Objective::default())
        .expect("a valid schema")
}

/// A stream whose class is the sign of `a + shift`, after so many outcomes.
fn seen(seed: u64, shift: f32, outcomes: usize) -> Sketch {
    let (mut rng, mut sketch) = (Pcg64::seed_from_u64(seed), Sketch::new(&schema()));
    for _ in 0..outcomes {
        let a = rng.random_range(-1.0_f32..1.0) + shift;
        let b = if rng.random_bool(0.1) { f32::NAN } else { rng.random_range(-1.0..1.0) };
        let class = u32::from(a > 0.0);
        let lost = Lost {
            champion: 0.2,
            control: rng.random_range(0.0..0.2),
            reference: 0.3,
            majority_right: class == 1,
            last_right: rng.random_bool(0.5),
        };
        sketch.observe(&Row::new(vec![a, b, 3.0]).expect("finite or missing"), Truth::Class(class), lost);
    }
    sketch
}

#[test]
fn a_stream_is_nearer_to_itself_than_to_another() {
    let at = |seed, shift| seen(seed, shift, 3_000).signature(None);
    let (one, again, other) = (at(1, 0.0), at(2, 0.0), at(3, 0.8));
    assert!(one.distance(&again) < one.distance(&other));
    assert!(one.distance(&one) < 1e-12 && (one.distance(&other) - other.distance(&one)).abs() < 1e-12);
    assert!((0.0..=1.0).contains(&one.distance(&other)));
}

#[test]
fn it_has_its_numbers_from_the_first_moment_on() {
    for outcomes in [0, 1, 2, 500] {
        let signature = seen(4, 0.0, outcomes).signature(None);
        assert_eq!(signature.numbers().len(), NUMBERS);
        assert!(signature.numbers().iter().all(|number| number.is_finite()));
    }
    assert!(seen(4, 0.0, 2_000).probe.loss() < 0.1, "the stream is linear");
}

#[test]
fn a_saved_sketch_goes_on_exactly() {
    let sketch = seen(5, 0.3, 700);
    let bytes = postcard::to_stdvec(&sketch).expect("it is plain data");
    let same: Sketch = postcard::from_bytes(&bytes).expect("just written");
    assert_eq!(same, sketch);
}
