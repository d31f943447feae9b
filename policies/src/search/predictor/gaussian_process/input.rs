//! Input: what a genome is to a kernel.
//!
//! Lives here: genes, tallies and features as numbers whose squared distance, or that they differ at all, is about one on
//! average between two random subjects. May not: know of parameters.
//!
//! A tally says how often a choice is made, wherever: where several unordered genes offer the same choices, what is chosen often matters
//! beside where. It is the Weisfeiler-Lehman kernel of depth zero (Ru et al. 2021, NASBOWL), for spaces that know of no graph.

use std::f64::consts::SQRT_2;

use model::{Gene, SearchSpace};

use crate::search::predictor::scores::Scores;
use crate::search::predictor::{Moment, Subject};

/// A choice of more has too many to count: each is made hardly ever, and costs a parameter.
const TALLIED_MAX: u16 = 16;

/// What a subject is to the kernel.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Input {
    /// The choice of each gene, in its unit.
    pub(super) genes: Vec<f64>,
    /// Zero-cost features, then tallies.
    pub(super) features: Vec<f64>,
    pub(super) moment: Moment,
}

/// How subjects become inputs.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Encoder {
    /// Of each gene, what one step is worth; none if it is unordered.
    steps: Vec<Option<f64>>,
    features: Vec<Scores>,
    tallied: Vec<Tallied>,
}

/// Unordered genes that offer the same choices.
#[derive(Clone, Debug, PartialEq)]
struct Tallied {
    genes: Vec<usize>,
    choices: u16,
}

impl Encoder {
    /// By the genes of the space, and by the ranks of so many features of these.
    pub(super) fn new<'a>(
        space: &SearchSpace,
        subjects: &(impl Iterator<Item = &'a Subject> + Clone),
        features: usize,
    ) -> Self {
        // The mean square distance of two uniform choices among n is (n² - 1) / 6.
        let step = |gene: &Gene| {
            let choices = gene.choices.len().max(2) as f64;
            gene.ordered.then(|| (6.0 / (choices * choices - 1.0)).sqrt())
        };
        let known = |at: usize| subjects.clone().filter_map(move |subject| subject.features.get(at).copied());
        let ranked = |at| Scores::of(&known(at).filter(|value| value.is_finite()).collect::<Vec<_>>());
        Self {
            steps: space.genes().iter().map(step).collect(),
            features: (0..features).map(ranked).collect(),
            tallied: tallied(space),
        }
    }

    /// Whether each gene is ordered.
    pub(super) fn ordered(&self) -> impl Iterator<Item = bool> + '_ {
        self.steps.iter().map(Option::is_some)
    }

    /// Features and tallies of an input.
    pub(super) fn features(&self) -> usize {
        self.features.len() + self.tallied.iter().map(|tallied| usize::from(tallied.choices)).sum::<usize>()
    }

    pub(super) fn input(&self, subject: &Subject, moment: Moment) -> Input {
        let choices = &subject.genome.0;
        // Half the mean square distance of two standard normal numbers is one. What is not known is middling.
        let feature = |(at, scores): (usize, &Scores)| {
            let known = subject.features.get(at).filter(|value| value.is_finite());
            known.map_or(0.0, |value| scores.score(*value) / SQRT_2)
        };
        let features = self.features.iter().enumerate().map(feature);
        let in_units = |(choice, step): (&u16, &Option<f64>)| f64::from(*choice) * step.unwrap_or(1.0);
        Input {
            genes: choices.iter().zip(&self.steps).map(in_units).collect(),
            features: features
                .chain(self.tallied.iter().flat_map(|tallied| tallied.counts(choices)))
                .collect(),
            moment,
        }
    }
}

impl Tallied {
    /// How many genes make each choice, over the deviation of the difference of two random counts.
    fn counts(&self, choices: &[u16]) -> impl Iterator<Item = f64> {
        let share = 1.0 / f64::from(self.choices);
        let unit = (2.0 * self.genes.len() as f64 * share * (1.0 - share)).sqrt().max(1.0);
        let count = |choice| self.genes.iter().filter(|gene| choices[**gene] == choice).count();
        (0..self.choices).map(move |choice| count(choice) as f64 / unit)
    }
}

/// Genes that offer the same choices, where there are several; ordered ones are alike by distance already.
fn tallied(space: &SearchSpace) -> Vec<Tallied> {
    let genes = space.genes();
    let mut groups: Vec<Tallied> = Vec::new();
    for (at, gene) in genes.iter().enumerate().filter(|(_, gene)| !gene.ordered) {
        match groups.iter_mut().find(|group| genes[group.genes[0]].choices == gene.choices) {
            Some(group) => group.genes.push(at),
            None => groups.push(Tallied { genes: vec![at], choices: gene.choices.len() as u16 }),
        }
    }
    groups.retain(|group| group.genes.len() > 1 && group.choices <= TALLIED_MAX);
    groups
}

#[cfg(test)]
mod tests {
    use model::Genome;

    use super::*;

    #[test]
    fn what_is_offered_more_than_once_is_counted_wherever_it_is_chosen() {
        let gene = |names: &[&str], ordered| Gene {
            name: String::new(),
            choices: names.iter().map(ToString::to_string).collect(),
            ordered,
            active_if: None,
        };
        let (op, width) = (gene(&["skip", "conv"], false), gene(&["8", "16", "32"], true));
        let alone = gene(&["a", "b"], false);
        let space = SearchSpace::new(vec![op.clone(), width.clone(), op.clone(), alone, op, width])
            .expect("the genes are independent");
        let encoder = Encoder::new(&space, &std::iter::empty(), 0);
        assert_eq!(encoder.features(), 2);
        let of = |choices: [u16; 6]| {
            let subject = Subject { genome: Genome(choices.to_vec()), features: vec![] };
            encoder.input(&subject, Moment::default())
        };
        let unit = (2.0 * 3.0 * 0.25_f64).sqrt();
        assert_eq!(of([1, 2, 0, 1, 0, 0]).features, [2.0 / unit, 1.0 / unit]);
        assert_eq!(of([0, 0, 0, 1, 1, 2]).features, [2.0 / unit, 1.0 / unit]);
        assert!((of([0, 2, 0, 1, 0, 0]).genes[1] - 2.0 * (6.0 / 8.0_f64).sqrt()).abs() < 1e-12);
    }
}
