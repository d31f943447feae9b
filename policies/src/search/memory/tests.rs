//! Limits hold, later rungs count more, and a portfolio complements.

use model::{Objective, Schema};

use super::*;
use crate::search::laws::grid;
use crate::search::signature::Sketch;

fn signature() -> Signature {
    let target = model::Target::Classification { classes: ["no", "yes"].map(String::from).to_vec() };
    let feature = model::Feature { name: "a".into(), kind: model::FeatureKind::Numeric };
    Sketch::new(&Schema::new(vec![feature], target, Objective::default()).expect("a valid schema"))
        .signature(None)
}

fn score(choice: u16, gain: f64) -> Score {
    Score { genome: Genome(vec![choice]), parent: Genome(vec![0]), gain, cost: 1.0, at: 0 }
}

fn episode(gains: &[(u16, f64)]) -> PastEpisode {
    let mut episode = PastEpisode::new(signature());
    for (choice, gain) in gains {
        episode.note(&score(*choice, *gain));
    }
    episode
}

#[test]
fn it_stays_within_its_limits() {
    let mut memory = Memory::default();
    memory.push(episode(&[]));
    assert_eq!(memory.episodes().len(), 0, "nothing was tried");
    for at in 0..=EPISODES_MAX {
        memory.push(episode(&[(at as u16, 0.1)]));
    }
    assert_eq!(memory.episodes().len(), EPISODES_MAX);
    let oldest = memory.episodes().next().expect("there are some");
    assert_eq!(oldest.scores[0].genome, Genome(vec![1]));

    let gains: Vec<(u16, f64)> = (0..=SCORES_MAX as u16).map(|at| (at, f64::from(at))).collect();
    let full = episode(&gains);
    assert_eq!((full.scores.len(), full.gain(&Genome(vec![0]))), (SCORES_MAX, None), "the worst goes");
}

#[test]
fn a_later_rung_says_more() {
    let episode = episode(&[(1, 0.5), (2, 0.1), (1, -0.2), (3, f64::NAN)]);
    assert_eq!(episode.gain(&Genome(vec![1])), Some(-0.2));
    assert_eq!(episode.gain(&Genome(vec![3])), Some(f64::NEG_INFINITY));
    assert_eq!(episode.scores.len(), 3);
}

#[test]
fn a_portfolio_is_of_those_that_help_where_the_others_do_not() {
    // 1 and 2 are best in the first two, 3 is second best in both and best in the third.
    let episodes =
        [episode(&[(1, 0.3), (3, 0.2), (4, -1.0)]), episode(&[(2, 0.3), (3, 0.2)]), episode(&[(3, 0.1)])];
    let all: Vec<&PastEpisode> = episodes.iter().collect();
    let gain = |episode: &PastEpisode, genome: &Genome| episode.gain(genome).unwrap_or(0.0);
    let of = |count| portfolio(&all, &gain, &grid(1, 9), &Genome(vec![0]), count);
    assert_eq!(of(1), [Genome(vec![3])]);
    assert_eq!(of(5), [3, 1, 2].map(|choice| Genome(vec![choice])), "none that never gained");
    let small = portfolio(&all, &gain, &grid(1, 3), &Genome(vec![1]), 5);
    assert_eq!(small, [Genome(vec![2])], "of the space, and not the parent");
}
