//! Conditionals: what rows of each class look like, one feature at a time.
//!
//! Lives here: counts of bins by class, of this era and of a few before it. They answer two questions about rows that
//! changed: would it be enough that classes come in other shares, and has it been like this before? May not: find a change.

use std::collections::VecDeque;

use model::{Feature, Row, Schema};
use serde::{Deserialize, Serialize};

use crate::detect::features::WARMUP_ROWS_MAX;
use crate::detect::features::binning::Binning;

/// Counters there may be; with more features, bins and classes than that nothing is counted.
const CELLS_MAX: usize = 1 << 18;
/// Eras that are remembered.
const ERAS_MAX: usize = 4;
/// Rows of a block.
const BLOCK: u32 = 50;
/// Blocks that are recent.
const BLOCKS_MAX: usize = 10;
/// Fewest rows that say something.
const ROWS_MIN: u32 = 50;
/// Outcomes of an era worth remembering: what is noticed shortly after a change is of the same one.
const ERA_MIN: u32 = 1_000;
/// A feature has moved if its chi-square a row is so much beyond chance.
const MOVED_MIN: f64 = 0.03;
/// Rows and classes differ from an era if half the sum of differences of their shares is so large.
const APART_MIN: f64 = 0.05;
/// It has been like this if it is nearer to an earlier era than to this one by this factor; chi-square goes by its square.
const NEARER: f64 = 0.6;

/// Counts of bins: of one class after the other, in each of one feature after the other.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Counts {
    cells: Vec<u32>,
    rows: u32,
}

impl Counts {
    fn none(cells: usize) -> Self {
        Self { cells: vec![0; cells], rows: 0 }
    }
}

/// Blocks of recent rows, newest last; the last one fills.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Blocks(VecDeque<Counts>);

impl Blocks {
    /// The block that fills, and one that is recent no more.
    fn filling(&mut self, cells: usize) -> (&mut Counts, Option<Counts>) {
        let mut old = None;
        if self.0.back().is_none_or(|block| block.rows == BLOCK) {
            if self.0.len() == BLOCKS_MAX {
                old = self.0.pop_front();
            }
            self.0.push_back(Counts::none(cells));
        }
        (self.0.back_mut().expect("one was put there"), old)
    }

    /// The last rows of those since a change that began so many ago: the newer half, for a change is dated roughly, and
    /// as many as say something.
    fn last(&self, ago: u64) -> Option<Counts> {
        let rows = ago / 2;
        let mut newest = self.0.iter().rev();
        let mut sum = newest.next()?.clone();
        for block in newest {
            if u64::from(sum.rows) >= rows.max(ROWS_MIN.into()) {
                break;
            }
            add(&mut sum, block);
        }
        (sum.rows >= ROWS_MIN).then_some(sum)
    }
}

/// Class-conditional sketches of the rows.
///
/// **Memory.** 512 rows at first; then at most a quarter of a million counters, fifteen times.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Conditionals {
    features: Vec<Feature>,
    classes: usize,
    warmup: Vec<Row>,
    /// Of each feature, and where its bins begin.
    binnings: Vec<(Binning, usize)>,
    bins: usize,
    /// Of this era, by class, before the recent blocks.
    era: Counts,
    labelled: Blocks,
    events: Blocks,
    eras: VecDeque<Counts>,
}

impl Conditionals {
    /// Of rows of this schema in so many classes; a target that is a number is one class.
    pub fn new(schema: &Schema) -> Self {
        let target = schema.target();
        Self {
            features: schema.features().to_vec(),
            classes: if target.is_classification() { target.outputs() } else { 1 },
            warmup: Vec::new(),
            binnings: Vec::new(),
            bins: 0,
            era: Counts::default(),
            labelled: Blocks::default(),
            events: Blocks::default(),
            eras: VecDeque::new(),
        }
    }

    /// An event came.
    pub fn event(&mut self, row: &Row) {
        if row.values().len() != self.features.len() {
            return;
        }
        if self.binnings.is_empty() {
            return self.learn_bins(row);
        }
        count(&self.binnings, row, 0, self.events.filling(self.bins).0);
    }

    /// An outcome of this class came.
    pub fn outcome(&mut self, row: &Row, class: usize) {
        if self.binnings.is_empty() || class >= self.classes || row.values().len() != self.features.len() {
            return;
        }
        let (block, old) = self.labelled.filling(self.era.cells.len());
        count(&self.binnings, row, class * self.bins, block);
        if let Some(old) = old {
            add(&mut self.era, &old);
        }
    }

    /// From now on rows are of another era.
    pub fn turn_of_era(&mut self) {
        let cells = self.era.cells.len();
        let ended = std::mem::replace(&mut self.era, Counts::none(cells));
        if ended.rows >= ERA_MIN {
            self.eras.push_back(ended);
        }
        if self.eras.len() > ERAS_MAX {
            self.eras.pop_front();
        }
        (self.labelled, self.events) = (Blocks::default(), Blocks::default());
    }

    /// How much of what changed in the features since so many events is explained by classes coming in these shares, 0 to
    /// 1; none where too little is known, or no feature has changed.
    pub fn explained(&self, shares: &[f64], ago: u64) -> Option<f64> {
        let now = self.events.last(ago)?;
        let (moved, left) = self.moved(&now, |at| self.mixture(&self.era, at, Some(shares)))?;
        (moved > 0.0).then(|| (1.0 - left / moved).max(0.0))
    }

    /// Whether rows since so many events are as they were in an earlier era rather than in this one.
    pub fn rows_recur(&self, ago: u64) -> bool {
        let Some(now) = self.events.last(ago) else { return false };
        let from = |era| self.moved(&now, |at| self.mixture(era, at, None));
        self.eras.iter().filter_map(from).any(|(moved, left)| moved > 0.0 && left <= NEARER * NEARER * moved)
    }

    /// Whether rows and their classes since so many outcomes are as they were in an earlier era rather than in this one.
    pub fn outcomes_recur(&self, ago: u64) -> bool {
        let Some(now) = self.labelled.last(ago) else { return false };
        let from_this = self.apart(&now, &self.era);
        let from_earlier = self.eras.iter().filter_map(|era| self.apart(&now, era));
        match (from_this, from_earlier.min_by(f64::total_cmp)) {
            (Some(this), Some(earlier)) => this >= APART_MIN && earlier <= NEARER * this,
            _ => false,
        }
    }

    /// How far the features that moved are from this era, and from what is expected of each, in chi-square a row.
    fn moved(&self, now: &Counts, expected: impl Fn(usize) -> Option<Vec<f64>>) -> Option<(f64, f64)> {
        let (mut moved, mut left) = (0.0, 0.0);
        for (at, (binning, begin)) in self.binnings.iter().enumerate() {
            let cells = &now.cells[*begin..begin + binning.bins()];
            let shares: Vec<f64> = cells.iter().map(|count| share(*count, now.rows)).collect();
            let (before, expected) = (self.mixture(&self.era, at, None)?, expected(at)?);
            let from_before = excess(&before, &shares, now.rows);
            // Three standard deviations of chi-square.
            let by_chance = 3.0 * (2.0 * shares.len() as f64).sqrt() / f64::from(now.rows.max(1));
            if from_before >= MOVED_MIN + by_chance {
                moved += from_before;
                left += excess(&expected, &shares, now.rows);
            }
        }
        Some((moved, left))
    }

    fn learn_bins(&mut self, row: &Row) {
        self.warmup.push(row.clone());
        if self.warmup.len() < WARMUP_ROWS_MAX {
            return;
        }
        let rows = std::mem::take(&mut self.warmup);
        let (mut binnings, mut begin) = (Vec::with_capacity(self.features.len()), 0);
        for (at, feature) in self.features.iter().enumerate() {
            let binning = Binning::new(feature.kind, rows.iter().map(|row| row.values()[at]));
            let bins = binning.bins();
            binnings.push((binning, begin));
            begin += bins;
        }
        let cells = begin * self.classes;
        if cells > CELLS_MAX {
            return;
        }
        (self.binnings, self.bins) = (binnings, begin);
        self.era = Counts::none(cells);
    }

    /// Shares of a feature's bins in an era, its classes in the shares they had or in those given.
    fn mixture(&self, era: &Counts, feature: usize, shares: Option<&[f64]>) -> Option<Vec<f64>> {
        let (binning, begin) = &self.binnings[feature];
        let mut mixed = vec![0.0; binning.bins()];
        for class in 0..self.classes {
            let from = class * self.bins + begin;
            let cells = &era.cells[from..from + binning.bins()];
            let rows: u32 = cells.iter().sum();
            let weight = match shares {
                None => share(rows, era.rows),
                Some(shares) => *shares.get(class)?,
            };
            for (mixed, count) in mixed.iter_mut().zip(cells) {
                *mixed += weight * share(*count, rows);
            }
        }
        (era.rows >= ROWS_MIN).then_some(mixed)
    }

    /// Mean distance over features of the shares of bins and classes.
    fn apart(&self, a: &Counts, b: &Counts) -> Option<f64> {
        if b.rows < ROWS_MIN || self.binnings.is_empty() {
            return None;
        }
        let cells = a.cells.iter().zip(&b.cells);
        let sum: f64 = cells.map(|(x, y)| (share(*x, a.rows) - share(*y, b.rows)).abs()).sum();
        Some(sum / 2.0 / self.binnings.len() as f64)
    }
}

fn count(binnings: &[(Binning, usize)], row: &Row, offset: usize, counts: &mut Counts) {
    for ((binning, begin), value) in binnings.iter().zip(row.values()) {
        counts.cells[offset + begin + binning.bin(*value)] += 1;
    }
    counts.rows += 1;
}

fn add(to: &mut Counts, from: &Counts) {
    to.cells.iter_mut().zip(&from.cells).for_each(|(to, from)| *to = to.saturating_add(*from));
    to.rows = to.rows.saturating_add(from.rows);
}

fn share(count: u32, of: u32) -> f64 {
    f64::from(count) / f64::from(of.max(1))
}

/// By how much chi-square a row exceeds what chance makes of it, where so many rows are compared with what is expected.
fn excess(expected: &[f64], found: &[f64], rows: u32) -> f64 {
    let least = 0.5 / f64::from(rows.max(1));
    let terms =
        expected.iter().zip(found).map(|(expected, found)| (found - expected).powi(2) / expected.max(least));
    let used = expected.iter().zip(found).filter(|(expected, found)| **expected + **found > 0.0).count();
    (terms.sum::<f64>() - used.saturating_sub(1) as f64 / f64::from(rows.max(1))).max(0.0)
}
