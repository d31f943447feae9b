//! What is injected into a stream is what is diagnosed.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use model::{Feature, FeatureKind, Objective, Target};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use super::*;
use crate::detect::{Advice, DriftKind, FeedTrouble};

const FEATURES: usize = 6;
const CLASSES: usize = 4;
const SHARES: [f64; CLASSES] = [0.4, 0.3, 0.2, 0.1];
/// Between two events, in milliseconds.
const STEP: i64 = 10;
/// Events before anything is injected.
const CALM: usize = 20_000;

/// What is injected.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Injected {
    Nothing,
    Unit,
    Missing,
    ShareTriples,
    LabelsStop,
    LabelsShuffled,
    Concept,
    Moved,
}

/// A stream of which classes are the nearest centres, mostly; what answers does not learn.
struct Stream {
    rng: Pcg64,
    panel: Panel,
    time: i64,
    labels: BinaryHeap<Reverse<(i64, i64)>>,
    waiting: BTreeMap<i64, (Row, u32, Said)>,
}

fn schema() -> Schema {
    let feature = |at: usize| Feature { name: format!("x{at}"), kind: FeatureKind::Numeric };
    let classes = (0..CLASSES).map(|class| class.to_string()).collect();
    let target = Target::Classification { classes };
    Schema::new((0..FEATURES).map(feature).collect(), target, Objective::default()).expect("it is valid")
}

fn config() -> PanelConfig {
    PanelConfig {
        average_run_length: 1e6,
        reference_outcomes: 1_000,
        feature_window: 500,
        feature_reference: 2_000,
        delta: 0.002,
        seed: 5,
    }
}

/// Where the rows of a class are.
fn centre(class: usize, feature: usize) -> f32 {
    if feature == class { 2.0 } else { 0.0 }
}

impl Stream {
    fn new(seed: u64) -> Self {
        Self {
            rng: Pcg64::seed_from_u64(seed),
            panel: Panel::new(&schema(), config()),
            time: 0,
            labels: BinaryHeap::new(),
            waiting: BTreeMap::new(),
        }
    }

    fn class(&mut self, shares: [f64; CLASSES]) -> usize {
        let mut draw = self.rng.random::<f64>();
        for (class, share) in shares.iter().enumerate() {
            draw -= share;
            if draw < 0.0 {
                return class;
            }
        }
        0
    }

    fn normal(&mut self) -> f32 {
        let (u, v): (f32, f32) = (1.0 - self.rng.random::<f32>(), self.rng.random());
        (-2.0 * u.ln()).sqrt() * (std::f32::consts::TAU * v).cos()
    }

    /// One event, and the labels that are due; the first alarm, diagnosed.
    fn step(&mut self, injected: Injected) -> Option<Diagnosis> {
        self.time += STEP;
        let mut alarms = Vec::new();
        while self.labels.peek().is_some_and(|Reverse((due, _))| *due <= self.time) {
            if let Some(Reverse((due, of))) = self.labels.pop() {
                alarms.extend(self.label(of, due - of));
            }
        }
        let class =
            self.class(if injected == Injected::ShareTriples { [0.2, 0.3, 0.2, 0.3] } else { SHARES });
        let mut values: Vec<f32> = (0..FEATURES).map(|at| centre(class, at) + self.normal()).collect();
        match injected {
            Injected::Unit => values[2] *= 1_000.0,
            Injected::Missing => values[1] = f32::NAN,
            Injected::Moved => values[5] += 2.0,
            _ => {}
        }
        let said = answer(&values);
        let truth = if injected == Injected::Concept { (class + 1) % CLASSES } else { class };
        let row = Row::new(values).expect("values are finite or missing");
        let delay = match injected {
            Injected::LabelsStop => None,
            Injected::LabelsShuffled => Some(self.rng.random_range(0..30_000)),
            _ => Some(3_000 + self.rng.random_range(0..500)),
        };
        self.labels.extend(delay.map(|delay| Reverse((self.time + delay, self.time))));
        alarms.extend(self.panel.event(&row, Timestamp(self.time), Some(said), true));
        self.waiting.insert(self.time, (row, truth as u32, said));
        alarms.first().map(|alarm| {
            let diagnosis = self.panel.diagnose(alarm, Some(0.1));
            self.panel.settle(&diagnosis);
            diagnosis
        })
    }

    fn label(&mut self, of: i64, delay: i64) -> Vec<Alarm> {
        let Some((row, truth, said)) = self.waiting.remove(&of) else { return Vec::new() };
        let loss = f64::from(u8::from(said.class != truth));
        self.panel.outcome(Observed {
            row: &row,
            time: Timestamp(of),
            delay_ms: Some(delay),
            champion: loss,
            reference: Some(loss),
            truth: Some(truth),
            said: Some(said),
        })
    }

    fn run(&mut self, events: usize, injected: Injected) -> Option<(usize, Diagnosis)> {
        (0..events).find_map(|at| Some((at, self.step(injected)?)))
    }
}

/// The class whose own feature is largest.
fn answer(values: &[f32]) -> Said {
    let size = |class: &usize| if values[*class].is_nan() { 0.0 } else { values[*class] };
    let class = (0..CLASSES).max_by(|a, b| size(a).total_cmp(&size(b))).unwrap_or(0);
    Said { class: class as u32, confidence: 0.8 }
}

#[test]
fn nothing_is_noticed_where_nothing_is() {
    for seed in 0..3 {
        assert_eq!(Stream::new(seed).run(60_000, Injected::Nothing), None, "seed {seed}");
    }
}

#[test]
fn what_is_injected_is_diagnosed() {
    let cases = [
        (Injected::Unit, DriftKind::Covariate, Advice::CheckSource, 1_000),
        (Injected::Missing, DriftKind::Covariate, Advice::CheckSource, 1_000),
        (Injected::ShareTriples, DriftKind::Label, Advice::CorrectPrior, 2_000),
        (Injected::LabelsStop, DriftKind::LabelFeed, Advice::RepairFeed, 3_000),
        (Injected::LabelsShuffled, DriftKind::LabelFeed, Advice::RepairFeed, 3_000),
        (Injected::Concept, DriftKind::Concept, Advice::Regularise, 1_000),
    ];
    for (injected, kind, advice, within) in cases {
        for seed in 0..3 {
            let mut stream = Stream::new(seed);
            assert_eq!(stream.run(CALM, Injected::Nothing), None, "{injected:?}, seed {seed}");
            let Some((at, found)) = stream.run(within, injected) else {
                panic!("{injected:?}, seed {seed}: not noticed");
            };
            assert_eq!((found.kind, found.advice), (kind, advice), "{injected:?} after {at}: {found:#?}");
            details(injected, &found);
        }
    }
}

/// Which feature, class or trouble.
fn details(injected: Injected, found: &Diagnosis) {
    let first = found.features.first().map(|shift| shift.feature);
    match injected {
        Injected::Unit => assert_eq!(first, Some(2)),
        Injected::Missing => assert_eq!(first, Some(1)),
        Injected::ShareTriples => assert_eq!(found.share.map(|share| share.class), Some(3), "{found:#?}"),
        Injected::LabelsStop => {
            assert!(found.feed.is_some_and(|feed| feed.trouble != FeedTrouble::Delayed), "{found:#?}");
        }
        Injected::LabelsShuffled => assert!(found.feed.is_some()),
        Injected::Concept => {
            assert!(found.loss.is_some_and(|loss| loss.now > loss.before) && found.features.is_empty());
        }
        Injected::Nothing | Injected::Moved => {}
    }
}

#[test]
fn what_was_there_before_recurs() {
    for seed in 0..3 {
        let mut stream = Stream::new(seed);
        assert_eq!(stream.run(CALM, Injected::Nothing), None);
        let (_, moved) = stream.run(1_000, Injected::Moved).expect("it is large");
        assert_eq!(moved.kind, DriftKind::Covariate, "{moved:#?}");
        // What else is noticed of the same change is of the same kind.
        for _ in 0..CALM {
            if let Some(found) = stream.step(Injected::Moved) {
                assert_eq!(found.kind, DriftKind::Covariate, "{found:#?}");
            }
        }
        let (_, back) = stream.run(3_000, Injected::Nothing).expect("it is as large");
        assert_eq!(
            (back.kind, back.advice),
            (DriftKind::Recurring, Advice::Recall),
            "seed {seed}: {back:#?}"
        );
    }
}
