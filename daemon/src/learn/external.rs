//! External: a champion that is not ours, beside which ours learns.
//!
//! Lives here: what it has said and been worth, the contest with it, and what the lifecycle wants done about it: the
//! takeover and the way back. May not: decide; nor ask it anything, for its answers come with the events.
//!
//! It is an arm like any other, whose answers were stored when the event came, but nobody can train or refresh it. What it is
//! compared with is our learner as a whole: whatever would have served at each event, with the weights it had then.

use model::{ExternalAnswer, Schema, Target, Truth, decided, side_by_side};
use policies::gate::{Answered, Evidence, PairedTest, QualityEvidence, Scorecard, Thresholds, Verdict};
use policies::stats::{EProcess, Tally};
use policies::watch::Watch;
use serde::{Deserialize, Serialize};

use super::arms::answered;
use super::effects::FAIRNESS_ALPHA;
use super::judged::Judged;
use super::measure::Source;
use super::outcome::{Answers, Outcome};
use super::path::{EvidencePath, Point};
use super::swap::why_back;
use super::{Learn, LearnError};
use crate::config::GateConfig;
use crate::lifecycle::{Change, Event};
use crate::telemetry::{AuditEvent, word};
use crate::trials::worker::MEASURE_REPEATS;
use adapters::kafka::Positions;

/// A champion that is not ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct External {
    seat: Seat,
    tally: Tally,
    answered: u64,
    unanswered: u64,
}

/// Who serves, and how the other one is compared with it.
#[derive(Clone, Debug, Serialize, Deserialize)]
enum Seat {
    /// It does, and ours may be in a contest with it.
    Theirs(Option<Box<Contest>>),
    /// Ours does since a while ago, and is watched.
    Watched(Box<Watched>),
    /// Ours does.
    Ours,
}

/// The test of our learner against the champion that is not ours.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Contest {
    number: u64,
    test: PairedTest,
    alpha: f64,
    scorecard: Option<Scorecard>,
    path: EvidencePath,
    from: Positions,
}

/// A takeover that may be taken back.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Watched {
    watch: Watch,
    /// Rows the pool had learned when the weights were copied that serve again if it is.
    served_learned: u64,
    path: EvidencePath,
    from: Positions,
}

impl External {
    /// It serves, and nothing is known of it.
    pub fn new(target: &Target) -> Self {
        Self { seat: Seat::Theirs(None), tally: Tally::new(target), answered: 0, unanswered: 0 }
    }

    /// Whether its answers are the ones that count.
    pub fn serves(&self) -> bool {
        matches!(self.seat, Seat::Theirs(_))
    }

    /// How well it has done.
    pub fn tally(&self) -> &Tally {
        &self.tally
    }

    /// Events that it had answered when they came, and those that it had not.
    pub fn answers(&self) -> [u64; 2] {
        [self.answered, self.unanswered]
    }

    /// The running contest with it, and at which alpha it is decided.
    pub fn contest(&self) -> Option<(QualityEvidence, f64)> {
        match &self.seat {
            Seat::Theirs(Some(contest)) => Some((contest.test.evidence(), contest.alpha)),
            Seat::Theirs(None) | Seat::Watched(_) | Seat::Ours => None,
        }
    }

    pub(super) fn watch(&self) -> Option<&Watch> {
        match &self.seat {
            Seat::Watched(watched) => Some(&watched.watch),
            Seat::Theirs(_) | Seat::Ours => None,
        }
    }

    pub(super) fn watch_mut(&mut self) -> Option<&mut Watch> {
        match &mut self.seat {
            Seat::Watched(watched) => Some(&mut watched.watch),
            Seat::Theirs(_) | Seat::Ours => None,
        }
    }

    /// An event came. Whoever has been displaced need not answer any more, so only where ours fails something is said of it.
    pub(super) fn answered(&mut self, answers: &Answers) {
        let count = if answers.external.is_some() { &mut self.answered } else { &mut self.unanswered };
        *count += 1;
        if let Some(watch) = self.watch_mut() {
            watch.answered(!answers.champion.is_finite(), false);
        }
    }

    pub(super) fn widen(&mut self, target: &Target) {
        self.tally = self.tally.widened(target);
    }

    fn contest_number(&self) -> Option<u64> {
        match &self.seat {
            Seat::Theirs(Some(contest)) => Some(contest.number),
            Seat::Theirs(None) | Seat::Watched(_) | Seat::Ours => None,
        }
    }

    /// Both had answered an event, and this is what came of it.
    fn observe(
        &mut self,
        said: &ExternalAnswer,
        outcome: &Outcome,
        schema: &Schema,
        scale: f32,
        gate: &GateConfig,
    ) {
        let Outcome { prediction, truth, .. } = outcome;
        let output = match said {
            ExternalAnswer::Class(_) => None,
            ExternalAnswer::Output(output) => Some(output),
        };
        self.tally.observe(truth, &decided(schema, said), output);
        let ours = &prediction.answers.champion;
        let [their_loss, our_loss] = side_by_side(schema, said, ours, truth, scale);
        match &mut self.seat {
            Seat::Theirs(Some(contest)) if gate.quality_on.counts(prediction.holdback) => {
                contest.bet(their_loss, our_loss);
                let group = prediction.group.map(usize::from);
                let changed = model::decide(schema, ours) != decided(schema, said);
                if let Some(card) = &mut contest.scorecard {
                    card.observe(
                        answered(schema, ours, *truth, gate),
                        theirs(schema, said, *truth, gate),
                        changed,
                        group,
                    );
                }
            }
            Seat::Watched(watched) => watched.observe(our_loss, their_loss),
            Seat::Theirs(_) | Seat::Ours => {}
        }
    }
}

impl Contest {
    fn bet(&mut self, theirs: f64, ours: f64) {
        self.test.observe(theirs, ours);
        let QualityEvidence { log_gain, log_harm, outcomes, .. } = self.test.evidence();
        self.path.observe(Point { outcomes, log_gain: Some(log_gain), log_harm });
    }
}

impl Watched {
    fn observe(&mut self, ours: f64, theirs: f64) {
        self.watch.observe(ours, theirs);
        let seen = self.watch.evidence();
        self.path.observe(Point { outcomes: seen.outcomes, log_gain: None, log_harm: seen.log_harm() });
    }

    fn judged(&self, architecture: &str) -> (AuditEvent, Judged) {
        let judged = Judged::of_watch(*self.watch.limits(), self.watch.evidence());
        (AuditEvent::judged(architecture, &judged, &self.path, &self.from), judged)
    }
}

/// An answer of it beside its truth; of a class alone nobody knows how sure it was.
fn theirs(schema: &Schema, said: &ExternalAnswer, truth: Truth, gate: &GateConfig) -> Answered {
    match said {
        ExternalAnswer::Output(output) => answered(schema, output, truth, gate),
        ExternalAnswer::Class(class) => {
            let decision = Truth::Class(*class);
            let positive = gate.fairness.is_some_and(|fairness| decision == Truth::Class(fairness.class));
            Answered { confidence: f64::NAN, right: decision == truth, positive, brier: f64::NAN }
        }
    }
}

impl Learn {
    /// An outcome of an event that a champion which is not ours had answered, too.
    pub(super) fn beside_external(&mut self, outcome: &Outcome, scale: f32) {
        if let (Some(external), Some(said)) = (&mut self.arms.external, &outcome.prediction.answers.external)
        {
            external.observe(said, outcome, self.state.schema(), scale, &self.rules.config.gate);
        }
    }

    /// The running contest, for the lifecycle.
    pub(super) fn contested(&self) -> Option<(QualityEvidence, f64)> {
        self.arms.external.as_ref()?.contest()
    }

    /// From now on our learner is compared with the champion that is not ours.
    pub(super) fn begin_contest(&mut self) {
        let number = self.state.number();
        let alpha = self.state.tests.begin();
        let gate = &self.rules.config.gate;
        let test = PairedTest::better(gate.margin, gate.useful_gain, gate.block_outcomes);
        let decides = self.rules.config.schema.target().is_classification();
        let scorecard = decides.then(|| Scorecard::new(FAIRNESS_ALPHA));
        let (path, from) = (EvidencePath::default(), self.state.positions.clone());
        let Some(external) = &mut self.arms.external else { return };
        external.seat = Seat::Theirs(Some(Box::new(Contest { number, test, alpha, scorecard, path, from })));
        let test = self.state.tests.begun();
        self.happened.push(AuditEvent::ContestBegun { contest: number, alpha, test });
    }

    /// Ours has not shown that it is better; it may again, in another contest.
    pub(super) fn end_contest(&mut self, reason: String) -> Result<(), LearnError> {
        let limits = self.contest_thresholds().quality;
        let Some(external) = &mut self.arms.external else { return Ok(()) };
        let Seat::Theirs(contest) = &mut external.seat else { return Ok(()) };
        let Some(contest) = contest.take() else { return Ok(()) };
        let Contest { number, test, path, from, .. } = *contest;
        let quality = test.evidence();
        let judged = Judged::of_quality(limits, Some(quality));
        let architecture = self.arms.mixture()?.to_string();
        // One that passes its test goes for another reason, which is told where it was found.
        if judged.verdict() != word(Verdict::Pass) {
            self.happened.push(AuditEvent::judged(&architecture, &judged, &path, &from));
        }
        let QualityEvidence { outcomes, mean_gain, .. } = quality;
        self.happened.push(AuditEvent::ContestEnded { contest: number, reason, outcomes, mean_gain });
        Ok(())
    }

    /// The gates that need nothing of the other one but its answers: what it does under stress nobody can ask.
    fn contest_thresholds(&self) -> Thresholds {
        let mut thresholds = self.thresholds();
        thresholds.robustness.wanted.clear();
        if let Some((_, alpha)) = self.contested() {
            thresholds.quality.alpha = alpha;
        }
        thresholds
    }

    /// All gates on our learner, as it would serve.
    pub(super) fn judge_contest(&mut self) -> Result<(), LearnError> {
        let evidence = self.contest_evidence()?;
        let judged = Judged::of_gates(self.contest_thresholds(), evidence);
        let architecture = self.arms.mixture()?.to_string();
        let Some(Seat::Theirs(Some(contest))) = self.arms.external.as_ref().map(|external| &external.seat)
        else {
            return Ok(());
        };
        self.happened.push(AuditEvent::judged(&architecture, &judged, &contest.path, &contest.from));
        let Judged::Gates { judgements, .. } = judged else { return Ok(()) };
        self.happened.extend(judgements.iter().map(AuditEvent::gate));
        self.events.push_back(Event::ContestJudged(judgements));
        Ok(())
    }

    fn contest_evidence(&mut self) -> Result<Evidence, LearnError> {
        let network = self.arms.pool.freeze(&self.arms.control)?;
        let rows = self.stress_rows();
        let seconds = match self.cost_source() {
            Source::Measured => {
                self.time(&network, self.rules.config.budget.compute_batch, MEASURE_REPEATS)?
            }
            Source::Estimated => Vec::new(),
        };
        let evidence = self.costs_of(&network, seconds, &rows)?;
        let feed = self.state.panel.feed().trouble().map(|report| report.trouble);
        let scorecard = match self.arms.external.as_ref().map(|external| &external.seat) {
            Some(Seat::Theirs(Some(contest))) => contest.scorecard.clone(),
            Some(Seat::Theirs(None) | Seat::Watched(_) | Seat::Ours) | None => None,
        };
        let quality = self.contested().map(|(quality, _)| quality);
        Ok(Evidence { scorecard, feed, quality, ..evidence })
    }

    /// Ours serves from now on: durable first, pointer last, as with any promotion. The same network with the same weights,
    /// for that is who won; it is watched beside the one that it takes over from.
    pub(super) fn take_office(&mut self) -> Result<(), LearnError> {
        let network = self.frozen_champion()?.knowing(self.state.context);
        let watched = self.watched_takeover();
        let Some(external) = &mut self.arms.external else { return Ok(()) };
        let before = std::mem::replace(&mut external.seat, Seat::Watched(Box::new(watched)));
        let Seat::Theirs(Some(contest)) = before else {
            external.seat = before;
            return Ok(());
        };
        let tests = self.state.tests.clone();
        self.state.tests.discovered();
        self.state.counts.takeovers += 1;
        let served = self.generation(network);
        // Everything above is in the snapshot that makes it durable.
        let digests = match self.make_durable(&served, Change::Takeover) {
            Ok(digests) => digests,
            Err(error) => {
                self.state.tests = tests;
                self.state.counts.takeovers -= 1;
                self.arms.external.as_mut().expect("it was there above").seat = Seat::Theirs(Some(contest));
                self.swap_failed(Change::Takeover, error.to_string());
                return Ok(());
            }
        };
        let generation = served.generation;
        self.slot.replace(served);
        self.time_of_next();
        let quality = contest.test.evidence();
        self.happened.push(AuditEvent::TookOver {
            generation,
            architecture: self.arms.mixture()?.to_string(),
            outcomes: quality.outcomes,
            mean_gain: quality.mean_gain,
            log_evidence: quality.log_gain,
            alpha: contest.alpha,
            digests,
        });
        Ok(())
    }

    fn watched_takeover(&self) -> Watched {
        let config = &self.rules.config;
        let watch = Watch::new(config.watch.alpha, config.watch.outcomes, config.gate.block_outcomes)
            .allowing_overruns(self.usual_overruns());
        let (path, from) = (EvidencePath::default(), self.state.positions.clone());
        Watched { watch, served_learned: self.arms.served_learned, path, from }
    }

    /// The other one serves again from this moment on; ours goes on learning beside it. None if nothing was taken over.
    pub(super) fn hand_back(&mut self, ordered_by: Option<&str>) -> Result<Option<AuditEvent>, LearnError> {
        let Some(External { seat: seat @ Seat::Watched(_), .. }) = &mut self.arms.external else {
            return Ok(None);
        };
        let Seat::Watched(watched) = std::mem::replace(seat, Seat::Theirs(None)) else { return Ok(None) };
        let replaces = self.slot.load().generation;
        let is_back = self.slot.roll_back().is_some();
        let architecture = self.arms.mixture()?.to_string();
        let (told, judged) = watched.judged(&architecture);
        self.happened.push(told);
        let (reason, why) = why_back(&watched.watch, ordered_by, || judged.reason());
        self.arms.served_learned = watched.served_learned;
        self.arms.refresh_harm = EProcess::new(0.0);
        self.measured = None;
        self.time_of_next();
        if !is_back {
            self.refresh()?;
        }
        self.state.counts.rollbacks += 1;
        let generation = self.slot.load().generation;
        Ok(Some(AuditEvent::HandedBack { generation, replaces, architecture, reason, why }))
    }

    /// The watch over a takeover has ended well; none if there was none.
    pub(super) fn keep_office(&mut self) -> Result<Option<Watch>, LearnError> {
        let Some(External { seat: seat @ Seat::Watched(_), .. }) = &mut self.arms.external else {
            return Ok(None);
        };
        let Seat::Watched(watched) = std::mem::replace(seat, Seat::Ours) else { return Ok(None) };
        let (told, _) = watched.judged(&self.arms.mixture()?.to_string());
        self.happened.push(told);
        Ok(Some(watched.watch))
    }

    /// Which contest waits for a person, and what would serve; none if ours serves or is in none.
    pub(super) fn contest_waits(&self) -> Option<(u64, String)> {
        let number = self.arms.external.as_ref()?.contest_number()?;
        Some((number, self.arms.mixture().ok()?.to_string()))
    }
}

#[cfg(test)]
mod tests;
