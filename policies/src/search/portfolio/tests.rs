//! Who gains is asked more, a drift makes all equal, and a member's snapshot is the portfolio's.

use super::*;
use crate::search::laws::grid;
use crate::stats::simulate::generator;

/// Two arms that cannot be told apart but by what becomes of what they ask for.
fn twins() -> Portfolio {
    Portfolio::of(vec![AnyProposer::Random(Random), AnyProposer::Random(Random)])
}

/// Asks for one at a time, of which only those of the first arm gain.
fn shares(portfolio: &mut Portfolio, rounds: usize, rng: &mut Pcg64) -> usize {
    let (space, parent) = (grid(4, 5), Genome(vec![0; 4]));
    let mut of_first = 0;
    for _ in 0..rounds {
        for genome in portfolio.ask(&Question::new(&space, &parent, 1), rng) {
            let first = portfolio.asked.iter().any(|(asked, arm)| *asked == genome && *arm == 0);
            of_first += usize::from(first);
            let gain = if first { 1.0 } else { -1.0 };
            portfolio.tell(&Score { genome, parent: parent.clone(), gain, cost: 1.0, at: 0 });
        }
    }
    of_first
}

#[test]
fn its_members_have_their_names() {
    let portfolio = Portfolio::default();
    assert!(portfolio.asked().map(|(name, _)| name).eq(Portfolio::NAMES));
}

#[test]
fn who_gains_is_asked_more_until_a_drift_makes_all_equal() {
    let (mut portfolio, mut rng) = (twins(), generator(1));
    shares(&mut portfolio, 40, &mut rng);
    let share = shares(&mut portfolio, 100, &mut rng);
    assert!(share > 80, "{share}");
    let (space, parent) = (grid(4, 5), Genome(vec![0; 4]));
    portfolio.ask(&Question { drift: Some(0), ..Question::new(&space, &parent, 1) }, &mut rng);
    assert!(portfolio.arms.iter().all(|arm| arm.won + arm.lost < 1e-9));
}

#[test]
fn a_gain_counts_by_what_it_costs() {
    let mut portfolio = twins();
    let score = |gain, cost| Score { genome: Genome(vec![0]), parent: Genome(vec![1]), gain, cost, at: 0 };
    assert!((portfolio.worth(&score(1.0, 1.0)) - 1.0).abs() < 1e-12);
    assert!((portfolio.worth(&score(1.0, 4.0)) - 0.25 / DISCOUNT).abs() < 1e-12);
    for nothing in [-1.0, f64::NAN, f64::NEG_INFINITY] {
        assert!(portfolio.worth(&score(nothing, 1.0)).abs() < 1e-12);
    }
}

#[test]
fn what_is_never_scored_is_forgotten() {
    let (space, parent, mut portfolio, mut rng) = (grid(4, 5), Genome(vec![0; 4]), twins(), generator(2));
    for _ in 0..100 {
        portfolio.ask(&Question::new(&space, &parent, 8), &mut rng);
    }
    assert_eq!(portfolio.asked.len(), ASKED_MAX);
}
