//! What is injected into a stream is what is diagnosed, by a whole learn plane whose networks learn all the while.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use adapters::kafka::Positions;
use adapters::store::Records;
use model::{EventId, Label, Record, Row, Sample, Timestamp, Truth};
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

use crate::config::Config;
use crate::learn::{Learn, Outside};
use crate::telemetry::{AuditEvent, Noticed};
use crate::trials::{Trials, WorkerCommand};

const FEATURES: usize = 6;
const SHARES: [f64; 4] = [0.4, 0.3, 0.2, 0.1];
/// The last class is three times as frequent.
const TRIPLED: [f64; 4] = [0.2, 0.3, 0.2, 0.3];
/// Milliseconds between two events.
const STEP: i64 = 10;
/// Events before anything is injected, and in which it has to be noticed.
const CALM: usize = 12_000;
const WITHIN: usize = 4_000;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Injected {
    Nothing,
    Unit,
    Missing,
    ShareTriples,
    LabelsStop,
    LabelsShuffled,
    Concept,
}

/// Classes are bells around centres of their own.
struct Stream {
    rng: Pcg64,
    learn: Learn,
    time: i64,
    labels: BinaryHeap<Reverse<(i64, i64, u32)>>,
}

impl Stream {
    fn new(folder: &tempfile::TempDir) -> Self {
        let settings = "
            search = { window_outcomes = 500, plateau_outcomes = 0 }
            mixture = { members = [
                { optimiser = \"sgd\", step_size = 0.1 },
                { widths = [32], optimiser = \"rmsprop\", step_size = 0.003 },
            ] }
            [schema]
            classes = [\"0\", \"1\", \"2\", \"3\"]
            features = [";
        let feature = |at| format!("{{ name = \"x{at}\", kind = \"numeric\" }}");
        let features: Vec<String> = (0..FEATURES).map(feature).collect();
        let config =
            Config::parse(&format!("{settings}{}]", features.join(", "))).expect("it is valid").learn;
        let (records, _) = Records::resume(folder.path(), 0).expect("an empty folder");
        let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
        let trials = Trials::start(worker).expect("a thread starts");
        let outside = Outside { records, storage: None, trials, waits_for_trials: true };
        let learn = Learn::cold(config, outside).expect("a plane can be built");
        Self { rng: Pcg64::seed_from_u64(3), learn, time: 0, labels: BinaryHeap::new() }
    }

    fn class(&mut self, shares: [f64; 4]) -> usize {
        let draw = self.rng.random::<f64>();
        let mut upto = 0.0;
        shares
            .iter()
            .position(|share| {
                upto += share;
                draw < upto
            })
            .unwrap_or(0)
    }

    fn bell(&mut self) -> f32 {
        (0..12).map(|_| self.rng.random::<f32>()).sum::<f32>() - 6.0
    }

    /// One event and the labels that are due; what was noticed first.
    fn step(&mut self, injected: Injected) -> Option<Noticed> {
        self.time += STEP;
        let class = self.class(if injected == Injected::ShareTriples { TRIPLED } else { SHARES });
        let centre = |at: usize| if at == class { 2.0 } else { 0.0 };
        let mut values: Vec<f32> = (0..FEATURES).map(|at| centre(at) + self.bell()).collect();
        match injected {
            Injected::Unit => values[2] *= 1_000.0,
            Injected::Missing => values[1] = f32::NAN,
            Injected::Nothing
            | Injected::ShareTriples
            | Injected::Concept
            | Injected::LabelsStop
            | Injected::LabelsShuffled => {}
        }
        let truth = if injected == Injected::Concept { (class + 1) % SHARES.len() } else { class };
        let delay = match injected {
            Injected::LabelsStop => None,
            Injected::LabelsShuffled => Some(self.rng.random_range(0..30_000)),
            _ => Some(3_000 + self.rng.random_range(0..500)),
        };
        self.labels.extend(delay.map(|delay| Reverse((self.time + delay, self.time, truth as u32))));
        let row = Row::new(values).expect("finite or missing");
        let mut records = vec![Record::Sample(Sample {
            id: id(self.time),
            time: Timestamp(self.time),
            row,
            external: None,
        })];
        while self.labels.peek().is_some_and(|Reverse((due, ..))| *due <= self.time) {
            if let Some(Reverse((due, of, truth))) = self.labels.pop() {
                let (id, time, truth) = (id(of), Timestamp(due), Truth::Class(truth));
                records.push(Record::Label(Label { id, time, truth, revision: 0 }));
            }
        }
        self.learn.turn(records, Positions::default()).expect("nothing fails");
        let noticed = |event| if let AuditEvent::Drift { noticed } = event { Some(*noticed) } else { None };
        self.learn.happened().into_iter().find_map(noticed)
    }
}

fn id(time: i64) -> EventId {
    EventId::new(&time.to_string()).expect("short")
}

#[test]
fn what_is_injected_is_diagnosed_by_networks_that_learn() {
    let cases = [
        (Injected::Unit, "covariate", "check_source"),
        (Injected::Missing, "covariate", "check_source"),
        (Injected::ShareTriples, "label", "correct_prior"),
        (Injected::LabelsStop, "label_feed", "repair_feed"),
        (Injected::LabelsShuffled, "label_feed", "repair_feed"),
        // Right after it the networks do not fit what they saw last, whatever their size.
        (Injected::Concept, "concept", "grow"),
    ];
    for (injected, kind, advice) in cases {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut stream = Stream::new(&folder);
        let early = (0..CALM).find_map(|_| stream.step(Injected::Nothing));
        assert_eq!(early, None, "{injected:?}");
        let found = (0..WITHIN).find_map(|_| stream.step(injected));
        let found = found.unwrap_or_else(|| panic!("{injected:?} was not noticed"));
        assert_eq!((found.kind, found.try_first), (kind, advice), "{injected:?}: {found:#?}");
    }
}
