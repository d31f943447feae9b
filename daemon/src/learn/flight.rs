//! Flight: the trials under way, and what they are for.
//!
//! Lives here: sending a rung (or the options of a relief) to the worker, and gathering its replies.
//! May not: decide who survives.

use std::sync::Arc;

use model::{Architecture, Edit, Learner, LearnerState, Schema};
use policies::detect::Saving;

use super::measure::Source;
use super::took::{Stopwatch, Took};
use super::{Learn, LearnError};
use crate::lifecycle::Event;
use crate::telemetry::AuditEvent;
use crate::trials::protocol::{
    Rejecting, Relaxing, Stressing, Stretch, Taught, Trial, TrialReply, TrialResult,
};

/// What the trials are for.
#[derive(Clone, Debug, PartialEq)]
pub enum Purpose {
    /// What a relaxed network says, before an episode's candidates are proposed.
    Strengths(Box<Asked>),
    /// A rung of an episode.
    Rung(usize),
    /// Smaller networks for a breached budget, and what they have to save.
    Relief(Saving),
}

/// What a relaxed network was asked, and for whom.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    /// The network as it is.
    pub parent: Architecture,
    /// What may follow.
    pub relaxing: Relaxing,
    /// How many candidates are wanted then.
    pub count: usize,
}

/// One set of trials on the same rows; the control goes first.
#[derive(Debug)]
pub struct Flight {
    purpose: Purpose,
    /// Each with its place among all that are tried.
    candidates: Vec<(usize, Edit)>,
    first_number: u64,
    /// In force when they were sent.
    schema: Arc<Schema>,
    replies: Vec<Option<TrialResult>>,
    arrived: usize,
    /// Outcomes the trials could learn from.
    learned: u64,
    /// Outcomes at which a replay takes the replies.
    due: u64,
    /// Since they were sent.
    stopwatch: Stopwatch,
}

/// A finished set of trials.
#[derive(Debug)]
pub struct Landed {
    /// The candidates in the order of their results, each with its place among all that are tried.
    pub candidates: Vec<(usize, Edit)>,
    /// The control's result.
    pub control: Option<TrialResult>,
    /// Outcomes the trials could learn from.
    pub learned: u64,
    /// The schema of the learners they ended with.
    pub schema: Arc<Schema>,
    /// One result a candidate; none where a trial failed.
    pub results: Vec<Option<TrialResult>>,
}

/// A candidate whose trial has ended with networks that may serve next.
#[derive(Debug)]
pub struct Trained {
    /// What the control becomes.
    pub edit: Edit,
    /// Its trial.
    pub result: TrialResult,
    /// Its mean paired gain over the control.
    pub gain: Option<f64>,
    /// How much less it loses than the control under stress, if both were asked.
    pub robust_gain: Option<f64>,
    /// Outcomes its trial could learn from.
    pub learned: u64,
    /// The schema of the learners it ended with.
    pub schema: Arc<Schema>,
}

impl Purpose {
    /// Whose trial it is that is no candidate's.
    fn of_nobody(&self) -> String {
        match self {
            Self::Strengths(asked) => format!("{}, relaxed", asked.parent),
            Self::Rung(_) | Self::Relief(_) => "the control".to_owned(),
        }
    }
}

impl Landed {
    /// The candidate at this place of the results; none where its trial failed.
    pub fn take(&mut self, at: usize) -> Option<Trained> {
        let (gain, robust_gain) = (self.gain(at), self.robust_gain(at));
        let result = self.results.get_mut(at)?.take()?;
        let (_, edit) = self.candidates.get(at)?.clone();
        let (learned, schema) = (self.learned, self.schema.clone());
        Some(Trained { edit, result, gain, robust_gain, learned, schema })
    }

    /// Mean paired gain of a candidate over the control on the same rows.
    pub fn gain(&self, candidate: usize) -> Option<f64> {
        let control = self.control.as_ref()?;
        let result = self.results.get(candidate)?.as_ref()?;
        let rows = if result.rejected { result.losses.len() } else { control.losses.len() };
        policies::stats::mean_paired_gain(control.losses.get(..rows)?, &result.losses)
    }

    /// How much less a candidate loses than the control under the same stress.
    pub fn robust_gain(&self, candidate: usize) -> Option<f64> {
        let result = self.results.get(candidate)?.as_ref()?;
        Some(self.control.as_ref()?.robust_loss? - result.robust_loss?)
    }
}

impl Learn {
    /// Sends the control and these candidates to the worker.
    pub(super) fn launch(
        &mut self,
        purpose: Purpose,
        windows: usize,
        candidates: Vec<(usize, Edit)>,
    ) -> Result<(), LearnError> {
        let Some(stretch) = self.stretch(windows)? else {
            let (results, schema) = (vec![None; candidates.len()], self.rules.config.schema.clone());
            self.report(&purpose, Landed { results, control: None, learned: 0, schema, candidates });
            return Ok(());
        };
        let (delay, keep, compute_batch) = match &purpose {
            Purpose::Strengths(_) => (self.takes(windows), false, None),
            Purpose::Rung(rung) => {
                (self.takes(windows * candidates.len()), self.rules.scheduler.may_win_at(*rung), None)
            }
            Purpose::Relief(_) => {
                let measures = self.cost_source() == Source::Measured;
                (0, true, measures.then_some(self.rules.config.budget.compute_batch))
            }
        };
        let first_number = self.state.next_number + 1;
        let control = Edit::none(stretch.start.members.len());
        for edit in std::iter::once(&control).chain(candidates.iter().map(|(_, edit)| edit)) {
            let number = self.state.number();
            let seed = self.rules.config.seed ^ number;
            let rejection = self.rejecting(&purpose, edit);
            let edit = edit.clone();
            let stressing = self.stressing(&purpose, keep);
            let relaxing = match &purpose {
                Purpose::Strengths(asked) => Some(asked.relaxing.clone()),
                Purpose::Rung(_) | Purpose::Relief(_) => None,
            };
            let trial = Trial { number, edit, seed, keep, rejection, compute_batch, stressing, relaxing };
            self.trials.submit(stretch.clone(), trial);
        }
        self.state.counts.trials += candidates.len() as u64;
        self.flight = Some(Flight {
            purpose,
            replies: (0..=candidates.len()).map(|_| None).collect(),
            candidates,
            first_number,
            schema: self.rules.config.schema.clone(),
            arrived: 0,
            learned: self.state.history.pushed(),
            due: self.state.outcomes + delay,
            stopwatch: Stopwatch::started(),
        });
        Ok(())
    }

    /// Outcomes that training over so many windows takes in a replay: a first rung takes a window.
    fn takes(&self, windows: usize) -> u64 {
        let search = &self.rules.config.search;
        let of_first = search.candidates * search.rungs.first().map_or(1, |windows| *windows as usize);
        let share = windows as f64 / of_first.max(1) as f64;
        (share.min(1.0) * search.window_outcomes as f64).ceil() as u64
    }

    /// When a trial of this is given up; the control never is, nor one that a breached budget waits for.
    fn rejecting(&self, purpose: &Purpose, edit: &Edit) -> Option<Rejecting> {
        let alpha = self.rules.config.search.rejection_alpha;
        let is_climber = matches!(purpose, Purpose::Rung(_)) && edit.children().next().is_some();
        (alpha > 0.0 && is_climber).then(|| {
            let margin = self.rules.config.gate.non_inferiority_margin;
            Rejecting { alpha, loss_max: if self.may_cost_quality(edit) { margin } else { 0.0 } }
        })
    }

    /// How the mixtures of those who may win are put under stress: nobody else's is weighed.
    fn stressing(&self, purpose: &Purpose, keep: bool) -> Option<Stressing> {
        let config = &self.rules.config;
        let is_asked = config.search.robust && keep && matches!(purpose, Purpose::Rung(_));
        is_asked.then(|| Stressing { seed: config.seed, numbers: self.state.encoder.numbers() })
    }

    /// The recorded rows of the last windows, the control before them and what it said.
    fn stretch(&mut self, windows: usize) -> Result<Option<Arc<Stretch>>, LearnError> {
        let Some(reach) = self.state.history.reach(windows) else { return Ok(None) };
        let (start, score_from) = (reach.state.clone(), reach.score_from);
        let (before, outcomes) = (reach.before, reach.outcomes);
        let mut known = Taught::default();
        for outcome in &before {
            self.recall(outcome, &mut known.encoded, &mut known.goals);
        }
        let outputs = self.arms.pool.shape().outputs;
        let mut said = Vec::with_capacity(outcomes.len() * start.members.len() * outputs);
        let (mut encoded, mut goals) = (Vec::new(), Vec::with_capacity(outcomes.len()));
        let mut lost_before_score = 0;
        for (at, (outcome, all)) in outcomes.iter().enumerate() {
            let known = self.recall(outcome, &mut encoded, &mut goals);
            if known {
                said.extend(self.arms.control.own(all, outputs));
            }
            lost_before_score += usize::from(!known && at < score_from);
        }
        Ok(Some(Arc::new(Stretch {
            number: self.state.number(),
            learned: self.arms.pool.freeze(&self.arms.control)?.weights()?.members,
            start,
            said,
            target: self.rules.config.schema.target().clone(),
            before: known,
            encoded,
            goals,
            gap: self.state.history.gap(),
            score_from: score_from - lost_before_score,
        })))
    }

    /// The episode has ended: what its trials still show is not wanted.
    pub(super) fn give_up_rung(&mut self) {
        self.flight.take_if(|flight| !matches!(flight.purpose, Purpose::Relief(_)));
    }

    /// Takes replies that are there, or, in a replay, those that are due.
    pub(super) fn land(&mut self) {
        while let Some(flight) = &self.flight {
            if self.state.outcomes < flight.due {
                return;
            }
            let reply = if self.waits_for_trials { self.trials.wait() } else { self.trials.poll() };
            let Some(reply) = reply else { return };
            self.take(reply);
        }
    }

    fn take(&mut self, reply: TrialReply) {
        let Some(flight) = &mut self.flight else { return };
        // A reply of trials that were given up meanwhile.
        let Some(place) = reply.number().checked_sub(flight.first_number).map(|at| at as usize) else {
            return;
        };
        let Some(slot) = flight.replies.get_mut(place) else { return };
        flight.arrived += 1;
        match reply {
            TrialReply::Done(result) => *slot = Some(*result),
            TrialReply::Failed { reason, .. } => {
                let tried = place.checked_sub(1).and_then(|at| flight.candidates.get(at));
                let architecture =
                    tried.map_or_else(|| flight.purpose.of_nobody(), |(_, edit)| edit.to_string());
                self.state.counts.trials_failed += 1;
                self.happened.push(AuditEvent::TrialFailed { architecture, reason });
            }
        }
        if flight.arrived < flight.replies.len() {
            return;
        }
        let Some(mut flight) = self.flight.take() else { return };
        self.timed(Took::Training(flight.stopwatch.lap()));
        let mut replies = flight.replies.into_iter();
        let control = replies.next().flatten();
        let landed = Landed {
            candidates: flight.candidates,
            control,
            learned: flight.learned,
            schema: flight.schema,
            results: replies.collect(),
        };
        self.report(&flight.purpose, landed);
    }

    pub(super) fn report(&mut self, purpose: &Purpose, landed: Landed) {
        let event = match purpose {
            Purpose::Strengths(asked) => {
                self.strengths_landed(asked, landed.control.and_then(|result| result.strengths));
                Event::Relaxed(asked.count)
            }
            Purpose::Rung(rung) => Event::Climbed(self.rung_landed(*rung, landed)),
            Purpose::Relief(saving) => {
                let options = self.relief_judged(&landed, *saving);
                self.landed = Some(landed);
                Event::ReliefMeasured(options)
            }
        };
        self.events.push_back(event);
    }

    /// The new networks a trial ended with, after they have also learned what came since.
    pub(super) fn caught_up(
        &mut self,
        children: Vec<LearnerState>,
        learned: u64,
        schema: &Schema,
    ) -> Result<Vec<Learner>, LearnError> {
        let children = children.into_iter().map(|child| {
            let child = self.of_today(child, schema)?;
            self.child_caught_up(child, learned)
        });
        children.collect()
    }

    fn child_caught_up(&mut self, child: LearnerState, learned: u64) -> Result<Learner, LearnError> {
        let mut learner = Learner::restore(child, &self.device)?;
        let (mut encoded, mut goals) = (Vec::new(), Vec::new());
        for outcome in self.state.history.since(learned) {
            encoded.clear();
            goals.clear();
            if self.recall(&outcome, &mut encoded, &mut goals) && learner.learn(&encoded, &goals).is_err() {
                // As far as it got: live events will show what it is worth.
                break;
            }
        }
        Ok(learner)
    }
}
