//! What is shown, as plain data: `/status.json`, and what every picture is made of.
//!
//! May not: contain a number that is not finite, which JSON has no word for; what is not known is none.

use serde::{Deserialize, Serialize};

use super::network::Member;

/// Everything that is shown of a daemon.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// What is running.
    pub title: String,
    /// Names and values.
    pub facts: Vec<(String, String)>,
    /// What serves; none where nothing is known of it.
    pub serving: Option<Serving>,
    /// How well the arms have done since the start.
    pub curves: Option<Curves>,
    /// Who is in the shadow slot.
    pub challenger: Option<Challenger>,
    /// Whom a rollback would bring back.
    pub watch: Option<Watch>,
    /// What is searched.
    pub search: Option<Search>,
    /// All budgets.
    pub budgets: Vec<Budget>,
    /// How fast shares that may be bad are used up.
    pub burn_rates: Vec<BurnRate>,
    /// What people may ask for.
    pub choices: Vec<Choice>,
    /// What happened, newest first.
    pub timeline: Vec<Happened>,
}

/// What serves, and why.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Serving {
    /// Carried by every answer.
    pub generation: u64,
    /// What it is, in words.
    pub architecture: String,
    /// Why it serves, as far as this run of the daemon knows.
    pub why: String,
    /// What it looks like, and what the last change of it has changed.
    pub network: Network,
}

/// A mixture, and what an edit has made of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// How its members' answers become one.
    pub rule: String,
    /// Its networks.
    pub members: Vec<Member>,
    /// Those that were there before the edit and are not any more.
    pub gone: Vec<String>,
    /// What it is compared with, in words; none where there was nothing before.
    pub compared_with: Option<String>,
}

/// How well the arms have done.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// What is measured, in a word.
    pub measure: String,
    /// The chance that an interval is ever wrong.
    pub alpha: f64,
    /// Stretches of the stream, oldest first.
    pub stretches: Vec<Stretch>,
    /// Changes of the architecture that serves.
    pub swaps: Vec<Swap>,
}

/// A stretch of outcomes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Outcomes of the daemon up to its end.
    pub until: u64,
    /// How many it has.
    pub outcomes: u64,
    /// What serves.
    pub champion: Arm,
    /// Its learner.
    pub control: Arm,
    /// The first champion, as it was.
    pub frozen: Arm,
}

/// How an arm has done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    /// Over the stretch.
    pub mean: f64,
    /// Since the last swap, as the bound weighs it.
    pub since_swap: f64,
    /// The interval that has it, at every look at once.
    pub lower: f64,
    /// Its upper end.
    pub upper: f64,
}

/// A change of the architecture that serves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Swap {
    /// When.
    pub outcomes: u64,
    /// What serves since.
    pub generation: u64,
}

/// Who is compared with the control.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Challenger {
    /// Its number.
    pub number: u64,
    /// What it is, in words.
    pub architecture: String,
    /// What it looks like, beside the control.
    pub network: Network,
    /// What it has to show.
    pub claim: String,
    /// Outcomes it was scored on, and those after which it has to go.
    pub outcomes: u64,
    /// Outcomes that it still has.
    pub outcomes_left: Option<u64>,
    /// Mean paired improvement of the loss.
    pub mean_gain: Option<f64>,
    /// Its running tests.
    pub evidence: Vec<Evidence>,
    /// How they went.
    pub path: Vec<PathPoint>,
    /// What each gate has said.
    pub gates: Vec<Gate>,
    /// Until when a person is waited for.
    pub waits_until: Option<String>,
}

/// A running test.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// Of what, in a word.
    pub of: String,
    /// The natural logarithm of its e-value.
    pub log_value: Option<f64>,
    /// Where it decides.
    pub threshold: f64,
    /// What it decides there.
    pub then: String,
}

/// The evidence after so many outcomes, as natural logarithms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PathPoint {
    /// Outcomes of the test.
    pub outcomes: u64,
    /// Of gain; none where none is sought.
    pub log_gain: Option<f64>,
    /// Of harm.
    pub log_harm: Option<f64>,
}

/// What a gate has said.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name.
    pub name: String,
    /// `pass`, `fail`, `inconclusive`, or `not asked`.
    pub verdict: String,
    /// What was measured.
    pub measured: Option<f64>,
    /// What it was measured against.
    pub limit: Option<f64>,
    /// Why.
    pub reason: String,
    /// Whether it counts.
    pub binding: bool,
}

/// The watch over what was promoted last.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Watch {
    /// Who would serve again, in words.
    pub displaced: String,
    /// Outcomes so far, and those it lasts.
    pub outcomes: u64,
    /// How many it lasts.
    pub lasts: u64,
    /// The test for harm.
    pub evidence: Evidence,
    /// How it went.
    pub path: Vec<PathPoint>,
}

/// What is searched.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Search {
    /// The episode under way, or what there is instead.
    pub now: String,
    /// The ladder's rungs that train, lowest first.
    pub rungs: Vec<Rung>,
    /// Networks that none beats on all objectives at once.
    pub front: Vec<String>,
    /// Those objectives, as a list for people.
    #[serde(default)]
    pub objectives: String,
}

/// A rung that trains.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rung {
    /// Windows a candidate has trained on at its end.
    pub windows: u32,
    /// Candidates on their way there now.
    pub training: usize,
    /// Candidates that came there and no further.
    pub stand: usize,
    /// Of those, they climb no more.
    pub over: usize,
}

/// A budget.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Budget {
    /// Its name.
    pub name: String,
    /// What it limits.
    pub kind: String,
    /// The limit in force.
    pub limit: f64,
    /// The limit in the configuration.
    pub configured: f64,
    /// What was read last; of the model itself, what it was measured at.
    pub reading: Option<f64>,
    /// How long ago; none of the model, which is measured when it begins to serve.
    pub reading_age_seconds: Option<f64>,
    /// Where the limit was set.
    pub set_in: String,
    /// Who set it.
    pub set_by: Option<String>,
}

/// How fast a share that may be bad is used up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BurnRate {
    /// Its name.
    pub name: String,
    /// Seconds of each window, and the rate over it; at 1, all that is allowed is used up.
    pub rates: Vec<(u32, f64)>,
    /// Whether somebody should come, and how soon.
    pub severity: Option<String>,
}

/// Something that people may ask for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Choice {
    /// One of the orders without an argument.
    Steer {
        /// Its word on the admin interface.
        order: String,
        /// Why it cannot be done now, if it cannot.
        objection: Option<String>,
    },
    /// To let the challenger serve that waits for a person.
    Promote {
        /// Its number; none where nobody waits.
        challenger: Option<u64>,
    },
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Happened {
    /// The time of day, where there is one.
    pub time: Option<String>,
    /// Where in the stream, or of what.
    pub at: String,
    /// What kind it is.
    pub kind: String,
    /// What it was.
    pub what: String,
}

impl Stretch {
    /// The arms, in the order in which they are shown.
    pub fn arms(&self) -> [Arm; 3] {
        [self.champion, self.control, self.frozen]
    }
}
