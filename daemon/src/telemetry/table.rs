//! Table: every metric of the daemon, declared once.
//!
//! Lives here: what a row says, and the order of its stages; the rows themselves are in [`rows`] and [`decided`], the
//! page made of them in [`page`]. May not: count, or register anything.

mod decided;
mod page;
mod rows;

pub use page::page;

/// One metric family.
#[derive(Clone, Debug)]
pub struct Metric {
    /// Its name in a scrape.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// In what it is counted.
    pub unit: Unit,
    /// By what its series are told apart.
    pub labels: Vec<Label>,
    /// When it has series, where that is not from the start.
    pub when: Option<&'static str>,
    /// What it means.
    pub help: &'static str,
}

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Never falls, but for a restart.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Observations, by upper bounds of these.
    Histogram(&'static [f64]),
}

/// In what a metric is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// What the name says: records, rows, models.
    Count,
    /// Seconds.
    Seconds,
    /// Seconds since 1970.
    Timestamp,
    /// Bytes.
    Bytes,
    /// Joules.
    Joules,
    /// A share, 0 to 1.
    Ratio,
    /// A rank correlation, -1 to 1.
    Correlation,
    /// 0 or 1.
    Flag,
    /// A natural logarithm of evidence.
    Nats,
    /// A number that names something.
    Number,
    /// That of the budget or the gate which the label names.
    ItsOwn,
}

/// A label, and what it may say.
#[derive(Clone, Debug)]
pub struct Label {
    /// Its name.
    pub name: &'static str,
    /// Its values.
    pub values: Values,
}

/// The values of a label.
#[derive(Clone, Debug)]
pub enum Values {
    /// These, and all of them are there from the start.
    Each(Vec<&'static str>),
    /// At most so many, which are known later.
    AtMost(usize, &'static str),
}

/// A stage: the metrics that belong to one part of the daemon.
#[derive(Clone, Debug)]
pub struct Stage {
    /// What it is about, as a title.
    pub title: &'static str,
    /// Its metrics.
    pub metrics: Vec<Metric>,
}

/// Every metric, by stage, in the order of the flow.
pub fn stages() -> Vec<Stage> {
    rows::stages()
}

/// Every metric.
pub fn all() -> Vec<Metric> {
    stages().into_iter().flat_map(|stage| stage.metrics).collect()
}

impl Kind {
    /// Its name in the text format.
    pub fn name(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram(_) => "histogram",
        }
    }
}

impl Unit {
    /// As a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Count => "count",
            Self::Seconds => "seconds",
            Self::Timestamp => "seconds since 1970",
            Self::Bytes => "bytes",
            Self::Joules => "joules",
            Self::Ratio => "share, 0 to 1",
            Self::Correlation => "correlation, -1 to 1",
            Self::Flag => "0 or 1",
            Self::Nats => "natural log",
            Self::Number => "number",
            Self::ItsOwn => "its own",
        }
    }

    /// How names of this unit end, before `_total`; nothing where the name says it in another way.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::Seconds => "_seconds",
            Self::Timestamp => "_timestamp_seconds",
            Self::Bytes => "_bytes",
            Self::Joules => "_joules",
            Self::Ratio => "_ratio",
            Self::Correlation => "_tau",
            Self::Count | Self::Flag | Self::Nats | Self::Number | Self::ItsOwn => "",
        }
    }
}

impl Values {
    /// How many there may be.
    pub fn count(&self) -> usize {
        match self {
            Self::Each(values) => values.len(),
            Self::AtMost(most, _) => *most,
        }
    }
}

impl Metric {
    fn new(name: &'static str, kind: Kind, unit: Unit, help: &'static str) -> Self {
        Self { name, kind, unit, labels: Vec::new(), when: None, help }
    }

    /// One series for each of these values, all there from the start.
    fn by(self, label: &'static str, values: &[&'static str]) -> Self {
        self.labelled(label, Values::Each(values.to_vec()))
    }

    /// One series for each value that turns up, at most so many.
    fn by_any(self, label: &'static str, most: usize, what: &'static str) -> Self {
        self.labelled(label, Values::AtMost(most, what))
    }

    fn labelled(mut self, name: &'static str, values: Values) -> Self {
        self.labels.push(Label { name, values });
        self
    }

    /// It has series only then.
    fn when(self, when: &'static str) -> Self {
        Self { when: Some(when), ..self }
    }

    /// The series that it may have, a bucket each counted.
    pub fn series_max(&self) -> usize {
        let of_one = match self.kind {
            Kind::Counter | Kind::Gauge => 1,
            // Buckets, the one without bound, sum and count.
            Kind::Histogram(buckets) => buckets.len() + 3,
        };
        of_one * self.labels.iter().map(|label| label.values.count()).product::<usize>()
    }

    /// The names of its labels.
    pub fn label_names(&self) -> Vec<&'static str> {
        self.labels.iter().map(|label| label.name).collect()
    }

    /// All combinations of label values; none where one of the labels is not known in advance.
    pub fn combinations(&self) -> Vec<Vec<&'static str>> {
        self.labels.iter().fold(vec![Vec::new()], |so_far, label| {
            let Values::Each(values) = &label.values else { return Vec::new() };
            let longer = |start: &Vec<&'static str>| {
                values.iter().map(|value| [start.as_slice(), &[*value]].concat()).collect::<Vec<_>>()
            };
            so_far.iter().flat_map(longer).collect()
        })
    }
}

#[cfg(test)]
mod tests;
