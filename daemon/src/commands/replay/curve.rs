//! Curve: how often the champion and its frozen copy erred, along the stream.
//!
//! Lives here: means over stretches of rows, of which there are never more than a plot can show. May not: score.

use model::Truth;
use serde::Serialize;

use super::Answered;

/// Points at most; then every two become one.
const POINTS_MAX: usize = 512;

/// Means over a stretch of rows.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Rows of the stretch.
    pub rows: u64,
    /// Share of the champion's errors; of numbers, the mean distance.
    pub champion_error: f64,
    /// The same of the first champion, frozen.
    pub static_error: f64,
}

/// The whole stream, in stretches of the same length but for the last.
#[derive(Debug, Default)]
pub struct Curve {
    points: Vec<Point>,
    /// A stretch was a row at first, and has become twice as long so often.
    doublings: u32,
}

impl Curve {
    /// One more row.
    pub fn push(&mut self, answered: &Answered) {
        let error = |said| error(answered.truth, said);
        let row =
            Point { rows: 1, champion_error: error(answered.champion), static_error: error(answered.first) };
        match self.points.last_mut().filter(|last| last.rows < 1 << self.doublings) {
            Some(last) => *last = last.and(row),
            None => self.points.push(row),
        }
        if self.points.len() > POINTS_MAX {
            self.points =
                self.points.chunks(2).map(|two| two[1..].iter().fold(two[0], |a, b| a.and(*b))).collect();
            self.doublings += 1;
        }
    }

    /// From the first row to the last.
    pub fn points(&self) -> &[Point] {
        &self.points
    }
}

impl Point {
    fn and(self, other: Self) -> Self {
        let rows = self.rows + other.rows;
        let mean = |a: f64, b: f64| (a * self.rows as f64 + b * other.rows as f64) / rows as f64;
        Self {
            rows,
            champion_error: mean(self.champion_error, other.champion_error),
            static_error: mean(self.static_error, other.static_error),
        }
    }
}

fn error(truth: Truth, said: Truth) -> f64 {
    match (truth, said) {
        (Truth::Number(truth), Truth::Number(said)) => f64::from((truth - said).abs()),
        (truth, said) => f64::from(u8::from(truth != said)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_row_is_lost_and_no_plot_overflows() {
        let mut curve = Curve::default();
        for row in 0..10_000_u32 {
            let first = Truth::Class(u32::from(row >= 5_120));
            curve.push(&Answered { truth: Truth::Class(0), champion: Truth::Class(row % 2), first });
        }
        let points = curve.points();
        assert!(points.len() <= POINTS_MAX && points.iter().map(|point| point.rows).sum::<u64>() == 10_000);
        assert!(
            points.iter().all(|point| (point.champion_error - 0.5).abs() < 1e-9),
            "every stretch is even"
        );
        let erred: f64 = points.iter().map(|point| point.static_error * point.rows as f64).sum();
        assert!((erred - 4_880.0).abs() < 1e-6, "{erred}");
        let ends =
            [points.first(), points.last()].map(|end| end.map(|point| point.static_error.round() as i64));
        assert_eq!(ends, [Some(0), Some(1)]);
    }

    #[test]
    fn numbers_err_by_their_distance() {
        assert!((error(Truth::Number(1.0), Truth::Number(-0.5)) - 1.5).abs() < 1e-9);
    }
}
