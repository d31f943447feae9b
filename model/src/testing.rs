//! What the tests of this crate share: devices, random networks and numbers. Not compiled into the library.

use std::io::Write as _;
use std::sync::LazyLock;

use rand::RngExt;
use rand_pcg::Pcg64;

use crate::architecture::{Activation, Architecture, Block, BlockKind, Hyper, Norm};
use crate::cost::Shape;
use crate::device::{Device, DeviceChoice};
use crate::embedding::Embedding;
use crate::image::{Convolutions, Image, ImageBlock, ImageBlockKind, Pooling};
use crate::sequence::Sequence;
use crate::weights::{Array, Weights};

/// Everywhere a network can be computed: as a program, and as [`tensor_devices`].
pub fn devices() -> Vec<Device> {
    std::iter::once(Device::cpu()).chain(tensor_devices()).collect()
}

/// Everywhere a network can be computed in tensors: on the processor, and on the first card, where this build knows
/// cards and the machine has one.
pub fn tensor_devices() -> Vec<Device> {
    static CARD: LazyLock<Option<Device>> = LazyLock::new(|| {
        let opened = cfg!(feature = "cuda").then(|| DeviceChoice::Cuda(0).open())?;
        if let Err(error) = &opened {
            // Past the capture of the test runner: who tests this build has to see it.
            writeln!(std::io::stderr(), "skipped on a card: {error}").expect("standard error is open");
        }
        opened.ok()
    });
    std::iter::once(Device::cpu_tensors()).chain(CARD.clone()).collect()
}

/// Numbers within `bound` of zero.
pub fn random_numbers(count: usize, bound: f32, rng: &mut Pcg64) -> Vec<f32> {
    (0..count).map(|_| rng.random_range(-bound..=bound)).collect()
}

/// A block of one to three norm groups.
pub fn random_block(rng: &mut Pcg64) -> Block {
    let groups = (0..rng.random_range(1..=3)).map(|_| rng.random_range(2..=9)).collect();
    Block {
        kind: BlockKind::ALL[rng.random_range(0..4)],
        groups,
        activation: Activation::ALL[rng.random_range(0..4)],
        norm: Norm::ALL[rng.random_range(0..2)],
        dropout: if rng.random() { 0.25 } else { 0.0 },
        skip: rng.random(),
    }
}

/// None, half of the time.
pub fn random_embedding(rng: &mut Pcg64) -> Embedding {
    match rng.random_range(0..4) {
        0 => Embedding::PiecewiseLinear(rng.random_range(1..=3)),
        1 => Embedding::Periodic(rng.random_range(1..=3)),
        _ => Embedding::None,
    }
}

/// None, half of the time.
pub fn random_sequence(rng: &mut Pcg64) -> Sequence {
    match rng.random_range(0..6) {
        0 => Sequence::Attention(rng.random_range(1..=5)),
        1 => Sequence::Gru(rng.random_range(1..=5)),
        2 => Sequence::Conv1d { units: rng.random_range(1..=5), kernel: rng.random_range(1..=3) },
        _ => Sequence::None,
    }
}

/// None, half of the time; over at least so many rows and columns.
pub fn random_image(side: u16, rng: &mut Pcg64) -> Image {
    if rng.random() {
        return Image::None;
    }
    let kernel = |rng: &mut Pcg64| [1, 3, 5][rng.random_range(0..3)];
    let block = |rng: &mut Pcg64| ImageBlock {
        kind: ImageBlockKind::ALL[rng.random_range(0..2)],
        kernel: kernel(rng),
    };
    Image::Conv(Convolutions {
        units: rng.random_range(1..=9),
        kernel: kernel(rng),
        blocks: (0..rng.random_range(0..=2)).map(|_| block(rng)).collect(),
        pooling: Pooling::ALL[rng.random_range(0..2)],
        grid: rng.random_range(1..=side.min(3)) as u8,
    })
}

/// A canonical network of no to three blocks.
pub fn random_architecture(rng: &mut Pcg64) -> Architecture {
    let blocks = (0..rng.random_range(0..=3)).map(|_| random_block(rng)).collect();
    let embedding = random_embedding(rng);
    let (exits, committee) = (rng.random(), [1, 1, 2, 3][rng.random_range(0..4)]);
    Architecture { blocks, embedding, exits, committee, ..Architecture::linear(Hyper::default()) }.canonical()
}

/// A canonical network of one to three blocks whose slices learn with it.
pub fn random_elastic(rng: &mut Pcg64) -> Architecture {
    let blocks = (0..rng.random_range(1..=3)).map(|_| random_block(rng)).collect();
    let hyper = Hyper { elastic: true, ..Hyper::default() };
    Architecture { blocks, embedding: random_embedding(rng), ..Architecture::linear(hyper) }.canonical()
}

/// No weight is zero, so whatever a change forgets shows.
pub fn random_weights(architecture: &Architecture, shape: Shape, bound: f32, rng: &mut Pcg64) -> Weights {
    let mut weights = Weights::initial(architecture, shape, 1);
    for (name, Array { data, .. }) in &mut weights.0 {
        *data = random_numbers(data.len(), bound, rng);
        if name == "trust" {
            let whole: f32 = data.iter().map(|share| share.abs()).sum();
            for share in data {
                *share = share.abs() / whole;
            }
        }
    }
    weights
}
