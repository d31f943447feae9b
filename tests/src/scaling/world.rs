//! World: an episode with so many workers, by what was measured.
//!
//! Lives here: the pure simulation. A rung waits for its last trial; its trials are shared out by number when it begins, as the
//! desk does; a worker fetches the stretch once, and runs one trial after the other; the daemon takes replies one by one.

use policies::search::SuccessiveHalving;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde::Serialize;

use super::measures::Measured;

/// Episodes that are simulated for one figure.
const EPISODES: u64 = 200;

/// What lies between brokers and workers, in bytes a second.
#[derive(Clone, Copy, Debug)]
pub struct Network {
    /// To all workers together.
    pub of_brokers: f64,
    /// To one of them.
    pub of_worker: f64,
}

/// An episode with so many workers.
#[derive(Clone, Debug, Serialize)]
pub struct Simulated {
    /// Candidates it begins with.
    pub candidates: usize,
    /// Workers.
    pub workers: usize,
    /// Seconds from its first trial to its last, on average.
    pub seconds: f64,
    /// How many times shorter than with one worker.
    pub speed_up: f64,
    /// Share of the workers' time that they had a trial to run.
    pub busy: f64,
    /// Shares of the seconds in which what was waited for was the stretch, the trials, and the daemon.
    pub waits: Waits,
}

/// For what is waited.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Waits {
    /// That the stretch is sent and fetched.
    pub stretch: f64,
    /// That the worker with the most to do is done.
    pub trials: f64,
    /// That the daemon has taken the replies.
    pub daemon: f64,
}

/// One figure.
pub fn simulate(
    measured: &Measured,
    network: Network,
    candidates: usize,
    workers: usize,
    seed: u64,
) -> Simulated {
    let (one, _, _) = average(measured, network, candidates, 1, seed);
    let (seconds, waits, run) = average(measured, network, candidates, workers, seed);
    let share = |part: f64| part / seconds;
    let waits =
        Waits { stretch: share(waits.stretch), trials: share(waits.trials), daemon: share(waits.daemon) };
    let busy = run / (seconds * workers as f64);
    Simulated { candidates, workers, seconds, speed_up: one / seconds, busy, waits }
}

/// Seconds, for what was waited, and seconds in which trials ran.
fn average(
    measured: &Measured,
    network: Network,
    candidates: usize,
    workers: usize,
    seed: u64,
) -> (f64, Waits, f64) {
    let mut rng = Pcg64::seed_from_u64(seed);
    let (mut all, mut run) = (Waits::default(), 0.0);
    for _ in 0..EPISODES {
        let mut standing = candidates;
        for rung in &measured.rungs {
            // The control is a trial, too.
            let trials = standing + 1;
            let draw = |rng: &mut Pcg64| rung.trial_seconds[rng.random_range(0..rung.trial_seconds.len())];
            let mut loads = vec![0.0; workers.min(trials)];
            for at in 0..trials {
                let seconds = draw(&mut rng);
                run += seconds;
                loads[at % workers.min(trials)] += seconds + measured.letter_seconds;
            }
            let bytes = rung.stretch_bytes as f64;
            let busy = loads.len() as f64;
            let fetch = (bytes / network.of_worker).max(bytes * busy / network.of_brokers);
            all.stretch += measured.post_seconds_per_byte * bytes + fetch;
            let longest = loads.iter().copied().fold(0.0, f64::max);
            all.trials += longest;
            // The daemon takes replies while others run: what is left is what it could not keep up with.
            all.daemon += (measured.reply_seconds * trials as f64 - longest).max(measured.reply_seconds);
            standing = standing.div_ceil(SuccessiveHalving::default().eta);
        }
    }
    let each = |sum: f64| sum / EPISODES as f64;
    let waits = Waits { stretch: each(all.stretch), trials: each(all.trials), daemon: each(all.daemon) };
    (waits.stretch + waits.trials + waits.daemon, waits, each(run))
}
