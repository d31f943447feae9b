//! What widening promises, held by properties: everything says what it said.

#![allow(clippy::unwrap_used, reason = "tests may")]

use std::sync::Arc;

use proptest::prelude::*;
use rand::SeedableRng as _;
use rand_pcg::Pcg64;

use super::*;
use crate::context::Context;
use crate::device::Device;
use crate::embedding::Embedding;
use crate::encoder::Encoder;
use crate::image::Picture;
use crate::mixture::MixtureNetwork;
use crate::model::Model;
use crate::network::Network;
use crate::sample::{Row, Step, Truth};
use crate::schema::{Addition, Feature, Objective, Target};
use crate::sequence::Sequences;
use crate::testing::{random_architecture, random_image, random_sequence, random_weights};

fn feature(name: &str, kind: FeatureKind) -> Feature {
    Feature { name: name.into(), kind }
}

fn schema(target: Target) -> Arc<Schema> {
    let features = vec![
        feature("x", FeatureKind::Numeric),
        feature("c", FeatureKind::Categorical { buckets: 3 }),
        feature("b", FeatureKind::Boolean),
    ];
    let carried = Sequences { entity: Some(1), length: 2, entities: 9 };
    let schema = Schema::new(features, target, Objective::default()).unwrap();
    let picture = Picture { first: 0, height: 1, width: 1, channels: 1 };
    Arc::new(schema.with_sequences(Some(carried)).unwrap().with_picture(Some(picture)).unwrap())
}

fn classes() -> Target {
    Target::Classification { classes: vec!["a".into(), "b".into(), "c".into()] }
}

fn wider(schema: &Schema, additions: &[Addition]) -> Arc<Schema> {
    let step = |schema: Schema, addition: &Addition| schema.with(addition).unwrap();
    Arc::new(additions.iter().fold(schema.clone(), step))
}

fn inputs() -> [Addition; 4] {
    [
        Addition::Feature(feature("n", FeatureKind::Numeric)),
        Addition::Buckets(1),
        Addition::Feature(feature("k", FeatureKind::Categorical { buckets: 4 })),
        Addition::Buckets(1),
    ]
}

/// A model of any architecture, all of whose weights are random.
fn random_model(schema: &Arc<Schema>, seed: u64) -> Model {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (context, sequence) = (rng.random_range(0..=3), random_sequence(&mut rng));
    let image = random_image(1, &mut rng);
    let architecture = Architecture { context, sequence, image, ..random_architecture(&mut rng) };
    let mut encoder = Encoder::new(schema);
    (0..20).for_each(|_| encoder.observe(&random_row(schema, 3, &mut rng)));
    let shape = Shape::of_rows(schema);
    let weights = random_weights(&architecture, shape, 0.7, &mut rng);
    let network = Network::from_weights(&architecture, shape, &weights, &Device::cpu()).unwrap();
    let mut context = Context::default();
    (0..rng.random_range(0..6)).for_each(|_| context.observe(&truth(schema, &mut rng)));
    Model::new(schema.clone(), encoder, MixtureNetwork::of_one(network)).unwrap().knowing(context)
}

fn truth(schema: &Schema, rng: &mut Pcg64) -> Truth {
    match schema.target() {
        Target::Classification { .. } => Truth::Class(rng.random_range(0..3)),
        Target::Regression => Truth::Number(rng.random_range(-2.0..2.0)),
    }
}

/// A row of this schema with a value in its first features, and nothing in the others, that carries up to two more.
fn random_row(schema: &Schema, known: usize, rng: &mut Pcg64) -> Row {
    let past = (0..rng.random_range(0..=2)).map(|of| Step { of, row: event(schema, known, rng) }).collect();
    event(schema, known, rng).after(past)
}

/// The same as an earlier schema knows it.
fn narrowed(row: &Row) -> Row {
    let first = |row: &Row| Row::new(row.values()[..3].to_vec()).unwrap();
    let past = row.past().iter().map(|step| Step { row: first(&step.row), ..step.clone() });
    first(row).after(past.collect())
}

fn event(schema: &Schema, known: usize, rng: &mut Pcg64) -> Row {
    let value = |(at, feature): (usize, &Feature)| match feature.kind {
        _ if at >= known || rng.random_bool(0.1) => f32::NAN,
        FeatureKind::Numeric => rng.random_range(-3.0..3.0),
        FeatureKind::Categorical { .. } => rng.random_range(0..4_096_u16).into(),
        FeatureKind::Boolean => rng.random_range(0..2_u8).into(),
    };
    Row::new(schema.features().iter().enumerate().map(value).collect()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// New features and finer categories change no answer, whatever they hold.
    #[test]
    fn new_inputs_change_no_answer(seed: u64, regression: bool) {
        let before = schema(if regression { Target::Regression } else { classes() });
        let after = wider(&before, &inputs());
        let model = random_model(&before, seed);
        let widened = model.widened(after.clone()).unwrap();
        let mut rng = Pcg64::seed_from_u64(seed ^ 1);
        for _ in 0..10 {
            let row = random_row(&after, after.features().len(), &mut rng);
            let narrow = narrowed(&row);
            let (said, says) = (model.predict(&[&narrow]).unwrap(), widened.predict(&[&row]).unwrap());
            for (said, says) in said[0].0.iter().zip(&says[0].0) {
                prop_assert!((said - says).abs() <= 1e-4 * said.abs().max(1.0), "{said} {says}");
            }
        }
    }

    /// New classes get at most the small share each on every row; the others keep their proportions.
    #[test]
    fn a_new_class_takes_no_more_than_its_share(seed: u64, added in 1_usize..4) {
        let before = schema(classes());
        let additions: Vec<Addition> = (0..added).map(|number| Addition::Class(number.to_string())).collect();
        let after = wider(&before, &additions);
        let model = random_model(&before, seed);
        let widened = model.widened(after).unwrap();
        // The new classes of several answers do not take the same from each.
        let of = model.network().members()[0].architecture();
        let several = of.exits || of.committee > 1;
        let about = if several { NEW_CLASS_SHARE * added as f32 } else { 1e-5 };
        let mut rng = Pcg64::seed_from_u64(seed ^ 1);
        for _ in 0..10 {
            let row = random_row(&before, 3, &mut rng);
            let (said, says) = (model.predict(&[&row]).unwrap(), widened.predict(&[&row]).unwrap());
            let (old, new) = says[0].0.split_at(3);
            for share in new {
                prop_assert!(*share > 0.0 && *share <= NEW_CLASS_SHARE * 1.001, "{share}");
            }
            let left = 1.0 - new.iter().sum::<f32>();
            for (said, says) in said[0].0.iter().zip(old) {
                prop_assert!((said * left - says).abs() < about, "{said} {says}");
            }
        }
    }

    /// Rows kept encoded are worth what they were, but for curves of a bucket that they hold a part of, and two
    /// steps are the same as one.
    #[test]
    fn kept_rows_are_worth_what_they_were(seed: u64) {
        let before = schema(classes());
        let after = wider(&before, &inputs());
        let widening = Widening::between(&before, &after).unwrap();
        let model = random_model(&before, seed);
        let curves = model.network().members()[0].architecture().embedding != Embedding::None;
        let mut rng = Pcg64::seed_from_u64(seed ^ 1);
        let mut encoded = Vec::new();
        let mut context = Context::default();
        for _ in 0..5 {
            let (row, shape) = (random_row(&before, 3, &mut rng), model.network().shape());
            model.encoder().encode(&row, &mut encoded);
            context.encode(model.encoder(), shape, &mut encoded);
            model.encoder().encode_past(&row, shape, &mut encoded);
            context.observe(&truth(&before, &mut rng));
        }
        let widened = model.network().widened(&widening).unwrap();
        let said = model.network().predict(&encoded).unwrap();
        let says = widened.predict(&widening.encoded(&encoded)).unwrap();
        for (said, says) in said.iter().zip(&says) {
            prop_assert!(curves || (said - says).abs() < 1e-5);
        }
        let halfway = wider(&before, &inputs()[..2]);
        let steps = model.widened(halfway).unwrap().widened(after).unwrap();
        prop_assert_eq!(steps.network().weights().unwrap(), widened.weights().unwrap());
    }
}

#[test]
fn a_missing_new_value_is_encoded_as_missing_and_no_new_class_was_seen() {
    let before = schema(classes());
    let after = wider(&wider(&before, &inputs()), &[Addition::Class("new".into())]);
    let (narrow, wide) = (Encoder::new(&before), Encoder::new(&before).widened(&after));
    let step = Step { of: 1, row: Row::new(vec![-0.5, f32::NAN, 0.0]).unwrap() };
    let row = Row::new(vec![1.5, f32::NAN, 1.0]).unwrap().after(vec![step]);
    let (mut kept, mut anew) = (Vec::new(), Vec::new());
    narrow.encode(&row, &mut kept);
    wide.encode(&row, &mut anew);
    let widening = Widening::between(&before, &after).unwrap();
    let mut context = Context::default();
    context.observe(&Truth::Class(2));
    context.observe(&Truth::Class(0));
    context.encode(&narrow, widening.from(), &mut kept);
    context.encode(&wide, widening.to(), &mut anew);
    narrow.encode_past(&row, widening.from(), &mut kept);
    wide.encode_past(&row, widening.to(), &mut anew);
    assert_eq!(widening.encoded(&kept), anew);
}

#[test]
fn only_what_grew_can_be_widened() {
    let (before, other) = (schema(classes()), schema(Target::Regression));
    assert!(Widening::between(&before, &other).is_err());
    assert!(random_model(&before, 1).widened(other).is_err());
}
