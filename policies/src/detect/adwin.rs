//! ADWIN: a window over losses that is cut wherever its two halves differ too much.
//!
//! Lives here: ADWIN2 of Bifet and Gavaldà (2007) as MOA computes it: an exponential histogram, so
//! memory grows with the logarithm of the window. A test compares every cut with plain sums over the raw
//! window, another its alarms with river's, which cuts off parts of five and six observations too.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::detect::{Detector, DetectorKind, Drift};

/// Buckets a row; one more, and its two oldest become one bucket of the next row.
const BUCKETS_PER_ROW: usize = 5;
/// Rows of the histogram; beyond about `5 * 2^40` observations the oldest are dropped.
const ROWS_MAX: usize = 40;
/// Cuts are looked for after every so many observations.
const CLOCK: u64 = 32;
/// A window this short or shorter is not cut.
const WINDOW_MIN: u64 = 10;
/// Correction for the length of a part; each part must be longer than this by two.
const PART_MIN: u64 = 5;

/// Observations kept as their sum and their squared distance from their mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Bucket {
    sum: f64,
    squares: f64,
}

/// A place where the window may be cut.
struct Cut {
    /// Observations before it; only tests ask.
    #[cfg_attr(not(test), expect(dead_code, reason = "what a cut is compared by"))]
    older: u64,
    /// The newer part's mean minus the older's.
    difference: f64,
    /// What the size of the difference has to exceed.
    threshold: f64,
}

/// An adaptive window over numbers in 0..=1: grows while they are stationary, is cut when they are not.
///
/// The statistic of its drift is the newer part's mean minus the older's, so it is positive when losses
/// rose; its size exceeded the threshold. A falling loss is a drift too.
///
/// **False alarms.** `delta` bounds the chance of a wrong cut at one look only approximately, so no
/// average run length is promised. Measured at 0.002: beyond a million observations to a false alarm on
/// independent errors of 10 %, but 6,700 and 470 where neighbouring errors correlate by 0.5 and 0.9
/// (docs/detectors.md). Use it to see where a change was, and [`crate::detect::ESr`] to decide.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Adwin {
    delta: f64,
    /// Row `i` holds buckets of `2^i` observations each, oldest first.
    rows: Vec<VecDeque<Bucket>>,
    time: u64,
    width: u64,
    sum: f64,
    squares: f64,
    ignored: u64,
}

impl Adwin {
    /// An empty window; the smaller `delta` (customarily 0.002), the rarer a wrong cut.
    pub fn new(delta: f64) -> Self {
        Self { delta, rows: Vec::new(), time: 0, width: 0, sum: 0.0, squares: 0.0, ignored: 0 }
    }

    /// Observations in the window.
    pub fn width(&self) -> u64 {
        self.width
    }

    /// Mean of the window; zero of an empty one.
    pub fn mean(&self) -> f64 {
        if self.width == 0 { 0.0 } else { self.sum / self.width as f64 }
    }

    /// How many numbers were ignored, not being finite.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    fn insert(&mut self, x: f64) {
        if self.width > 0 {
            self.squares += self.width as f64 * (x - self.mean()).powi(2) / (self.width + 1) as f64;
        }
        self.width += 1;
        self.sum += x;
        if self.rows.is_empty() {
            self.rows.push(VecDeque::new());
        }
        self.rows[0].push_back(Bucket { sum: x, squares: 0.0 });
        self.compress();
    }

    fn compress(&mut self) {
        let mut row = 0;
        while row < self.rows.len() && self.rows[row].len() > BUCKETS_PER_ROW {
            if row + 1 == ROWS_MAX {
                self.drop_oldest();
                return;
            }
            let older = self.rows[row].pop_front().expect("the row has more buckets than it may");
            let newer = self.rows[row].pop_front().expect("the row has more buckets than it may");
            if row + 1 == self.rows.len() {
                self.rows.push(VecDeque::new());
            }
            self.rows[row + 1].push_back(merged(older, newer, size(row)));
            row += 1;
        }
    }

    /// Takes the oldest bucket out of the window.
    fn drop_oldest(&mut self) {
        if self.rows.last_mut().and_then(VecDeque::pop_front).is_none() {
            return;
        }
        while self.rows.last().is_some_and(VecDeque::is_empty) {
            self.rows.pop();
        }
        self.gather();
    }

    /// The window's numbers from its buckets: to take those of a bucket out of sums leaves rounding, of which the root that
    /// a threshold takes is large where what is left hardly varies.
    fn gather(&mut self) {
        (self.width, self.sum, self.squares) = (0, 0.0, 0.0);
        for (row, buckets) in self.rows.iter().enumerate().rev() {
            let count = size(row);
            for bucket in buckets {
                if self.width > 0 {
                    let (older, newer) = (self.width as f64, count as f64);
                    let apart = self.sum / older - bucket.sum / newer;
                    self.squares += older * newer * apart * apart / (older + newer);
                }
                self.squares += bucket.squares;
                self.width += count;
                self.sum += bucket.sum;
            }
        }
    }

    /// The first cut, from the oldest on, whose parts differ too much.
    fn cut(&self) -> Option<Cut> {
        self.cuts().find(|cut| cut.difference.abs() > cut.threshold)
    }

    /// All cuts that leave enough on both sides, from the oldest on.
    fn cuts(&self) -> impl Iterator<Item = Cut> {
        let (mut older, mut older_sum) = (0, 0.0);
        let buckets = self.rows.iter().enumerate().rev();
        let buckets =
            buckets.flat_map(|(row, buckets)| buckets.iter().map(move |bucket| (size(row), bucket.sum)));
        buckets.filter_map(move |(count, sum)| {
            older += count;
            older_sum += sum;
            let newer = self.width - older;
            (older.min(newer) > PART_MIN + 1).then(|| Cut {
                older,
                difference: (self.sum - older_sum) / newer as f64 - older_sum / older as f64,
                threshold: self.threshold(older, newer),
            })
        })
    }

    fn threshold(&self, older: u64, newer: u64) -> f64 {
        let width = self.width as f64;
        let confidence = (2.0 * width.ln() / self.delta).ln();
        let harmonic = 1.0 / (older - PART_MIN + 1) as f64 + 1.0 / (newer - PART_MIN + 1) as f64;
        let variance = self.squares / width;
        (2.0 * harmonic * variance * confidence).sqrt() + 2.0 / 3.0 * confidence * harmonic
    }
}

impl Detector for Adwin {
    type Observation = f64;

    fn observe(&mut self, observation: &f64) -> Option<Drift> {
        if !observation.is_finite() {
            self.ignored += 1;
            return None;
        }
        self.time += 1;
        self.insert(*observation);
        if !self.time.is_multiple_of(CLOCK) || self.width <= WINDOW_MIN {
            return None;
        }
        // The first cut is the one that was reported; those after it only finish the shrinking.
        let first = self.cut()?;
        while self.cut().is_some() {
            self.drop_oldest();
        }
        Some(Drift {
            detector: DetectorKind::Adwin,
            statistic: first.difference,
            threshold: first.threshold,
            ago: self.width,
            features: Vec::new(),
        })
    }

    fn reset(&mut self) {
        *self = Self { ignored: self.ignored, ..Self::new(self.delta) };
    }
}

fn size(row: usize) -> u64 {
    1 << row
}

/// Two buckets of `count` observations each as one.
fn merged(older: Bucket, newer: Bucket, count: u64) -> Bucket {
    let distance = (older.sum - newer.sum) / count as f64;
    let between = distance.powi(2) * count as f64 / 2.0;
    Bucket { sum: older.sum + newer.sum, squares: older.squares + newer.squares + between }
}

#[cfg(test)]
mod tests;
