//! Practice: what a policy learns from what became of its edits.
//!
//! Lives here: the proximal objective over recent attempts, imitation of the best, and what keeps the policy open. May not: draw
//! edits, or say what one was worth.

use std::collections::VecDeque;

use model::SearchSpace;

use super::moves::{Move, Moves};
use super::policy::{Lesson, Odds, Place, Policy};
use super::{Attempt, Origin};

/// Steps for what was told since the last time.
const STEPS: u32 = 4;
/// The newest attempts, from which steps are made: those from before the last time are replayed, their steps bounded as all are.
const REPLAYED: usize = 32;
/// How far from what it was when it was drawn the likelihood of an edit is moved by its own advantage (PPO).
const CLIP: f64 = 0.2;
/// How much less an attempt counts for each that came after it.
const DISCOUNT: f64 = 0.99;
/// Attempts that are imitated, the best there are; what is better than usual only.
const BEST: usize = 10;
/// What to imitate one of them counts beside an advantage of one.
const IMITATION: f64 = 0.5;
/// What openness counts, and where a choice is less open than a share of what it could be.
const OPENNESS: f64 = 0.01;
const OPENNESS_MIN: f64 = 0.3;
const OPENNESS_BELOW: f64 = 0.5;

/// Learns from these attempts, oldest first.
pub(super) fn practise(
    policy: &mut Policy,
    attempts: &VecDeque<Attempt>,
    space: &SearchSpace,
    moves: &Moves,
) {
    let scored: Vec<(&Attempt, f64)> = attempts
        .iter()
        .rev()
        .filter(|attempt| space.contains(&attempt.genome))
        .filter_map(|attempt| Some((attempt, attempt.advantage?)))
        .collect();
    let mut best: Vec<(&Attempt, f64)> = scored.iter().copied().filter(|(_, worth)| *worth > 0.0).collect();
    best.sort_by(|a, b| b.1.total_cmp(&a.1));
    best.truncate(BEST);
    for _ in 0..STEPS {
        let mut lessons = Vec::new();
        for (age, (attempt, advantage)) in scored.iter().take(REPLAYED).enumerate() {
            let share = DISCOUNT.powf(age as f64);
            if let Origin::Drawn(steps) = &attempt.origin {
                for step in steps {
                    let place = Place { space, moves, genome: &step.from, heat: attempt.heat };
                    let odds = policy.odds(&place);
                    let Some(now) = odds.log_probability(step.edit) else { continue };
                    let weight = share * proximal(*advantage, (now - step.log_probability).exp());
                    lessons.push(lesson(odds, step.edit, weight));
                }
            }
        }
        for (attempt, _) in &best {
            for (odds, edit) in ways(policy, attempt, space, moves) {
                lessons.push(lesson(odds, edit, IMITATION));
            }
        }
        policy.learn(&lessons);
    }
}

/// How a proximal objective grows with the logarithm of a likelihood: not at all beyond the clip.
fn proximal(advantage: f64, ratio: f64) -> f64 {
    let beyond = if advantage > 0.0 { ratio > 1.0 + CLIP } else { ratio < 1.0 - CLIP };
    if beyond { 0.0 } else { advantage * ratio }
}

fn lesson(odds: Odds, edit: Move, weight: f64) -> (Odds, Lesson) {
    let openness = if odds.openness(edit) < OPENNESS_MIN { OPENNESS_BELOW } else { OPENNESS };
    (odds, Lesson { edit, weight, openness })
}

/// The edits that lead to a genome; of one that somebody else asked for, where one edit does.
fn ways(policy: &Policy, attempt: &Attempt, space: &SearchSpace, moves: &Moves) -> Vec<(Odds, Move)> {
    let place = |genome| Place { space, moves, genome, heat: attempt.heat };
    match &attempt.origin {
        Origin::Drawn(steps) => {
            steps.iter().map(|step| (policy.odds(&place(&step.from)), step.edit)).collect()
        }
        Origin::Told(parent) if space.contains(parent) => {
            let odds = policy.odds(&place(parent));
            let edit = odds.legal.iter().find(|(_, child)| *child == attempt.genome).map(|(edit, _)| *edit);
            edit.map(|edit| (odds, edit)).into_iter().collect()
        }
        Origin::Told(_) => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_is_moved_by_its_own_worth_only_so_far() {
        assert!((proximal(2.0, 1.1) - 2.2).abs() < 1e-12 && (proximal(-1.0, 0.9) + 0.9).abs() < 1e-12);
        assert!(proximal(2.0, 1.3).abs() < 1e-12 && proximal(-1.0, 0.7).abs() < 1e-12);
        // What has gone the wrong way is always taken back.
        assert!(proximal(2.0, 0.1) > 0.0 && proximal(-1.0, 9.0) < 0.0);
    }
}
