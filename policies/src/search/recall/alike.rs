//! Alike: what a genome would have gained in an episode that did not try it.
//!
//! Lives here: by what genomes are compared, and gains of those that are alike. May not: choose.

use std::collections::BTreeMap;

use model::Genome;

use crate::search::Question;
use crate::search::memory::PastEpisode;
use crate::search::predictor::graph::Likeness;
use crate::stats::quantile;

/// What an episode that tried nothing alike is worth, in scores of genomes that are just the same: of no gain.
const BEFOREHAND: f64 = 1.0;

/// By what genomes of earlier episodes are compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecallBy {
    /// A genome gained only where it was tried itself.
    #[default]
    Genome,
    /// Where genomes with graphs like its own were tried, it gained about as much as they did.
    Graph,
}

impl RecallBy {
    /// Names, as in configuration.
    pub const NAMES: [&str; 2] = ["genome", "graph"];

    /// The one of this name; none if there is none.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "genome" => Some(Self::Genome),
            "graph" => Some(Self::Graph),
            _ => None,
        }
    }
}

/// Genomes that were tried, in numbers.
pub(super) struct Alike {
    numbers: BTreeMap<Genome, Vec<f64>>,
    /// The median of their squared distances.
    usual: f64,
}

impl Alike {
    /// Of all members of the space that these episodes tried.
    pub(super) fn new(question: &Question<'_>, episodes: &[&PastEpisode]) -> Self {
        let space = question.space;
        let likeness = Likeness::new(space, &|genome| question.free(genome));
        let tried = episodes.iter().flat_map(|episode| &episode.scores).map(|score| &score.genome);
        let members = tried.filter(|genome| space.contains(genome));
        let numbers: BTreeMap<Genome, Vec<f64>> =
            members.map(|genome| (genome.clone(), likeness.embedding(genome))).collect();
        let all: Vec<&Vec<f64>> = numbers.values().collect();
        let pairs =
            all.iter().enumerate().flat_map(|(at, one)| all[..at].iter().map(|other| apart(one, other)));
        let usual = quantile::value(&pairs.collect::<Vec<f64>>(), 0.5).unwrap_or(0.0);
        Self { numbers, usual }
    }

    /// What it gained there; where it was not tried, the mean of what was, by how near that is. A failure gained nothing.
    pub(super) fn gain(&self, episode: &PastEpisode, genome: &Genome) -> f64 {
        let Some(here) = self.numbers.get(genome) else { return 0.0 };
        if let Some(gain) = episode.gain(genome) {
            return gain;
        }
        let (mut sum, mut weights) = (0.0, BEFOREHAND);
        for score in episode.scores.iter().filter(|score| score.gain.is_finite()) {
            let Some(there) = self.numbers.get(&score.genome) else { continue };
            let weight = (-2.0 * apart(here, there) / self.usual.max(f64::MIN_POSITIVE)).exp();
            sum += weight * score.gain;
            weights += weight;
        }
        sum / weights
    }
}

fn apart(one: &[f64], other: &[f64]) -> f64 {
    one.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum()
}
