//! Shelf: where a follower finds the models it is told of.
//!
//! Lives here: [`Shelf`]. In a directory they are found at once; those of a bucket are fetched by a thread of its own into a
//! directory of its own, and are found there. May not: hold up whoever looks, or say that a model is good: that is seen when it
//! is loaded.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use adapters::fleet::Artifact;
use adapters::store::{fetch_published, find_published};
use anyhow::{Context as _, Result, anyhow};
use tempfile::TempDir;

use crate::config::PublishConfig;
use crate::post::{Post, Taken};

/// Where models are looked for.
pub(super) struct Shelf {
    directory: PathBuf,
    model: String,
    fetcher: Option<Fetcher>,
}

/// What was found of a model.
pub(super) enum Found {
    /// It is in this folder.
    Folder(PathBuf),
    /// It is being fetched.
    Coming,
}

/// Brings models of a bucket.
struct Fetcher {
    wanted: Arc<Post<Artifact>>,
    brought: Arc<Post<Brought>>,
    /// What it is about.
    asked: Option<Artifact>,
}

/// A model that was fetched, or why it was not.
struct Brought {
    artifact: Artifact,
    result: Result<(), String>,
}

impl Shelf {
    /// Of the models of this name.
    pub(super) fn open(config: &PublishConfig, model: &str) -> Result<Self> {
        let model = model.to_owned();
        if let Some(directory) = config.location.directory() {
            return Ok(Self { directory: directory.to_owned(), model, fetcher: None });
        }
        let folder =
            TempDir::with_prefix("driftform-models-").context("there is no room for models of a bucket")?;
        let directory = folder.path().to_owned();
        let fetcher = Some(Fetcher::start(config.clone(), &model, folder)?);
        Ok(Self { directory, model, fetcher })
    }

    /// Where this model is. Waits for nothing.
    pub(super) fn find(&mut self, artifact: &Artifact) -> Result<Found> {
        let here = || find_published(&self.directory, &self.model, &artifact.name, &artifact.sha256);
        let Some(fetcher) = &mut self.fetcher else { return Ok(Found::Folder(here()?)) };
        if fetcher.asked.as_ref() != Some(artifact) {
            if let Ok(folder) = here() {
                return Ok(Found::Folder(folder));
            }
            fetcher.ask(artifact);
            return Ok(Found::Coming);
        }
        match fetcher.answer(artifact) {
            None => Ok(Found::Coming),
            Some(Ok(())) => Ok(Found::Folder(here()?)),
            Some(Err(why)) => Err(anyhow!(why)),
        }
    }
}

impl Fetcher {
    fn start(config: PublishConfig, model: &str, folder: TempDir) -> Result<Self> {
        let (wanted, brought) = (Arc::new(Post::default()), Arc::new(Post::default()));
        let (model, theirs, ours) = (model.to_owned(), Arc::clone(&wanted), Arc::clone(&brought));
        let thread = std::thread::Builder::new().name("fetch".into()).spawn(move || {
            while let Taken::Letter(artifact) = theirs.take(None) {
                let fetched = fetch(&config, &model, &artifact, folder.path());
                let result = fetched.map_err(|error| format!("{error:#}"));
                ours.put(Brought { artifact: *artifact, result });
            }
        });
        // It ends when nothing more can be wanted; nobody waits for it.
        thread.map(drop).context("cannot start the fetch thread")?;
        Ok(Self { wanted, brought, asked: None })
    }

    fn ask(&mut self, artifact: &Artifact) {
        self.asked = Some(artifact.clone());
        self.wanted.put(artifact.clone());
    }

    /// What came of asking; none while nothing has. Whoever wants it after that has to ask again.
    fn answer(&mut self, artifact: &Artifact) -> Option<Result<(), String>> {
        let Taken::Letter(brought) = self.brought.take(Some(Duration::ZERO)) else { return None };
        // What was asked for before is of no use any more.
        (brought.artifact == *artifact).then(|| {
            self.asked = None;
            brought.result
        })
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.wanted.close();
    }
}

fn fetch(config: &PublishConfig, model: &str, artifact: &Artifact, folder: &Path) -> Result<()> {
    let site = config.location.open(&config.bucket)?;
    Ok(fetch_published(&site, [model, &artifact.name], &artifact.sha256, folder)?)
}
