//! Noticed: a diagnosis for people and machines, with the names of the schema.
//!
//! Lives here: its shape in the journal, and its words. May not: diagnose.

use model::{Schema, Target};
use policies::detect::features::binning::Bin;
use policies::detect::{Diagnosis, FeatureShift, FeedReport, LossRise, LossSlice, Tempo};
use serde::Serialize;

/// Features and slices in a sentence.
const NAMED_MAX: usize = 3;

/// What was noticed, and what is made of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the diagnosis")]
pub struct Noticed {
    pub sense: &'static str,
    pub detector: &'static str,
    pub statistic: f64,
    pub threshold: f64,
    /// Observations since it most likely began.
    pub ago: u64,
    pub kind: &'static str,
    pub tempo: Option<&'static str>,
    pub loss: Option<LossRise>,
    pub share: Option<Share>,
    pub features: Vec<Shift>,
    pub slices: Vec<Slice>,
    /// The error by estimate, without labels; valid only where what rows mean stayed the same.
    pub estimated_error: Option<f64>,
    pub feed: Option<FeedReport>,
    pub try_first: &'static str,
    pub advice: &'static str,
}

/// The class whose share changed most.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[expect(missing_docs, reason = "the fields are those of the diagnosis")]
pub struct Share {
    pub class: String,
    pub before: f64,
    pub now: f64,
    pub estimated: bool,
}

/// How one feature moved.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Shift {
    /// Its name.
    pub feature: String,
    /// Population stability index against what was normal.
    pub psi: f64,
    /// The chance of an index as large without any change, for one look.
    pub psi_p: f64,
    /// Kolmogorov-Smirnov distance against what was normal.
    pub ks: f64,
    /// Share of values missing before.
    pub missing_before: f64,
    /// And now.
    pub missing_now: f64,
}

/// Where losses rose.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Slice {
    /// Which rows.
    pub rows: String,
    /// Their mean loss before.
    pub loss_before: f64,
    /// And now.
    pub loss_now: f64,
    /// Their share of the whole rise.
    pub share: f64,
}

impl Noticed {
    /// With the names of this schema.
    pub(super) fn new(diagnosis: &Diagnosis, schema: &Schema) -> Self {
        let Diagnosis { drift, .. } = diagnosis;
        Self {
            sense: diagnosis.sense.name(),
            detector: drift.detector.name(),
            statistic: drift.statistic,
            threshold: drift.threshold,
            ago: drift.ago,
            kind: diagnosis.kind.name(),
            tempo: diagnosis.tempo.map(Tempo::name),
            loss: diagnosis.loss,
            share: diagnosis.share.map(|share| Share {
                class: class(schema, share.class),
                before: share.before,
                now: share.now,
                estimated: share.estimated,
            }),
            features: diagnosis.features.iter().map(|shift| Shift::new(shift, schema)).collect(),
            slices: diagnosis.slices.iter().map(|slice| Slice::new(slice, schema)).collect(),
            estimated_error: diagnosis.estimate.map(|estimate| estimate.error),
            feed: diagnosis.feed,
            try_first: diagnosis.advice.name(),
            advice: diagnosis.advice.text(),
        }
    }

    /// What it is, in a few words.
    pub(super) fn summary(&self) -> String {
        let tempo = self.tempo.map_or(String::new(), |tempo| format!("{tempo} "));
        let mut said = vec![format!("{tempo}{} drift", self.kind.replace('_', " "))];
        said.extend(self.feed.map(|feed| feed.trouble.name().to_owned()));
        said.extend(self.features.iter().take(NAMED_MAX).map(Shift::told));
        said.extend(self.share.as_ref().filter(|_| self.kind == "label").map(Share::told));
        let loss = self.loss.filter(|loss| loss.now > loss.before);
        said.extend(loss.map(|loss| format!("loss {:.3} to {:.3}", loss.before, loss.now)));
        said.join(", ")
    }

    /// One sentence, with its numbers.
    pub(super) fn story(&self) -> String {
        let Self { sense, detector, statistic, threshold, ago, advice, .. } = self;
        let slices: Vec<&str> = self.slices.iter().take(NAMED_MAX).map(|slice| slice.rows.as_str()).collect();
        let worst =
            if slices.is_empty() { String::new() } else { format!(", worst where {}", slices.join("; ")) };
        format!(
            "{} noticed on {sense} by {detector} ({statistic:.3} over {threshold:.3}), begun about {ago} ago{worst}: {advice}",
            self.summary()
        )
    }
}

impl Share {
    fn told(&self) -> String {
        let [before, now] = [100.0 * self.before, 100.0 * self.now];
        let how = if self.estimated { " by estimate" } else { "" };
        format!("class {} from {before:.1} to {now:.1} %{how}", self.class)
    }
}

impl Shift {
    fn new(shift: &FeatureShift, schema: &Schema) -> Self {
        Self {
            feature: feature(schema, shift.feature),
            psi: shift.psi,
            psi_p: shift.psi_p,
            ks: shift.ks,
            missing_before: shift.missing_before,
            missing_now: shift.missing_now,
        }
    }

    fn told(&self) -> String {
        let missing = if self.missing_now > self.missing_before + 0.01 {
            format!(", {:.0} % missing", 100.0 * self.missing_now)
        } else {
            String::new()
        };
        format!("{} (PSI {:.2}, KS {:.2}{missing})", self.feature, self.psi, self.ks)
    }
}

impl Slice {
    fn new(slice: &LossSlice, schema: &Schema) -> Self {
        let name = feature(schema, slice.feature);
        let rows = match slice.bin {
            Bin::Missing => format!("{name} is missing"),
            Bin::Category(bin) => format!("{name} is of bucket {bin}"),
            Bin::Between(above, up_to) if above == f32::NEG_INFINITY => format!("{name} <= {up_to}"),
            Bin::Between(above, up_to) if up_to == f32::INFINITY => format!("{name} > {above}"),
            Bin::Between(above, up_to) => format!("{above} < {name} <= {up_to}"),
        };
        Self { rows, loss_before: slice.loss_before, loss_now: slice.loss_now, share: slice.share }
    }
}

fn feature(schema: &Schema, at: usize) -> String {
    schema.features().get(at).map_or(String::new(), |feature| feature.name.clone())
}

fn class(schema: &Schema, at: usize) -> String {
    match schema.target() {
        Target::Classification { classes } => classes.get(at).cloned().unwrap_or_default(),
        Target::Regression => String::new(),
    }
}
