//! Stages: one unit of work of each stage of both planes, ready to be measured.
//!
//! Lives here: a stream of eight numbers and two classes, and the default configuration without a search. May
//! not: measure; that is for the two programs that share this file. Stages are not inlined, so that a tool can
//! tell them from what surrounds them.

use std::hint::black_box;
use std::sync::Arc;

use adapters::codec::{JsonCodec, Marks};
use adapters::kafka::Positions;
use adapters::store::Records;
use anyhow::Result;
use daemon::config::Config;
use daemon::join::{Join, Origin};
use daemon::learn::{Learn, Outside, State};
use daemon::slot::{Served, Slot, Standing};
use daemon::trials::{Trials, WorkerCommand};
use model::{EventId, Generation, Label, Record, Row, Sample, Timestamp, Truth};
use policies::detect::{Observed, Said};
use tempfile::TempDir;

/// Features of an event.
const FEATURES: usize = 8;
/// Events that the plane has learned before anything is measured.
const WARM_UP: u64 = 2_000;
/// Rows answered from one load of the slot.
const SERVED_ROWS: usize = 32;

/// Everything the stages need.
pub struct Stages {
    config: Config,
    codec: JsonCodec,
    learn: Learn,
    state: State,
    join: Join,
    samples: Vec<Sample>,
    /// An event and its label, as JSON.
    messages: (String, String),
    next: u64,
    /// Keeps the rows as long as the plane is there.
    _folder: TempDir,
}

impl Stages {
    /// A warm plane.
    pub fn new() -> Result<Self> {
        let config = config()?;
        let folder = tempfile::tempdir()?;
        let (records, _) = Records::resume(folder.path(), 0)?;
        let worker = WorkerCommand { program: "/nowhere".into(), arguments: Vec::new(), seconds_max: 1 };
        let trials = Trials::start(worker).expect("a thread starts");
        let outside = Outside { records, storage: None, trials, waits_for_trials: true };
        let mut learn = Learn::cold(config.learn.clone(), outside)?;
        for number in 0..WARM_UP {
            learn.turn(vec![event(number)?, label(number)?], Positions::default())?;
        }
        learn.turn(vec![event(WARM_UP)?], Positions::default())?;
        let codec = JsonCodec::new(Arc::clone(&config.learn.schema), config.codec.clone())?;
        let samples = (0..SERVED_ROWS as u64).map(sample).collect::<Result<_>>()?;
        let (state, join) = (State::new(&config.learn), Join::new(&config.learn.join, 0));
        let next = WARM_UP + 1;
        let messages = messages(next);
        Ok(Self { config, codec, learn, state, join, samples, messages, next, _folder: folder })
    }

    fn next(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// An event and its label, from JSON.
    #[inline(never)]
    pub fn decode(&mut self) -> Result<()> {
        black_box(self.codec.decode_sample(self.messages.0.as_bytes(), Timestamp(0))?);
        black_box(self.codec.decode_label(self.messages.1.as_bytes(), Timestamp(0))?);
        Ok(())
    }

    /// A prediction waits, its label comes.
    #[inline(never)]
    pub fn join(&mut self) -> Result<()> {
        let number = self.next();
        let (id, time) = (EventId::new(&number.to_string())?, Timestamp(number.cast_signed()));
        black_box(self.join.predicted(Origin::Events(0), &id, time, number));
        let Record::Label(label) = label(number)? else { return Ok(()) };
        black_box(self.join.labelled(Origin::Labels(0), &label));
        Ok(())
    }

    /// Every detector of the stream hears of one outcome.
    #[inline(never)]
    pub fn detect(&mut self) -> Result<()> {
        let number = self.next();
        let loss = f64::from(wave(number, 0)).abs() / 2.0;
        let (panel, Sample { row, time, .. }) = (&mut self.state.panel, sample(number)?);
        let said = Some(Said { class: 0, confidence: 0.9 });
        black_box(panel.event(&row, time, said, true));
        black_box(panel.warning(loss));
        black_box(panel.outcome(Observed {
            row: &row,
            time,
            delay_ms: Some(0),
            champion: loss,
            reference: Some(loss),
            truth: Some(0),
            said,
        }));
        Ok(())
    }

    /// The whole learn plane: an event is answered by every arm, its label scored and learned.
    #[inline(never)]
    pub fn learn(&mut self) -> Result<()> {
        let number = self.next();
        self.learn.turn(vec![event(number)?, label(number)?], Positions::default())?;
        self.learn.happened();
        Ok(())
    }

    /// Answers to some events from one load of the slot, as JSON.
    #[inline(never)]
    pub fn serve(&mut self) -> Result<()> {
        let served = self.learn.slot().load();
        let rows: Vec<&Row> = self.samples.iter().map(|sample| &sample.row).collect();
        for (sample, output) in self.samples.iter().zip(&served.model.predict(&rows)?) {
            let decision = model::decide(self.codec.schema(), output);
            let generation = served.generation;
            black_box(self.codec.encode_prediction(
                &sample.id,
                sample.time,
                generation,
                output,
                decision,
                Marks::default(),
            ));
        }
        Ok(())
    }

    /// Newer weights: the served model is copied, and the pointer moves.
    #[inline(never)]
    pub fn swap(&mut self) -> Result<()> {
        self.slot().refresh(self.served()?);
        Ok(())
    }

    /// A model to be swapped in.
    pub fn served(&self) -> Result<Served> {
        let device = self.config.learn.device.open()?;
        let model = model::Model::from_parts(self.learn.slot().load().model.parts()?, &device)?;
        Ok(Served { generation: Generation(1), model, prior_only: false, standing: Standing::Champion })
    }

    /// Where it is swapped in.
    pub fn slot(&self) -> &Slot {
        self.learn.slot()
    }
}

fn messages(number: u64) -> (String, String) {
    let features: Vec<String> = values(number).map(|(at, value)| format!("\"f{at}\":{value}")).collect();
    (
        format!("{{\"id\":\"{number}\",\"time\":{number},\"features\":{{{}}}}}", features.join(",")),
        format!("{{\"id\":\"{number}\",\"time\":{number},\"label\":\"yes\"}}"),
    )
}

fn config() -> Result<Config> {
    let features: Vec<String> =
        (0..FEATURES).map(|at| format!("{{ name = \"f{at}\", kind = \"numeric\" }}")).collect();
    let text = format!(
        "[search]\nwindow_outcomes = 1000000000\n[schema]\nclasses = [\"no\", \"yes\"]\nfeatures = [{}]",
        features.join(", ")
    );
    Ok(Config::parse(&text)?)
}

/// A number between -1 and 1 that looks like noise.
fn wave(number: u64, feature: usize) -> f32 {
    ((number % 10_007) as f32 * (0.37 + feature as f32)).sin()
}

fn values(number: u64) -> impl Iterator<Item = (usize, f32)> {
    (0..FEATURES).map(move |at| (at, wave(number, at)))
}

fn sample(number: u64) -> Result<Sample> {
    let row = Row::new(values(number).map(|(_, value)| value).collect::<Vec<_>>())?;
    Ok(Sample {
        id: EventId::new(&number.to_string())?,
        time: Timestamp(number.cast_signed()),
        row,
        external: None,
    })
}

fn event(number: u64) -> Result<Record> {
    Ok(Record::Sample(sample(number)?))
}

fn label(number: u64) -> Result<Record> {
    let truth = Truth::Class(u32::from(wave(number, 0) > 0.0));
    let id = EventId::new(&number.to_string())?;
    Ok(Record::Label(Label { id, time: Timestamp(number.cast_signed()), truth, revision: 0 }))
}
