//! Binning: which bin a value of a feature falls into.
//!
//! Lives here: tenths of a number as the first rows had it, buckets of a category. May not: count.

use model::FeatureKind;
use serde::{Deserialize, Serialize};

/// Bins between the smallest and the largest value seen of a numeric feature.
const INNER_BINS: usize = 10;
/// Most bins of a categorical feature; more buckets share them.
const CATEGORY_BINS_MAX: u32 = 32;
/// Most bins a feature has, the one for missing values included.
pub const BINS_MAX: usize = CATEGORY_BINS_MAX as usize + 1;

/// How a value finds its bin; the last bin is that of missing values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Binning(Kind);

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Kind {
    /// Tenths of the first values seen, and what lies below and above all of them.
    Numeric {
        /// The smallest value seen; minus infinity if none was.
        lowest: f32,
        /// The upper end of each tenth, ascending; values that are equal end one tenth only, and infinity, which no
        /// value is above, fills the rest: comparing with all of them takes no branch.
        uppers: [f32; INNER_BINS],
        /// How many tenths there are.
        tenths: usize,
    },
    /// One bin a category or truth value.
    Category {
        /// How many.
        bins: u32,
    },
}

/// What the values in a bin have in common.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bin {
    /// Numbers above the first, up to and including the second; minus infinity and infinity are open ends.
    Between(f32, f32),
    /// A category, or all that share this remainder by the number of bins; 0 and 1 are no and yes.
    Category(u32),
    /// No value.
    Missing,
}

impl Binning {
    /// Of a feature of this kind; the first values say where a numeric one's tenths lie.
    pub fn new(kind: FeatureKind, first: impl Iterator<Item = f32>) -> Self {
        match kind {
            FeatureKind::Numeric => Self(tenths(first.filter(|value| !value.is_nan()).collect())),
            FeatureKind::Categorical { buckets } => {
                Self(Kind::Category { bins: buckets.clamp(1, CATEGORY_BINS_MAX) })
            }
            FeatureKind::Boolean => Self(Kind::Category { bins: 2 }),
        }
    }

    /// How many bins there are.
    pub fn bins(&self) -> usize {
        match &self.0 {
            Kind::Numeric { tenths, .. } => tenths + 3,
            Kind::Category { bins } => *bins as usize + 1,
        }
    }

    /// The bin of a value; `NaN` is missing.
    pub fn bin(&self, value: f32) -> usize {
        if value.is_nan() {
            return self.bins() - 1;
        }
        match &self.0 {
            Kind::Numeric { lowest, uppers, .. } => {
                let above: u32 = uppers.iter().map(|upper| u32::from(*upper < value)).sum();
                above as usize + usize::from(value >= *lowest)
            }
            Kind::Category { bins } => (value.max(0.0) as u32 % bins) as usize,
        }
    }

    /// What the values in a bin have in common.
    pub fn describe(&self, bin: usize) -> Bin {
        if bin + 1 >= self.bins() {
            return Bin::Missing;
        }
        match &self.0 {
            Kind::Numeric { lowest, uppers, tenths } => {
                let upper = |at: usize| if at < *tenths { uppers[at] } else { f32::INFINITY };
                match bin {
                    0 => Bin::Between(f32::NEG_INFINITY, *lowest),
                    1 => Bin::Between(*lowest, upper(0)),
                    _ => Bin::Between(upper(bin - 2), upper(bin - 1)),
                }
            }
            Kind::Category { .. } => Bin::Category(bin as u32),
        }
    }
}

fn tenths(mut values: Vec<f32>) -> Kind {
    let mut uppers = [f32::INFINITY; INNER_BINS];
    values.sort_unstable_by(f32::total_cmp);
    let Some(lowest) = values.first().copied() else {
        return Kind::Numeric { lowest: f32::NEG_INFINITY, uppers, tenths: 0 };
    };
    let upper = |tenth: usize| values[(values.len() * tenth).div_ceil(INNER_BINS) - 1];
    let mut distinct: Vec<f32> = (1..=INNER_BINS).map(upper).collect();
    distinct.dedup();
    uppers[..distinct.len()].copy_from_slice(&distinct);
    Kind::Numeric { lowest, uppers, tenths: distinct.len() }
}

#[cfg(test)]
mod tests;
