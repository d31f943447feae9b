//! Drifts: those that are there are found, and where there is none no episode opens for one.
//!
//! On generated streams always. On recorded ones where `DRIFTFORM_STREAMS` names a folder of them; otherwise it is said that
//! this was skipped.

use std::fmt::Write as _;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;
use serde_json::Value;
use tests::process::binary;

/// Names a folder of recorded streams.
const VARIABLE: &str = "DRIFTFORM_STREAMS";
/// Where it is `all`, long streams are shuffled too; otherwise those of fewer rows than this.
const WHICH: &str = "DRIFTFORM_SHUFFLED";
const ROWS_MAX: usize = 20_000;
/// Outcomes in which a drift has to be found.
const WITHIN: u64 = 15_000;
/// Outcomes in which one has to be found that costs a frozen copy hardly more than two points.
const SMALL_WITHIN: u64 = 6_000;
/// Generated streams drift after so many rows; by then a champion was frozen, and its copy's errors are known.
const HALF: u64 = 20_000;
const LEARNED: u64 = 5_000;
/// Where the drifts of `sea_a` and `led_a` are.
const DRIFTS: [u64; 3] = [25_000, 50_000, 75_000];
const LABEL_DELAY: &str = "1000";
/// In every line that tells of a drift, and of the data.
const NOTICED: &str = " noticed on ";

/// What a replay told.
struct Told {
    story: String,
    /// Rows, and the share of them in which a frozen copy of the first champion erred, one stretch after the other.
    frozen: Vec<(u64, f64)>,
}

impl Told {
    /// Replays a stream.
    fn of(data: &Path) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let output = Command::new(binary()?)
            .args(["replay", "--label-delay", LABEL_DELAY, "--data"])
            .arg(data)
            .arg("--report")
            .arg(folder.path())
            .output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let story = std::fs::read_to_string(folder.path().join("story.txt"))?;
        let report: Value =
            serde_json::from_str(&std::fs::read_to_string(folder.path().join("report.json"))?)?;
        let point = |point: &Value| Some((point["rows"].as_u64()?, point["static_error"].as_f64()?));
        let curve = report["curve"].as_array().context("no curve")?;
        let frozen = curve.iter().map(|at| point(at).context("no point")).collect::<Result<_>>()?;
        Ok(Self { story, frozen })
    }

    /// Outcomes at which a line of the story says this.
    fn outcomes(&self, what: &str) -> Result<Vec<u64>> {
        let lines = self.story.lines().filter(|line| line.contains(what));
        lines.map(|line| Ok(line.split(':').next().context("no number")?.parse()?)).collect()
    }

    /// How often the frozen copy erred in these rows.
    fn frozen_error(&self, rows: Range<u64>) -> f64 {
        let (mut from, mut seen, mut erred) = (0, 0.0, 0.0);
        for (stretch, error) in &self.frozen {
            if rows.contains(&from) {
                seen += *stretch as f64;
                erred += *stretch as f64 * error;
            }
            from += stretch;
        }
        erred / seen
    }
}

/// Outcomes at which a line of the story says this.
fn told(data: &Path, what: &str) -> Result<Vec<u64>> {
    Told::of(data)?.outcomes(what)
}

fn are_found(name: &str, found: &[u64], drifts: &[u64]) -> Result<()> {
    for drift in drifts {
        // An event is seen a delay before its outcome is.
        let within = drift.saturating_sub(1_000)..drift + WITHIN;
        ensure!(found.iter().any(|at| within.contains(at)), "{name}: none near {drift} of {found:?}");
    }
    Ok(())
}

/// SEA concepts (Street and Kim, 2001): is the sum of two of three numbers over a threshold, one label in ten wrong.
fn sea(path: &Path, thresholds: &[f64], rows: usize) -> Result<()> {
    let mut rng = Pcg64::seed_from_u64(11);
    let mut text = String::from("a,b,c,class\n");
    for threshold in thresholds {
        for _ in 0..rows {
            let [a, b, c]: [f64; 3] = std::array::from_fn(|_| rng.random_range(0.0..10.0));
            let truth = (a + b <= *threshold) != rng.random_bool(0.1);
            writeln!(text, "{a:.4},{b:.4},{c:.4},{}", if truth { "yes" } else { "no" })?;
        }
    }
    Ok(std::fs::write(path, text)?)
}

/// Is a weighted sum of six bells over zero? The weights turn by an angle after half of the rows; one label in ten is
/// wrong.
fn plane(path: &Path, degrees: f64, rows: usize) -> Result<()> {
    let mut rng = Pcg64::seed_from_u64(12);
    // Sums of twelve uniform numbers: as good as normal here.
    let bell = |rng: &mut Pcg64| (0..12).map(|_| rng.random::<f64>()).sum::<f64>() - 6.0;
    let (sin, cos) = degrees.to_radians().sin_cos();
    let mut text = String::from("a,b,c,d,e,f,class\n");
    for at in 0..rows {
        let x: [f64; 6] = std::array::from_fn(|_| bell(&mut rng));
        let (straight, across) = (x[0] + x[1] + x[2], x[3] + x[4] - x[5]);
        let sum = if at < rows / 2 { straight } else { cos * straight + sin * across };
        let truth = (sum > 0.0) != rng.random_bool(0.1);
        let row = x.map(|value| format!("{value:.4}")).join(",");
        writeln!(text, "{row},{}", if truth { "yes" } else { "no" })?;
    }
    Ok(std::fs::write(path, text)?)
}

/// A drift after half of the rows is found if a frozen copy really loses two points by it, and nothing before it.
/// By how much the copy lost.
fn is_found_if_it_costs_two_points(name: &str, data: &Path) -> Result<f64> {
    let told = Told::of(data)?;
    let lost = told.frozen_error(HALF..2 * HALF) - told.frozen_error(LEARNED..HALF);
    let noticed = told.outcomes(NOTICED)?;
    eprintln!("{name}: a frozen copy lost {:.1} points; noticed at {noticed:?}", 100.0 * lost);
    ensure!(noticed.iter().all(|at| *at >= HALF), "{name}: noticed at {noticed:?}, before the drift");
    if lost >= 0.02 {
        let found = noticed.iter().any(|at| *at < HALF + 1_000 + SMALL_WITHIN);
        ensure!(found, "{name} cost {lost:.3}, and was noticed at {noticed:?} only");
    }
    Ok(lost)
}

#[test]
fn concepts_that_cost_a_frozen_copy_two_points_or_more_are_found() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut lost = Vec::new();
    for threshold in [8.6, 7.4, 7.0, 9.5] {
        let data = folder.path().join("sea.csv");
        sea(&data, &[8.0, threshold], HALF as usize)?;
        lost.push(is_found_if_it_costs_two_points(&format!("from 8 to {threshold}"), &data)?);
    }
    for degrees in [8.0, 12.0, 20.0] {
        let data = folder.path().join("plane.csv");
        plane(&data, degrees, 2 * HALF as usize)?;
        lost.push(is_found_if_it_costs_two_points(&format!("by {degrees} degrees"), &data)?);
    }
    let small = lost.iter().filter(|lost| (0.02..0.04).contains(*lost)).count();
    ensure!(small >= 2, "that small ones are found is only shown by small ones: {lost:?}");
    Ok(())
}

#[test]
fn a_generated_stream_without_drift_opens_no_episode_for_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let data = folder.path().join("sea.csv");
    sea(&data, &[8.0], 40_000)?;
    let opened = told(&data, "opened (drift")?;
    ensure!(opened.is_empty(), "{opened:?}");
    Ok(())
}

/// The recorded streams, if there are any.
fn recorded() -> Result<Vec<PathBuf>> {
    let Some(folder) = std::env::var_os(VARIABLE).filter(|folder| !folder.is_empty()) else {
        eprintln!("skipped: {VARIABLE} names no folder of recorded streams");
        return Ok(Vec::new());
    };
    let mut streams: Vec<PathBuf> =
        std::fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    streams.retain(|path| path.to_string_lossy().ends_with(".csv.zst"));
    streams.sort();
    Ok(streams)
}

#[test]
fn the_drifts_of_recorded_streams_are_found() -> Result<()> {
    for data in recorded()? {
        let name = data.file_name().context("a file")?.to_string_lossy().into_owned();
        if ["sea_a.csv.zst", "led_a.csv.zst"].contains(&name.as_str()) {
            are_found(&name, &told(&data, NOTICED)?, &DRIFTS)?;
        }
    }
    Ok(())
}

#[test]
fn no_episode_opens_for_a_drift_on_a_shuffled_stream() -> Result<()> {
    for data in recorded()? {
        let folder = tempfile::tempdir()?;
        let shuffled = folder.path().join("shuffled.csv");
        let rows = shuffle(&data, &shuffled)?;
        if rows > ROWS_MAX && std::env::var(WHICH).as_deref() != Ok("all") {
            eprintln!("skipped: {} has {rows} rows, and {WHICH} is not `all`", data.display());
            continue;
        }
        let opened = told(&shuffled, "opened (drift")?;
        ensure!(opened.is_empty(), "{}: {opened:?}", data.display());
    }
    Ok(())
}

/// How many rows it has.
fn shuffle(from: &Path, to: &Path) -> Result<usize> {
    let text = String::from_utf8(zstd::decode_all(std::fs::File::open(from)?)?)?;
    let (header, rows) = text.split_once('\n').context("a header and rows")?;
    let mut rows: Vec<&str> = rows.lines().collect();
    rows.shuffle(&mut Pcg64::seed_from_u64(7));
    std::fs::write(to, format!("{header}\n{}\n", rows.join("\n")))?;
    Ok(rows.len())
}
