//! Levels: changes from parents, added up along the lines of descent.
//!
//! Lives here: how examples whose parents differ come to one scale. May not: know of kernels or networks.

use std::collections::BTreeMap;

use model::Genome;

use super::{EXAMPLES_MAX, Example, Moment, Subject};

/// A subject and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Level {
    pub(super) subject: Subject,
    /// For every objective, above the beginning of its line; minus infinity for a failure.
    pub(super) values: Vec<f64>,
    pub(super) moment: Moment,
}

/// The newest examples, oldest first, each at its parent's level plus its change. A parent that no example is about
/// begins a line at zero, and is a level of its own. The order that examples come in does not matter.
pub(super) fn levels(examples: &[Example]) -> Vec<Level> {
    let mut sorted: Vec<&Example> = examples.iter().collect();
    sorted.sort_by(|a, b| {
        (a.moment, &a.child.genome, &a.parent.genome)
            .cmp(&(b.moment, &b.child.genome, &b.parent.genome))
            .then_with(|| compared(&a.changes, &b.changes))
    });
    let objectives = sorted.first().map_or(0, |example| example.changes.len());
    let mut last: BTreeMap<&Genome, Vec<f64>> = BTreeMap::new();
    let mut found: Vec<Level> = Vec::new();
    for example in sorted.into_iter().filter(|example| example.changes.len() == objectives) {
        let Example { child, parent, changes, moment } = example;
        let base = last.entry(&parent.genome).or_insert_with(|| {
            let values = vec![0.0; objectives];
            found.push(Level { subject: parent.clone(), values: values.clone(), moment: *moment });
            values
        });
        // What was made from a failure is known by its own change alone.
        let above = |(base, change): (&f64, &f64)| if base.is_finite() { base + change } else { *change };
        let values: Vec<f64> = base.iter().zip(changes).map(above).collect();
        last.insert(&child.genome, values.clone());
        found.push(Level { subject: child.clone(), values, moment: *moment });
    }
    found.drain(..found.len().saturating_sub(EXAMPLES_MAX));
    found
}

fn compared(a: &[f64], b: &[f64]) -> std::cmp::Ordering {
    let first = a.iter().zip(b).map(|(a, b)| a.total_cmp(b)).find(|order| order.is_ne());
    first.unwrap_or(a.len().cmp(&b.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn example(child: u16, parent: u16, change: f64, at: u64) -> Example {
        let subject = |choice| Subject { genome: Genome(vec![choice]), features: vec![] };
        let moment = Moment { era: 0, at };
        Example { child: subject(child), parent: subject(parent), changes: vec![change], moment }
    }

    fn told(examples: &[Example]) -> Vec<(u16, f64)> {
        levels(examples).iter().map(|level| (level.subject.genome.0[0], level.values[0])).collect()
    }

    #[test]
    fn changes_add_up_along_a_line() {
        let line = [example(1, 0, 0.5, 1), example(2, 1, 0.25, 2), example(3, 0, -1.0, 3)];
        let expected = [(0, 0.0), (1, 0.5), (2, 0.75), (3, -1.0)];
        assert_eq!(told(&line), expected);
        assert_eq!(told(&[line[2].clone(), line[1].clone(), line[0].clone()]), expected, "in any order");
    }

    #[test]
    fn the_last_time_counts_and_a_failure_has_no_level_to_add_to() {
        let line = [example(1, 0, 0.5, 1), example(1, 0, 0.1, 2), example(2, 1, 0.1, 3)];
        assert_eq!(told(&line)[3], (2, 0.2));
        let failed = [example(1, 0, f64::NEG_INFINITY, 1), example(2, 1, 0.3, 2)];
        assert_eq!(told(&failed)[1..], [(1, f64::NEG_INFINITY), (2, 0.3)]);
    }

    #[test]
    fn the_newest_are_kept() {
        let many: Vec<Example> = (0..600).map(|at| example(1, 0, at as f64, at)).collect();
        let kept = told(&many);
        assert_eq!((kept.len(), kept[0], kept[499]), (EXAMPLES_MAX, (1, 100.0), (1, 599.0)));
    }
}
