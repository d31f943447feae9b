//! Climber: how a candidate did on a rung, and who goes on.
//!
//! Lives here: asking the scheduler, and whoever costs less where nobody won. Does not live here: the trials.

use policies::search::best_cheaper;

use super::Rules;

/// How a candidate did on a rung.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Climber {
    /// Mean paired gain over the control; none where its trial failed.
    pub gain: Option<f64>,
    /// Whether it costs less, and may therefore be a little worse.
    pub may_cost_quality: bool,
}

/// Places of those who go on from this rung, best first.
pub(super) fn survivors(climbers: &[Climber], rung: usize, rules: &Rules) -> Vec<usize> {
    let gains: Vec<Option<f64>> = climbers.iter().map(|climber| climber.gain).collect();
    let mut survivors = rules.scheduler.advance(rung, &gains);
    if survivors.is_empty() {
        let cheaper: Vec<bool> = climbers.iter().map(|climber| climber.may_cost_quality).collect();
        survivors.extend(best_cheaper(&gains, &cheaper, rules.config.gate.non_inferiority_margin));
    }
    survivors
}
