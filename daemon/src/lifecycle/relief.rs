//! Relief: which smaller mixtures could answer a breach, and which of them does.
//!
//! Lives here: what a breach leads to, and the pure choice. Does not live here: training and measuring them.

use model::{Architecture, Cost, Edit, Mixture, Origin, Shape, Slice};
use policies::detect::{Remedy, Resource, Saving};
use policies::gate::{Evidence, Judgement, Thresholds, Verdict};
use serde::{Deserialize, Serialize};

use super::watch::BACKOFF_DOUBLINGS_MAX;
use super::{Cause, Change, Effect, Lifecycle, Rules};

/// Smaller mixtures tried at most.
pub const OPTIONS_MAX: usize = 6;
/// Hundredths of an elastic network that its slices take at most; the smallest one is its linear path.
const CUTS: [u64; 4] = [75, 50, 25, 0];

/// A smaller mixture, and what was found out about it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReliefOption {
    /// What it is, for people.
    pub architecture: String,
    /// What is known of it; none if it could not be trained.
    pub evidence: Option<Evidence>,
    /// What the gates say of that, up to the first that failed.
    pub judgements: Vec<Judgement>,
    /// Mean paired loss it costs over recent outcomes; none if it was not compared.
    pub quality_loss: Option<f64>,
}

impl ReliefOption {
    /// An option, judged on what is known of it.
    pub fn judged(
        architecture: String,
        evidence: Option<Evidence>,
        quality_loss: Option<f64>,
        thresholds: &Thresholds,
    ) -> Self {
        let judgements = evidence.as_ref().map(|evidence| thresholds.judge_relief(evidence));
        Self { architecture, evidence, judgements: judgements.unwrap_or_default(), quality_loss }
    }

    /// The gate that stops it, if one does.
    pub fn stopped_by(&self) -> Option<&Judgement> {
        self.judgements.iter().find(|one| one.binding && one.verdict != Verdict::Pass)
    }

    /// Why it does not take over, where it may cost so much loss; none if it may. A gate that says no comes before the
    /// loss, one that does not know after it: some are not asked where too much is lost anyway.
    pub fn why_not(&self, quality_loss_max: f64) -> Option<String> {
        if self.evidence.is_none() {
            return Some("it could not be trained".into());
        }
        let Some(loss) = self.quality_loss else { return Some("it could not be compared".into()) };
        let within = loss <= quality_loss_max;
        let stopped = self.stopped_by().filter(|stopped| within || stopped.verdict == Verdict::Fail);
        match stopped {
            Some(Judgement { gate, measured, limit, reason, .. }) => {
                Some(format!("gate {}: {reason}, {measured} of {limit}", gate.name()))
            }
            None if within => None,
            None => Some(format!("it costs a loss of {loss:.4}, {quality_loss_max} are allowed")),
        }
    }
}

/// The best of those that pass their gates and cost at most this much.
pub fn choose(options: &[ReliefOption], quality_loss_max: f64) -> Option<usize> {
    options
        .iter()
        .enumerate()
        .filter(|(_, option)| option.why_not(quality_loss_max).is_none())
        .filter_map(|(place, option)| option.quality_loss.map(|loss| (place, loss)))
        .min_by(|(_, a), (_, b)| a.total_cmp(b))
        .map(|(place, _)| place)
}

/// Why none of them takes over, each by its name.
fn refused(options: &[ReliefOption], quality_loss_max: f64) -> String {
    let said = |option: &ReliefOption| {
        let why = option.why_not(quality_loss_max).unwrap_or_default();
        format!("{}: {why}", option.architecture)
    };
    let said: Vec<String> = options.iter().map(said).collect();
    let said = if said.is_empty() { "nothing is smaller".into() } else { said.join("; ") };
    format!("no smaller network answers the breach, and the champion stays. {said}")
}

/// Mixtures that take less of the resource than this one, largest first: half of the members and half again, those that
/// count most; then the one that counts most by itself, half as wide again and again, one block less, no block.
pub fn smaller(mixture: &Mixture, weights: &[f32], shape: Shape, resource: Resource) -> Vec<Edit> {
    let mut by_weight: Vec<usize> = (0..mixture.members.len()).collect();
    by_weight.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]));
    let halves = std::iter::successors(Some(by_weight.len() / 2), |kept| Some(kept / 2));
    let mut found: Vec<Edit> =
        halves.take_while(|kept| *kept > 0).map(|kept| Edit::keep(&by_weight[..kept])).collect();
    if let Some(best) = by_weight.first().copied() {
        let alone = |architecture| Edit(vec![Origin::Child { parent: best, architecture }]);
        found.extend(shrunk(&mixture.members[best], shape).into_iter().map(alone));
    }
    largest_first(found, mixture, shape, resource)
}

/// Mixtures that take less of the resource and are there at once, largest first: with each elastic member cut to a share of
/// itself, and the elastic member that counts most alone, cut alike or not at all.
pub fn slices(mixture: &Mixture, weights: &[f32], shape: Shape, resource: Resource) -> Vec<Edit> {
    let members = &mixture.members;
    let elastic: Vec<usize> = (0..members.len()).filter(|at| members[*at].hyper.elastic).collect();
    let Some(best) = elastic.iter().copied().max_by(|a, b| weights[*a].total_cmp(&weights[*b])) else {
        return Vec::new();
    };
    let cut = |at: usize, share: u64| {
        if elastic.contains(&at) {
            Origin::Child { parent: at, architecture: cut_to(&members[at], share, shape) }
        } else {
            Origin::Kept(at)
        }
    };
    let mut found = vec![Edit::keep(&[best])];
    for share in CUTS {
        found.push(Edit((0..members.len()).map(|at| cut(at, share)).collect()));
        found.push(Edit(vec![cut(best, share)]));
    }
    let mut known = Vec::new();
    found.retain(|edit| {
        let new = !known.contains(edit);
        known.extend(new.then(|| edit.clone()));
        new
    });
    largest_first(found, mixture, shape, resource)
}

/// The largest slice of a network that takes at most so many hundredths of its multiplications, or the smallest one.
fn cut_to(whole: &Architecture, share: u64, shape: Shape) -> Architecture {
    let macs = |of: &Architecture| Cost::of(of, shape).macs;
    let slices: Vec<Architecture> = Slice::all(whole).iter().map(|slice| slice.of(whole)).collect();
    let within = slices.iter().filter(|slice| macs(slice) * 100 <= macs(whole) * share);
    let largest = within.max_by_key(|slice| macs(slice)).or(slices.first());
    largest.cloned().expect("an elastic network in its canonical form has slices")
}

/// Those that take less than this mixture, a few of all sizes.
fn largest_first(mut found: Vec<Edit>, mixture: &Mixture, shape: Shape, resource: Resource) -> Vec<Edit> {
    let takes = |mixture: &Mixture| {
        let cost = mixture.cost(shape);
        match resource {
            Resource::Time => cost.macs,
            Resource::Bytes => cost.bytes,
        }
    };
    found.retain(|edit| takes(&mixture.edited(edit)) < takes(mixture));
    found.sort_by_key(|edit| std::cmp::Reverse(takes(&mixture.edited(edit))));
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

/// Reliefs do not follow one another at once: where the machine is slow, or nothing smaller will do, readings stay over
/// the limit whoever serves, and each relief may cost some quality.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ReliefPause {
    until: u64,
    /// Reliefs in a row that found nothing; each doubles the pause.
    in_vain: u32,
}

impl Lifecycle {
    pub(super) fn breached(&mut self, remedy: Remedy, rules: &Rules) -> Vec<Effect> {
        if self.relief || !self.champion {
            return Vec::new();
        }
        // What it displaced is there at once, and had kept the budget.
        if self.watch.is_some() {
            return self.roll_back(rules);
        }
        match remedy {
            Remedy::Relief(saving) => self.seek_relief(saving),
            Remedy::Search => self.search_instead(rules),
        }
    }

    fn seek_relief(&mut self, saving: Saving) -> Vec<Effect> {
        if self.outcomes < self.relief_pause.until {
            return Vec::new();
        }
        self.relief = true;
        // Its trials would be taken for those of the relief, or the other way round; a breach goes first.
        let mut effects = match self.episode.take() {
            Some(_) => vec![Effect::Closed("a breached budget goes first")],
            None => Vec::new(),
        };
        effects.push(Effect::SeekRelief(saving));
        effects
    }

    /// A smaller network would fail as often: people hear of it, and another network is looked for.
    fn search_instead(&mut self, rules: &Rules) -> Vec<Effect> {
        if self.outcomes < self.search_paused_until {
            return Vec::new();
        }
        self.search_paused_until = self.outcomes.saturating_add(rules.config.search.cooldown_outcomes);
        let text =
            "answers fail more often than is allowed, which no smaller network changes; the champion stays";
        let mut effects = vec![Effect::Alarm(text.into())];
        if self.may_search() && self.cold_search_done && self.outcomes >= self.barren_until {
            effects.extend(self.open(Cause::Breach, rules));
        }
        effects
    }

    pub(super) fn budget_set(&mut self) -> Vec<Effect> {
        self.relief_pause = ReliefPause::default();
        self.search_paused_until = 0;
        Vec::new()
    }

    fn pause_relief(&mut self, found: bool, rules: &Rules) {
        let in_vain = if found { 0 } else { self.relief_pause.in_vain + 1 };
        let doubled = 1 << in_vain.saturating_sub(1).min(BACKOFF_DOUBLINGS_MAX);
        let pause = rules.config.search.cooldown_outcomes.saturating_mul(doubled);
        self.relief_pause = ReliefPause { until: self.outcomes.saturating_add(pause), in_vain };
    }

    pub(super) fn relief_measured(&mut self, options: &[ReliefOption], rules: &Rules) -> Vec<Effect> {
        self.relief = false;
        let chosen = choose(options, rules.config.relief.quality_loss_max);
        self.pause_relief(chosen.is_some(), rules);
        match chosen {
            Some(chosen) => {
                self.watch = None;
                let mut effects = self.drop_challenger("a smaller network takes over");
                effects.push(Effect::Swap(Change::Relief(chosen)));
                effects
            }
            None => vec![Effect::Alarm(refused(options, rules.config.relief.quality_loss_max))],
        }
    }
}
