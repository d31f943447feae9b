//! What images promise, held by examples and properties; that programs and tensors agree is held by the programs' tests, that growth
//! changes no answer by the morphisms'.

#![allow(clippy::unwrap_used, reason = "tests may")]

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::*;
use crate::architecture::{Activation, Architecture, Block, Hyper, Optimiser};
use crate::cost::{Cost, Shape};
use crate::device::Device;
use crate::learner::Learner;
use crate::schema::{Addition, Objective, Schema, Target};

const PICTURE: Picture = Picture { first: 0, height: 6, width: 6, channels: 1 };
/// Six by six places.
const SHAPE: Shape =
    Shape { inputs: 72, outputs: 2, classification: true, context: 0, steps: 0, picture: Some(PICTURE) };

fn of(blocks: &[ImageBlockKind], pooling: Pooling, grid: u8) -> Convolutions {
    let blocks = blocks.iter().map(|kind| ImageBlock { kind: *kind, kernel: 3 }).collect();
    Convolutions { units: 6, kernel: 3, blocks, pooling, grid }
}

fn looking(of: Convolutions) -> Architecture {
    let hyper = Hyper { optimiser: Optimiser::RmsProp, step_size: 0.01, ..Hyper::default() };
    Architecture { image: Image::Conv(of), ..Architecture::linear(hyper) }
}

/// Three places in a line, across or down, anywhere; the class says which.
fn line(rng: &mut Pcg64) -> (Vec<f32>, f32) {
    let class = rng.random_range(0..2);
    let mut row = vec![0.0; SHAPE.inputs];
    let (along, aside) = (rng.random_range(0..4), rng.random_range(0..6));
    for step in along..along + 3 {
        let (at_row, at_column) = if class == 0 { (aside, step) } else { (step, aside) };
        row[2 * (at_row * 6 + at_column)] = 1.0;
    }
    (row, class as f32)
}

fn accuracy(architecture: &Architecture) -> f32 {
    let mut rng = Pcg64::seed_from_u64(5);
    let mut learner = Learner::new(architecture, SHAPE, &[], &Device::cpu(), 1).unwrap();
    for _ in 0..1_500 {
        let (row, class) = line(&mut rng);
        learner.learn(&row, &[class]).unwrap();
    }
    let right = (0..400).filter(|_| {
        let (row, class) = line(&mut rng);
        let said = learner.predict(&row).unwrap();
        (said[1] > said[0]) == (class > 0.5)
    });
    right.count() as f32 / 400.0
}

#[test]
fn what_lies_anywhere_is_seen_by_each_kind_and_by_nobody_who_sees_numbers_alone() {
    let kinds = ImageBlockKind::ALL;
    for of in [of(&[], Pooling::Mean, 1), of(&kinds[..1], Pooling::Max, 1), of(&kinds[1..], Pooling::Mean, 2)]
    {
        let found = accuracy(&looking(of.clone()));
        assert!(found > 0.95, "{}: {found}", Image::Conv(of));
    }
    let blind = accuracy(&Architecture { image: Image::None, ..looking(of(&[], Pooling::Mean, 1)) });
    assert!(blind < 0.75, "{blind}");
}

#[test]
fn says_what_it_is_and_what_begins_it() {
    let small = of(&[ImageBlockKind::Conv], Pooling::Mean, 2);
    let mut large = of(&[ImageBlockKind::Conv, ImageBlockKind::Depthwise], Pooling::Mean, 2);
    (large.units, large.kernel) = (8, 5);
    assert_eq!(Image::Conv(large.clone()).to_string(), "image 8 of 5 + conv 3 + depthwise 3 mean of 4 cells");
    let [small, large] = [small, large].map(Image::Conv);
    assert!(Image::None.begins(&small) && small.begins(&large));
    assert!(!large.begins(&small) && !small.begins(&Image::None));
    assert!(!small.begins(&Image::Conv(of(&[ImageBlockKind::Conv], Pooling::Max, 2))));
}

#[test]
fn each_place_counts() {
    let cost = |of: Convolutions| {
        Cost::of(&Architecture { blocks: vec![Block::plain(3, Activation::Relu)], ..looking(of) }, SHAPE)
    };
    let (stem, one) = (cost(of(&[], Pooling::Mean, 1)), cost(of(&[ImageBlockKind::Conv], Pooling::Mean, 1)));
    assert_eq!(one.macs - stem.macs, 36 * (9 * 6 * 6 + 6 * 6));
    assert_eq!(one.parameters - stem.parameters, 9 * 6 * 6 + 6 + 6 * 6);
    let depthwise = cost(of(&[ImageBlockKind::Depthwise], Pooling::Mean, 1));
    assert_eq!(depthwise.macs - stem.macs, 36 * (9 * 6 + 6 * 6));
}

#[test]
fn refuses_what_no_stage_or_picture_can_be() {
    let refused = |change: &dyn Fn(&mut Convolutions), why: &str| {
        let mut of = of(&[ImageBlockKind::Conv], Pooling::Mean, 1);
        change(&mut of);
        let told = looking(of).check().unwrap_err().to_string();
        assert!(told.contains(why), "{told}");
    };
    refused(&|of| of.units = 0, "0 units");
    refused(&|of| of.kernel = 2, "kernel of 2; give an odd number up to 5");
    refused(&|of| of.blocks[0].kernel = 7, "kernel of 7");
    refused(&|of| of.grid = 5, "grid of 5");
    let shape = Shape { picture: None, ..SHAPE };
    let stem = looking(of(&[], Pooling::Mean, 4));
    assert!(shape.check(&stem).unwrap_err().to_string().contains("have none"));
    let small = Shape { picture: Some(Picture { height: 3, ..PICTURE }), ..SHAPE };
    assert!(small.check(&stem).unwrap_err().to_string().contains("more cells"));

    let feature = |at: usize| Feature {
        name: format!("x{at}"),
        kind: if at == 9 { FeatureKind::Boolean } else { FeatureKind::Numeric },
    };
    let schema =
        Schema::new((0..10).map(feature).collect(), Target::Regression, Objective::default()).unwrap();
    let with = |first, height, width| {
        let told = schema.clone().with_picture(Some(Picture { first, height, width, channels: 1 }));
        told.map(|schema| Shape::of_rows(&schema).picture.unwrap().first).map_err(|error| error.to_string())
    };
    assert_eq!(with(1, 2, 4), Ok(2), "two numbers for each feature before");
    let moved =
        schema.clone().with_picture(Some(Picture { first: 1, height: 2, width: 4, channels: 1 })).unwrap();
    let grown = moved.with(&Addition::Feature(feature(10))).unwrap();
    assert!(grown.evolves(&moved) && Shape::of_rows(&grown).picture == Shape::of_rows(&moved).picture);
    assert!(with(2, 2, 4).unwrap_err().contains("`x9` is part of the picture, but no number"));
    assert!(with(8, 2, 4).unwrap_err().contains("there are 2"));
    assert!(with(0, 0, 4).unwrap_err().contains("0 by 4"));
    assert!(with(0, 256, 256).unwrap_err().contains("65536 numbers"));
}
