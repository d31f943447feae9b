//! The pool against its members one by one: `cargo bench -p model --bench pool`.
//!
//! Members are of one shape, the case in which there is most to share, and of the default configuration's mix.

use criterion::Criterion;
use model::{
    Activation, Architecture, Block, Device, Hyper, Learner, MixingRule, Mixture, Optimiser, Pool, Shape,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SHAPE: Shape = Shape { inputs: 16, outputs: 2, classification: true, context: 0 };
const MEMBERS: [usize; 4] = [1, 2, 4, 8];

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    for members in MEMBERS {
        let same = vec![network(&[64], Optimiser::AdamW, 0.001); members];
        both(&mut criterion, &format!("64/{members}"), same);
    }
    both(&mut criterion, "mixed/8", mixed());
    criterion.final_summary();
}

fn network(widths: &[u16], optimiser: Optimiser, step_size: f32) -> Architecture {
    let blocks = widths.iter().map(|width| Block::plain(*width, Activation::Relu)).collect();
    Architecture { blocks, ..Architecture::linear(Hyper { optimiser, step_size, ..Hyper::default() }) }
}

/// Networks that differ in depth, width and optimiser.
fn mixed() -> Vec<Architecture> {
    use Optimiser::{AdamW, Sgd};
    vec![
        network(&[], Sgd, 0.03),
        network(&[], Sgd, 0.1),
        network(&[], AdamW, 0.001),
        network(&[64], Sgd, 0.03),
        network(&[64], AdamW, 0.001),
        network(&[128], Sgd, 0.03),
        network(&[128], AdamW, 0.003),
        network(&[64, 64], AdamW, 0.001),
    ]
}

/// One row, answered and learned by everybody.
fn both(criterion: &mut Criterion, name: &str, members: Vec<Architecture>) {
    let device = Device::cpu();
    let encoded: Vec<f32> = (0..SHAPE.inputs).map(|index| (index as f32 * 0.37).sin()).collect();
    let mut alone: Vec<Learner> = members
        .iter()
        .map(|member| Learner::new(member, SHAPE, &[], &device, 7).expect("a plain architecture"))
        .collect();
    criterion.bench_function(&format!("members/one by one/{name}"), |bencher| {
        bencher.iter(|| {
            for learner in &mut alone {
                learner.predict(&encoded).expect("finite rows");
                learner.learn(&encoded, &[1.0]).expect("finite rows");
            }
        });
    });
    let mut pool = Pool::new(SHAPE, &[], &device);
    pool.start(&Mixture { members, rule: MixingRule::Mean }, 7).expect("plain architectures");
    criterion.bench_function(&format!("members/pool/{name}"), |bencher| {
        bencher.iter(|| {
            pool.say(&encoded).expect("finite rows");
            pool.learn(&encoded, 1.0).expect("finite rows");
        });
    });
}
