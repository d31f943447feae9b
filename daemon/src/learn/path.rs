//! Path: how the evidence of a test went, in few enough points to be told.
//!
//! Lives here: thinning. May not: judge.

use serde::{Deserialize, Serialize};

/// Points kept at most; once there are more, every second one is.
const POINTS_MAX: usize = 64;

/// Evidence after some of the outcomes, evenly apart.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidencePath {
    /// Outcomes between two points.
    every: u64,
    points: Vec<Point>,
}

/// The evidence after so many outcomes, as natural logarithms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// Outcomes of the test.
    pub outcomes: u64,
    /// Evidence of gain; none where none is sought.
    #[serde(default)]
    pub log_gain: Option<f64>,
    /// Evidence of harm.
    pub log_harm: f64,
}

impl Default for EvidencePath {
    fn default() -> Self {
        Self { every: 1, points: Vec::new() }
    }
}

impl EvidencePath {
    /// One more outcome.
    pub fn observe(&mut self, point: Point) {
        if !point.outcomes.is_multiple_of(self.every) {
            return;
        }
        self.points.push(point);
        if self.points.len() > POINTS_MAX {
            self.every *= 2;
            self.points.retain(|point| point.outcomes.is_multiple_of(self.every));
        }
    }

    /// The points so far, oldest first.
    pub fn points(&self) -> &[Point] {
        &self.points
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_stays_short_and_spans_the_whole_test() {
        let mut path = EvidencePath::default();
        for outcomes in 1..=10_000 {
            path.observe(Point { outcomes, log_gain: None, log_harm: outcomes as f64 });
            assert!(path.points().len() <= POINTS_MAX);
        }
        let points = path.points();
        assert!(points.len() > POINTS_MAX / 3);
        assert!(points[0].outcomes <= 256 && points[points.len() - 1].outcomes > 9_700);
    }
}
