//! The pool against its members one by one: `cargo bench -p model --bench pool`.
//!
//! Members are of one shape, the case in which there is most to share, and of the default configuration's mix.
//!
//! Named `pool` or `alone`, with a number of members (0 means the mix) and of rows, it only does that, for a tool that
//! counts instructions: `tests/instructions pool` runs it.

use criterion::Criterion;
use model::{
    Activation, Architecture, Block, Device, Hyper, Learner, MixingRule, Mixture, Optimiser, Pool, Shape,
};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SHAPE: Shape =
    Shape { inputs: 16, outputs: 2, classification: true, context: 0, steps: 0, picture: None };
const MEMBERS: [usize; 4] = [1, 2, 4, 8];

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [who @ ("pool" | "alone"), members, rows] =
        arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice()
    {
        let [members, rows] = [members, rows].map(|number| number.parse().expect("a number"));
        return once(who, members, rows);
    }
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

/// So many rows, and nothing else.
fn once(who: &str, members: usize, rows: usize) {
    let members = if members == 0 { mixed() } else { vec![network(&[64], Optimiser::AdamW, 0.001); members] };
    let mut turn: Box<dyn FnMut()> = if who == "pool" {
        let mut pool = pool(members);
        Box::new(move || turn_of_pool(&mut pool, &row()))
    } else {
        let mut alone = alone(&members);
        Box::new(move || turn_of_members(&mut alone, &row()))
    };
    (0..rows).for_each(|_| turn());
}

fn row() -> Vec<f32> {
    (0..SHAPE.inputs).map(|index| (index as f32 * 0.37).sin()).collect()
}

fn alone(members: &[Architecture]) -> Vec<Learner> {
    let learner = |member| Learner::new(member, SHAPE, &[], &Device::cpu(), 7).expect("a plain architecture");
    members.iter().map(learner).collect()
}

fn pool(members: Vec<Architecture>) -> Pool {
    let mut pool = Pool::new(SHAPE, &[], &Device::cpu());
    pool.start(&Mixture { members, rule: MixingRule::Mean }, 7).expect("plain architectures");
    pool
}

#[inline(never)]
fn turn_of_members(alone: &mut [Learner], encoded: &[f32]) {
    for learner in alone {
        learner.predict(encoded).expect("finite rows");
        learner.learn(encoded, &[1.0]).expect("finite rows");
    }
}

#[inline(never)]
fn turn_of_pool(pool: &mut Pool, encoded: &[f32]) {
    pool.say(encoded).expect("finite rows");
    pool.learn(encoded, 1.0).expect("finite rows");
}

/// One row, answered and learned by everybody.
fn both(criterion: &mut Criterion, name: &str, members: Vec<Architecture>) {
    let encoded = row();
    let mut learners = alone(&members);
    criterion.bench_function(&format!("members/one by one/{name}"), |bencher| {
        bencher.iter(|| turn_of_members(&mut learners, &encoded));
    });
    let mut pool = pool(members);
    criterion.bench_function(&format!("members/pool/{name}"), |bencher| {
        bencher.iter(|| turn_of_pool(&mut pool, &encoded));
    });
}
