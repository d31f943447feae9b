//! Recipe: what a mixer makes of answers, as numbers that do not change any more.
//!
//! Lives here: the numbers, for who writes the mixing down elsewhere. Does not live here: mixing itself.

use super::{Mixer, MixingRule};
use crate::cost::Shape;

/// How one rule makes one answer of the members' answers.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Way {
    /// Their mean with these weights, which sum to one.
    Blend(Vec<f32>),
    /// The weighted sum of numbers; or of log probabilities, with what is added to the last classes, and then softmax.
    Stack {
        /// Of each member.
        weights: Vec<f32>,
        /// Of each class that came later.
        late: Vec<f32>,
    },
}

/// How answers of classes are corrected for shares that moved.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Correction {
    /// What each class is multiplied with before all are shared out again.
    pub factors: Vec<f32>,
    /// How far that is believed.
    pub trust: f32,
}

/// What becomes of the answers of several members.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Recipe {
    /// Each rule that takes part, with its share in the answer; the shares sum to one.
    pub ways: Vec<(Way, f32)>,
    /// What happens to the answer in the end.
    pub correction: Option<Correction>,
}

impl Mixer {
    /// What it does with the answers of all members, as long as each of them is finite.
    pub(crate) fn recipe(&self, shape: Shape) -> Recipe {
        let shares = self.shares();
        let way = |(rule, weights): &(MixingRule, Vec<f32>)| match rule {
            MixingRule::Stacked => {
                let (weights, late) = self.stack.numbers();
                Way::Stack { weights: weights.to_vec(), late: late.to_vec() }
            }
            MixingRule::Mean
            | MixingRule::Leader
            | MixingRule::Few
            | MixingRule::Hedge
            | MixingRule::Adaptive
            | MixingRule::Corrected => Way::Blend(shared_out(weights)),
        };
        let parts = if shares.parts.is_empty() { vec![1.0] } else { shared_out(&shares.parts) };
        let factors = if self.corrects(shape) { self.shift.factors(shape.outputs) } else { None };
        Recipe {
            ways: shares.members.iter().map(way).zip(parts).collect(),
            correction: factors.map(|factors| Correction { factors, trust: self.shift.trust() }),
        }
    }
}

fn shared_out(weights: &[f32]) -> Vec<f32> {
    let whole: f32 = weights.iter().sum();
    weights.iter().map(|weight| weight / whole).collect()
}
