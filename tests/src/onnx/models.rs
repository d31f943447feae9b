//! Models: random ones that can be exported, of everything that networks are made of.
//!
//! No weight is zero, scales are far from one, and mixers have learned, so that whatever an export forgets shows.

use std::sync::Arc;

use anyhow::Result;
use model::onnx::Categories;
use model::{
    Activation, Architecture, Block, BlockKind, Convolutions, Device, Embedding, Encoder, Feature,
    FeatureKind, Hyper, Image, ImageBlock, ImageBlockKind, Mixer, MixingRule, MixtureNetwork, Model, Network,
    Norm, Objective, Picture, Pooling, Row, Schema, Sequence, Sequences, Shape, Target, Truth, Weights,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// Outcomes that a mixer has learned from: more than it needs before it corrects anything.
const OUTCOMES: usize = 300;
/// Rows that an encoder has seen.
const SEEN_ROWS: usize = 50;
/// Weights are within this of zero.
const WEIGHT_MAX: f32 = 0.6;
/// Names of each category.
const NAMES: usize = 12;

/// A model and the names of its categories; the same for the same seed.
pub fn random(seed: u64) -> Result<(Model, Categories)> {
    let mut rng = Pcg64::seed_from_u64(seed);
    // Every fourth has a picture in its rows.
    let picture = seed.is_multiple_of(4).then(|| picture(&mut rng));
    let schema = schema(picture, &mut rng)?;
    // Every third carries the events before it.
    let carried = Sequences { entity: None, length: rng.random_range(1..=5), entities: 1 };
    let schema = Arc::new(schema.with_sequences(seed.is_multiple_of(3).then_some(carried))?);
    let categories = categories(&schema)?;
    let encoder = encoder(&schema, &mut rng)?;
    let shape = Shape::of_rows(&schema);
    // Every kind of thing comes up in turn, whatever else is drawn.
    let count = [1, 1, 2, 4][(seed % 4) as usize];
    let mut networks = Vec::with_capacity(count);
    for member in 0..count as u64 {
        let mut architecture = architecture(seed.wrapping_add(member), &mut rng);
        if schema.sequences().is_some() {
            architecture.sequence = sequence(seed.wrapping_add(member), &mut rng);
        }
        if schema.picture().is_some() {
            architecture.image = image(seed.wrapping_add(member), &mut rng);
        }
        let weights = weights(&architecture, shape, &mut rng);
        networks.push(Network::from_weights(&architecture, shape, &weights, &Device::cpu())?);
    }
    let rule = MixingRule::ALL[(seed / 4) as usize % MixingRule::ALL.len()];
    let network = MixtureNetwork::new(networks, mixer(rule, count, shape, &mut rng))?;
    Ok((Model::new(schema, encoder, network)?, categories))
}

fn picture(rng: &mut Pcg64) -> Picture {
    let [height, width] = [rng.random_range(2..=5), rng.random_range(2..=6)];
    Picture { first: rng.random_range(0..=2), height, width, channels: rng.random_range(1..=2) }
}

fn schema(picture: Option<Picture>, rng: &mut Pcg64) -> Result<Schema> {
    let kind = |rng: &mut Pcg64| match rng.random_range(0..4) {
        0 => FeatureKind::Boolean,
        1 => FeatureKind::Categorical { buckets: rng.random_range(2..=9) },
        _ => FeatureKind::Numeric,
    };
    let seen = picture.map_or(0..0, |picture| picture.first..picture.first + picture.numbers());
    let count = seen.end + rng.random_range(1..=9);
    let feature = |at| Feature {
        name: format!("feature {at}"),
        kind: if seen.contains(&at) { FeatureKind::Numeric } else { kind(rng) },
    };
    let features = (0..count).map(feature).collect();
    let target = match rng.random_range(0..4) {
        0 => Target::Regression,
        classes => Target::Classification { classes: (0..=classes).map(|at| at.to_string()).collect() },
    };
    Ok(Schema::new(features, target, Objective::default())?.with_picture(picture)?)
}

fn categories(schema: &Schema) -> Result<Categories> {
    let mut categories = Categories::default();
    for feature in schema.features() {
        if matches!(feature.kind, FeatureKind::Categorical { .. }) {
            for name in 0..NAMES {
                categories.insert(&feature.name, &format!("näme {name}"))?;
            }
        }
    }
    Ok(categories)
}

fn encoder(schema: &Schema, rng: &mut Pcg64) -> Result<Encoder> {
    let mut encoder = Encoder::new(schema);
    let scales: Vec<(f32, f32)> = schema
        .features()
        .iter()
        .map(|_| (rng.random_range(-5_000.0..5_000.0), 10.0_f32.powf(rng.random_range(-2.0..3.0))))
        .collect();
    for _ in 0..SEEN_ROWS {
        let values = scales.iter().map(|(mean, scale)| mean + scale * rng.random_range(-1.0..1.0_f32));
        encoder.observe(&Row::new(values.collect())?);
        encoder.observe_truth(&Truth::Number(rng.random_range(-4.0..9.0)));
    }
    Ok(encoder)
}

fn architecture(turn: u64, rng: &mut Pcg64) -> Architecture {
    let turn = turn as usize;
    let depth = turn % 4;
    let blocks = (0..depth).map(|at| block(turn / 4 + 5 * at, rng)).collect();
    let embedding = match turn % 5 {
        0 => Embedding::PiecewiseLinear(rng.random_range(1..=8)),
        1 => Embedding::Periodic(rng.random_range(1..=8)),
        _ => Embedding::None,
    };
    let (exits, committee) = (turn.is_multiple_of(3), [1, 1, 2, 8][rng.random_range(0..4)]);
    Architecture { blocks, embedding, exits, committee, ..Architecture::linear(Hyper::default()) }.canonical()
}

fn sequence(turn: u64, rng: &mut Pcg64) -> Sequence {
    let units = rng.random_range(1..=9);
    match turn % 4 {
        0 => Sequence::Attention(units),
        1 => Sequence::Gru(units),
        2 => Sequence::Conv1d { units, kernel: rng.random_range(1..=6) },
        _ => Sequence::None,
    }
}

fn image(turn: u64, rng: &mut Pcg64) -> Image {
    let kernel = |rng: &mut Pcg64| [1, 3, 5][rng.random_range(0..3)];
    let block = |rng: &mut Pcg64| ImageBlock {
        kind: ImageBlockKind::ALL[rng.random_range(0..2)],
        kernel: kernel(rng),
    };
    Image::Conv(Convolutions {
        units: rng.random_range(1..=9),
        kernel: kernel(rng),
        blocks: (0..turn / 4 % 3).map(|_| block(rng)).collect(),
        pooling: Pooling::ALL[rng.random_range(0..2)],
        grid: rng.random_range(1..=2),
    })
}

fn block(turn: usize, rng: &mut Pcg64) -> Block {
    Block {
        kind: BlockKind::ALL[turn % BlockKind::ALL.len()],
        groups: (0..rng.random_range(1..=3)).map(|_| rng.random_range(2..=24)).collect(),
        activation: Activation::ALL[rng.random_range(0..Activation::ALL.len())],
        norm: Norm::ALL[rng.random_range(0..Norm::ALL.len())],
        dropout: 0.1,
        skip: rng.random(),
    }
}

fn weights(architecture: &Architecture, shape: Shape, rng: &mut Pcg64) -> Weights {
    let mut weights = Weights::initial(architecture, shape, 1);
    for (name, array) in &mut weights.0 {
        array.data.iter_mut().for_each(|number| *number = rng.random_range(-WEIGHT_MAX..WEIGHT_MAX));
        if name == "trust" {
            let whole: f32 = array.data.iter().map(|share| share.abs()).sum();
            array.data.iter_mut().for_each(|share| *share = share.abs() / whole);
        }
    }
    weights
}

/// A mixer that has heard answers of members of which the later ones are worse.
fn mixer(rule: MixingRule, members: usize, shape: Shape, rng: &mut Pcg64) -> Mixer {
    let mut mixer = Mixer::new(rule, members);
    for _ in 0..OUTCOMES {
        let truth = rng.random_range(0..shape.outputs);
        let mut said = Vec::with_capacity(members * shape.outputs);
        for member in 0..members {
            let mut answer: Vec<f32> = (0..shape.outputs).map(|_| rng.random_range(0.01..1.0)).collect();
            answer[truth] += 2.0 / (1.0 + member as f32);
            let whole: f32 = if shape.classification { answer.iter().sum() } else { 1.0 };
            said.extend(answer.iter().map(|share| share / whole));
        }
        let mixed = mixer.mix(&said, shape);
        mixer.hear(&mixed, shape);
        mixer.observe(&said, &mixed, truth as f32, 1, shape);
    }
    mixer
}
