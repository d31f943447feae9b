//! Answers and learning steps beside candle's own layers, automatic gradient and optimiser, under one allocator:
//! `cargo bench -p model --bench against_candle`.
//!
//! The same sizes and batches for both. Candle's network has no direct way from the input to the head, so ours
//! computes a little more.

use candle_core::{DType, Tensor};
use candle_nn::{AdamW, Linear, Module as _, Optimizer as _, ParamsAdamW, VarBuilder, VarMap};
use criterion::Criterion;
use model::{Activation, Architecture, Block, Device, Hyper, Learner, Optimiser, Shape};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SHAPE: Shape =
    Shape { inputs: 16, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
/// Width and depth.
const SIZES: [(u16, usize); 4] = [(32, 2), (64, 2), (128, 3), (256, 4)];
const BATCHES: [usize; 2] = [1, 32];
const STEP_SIZE: f32 = 0.001;

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for (width, depth) in SIZES {
        for rows in BATCHES {
            let name = format!("{width}x{depth}/{rows}");
            ours(&mut criterion, &name, (width, depth), rows);
            candles(&mut criterion, &name, (width.into(), depth), rows).expect("candle computes it");
        }
    }
    criterion.final_summary();
}

fn encoded(rows: usize) -> Vec<f32> {
    (0..rows * SHAPE.inputs).map(|index| (index as f32 * 0.37).sin()).collect()
}

fn ours(criterion: &mut Criterion, name: &str, (width, depth): (u16, usize), rows: usize) {
    let hyper = Hyper {
        optimiser: Optimiser::AdamW,
        step_size: STEP_SIZE,
        batch: u16::try_from(rows).expect("a small batch"),
        ..Hyper::default()
    };
    let architecture = Architecture {
        blocks: vec![Block::plain(width, Activation::Relu); depth],
        ..Architecture::linear(hyper)
    };
    let mut learner =
        Learner::new(&architecture, SHAPE, &[], &Device::cpu(), 7).expect("a plain architecture");
    let encoded = encoded(rows);
    let goals: Vec<f32> = (0..rows).map(|row| (row % 2) as f32).collect();
    criterion.bench_function(&format!("forward/driftform/{name}"), |bencher| {
        bencher.iter(|| learner.predict(&encoded).expect("finite rows"));
    });
    criterion.bench_function(&format!("step/driftform/{name}"), |bencher| {
        bencher.iter(|| learner.learn(&encoded, &goals).expect("finite rows"));
    });
}

struct Candle(Vec<Linear>);

impl Candle {
    fn new((width, depth): (usize, usize), vars: &VarMap) -> candle_core::Result<Self> {
        let builder = VarBuilder::from_varmap(vars, DType::F32, &candle_core::Device::Cpu);
        let widths: Vec<usize> = [SHAPE.inputs]
            .into_iter()
            .chain(std::iter::repeat_n(width, depth))
            .chain([SHAPE.outputs])
            .collect();
        let layer = |at: usize| candle_nn::linear(widths[at], widths[at + 1], builder.pp(at));
        (0..=depth).map(layer).collect::<candle_core::Result<_>>().map(Self)
    }

    fn forward(&self, rows: &Tensor) -> candle_core::Result<Tensor> {
        let mut hidden = rows.clone();
        for (at, layer) in self.0.iter().enumerate() {
            hidden = layer.forward(&hidden)?;
            if at + 1 < self.0.len() {
                hidden = hidden.relu()?;
            }
        }
        Ok(hidden)
    }
}

fn candles(
    criterion: &mut Criterion,
    name: &str,
    size: (usize, usize),
    rows: usize,
) -> candle_core::Result<()> {
    let vars = VarMap::new();
    let network = Candle::new(size, &vars)?;
    let settings = ParamsAdamW { lr: STEP_SIZE.into(), weight_decay: 0.0, ..ParamsAdamW::default() };
    let mut optimiser = AdamW::new(vars.all_vars(), settings)?;
    let (encoded, device) = (encoded(rows), candle_core::Device::Cpu);
    let goals: Vec<u32> = (0..rows).map(|row| (row % 2) as u32).collect();
    // Rows come as slices and answers leave as numbers, as they do for ours.
    let answer = || {
        let rows = Tensor::from_slice(&encoded, (rows, SHAPE.inputs), &device)?;
        candle_nn::ops::softmax_last_dim(&network.forward(&rows)?)?.flatten_all()?.to_vec1::<f32>()
    };
    criterion.bench_function(&format!("forward/candle/{name}"), |bencher| {
        bencher.iter(|| answer().expect("finite rows"));
    });
    let mut step = || {
        let logits = network.forward(&Tensor::from_slice(&encoded, (rows, SHAPE.inputs), &device)?)?;
        let goals = Tensor::from_slice(&goals, rows, &device)?;
        optimiser.backward_step(&candle_nn::loss::cross_entropy(&logits, &goals)?)
    };
    criterion.bench_function(&format!("step/candle/{name}"), |bencher| {
        bencher.iter(|| step().expect("finite rows"));
    });
    Ok(())
}
