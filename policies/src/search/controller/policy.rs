//! Policy: how likely each edit is, and how that comes to be learned.
//!
//! Lives here: three softmaxes over what one network says of where a search stands, and the slopes of what is likely and of how open the
//! policy is. May not: know what was gained by an edit.

use model::{Genome, SearchSpace};
use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::moves::{Head, Move, Moves};
use crate::search::perceptron::{Adam, Perceptron};

/// Units of the hidden layer.
const HIDDEN: usize = 32;
/// Adam's step size.
const STEP: f64 = 0.01;

/// Where a search stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place<'a> {
    pub(super) space: &'a SearchSpace,
    pub(super) moves: &'a Moves,
    pub(super) genome: &'a Genome,
    /// How far the stream is from calm, 0 to 1.
    pub(super) heat: f64,
}

impl Place<'_> {
    fn input(&self) -> Vec<f64> {
        // Centred, so that a choice that is not made says something too.
        let encoded = self.space.encode(self.genome).into_iter().map(|value| 2.0 * f64::from(value) - 1.0);
        encoded.chain([self.heat]).collect()
    }
}

/// A network with one number for each operator, site and size. One that has learned nothing takes all as likely as another.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Policy {
    network: Perceptron,
    adam: Adam,
}

impl Policy {
    /// Begins anew where the space has other choices than the one that was learned in; says whether.
    pub(super) fn enter(&mut self, space: &SearchSpace, moves: &Moves, rng: &mut Pcg64) -> bool {
        let inputs = space.encode(&space.canonical(&Genome(vec![0; space.genes().len()]))).len() + 1;
        let is_other = self.network.shape() != Some((inputs, moves.outputs()));
        if is_other {
            self.network = Perceptron::drawn(&[inputs, HIDDEN, moves.outputs()], rng).silent();
            self.adam = Adam::new(&self.network);
        }
        is_other
    }

    /// How likely each edit is, of all that are legal.
    pub(super) fn odds(&self, place: &Place<'_>) -> Odds {
        let trace = self.network.trace(&place.input());
        let legal = place.moves.legal(place.space, place.genome);
        let heads: Vec<[Head; 3]> = legal.iter().map(|(edit, _)| place.moves.heads(*edit)).collect();
        let said = trace.last().map_or(&[][..], Vec::as_slice);
        let choices = choices(&heads, said);
        Odds { legal, heads, choices, trace }
    }

    /// One step up the mean of these lessons.
    pub(super) fn learn(&mut self, lessons: &[(Odds, Lesson)]) {
        let mut slopes = self.network.zeros();
        let share = 1.0 / lessons.len().max(1) as f64;
        for (odds, lesson) in lessons {
            let outputs = odds.trace.last().map_or(0, Vec::len);
            let mut error = vec![0.0; outputs];
            odds.add_slopes(lesson, -share, &mut error);
            self.network.add_slopes(&odds.trace, error, &mut slopes);
        }
        self.adam.step(&mut self.network, &slopes, STEP);
    }
}

/// What an edit is to teach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lesson {
    pub(super) edit: Move,
    /// How much more likely it should be; less, below zero.
    pub(super) weight: f64,
    /// How much more open the choices on the way to it should be.
    pub(super) openness: f64,
}

/// One choice among some, of those that exclude one another.
#[derive(Clone, Copy, Debug)]
struct Choice {
    head: Head,
    probability: f64,
}

/// How likely each edit is.
#[derive(Clone, Debug)]
pub(super) struct Odds {
    /// The edits, and where they lead.
    pub(super) legal: Vec<(Move, Genome)>,
    heads: Vec<[Head; 3]>,
    choices: Vec<Choice>,
    trace: Vec<Vec<f64>>,
}

impl Odds {
    fn place_of(&self, edit: Move) -> Option<usize> {
        self.legal.iter().position(|(known, _)| *known == edit)
    }

    fn probability_of(&self, head: &Head) -> f64 {
        let at = self.choices.binary_search_by(|choice| choice.head.cmp(head));
        at.map_or(0.0, |at| self.choices[at].probability)
    }

    fn joint(&self, at: usize) -> f64 {
        self.heads[at].iter().map(|head| self.probability_of(head)).product()
    }

    /// The logarithm of how likely an edit is; none if it is not legal here.
    pub(super) fn log_probability(&self, edit: Move) -> Option<f64> {
        self.place_of(edit).map(|at| self.joint(at).ln())
    }

    /// One of those that are wanted, each as likely as if all were drawn from until one of them comes.
    pub(super) fn draw(&self, wanted: impl Fn(&Genome) -> bool, rng: &mut Pcg64) -> Option<usize> {
        let wanted: Vec<(usize, f64)> = (0..self.legal.len())
            .filter(|at| wanted(&self.legal[*at].1))
            .map(|at| (at, self.joint(at)))
            .collect();
        let mut left = rng.random::<f64>() * wanted.iter().map(|(_, weight)| weight).sum::<f64>();
        for (at, weight) in &wanted {
            left -= weight;
            if left < 0.0 {
                return Some(*at);
            }
        }
        wanted.last().map(|(at, _)| *at)
    }

    /// The mean entropy of the three choices on the way to an edit, as a share of the most there can be: 1 where all is as likely, 0
    /// where nothing else is. Choices without an alternative do not count.
    pub(super) fn openness(&self, edit: Move) -> f64 {
        let Some(at) = self.place_of(edit) else { return 1.0 };
        let (mut sum, mut count) = (0.0, 0.0);
        for head in &self.heads[at] {
            let among = self.among(head.of);
            if among.len() > 1 {
                sum += entropy(among) / (among.len() as f64).ln();
                count += 1.0;
            }
        }
        if count > 0.0 { sum / count } else { 1.0 }
    }

    /// Those that exclude one another.
    fn among(&self, of: usize) -> &[Choice] {
        let first = self.choices.partition_point(|choice| choice.head.of < of);
        let rest = &self.choices[first..];
        &rest[..rest.partition_point(|choice| choice.head.of == of)]
    }

    /// Adds, this many times, how a lesson's worth grows with each number of the policy.
    fn add_slopes(&self, lesson: &Lesson, times: f64, into: &mut [f64]) {
        let Some(at) = self.place_of(lesson.edit) else { return };
        for head in &self.heads[at] {
            let among = self.among(head.of);
            let entropy = entropy(among);
            for choice in among {
                let p = choice.probability;
                let likelier = f64::from(u8::from(choice.head == *head)) - p;
                let opener = if p > 0.0 { -p * (p.ln() + entropy) } else { 0.0 };
                let slope = times * (lesson.weight * likelier + lesson.openness * opener);
                for number in choice.head.numbers {
                    into[number] += slope / choice.head.numbers.len() as f64;
                }
            }
        }
    }
}

fn entropy(among: &[Choice]) -> f64 {
    among.iter().map(|choice| choice.probability).filter(|p| *p > 0.0).map(|p| -p * p.ln()).sum()
}

/// Each choice once, in order, with its probability among those that exclude it.
fn choices(heads: &[[Head; 3]], said: &[f64]) -> Vec<Choice> {
    let mut all: Vec<Head> = heads.iter().flatten().copied().collect();
    all.sort_unstable();
    all.dedup();
    let logit =
        |head: &Head| head.numbers.iter().map(|at| said[*at]).sum::<f64>() / head.numbers.len() as f64;
    let mut choices = Vec::with_capacity(all.len());
    for among in all.chunk_by(|a, b| a.of == b.of) {
        let most = among.iter().map(logit).fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = among.iter().map(|head| (logit(head) - most).exp()).sum();
        choices.extend(
            among.iter().map(|head| Choice { head: *head, probability: (logit(head) - most).exp() / sum }),
        );
    }
    choices
}

#[cfg(test)]
mod tests;
