//! Measures: what a trial, a letter, a stretch and a reply take on this machine.
//!
//! Lives here: trials as the default search makes them, on a stream of numbers, run by the child; and real workers beside a broker
//! in this process. May not: simulate.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use daemon::config::Config;
use daemon::trials::Trials;
use daemon::trials::letters;
use daemon::trials::protocol::{Stretch, Taught, Trial, TrialReply};
use model::{Device, Edit, Pool, Shape, TabularSpace};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::Serialize;

use crate::crew::{Crew, child, submit};
use crate::process::wait_until;
use crate::scene::DEADLINE;

/// Features of a row.
const FEATURES: usize = 8;
/// Rows that are labelled before a stretch.
const BEFORE: usize = 500;
/// Rows between a prediction and its label.
const GAP: usize = 50;
/// How long trials that everybody waits for may take.
const PATIENT: Duration = Duration::from_mins(5);

/// What was measured.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Each rung of the default ladder.
    pub rungs: Vec<Rung>,
    /// A trial's way to a worker and back, beyond what it takes to run.
    pub letter_seconds: f64,
    /// Cutting and sending a stretch, for each byte.
    pub post_seconds_per_byte: f64,
    /// What the daemon takes for one reply of the last rung, with its networks: reading it, and checking its digest.
    pub reply_seconds: f64,
    /// Trials of the first rung a second, by one and by two workers on this machine.
    pub trials_per_second: [f64; 2],
    /// The second over the first.
    pub two_over_one: f64,
    /// Processors that there are.
    pub processors: usize,
    /// Of an episode that is asked for again, after a restart, the share that was known.
    pub known_again: f64,
}

/// One rung.
#[derive(Clone, Debug, Serialize)]
pub struct Rung {
    /// Windows of outcomes.
    pub windows: u32,
    /// Bytes of what its trials learn from.
    pub stretch_bytes: usize,
    /// Bytes of the largest reply.
    pub reply_bytes: usize,
    /// What each trial took, shortest first.
    pub trial_seconds: Vec<f64>,
}

/// All of it.
pub fn measure(trials: u64) -> Result<Measured> {
    let features: Vec<String> =
        (0..FEATURES).map(|at| format!("{{ name = \"f{at}\", kind = \"numeric\" }}")).collect();
    let text = format!("[schema]\nclasses = [\"no\", \"yes\"]\nfeatures = [{}]", features.join(", "));
    let config = Config::parse(&text)?;
    let (mut here, mut rungs, mut first, mut reply) = (Trials::start(child()?)?, Vec::new(), None, None);
    let ladder = &config.learn.search.rungs;
    for windows in ladder {
        let rows = config.learn.search.window_outcomes * (*windows as usize + 1);
        let stretch = stretch(&config, rows)?;
        let keep = Some(windows) == ladder.last();
        let asked = asked(&config, trials, keep)?;
        let (trial_seconds, replies) = alone(&mut here, &stretch, &asked)?;
        let sizes = replies.iter().map(postcard::to_stdvec).collect::<Result<Vec<_>, _>>()?;
        let largest = sizes.into_iter().max_by_key(Vec::len).context("there are trials")?;
        let stretch_bytes = letters::stretch_bytes(&stretch).len();
        rungs.push(Rung { windows: *windows, stretch_bytes, reply_bytes: largest.len(), trial_seconds });
        first.get_or_insert((stretch, asked));
        reply = Some(largest);
    }
    let (stretch, asked) = first.context("there are rungs")?;
    let crew = crew(&stretch, &asked, &rungs[0])?;
    Ok(Measured {
        rungs,
        letter_seconds: crew.letter_seconds,
        post_seconds_per_byte: post(&stretch),
        reply_seconds: read(&reply.unwrap_or_default())?,
        trials_per_second: crew.trials_per_second,
        two_over_one: crew.trials_per_second[1] / crew.trials_per_second[0],
        processors: std::thread::available_parallelism()?.get(),
        known_again: crew.known_again,
    })
}

/// So many rows of a line in all features, with the default networks before them.
fn stretch(config: &Config, rows: usize) -> Result<Arc<Stretch>> {
    let (target, mut rng) = (config.learn.schema.target().clone(), Pcg64::seed_from_u64(3));
    let shape = Shape::with_labels(FEATURES, &target);
    let mut pool = Pool::new(shape, &[], &Device::cpu());
    let arm = pool.start(&config.learn.start, 1)?;
    let start = pool.arm_state(&arm)?;
    let mut labelled = |rows: usize| {
        let encoded: Vec<f32> = (0..rows * shape.inputs).map(|_| rng.random_range(-1.0..1.0)).collect();
        let sum = |row: &[f32]| row[..FEATURES].iter().sum::<f32>();
        let goals = encoded.chunks(shape.inputs).map(|row| f32::from(u8::from(sum(row) > 0.0))).collect();
        Taught { encoded, goals }
    };
    let (before, Taught { encoded, goals }) = (labelled(BEFORE), labelled(rows));
    let learned = start.members.iter().map(|member| member.weights().clone()).collect();
    let said = vec![0.5; rows * start.members.len() * target.outputs()];
    let (number, score_from) = (rows as u64, config.learn.search.window_outcomes);
    Ok(Arc::new(Stretch {
        number,
        start,
        said,
        learned,
        target,
        before,
        encoded,
        goals,
        gap: GAP,
        score_from,
    }))
}

/// Neighbours of the networks that there are.
fn asked(config: &Config, count: u64, keep: bool) -> Result<Vec<Trial>> {
    let space = TabularSpace::new(config.learn.limits.clone())?;
    let (members, mut rng) = (&config.learn.start.members, Pcg64::seed_from_u64(5));
    let trial = |number: u64| {
        let parent = rng.random_range(0..members.len());
        let neighbours = space.space().neighbours(&space.genome(&members[parent]));
        let child = space.architecture(&neighbours[rng.random_range(0..neighbours.len())]);
        let edit = Edit::add(members.len(), parent, child);
        Trial {
            number,
            edit,
            seed: number,
            keep,
            rejection: None,
            compute_batch: None,
            stressing: None,
            relaxing: None,
        }
    };
    Ok((1..=count).map(trial).collect())
}

/// One after the other, each timed.
fn alone(here: &mut Trials, stretch: &Arc<Stretch>, asked: &[Trial]) -> Result<(Vec<f64>, Vec<TrialReply>)> {
    let (mut seconds, mut replies) = (Vec::new(), Vec::new());
    // The child is started, and told the stretch, by the first.
    for (at, trial) in asked.iter().take(1).chain(asked).enumerate() {
        let begun = Instant::now();
        here.submit(Arc::clone(stretch), trial.clone());
        let reply = here.wait().context("a reply")?;
        ensure!(matches!(reply, TrialReply::Done(_)), "{reply:?}");
        if at > 0 {
            seconds.push(begun.elapsed().as_secs_f64());
            replies.push(reply);
        }
    }
    seconds.sort_by(f64::total_cmp);
    Ok((seconds, replies))
}

struct Together {
    letter_seconds: f64,
    trials_per_second: [f64; 2],
    known_again: f64,
}

/// The same trials by one and by two workers; what each takes beyond running; and all of them once more.
fn crew(stretch: &Arc<Stretch>, asked: &[Trial], rung: &Rung) -> Result<Together> {
    let crew = Crew::gather("scaling")?;
    let (mut workers, mut trials_per_second) = (Vec::new(), [0.0; 2]);
    for count in 1..=2 {
        workers.push(crew.worker()?);
        let mut office = crew.office(PATIENT)?;
        wait_until("all workers are there", DEADLINE, || {
            (office.traffic().workers == count as u64).then_some(())
        })?;
        // Everybody has the stretch, and a child, before it counts.
        together(&mut office, stretch, &series(asked, count as u64, 2))?;
        let timed = series(asked, 10 + count as u64, 3);
        let begun = Instant::now();
        together(&mut office, stretch, &timed)?;
        trials_per_second[count - 1] = timed.len() as f64 / begun.elapsed().as_secs_f64();
    }
    let mean = rung.trial_seconds.iter().sum::<f64>() / rung.trial_seconds.len() as f64;
    let mut office = crew.office(PATIENT)?;
    let again = series(asked, 12, 3);
    together(&mut office, stretch, &again)?;
    let known_again = office.traffic().cached as f64 / again.len() as f64;
    Ok(Together {
        letter_seconds: (1.0 / trials_per_second[0] - mean).max(0.0),
        trials_per_second,
        known_again,
    })
}

/// The trials so many times, each with a seed of its own.
fn series(asked: &[Trial], series: u64, times: u64) -> Vec<Trial> {
    let mut number = 0;
    let mut next = |(time, trial): (u64, &Trial)| {
        number += 1;
        Trial { number, seed: trial.seed + 1_000_000 * series + 10_000 * time, ..trial.clone() }
    };
    (0..times).flat_map(|time| asked.iter().map(move |trial| (time, trial))).map(&mut next).collect()
}

fn together(office: &mut Trials, stretch: &Arc<Stretch>, asked: &[Trial]) -> Result<()> {
    submit(office, stretch, asked);
    for _ in asked {
        let reply = office.wait_for(PATIENT).context("a reply")?;
        ensure!(matches!(reply, TrialReply::Done(_)), "{reply:?}");
    }
    Ok(())
}

/// Seconds for each byte of a stretch, until it is ready to be sent.
fn post(stretch: &Stretch) -> f64 {
    let begun = Instant::now();
    let bytes = letters::stretch_bytes(stretch);
    let (_, pieces) = adapters::kafka::cut(&bytes);
    begun.elapsed().as_secs_f64() / pieces.iter().map(Vec::len).sum::<usize>() as f64
}

/// Seconds in which a reply is put together and read.
fn read(reply: &[u8]) -> Result<f64> {
    let (_, pieces) = adapters::kafka::cut(reply);
    let begun = Instant::now();
    let mut assembly = adapters::kafka::Assembly::new(reply.len());
    for piece in &pieces {
        if let Some(whole) = assembly.add(piece)? {
            let reply: TrialReply = postcard::from_bytes(&whole.bytes)?;
            drop(reply);
        }
    }
    Ok(begun.elapsed().as_secs_f64())
}
