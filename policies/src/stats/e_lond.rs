//! A lifetime of tests: which level each may be decided at, and how many false discoveries that allows.
//!
//! Lives here: one level for all, or e-LOND (Xu and Ramdas, "Online multiple testing with e-values", 2024), and the sum
//! of the levels spent. May not: test.
//!
//! With one level `alpha` for each, every test errs with probability at most `alpha`, and among many discoveries of
//! many tests the false ones add up. e-LOND keeps the *share* of false discoveries among all, in expectation, at most
//! `alpha` over the whole life, whatever depends on what: test `t` is decided at `alpha / (t (t + 1)) (D + 1)`, where
//! `D` counts the discoveries before it. It asks for more the longer nothing was discovered: after ten tests without a
//! discovery, for a hundred times the evidence.

use serde::{Deserialize, Serialize};

/// How the level of the next test follows from the tests before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlphaRule {
    /// The same for each: bounds the chance of each false discovery.
    #[default]
    Each,
    /// e-LOND: bounds the share of false ones among all discoveries.
    ELond,
}

/// The tests so far.
///
/// ```
/// use policies::stats::{AlphaRule, Tests};
///
/// let mut tests = Tests::new(AlphaRule::ELond, 0.05);
/// let level = tests.begin();
/// assert!((level - 0.025).abs() < 1e-12, "half of it for the first");
/// tests.discovered();
/// assert!((tests.level() - 0.05 / 6.0 * 2.0).abs() < 1e-12, "a discovery is worth a level");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tests {
    rule: AlphaRule,
    alpha: f64,
    begun: u64,
    discoveries: u64,
    spent: f64,
}

impl Tests {
    /// None yet. `alpha` is clamped to 0..=1, and what is no number is 0: no test then discovers anything.
    pub fn new(rule: AlphaRule, alpha: f64) -> Self {
        let alpha = if alpha.is_nan() { 0.0 } else { alpha.clamp(0.0, 1.0) };
        Self { rule, alpha, begun: 0, discoveries: 0, spent: 0.0 }
    }

    /// The same history under another rule or alpha, from the next test on.
    #[must_use]
    pub fn under(self, rule: AlphaRule, alpha: f64) -> Self {
        Self { begun: self.begun, discoveries: self.discoveries, spent: self.spent, ..Self::new(rule, alpha) }
    }

    /// The level of the next test, if it began now.
    pub fn level(&self) -> f64 {
        match self.rule {
            AlphaRule::Each => self.alpha,
            AlphaRule::ELond => {
                let next = self.begun as f64 + 1.0;
                // One over t (t + 1) sums to one over all t.
                (self.alpha / (next * (next + 1.0)) * (self.discoveries as f64 + 1.0)).min(1.0)
            }
        }
    }

    /// Begins the next test and gives its level, which stands to its end: discover at an e-value of `1 / level`.
    pub fn begin(&mut self) -> f64 {
        let level = self.level();
        self.begun += 1;
        self.spent += level;
        level
    }

    /// The last test has discovered something.
    pub fn discovered(&mut self) {
        self.discoveries += 1;
    }

    /// Tests begun.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// Discoveries.
    pub fn discoveries(&self) -> u64 {
        self.discoveries
    }

    /// False discoveries to be expected at most, even if every test so far was of a hypothesis that holds: the sum of
    /// their levels.
    pub fn false_discoveries_expected(&self) -> f64 {
        self.spent
    }
}

#[cfg(test)]
mod tests;
