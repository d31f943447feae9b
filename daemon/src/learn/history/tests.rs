//! Few checkpoints, and yet every trial starts early enough, and never much earlier.

use std::sync::Arc;

use model::growth::WINDOW_ROWS_MAX;
use model::{Architecture, ArmState, Context, Device, Hyper, Mixture, Pool, Said, Shape, Target, Truth};
use proptest::prelude::*;

use super::{GAP_WINDOWS_MAX, History, Recent};

const WINDOW: usize = 20;
const TOP_RUNG: u32 = 9;

fn arm() -> ArmState {
    let shape = Shape::new(1, &Target::Regression);
    let mut pool = Pool::new(shape, &[], &Device::cpu());
    let linear = Mixture::of_one(Architecture::linear(Hyper::default()));
    let arm = pool.start(&linear, 1).expect("a linear learner exists");
    pool.arm_state(&arm).expect("it can be saved")
}

fn feed(history: &mut History, arm: &ArmState, outcomes: u64, delay: u64) {
    for _ in 0..outcomes {
        let row = history.pushed();
        let said = Said { members: Arc::new([]), outputs: Box::new([]) };
        history.push(
            Recent { place: row, truth: Truth::Number(0.0), context: Context::default() },
            said,
            delay,
        );
        if history.window_ends() {
            history.checkpoint(arm.clone());
        }
    }
}

#[test]
fn old_checkpoints_are_few() {
    let (arm, mut history) = (arm(), History::new(WINDOW, TOP_RUNG));
    let mut most = 0;
    for _ in 0..200 {
        feed(&mut history, &arm, WINDOW as u64, 0);
        most = most.max(history.checkpoints.len());
    }
    let all = TOP_RUNG as usize + GAP_WINDOWS_MAX + 1;
    assert!(most <= 9 + TOP_RUNG as usize / 4 && most < all, "{most} of {all}");
}

proptest! {
    #[test]
    fn a_stretch_starts_with_the_gap_and_not_much_before_it(
        outcomes in 1_u64..1_500,
        delay in 0_u64..300,
        windows in 1_usize..=TOP_RUNG as usize,
        swap_at in 0_u64..700,
    ) {
        let (arm, mut history) = (arm(), History::new(WINDOW, TOP_RUNG));
        feed(&mut history, &arm, swap_at.min(outcomes), delay);
        history.forget_checkpoints();
        history.checkpoint(arm.clone());
        feed(&mut history, &arm, outcomes.saturating_sub(swap_at), delay);
        prop_assert!(history.checkpoints.len() <= 9 + TOP_RUNG as usize / 4);

        let reach = history.reach(windows).expect("there is a checkpoint");
        let (rows, score_from) = (reach.outcomes, reach.score_from);
        let from = rows.first().map_or(history.pushed(), |(recent, _)| recent.place);
        let before: Vec<u64> = reach.before.iter().map(|recent| recent.place).collect();
        let expected: Vec<u64> = (from.saturating_sub(WINDOW_ROWS_MAX as u64)..from).collect();
        prop_assert_eq!(before, expected, "the last that were labelled by then");
        let starts = history.checkpoints.iter().map(|(at, _)| *at);
        prop_assert!(starts.clone().any(|at| at == from), "all rows since a checkpoint are remembered");
        let since_swap = outcomes.saturating_sub(swap_at) as usize;
        if since_swap >= windows * WINDOW + history.gap() {
            prop_assert_eq!(rows.len() - score_from, windows * WINDOW, "as many count as were asked for");
            prop_assert!(score_from >= history.gap(), "all of them after the gap");
            prop_assert!(score_from < history.gap() + 5 * WINDOW, "{} rows only teach", score_from);
        }
    }
}
