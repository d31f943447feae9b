//! What model promises, held by examples and properties.

#![allow(clippy::unwrap_used, reason = "tests may")]
#![allow(clippy::float_cmp, reason = "these values are exact")]

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::architecture::{Activation, Block, Norm};
use crate::mixture::MixingRule;
use crate::pool::Pool;
use crate::sample::Truth;
use crate::schema::{Feature, FeatureKind, Objective, Target};

fn schema(target: Target) -> Arc<Schema> {
    let feature = |name: &str, kind| Feature { name: name.into(), kind };
    let features = vec![
        feature("price", FeatureKind::Numeric),
        feature("color", FeatureKind::Categorical { buckets: 3 }),
        feature("new", FeatureKind::Boolean),
    ];
    Arc::new(Schema::new(features, target, Objective::default()).unwrap())
}

fn classes() -> Target {
    Target::Classification { classes: vec!["down".into(), "up".into()] }
}

fn row(index: u16) -> Row {
    let at = f32::from(index);
    Row::new(vec![(at * 0.7).sin(), f32::from(index % 3), f32::from(index % 2)]).unwrap()
}

/// A model that has learned something, so that nothing about it is a default.
fn trained(target: Target) -> Model {
    let schema = schema(target);
    let mut encoder = Encoder::new(&schema);
    let block = Block { groups: vec![5, 3], norm: Norm::Layer, ..Block::plain(8, Activation::Gelu) };
    let architecture =
        Architecture { blocks: vec![block], context: 2, ..Architecture::linear(Hyper::default()) };
    let shape = Shape::with_labels(encoder.width(), schema.target());
    let mixture = Mixture {
        members: vec![architecture, Architecture::linear(Hyper::default())],
        rule: MixingRule::Hedge,
    };
    let mut pool = Pool::new(shape, &[], &Device::cpu());
    let mut arm = pool.start(&mixture, 7).unwrap();
    let mut context = Context::default();
    for index in 0..200 {
        let truth = match schema.target() {
            Target::Classification { .. } => Truth::Class(u32::from(index % 2)),
            Target::Regression => Truth::Number(f32::from(index % 7) / 3.0),
        };
        encoder.observe(&row(index));
        encoder.observe_truth(&truth);
        let mut encoded = Vec::new();
        encoder.encode(&row(index), &mut encoded);
        context.encode(&encoder, shape, &mut encoded);
        context.observe(&truth);
        let goal = encoder.goal(&truth);
        let said = pool.say(&encoded).unwrap();
        arm.observe(&said, &arm.mix(&said, shape), goal, 0, shape);
        assert!(pool.learn(&encoded, goal).unwrap().is_empty());
    }
    Model::new(schema, encoder, pool.freeze(&arm).unwrap()).unwrap().knowing(context)
}

fn says(model: &Model) -> Vec<Output> {
    let rows: Vec<Row> = (0..20).map(row).collect();
    model.predict(&rows.iter().collect::<Vec<_>>()).unwrap()
}

fn saved(model: &Model) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in model.to_files().unwrap() {
        fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn load(dir: &TempDir) -> Result<Model, String> {
    Model::from_files(dir.path(), &Device::cpu()).map_err(|error| error.to_string())
}

fn send_and_sync<T: Send + Sync>() {}

#[test]
fn a_model_is_usable_from_every_thread() {
    send_and_sync::<Model>();
}

#[test]
fn files_keep_a_model_bit_by_bit() {
    for target in [classes(), Target::Regression] {
        let model = trained(target);
        let loaded = load(&saved(&model)).unwrap();
        assert_eq!(says(&loaded), says(&model));
        assert_eq!(loaded.parts().unwrap(), model.parts().unwrap());
    }
}

#[test]
fn the_same_model_has_the_same_files() {
    assert_eq!(trained(classes()).to_files().unwrap(), trained(classes()).to_files().unwrap());
}

#[test]
fn parts_keep_a_model() {
    let model = trained(Target::Regression);
    let json = serde_json::to_string(&model.parts().unwrap()).unwrap();
    let back = Model::from_parts(serde_json::from_str(&json).unwrap(), &Device::cpu()).unwrap();
    assert_eq!(says(&back), says(&model));
}

#[test]
fn altered_weights_are_refused_by_name() {
    let dir = saved(&trained(classes()));
    let path = dir.path().join(TENSORS_FILE);
    let whole = fs::read(&path).unwrap();
    for damaged in [whole[..whole.len() - 4].to_vec(), {
        let mut bytes = whole.clone();
        *bytes.last_mut().unwrap() ^= 1;
        bytes
    }] {
        fs::write(&path, damaged).unwrap();
        let message = load(&dir).unwrap_err();
        assert!(message.contains(TENSORS_FILE) && message.contains("digest"), "{message}");
    }
    fs::remove_file(&path).unwrap();
    assert!(load(&dir).unwrap_err().contains("cannot be read"));
}

fn with_manifest(edit: impl Fn(String) -> String) -> String {
    let dir = saved(&trained(classes()));
    let path = dir.path().join(MANIFEST_FILE);
    let text = fs::read_to_string(&path).unwrap();
    let edited = edit(text.clone());
    assert_ne!(text, edited);
    fs::write(&path, edited).unwrap();
    let message = load(&dir).unwrap_err();
    assert!(message.contains(MANIFEST_FILE), "{message}");
    message
}

#[test]
fn an_altered_manifest_is_refused_by_name() {
    assert!(with_manifest(|text| text.replace("\"format\": 2", "\"format\": 9")).contains("has format 9"));
    assert!(with_manifest(|text| text[..text.len() / 2].to_owned()).contains("not a manifest"));
    assert!(
        with_manifest(|text| text.replace("\"format\"", "\"fromat\"")).contains("missing field `format`")
    );
    assert!(with_manifest(|text| text.replace("gelu", "swish")).contains("unknown variant `swish`"));
    assert!(with_manifest(|text| text.replace("\"buckets\": 3", "\"buckets\": 1")).contains("give 2 to"));
    assert!(with_manifest(|text| text.replace("\"up\"", "\"up\", \"over\"")).contains("table `bias`"));
    assert!(with_manifest(|text| text.replace("\"macs\": 128", "\"macs\": 129")).contains("cost"));
}

#[test]
fn a_model_is_loaded_only_as_it_was_told_of() {
    let dir = saved(&trained(classes()));
    let load = |sha256: &str| Model::from_files_as_told(dir.path(), sha256, &Device::cpu());
    let path = dir.path().join(MANIFEST_FILE);
    let manifest = fs::read(&path).unwrap();
    let told = files::digest(&manifest);
    assert_eq!(says(&load(&told).unwrap()), says(&trained(classes())));
    // One that would pass by itself.
    let other: Vec<u8> = [manifest, b"\n".to_vec()].concat();
    fs::write(&path, other).unwrap();
    let message = load(&told).unwrap_err().to_string();
    assert!(message.contains(MANIFEST_FILE) && message.contains("told of"), "{message}");
}

#[test]
fn weights_that_are_not_finite_are_refused_although_the_digest_fits() {
    let mut parts = trained(classes()).parts().unwrap();
    parts.weights.members[0].0.get_mut("bias").unwrap().data[0] = f32::NAN;
    let error = Model::from_parts(parts, &Device::cpu()).unwrap_err().to_string();
    assert!(error.contains("holds NaN"), "{error}");
}

#[test]
fn a_prior_says_the_shares_or_the_mean() {
    let prior = Model::prior(schema(classes()), &[8], &Device::cpu()).unwrap();
    for answer in says(&prior) {
        assert!((answer.0[0] - 0.9).abs() < 1e-6 && (answer.0[1] - 0.1).abs() < 1e-6, "{answer:?}");
    }
    let prior = Model::prior(schema(Target::Regression), &[], &Device::cpu()).unwrap();
    assert_eq!(says(&prior)[0].0[..], [0.0]);
}

#[test]
fn refuses_rows_and_parts_that_do_not_fit() {
    let model = trained(classes());
    let short = Row::new(vec![1.0]).unwrap();
    assert!(model.predict(&[&short]).unwrap_err().to_string().contains("3 features"));
    assert!(model.predict(&[]).unwrap().is_empty());
    let parts = model.parts().unwrap();
    let network =
        MixtureNetwork::from_weights(&parts.mixture, model.network().shape(), &parts.weights, &Device::cpu())
            .unwrap();
    let other = Encoder::new(&schema(Target::Regression));
    assert!(Model::new(Arc::clone(model.schema()), other, network).is_err());
}
