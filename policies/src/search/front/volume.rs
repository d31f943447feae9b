//! Hypervolume: how much of what is of interest a front covers.
//!
//! Lives here: the exact volume by slices (Zitzler's HSO), on as many axes as one likes. Does not live here: the front.

/// Points that are sliced at most on four axes and more, where the work grows with the power of the axes.
const SLICED_MAX: usize = 64;

/// The volume between the points and the reference; a point that is not below it on every axis covers nothing.
///
/// Exact for up to three axes; on more, of many points only an evenly spread part counts, and the result is a lower bound.
///
/// ```
/// use policies::search::front::hypervolume;
///
/// let points = [vec![1.0, 3.0], vec![2.0, 1.0], vec![2.0, 9.0]];
/// assert_eq!(hypervolume(&points, &[4.0, 4.0]), 7.0);
/// ```
pub fn hypervolume(points: &[Vec<f64>], reference: &[f64]) -> f64 {
    let is_inside = |point: &&Vec<f64>| {
        point.len() == reference.len() && point.iter().zip(reference).all(|(value, limit)| value < limit)
    };
    let mut inside: Vec<&[f64]> = points.iter().filter(is_inside).map(Vec::as_slice).collect();
    if reference.len() > 3 && inside.len() > SLICED_MAX {
        inside.sort_by(|a, b| a[0].total_cmp(&b[0]));
        let stride = inside.len().div_ceil(SLICED_MAX);
        inside = inside.into_iter().step_by(stride).collect();
    }
    sliced(inside, reference)
}

/// Cuts along the last axis: between two cuts, the volume of those below on the axes before.
fn sliced(mut points: Vec<&[f64]>, reference: &[f64]) -> f64 {
    let Some(axis) = reference.len().checked_sub(1) else { return 0.0 };
    if axis == 0 {
        let least = points.iter().map(|point| point[0]).fold(reference[0], f64::min);
        return reference[0] - least;
    }
    if axis == 1 {
        return swept(points, reference);
    }
    points.sort_by(|a, b| a[axis].total_cmp(&b[axis]));
    let mut volume = 0.0;
    for count in 1..=points.len() {
        let from = points[count - 1][axis];
        let to = points.get(count).map_or(reference[axis], |next| next[axis]);
        if to > from {
            volume += (to - from) * sliced(points[..count].to_vec(), &reference[..axis]);
        }
    }
    volume
}

/// Two axes: from left to right, each point adds what is lower than all before.
fn swept(mut points: Vec<&[f64]>, reference: &[f64]) -> f64 {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let (mut volume, mut lowest) = (0.0, reference[1]);
    for point in points {
        if point[1] < lowest {
            volume += (reference[0] - point[0]) * (lowest - point[1]);
            lowest = point[1];
        }
    }
    volume
}

#[cfg(test)]
mod tests;
