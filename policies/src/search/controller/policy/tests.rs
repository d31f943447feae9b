//! What is likely, and that slopes are those of small differences.

use proptest::prelude::*;

use super::*;
use crate::search::laws::spaces;
use crate::stats::simulate::generator;

fn taught(space: &SearchSpace, moves: &Moves, seed: u64) -> (Policy, Genome) {
    let mut rng = generator(seed);
    let genome = space.sample(&mut rng);
    let mut policy = Policy::default();
    policy.enter(space, moves, &mut rng);
    for _ in 0..3 {
        let odds = policy.odds(&Place { space, moves, genome: &genome, heat: 0.5 });
        let Some(at) = odds.draw(|_| true, &mut rng) else { break };
        let edit = odds.legal[at].0;
        policy.learn(&[(odds, Lesson { edit, weight: 1.0, openness: 0.1 })]);
    }
    (policy, genome)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn edits_are_the_neighbours_and_their_odds_sum_to_one(space in spaces(), seed in any::<u64>()) {
        let moves = Moves::of(&space);
        let (policy, genome) = taught(&space, &moves, seed);
        let odds = policy.odds(&Place { space: &space, moves: &moves, genome: &genome, heat: 0.5 });
        let edits: Vec<Genome> = odds.legal.iter().map(|(_, child)| child.clone()).collect();
        prop_assert_eq!(&edits, &space.neighbours(&genome));
        if !edits.is_empty() {
            let of = |(edit, _): &(Move, Genome)| odds.log_probability(*edit);
            let sum: f64 = odds.legal.iter().filter_map(of).map(f64::exp).sum();
            prop_assert!((sum - 1.0).abs() < 1e-9, "{}", sum);
        }
    }

    #[test]
    fn a_lesson_goes_up_its_own_slope(
        space in spaces(), seed in any::<u64>(), weight in -2.0..2.0, openness in 0.0..1.0,
    ) {
        let moves = Moves::of(&space);
        let (policy, genome) = taught(&space, &moves, seed);
        let odds = policy.odds(&Place { space: &space, moves: &moves, genome: &genome, heat: 0.5 });
        let Some((edit, _)) = odds.legal.first().cloned() else { return Ok(()) };
        let said = odds.trace.last().expect("a trace has an end").clone();
        let worth = |said: &[f64]| {
            let odds = Odds { choices: choices(&odds.heads, said), ..odds.clone() };
            let entropies: f64 = odds.heads[0].iter().map(|head| entropy(odds.among(head.of))).sum();
            weight * odds.log_probability(edit).expect("it is legal") + openness * entropies
        };
        let mut slopes = vec![0.0; said.len()];
        odds.add_slopes(&Lesson { edit, weight, openness }, 1.0, &mut slopes);
        for (at, told) in slopes.iter().enumerate() {
            let moved = |by: f64| {
                let mut said = said.clone();
                said[at] += by;
                worth(&said)
            };
            let slope = (moved(1e-5) - moved(-1e-5)) / 2e-5;
            prop_assert!((slope - told).abs() < 1e-6, "{} {} {}", at, slope, told);
        }
    }
}
