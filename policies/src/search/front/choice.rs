//! What is served of a front: within the limits, the one that is preferred.
//!
//! Lives here: limits and preferences in the words of whoever runs the service. May not: weigh objectives against each
//! other behind their back.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Front, Objective, Point};

/// A limit that what is served keeps, whatever else there is to be had: "within 2 ms".
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constraint {
    /// Of what.
    pub objective: Objective,
    /// At most so much, in the unit of the objective.
    pub most: f64,
}

/// Which of those within the limits.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Preference {
    /// The one with least: "the most accurate" is the least loss.
    Least(Objective),
    /// The one with least of the second among those whose first is within this share of the best: "the cheapest within
    /// 0.5 % of the best loss".
    Within {
        /// What may be a little worse.
        of: Objective,
        /// By which share of the best there is; 0.005 is 0.5 %.
        share: f64,
        /// What is saved by that.
        least: Objective,
    },
}

/// The point that is served: it violates no limit, and of those that do not it is the preferred. None where every point
/// violates one, or where an objective is asked for that the front does not measure.
///
/// Of equals, the first found.
///
/// ```
/// use policies::search::front::{Axis, Constraint, Front, Objective, Point, Preference, serve};
///
/// let axes = [Objective::Loss, Objective::ComputeTime].map(|objective| Axis { objective, noise: 0.0 });
/// let mut front = Front::new(axes.to_vec(), vec![1.0, 10.0]);
/// for (choice, values) in [(0, [0.10, 5.0]), (1, [0.20, 1.5]), (2, [0.30, 0.5])] {
///     front.insert(Point { network: choice, values: values.to_vec() }, 0);
/// }
/// let within = [Constraint { objective: Objective::ComputeTime, most: 2.0 }];
/// let served = serve(&front, &within, Preference::Least(Objective::Loss)).expect("two are fast enough");
/// assert_eq!(served.network, 1, "the most accurate that answers within 2 ms");
/// ```
pub fn serve<'a, T: Clone + PartialEq>(
    front: &'a Front<T>,
    limits: &[Constraint],
    preference: Preference,
) -> Option<&'a Point<T>> {
    let axis = |objective| front.axes().iter().position(|axis| axis.objective == objective);
    let limits: Vec<(usize, f64)> =
        limits.iter().map(|limit| Some((axis(limit.objective)?, limit.most))).collect::<Option<_>>()?;
    let keeps = |point: &&Point<T>| limits.iter().all(|(axis, most)| point.values[*axis] <= *most);
    let allowed: Vec<&Point<T>> = front.points().iter().filter(keeps).collect();
    match preference {
        Preference::Least(objective) => least(&allowed, axis(objective)?),
        Preference::Within { of, share, least: saved } => {
            let of = axis(of)?;
            let best = least(&allowed, of)?.values[of];
            let near = |point: &&Point<T>| point.values[of] <= best + share.max(0.0) * best.abs();
            let near: Vec<&Point<T>> = allowed.into_iter().filter(near).collect();
            least(&near, axis(saved)?)
        }
    }
}

fn least<'a, T>(points: &[&'a Point<T>], axis: usize) -> Option<&'a Point<T>> {
    points.iter().copied().min_by(|a, b| a.values[axis].total_cmp(&b.values[axis]))
}

/// In the words of [`Preference::WORDS`].
impl FromStr for Preference {
    type Err = NotPreferred;

    fn from_str(text: &str) -> Result<Self, NotPreferred> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let (least, percent) = match words[..] {
            ["most", "accurate"] => return Ok(Self::Least(Objective::Loss)),
            ["fastest", "within", percent, "%"] => (Objective::ComputeTime, percent),
            ["smallest", "within", percent, "%"] => (Objective::Bytes, percent),
            ["most", "robust", "within", percent, "%"] => (Objective::RobustLoss, percent),
            _ => return Err(NotPreferred),
        };
        let share = percent.parse::<f64>().map_err(|_| NotPreferred)? / 100.0;
        if (0.0..=1.0).contains(&share) {
            Ok(Self::Within { of: Objective::Loss, share, least })
        } else {
            Err(NotPreferred)
        }
    }
}

impl Preference {
    /// What may be preferred.
    pub const WORDS: &str = "\"most accurate\", \"fastest within 1 %\", \"smallest within 1 %\" or, with search.robust, \
                             \"most robust within 1 %\" (of the best loss; 0 to 100 %)";

    /// Whether it weighs this objective.
    pub fn asks_for(&self, objective: Objective) -> bool {
        match self {
            Self::Least(least) => *least == objective,
            Self::Within { of, least, .. } => [*of, *least].contains(&objective),
        }
    }
}

/// These words are no preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("give {}", Preference::WORDS)]
pub struct NotPreferred;

impl fmt::Display for Objective {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Loss => "loss",
            Self::ComputeTime => "compute time",
            Self::Bytes => "bytes",
            Self::Energy => "energy",
            Self::RobustLoss => "robust loss",
            Self::FairnessGap => "fairness gap",
        })
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at most {}", self.objective, self.most)
    }
}

impl fmt::Display for Preference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Least(objective) => write!(formatter, "least {objective}"),
            Self::Within { of, share, least } => {
                write!(formatter, "least {least} within {} % of the best {of}", 100.0 * share)
            }
        }
    }
}

#[cfg(test)]
mod tests;
