//! Publication: a model as files, and the name and digest by which it is found again.
//!
//! Lives here: making one of what is served. May not: write it anywhere.

use std::sync::Arc;

use adapters::audit::sha256;
use adapters::fleet::{Artifact, Dispatch};
use model::ModelError;
use model::model::MANIFEST_FILE;

use crate::slot::Served;

/// Digits of the digest that are part of a name: two models of one name are one model.
const NAME_DIGITS: usize = 16;

/// A model as its files are.
#[derive(Debug, PartialEq, Eq)]
pub struct Publication {
    /// What is told of it.
    pub artifact: Artifact,
    /// Names and bytes; none where they have been written long ago.
    pub files: Vec<(String, Vec<u8>)>,
}

/// What is to be told, and the models it speaks of.
#[derive(Clone, Debug, PartialEq)]
pub struct Mail {
    /// What is told once they are there.
    pub dispatch: Dispatch,
    /// The models.
    pub publications: Vec<Arc<Publication>>,
}

impl Publication {
    /// Of what is served. Names of later epochs and generations come after those of earlier ones.
    pub fn of(served: &Served, epoch: u64) -> Result<Self, ModelError> {
        let files = served.model.to_files()?;
        let manifest = files.iter().find(|(name, _)| name == MANIFEST_FILE);
        let sha256 = sha256(manifest.map_or(&[], |(_, bytes)| bytes.as_slice()));
        let generation = served.generation;
        let name = format!("e{epoch:06}-g{:010}-{}", generation.0, &sha256[..NAME_DIGITS]);
        Ok(Self { artifact: Artifact { name, sha256, generation }, files })
    }

    /// One that was published before.
    pub fn there(artifact: Artifact) -> Self {
        Self { artifact, files: Vec::new() }
    }
}
