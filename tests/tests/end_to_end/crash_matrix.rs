//! The daemon dies at every durable step, before it, after it and as when the power goes, and dies again while it takes
//! up the state: what comes out in the end is what would have come out if nothing had happened.
//!
//! Every day a sample: the first, the middle and the last step of each kind. `DRIFTFORM_MATRIX=all` takes every one.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use adapters::points::Point;
use anyhow::{Result, ensure};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::json;
use tests::crash::{End, Run, Story, check, report};

/// Takes every step where it is `all`.
const MATRIX_VARIABLE: &str = "DRIFTFORM_MATRIX";
/// Daemons that live at the same time: each mostly waits for a disk or a broker.
const AT_ONCE: usize = 3;
/// Steps within which a daemon that takes up a state dies again: some of them it reaches only later.
const RECOVERY_STEPS: u64 = 30;
/// Kinds of which a part can be lost when the power goes.
const TORN: [Point; 2] = [Point::Flush, Point::JournalFlush];

/// Where a daemon dies, and where the one after it does.
#[derive(Clone, Debug)]
struct Case {
    name: String,
    first: String,
    second: String,
}

/// The cases for steps passed so often, by kind.
fn cases(counts: &BTreeMap<String, u64>, all: bool) -> Vec<Case> {
    let mut rng = Pcg64::seed_from_u64(11);
    let mut cases = Vec::new();
    for point in Point::ALL {
        let count = counts.get(point.name()).copied().unwrap_or(0);
        let mut numbers: Vec<u64> =
            if all { (1..=count).collect() } else { vec![1, count.div_ceil(2), count] };
        numbers.dedup();
        for number in numbers.into_iter().filter(|number| *number > 0) {
            let mut moments = vec!["before", "after"];
            if TORN.contains(&point) {
                moments.push("torn");
            }
            if !all {
                moments = vec![moments[rng.random_range(0..moments.len())]];
            }
            for when in moments {
                let again = rng.random_range(1..=RECOVERY_STEPS);
                cases.push(Case {
                    name: format!("{}-{number}-{when}", point.name()),
                    first: format!("abort={}:{number}:{when}", point.name()),
                    second: format!("abort=any:{again}:before"),
                });
            }
        }
    }
    cases
}

/// Dies twice, lives on to the end; whether the first death came where it was to come.
fn die(story: &Story, reference: &Run<'_>, case: &Case) -> Result<bool> {
    let run = story.run(&case.name)?;
    let reached = run.live(Some(&case.first))? == End::Aborted;
    run.live(Some(&case.second))?;
    ensure!(run.live(None)? == End::Finished, "a life without a fault has ended early");
    check(&run, reference)?;
    run.forget()?;
    Ok(reached)
}

#[test]
fn whoever_dies_at_any_durable_step_goes_on_as_if_nothing_had_happened() -> Result<()> {
    let began = Instant::now();
    let all = std::env::var(MATRIX_VARIABLE).is_ok_and(|value| value == "all");
    let story = Story::tell()?;
    let reference = story.run("whole")?;
    let counts = reference.count()?;
    let missing: Vec<_> = Point::ALL.iter().filter(|point| !counts.contains_key(point.name())).collect();
    ensure!(missing.is_empty(), "the story has no step of kind {missing:?}: {counts:?}");
    check(&reference, &reference)?;

    let waiting = Mutex::new(cases(&counts, all));
    let done: Mutex<Vec<(Case, Result<bool>)>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = waiting.lock().ok().and_then(|mut cases| cases.pop()) {
                    let ended = die(&story, &reference, &case);
                    done.lock().expect("nobody panics while holding it").push((case, ended));
                }
            });
        }
    });
    let done = done.into_inner().expect("nobody panics while holding it");
    let reached = done.iter().filter(|(_, ended)| matches!(ended, Ok(true))).count();
    let failed: Vec<String> = done
        .iter()
        .filter_map(|(case, ended)| ended.as_ref().err().map(|error| format!("{case:?}: {error:#}")))
        .collect();
    report(
        "crash-matrix",
        &json!({
            "all": all, "steps": counts, "cases": done.len(), "reached": reached, "failed": failed,
            "outcomes": story.outcomes(), "seconds": began.elapsed().as_secs(),
        }),
    )?;
    ensure!(failed.is_empty(), "{} of {} cases:\n{}", failed.len(), done.len(), failed.join("\n"));
    ensure!(reached * 10 >= done.len() * 9, "only {reached} of {} steps were reached again", done.len());
    Ok(())
}
