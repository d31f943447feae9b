//! Arms: the mixtures that live in the daemon and answer every event beside the champion.
//!
//! Lives here: control, challenger, displaced and the frozen copies over one pool of learners; what each
//! says, learns and is tested on. May not: decide what any of it means.

use std::sync::Arc;

use adapters::kafka::Positions;
use model::{
    Arm, Context, Device, Mixture, MixtureNetwork, MixtureWeights, Model, ModelError, Output, Pool, Row,
    Sample, Schema, Shape, Truth, Widening,
};
use policies::gate::{Answered, PairedTest, QualityEvidence, Scorecard};
use policies::stats::EProcess;
use policies::watch::{Watch, WatchVerdict};
use serde::{Deserialize, Serialize};

use super::LearnError;
use super::external::External;
use super::judged::Judged;
use super::outcome::{Answers, ArmAnswer, Outcome};
use super::path::{EvidencePath, Point};
use super::state::{Losses, State};
use crate::config::{COMPUTE_CONFIDENCE, COMPUTE_QUANTILE, GateConfig, LearnConfig};
use crate::slot::{Served, Standing};
use crate::telemetry::AuditEvent;
use crate::trials::worker::{MEASURE_REPEATS, time_batches};

/// The mixture in the shadow slot and its test against the control.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Challenger {
    /// Its number; stored predictions of another number are not its.
    pub number: u64,
    /// It learns like the control.
    pub arm: Arm,
    /// What its answers have been worth; none for numbers, which are not decided for.
    pub scorecard: Option<Scorecard>,
    /// Its test against the control, by what it has to show.
    pub test: PairedTest,
    /// At which its test is decided, from the first outcome to the last.
    pub alpha: f64,
    /// How that went.
    pub path: EvidencePath,
    /// Where the stream was when it was placed.
    pub from: Positions,
    /// Where it is an archived mixture: outcomes that it had learned when it was put aside.
    pub remembered: Option<u64>,
    /// It could not learn a row: whatever it says from now on, it is out.
    pub failed: bool,
}

impl Challenger {
    /// One paired bet.
    pub(super) fn bet(&mut self, control: f64, own: f64) {
        self.test.observe(control, own);
        let QualityEvidence { log_gain, log_harm, outcomes, .. } = self.test.evidence();
        self.path.observe(Point { outcomes, log_gain: Some(log_gain), log_harm });
    }
}

/// The displaced champion's mixture while its successor is watched.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Displaced {
    /// The watch's number.
    pub number: u64,
    /// It goes on learning.
    pub arm: Arm,
    /// Rows the pool had learned when the weights that it served last were copied from it.
    pub served_learned: u64,
    /// Harm of the successor.
    pub watch: Watch,
    /// How it went.
    pub path: EvidencePath,
    /// Where the stream was when it was displaced.
    pub from: Positions,
}

impl Displaced {
    /// What its watch says of its successor, with all that it rests on.
    pub fn judged(&self, successor: &str) -> AuditEvent {
        AuditEvent::judged(successor, &self.verdict(), &self.path, &self.from)
    }

    /// The same in one sentence.
    pub fn why(&self) -> String {
        self.verdict().reason()
    }

    fn verdict(&self) -> Judged {
        Judged::of_watch(*self.watch.limits(), self.watch.evidence())
    }

    /// One more point on the way of its evidence.
    fn note(&mut self) {
        let seen = self.watch.evidence();
        let (outcomes, log_harm) = (seen.outcomes, seen.log_harm());
        self.path.observe(Point { outcomes, log_gain: None, log_harm });
    }
}

/// Every network of the daemon but the served one.
#[derive(Debug)]
pub struct Arms {
    /// Everything that learns; arms share its members.
    pub pool: Pool,
    /// The champion's own mixture, always learning.
    pub control: Arm,
    /// Rows the pool had learned when the served weights were copied from it.
    pub served_learned: u64,
    /// Whether newer weights do harm.
    pub refresh_harm: EProcess,
    /// Copy of a champion, frozen when the detectors were anchored.
    pub reference: Model,
    /// Copy of the first champion.
    pub first: Option<Model>,
    /// In the shadow slot.
    pub challenger: Option<Challenger>,
    /// Under a watch.
    pub displaced: Option<Displaced>,
    /// The champion that is not ours, where there is one.
    pub external: Option<External>,
}

impl Arms {
    /// What every arm says of one row, now; each hears its own answer.
    pub fn answer(
        &mut self,
        served: &Served,
        sample: &Sample,
        encoded: &[f32],
        state: &State,
    ) -> Result<Answers, LearnError> {
        let row = &sample.row;
        let said = self.pool.say(encoded)?;
        let shape = self.pool.shape();
        let mixed = |arm: &mut Arm| {
            let mixed = arm.mix(&said, shape);
            arm.hear(&mixed, shape);
            ArmAnswer { output: state.encoder.output(mixed.output(shape.outputs)), mixed }
        };
        let champion = served_answer(served, row, shape.outputs);
        Ok(Answers {
            control: mixed(&mut self.control),
            reference: knowing(&self.reference, row, &state.context)?,
            first: match &self.first {
                Some(first) => knowing(first, row, &state.context)?,
                None => champion.clone(),
            },
            challenger: self.challenger.as_mut().map(|c| (c.number, mixed(&mut c.arm))),
            displaced: self.displaced.as_mut().map(|d| (d.number, mixed(&mut d.arm))),
            champion,
            external: self.external.as_ref().and_then(|_| sample.external.clone()),
            said,
            majority: state.baselines.majority(),
            last: state.baselines.last(),
        })
    }

    /// Every mix follows how well its members had done. For an arm that had not been asked, the control of then
    /// stands: that is what it came from.
    pub fn mix(&mut self, answers: &Answers, goal: f32, delay: u64) {
        let shape = self.pool.shape();
        let of = |answer: &Option<(u64, ArmAnswer)>, number: u64| match answer {
            Some((known, answer)) if *known == number => answer.mixed.clone(),
            Some(_) | None => answers.control.mixed.clone(),
        };
        self.control.observe(&answers.said, &answers.control.mixed, goal, delay, shape);
        if let Some(challenger) = &mut self.challenger {
            let mixed = of(&answers.challenger, challenger.number);
            challenger.arm.observe(&answers.said, &mixed, goal, delay, shape);
        }
        if let Some(displaced) = &mut self.displaced {
            let mixed = of(&answers.displaced, displaced.number);
            displaced.arm.observe(&answers.said, &mixed, goal, delay, shape);
        }
    }

    /// One paired bet each for refresh and watch; only predictions made as an arm count.
    pub fn test(&mut self, losses: &Losses, answers: &Answers) {
        self.refresh_harm.observe(losses.control - losses.champion);
        if let (Some(displaced), Some(loss)) = (&mut self.displaced, losses.displaced)
            && answers.displaced.as_ref().is_some_and(|(number, _)| *number == displaced.number)
        {
            displaced.watch.observe(losses.champion, loss);
            displaced.note();
        }
    }

    /// Whether champion and displaced answer at all; known without a label.
    pub fn answered(&mut self, answers: &Answers) {
        if let Some(external) = &mut self.external {
            external.answered(answers);
        }
        if let (Some(displaced), Some((_, answer))) = (&mut self.displaced, &answers.displaced) {
            displaced.watch.answered(!answers.champion.is_finite(), !answer.output.is_finite());
        }
    }

    /// One paired bet for the challenger; only predictions that it made as an arm count.
    pub fn compare(&mut self, losses: &Losses, answers: &Answers) {
        if let (Some(challenger), Some(loss)) = (&mut self.challenger, losses.challenger)
            && answers.challenger.as_ref().is_some_and(|(number, _)| *number == challenger.number)
        {
            challenger.bet(losses.control, loss);
        }
    }

    /// Notes what the challenger and the control had answered, if both had.
    pub fn note(&mut self, outcome: &Outcome, schema: &Schema, gate: &GateConfig) {
        let Outcome { prediction, truth, .. } = outcome;
        let Some(challenger) = &mut self.challenger else { return };
        let Some((number, answer)) = &prediction.answers.challenger else { return };
        let (Some(card), true) = (&mut challenger.scorecard, *number == challenger.number) else { return };
        let control = &prediction.answers.control.output;
        let [theirs, ours] = [&answer.output, control].map(|output| answered(schema, output, *truth, gate));
        let changed = model::decide(schema, &answer.output) != model::decide(schema, control);
        card.observe(theirs, ours, changed, prediction.group.map(usize::from));
    }

    /// Every learner takes in one row; what diverged starts again, and is said. A challenger with a learner of
    /// its own that diverged is out.
    pub fn learn(&mut self, encoded: &[f32], goal: f32) -> Result<Vec<AuditEvent>, LearnError> {
        let failures = self.pool.learn(encoded, goal)?;
        for failure in &failures {
            if let Some(challenger) = &mut self.challenger
                && challenger.arm.members().contains(&failure.member)
                && !self.control.members().contains(&failure.member)
            {
                challenger.failed = true;
            }
        }
        let said = |failure: &model::Failure| AuditEvent::Alarm {
            text: format!("member {} starts again untrained: {}", failure.member, failure.error),
        };
        Ok(failures.iter().map(said).collect())
    }

    /// Lets go of learners that no arm has any more.
    pub fn tidy(&mut self) {
        let challenger = self.challenger.as_ref().map(|c| &c.arm);
        let displaced = self.displaced.as_ref().map(|d| &d.arm);
        self.pool.retain(std::iter::once(&self.control).chain(challenger).chain(displaced));
    }

    /// The control starts again from what is served, with fresh optimisers.
    pub fn restart(&mut self, served: &Served, config: &LearnConfig) -> Result<(), ModelError> {
        self.control = self.pool.thaw(served.model.network(), config.seed)?;
        self.tidy();
        self.served_learned = self.pool.learned();
        self.refresh_harm = EProcess::new(0.0);
        Ok(())
    }

    /// Follows a schema that evolved: every arm says what it said.
    pub fn widen(&mut self, schema: &Arc<Schema>, widening: &Widening) -> Result<(), ModelError> {
        self.pool = self.pool.widened(widening)?;
        let challenger = self.challenger.as_mut().map(|c| &mut c.arm);
        let displaced = self.displaced.as_mut().map(|d| &mut d.arm);
        for arm in std::iter::once(&mut self.control).chain(challenger).chain(displaced) {
            *arm = arm.widened(widening);
        }
        self.reference = self.reference.widened(schema.clone())?;
        self.first = self.first.as_ref().map(|first| first.widened(schema.clone())).transpose()?;
        if let Some(external) = &mut self.external {
            external.widen(schema.target());
        }
        Ok(())
    }

    /// What the control is.
    pub fn mixture(&self) -> Result<Mixture, ModelError> {
        self.pool.mixture(&self.control)
    }

    /// Whether the e-process of newer weights says they do harm.
    pub fn refresh_harms(&self, config: &LearnConfig) -> bool {
        self.refresh_harm.log_value() >= -config.refresh.alpha.ln()
    }

    /// The challenger's running test.
    pub fn quality(&self) -> Option<QualityEvidence> {
        self.challenger.as_ref().map(|challenger| {
            let evidence = challenger.test.evidence();
            let log_harm = if challenger.failed { f64::INFINITY } else { evidence.log_harm };
            QualityEvidence { log_harm, ..evidence }
        })
    }

    /// The running watch: over a network that displaced another of ours, or the champion that is not.
    pub fn watch(&self) -> Option<&Watch> {
        let displaced = self.displaced.as_ref().map(|displaced| &displaced.watch);
        displaced.or_else(|| self.external.as_ref()?.watch())
    }

    /// The same, to be told something.
    pub fn watch_mut(&mut self) -> Option<&mut Watch> {
        let displaced = self.displaced.as_mut().map(|displaced| &mut displaced.watch);
        displaced.or_else(|| self.external.as_mut()?.watch_mut())
    }

    /// What it says.
    pub fn watch_verdict(&self) -> Option<WatchVerdict> {
        self.watch().map(Watch::verdict)
    }

    /// As what our model answers.
    pub fn standing(&self) -> Standing {
        match &self.external {
            Some(external) if external.serves() => Standing::Shadow,
            Some(_) | None => Standing::Champion,
        }
    }

    /// At the beginning: untrained learners, and the prior for every frozen copy.
    pub fn cold(config: &LearnConfig, shape: Shape, device: &Device) -> Result<Self, ModelError> {
        let schema: &Arc<Schema> = &config.schema;
        let mut pool = Pool::new(shape, &schema.objective().class_weights, device);
        let control = pool.start(&config.start, config.seed)?;
        Ok(Self {
            pool,
            control,
            served_learned: 0,
            refresh_harm: EProcess::new(0.0),
            reference: Model::prior(schema.clone(), &[], device)?,
            first: None,
            challenger: None,
            displaced: None,
            external: config.external.then(|| External::new(schema.target())),
        })
    }
}

/// The upper confidence bound that gates and budgets compare with a limit.
pub fn compute_upper(times: &[f64]) -> Option<f64> {
    policies::stats::quantile::upper_bound(times, COMPUTE_QUANTILE, COMPUTE_CONFIDENCE)
}

/// An answer beside its truth.
pub(super) fn answered(schema: &Schema, output: &Output, truth: Truth, gate: &GateConfig) -> Answered {
    let decision = model::decide(schema, output);
    let confidence = match decision {
        Truth::Class(class) => output.0.get(class as usize).copied().unwrap_or(f32::NAN),
        Truth::Number(_) => f32::NAN,
    };
    Answered {
        confidence: confidence.into(),
        right: decision == truth,
        positive: gate.fairness.is_some_and(|fairness| decision == Truth::Class(fairness.class)),
        brier: model::bounded(schema.target(), output, &truth, 1.0),
    }
}

/// What the served model says; where it cannot, that is an answer that is none, for which a watch takes it back.
fn served_answer(served: &Served, row: &Row, outputs: usize) -> Output {
    match served.model.predict(&[row]).map(|mut said| said.pop()) {
        Ok(Some(output)) => output,
        Ok(None) => Output(vec![f32::NAN; outputs].into()),
        Err(error) => {
            tracing::error!("generation {} cannot answer: {error}", served.generation.0);
            Output(vec![f32::NAN; outputs].into())
        }
    }
}

/// What a frozen copy says: its weights stand still, not the labels it is shown.
fn knowing(model: &Model, row: &Row, context: &Context) -> Result<Output, ModelError> {
    let mut outputs = model.predict_knowing(&[row], context)?;
    Ok(outputs.pop().expect("one row has one output"))
}

/// What the first network needs for one batch on this machine: the bound that budgets are compared with.
pub fn compute_seconds_of_start(config: &LearnConfig) -> Result<f64, LearnError> {
    let shape = Shape::of_rows(&config.schema);
    let weights = MixtureWeights::initial(&config.start, shape, config.seed);
    let network = MixtureNetwork::from_weights(&config.start, shape, &weights, &config.device.open()?)?;
    let rows = vec![0.0; config.budget.compute_batch * shape.inputs];
    let times = time_batches(MEASURE_REPEATS, || network.predict(&rows).map(drop))?;
    Ok(compute_upper(&times).unwrap_or(f64::INFINITY))
}
