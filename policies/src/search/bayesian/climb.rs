//! Climb: from the most promising of a pool to what is more promising still.
//!
//! Lives here: steepest ascent by single edits. A pool of bounded size holds few of a large space, and seldom its most
//! promising; that is a few edits away. May not: say what is promising.

use std::collections::BTreeSet;

use model::{Genome, SearchSpace};

/// Edits of one climb, at most.
pub const CLIMB_MAX: usize = 10;

/// Where a climb may go: to members that were neither tried nor chosen.
#[derive(Debug)]
pub(super) struct Hills<'a> {
    pub(super) space: &'a SearchSpace,
    pub(super) leave_out: BTreeSet<Genome>,
}

impl Hills<'_> {
    /// The top of the hill that this genome of this height lies on, or what is reached of it.
    pub(super) fn climbed(
        &self,
        from: Genome,
        height: f64,
        heights: impl Fn(&[Genome]) -> Vec<f64>,
    ) -> Genome {
        let mut here = (height, from);
        for _ in 0..CLIMB_MAX {
            let mut around = self.space.neighbours(&here.1);
            around.retain(|genome| !self.leave_out.contains(genome));
            let known = heights(&around).into_iter().zip(around);
            match known.max_by(|a, b| a.0.total_cmp(&b.0)) {
                Some(next) if next.0 > here.0 => here = next,
                _ => break,
            }
        }
        here.1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::search::laws::grid;

    fn heights(genomes: &[Genome]) -> Vec<f64> {
        let height = |genome: &Genome| genome.0.iter().map(|choice| f64::from(*choice)).sum();
        genomes.iter().map(height).collect()
    }

    fn climbed(leave_out: &[u16], edge: usize) -> Genome {
        let space = grid(2, edge);
        let leave_out = leave_out.iter().map(|choice| Genome(vec![*choice; 2])).collect();
        Hills { space: &space, leave_out }.climbed(Genome(vec![0; 2]), 0.0, heights)
    }

    #[test]
    fn it_goes_to_the_top_and_no_further_than_its_limit() {
        assert_eq!(climbed(&[], 4).0, [3, 3]);
        assert_eq!(climbed(&[], 40).0.iter().sum::<u16>(), CLIMB_MAX as u16);
    }

    #[test]
    fn what_was_tried_is_no_step() {
        let beside = climbed(&[3], 4);
        assert_eq!(beside.0.iter().sum::<u16>(), 5, "one short of the top: {beside:?}");
    }
}
