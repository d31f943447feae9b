//! Microseconds for an answer and a learning step, as JSON lines: `cargo bench -p model`.
//!
//! Three tables: `singles`, networks in programs and in tensors; `steps`, a step against its own forward and backward
//! pass; and `pools`, the pool against its members one by one. Those that are named behind `--`, or all. The
//! allocator is the daemon's, as is the one thread.
//! Each figure is the median of many short runs: other work on the machine only ever makes a run longer.

#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]
#![expect(clippy::disallowed_methods, reason = "it measures time")]

use std::error::Error;
use std::time::Instant;

use model::{Activation, Architecture, Block, Cohort, Device, Hyper, Learner, Norm, Optimiser, Shape};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Done = Result<(), Box<dyn Error>>;

const SMALL: Shape =
    Shape { inputs: 16, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
const LARGE: Shape =
    Shape { inputs: 54, outputs: 7, classification: true, context: 0, steps: 0, picture: None };
const RUNS: usize = 101;
const RUN_SECONDS: f64 = 0.001;

fn main() -> Done {
    let asked: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with("--")).collect();
    let wanted = |name: &str| asked.is_empty() || asked.iter().any(|asked| asked == name);
    if wanted("singles") {
        singles()?;
    }
    if wanted("steps") {
        steps()?;
    }
    if wanted("pools") { pools() } else { Ok(()) }
}

fn singles() -> Done {
    let layered = |block: Block| Block { norm: Norm::Layer, ..block };
    let networks = [
        ("linear", vec![]),
        ("64x2 relu", vec![Block::plain(64, Activation::Relu); 2]),
        ("64x2 gelu layer", vec![layered(Block::plain(64, Activation::Gelu)); 2]),
        ("256x4 relu", vec![Block::plain(256, Activation::Relu); 4]),
    ];
    for (name, blocks) in networks {
        for batch in [1_u16, 32] {
            for optimiser in Optimiser::ALL {
                let architecture = network(&blocks, optimiser, 0.003, batch);
                let mut figures = Vec::new();
                for device in [Device::cpu(), Device::cpu_tensors()] {
                    let mut learner = Learner::new(&architecture, SMALL, &[], &device, 7)?;
                    let (rows, goals) = examples(usize::from(batch), SMALL);
                    let mut said = Vec::new();
                    figures.push(median(|| learner.predict_into(&rows, &mut said))?);
                    figures.push(median(|| learner.learn(&rows, &goals))?);
                }
                println!(
                    r#"{{"network":"{name}","batch":{batch},"optimiser":"{}","predict_us":{:.2},"learn_us":{:.2},"tensors_predict_us":{:.2},"tensors_learn_us":{:.2}}}"#,
                    optimiser.name(),
                    figures[0],
                    figures[1],
                    figures[2],
                    figures[3],
                );
            }
        }
    }
    Ok(())
}

fn steps() -> Done {
    for width in [32_u16, 128, 256] {
        for batch in [1_u16, 32] {
            for optimiser in Optimiser::ALL {
                let blocks = vec![Block::plain(width, Activation::Relu); 2];
                let architecture = network(&blocks, optimiser, 0.003, batch);
                let mut learner = Learner::new(&architecture, SMALL, &[], &Device::cpu(), 7)?;
                let (rows, goals) = examples(usize::from(batch), SMALL);
                let passes = median(|| learner.gradient_norm(&rows, &goals).map(drop))?;
                let step = median(|| learner.learn(&rows, &goals))?;
                println!(
                    r#"{{"width":{width},"depth":2,"batch":{batch},"optimiser":"{}","forward_backward_us":{passes:.2},"step_us":{step:.2},"ratio":{:.2}}}"#,
                    optimiser.name(),
                    step / passes,
                );
            }
        }
    }
    Ok(())
}

/// What the daemon keeps side by side.
fn members() -> Vec<Architecture> {
    let relu = |width| Block::plain(width, Activation::Relu);
    let (one, two) = (vec![relu(64)], vec![relu(64); 2]);
    vec![
        network(&[], Optimiser::Sgd, 0.03, 1),
        network(&[], Optimiser::Sgd, 0.1, 1),
        network(&[], Optimiser::AdamW, 0.001, 1),
        network(&one, Optimiser::Sgd, 0.03, 1),
        network(&one, Optimiser::AdamW, 0.001, 1),
        network(&[relu(128)], Optimiser::AdamW, 0.003, 1),
        network(&two, Optimiser::Sgd, 0.03, 1),
        network(&two, Optimiser::AdamW, 0.001, 1),
    ]
}

fn pools() -> Done {
    for shape in [SMALL, LARGE] {
        for count in [1, 2, 4, 8] {
            let learners = |device: Device| -> Result<Vec<Learner>, model::ModelError> {
                let chosen = members().into_iter().rev().take(count);
                chosen.map(|member| Learner::new(&member, shape, &[], &device, 7)).collect()
            };
            let (rows, goals) = examples(64, shape);
            let mut pool = Cohort::new(learners(Device::cpu())?)?;
            let (mut alone, mut tensors) = (learners(Device::cpu())?, learners(Device::cpu_tensors())?);
            let mut said = Vec::new();
            let row = || rows.chunks_exact(shape.inputs).zip(goals.chunks_exact(1));
            let share = 1.0 / goals.len() as f64;
            let pool_predict =
                share * median(|| row().try_for_each(|(row, _)| pool.predict_into(row, &mut said)))?;
            let pool_learn =
                share * median(|| row().try_for_each(|(row, goal)| pool.learn(row, goal).map(drop)))?;
            let mut figures = Vec::new();
            for learners in [&mut alone, &mut tensors] {
                figures.push(
                    share
                        * median(|| {
                            row().try_for_each(|(row, _)| {
                                learners.iter().try_for_each(|learner| learner.predict_into(row, &mut said))
                            })
                        })?,
                );
                figures.push(
                    share
                        * median(|| {
                            row().try_for_each(|(row, goal)| {
                                learners.iter_mut().try_for_each(|learner| learner.learn(row, goal))
                            })
                        })?,
                );
            }
            println!(
                r#"{{"members":{count},"inputs":{},"outputs":{},"pool_predict_us":{pool_predict:.2},"pool_learn_us":{pool_learn:.2},"alone_predict_us":{:.2},"alone_learn_us":{:.2},"tensors_predict_us":{:.2},"tensors_learn_us":{:.2}}}"#,
                shape.inputs, shape.outputs, figures[0], figures[1], figures[2], figures[3],
            );
        }
    }
    Ok(())
}

fn network(blocks: &[Block], optimiser: Optimiser, step_size: f32, batch: u16) -> Architecture {
    let hyper = Hyper { optimiser, step_size, batch, ..Hyper::default() };
    Architecture { blocks: blocks.to_vec(), ..Architecture::linear(hyper) }
}

/// Encoded rows: ten numbers, and ones and zeros as categories make them.
fn examples(rows: usize, shape: Shape) -> (Vec<f32>, Vec<f32>) {
    let number = |index: usize| match index % shape.inputs {
        0..10 => (index as f32 * 0.37).sin(),
        at if shape == SMALL => (at as f32 + index as f32 * 0.11).cos(),
        at => f32::from(u8::from((index / shape.inputs + at).is_multiple_of(22))),
    };
    let encoded = (0..rows * shape.inputs).map(number).collect();
    (encoded, (0..rows).map(|index| (index * 5 % shape.outputs) as f32).collect())
}

/// Microseconds a call.
fn median<E>(mut call: impl FnMut() -> Result<(), E>) -> Result<f64, E> {
    let start = Instant::now();
    call()?;
    let calls = (RUN_SECONDS / start.elapsed().as_secs_f64().max(1e-7)).clamp(1.0, 2_000.0) as usize;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        for _ in 0..calls {
            call()?;
        }
        times.push(start.elapsed().as_secs_f64() * 1e6 / calls as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[RUNS / 2])
}
