//! Panel: all detectors of a stream together.
//!
//! Lives here: who is shown what, how the one run length an operator sets is shared out, and what is known at the moment
//! of an alarm. May not: decide what to do about it.
//!
//! **False alarms.** Each detector that may open an episode has a run length as many times the stated one as there are
//! such detectors. The mean of their evidence is then an e-detector of the stated run length (Shin, Ramdas and Rinaldo,
//! 2023), whatever they know of each other, and it is past its threshold wherever one of them is past its own. So the
//! expected number of observations to the first false alarm of any is at least what was stated, as far as each keeps
//! its own promise. ADWIN promises none: it warns, and opens nothing.

use model::{Row, Schema, Timestamp};
use serde::{Deserialize, Serialize};

use super::conditionals::Conditionals;
use super::diagnosis::{self, Diagnosis, DriftKind, LossRise, Sense, ShareChange, Signs, Tempo};
use super::features::evidence;
use super::shares::answers::shift_kind;
use super::shares::label_shift::label_shift;
use super::{
    Adwin, Detector as _, Drift, ErrorEstimator, ErrorEstimatorConfig, FeatureDrift, FeatureDriftConfig,
    FeatureShift, Gains, Hindsight, LabelFeed, LossSlices, LossSlicesConfig, Mmd, PairsConfig, ShareDrift,
    ShareDriftConfig, TwoSample,
};

mod losses;
mod recent;

use losses::LossWatch;
use recent::{Recent, RecentConfusion};

/// Detectors that may open an episode: losses of champion and frozen copy, what was gained on the copy, features, rows twice,
/// labels, answers, and the feed, which opens none but shares the promise.
const DECIDING: f64 = 9.0;
/// Events of a window of the label feed.
const FEED_WINDOW: usize = 500;
/// What a label shift may leave unexplained of the error.
const UNEXPLAINED_MAX: f64 = 0.05;
/// Events within which what is noticed late is the change that was noticed before.
const SAME_CHANGE: u64 = 5_000;
/// What was noticed within so many windows came suddenly.
const SUDDEN_WINDOWS: u64 = 4;
/// Level of the tests that tell a label shift.
const KIND_ALPHA: f64 = 0.01;

/// How long to look, and how rarely to be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PanelConfig {
    /// Expected number of observations to the first false alarm of any detector, at least.
    pub average_run_length: f64,
    /// Outcomes from which the shortest reference of losses is learned.
    pub reference_outcomes: u64,
    /// Rows in one window of the features, and in their reference.
    pub feature_window: usize,
    /// Rows that say what is normal at first.
    pub feature_reference: usize,
    /// ADWIN's confidence.
    pub delta: f64,
    /// Where the detectors of rows draw from.
    pub seed: u64,
}

/// What the frozen copy said of an event.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Said {
    /// The class it decided, by position.
    pub class: u32,
    /// How sure it was, 0 to 1.
    pub confidence: f32,
}

/// What an outcome is to the detectors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Observed<'a> {
    /// The row.
    pub row: &'a Row,
    /// When the event was.
    pub time: Timestamp,
    /// How long its label took, in milliseconds; none if none came.
    pub delay_ms: Option<i64>,
    /// Bounded loss of what served.
    pub champion: f64,
    /// Bounded loss of the frozen copy; none where it was another copy that had answered.
    pub reference: Option<f64>,
    /// The true class, where it is one.
    pub truth: Option<u32>,
    /// What it had said, where that is a class.
    pub said: Option<Said>,
}

/// Somebody noticed something.
#[derive(Clone, Debug, PartialEq)]
pub struct Alarm {
    /// Who.
    pub sense: Sense,
    /// What.
    pub drift: Drift,
}

/// The detectors of a stream; all of constant memory.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    config: PanelConfig,
    champion: LossWatch,
    reference: LossWatch,
    hindsight: Hindsight,
    adwin: Adwin,
    features: FeatureDrift,
    mmd: Mmd,
    two_sample: TwoSample,
    /// Of targets that are classes.
    labels: Option<ShareDrift>,
    answers: Option<ShareDrift>,
    confusion: RecentConfusion,
    conditionals: Conditionals,
    slices: LossSlices,
    estimator: ErrorEstimator,
    feed: LabelFeed,
    recent: Recent,
    events: u64,
    /// The kind of the last change, and the event at which it was noticed.
    noticed: Option<(DriftKind, u64)>,
}

impl Panel {
    /// Learns what is normal from what comes first.
    pub fn new(schema: &Schema, config: PanelConfig) -> Self {
        let target = schema.target();
        let classes = target.is_classification().then(|| target.outputs());
        let average_run_length = config.average_run_length * DECIDING;
        let watch = || LossWatch::new(average_run_length, config.reference_outcomes);
        let shares = ShareDriftConfig { average_run_length, ..ShareDriftConfig::default() };
        let share = || classes.map(|classes| ShareDrift::new(classes, shares));
        let features = FeatureDriftConfig {
            window: config.feature_window,
            reference: config.feature_reference,
            average_run_length,
        };
        let pairs =
            PairsConfig { reference: config.feature_reference, average_run_length, seed: config.seed };
        Self {
            config,
            champion: watch(),
            reference: watch(),
            hindsight: Hindsight::new(average_run_length),
            adwin: Adwin::new(config.delta),
            features: FeatureDrift::new(schema, features),
            mmd: Mmd::new(schema, pairs),
            two_sample: TwoSample::new(schema, pairs),
            labels: share(),
            answers: share(),
            confusion: RecentConfusion::new(classes.unwrap_or(0)),
            conditionals: Conditionals::new(schema),
            slices: LossSlices::new(schema, LossSlicesConfig::default()),
            estimator: ErrorEstimator::new(ErrorEstimatorConfig::default()),
            feed: LabelFeed::new(average_run_length, FEED_WINDOW),
            recent: Recent::default(),
            events: 0,
            noticed: None,
        }
    }

    /// For a schema that evolved. Where features were added, what is normal is learned anew.
    #[must_use]
    pub fn widened(&self, schema: &Schema) -> Self {
        let classes = schema.target().outputs();
        let widen = |shares: &Option<ShareDrift>| shares.as_ref().map(|shares| shares.widened(classes));
        Self {
            features: self.features.widened(schema),
            mmd: self.mmd.widened(schema),
            two_sample: self.two_sample.widened(schema),
            labels: widen(&self.labels),
            answers: widen(&self.answers),
            confusion: RecentConfusion::new(classes),
            conditionals: Conditionals::new(schema),
            slices: self.slices.widened(schema),
            ..self.clone()
        }
    }

    /// An event, what the frozen copy said of it, and whether its label is awaited.
    pub fn event(&mut self, row: &Row, time: Timestamp, said: Option<Said>, awaited: bool) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        self.events += 1;
        self.conditionals.event(row);
        push(&mut alarms, Sense::Features, self.features.observe(row));
        push(&mut alarms, Sense::Rows, self.mmd.observe(row));
        push(&mut alarms, Sense::Rows, self.two_sample.observe(row));
        if let (Some(answers), Some(said)) = (&mut self.answers, said) {
            self.estimator.observe(said.confidence);
            push(&mut alarms, Sense::Answers, answers.observe(&said.class));
        }
        if awaited {
            push(&mut alarms, Sense::Feed, self.feed.awaited(time));
        }
        alarms
    }

    /// An outcome.
    pub fn outcome(&mut self, observed: Observed<'_>) -> Vec<Alarm> {
        let mut alarms = Vec::new();
        if let Some(delay) = observed.delay_ms {
            self.feed.labelled(observed.time, delay);
        }
        let class = observed.truth.map_or(0, |class| class as usize);
        self.conditionals.outcome(observed.row, class);
        if let (Some(truth), Some(said)) = (observed.truth, observed.said) {
            self.estimator.learn(said.confidence, said.class == truth);
            self.confusion.observe(said.class, truth);
        }
        if let (Some(labels), Some(truth)) = (&mut self.labels, observed.truth) {
            push(&mut alarms, Sense::Labels, labels.observe(&truth));
        }
        push(&mut alarms, Sense::Champion, self.champion.observe(observed.champion));
        if let Some(reference) = observed.reference {
            self.slices.observe(observed.row, reference);
            self.recent.observe(reference);
            push(&mut alarms, Sense::Reference, self.reference.observe(reference));
        }
        alarms
    }

    /// What was gained on the frozen copy by what has learned since, on rows that the copy had not learned.
    pub fn look_back(&mut self, gains: &Gains) -> Option<Alarm> {
        self.hindsight.observe(gains).map(|drift| Alarm { sense: Sense::Reference, drift })
    }

    /// A rise of the champion's loss that nothing is promised of.
    pub fn warning(&mut self, loss: f64) -> Option<Drift> {
        // A loss that falls is also a change, but nothing to answer; the sign of the statistic tells.
        self.adwin.observe(&loss).filter(|drift| drift.statistic > 0.0)
    }

    /// What is known of a change at the moment it is noticed. `fit` is the mean loss of what has learned the last
    /// outcomes, on these same outcomes.
    pub fn diagnose(&self, alarm: &Alarm, fit: Option<f64>) -> Diagnosis {
        let (share, explained) = self.share_change(alarm);
        let features = self.shifted(&alarm.drift);
        let signs = Signs {
            feed: self.feed.trouble().is_some(),
            features: !features.is_empty(),
            explained,
            shares_only: self.confusion.compared().is_some_and(|(before, now)| {
                shift_kind(&before, &now)
                    .is_some_and(|kind| kind.is_label_shift_only(KIND_ALPHA, UNEXPLAINED_MAX))
            }),
            recurs: self.recurs(alarm),
        };
        let kind = self.noticed_before(alarm.sense).unwrap_or_else(|| signs.kind(alarm.sense));
        let loss = self.loss();
        Diagnosis {
            sense: alarm.sense,
            drift: alarm.drift.clone(),
            kind,
            tempo: self.tempo(alarm),
            loss,
            share,
            advice: diagnosis::advice(kind, &features, loss, fit),
            features,
            slices: self.slices.risen(),
            estimate: self.estimator.estimate(),
            feed: self.feed.trouble(),
        }
    }

    /// What was noticed is what is normal from now on. After a rise of losses the frozen copy is a new one.
    pub fn settle(&mut self, diagnosis: &Diagnosis) {
        self.noticed = Some((diagnosis.kind, self.events));
        match diagnosis.sense {
            Sense::Champion | Sense::Reference => {
                self.reanchor();
                // They came with the same labels, and say the same later.
                if let Some(labels) = &mut self.labels {
                    labels.reset();
                }
            }
            Sense::Features | Sense::Rows => {
                self.features.reset();
                self.mmd.reset();
                self.two_sample.reset();
                self.conditionals.turn_of_era();
            }
            Sense::Labels => {
                if let Some(labels) = &mut self.labels {
                    labels.reset();
                }
                self.conditionals.turn_of_era();
            }
            Sense::Answers => {
                if let Some(answers) = &mut self.answers {
                    answers.reset();
                }
            }
            Sense::Feed => {}
        }
    }

    /// There is another frozen copy: what its losses and answers are is learned anew.
    pub fn reanchor(&mut self) {
        self.champion.reset();
        self.reference.reset();
        self.hindsight.reset();
        self.adwin.reset();
        self.slices.reset();
        self.confusion.reset();
        self.conditionals.turn_of_era();
        self.estimator = ErrorEstimator::new(ErrorEstimatorConfig::default());
        self.recent = Recent::default();
        if let Some(answers) = &mut self.answers {
            answers.reset();
        }
    }

    /// How labels come.
    pub fn feed(&self) -> &LabelFeed {
        &self.feed
    }

    /// The error without labels, by estimate.
    pub fn estimate(&self) -> Option<super::EstimatedError> {
        self.estimator.estimate()
    }

    /// Natural logarithm of the evidence for a change of the data, by who watches.
    pub fn evidence(&self) -> [(Sense, f64); 6] {
        let shares =
            |shares: &Option<ShareDrift>| shares.as_ref().map_or(f64::NEG_INFINITY, ShareDrift::log_value);
        [
            (Sense::Champion, self.champion.log_value()),
            (Sense::Reference, self.reference.log_value().max(self.hindsight.log_value())),
            (Sense::Features, self.features.log_value()),
            (Sense::Rows, self.mmd.log_value().max(self.two_sample.log_value())),
            (Sense::Labels, shares(&self.labels)),
            (Sense::Answers, shares(&self.answers)),
        ]
    }

    /// The kind of a change that others noticed just now, by what labels tell later: rows and shares changed, and what
    /// they were is not known any more.
    fn noticed_before(&self, sense: Sense) -> Option<DriftKind> {
        let (kind, at) = self.noticed?;
        let is_late = matches!(sense, Sense::Champion | Sense::Reference | Sense::Labels | Sense::Answers);
        let is_of_rows = matches!(kind, DriftKind::Covariate | DriftKind::Label);
        (is_late && is_of_rows && self.events - at < SAME_CHANGE).then_some(kind)
    }

    fn recurs(&self, alarm: &Alarm) -> bool {
        match alarm.sense {
            Sense::Champion | Sense::Reference | Sense::Labels => {
                self.conditionals.outcomes_recur(alarm.drift.ago)
            }
            Sense::Features | Sense::Rows | Sense::Answers => self.conditionals.rows_recur(alarm.drift.ago),
            Sense::Feed => false,
        }
    }

    /// Whether what has learned the last outcomes should be asked how well it fits them: only where the losses rose does
    /// that tell what to try.
    pub fn asks_for_fit(&self) -> bool {
        self.loss().is_some_and(|loss| loss.now > loss.before)
    }

    /// The loss before and lately.
    fn loss(&self) -> Option<LossRise> {
        Some(LossRise { before: self.reference.normal()?, now: self.recent.newest()? })
    }

    /// The features that changed: those the alarm names, else those with evidence of their own by now.
    fn shifted(&self, drift: &Drift) -> Vec<FeatureShift> {
        if !drift.features.is_empty() {
            return drift.features.clone();
        }
        self.features.changed_by_now()
    }

    /// The class whose share changed most, by labels where they are what was noticed, else by the answers; and how much
    /// of what changed in the rows the shares explain.
    fn share_change(&self, alarm: &Alarm) -> (Option<ShareChange>, Option<f64>) {
        let (before, now, estimated) = match (alarm.sense, &self.labels, self.estimated_shares()) {
            (Sense::Labels, Some(labels), _) => (labels.shares_before(), labels.shares_now(), false),
            (_, _, Some((before, now))) => (before, now, true),
            _ => return (None, None),
        };
        // As in the population stability index: a share that triples moved further than one that loses as much.
        let moved = |class: &usize| evidence::index_term(before[*class], now[*class]);
        let most = (0..now.len()).max_by(|a, b| moved(a).total_cmp(&moved(b)));
        let change =
            most.map(|class| ShareChange { class, before: before[class], now: now[class], estimated });
        (change, self.conditionals.explained(&now, alarm.drift.ago))
    }

    /// Shares of classes before, and now by what the frozen copy answers.
    fn estimated_shares(&self) -> Option<(Vec<f64>, Vec<f64>)> {
        let shift = label_shift(self.confusion.before(), self.answers.as_ref()?.last_window())?;
        Some((shift.shares_before, shift.shares_now))
    }

    fn tempo(&self, alarm: &Alarm) -> Option<Tempo> {
        let windows = |window: usize| {
            if alarm.drift.ago <= SUDDEN_WINDOWS * window as u64 { Tempo::Sudden } else { Tempo::Gradual }
        };
        match alarm.sense {
            Sense::Champion | Sense::Reference => {
                self.recent.tempo(alarm.drift.ago, self.reference.normal()?)
            }
            Sense::Features => Some(windows(self.config.feature_window)),
            Sense::Labels | Sense::Answers => Some(windows(ShareDriftConfig::default().window)),
            Sense::Rows | Sense::Feed => None,
        }
    }
}

fn push(alarms: &mut Vec<Alarm>, sense: Sense, drift: Option<Drift>) {
    alarms.extend(drift.map(|drift| Alarm { sense, drift }));
}

#[cfg(test)]
mod tests;
