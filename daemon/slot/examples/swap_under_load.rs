//! Swaps a model under load: readers answer without a pause while a writer replaces what answers, takes one back, and lets
//! the displaced ones go.
//!
//!     cargo run --release -p driftform-slot --example swap_under_load
//!
//! Every answer is checked: computed whole by one model, and marked with that model's generation.

#![expect(clippy::print_stdout, reason = "it is a program that says what it saw")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use driftform_slot::{Served, Slot};

/// Numbers in a model: as many as make it worth not dropping one in a request.
const WEIGHTS: usize = 1 << 18;
const READERS: usize = 3;
const SWAPS: u64 = 300;
/// One in so many swaps is taken back.
const ROLL_BACK_EVERY: u64 = 10;
/// How long old models may take to be gone before the next is built.
const PATIENCE: Duration = Duration::from_secs(10);

/// All of its weights are its generation, so that a torn answer would show.
struct Model(Vec<u64>);

impl Model {
    fn of(generation: u64) -> Served<Self> {
        Served { generation, model: Self(vec![generation; WEIGHTS]) }
    }

    fn answer(&self, question: usize) -> [u64; 4] {
        [1, 7, 77, 777].map(|step| self.0[question.wrapping_mul(step) % WEIGHTS])
    }
}

/// What one reader saw.
#[derive(Default)]
struct Seen {
    answers: u64,
    torn: u64,
    slowest: Duration,
}

fn read(slot: &Slot<Served<Model>>, stop: &AtomicBool, answered: &AtomicU64) -> Seen {
    let mut seen = Seen::default();
    while !stop.load(Ordering::Relaxed) {
        let started = Instant::now();
        // One load for one unit of work.
        let served = slot.load();
        let answer = served.model.answer(seen.answers as usize);
        seen.torn += u64::from(answer.iter().any(|weight| *weight != served.generation));
        drop(served);
        seen.slowest = seen.slowest.max(started.elapsed());
        seen.answers += 1;
        answered.fetch_add(1, Ordering::Relaxed);
    }
    seen
}

/// Swaps, and the longest that one pointer store took.
fn write(slot: &Slot<Served<Model>>, answered: &AtomicU64) -> Duration {
    let mut longest = Duration::ZERO;
    for generation in 2..2 + SWAPS {
        assert!(slot.make_room(PATIENCE), "readers hold on to old models");
        longest = longest.max(slot.replace(Model::of(generation)));
        let before = answered.load(Ordering::Relaxed);
        // Readers get to see it before the next one comes.
        while answered.load(Ordering::Relaxed) < before + READERS as u64 {
            thread::yield_now();
        }
        if generation % ROLL_BACK_EVERY == 0 {
            longest = longest.max(slot.roll_back().expect("the displaced one is warm"));
        } else {
            slot.release();
        }
    }
    longest
}

fn main() -> std::io::Result<()> {
    let slot = Arc::new(Slot::new(Model::of(1))?);
    let (stop, answered) = (AtomicBool::new(false), AtomicU64::new(0));
    let started = Instant::now();
    let (longest, seen) = thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(|| read(&slot, &stop, &answered))).collect();
        let longest = write(&slot, &answered);
        stop.store(true, Ordering::Relaxed);
        let seen: Vec<Seen> =
            readers.into_iter().map(|reader| reader.join().expect("a reader does not panic")).collect();
        (longest, seen)
    });
    let (answers, torn) = seen.iter().fold((0, 0), |(a, t), seen| (a + seen.answers, t + seen.torn));
    let slowest = seen.iter().map(|seen| seen.slowest).max().unwrap_or_default();
    println!("{answers} answers while {SWAPS} models of {} KiB were swapped in", WEIGHTS * 8 / 1024);
    println!("{torn} were torn or carried another generation than that which computed them");
    println!("slowest answer {slowest:?}, longest pointer store {longest:?}, all in {:?}", started.elapsed());
    println!(
        "at most {} models in memory at once; generation {} serves",
        slot.models_alive_max(),
        slot.load().generation
    );
    if torn == 0 { Ok(()) } else { Err(std::io::Error::other("answers were torn")) }
}
