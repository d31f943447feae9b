//! What a leader tells those who follow it: which model everybody is to serve, and which a share of them.
//!
//! Lives here: [`Dispatch`], its JSON, and every check on the way in. May not: decide what is told, or who belongs to the
//! share.
//!
//! Each dispatch tells all that is to be known, so that the newest is enough: the topic is compacted, and whoever was away
//! has missed nothing.

use model::{Generation, Timestamp};
use serde::{Deserialize, Serialize};

use crate::store::StoreError;
use crate::store::durable::check_name;

#[cfg(test)]
mod tests;

/// Version of the JSON; readers refuse any other.
pub const FORMAT: u32 = 1;
/// Longest dispatch that is read, in bytes.
pub const DISPATCH_BYTES_MAX: usize = 64 * 1024;
/// Digits of a SHA-256.
const SHA256_DIGITS: usize = 64;

/// Why something is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Occasion {
    /// The leader has started.
    Start,
    /// Newer weights.
    Refresh,
    /// Another network earned it.
    Promotion,
    /// A smaller network, because of a budget.
    Relief,
    /// The displaced network serves again.
    Rollback,
    /// The watch after a promotion ended well.
    Kept,
}

impl Occasion {
    /// As a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Refresh => "refresh",
            Self::Promotion => "promotion",
            Self::Relief => "relief",
            Self::Rollback => "rollback",
            Self::Kept => "kept",
        }
    }
}

/// Where a model is, and how to know that it is that one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Artifact {
    /// Its folder among those of the model.
    pub name: String,
    /// SHA-256 of its manifest, which has that of its weights.
    pub sha256: String,
    /// What its answers carry.
    pub generation: Generation,
}

/// A model that a share of all followers serves, until it is told what becomes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Canary {
    /// The model.
    pub artifact: Artifact,
    /// Share of followers.
    pub share: f64,
    /// The generation with which it began: what comes later for the same share goes to the same followers.
    pub since: Generation,
}

/// What is to be served.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispatch {
    /// [`FORMAT`].
    format: u32,
    /// The model's name.
    pub model: String,
    /// How often a leader has started on this state, this one counted: an earlier one is not heard any more.
    pub epoch: u64,
    /// Rollbacks so far: only one more of them lets a generation go back.
    pub rollbacks: u64,
    /// Why it is told.
    pub occasion: Occasion,
    /// When.
    pub time: Timestamp,
    /// What everybody is to serve, but for the share.
    pub everyone: Artifact,
    /// What a share is to serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canary: Option<Canary>,
}

/// Why a dispatch cannot be followed.
#[derive(Debug, thiserror::Error)]
pub enum DispatchError {
    /// It is too long to be one.
    #[error("it has {bytes} bytes; at most {max} are read", max = DISPATCH_BYTES_MAX)]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// It is not the JSON of one.
    #[error("it is not a dispatch: {0}")]
    NotOne(#[from] serde_json::Error),
    /// Another release wrote it.
    #[error("it has format {found}, but this build reads {FORMAT}; use the release of the leader")]
    Format {
        /// Its format.
        found: u32,
    },
    /// A folder's name leads elsewhere.
    #[error("{0}")]
    Name(#[from] StoreError),
    /// A digest is none.
    #[error("`{0}` is not a SHA-256 in hexadecimal digits")]
    Digest(String),
    /// A share is none.
    #[error("a share of {0} is not between 0 and 1")]
    Share(f64),
}

/// The one field that tells how to read the others.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

impl Dispatch {
    /// For everybody.
    pub fn new(
        model: &str,
        [epoch, rollbacks]: [u64; 2],
        occasion: Occasion,
        time: Timestamp,
        everyone: Artifact,
    ) -> Self {
        let model = model.to_owned();
        Self { format: FORMAT, model, epoch, rollbacks, occasion, time, everyone, canary: None }
    }

    /// The same, but for a share.
    #[must_use]
    pub fn with(self, canary: Option<Canary>) -> Self {
        Self { canary, ..self }
    }

    /// As JSON.
    pub fn encode(&self) -> Result<Vec<u8>, DispatchError> {
        Ok(serde_json::to_vec(self)?)
    }

    /// From JSON; nothing gets in that leads out of the folder or could not be checked.
    pub fn decode(bytes: &[u8]) -> Result<Self, DispatchError> {
        if bytes.len() > DISPATCH_BYTES_MAX {
            return Err(DispatchError::TooLarge { bytes: bytes.len() });
        }
        let Format { format } = serde_json::from_slice(bytes)?;
        if format != FORMAT {
            return Err(DispatchError::Format { found: format });
        }
        let dispatch: Self = serde_json::from_slice(bytes)?;
        for artifact in dispatch.artifacts() {
            artifact.check()?;
        }
        match &dispatch.canary {
            Some(canary) if !(0.0..=1.0).contains(&canary.share) => Err(DispatchError::Share(canary.share)),
            Some(_) | None => Ok(dispatch),
        }
    }

    /// The models it speaks of.
    pub fn artifacts(&self) -> impl Iterator<Item = &Artifact> {
        std::iter::once(&self.everyone).chain(self.canary.as_ref().map(|canary| &canary.artifact))
    }
}

impl Artifact {
    fn check(&self) -> Result<(), DispatchError> {
        check_name(&self.name)?;
        let digits = self.sha256.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        let good = digits && self.sha256.len() == SHA256_DIGITS;
        if good { Ok(()) } else { Err(DispatchError::Digest(self.sha256.clone())) }
    }
}
