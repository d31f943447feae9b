//! State: everything the learn plane remembers as plain data; one snapshot is this and the networks.
//!
//! Lives here: the data, scores and baselines. May not: perform, train, write files.

use adapters::kafka::Positions;
use model::{Addition, Context, Encoder, ModelError, Output, Pasts, Schema, Target, Truth, Widening};
use policies::detect::{Panel, PanelConfig};
use policies::evolve::Crowding;
use policies::op_cost::OpCost;
use policies::search::front::Front;
use policies::search::predictor::AnyPredictor;
use policies::search::refine::Refined;
use policies::search::slices::Faithfulness;
use policies::search::{AnyProposer, Recall, Screened, Sketch};
use policies::stats::{Tally, Tests, WeightedMean};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::archive::Archive;
use super::budgets::{Budget, Budgets};
use super::history::History;
use super::outcome::Outcome;
use super::past::Past;
use super::retention::Marks;
use crate::config::LearnConfig;
pub(super) use crate::config::{COMPUTE, MEMORY};
use crate::join::Join;
use crate::lifecycle::Lifecycle;

/// Bounded losses of the stored predictions of one outcome, in 0..=1.
#[derive(Clone, Copy, Debug)]
pub struct Losses {
    pub champion: f64,
    pub control: f64,
    pub reference: f64,
    pub challenger: Option<f64>,
    pub displaced: Option<f64>,
}

fn panel_config(config: &LearnConfig) -> PanelConfig {
    let detect = &config.detect;
    PanelConfig {
        average_run_length: detect.average_run_length,
        reference_outcomes: detect.reference_outcomes,
        feature_window: detect.feature_window,
        feature_reference: detect.feature_reference,
        delta: detect.delta,
        seed: config.seed,
    }
}

/// The proposer, without what is hopeless, within what is worth trying.
pub type Proposals = Refined<Screened<AnyProposer>>;

fn proposer(config: &LearnConfig) -> Proposals {
    let search = &config.search;
    let predictor =
        || AnyPredictor::named(&search.predictor).expect("the name was checked with the configuration");
    let proposer = AnyProposer::by(&search.proposer, predictor());
    let proposer = proposer.expect("the name was checked with the configuration");
    Refined::new(Screened::new(proposer, search.promise.then(predictor)), search.refinement)
}

/// What makes one proposer another.
fn proposer_settings(config: &LearnConfig) -> String {
    let search = &config.search;
    format!("{} {} {} {}", search.proposer, search.predictor, search.promise, search.refinement)
}

/// What anybody could say without a model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Baselines {
    counts: Vec<u64>,
    sum: f64,
    seen: u64,
    last: Truth,
}

impl Baselines {
    fn new(target: &Target) -> Self {
        let last = if target.is_classification() { Truth::Class(0) } else { Truth::Number(0.0) };
        Self { counts: vec![0; target.outputs()], sum: 0.0, seen: 0, last }
    }

    fn learn(&mut self, truth: Truth) {
        self.seen += 1;
        self.last = truth;
        match truth {
            Truth::Class(class) => {
                if let Some(count) = self.counts.get_mut(class as usize) {
                    *count += 1;
                }
            }
            Truth::Number(number) => self.sum += f64::from(number),
        }
    }

    /// The most frequent class so far, or the mean.
    pub fn majority(&self) -> Truth {
        match self.last {
            Truth::Class(_) => {
                let most = self
                    .counts
                    .iter()
                    .enumerate()
                    .max_by_key(|(at, count)| (**count, std::cmp::Reverse(*at)));
                Truth::Class(most.map_or(0, |(at, _)| at as u32))
            }
            Truth::Number(_) => Truth::Number((self.sum / self.seen.max(1) as f64) as f32),
        }
    }

    /// The last truth known.
    pub fn last(&self) -> Truth {
        self.last
    }
}

/// How well each arm and baseline has done, over all outcomes.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[expect(missing_docs, reason = "one field an arm, named as the arm")]
pub struct Scores {
    pub champion: Tally,
    pub control: Tally,
    pub first: Tally,
    pub majority: Tally,
    pub no_change: Tally,
    /// The champion's bounded loss over all events whose label comes, by what each kept one stands for.
    pub live: WeightedMean,
}

/// What has happened, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "a list of plain counters")]
pub struct Counts {
    pub drifts: u64,
    pub warnings: u64,
    pub breaches: u64,
    pub episodes: u64,
    pub trials: u64,
    pub trials_failed: u64,
    pub refreshes: u64,
    pub promotions: u64,
    pub reliefs: u64,
    pub takeovers: u64,
    pub rollbacks: u64,
    pub recalls: u64,
    pub records_lost: u64,
    pub adopted: Adopted,
    pub rejected: Rejected,
}

/// Candidates that were never trained, counted by what spoke against them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "a list of plain counters")]
pub struct Rejected {
    pub worse: u64,
    pub cost: u64,
    pub proxies: u64,
}

/// What the schema has gained from the stream, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "a list of plain counters")]
pub struct Adopted {
    pub features: u64,
    pub classes: u64,
    pub buckets: u64,
}

impl Adopted {
    pub(super) fn count(&mut self, addition: &Addition) {
        match addition {
            Addition::Feature(_) => self.features += 1,
            Addition::Class(_) => self.classes += 1,
            Addition::Buckets(_) => self.buckets += 1,
        }
    }
}

/// The learn plane's memory, without its networks.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// Positions in the topics after the last unit of work.
    pub positions: Positions,
    /// Outcomes so far.
    pub outcomes: u64,
    /// The generation served last.
    pub generation: u64,
    /// Numbers given to trials, challengers and watches.
    pub next_number: u64,
    /// Scales rows; all learners see rows through it.
    pub encoder: Encoder,
    /// How crowded the buckets of categorical features are.
    pub crowding: Crowding,
    /// Predictions waiting for labels.
    pub join: Join,
    /// The control plane.
    pub lifecycle: Lifecycle,
    /// Detectors.
    pub panel: Panel,
    /// When records came.
    pub marks: Marks,
    /// Outcomes when the frozen copy was taken.
    pub anchored: u64,
    /// Budgets, with the limits in force.
    pub budgets: Budgets,
    /// What answers cost, as measured so far.
    pub op_cost: OpCost,
    /// What trials can be trained on.
    pub history: History,
    /// Outcomes from before the last drifts.
    pub past: Past,
    /// Mixtures from before the last drifts.
    pub archive: Archive,
    /// What the stream is like.
    pub sketch: Sketch,
    /// What earlier episodes tried, on what kind of stream.
    pub recall: Recall,
    /// What the candidates of the last rungs cost and lost, since the last drift.
    pub front: Front<String>,
    /// Whether slices are ordered as the networks they become.
    pub faithfulness: Faithfulness,
    /// Proposes candidates.
    pub proposer: Proposals,
    /// By which settings it was made.
    proposer_settings: String,
    /// Every random choice comes from here.
    pub rng: Pcg64,
    /// The labels that have arrived last.
    pub context: Context,
    /// The last events of each entity, where events carry those before them.
    pub pasts: Pasts,
    /// Majority and last truth.
    pub baselines: Baselines,
    /// Scores.
    pub scores: Scores,
    /// Counters.
    pub counts: Counts,
    /// The challengers tested so far, and at which alpha the next one is.
    pub tests: Tests,
    target: Target,
    schema: Schema,
}

impl State {
    /// Before the first record.
    pub fn new(config: &LearnConfig) -> Self {
        let target = config.schema.target().clone();
        let tally = || Tally::new(&target);
        let top_rung = config.search.rungs.last().copied().unwrap_or(1);
        Self {
            positions: Positions::default(),
            outcomes: 0,
            generation: 0,
            next_number: 0,
            encoder: Encoder::new(&config.schema),
            crowding: Crowding::new(&config.schema),
            join: Join::new(&config.join, config.seed),
            lifecycle: Lifecycle::new(),
            panel: Panel::new(&config.schema, panel_config(config)),
            marks: Marks::default(),
            anchored: 0,
            budgets: Budgets::new(&config.budget),
            op_cost: OpCost::new(),
            history: History::new(config.search.window_outcomes, top_rung),
            past: Past::default(),
            archive: Archive::default(),
            sketch: Sketch::new(&config.schema),
            recall: Recall::new(),
            front: super::front::empty(config),
            faithfulness: Faithfulness::default(),
            proposer: proposer(config),
            proposer_settings: proposer_settings(config),
            rng: rand::SeedableRng::seed_from_u64(config.seed),
            context: Context::default(),
            pasts: Pasts::default(),
            baselines: Baselines::new(&target),
            scores: Scores {
                champion: tally(),
                control: tally(),
                first: tally(),
                majority: tally(),
                no_change: tally(),
                live: WeightedMean::default(),
            },
            counts: Counts::default(),
            tests: Tests::new(config.gate.alpha_rule, config.gate.quality.alpha),
            target,
            schema: (*config.schema).clone(),
        }
    }

    /// Another proposer has learned nothing yet.
    pub fn propose_by(&mut self, config: &LearnConfig) {
        let settings = proposer_settings(config);
        if self.proposer_settings != settings {
            (self.proposer, self.proposer_settings) = (proposer(config), settings);
        }
    }

    /// Follows a schema that evolved; what is known stays, and of what is new nothing is known.
    pub fn widen(&mut self, schema: &Schema, widening: &Widening) -> Result<(), ModelError> {
        self.history.widen(widening)?;
        self.archive.widen(widening)?;
        self.sketch = self.sketch.widened(schema);
        self.encoder = self.encoder.widened(schema);
        self.crowding = self.crowding.widened(schema);
        self.panel = self.panel.widened(schema);
        self.baselines.counts.resize(schema.target().outputs(), 0);
        let scores = &mut self.scores;
        for tally in [
            &mut scores.champion,
            &mut scores.control,
            &mut scores.first,
            &mut scores.majority,
            &mut scores.no_change,
        ] {
            *tally = tally.widened(schema.target());
        }
        self.target = schema.target().clone();
        self.schema = schema.clone();
        Ok(())
    }

    /// The schema in force: the declared one, and what the stream has added.
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// A number nobody has had before.
    pub fn number(&mut self) -> u64 {
        self.next_number += 1;
        self.next_number
    }

    /// The limit in force of a budget.
    pub fn limit(&self, name: &str) -> f64 {
        self.budgets.get(name).map_or(f64::INFINITY, Budget::limit)
    }

    /// Losses of what was stored when the event came.
    pub fn losses(&self, outcome: &Outcome, scale: f32) -> Losses {
        let answers = &outcome.prediction.answers;
        let loss = |output: &Output| model::bounded(&self.target, output, &outcome.truth, scale);
        Losses {
            champion: loss(&answers.champion),
            control: loss(&answers.control.output),
            reference: loss(&answers.reference),
            challenger: answers.challenger.as_ref().map(|(_, answer)| loss(&answer.output)),
            displaced: answers.displaced.as_ref().map(|(_, answer)| loss(&answer.output)),
        }
    }

    /// Counts what every arm and baseline had said.
    pub fn score(&mut self, outcome: &Outcome, losses: &Losses) {
        let Outcome { prediction, truth, weight, .. } = outcome;
        self.scores.live.observe(losses.champion, *weight);
        let answers = &prediction.answers;
        for (tally, output) in [
            (&mut self.scores.champion, &answers.champion),
            (&mut self.scores.control, &answers.control.output),
            (&mut self.scores.first, &answers.first),
        ] {
            tally.observe(truth, &model::decide(&self.schema, output), Some(output));
        }
        self.scores.majority.observe(truth, &answers.majority, None);
        self.scores.no_change.observe(truth, &answers.last, None);
        self.baselines.learn(*truth);
    }
}
