//! What detectors are shown: losses, or rows of features, that drift or do not.
//!
//! Lives here: chance. May not: know who watches.

use model::{Feature, FeatureKind, Objective, Row, Schema, Target};
use policies::detect::Gains;
use rand::RngExt as _;
use rand_pcg::Pcg64;

/// Share of errors without drift.
pub const ERROR: f64 = 0.1;
/// Features of a row.
const FEATURES: usize = 20;
/// Correlation of any two of them.
const CORRELATION: f64 = 0.8;
/// Share of rows on which a learner knows better than its frozen copy, whatever drifts.
const LEARNED_SINCE: f64 = 0.03;
/// Observations in which a gradual drift happens.
const GRADUAL: u64 = 1_000;

/// Something that can be observed again and again.
pub trait Stream: Clone {
    /// What is observed.
    type Observation;

    /// The next one, when the drift has come so far: from 0, not at all, to 1.
    fn next(&mut self, drifted: f64, rng: &mut Pcg64) -> Self::Observation;
}

/// A stream, and whether and how it drifts.
#[derive(Clone, Debug)]
pub struct Scenario<S> {
    /// Its name in the table.
    pub name: String,
    /// What is observed.
    pub stream: S,
    /// Observations in which the drift happens, 0 for a sudden one; none without a drift.
    pub drift: Option<u64>,
}

impl<S> Scenario<S> {
    fn still(name: &str, stream: S) -> Self {
        Self { name: name.to_owned(), stream, drift: None }
    }

    /// The same stream drifting at once, and little by little.
    fn drifting(name: &str, stream: S) -> [Self; 2]
    where
        S: Clone,
    {
        let scenario = |kind: &str, over| Self {
            name: format!("{kind}_{name}"),
            stream: stream.clone(),
            drift: Some(over),
        };
        [scenario("sudden", 0), scenario("gradual", GRADUAL)]
    }
}

/// Losses of a model.
#[derive(Clone, Debug)]
pub enum Losses {
    /// Right or wrong.
    Errors {
        /// Share of errors after the drift.
        after: f64,
        /// With this probability an outcome is the last one again, which is the correlation of neighbours.
        repeats: f64,
        /// The last one.
        last: bool,
    },
    /// Independent numbers in 0..1 with the same mean as the errors, and no drift.
    Numbers,
}

impl Losses {
    fn errors(after: f64, repeats: f64) -> Self {
        Self::Errors { after, repeats, last: false }
    }
}

impl Stream for Losses {
    type Observation = f64;

    fn next(&mut self, drifted: f64, rng: &mut Pcg64) -> f64 {
        match self {
            Self::Errors { after, repeats, last } => {
                let share = ERROR + drifted * (*after - ERROR);
                let is_error = rng.random::<f64>() < share;
                *last = if rng.random::<f64>() < *repeats { *last } else { is_error };
                f64::from(u8::from(*last))
            }
            // The mean of such a power is the inverse of the exponent plus one.
            Self::Numbers => rng.random::<f64>().powf(1.0 / ERROR - 1.0),
        }
    }
}

/// Streams of losses: independent, clustered, numbers, and errors that become more.
pub fn losses() -> Vec<Scenario<Losses>> {
    let mut all = vec![
        Scenario::still("independent", Losses::errors(ERROR, 0.0)),
        Scenario::still("clustered_0.5", Losses::errors(ERROR, 0.5)),
        Scenario::still("clustered_0.9", Losses::errors(ERROR, 0.9)),
        Scenario::still("numbers", Losses::Numbers),
    ];
    for percent in [12, 15, 20, 30] {
        let stream = Losses::errors(f64::from(percent) / 100.0, 0.0);
        all.extend(Scenario::drifting(&format!("10_{percent}"), stream));
    }
    all
}

/// Rows of features of which any two are correlated: a bell that all share, and one of their own.
#[derive(Clone, Debug)]
pub struct Rows {
    /// By how many deviations the first feature moves.
    shift: f64,
    /// Share of the shared bell that is the last row's.
    memory: f64,
    shared: f64,
}

impl Rows {
    fn new(shift: f64, memory: f64) -> Self {
        Self { shift, memory, shared: 0.0 }
    }
}

impl Stream for Rows {
    type Observation = Row;

    fn next(&mut self, drifted: f64, rng: &mut Pcg64) -> Row {
        self.shared = self.memory * self.shared + (1.0 - self.memory.powi(2)).sqrt() * normal(rng);
        let (shared, own) = (CORRELATION.sqrt() * self.shared, (1.0 - CORRELATION).sqrt());
        let mut values: Vec<f32> = (0..FEATURES).map(|_| (shared + own * normal(rng)) as f32).collect();
        values[0] += (drifted * self.shift) as f32;
        Row::new(values).expect("bells are finite")
    }
}

/// Streams of rows: independent, following one another, and those of which one feature moves.
pub fn rows() -> Vec<Scenario<Rows>> {
    let mut all = vec![
        Scenario::still("correlated_features", Rows::new(0.0, 0.0)),
        Scenario::still("correlated_rows_0.9", Rows::new(0.0, 0.9)),
    ];
    for shift in [0.2, 0.5, 1.0] {
        all.extend(Scenario::drifting(&format!("shift_{shift}"), Rows::new(shift, 0.0)));
    }
    all
}

/// What a learner gained on a frozen copy, on a row of before and on one of now.
#[derive(Clone, Debug)]
pub struct Gained {
    /// Share of rows that mean something else after the drift, which the learner knows by then.
    changed: f64,
}

impl Gained {
    /// They differ on as many rows more where the one is better, and the labels are as wrong there as anywhere.
    fn gain(&self, on_changed: f64, rng: &mut Pcg64) -> f64 {
        let wrong = if rng.random::<f64>() < ERROR { -1.0 } else { 1.0 };
        let at = rng.random::<f64>();
        if at < self.changed {
            wrong * on_changed
        } else {
            f64::from(u8::from(at < self.changed + LEARNED_SINCE)) * wrong
        }
    }
}

impl Stream for Gained {
    type Observation = Gains;

    fn next(&mut self, drifted: f64, rng: &mut Pcg64) -> Gains {
        Gains { before: self.gain(-drifted, rng), now: self.gain(drifted, rng) }
    }
}

/// Streams of gains: a learner that knows more, and one that knows what has changed.
pub fn gains() -> Vec<Scenario<Gained>> {
    let mut all = vec![Scenario::still("knows_more", Gained { changed: 0.0 })];
    for percent in [1, 2, 3, 5] {
        all.extend(Scenario::drifting(
            &format!("changed_{percent}"),
            Gained { changed: f64::from(percent) / 100.0 },
        ));
    }
    all
}

/// Of the rows.
pub fn schema() -> Schema {
    let feature = |at| Feature { name: format!("f{at}"), kind: FeatureKind::Numeric };
    Schema::new((0..FEATURES).map(feature).collect(), Target::Regression, Objective::default())
        .expect("the schema is well formed")
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut Pcg64) -> f64 {
    let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt();
    radius * (std::f64::consts::TAU * rng.random::<f64>()).cos()
}
