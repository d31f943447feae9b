//! Relief: which smaller networks could answer a breach, and which of them does.
//!
//! Lives here: the pure choice. Does not live here: training and measuring them.

use model::{Architecture, Cost, Shape};

/// Smaller networks tried at most.
pub const OPTIONS_MAX: usize = 6;

/// A smaller network as measured.
#[derive(Clone, Copy, Debug, PartialEq)]
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

/// Networks below this one, largest first: half as wide again and again, one block less, no block.
pub fn smaller(architecture: &Architecture, shape: Shape) -> Vec<Architecture> {
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
    // The linear one costs least, so it must not fall off the end.
    let linear = found.pop();
    found.truncate(OPTIONS_MAX - 1);
    found.extend(linear);
    found
}

fn halved(architecture: &Architecture) -> Architecture {
    let mut halved = architecture.clone();
    for block in &mut halved.blocks {
        let width = u16::try_from(block.width()).unwrap_or(u16::MAX);
        block.groups = vec![(width / 2).max(8).min(width)];
    }
    halved.canonical()
}
