//! How often the quality gate errs, and how soon it is sure; looked at after every outcome.

use tests::judge::{Errors, Found, Labels, Losses, Poison, Setting, run, watch};

const ALPHA: f64 = 0.05;
/// Share of challengers that are worse by a point and may be promoted.
const WORSE_MAX: f64 = 0.005;
const LATE: Labels = Labels::Late { events: 2_000 };

fn found(losses: Losses, labels: Labels, block: u64) -> Found {
    run(&Setting { losses, labels, block, challengers: 2_000, outcomes: 10_000, alpha: ALPHA, seed: 7 })
}

#[test]
fn equals_are_promoted_at_most_as_often_as_alpha_says() {
    for labels in [Labels::AtOnce, LATE] {
        let found = found(Losses::EQUAL, labels, 1);
        assert!(found.rate_upper <= ALPHA, "{found:?}");
    }
}

#[test]
fn those_one_point_worse_hardly_ever_are() {
    for labels in [Labels::AtOnce, LATE] {
        let found = found(Losses::ONE_POINT_WORSE, labels, 1);
        assert!(found.rate <= WORSE_MAX, "{found:?}");
    }
}

#[test]
fn where_losses_follow_one_another_one_bet_a_block_keeps_the_promise() {
    for losses in [Losses::Tides { length: 30 }, Losses::Autoregressive { correlation: 0.5 }] {
        let each = found(losses, Labels::AtOnce, 1);
        assert!(each.rate > 2.0 * ALPHA, "this would need no blocks: {each:?}");
        let block = (8.0 * losses.memory()).ceil() as u64;
        let blocks = found(losses, Labels::AtOnce, block);
        assert!(blocks.rate_upper <= ALPHA, "{blocks:?}");
    }
}

#[test]
fn two_points_are_found_within_1300_labels() {
    for labels in [Labels::AtOnce, LATE] {
        let found = found(Losses::TWO_POINTS_BETTER, labels, 1);
        assert!(found.median_outcomes.is_some_and(|median| median <= 1_300), "{found:?}");
        assert!(found.p80_outcomes.is_some_and(|p80| p80 <= 2_100), "{found:?}");
    }
}

#[test]
fn who_is_poisoned_after_its_promotion_is_taken_back_within_300_outcomes() {
    // Two that err independently are the hardest case, and the one in which poison that comes late takes longest.
    for (errors, after) in
        [(Errors::Alike, 0), (Errors::Alike, 500), (Errors::Alike, 1_500), (Errors::Apart, 0)]
    {
        let caught =
            watch(&Poison { errors, after, promotions: 2_000, alpha: ALPHA, outcomes: 2_000, seed: 7 });
        assert!(caught.median_outcomes.is_some_and(|median| median <= 300), "{caught:?}");
        assert!(caught.too_early <= ALPHA && caught.caught >= 0.98, "{caught:?}");
    }
}
