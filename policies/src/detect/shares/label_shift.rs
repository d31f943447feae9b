//! Label shift: what the answers say of the classes to come, before their labels do.
//!
//! Lives here: black box shift estimation (Lipton, Wang and Smola, ICML 2018), regularised as by Azizzadenesheli et al.
//! (RLLS, ICLR 2019). May not: decide what to do about it.
//!
//! If only the shares of the classes change, and not what rows of one class look like, then what is answered to rows
//! of one class stays as it was, and the shares of the answers are a mixture of known columns: solving for the weights
//! gives the shares of the classes. Whether that "if" holds is asked by [`super::answers`] once labels are there.

use serde::{Deserialize, Serialize};

use crate::detect::features::evidence;
use crate::stats::special::chi_square_tail;

/// Most classes that shares are estimated for: solving takes their third power.
pub const CLASSES_MAX: usize = 256;

/// Counts of answers, by what was answered and what was true. Memory: one counter a pair of classes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Confusion {
    classes: usize,
    /// One row an answer, one column a truth.
    counts: Vec<u64>,
    ignored: u64,
}

impl Confusion {
    /// None yet, of so many classes.
    pub fn new(classes: usize) -> Self {
        Self { classes, counts: vec![0; classes * classes], ignored: 0 }
    }

    /// For a target with more classes: none of the new ones was answered or true so far.
    #[must_use]
    pub fn widened(&self, classes: usize) -> Self {
        let mut wider = Self { ignored: self.ignored, ..Self::new(classes.max(self.classes)) };
        for (row, counts) in self.counts.chunks(self.classes.max(1)).enumerate() {
            wider.counts[row * wider.classes..][..self.classes].copy_from_slice(counts);
        }
        wider
    }

    /// Takes in an outcome; what is no class is ignored and counted.
    pub fn observe(&mut self, decided: u32, truth: u32) {
        let (decided, truth) = (decided as usize, truth as usize);
        if decided.max(truth) >= self.classes {
            self.ignored += 1;
        } else {
            self.counts[decided * self.classes + truth] += 1;
        }
    }

    /// Takes in all outcomes of another one, of as many classes.
    pub fn absorb(&mut self, other: &Self) {
        self.counts.iter_mut().zip(&other.counts).for_each(|(mine, others)| *mine += others);
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Outcomes so far.
    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// Outcomes ignored.
    pub fn ignored(&self) -> u64 {
        self.ignored
    }

    /// How often each class was answered.
    pub fn decided(&self) -> Vec<u64> {
        self.counts.chunks(self.classes.max(1)).map(|row| row.iter().sum()).collect()
    }

    /// How often each class was true.
    pub fn truths(&self) -> Vec<u64> {
        (0..self.classes).map(|truth| self.answers_to(truth).iter().sum()).collect()
    }

    /// How often each class was answered where this one was true.
    pub fn answers_to(&self, truth: usize) -> Vec<u64> {
        (0..self.classes).map(|decided| self.counts[decided * self.classes + truth]).collect()
    }

    /// Share of wrong answers; zero of none.
    pub fn error(&self) -> f64 {
        let right: u64 = (0..self.classes).map(|class| self.counts[class * self.classes + class]).sum();
        (self.total() - right) as f64 / self.total().max(1) as f64
    }
}

/// An estimate of the shares of the classes from the answers alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LabelShift {
    /// Share of each class among the outcomes.
    pub shares_before: Vec<f64>,
    /// Estimated share of each class among the recent rows; they sum to one.
    pub shares_now: Vec<f64>,
    /// What to multiply the odds of each class by: the second by the first. One where a class never came.
    pub weights: Vec<f64>,
    /// Probability of recent answers as unlike those of the outcomes as these or more, if nothing changed: the
    /// chi-square test, for one look. [`super::ShareDrift`] is what may look all the time.
    pub p: f64,
    /// Natural logarithm of the evidence that the answers' shares changed.
    pub log_e: f64,
    /// The smallest singular value of the joint shares of answers and truths. Near zero the answers hardly tell some
    /// classes apart, and the estimate stays near the shares before.
    pub sigma_min: f64,
}

/// Estimates the shares of the classes among recent rows, of which the counts of answers are given.
///
/// The outcomes must be from before the change and the answers those of one and the same model. Minimises the squared
/// distance of `C (1 + theta)` and the answers' shares, plus `(1/n + 1/m) / k` times that of `theta` from zero: the
/// ridge of noise of `n` outcomes and `m` answers over `k` classes where weights differ from one by one. What is left is
/// trusted as far as the answers differ by more than chance (James and Stein, 1961), where RLLS has a constant, and
/// projected onto what shares can be (Duchi et al., 2008). None without outcomes or answers, of other numbers of
/// classes, or of more than [`CLASSES_MAX`].
pub fn label_shift(outcomes: &Confusion, answers: &[u64]) -> Option<LabelShift> {
    let (k, n, m) = (outcomes.classes, outcomes.total() as f64, answers.iter().sum::<u64>() as f64);
    if k == 0 || k > CLASSES_MAX || answers.len() != k || n * m == 0.0 {
        return None;
    }
    let joint: Vec<f64> = outcomes.counts.iter().map(|count| *count as f64 / n).collect();
    let decided = outcomes.decided();
    let moved =
        evidence::shares(answers).into_iter().zip(evidence::shares(&decided)).map(|(now, was)| now - was);
    let moved: Vec<f64> = moved.collect();
    let normal = gram(&joint, k);
    let target: Vec<f64> =
        (0..k).map(|column| (0..k).map(|row| joint[row * k + column] * moved[row]).sum()).collect();
    let ridge = (1.0 / n + 1.0 / m) / k as f64;
    let theta = Cholesky::new(&normal, k, ridge).solve(target);
    let trust = trust(&decided, answers);
    let shares_before = evidence::shares(&outcomes.truths());
    let now = |(share, theta): (&f64, &f64)| share * (1.0 + trust * theta);
    let raw: Vec<f64> = shares_before.iter().zip(&theta).map(now).collect();
    let shares_now = onto_simplex(&raw);
    let weight = |(now, before): (&f64, &f64)| if *before > 0.0 { now / before } else { 1.0 };
    Some(LabelShift {
        weights: shares_now.iter().zip(&shares_before).map(weight).collect(),
        shares_before,
        shares_now,
        p: shares_p(&decided, answers),
        log_e: evidence::log_e(&decided, answers),
        sigma_min: smallest_singular(&normal, k),
    })
}

/// Probability of two rows of counts as unlike each other as these or more, by the two-sample chi-square test.
pub(super) fn shares_p(before: &[u64], now: &[u64]) -> f64 {
    let cells = before.iter().copied().zip(now.iter().copied());
    let (statistic, freedom) = evidence::chi_square(cells);
    chi_square_tail(statistic, freedom)
}

/// How much of a difference is no chance: what chi-square has beyond its degrees of freedom, as a share of it.
fn trust(before: &[u64], now: &[u64]) -> f64 {
    let (statistic, freedom) = evidence::chi_square(before.iter().copied().zip(now.iter().copied()));
    if statistic > 0.0 { (1.0 - f64::from(freedom) / statistic).max(0.0) } else { 0.0 }
}

/// The transpose of a square matrix, given by rows, times itself.
fn gram(matrix: &[f64], k: usize) -> Vec<f64> {
    let mut product = vec![0.0; k * k];
    for row in matrix.chunks(k) {
        for (i, left) in row.iter().enumerate() {
            row.iter().zip(&mut product[i * k..][..k]).for_each(|(right, sum)| *sum += left * right);
        }
    }
    product
}

/// The lower triangle whose product with its transpose is a matrix plus a ridge.
struct Cholesky {
    lower: Vec<f64>,
    k: usize,
}

impl Cholesky {
    fn new(matrix: &[f64], k: usize, ridge: f64) -> Self {
        let mut lower = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                let dot: f64 = (0..j).map(|t| lower[i * k + t] * lower[j * k + t]).sum();
                let diagonal = if i == j { ridge } else { 0.0 };
                let rest = matrix[i * k + j] + diagonal - dot;
                // Rounding may leave less than the ridge of what is at least the ridge.
                lower[i * k + j] = if i == j { rest.max(ridge).sqrt() } else { rest / lower[j * k + j] };
            }
        }
        Self { lower, k }
    }

    fn solve(&self, mut x: Vec<f64>) -> Vec<f64> {
        let (lower, k) = (&self.lower, self.k);
        for i in 0..k {
            let known: f64 = (0..i).map(|j| lower[i * k + j] * x[j]).sum();
            x[i] = (x[i] - known) / lower[i * k + i];
        }
        for i in (0..k).rev() {
            let known: f64 = (i + 1..k).map(|j| lower[j * k + i] * x[j]).sum();
            x[i] = (x[i] - known) / lower[i * k + i];
        }
        x
    }
}

/// The smallest singular value of the matrix whose Gram matrix this is, by inverse iteration.
fn smallest_singular(gram: &[f64], k: usize) -> f64 {
    const STEPS: usize = 30;
    // Far below any singular value that matters, so that a singular matrix has an inverse too.
    const FLOOR: f64 = 1e-12;
    let factors = Cholesky::new(gram, k, FLOOR);
    // Nothing that a class structure would make orthogonal to the answer.
    let mut direction: Vec<f64> = (0..k).map(|at| 1.0 + (at as f64 * 0.754_877_666).fract()).collect();
    let mut value = 0.0;
    for _ in 0..STEPS {
        let length = direction.iter().map(|x| x * x).sum::<f64>().sqrt();
        direction = factors.solve(direction.iter().map(|x| x / length).collect());
        value = 1.0 / direction.iter().map(|x| x * x).sum::<f64>().sqrt();
    }
    (value - FLOOR).max(0.0).sqrt()
}

/// The nearest numbers that are not negative and sum to one (Duchi et al., 2008).
fn onto_simplex(x: &[f64]) -> Vec<f64> {
    let mut sorted = x.to_vec();
    sorted.sort_unstable_by(|a, b| b.total_cmp(a));
    let (mut sum, mut excess) = (0.0, 0.0);
    for (at, value) in sorted.iter().enumerate() {
        sum += value;
        let candidate = (sum - 1.0) / (at + 1) as f64;
        if *value > candidate {
            excess = candidate;
        }
    }
    x.iter().map(|value| (value - excess).max(0.0)).collect()
}

#[cfg(test)]
mod tests;
