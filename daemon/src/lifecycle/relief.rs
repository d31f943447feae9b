//! Relief: which smaller mixtures could answer a breach, and which of them does.
//!
//! Lives here: what a breach leads to, and the pure choice. Does not live here: training and measuring them.

use model::{Architecture, Cost, Edit, Mixture, Origin, Shape};
use serde::{Deserialize, Serialize};

use super::{Change, Effect, Lifecycle, Rules};

/// Smaller mixtures tried at most.
pub const OPTIONS_MAX: usize = 6;

/// A smaller mixture as measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliefOption {
    /// Whether its upper confidence bounds are under every budget.
    pub fits: bool,
    /// Mean paired loss it costs over recent outcomes; none if its trial failed.
    pub quality_loss: Option<f64>,
}

/// The best of those that fit and cost at most this much.
pub fn choose(options: &[ReliefOption], quality_loss_max: f64) -> Option<usize> {
    options
        .iter()
        .enumerate()
        .filter(|(_, option)| option.fits)
        .filter_map(|(place, option)| option.quality_loss.map(|loss| (place, loss)))
        .filter(|(_, loss)| *loss <= quality_loss_max)
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(place, _)| place)
}

/// Mixtures below this one, largest first: half of the members and half again, those that count most; then
/// the one that counts most by itself, half as wide again and again, one block less, no block.
pub fn smaller(mixture: &Mixture, weights: &[f32], shape: Shape) -> Vec<Edit> {
    let mut by_weight: Vec<usize> = (0..mixture.members.len()).collect();
    by_weight.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let halves = std::iter::successors(Some(by_weight.len() / 2), |kept| Some(kept / 2));
    let mut found: Vec<Edit> =
        halves.take_while(|kept| *kept > 0).map(|kept| Edit::keep(&by_weight[..kept])).collect();
    if let Some(best) = by_weight.first().copied() {
        let alone = |architecture| Edit(vec![Origin::Child { parent: best, architecture }]);
        found.extend(shrunk(&mixture.members[best], shape).into_iter().map(alone));
    }
    let macs = |edit: &Edit| mixture.edited(edit).cost(shape).macs;
    found.sort_by_key(|edit| std::cmp::Reverse(macs(edit)));
    // The smallest one costs least, so it must not fall off the end.
    let last = found.pop();
    found.truncate(OPTIONS_MAX - 1);
    found.extend(last);
    found
}

/// Networks below this one, largest first.
fn shrunk(architecture: &Architecture, shape: Shape) -> Vec<Architecture> {
    let mut found: Vec<Architecture> = Vec::new();
    let depth = architecture.blocks.len();
    for kept in (0..=depth).rev() {
        let mut shorter = architecture.clone();
        shorter.blocks.truncate(kept);
        let mut narrower = shorter.canonical();
        for _ in 0..3 {
            if narrower != architecture.canonical() && !found.contains(&narrower) {
                found.push(narrower.clone());
            }
            narrower = halved(&narrower);
        }
    }
    found.sort_by_key(|option| std::cmp::Reverse(Cost::of(option, shape).macs));
    found
}

fn halved(architecture: &Architecture) -> Architecture {
    let mut halved = architecture.clone();
    halved.committee = (halved.committee / 2).max(1);
    for block in &mut halved.blocks {
        let width = u16::try_from(block.width()).unwrap_or(u16::MAX);
        block.groups = vec![(width / 2).max(8).min(width)];
    }
    halved.canonical()
}

impl Lifecycle {
    pub(super) fn breached(&mut self, rules: &Rules) -> Vec<Effect> {
        if self.relief || !self.champion {
            return Vec::new();
        }
        // What it displaced is there at once, and had kept the budget.
        if self.watch.is_some() {
            return self.roll_back(rules);
        }
        self.relief = true;
        // Its trials would be taken for those of the relief, or the other way round; a breach goes first.
        let mut effects = match self.episode.take() {
            Some(_) => vec![Effect::Closed("a breached budget goes first")],
            None => Vec::new(),
        };
        effects.push(Effect::SeekRelief);
        effects
    }

    pub(super) fn relief_measured(&mut self, options: &[ReliefOption], rules: &Rules) -> Vec<Effect> {
        self.relief = false;
        match choose(options, rules.config.relief.quality_loss_max) {
            Some(chosen) => {
                self.watch = None;
                let mut effects = self.drop_challenger("a smaller network takes over");
                effects.push(Effect::Swap(Change::Relief(chosen)));
                effects
            }
            None => vec![Effect::Alarm(
                "no smaller network is known to fit the budget at the allowed loss; the champion stays"
                    .into(),
            )],
        }
    }
}
