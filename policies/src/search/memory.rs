//! Memory: what earlier episodes tried, and on what kind of stream.
//!
//! Lives here: the bounded archive of episodes, those nearest to a stream of now, and how much each is to be believed. May not:
//! propose (that is [`super::recall`]), keep networks (the daemon does).

use std::collections::VecDeque;

use model::{Genome, SearchSpace};
use serde::{Deserialize, Serialize};

use super::Score;
use super::signature::Signature;

/// Episodes that are remembered; the oldest goes first.
pub const EPISODES_MAX: usize = 64;
/// Scores of one episode; the worst goes first.
pub const SCORES_MAX: usize = 32;

/// One episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PastEpisode {
    /// The stream when it opened.
    pub signature: Signature,
    /// What was tried, each genome once, with its last gain and its cost.
    pub scores: Vec<Score>,
}

impl PastEpisode {
    /// Nothing tried yet.
    pub fn new(signature: Signature) -> Self {
        Self { signature, scores: Vec::new() }
    }

    /// What became of a genome: a later rung says more than an earlier one.
    pub fn note(&mut self, score: &Score) {
        let gain = if score.gain.is_nan() { f64::NEG_INFINITY } else { score.gain };
        self.scores.retain(|known| known.genome != score.genome);
        self.scores.push(Score { gain, ..score.clone() });
        if self.scores.len() > SCORES_MAX
            && let Some(worst) =
                (0..self.scores.len()).min_by(|a, b| self.scores[*a].gain.total_cmp(&self.scores[*b].gain))
        {
            self.scores.remove(worst);
        }
    }

    /// The gain of a genome; none if it was not tried.
    pub fn gain(&self, genome: &Genome) -> Option<f64> {
        self.scores.iter().find(|score| score.genome == *genome).map(|score| score.gain)
    }
}

/// The episodes, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Memory {
    episodes: VecDeque<PastEpisode>,
}

impl Memory {
    /// One more; one in which nothing was tried teaches nothing.
    pub fn push(&mut self, episode: PastEpisode) {
        if episode.scores.is_empty() {
            return;
        }
        if self.episodes.len() == EPISODES_MAX {
            self.episodes.pop_front();
        }
        self.episodes.push_back(episode);
    }

    /// All of them, oldest first.
    pub fn episodes(&self) -> impl ExactSizeIterator<Item = &PastEpisode> {
        self.episodes.iter()
    }

    /// The episodes whose streams were nearest to this one, nearest first, the newer of equals.
    pub fn nearest(&self, signature: &Signature, count: usize) -> Vec<&PastEpisode> {
        let mut by_distance: Vec<(f64, &PastEpisode)> = self
            .episodes
            .iter()
            .rev()
            .map(|episode| (signature.distance(&episode.signature), episode))
            .collect();
        by_distance.sort_by(|a, b| a.0.total_cmp(&b.0));
        by_distance.into_iter().take(count).map(|(_, episode)| episode).collect()
    }
}

/// A portfolio of genomes that did well in these episodes: greedily, the one that adds most to what the best of the
/// portfolio would have gained in each (a submodular sum, so greedy is within `1 - 1/e` of the best choice: Nemhauser,
/// Wolsey and Fisher, 1978). Only members of the space, none that never gained, none twice. What a genome gained, or would
/// have gained, in an episode is for others to say.
pub fn portfolio(
    episodes: &[&PastEpisode],
    gain: &dyn Fn(&PastEpisode, &Genome) -> f64,
    space: &SearchSpace,
    parent: &Genome,
    count: usize,
) -> Vec<Genome> {
    let mut chosen: Vec<Genome> = Vec::new();
    let mut reached = vec![0.0_f64; episodes.len()];
    while chosen.len() < count {
        let adds = |genome: &Genome| -> f64 {
            let of = |(episode, reached): (&&PastEpisode, &f64)| (gain(episode, genome) - reached).max(0.0);
            episodes.iter().zip(&reached).map(of).sum()
        };
        let open = |genome: &&Genome| {
            space.contains(genome)
                && space.canonical(genome) == **genome
                && *genome != parent
                && !chosen.contains(*genome)
        };
        let tried = episodes.iter().flat_map(|episode| episode.scores.iter().map(|score| &score.genome));
        let mut best: Option<(f64, &Genome)> = None;
        for genome in tried.filter(open) {
            let added = adds(genome);
            // The first of equals is of the nearest episode.
            if added > best.map_or(0.0, |(most, _)| most) {
                best = Some((added, genome));
            }
        }
        let Some((_, genome)) = best else { break };
        let genome = genome.clone();
        for (reached, episode) in reached.iter_mut().zip(episodes) {
            *reached = reached.max(gain(episode, &genome));
        }
        chosen.push(genome);
    }
    chosen
}

#[cfg(test)]
mod tests;
