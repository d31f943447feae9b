//! Placement: which member of a mixture a new one comes from, and whose place it takes.
//!
//! Lives here: the pure choice, and which members may have to give way. Does not live here: what the new member is (that is the proposer's), whether
//! it stays (that is the gates').

use model::{Architecture, Edit};

/// Where the next children go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Position of the member they inherit from.
    pub parent: usize,
    /// Position of the member they replace; none if there is room.
    pub replaces: Option<usize>,
}

/// Which members stand, given those the mixture began with: each of these stands once. One that was tried and is
/// just like it does not.
pub fn standing(members: &[Architecture], began_with: &[Architecture]) -> Vec<bool> {
    let mut left: Vec<&Architecture> = began_with.iter().collect();
    let takes = |member: &Architecture| {
        let found = left.iter().position(|start| *start == member);
        found.map(|at| left.swap_remove(at)).is_some()
    };
    members.iter().map(takes).collect()
}

/// Children come from the member that counts most. Where there is no room for one more, they take the place of
/// the one that counts least and does not stand. Members that stand are those the mixture began with: they differ
/// in what matters most, and one that counts for nothing today is what the next drift asks for. Only where all
/// stand, one of them gives way.
pub fn placement(weights: &[f32], stands: &[bool], members_max: usize) -> Placement {
    let by_weight = |(_, a): &(usize, &f32), (_, b): &(usize, &f32)| a.total_cmp(b);
    let heaviest = weights.iter().enumerate().max_by(by_weight);
    let free = |(at, _): &(usize, &f32)| !stands.get(*at).copied().unwrap_or(false);
    let weighed = || weights.iter().enumerate();
    let lightest = weighed().filter(free).min_by(by_weight).or_else(|| weighed().min_by(by_weight));
    Placement {
        parent: heaviest.map_or(0, |(at, _)| at),
        replaces: lightest.map(|(at, _)| at).filter(|_| weights.len() >= members_max),
    }
}

/// What a mixture may let go of to cost less: the one that counts least and does not stand, the one that counts
/// least of all, and the half that counts least. None of a mixture of one.
pub fn lighter(weights: &[f32], stands: &[bool]) -> Vec<Edit> {
    let mut by_weight: Vec<usize> = (0..weights.len()).collect();
    by_weight.sort_by(|a, b| weights[*a].total_cmp(&weights[*b]));
    let stands = |at: &usize| stands.get(*at).copied().unwrap_or(false);
    let free = by_weight.iter().copied().find(|at| !stands(at)).into_iter().collect::<Vec<_>>();
    let mut edits: Vec<Edit> = Vec::new();
    for gone in [&free, &by_weight[..weights.len().min(1)], &by_weight[..weights.len() / 2]] {
        let kept: Vec<usize> = (0..weights.len()).filter(|at| !gone.contains(at)).collect();
        let edit = Edit::keep(&kept);
        if !gone.is_empty() && !kept.is_empty() && !edits.contains(&edit) {
            edits.push(edit);
        }
    }
    edits
}

impl Placement {
    /// The edit by which a child that costs less takes the place of the member it comes from.
    pub fn shrink(self, members: usize, child: Architecture) -> Edit {
        Edit::replace(members, self.parent, self.parent, child)
    }

    /// The edit of a mixture of this many members by which the child takes its place.
    pub fn edit(self, members: usize, child: Architecture) -> Edit {
        match self.replaces {
            None => Edit::add(members, self.parent, child),
            Some(place) => Edit::replace(members, place, self.parent, child),
        }
    }
}

#[cfg(test)]
mod tests {
    use model::{Hyper, MixingRule, Mixture};

    use super::*;

    #[test]
    fn each_member_of_the_beginning_stands_once() {
        let member = |step_size| Architecture::linear(Hyper { step_size, ..Hyper::default() });
        let began_with = [member(0.1), member(0.2), member(0.2)];
        let of = |steps: &[f32]| {
            standing(&steps.iter().map(|step| member(*step)).collect::<Vec<_>>(), &began_with)
        };
        assert_eq!(of(&[0.2, 0.1, 0.3, 0.1]), [true, true, false, false]);
        assert_eq!(of(&[0.2, 0.2, 0.2]), [true, true, false]);
        assert_eq!(of(&[]), [false; 0]);
    }

    #[test]
    fn what_counts_least_may_go() {
        let kept = |weights: &[f32], stands: &[bool]| lighter(weights, stands);
        let weights = [0.1, 0.5, 0.2, 0.2];
        let three = [Edit::keep(&[0, 1, 3]), Edit::keep(&[1, 2, 3]), Edit::keep(&[1, 3])];
        assert_eq!(kept(&weights, &[true, true, false, true]), three);
        assert_eq!(kept(&weights, &[false; 4]), three[1..], "each once");
        assert_eq!(kept(&weights, &[true; 4]), three[1..]);
        assert_eq!(kept(&[0.9, 0.1], &[false, true]), [Edit::keep(&[1]), Edit::keep(&[0])]);
        assert!(kept(&[1.0], &[false]).is_empty() && kept(&[], &[]).is_empty());
    }

    #[test]
    fn a_child_of_the_heaviest_takes_the_room_or_the_place_of_the_lightest() {
        let member = |step_size| Architecture::linear(Hyper { step_size, ..Hyper::default() });
        let mixture =
            Mixture { members: vec![member(0.1), member(0.2), member(0.3)], rule: MixingRule::Hedge };
        let weights = [0.3, 0.6, 0.1];
        let steps = |members_max: usize, stands: [bool; 3]| -> Vec<f32> {
            let place = placement(&weights, &stands, members_max);
            assert_eq!(place.parent, 1);
            let edited = mixture.edited(&place.edit(3, member(0.9)));
            edited.members.iter().map(|member| member.hyper.step_size).collect()
        };
        assert_eq!(steps(4, [true; 3]), [0.1, 0.2, 0.3, 0.9]);
        assert_eq!(steps(3, [false; 3]), [0.1, 0.2, 0.9]);
        assert_eq!(steps(1, [true; 3]), [0.1, 0.2, 0.9], "all stand, so one gives way");
        assert_eq!(steps(3, [false, true, true]), [0.9, 0.2, 0.3], "those that stand stay");
    }
}
