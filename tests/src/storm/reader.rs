//! Reader: requests that come by the clock, answered by the serve plane's unit of work, and every answer checked.
//!
//! Lives here: the load and the check. May not: know what the writer does but by the plan.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use adapters::kafka::{Polled, TopicRole};
use anyhow::{Context as _, Result};
use daemon::serve::Answerer;
use daemon::telemetry::Telemetry;
use model::Timestamp;
use serde::Deserialize;

use super::measures::Histogram;
use super::{Arguments, READERS, Storm, magic};

/// Requests that come together, as from one poll.
const BUNDLE: usize = 32;

/// What one reader saw.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) requests: u64,
    pub(super) dropped: u64,
    pub(super) wrong: u64,
    /// Of requests that came in slices without swaps, and with.
    pub(super) latencies: [Histogram; 2],
}

#[derive(Deserialize)]
struct Answer<'a> {
    id: &'a str,
    generation: u64,
    value: f32,
}

/// Answers its share of the requests, and goes on until the writer is done.
pub(super) fn read(storm: &Storm, number: usize, arguments: &Arguments) -> Result<Seen> {
    let mut answerer = Answerer::new(Arc::clone(&storm.slot), magic::codec()?, Telemetry::new());
    let (mut seen, mut bundle) = (Seen::default(), Vec::with_capacity(BUNDLE));
    let share = arguments.requests.div_ceil(READERS as u64);
    let interval = BUNDLE as f64 / arguments.rate as f64;
    for index in (number as u64..).step_by(READERS) {
        if seen.requests >= share && storm.over.load(Ordering::Acquire) {
            break;
        }
        let comes = Duration::from_secs_f64(index as f64 * interval);
        fill(&mut bundle, index);
        wait_until(storm, comes);
        answer(storm, &mut answerer, &bundle, &mut seen).context("an answer is not JSON")?;
        let took = storm.started.elapsed().saturating_sub(comes);
        let latencies = &mut seen.latencies[usize::from(Storm::is_stormy(comes))];
        (0..BUNDLE).for_each(|_| latencies.observe(took));
    }
    Ok(seen)
}

/// The requests of this bundle; ids are never used twice.
fn fill(bundle: &mut Vec<Polled>, index: u64) {
    bundle.clear();
    bundle.extend((0..BUNDLE as u64).map(|at| Polled {
        role: TopicRole::Events,
        topic: "events".into(),
        partition: 0,
        offset: 0,
        timestamp: Timestamp(0),
        key: None,
        payload: magic::event(index * BUNDLE as u64 + at),
        headers: Vec::new(),
    }));
}

pub(super) fn wait_until(storm: &Storm, at: Duration) {
    while let Some(left) = at.checked_sub(storm.started.elapsed()).filter(|left| !left.is_zero()) {
        std::thread::park_timeout(left);
    }
}

/// One unit of work. An answer is right if it says the number of its generation, and that generation served at some
/// moment between the last step done before and the last begun after.
fn answer(storm: &Storm, answerer: &mut Answerer, bundle: &[Polled], seen: &mut Seen) -> Result<()> {
    let before = storm.done.load(Ordering::SeqCst);
    let mut answers = Vec::with_capacity(bundle.len());
    answerer.answer(bundle, |sample, bytes| {
        answers.push((sample.id.clone(), bytes.to_vec()));
        true
    });
    let after = storm.begun.load(Ordering::SeqCst);
    let may_serve = &storm.plan.serving()[before..=after];
    for (id, bytes) in &answers {
        let answer: Answer<'_> = serde_json::from_slice(bytes)?;
        let number = magic::number(answer.generation).to_bits();
        let right = answer.id == id.as_str()
            && answer.value.to_bits() == number
            && may_serve.contains(&answer.generation);
        seen.wrong += u64::from(!right);
    }
    seen.requests += bundle.len() as u64;
    seen.dropped += (bundle.len() - answers.len()) as u64;
    Ok(())
}
