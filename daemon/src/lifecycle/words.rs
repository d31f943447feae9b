//! Words: what the lifecycle hears, and what it says.
//!
//! Lives here: its events and the facts in them, its effects, the causes of episodes and the kinds of swap. May not: know
//! what follows from what.

use model::{Edit, Timestamp};
use policies::detect::{Diagnosis, Remedy, Saving};
use policies::gate::{Judgement, QualityEvidence};
use policies::watch::WatchVerdict;
use serde::{Deserialize, Serialize};

use super::{Climber, ReliefOption, Steer};

/// Why an episode was opened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// The first champion has enough history to be compared with others.
    ColdStart,
    /// Nothing was tried for a long time.
    Plateau,
    /// The data drifted, so.
    Drift(Box<Diagnosis>),
    /// A budget is breached that a smaller network does not answer.
    Breach,
    /// A person wanted one.
    ByHand,
}

impl Cause {
    /// The word in logs, metrics and reports.
    pub fn name(&self) -> &'static str {
        match self {
            Self::ColdStart => "cold_start",
            Self::Plateau => "plateau",
            Self::Drift(_) => "drift",
            Self::Breach => "breach",
            Self::ByHand => "by_hand",
        }
    }
}

/// The facts after one more outcome.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Outcomes so far.
    pub outcomes: u64,
    /// Whole windows that can be replayed before the ones a rung scores on.
    pub windows: usize,
    /// Whether the served weights are older than the learner's.
    pub stale: bool,
    /// Whether newer weights did harm, by their e-process.
    pub refresh_harms: bool,
    /// The running test of the challenger.
    pub quality: Option<QualityEvidence>,
    /// At which it is decided.
    pub alpha: f64,
    /// The running contest with a champion that is not ours, and at which alpha it is decided.
    pub contest: Option<(QualityEvidence, f64)>,
    /// The running watch.
    pub watch: Option<WatchVerdict>,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A champion serves before any outcome: it came from elsewhere, or a history taught it.
    Begun,
    /// One more outcome was learned.
    Learned(Facts),
    /// It is so late; also when no record comes.
    Passed(Timestamp),
    /// The watch has evidence of harm that no label had to come for.
    Harmed,
    /// Something changed.
    Drifted(Box<Diagnosis>),
    /// A budget is breached, and this answers it.
    Breached(Remedy),
    /// A budget has another limit: what was tried under the old one says nothing.
    BudgetSet,
    /// What is remembered has been compared with the control on what came since this drift began.
    Remembered {
        /// The drift.
        diagnosis: Box<Diagnosis>,
        /// Whether one of these did better.
        found: bool,
    },
    /// A relaxed network has said what it says, before so many candidates are proposed.
    Relaxed(usize),
    /// The proposer answered.
    Proposed(Vec<Edit>),
    /// The trials that were sent have ended.
    Climbed(Vec<Climber>),
    /// None of those that won fits the budgets, which were lowered meanwhile.
    NobodyFits,
    /// The gates spoke about the challenger.
    Judged(Vec<Judgement>),
    /// The gates spoke about ours, in its contest.
    ContestJudged(Vec<Judgement>),
    /// The smaller networks were measured.
    ReliefMeasured(Vec<ReliefOption>),
    /// A swap could not be made.
    SwapFailed(Change),
    /// A person lets the challenger that waits for it serve.
    Approved,
    /// A person has the daemon do this.
    Steered(Steer),
}

/// A change of what is served. The order is the arbiter's: the last one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Newer weights, same architecture.
    Refresh,
    /// The challenger takes over.
    Promotion,
    /// Ours takes over from a champion that is not.
    Takeover,
    /// A smaller network answers a breach; the number is its place among those measured.
    Relief(usize),
    /// The displaced champion comes back, ours or not.
    Rollback,
}

impl Change {
    /// The word in the journal and in metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Refresh => "refresh",
            Self::Promotion => "promotion",
            Self::Takeover => "takeover",
            Self::Relief(_) => "relief",
            Self::Rollback => "rollback",
        }
    }
}

/// What has to be done, in this order.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Say that an episode begins.
    Opened(Cause),
    /// Ask the proposer for candidates.
    Ask(usize),
    /// Train these on so many windows, beside the control.
    Climb {
        /// Which rung.
        rung: usize,
        /// Windows that count.
        windows: u32,
        /// Who climbs, each with its place among the candidates of the episode.
        candidates: Vec<(usize, Edit)>,
    },
    /// Say that the episode has ended.
    Closed(&'static str),
    /// Of these candidates, the best first, the one that is preferred becomes the challenger.
    Shadow(Vec<usize>),
    /// Look whether an archived mixture did better than the control since this drift began.
    Remember(Box<Diagnosis>),
    /// The archived mixture that did becomes the challenger.
    ShadowRemembered,
    /// Collect evidence on the challenger and judge it.
    Judge,
    /// Compare ours with the champion that is not, from now on.
    BeginContest,
    /// Collect evidence on ours and judge it beside that champion.
    JudgeContest,
    /// Say that the contest is over, and why.
    EndContest(String),
    /// Say that the challenger waits for a person, until then.
    AwaitApproval(Timestamp),
    /// The challenger is out.
    Drop(String),
    /// Train and measure smaller networks that save this.
    SeekRelief(Saving),
    /// Take the champion of now as the frozen copy.
    Reanchor,
    /// Withhold the refresh and let the learner start again from what is served.
    Restart,
    /// Change what is served.
    Swap(Change),
    /// The watch ended well.
    Release,
    /// A person should look.
    Alarm(String),
}
