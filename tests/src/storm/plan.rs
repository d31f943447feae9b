//! Plan: what is done to the slot, in which order, and so what may serve when.
//!
//! Lives here: the order, from a seed. May not: do it.

use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// One change of what is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// A new model, with this generation, after the watch of the one before has ended or not.
    Promote { generation: u64, watch_ended: bool },
    /// A model whose files are damaged.
    Damaged { generation: u64 },
    /// A model whose answers are not finite.
    Insane { generation: u64 },
    /// The displaced model serves again.
    RollBack,
}

/// Steps, and which generation serves after how many of them.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    steps: Vec<Step>,
    serving: Vec<u64>,
}

impl Plan {
    /// So many steps: a tenth refused, a twentieth rollbacks, each of them directly after a promotion.
    pub(super) fn new(swaps: u64, seed: u64) -> Self {
        let mut rng = Pcg64::seed_from_u64(seed);
        let (refused, rollbacks) = (swaps / 10, swaps / 20);
        let promotions = swaps - refused - rollbacks;
        // A promotion is a number from one: whether it is taken back.
        let mut kinds: Vec<Option<bool>> = (0..refused).map(|_| None).collect();
        kinds.extend((0..promotions).map(|number| Some(number < rollbacks)));
        kinds.shuffle(&mut rng);
        let mut plan = Self { steps: Vec::with_capacity(swaps as usize), serving: vec![1] };
        for (kind, generation) in kinds.into_iter().zip(2..) {
            match kind {
                None if rng.random() => plan.push(Step::Damaged { generation }),
                None => plan.push(Step::Insane { generation }),
                Some(taken_back) => {
                    plan.push(Step::Promote { generation, watch_ended: rng.random() });
                    if taken_back {
                        plan.push(Step::RollBack);
                    }
                }
            }
        }
        plan
    }

    fn push(&mut self, step: Step) {
        let serving = self.serving[self.serving.len() - 1];
        self.serving.push(match step {
            Step::Promote { generation, .. } => generation,
            Step::Damaged { .. } | Step::Insane { .. } => serving,
            // It comes directly after the promotion that it takes back.
            Step::RollBack => self.serving[self.serving.len() - 2],
        });
        self.steps.push(step);
    }

    pub(super) fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The generation that serves after so many steps.
    pub(super) fn serving(&self) -> &[u64] {
        &self.serving
    }
}
