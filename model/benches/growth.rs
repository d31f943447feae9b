//! What new units start as, compared: JSON lines of the mean losses over the rows after growth,
//! `cargo bench -p model --bench growth -- [STREAM.csv[.zst] ...]`.
//!
//! Without files a synthetic stream that drifts shortly before. A file has a header and numbers, the class in
//! its last column. For each seed a network learns row by row up to a position, grows in each of the ways,
//! and each result goes on over the same rows: predict, then learn. Differences to random units are paired
//! by seed, with 95 % intervals (Student). `none` does not grow.

#![expect(clippy::print_stdout, reason = "the numbers are what this program is for")]

use std::error::Error;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use ::model::growth::{Growth, WINDOW_ROWS_MAX, Window};
use ::model::{
    Activation, Architecture, Block, Device, Encoder, Feature, FeatureKind, Hyper, Learner, Objective,
    Output, Row, Schema, Shape, Target, Truth, bounded, log_loss,
};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const SEEDS: u64 = 24;
/// Student's t at 97.5 % for `SEEDS - 1` degrees of freedom.
const T_975: f64 = 2.069;
/// Rows of a file that are used.
const ROWS_MAX: usize = 20_000;
/// Rows after growth that count.
const COUNTED: usize = 2_000;
/// Where the synthetic stream drifts, and where its network grows.
const DRIFT_AT: usize = 3_500;
const GROW_AT: usize = 4_200;

struct Stream {
    name: String,
    target: Target,
    encoded: Vec<f32>,
    goals: Vec<f32>,
}

impl Stream {
    fn shape(&self) -> Shape {
        Shape::new(self.encoded.len() / self.goals.len().max(1), &self.target)
    }

    fn rows(&self, range: std::ops::Range<usize>) -> (&[f32], &[f32]) {
        let inputs = self.shape().inputs;
        (&self.encoded[range.start * inputs..range.end * inputs], &self.goals[range])
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let files: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let cases = cases();
    let Some(_) = files.first() else {
        return cases.iter().try_for_each(|case| compare(case, |seed| Ok((synthetic(seed), GROW_AT))));
    };
    for file in &files {
        let stream = read(Path::new(file))?;
        let last = stream.goals.len().checked_sub(COUNTED + 1).ok_or("the file is too short")?;
        for case in &cases {
            // Spread over the stream, so that the seeds see different rows too.
            let position = |seed: u64| WINDOW_ROWS_MAX.max(last * (seed as usize + 1) / SEEDS as usize);
            compare(case, |seed| Ok((&stream, position(seed))))?;
        }
    }
    Ok(())
}

struct Case {
    name: &'static str,
    from: Vec<Block>,
    to: Vec<Block>,
}

fn cases() -> Vec<Case> {
    let relu = |width| Block::plain(width, Activation::Relu);
    let gelu = |width| Block::plain(width, Activation::Gelu);
    let skip = |block: Block| Block { skip: true, ..block };
    vec![
        Case { name: "widen relu 16 to 32", from: vec![relu(16)], to: vec![relu(32)] },
        Case { name: "widen gelu 16 to 32", from: vec![gelu(16)], to: vec![gelu(32)] },
        Case { name: "widen inner relu 16 to 32", from: vec![relu(16); 2], to: vec![relu(32), relu(16)] },
        Case { name: "deepen relu 16 by 16", from: vec![relu(16)], to: vec![skip(relu(16)), relu(16)] },
    ]
}

/// Mean bounded and log loss of each way on each seed, and a line a way.
fn compare<S: std::borrow::Borrow<Stream>>(
    case: &Case,
    stream: impl Fn(u64) -> Result<(S, usize), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut losses: Vec<Vec<[f64; 2]>> = vec![Vec::new(); Growth::ALL.len() + 1];
    let mut name = String::new();
    for seed in 0..SEEDS {
        let (stream, at) = stream(seed)?;
        let stream: &Stream = stream.borrow();
        name.clone_from(&stream.name);
        let architecture = |blocks: &[Block]| Architecture {
            blocks: blocks.to_vec(),
            ..Architecture::linear(Hyper::default())
        };
        let mut parent = Learner::new(&architecture(&case.from), stream.shape(), &[], &Device::cpu(), seed)?;
        let (encoded, goals) = stream.rows(0..at);
        parent.learn(encoded, goals)?;
        let (encoded, goals) = stream.rows(at - WINDOW_ROWS_MAX..at);
        let to = architecture(&case.to);
        for (growth, losses) in Growth::ALL.into_iter().zip(&mut losses) {
            let child = parent.grow(&to, Window { encoded, goals }, growth, seed)?;
            losses.push(prequential(stream, child, at)?);
        }
        let same = parent.inherit(parent.architecture(), seed)?;
        losses[Growth::ALL.len()].push(prequential(stream, same, at)?);
    }
    let names = Growth::ALL.iter().map(|growth| growth.name()).chain(["none"]);
    for (growth, own) in names.zip(&losses) {
        let [brier, log] = [0, 1].map(|of| summary(own, &losses[0], of));
        println!(
            r#"{{"stream":"{name}","case":"{}","growth":"{growth}","seeds":{SEEDS},"brier":{brier},"log_loss":{log}}}"#,
            case.name
        );
    }
    Ok(())
}

fn prequential(stream: &Stream, mut learner: Learner, from: usize) -> Result<[f64; 2], Box<dyn Error>> {
    let mut sums = [0.0; 2];
    for at in from..from + COUNTED {
        let (row, goal) = stream.rows(at..at + 1);
        let output = Output(learner.predict(row)?.into());
        let class = goal[0] as u32;
        sums[0] += bounded(&stream.target, &output, &Truth::Class(class), 1.0);
        sums[1] += log_loss(&output, class);
        learner.learn(row, goal)?;
    }
    Ok(sums.map(|sum| sum / COUNTED as f64))
}

/// The mean, and the mean difference to random units with its interval.
fn summary(own: &[[f64; 2]], random: &[[f64; 2]], of: usize) -> String {
    let mean = |numbers: &[f64]| numbers.iter().sum::<f64>() / numbers.len() as f64;
    let all: Vec<f64> = own.iter().map(|losses| losses[of]).collect();
    let differences: Vec<f64> = own.iter().zip(random).map(|(own, random)| own[of] - random[of]).collect();
    let centre = mean(&differences);
    let squares: f64 = differences.iter().map(|difference| (difference - centre).powi(2)).sum();
    let count = differences.len() as f64;
    let reach = T_975 * (squares / (count - 1.0) / count).sqrt();
    format!(
        r#"{{"mean":{:.5},"difference":{centre:.5},"low":{:.5},"high":{:.5}}}"#,
        mean(&all),
        centre - reach,
        centre + reach
    )
}

/// Classes of a random teacher with 24 units, another one after the drift.
fn synthetic(seed: u64) -> Stream {
    const INPUTS: usize = 8;
    const UNITS: usize = 24;
    const CLASSES: usize = 3;
    let mut rng = Pcg64::seed_from_u64(seed);
    let mut numbers = |count: usize, bound: f32| -> Vec<f32> {
        (0..count).map(|_| rng.random_range(-bound..bound)).collect()
    };
    let teachers = [0, 1].map(|_| (numbers(INPUTS * UNITS, 2.0), numbers(UNITS * CLASSES, 1.0)));
    let encoded = numbers((GROW_AT + COUNTED) * INPUTS, 1.7);
    let class = |(at, row): (usize, &[f32])| {
        let (into, out) = &teachers[usize::from(at >= DRIFT_AT)];
        let mut scores = [0.0_f32; CLASSES];
        for (into, out) in into.chunks_exact(INPUTS).zip(out.chunks_exact(CLASSES)) {
            let value = into.iter().zip(row).map(|(weight, number)| weight * number).sum::<f32>().tanh();
            scores.iter_mut().zip(out).for_each(|(score, weight)| *score += weight * value);
        }
        (0..CLASSES).max_by(|a, b| scores[*a].total_cmp(&scores[*b])).map_or(0.0, |best| best as f32)
    };
    let goals = encoded.chunks_exact(INPUTS).enumerate().map(class).collect();
    Stream { name: "synthetic".into(), target: target(CLASSES), encoded, goals }
}

fn target(classes: usize) -> Target {
    Target::Classification { classes: (0..classes).map(|class| class.to_string()).collect() }
}

/// The first rows of a file, each standardised by those before it.
fn read(path: &Path) -> Result<Stream, Box<dyn Error>> {
    let file = std::fs::File::open(path)?;
    let compressed = path.extension().is_some_and(|ending| ending == "zst");
    let bytes: Box<dyn Read> =
        if compressed { Box::new(zstd::stream::read::Decoder::new(file)?) } else { Box::new(file) };
    let mut lines = BufReader::new(bytes).lines();
    lines.next().ok_or("the file has no header")??;
    let (mut rows, mut goals) = (Vec::new(), Vec::new());
    for line in lines.take(ROWS_MAX) {
        let mut numbers = line?.split(',').map(str::parse).collect::<Result<Vec<f32>, _>>()?;
        goals.push(numbers.pop().ok_or("a line is empty")?);
        rows.push(Row::new(numbers)?);
    }
    let classes = goals.iter().copied().fold(0.0, f32::max) as usize + 1;
    let columns = rows.first().map_or(0, |row| row.values().len());
    let feature = |at: usize| Feature { name: at.to_string(), kind: FeatureKind::Numeric };
    let schema = Schema::new((0..columns).map(feature).collect(), target(classes), Objective::default())?;
    let mut encoder = Encoder::new(&schema);
    let mut encoded = Vec::new();
    for row in &rows {
        encoder.encode(row, &mut encoded);
        encoder.observe(row);
    }
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    Ok(Stream { name, target: target(classes), encoded, goals })
}
