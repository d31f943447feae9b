//! Effects: doing what the lifecycle wants.
//!
//! Lives here: one arm for each effect. May not: decide whether; that was decided.

use model::{Arm, Cost, Edit, Genome};
use policies::gate::{PairedTest, QualityEvidence, Scorecard, Verdict};
use policies::search::{Promise, Proposer as _, Question, Score, lighter, placement, standing};
use policies::watch::WatchVerdict;

use super::arms::Challenger;
use super::flight::{Landed, Purpose, Trained};
use super::judged::Judged;
use super::path::EvidencePath;
use super::probe::ASKED_FOR_ONE;
use super::{Learn, LearnError};
use crate::lifecycle::{Cause, Change, Climber, Effect, Event};
use crate::telemetry::{AuditEvent, word};

/// Chance that the bounds of a gap between groups are ever wrong.
pub(super) const FAIRNESS_ALPHA: f64 = 0.05;

impl Learn {
    pub(crate) fn perform(&mut self, effect: Effect) -> Result<(), LearnError> {
        match effect {
            Effect::Opened(cause) => self.opened(&cause),
            Effect::Ask(count) => self.ask(count)?,
            Effect::Climb { rung, windows, candidates } => {
                self.launch(Purpose::Rung(rung), windows as usize, candidates)?;
            }
            Effect::Closed(reason) => {
                self.give_up_rung();
                self.trained.clear();
                let number = self.state.counts.episodes;
                self.happened.push(AuditEvent::EpisodeClosed { number, reason: reason.into() });
            }
            Effect::Shadow(winners) => self.shadow(&winners)?,
            Effect::Remember(diagnosis) => self.seek_memory(diagnosis)?,
            Effect::ShadowRemembered => self.shadow_remembered()?,
            Effect::Judge => self.judge()?,
            Effect::AwaitApproval(until) => self.await_approval(until),
            Effect::Drop(reason) => self.drop_challenger(reason)?,
            Effect::SeekRelief(saving) => self.seek_relief(saving)?,
            Effect::Reanchor => self.reanchor()?,
            Effect::Restart => {
                self.arms.restart(&self.slot.load(), &self.rules.config)?;
                let text = "newer weights did harm; the control starts again from the champion".into();
                self.happened.push(AuditEvent::Alarm { text });
            }
            Effect::BeginContest => self.begin_contest(),
            Effect::JudgeContest => self.judge_contest()?,
            Effect::EndContest(reason) => self.end_contest(reason)?,
            Effect::Swap(Change::Refresh) => self.refresh()?,
            Effect::Swap(Change::Rollback) => self.roll_back()?,
            // State and positions agree only at the end of the unit of work.
            Effect::Swap(change) => self.pending_swap = self.pending_swap.max(Some(change)),
            Effect::Release => self.release()?,
            Effect::Alarm(text) => self.happened.push(AuditEvent::Alarm { text }),
        }
        Ok(())
    }

    fn opened(&mut self, cause: &Cause) {
        self.state.counts.episodes += 1;
        let number = self.state.counts.episodes;
        self.happened.push(AuditEvent::opened(number, cause, self.state.schema()));
        let diagnosis = match cause {
            Cause::Drift(diagnosis) => {
                self.state.front.reset();
                Some(&**diagnosis)
            }
            Cause::ColdStart | Cause::Plateau | Cause::Breach | Cause::ByHand => None,
        };
        self.state.recall.begin(self.state.sketch.signature(diagnosis));
    }

    /// Children of the member that counts most, each in its place in the mixture.
    fn ask(&mut self, count: usize) -> Result<(), LearnError> {
        let mixture = self.arms.mixture()?;
        let weights = self.arms.control.mixer().weights();
        let stands = standing(&mixture.members, &self.rules.config.start.members);
        let place = placement(&weights, &stands, self.rules.config.members_max);
        if self.relaxes(&mixture.members[place.parent], place.parent, count)? {
            return Ok(());
        }
        let parent = self.space.genome(&mixture.members[place.parent]);
        let members = weights.len();
        let wanted = if self.rules.config.search.proxies { count * ASKED_FOR_ONE } else { count };
        let excess = self.excess();
        let state = &mut self.state;
        let (now, drift) = (state.outcomes, state.lifecycle.drift_noticed());
        let (space, shape) = (&self.space, self.arms.pool.shape());
        let costs = |genome: &Genome| {
            let cost = Cost::of(&space.architecture(genome), shape);
            vec![cost.parameters as f64, cost.macs as f64]
        };
        let excess =
            |genome: &Genome| excess(&mixture.edited(&place.edit(members, space.architecture(genome))));
        let asked = Question::new(space.space(), &parent, wanted);
        let question = Question { now, drift, costs: &costs, excess: &excess, ..asked };
        let is_remembered =
            self.rules.config.search.memory_models > 0 && state.lifecycle.searches_after_drift();
        let skipped = state.proposer.inner().promise().map_or(0, Promise::skipped);
        let recall_by = self.rules.config.search.recall_by();
        let mut genomes = if is_remembered { state.recall.firsts(&question, recall_by) } else { Vec::new() };
        let asked = state.proposer.ask(&question, &mut state.rng);
        let skipped = state.proposer.inner().promise().map_or(0, Promise::skipped) - skipped;
        genomes.extend(asked.into_iter().filter(|genome| !genomes.contains(genome)).collect::<Vec<_>>());
        genomes.truncate(wanted);
        if skipped > 0 {
            self.happened.push(AuditEvent::Rejected { by: "promise", count: skipped as usize });
        }
        self.refined();
        let children = genomes.iter().map(|genome| self.space.architecture(genome)).collect();
        let children = self.probed(children);
        let mut candidates: Vec<Edit> = children
            .into_iter()
            .map(|child| {
                let shrinks = self.takes_place(&child, &mixture.members[place.parent]);
                if shrinks { place.shrink(members, child) } else { place.edit(members, child) }
            })
            .collect();
        if self.pressed() {
            candidates.extend(lighter(&weights, &stands));
            candidates.extend(self.slices_of(&mixture, place)?);
        }
        let candidates = self.affordable(&mixture, candidates)?;
        self.happened.push(AuditEvent::Proposed { count: candidates.len() });
        self.events.push_back(Event::Proposed(candidates));
        Ok(())
    }

    /// Tells the proposer, and the people, how each candidate of a rung did, and keeps those that may serve next.
    pub(super) fn rung_landed(&mut self, rung: usize, mut landed: Landed) -> Vec<Climber> {
        let gains: Vec<Option<f64>> = (0..landed.candidates.len()).map(|at| landed.gain(at)).collect();
        // Without the control nothing was compared, so nothing was learned about any candidate.
        if landed.control.is_some() {
            self.tell(&landed, &gains);
        }
        self.chart(rung, &landed);
        self.compare_slices(rung, &landed);
        let named = landed.candidates.iter().map(|(_, edit)| edit.to_string());
        let scores = named.zip(gains.iter().copied()).collect();
        // Nobody was asked on the lower rungs, and nobody at all where it is switched off.
        let robust: Vec<Option<f64>> = (0..gains.len()).map(|at| landed.robust_gain(at)).collect();
        let robust_gains = if robust.iter().any(Option::is_some) { robust } else { Vec::new() };
        self.happened.push(AuditEvent::RungClimbed { rung, scores, robust_gains });
        (0..gains.len()).map(|at| self.climber(rung, at, gains[at], &mut landed)).collect()
    }

    fn climber(&mut self, rung: usize, at: usize, gain: Option<f64>, landed: &mut Landed) -> Climber {
        let (place, edit) = landed.candidates[at].clone();
        let gain = gain.filter(|_| self.fits(&edit));
        let result = landed.results[at].as_ref();
        let (failed, rejected) = (result.is_none(), result.is_some_and(|result| result.rejected));
        self.state.counts.rejected.worse += u64::from(rejected);
        if self.rules.scheduler.may_win_at(rung)
            && let Some(trained) = landed.take(at)
        {
            self.trained.insert(place, trained);
        }
        Climber { place, gain, failed, rejected, may_cost_quality: self.may_cost_quality(&edit) }
    }

    /// Whoever reads the audit sees what is not tried any more, and what is again.
    fn refined(&mut self) {
        let changes = self.state.proposer.take_changes();
        if !changes.is_empty() {
            let changes = changes.iter().map(|change| change.story(self.space.space())).collect();
            self.happened.push(AuditEvent::SpaceRefined { changes });
        }
    }

    fn tell(&mut self, landed: &Landed, gains: &[Option<f64>]) {
        let members = self.arms.mixture().map(|mixture| mixture.members).unwrap_or_default();
        let edits = landed.candidates.iter().map(|(_, edit)| edit).zip(gains);
        let children =
            edits.flat_map(|(edit, gain)| edit.children().map(move |(from, child)| (from, child, gain)));
        for (from, child, gain) in children {
            let genome = self.space.genome(child);
            let score = Score {
                parent: members.get(from).map_or_else(|| genome.clone(), |parent| self.space.genome(parent)),
                genome,
                gain: gain.unwrap_or(f64::NEG_INFINITY),
                cost: Cost::of(child, self.arms.pool.shape()).macs as f64,
                at: self.state.outcomes,
            };
            self.state.recall.tell(&score);
            self.state.proposer.tell(&score);
        }
        self.refined();
    }

    /// The preferred of the winners learns what came since, and is compared on live events from now on.
    fn shadow(&mut self, winners: &[usize]) -> Result<(), LearnError> {
        let trained = self.preferred(winners).and_then(|place| self.trained.remove(&place));
        let Some(Trained { edit, result, learned, schema, .. }) = trained else {
            self.events.push_back(Event::NobodyFits);
            return Ok(());
        };
        let children = self.caught_up(result.children, learned, &schema)?;
        let arm = self.arms.pool.edit(&self.arms.control, &edit, children)?;
        let gate = &self.rules.config.gate;
        let test = if self.may_cost_quality(&edit) {
            PairedTest::not_worse(gate.non_inferiority_margin, self.state.tests.level(), gate.block_outcomes)
        } else {
            PairedTest::better(gate.margin, gate.useful_gain, gate.block_outcomes)
        };
        self.place(arm, edit.to_string(), test, None);
        Ok(())
    }

    /// From now on the arm is compared with the control.
    pub(super) fn place(
        &mut self,
        arm: Arm,
        architecture: String,
        test: PairedTest,
        remembered: Option<u64>,
    ) {
        let number = self.state.number();
        let alpha = self.state.tests.begin();
        let decides = self.rules.config.schema.target().is_classification();
        let scorecard = decides.then(|| Scorecard::new(FAIRNESS_ALPHA));
        let (path, from) = (EvidencePath::default(), self.state.positions.clone());
        self.arms.challenger =
            Some(Challenger { number, arm, scorecard, test, alpha, path, from, remembered, failed: false });
        self.happened.push(AuditEvent::ChallengerPlaced {
            architecture,
            challenger: number,
            alpha,
            test: self.state.tests.begun(),
        });
    }

    pub(super) fn drop_challenger(&mut self, reason: String) -> Result<(), LearnError> {
        let (quality, limits) = (self.arms.quality(), self.thresholds().quality);
        if let Some(challenger) = self.arms.challenger.take() {
            let judged = Judged::of_quality(limits, quality);
            let architecture = self.arms.pool.mixture(&challenger.arm)?.to_string();
            self.arms.tidy();
            let QualityEvidence { outcomes, mean_gain, .. } = challenger.test.evidence();
            let (path, from) = (challenger.path, challenger.from);
            // One that passes its test goes for another reason, which is told where it was found.
            if judged.verdict() != word(Verdict::Pass) {
                self.happened.push(AuditEvent::judged(&architecture, &judged, &path, &from));
            }
            self.happened.push(AuditEvent::ChallengerDropped { architecture, reason, outcomes, mean_gain });
        }
        Ok(())
    }

    /// All gates, in order of cost, on evidence of now.
    fn judge(&mut self) -> Result<(), LearnError> {
        let Some(evidence) = self.evidence()? else { return Ok(()) };
        let judged = Judged::of_gates(self.thresholds(), evidence);
        if let Some(challenger) = &self.arms.challenger {
            let architecture = self.arms.pool.mixture(&challenger.arm)?.to_string();
            let (path, from) = (&challenger.path, &challenger.from);
            self.happened.push(AuditEvent::judged(&architecture, &judged, path, from));
        }
        let Judged::Gates { judgements, .. } = judged else { return Ok(()) };
        self.happened.extend(judgements.iter().map(AuditEvent::gate));
        self.events.push_back(Event::Judged(judgements));
        Ok(())
    }

    fn release(&mut self) -> Result<(), LearnError> {
        let watch = match self.arms.displaced.take() {
            Some(displaced) => {
                self.happened.push(displaced.judged(&self.slot.load().model.mixture().to_string()));
                Some(displaced.watch)
            }
            None => self.keep_office()?,
        };
        self.arms.tidy();
        self.slot.release();
        if let Some(watch) = watch {
            let kept = watch.verdict() == WatchVerdict::Keep;
            self.happened.push(AuditEvent::WatchEnded { outcomes: watch.outcomes(), kept });
        }
        Ok(())
    }
}
