//! Mathematics of evidence: tests that may be looked at after every observation, and bounds.
//!
//! Lives here: numbers in, numbers out. May not: know a domain word (champion, drift, gate).

pub mod cholesky;
pub mod confidence_sequence;
pub mod e_bh;
pub mod e_lond;
pub mod e_process;
pub mod mean_bound;
pub mod non_inferiority;
pub mod normal;
pub mod onset;
pub mod paired;
pub mod proportion;
pub mod quantile;
pub mod reliability;
pub mod shiryaev_roberts;
pub mod special;
mod tally;
mod weighted_mean;

#[cfg(test)]
pub(crate) mod simulate;

pub use confidence_sequence::ConfidenceSequence;
pub use e_lond::{AlphaRule, Tests};
pub use e_process::EProcess;
pub use non_inferiority::{NonInferior, NonInferiority};
pub use onset::Onset;
pub use reliability::Reliability;
pub use shiryaev_roberts::ShiryaevRoberts;
pub use tally::{Tally, mean_loss, mean_paired_gain};
pub use weighted_mean::WeightedMean;
