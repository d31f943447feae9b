//! What a widened learner promises: it forgets nothing, and learns what is new without starting again.

#![allow(clippy::unwrap_used, reason = "tests may")]

use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::architecture::{Activation, Architecture, Block, Hyper, Norm, Optimiser};
use crate::context::Context;
use crate::cost::Shape;
use crate::device::Device;
use crate::encoder::Encoder;
use crate::learner::Learner;
use crate::sample::{Row, Truth};
use crate::schema::{Addition, Feature, FeatureKind, Objective, Schema, Target};
use crate::widening::Widening;

/// A learner with what it needs beside it.
struct Student {
    schema: Schema,
    encoder: Encoder,
    learner: Learner,
}

impl Student {
    fn new(hyper: Hyper, blocks: Vec<Block>) -> Self {
        let features = vec![Feature { name: "x".into(), kind: FeatureKind::Numeric }];
        let classes = vec!["low".into(), "high".into()];
        let schema = Schema::new(features, Target::Classification { classes }, Objective::default()).unwrap();
        let encoder = Encoder::new(&schema);
        let shape = Shape::with_labels(encoder.width(), schema.target());
        let learner = Learner::new(
            &Architecture { blocks, ..Architecture::linear(hyper) },
            shape,
            &[],
            &Device::cpu(),
            7,
        )
        .unwrap();
        Self { schema, encoder, learner }
    }

    fn adopt(&mut self, addition: &Addition) {
        let wider = self.schema.with(addition).unwrap();
        let widening = Widening::between(&self.schema, &wider).unwrap();
        self.learner = self.learner.widened(&widening).unwrap();
        self.encoder = self.encoder.widened(&wider);
        self.schema = wider;
    }

    /// Answers, then learns, each row; the share of right answers.
    fn follow(
        &mut self,
        rows: usize,
        rng: &mut Pcg64,
        mut draw: impl FnMut(&mut Pcg64) -> (Vec<f32>, u32),
    ) -> f64 {
        let mut right = 0;
        for _ in 0..rows {
            let (values, class) = draw(rng);
            let row = Row::new(values).unwrap();
            self.encoder.observe(&row);
            let mut encoded = Vec::new();
            self.encoder.encode(&row, &mut encoded);
            Context::default().encode(&self.encoder, self.learner.shape(), &mut encoded);
            let said = self.learner.predict(&encoded).unwrap();
            let best = (0..said.len()).max_by(|a, b| said[*a].total_cmp(&said[*b])).unwrap();
            right += usize::from(best == class as usize);
            self.learner.learn(&encoded, &[self.encoder.goal(&Truth::Class(class))]).unwrap();
        }
        right as f64 / rows as f64
    }
}

/// Learners that differ in what matters most.
fn students() -> Vec<Student> {
    let hyper = Hyper { batch: 4, replay: 0.5, ..Hyper::default() };
    let sgd = Hyper { optimiser: Optimiser::Sgd, step_size: 0.05, ..hyper };
    let block = Block { norm: Norm::Layer, skip: true, ..Block::plain(16, Activation::Gelu) };
    let blocks = vec![block, Block::plain(8, Activation::Relu)];
    vec![
        Student::new(sgd, Vec::new()),
        Student::new(sgd, blocks.clone()),
        Student::new(Hyper { step_size: 0.01, ..hyper }, Vec::new()),
        Student::new(Hyper { step_size: 0.01, ..hyper }, blocks),
    ]
}

fn high(x: f32) -> u32 {
    u32::from(x > 0.0)
}

#[test]
fn a_new_feature_that_decides_is_learned_without_starting_again() {
    for mut student in students() {
        let mut rng = Pcg64::seed_from_u64(1);
        let x = |rng: &mut Pcg64| rng.random_range(-1.0..1.0_f32);
        let noise = |rng: &mut Pcg64| u32::from(rng.random_bool(0.5));
        // Of two rows in three, x decides; of the others, a feature that is not there yet.
        student.follow(1_500, &mut rng, |rng| {
            let (x, hidden) = (x(rng), noise(rng));
            (vec![x], if rng.random_bool(0.33) { hidden } else { high(x) })
        });
        let steps = student.learner.steps();
        student.adopt(&Addition::Feature(Feature {
            name: "y".into(),
            kind: FeatureKind::Categorical { buckets: 4 },
        }));
        let mut draw = |rng: &mut Pcg64| {
            let (x, kind) = (x(rng), rng.random_range(0..3_u8));
            (
                vec![x, f32::from(kind)],
                match kind {
                    0 => high(x),
                    kind => u32::from(kind == 1),
                },
            )
        };
        let early = student.follow(150, &mut rng, &mut draw);
        student.follow(3_000, &mut rng, &mut draw);
        let late = student.follow(500, &mut rng, &mut draw);
        assert!(student.learner.steps() > steps, "it went on");
        assert!(late > 0.8 && late > early, "{}: {early} then {late}", student.learner.architecture());
    }
}

#[test]
fn a_new_class_is_learned_without_starting_again() {
    for mut student in students() {
        let mut rng = Pcg64::seed_from_u64(2);
        let mut old = |rng: &mut Pcg64| {
            let x = rng.random_range(-1.0..1.0_f32);
            (vec![x], high(x))
        };
        student.follow(3_000, &mut rng, &mut old);
        let before = student.follow(300, &mut rng, &mut old);
        student.adopt(&Addition::Class("huge".into()));
        let still = student.follow(100, &mut rng, &mut old);
        assert!(before > 0.9 && still > before - 0.06, "{before} then {still}");
        let mut new = |rng: &mut Pcg64| {
            let x = rng.random_range(-1.0..3.0_f32);
            (vec![x], if x > 1.0 { 2 } else { high(x) })
        };
        student.follow(3_000, &mut rng, &mut new);
        let late = student.follow(500, &mut rng, &mut new);
        assert!(late > 0.85, "{}: {late}", student.learner.architecture());
    }
}

#[test]
fn categories_that_shared_a_bucket_are_told_apart_after_it_becomes_two() {
    for mut student in students() {
        student.adopt(&Addition::Feature(Feature {
            name: "c".into(),
            kind: FeatureKind::Categorical { buckets: 2 },
        }));
        let mut rng = Pcg64::seed_from_u64(3);
        // Four categories in two buckets, and both of a bucket are of unlike class.
        let mut draw = |rng: &mut Pcg64| {
            let category = rng.random_range(0..4_u8);
            (vec![0.0, f32::from(category)], u32::from(category >= 2))
        };
        let shared = student.follow(1_000, &mut rng, &mut draw);
        student.adopt(&Addition::Buckets(1));
        student.follow(1_500, &mut rng, &mut draw);
        let apart = student.follow(300, &mut rng, &mut draw);
        assert!(shared < 0.6 && apart > 0.99, "{shared} then {apart}");
    }
}

#[test]
fn a_widened_learner_is_saved_and_restored_like_any_other() {
    for mut student in students() {
        let mut rng = Pcg64::seed_from_u64(4);
        student.follow(201, &mut rng, |rng| (vec![rng.random_range(-1.0..1.0)], 0));
        student.adopt(&Addition::Class("huge".into()));
        student.adopt(&Addition::Feature(Feature { name: "y".into(), kind: FeatureKind::Boolean }));
        let mut twin = Learner::restore(student.learner.state().unwrap(), &Device::cpu()).unwrap();
        student.follow(50, &mut rng, |rng| (vec![rng.random_range(-1.0..1.0), 1.0], 2));
        assert_eq!(twin.shape(), student.learner.shape());
        let mut row = vec![0.0; twin.shape().inputs];
        row[..3].copy_from_slice(&[0.5, 0.0, 1.0]);
        twin.learn(&row.repeat(8), &[2.0; 8]).unwrap();
        assert!(twin.predict(&row).unwrap().iter().all(|share| share.is_finite()));
    }
}

#[test]
fn a_learner_of_another_shape_is_refused() {
    let mut student = students().remove(0);
    let schema = student.schema.clone();
    let wider = schema.with(&Addition::Class("huge".into())).unwrap();
    let widening = Widening::between(&schema, &wider).unwrap();
    student.adopt(&Addition::Class("huge".into()));
    assert!(student.learner.widened(&widening).is_err());
}
