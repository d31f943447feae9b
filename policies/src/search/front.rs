//! The Pareto front: what has been found that nothing else beats on every objective.
//!
//! Lives here: objectives and their noise, dominance, the bounded front and how crowded it is. What is served of it is
//! chosen in [`choice`], how much it covers is measured in [`volume`]. May not: measure an objective.

use serde::{Deserialize, Serialize};

pub mod choice;
pub mod volume;

pub use choice::{Constraint, NotPreferred, Preference, serve};
pub use volume::hypervolume;

/// Points a front keeps at most.
pub const FRONT_MAX: usize = 256;
/// Entries of a front's history at most; of a longer one, every other is kept.
const HISTORY_MAX: usize = 512;

/// What is wanted little of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Objective {
    /// Mean loss on live outcomes, in the unit of the metric.
    Loss,
    /// Time that one answer takes to compute, milliseconds.
    ComputeTime,
    /// Memory of the weights, bytes.
    Bytes,
    /// Energy of one answer, joules.
    Energy,
    /// Mean loss under noise, missing values and attack.
    RobustLoss,
    /// Largest difference of error rates between groups of a declared attribute.
    FairnessGap,
}

/// An objective and how exactly it is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Axis {
    /// What is measured.
    pub objective: Objective,
    /// A difference up to here may be noise, and is none; zero for what is known exactly.
    pub noise: f64,
}

impl Axis {
    fn cell(&self, value: f64) -> f64 {
        if self.noise > 0.0 { (value / self.noise).floor() } else { value }
    }

    fn same(&self, one: f64, other: f64) -> bool {
        self.cell(one).total_cmp(&self.cell(other)).is_eq()
    }
}

/// One network that was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point<T> {
    /// Which: what it is known by, such as its genome.
    pub network: T,
    /// What was measured, an axis each, in the order of the front's; less is better.
    pub values: Vec<f64>,
}

/// Whether a point is nowhere worse than another, and somewhere better; differences within the noise of an axis count
/// only where they cross a border of its grid.
///
/// The grid of Laumanns et al. (2002), a noise wide: because of it dominance stays transitive, and no circle of points
/// that are each a little worse on another axis removes itself.
///
/// ```
/// use policies::search::front::{Axis, Objective, dominates};
///
/// let axes = [(Objective::Loss, 0.01), (Objective::Bytes, 0.0)].map(|(objective, noise)| Axis { objective, noise });
/// assert!(dominates(&axes, &[0.203, 90.0], &[0.201, 100.0]), "the loss is the same but for noise");
/// assert!(!dominates(&axes, &[0.201, 100.0], &[0.208, 100.0]));
/// assert!(!dominates(&axes, &[0.201, 100.0], &[0.253, 90.0]));
/// ```
pub fn dominates(axes: &[Axis], one: &[f64], other: &[f64]) -> bool {
    let cells = || {
        axes.iter()
            .zip(one.iter().zip(other))
            .map(|(axis, (one, other))| (axis.cell(*one), axis.cell(*other)))
    };
    cells().all(|(one, other)| one <= other) && cells().any(|(one, other)| one < other)
}

/// The points that no other dominates, few enough, and how the volume that they cover has grown.
///
/// ```
/// use policies::search::front::{Axis, Front, Objective, Point};
///
/// let axes = [Objective::Loss, Objective::Bytes].map(|objective| Axis { objective, noise: 0.0 });
/// let mut front = Front::new(axes.to_vec(), vec![1.0, 8.0]);
/// let point = |choice, values: [f64; 2]| Point { network: choice, values: values.to_vec() };
/// assert!(front.insert(point(0, [0.5, 4.0]), 100));
/// assert!(!front.insert(point(1, [0.6, 6.0]), 200), "worse in everything");
/// assert!(front.insert(point(2, [0.25, 6.0]), 300));
/// assert_eq!(front.points().len(), 2);
/// assert_eq!(front.history(), [(100, 2.0), (300, 2.5)]);
/// assert_eq!(front.share(), 2.5 / 8.0);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Front<T> {
    axes: Vec<Axis>,
    reference: Vec<f64>,
    points: Vec<Point<T>>,
    history: Vec<(u64, f64)>,
}

impl<T: Clone + PartialEq> Front<T> {
    /// Nothing found yet; volume is measured up to the reference, a value an axis, worse than what is of interest.
    ///
    /// # Panics
    ///
    /// If there is not one reference value an axis.
    pub fn new(axes: Vec<Axis>, reference: Vec<f64>) -> Self {
        assert_eq!(axes.len(), reference.len(), "one reference value an axis");
        Self { axes, reference, points: Vec::new(), history: Vec::new() }
    }

    /// Its axes.
    pub fn axes(&self) -> &[Axis] {
        &self.axes
    }

    /// Its points, in the order in which they came.
    pub fn points(&self) -> &[Point<T>] {
        &self.points
    }

    /// When it changed, and the volume it covered from then on.
    pub fn history(&self) -> &[(u64, f64)] {
        &self.history
    }

    /// The share of the volume up to the reference that the front covers.
    pub fn share(&self) -> f64 {
        let whole: f64 = self.reference.iter().product();
        self.history.last().map_or(0.0, |(_, volume)| volume / whole)
    }

    /// Whether the point is on the front now. One of the same network is replaced: it was measured anew.
    ///
    /// A point with a value that is missing or not finite is refused, and one that a point of the front dominates or is
    /// the same as but for noise.
    pub fn insert(&mut self, point: Point<T>, now: u64) -> bool {
        if point.values.len() != self.axes.len() || !point.values.iter().all(|value| value.is_finite()) {
            return false;
        }
        let before = self.points.len();
        self.points.retain(|other| other.network != point.network);
        let is_known = self.points.len() < before;
        let axes = &self.axes;
        let is_beaten = |other: &Point<T>| {
            dominates(axes, &other.values, &point.values) || same(axes, &other.values, &point.values)
        };
        let is_in = !self.points.iter().any(is_beaten);
        if is_in {
            self.points.retain(|other| !dominates(axes, &point.values, &other.values));
            let network = point.network.clone();
            self.points.push(point);
            self.thin();
            self.record(now);
            return self.points.iter().any(|other| other.network == network);
        }
        if is_known {
            self.record(now);
        }
        false
    }

    /// Forgets everything: what was measured before a drift says little.
    pub fn reset(&mut self) {
        self.points.clear();
        self.history.clear();
    }

    /// Drops the most crowded point where there are too many; never the best of an axis.
    fn thin(&mut self) {
        if self.points.len() > FRONT_MAX {
            let values: Vec<&[f64]> = self.points.iter().map(|point| point.values.as_slice()).collect();
            let crowding = crowding(&values);
            let most = (0..crowding.len()).min_by(|a, b| crowding[*a].total_cmp(&crowding[*b]));
            self.points.remove(most.expect("there are points"));
        }
    }

    fn record(&mut self, now: u64) {
        let values: Vec<Vec<f64>> = self.points.iter().map(|point| point.values.clone()).collect();
        self.history.push((now, hypervolume(&values, &self.reference)));
        if self.history.len() > HISTORY_MAX {
            let mut is_kept = false;
            self.history.retain(|_| {
                is_kept = !is_kept;
                is_kept
            });
        }
    }
}

/// Whether two points are the same but for noise.
fn same(axes: &[Axis], one: &[f64], other: &[f64]) -> bool {
    axes.iter().zip(one.iter().zip(other)).all(|(axis, (one, other))| axis.same(*one, *other))
}

/// How far each point's neighbours are apart, summed over axes as shares of their range; infinite at the ends
/// (Deb et al. 2002).
pub fn crowding(values: &[&[f64]]) -> Vec<f64> {
    let mut distances = vec![0.0; values.len()];
    let axes = values.first().map_or(0, |first| first.len());
    for axis in 0..axes {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|a, b| values[*a][axis].total_cmp(&values[*b][axis]));
        let (first, last) = (order[0], order[order.len() - 1]);
        let range = values[last][axis] - values[first][axis];
        distances[first] = f64::INFINITY;
        distances[last] = f64::INFINITY;
        for place in 1..order.len().saturating_sub(1) {
            let apart = values[order[place + 1]][axis] - values[order[place - 1]][axis];
            distances[order[place]] += if range > 0.0 { apart / range } else { 0.0 };
        }
    }
    distances
}

#[cfg(test)]
mod tests;
