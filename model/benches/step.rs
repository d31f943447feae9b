//! Microseconds for one answer and one learning step, as JSON lines:
//! `RAYON_NUM_THREADS=1 cargo bench -p model`.
//!
//! Without the variable candle asks the system for the number of processors before each matrix product.
//! The allocator is the daemon's: the system's maps and unmaps each larger temporary.
//! The median of many short runs on one thread: other work on the machine only ever makes a run longer.

#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::error::Error;
use std::time::Instant;

use model::{Activation, Architecture, Block, Device, Hyper, Learner, Norm, Optimiser, Shape};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SHAPE: Shape = Shape { inputs: 16, outputs: 2, classification: true };
const RUNS: usize = 201;
const CALLS: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let layered = |block: Block| Block { norm: Norm::Layer, ..block };
    let networks = [
        ("linear", vec![]),
        ("64x2 relu", vec![Block::plain(64, Activation::Relu); 2]),
        ("64x2 gelu layer", vec![layered(Block::plain(64, Activation::Gelu)); 2]),
        ("128x3 relu", vec![Block::plain(128, Activation::Relu); 3]),
        ("256x4 relu", vec![Block::plain(256, Activation::Relu); 4]),
    ];
    for (name, blocks) in networks {
        for batch in [1_u16, 32] {
            for optimiser in Optimiser::ALL {
                measure(name, &blocks, batch, optimiser)?;
            }
        }
    }
    Ok(())
}

fn measure(name: &str, blocks: &[Block], batch: u16, optimiser: Optimiser) -> Result<(), Box<dyn Error>> {
    let hyper = Hyper { optimiser, batch, ..Hyper::default() };
    let architecture = Architecture { blocks: blocks.to_vec(), hyper };
    let mut learner = Learner::new(&architecture, SHAPE, &[], &Device::cpu(), 7)?;
    let rows = usize::from(batch);
    let encoded: Vec<f32> = (0..rows * SHAPE.inputs).map(|index| (index as f32 * 0.37).sin()).collect();
    let goals: Vec<f32> = (0..rows).map(|index| (index % 2) as f32).collect();
    let predict = median(|| learner.predict(&encoded).map(drop))?;
    let learn = median(|| learner.learn(&encoded, &goals))?;
    println!(
        r#"{{"network":"{name}","batch":{batch},"optimiser":"{}","predict_us":{predict:.1},"learn_us":{learn:.1}}}"#,
        optimiser.name()
    );
    Ok(())
}

/// Microseconds a call.
fn median<E>(mut call: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..CALLS {
            call()?;
        }
        times.push(start.elapsed().as_secs_f64() * 1e6 / CALLS as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[RUNS / 2])
}
