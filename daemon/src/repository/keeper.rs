//! Keeper: champions become versions of a repository, on a thread of its own.
//!
//! Lives here: [`Keeper`], the order of the steps, and trying again. May not: hold up whoever posts, or write what says
//! something else than the champion.
//!
//! Rendered and held against the champion; written; older versions removed; the server asked to load it. What fails is tried
//! again, later and later, until it works or a newer champion comes. What is refused is refused for good: only another
//! champion can change that.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use adapters::files::listed_categories;
use adapters::onnx::{Runtime, triton};
use adapters::store::{ModelRepository, StoreError, Version};
use anyhow::{Context as _, Result};
use model::onnx::Categories;
use model::{Device, Generation, Model, ModelParts};

use super::rendition::{OnnxFile, RenditionError, safetensors};
use crate::config::{RepositoryConfig, RepositoryFormat};
use crate::post::{Post, Taken};
use crate::telemetry::{Kept, RepositoryMetrics};

/// How soon what failed is tried again for the first time; then after twice as long each time.
const RETRY_FIRST: Duration = Duration::from_secs(1);
/// The longest wait between two tries.
const RETRY_MAX: Duration = Duration::from_mins(1);
/// After so many it is longer than that.
const RETRY_DOUBLINGS_MAX: u32 = 6;

/// A champion, as it is to be written.
#[derive(Debug)]
pub struct Champion {
    /// The model.
    pub parts: ModelParts,
    /// What its answers carry.
    pub generation: Generation,
}

/// Writes champions; drop it to end it once what was posted last has been tried.
#[derive(Debug)]
pub struct Keeper {
    post: Arc<Post<Champion>>,
    thread: Option<JoinHandle<()>>,
}

/// The thread's own.
struct Work {
    post: Arc<Post<Champion>>,
    config: RepositoryConfig,
    metrics: RepositoryMetrics,
    /// Loaded once: a process can do it once.
    runtime: Option<Runtime>,
    /// What is the matter, as it was said last.
    trouble: Option<String>,
}

/// A champion that is not where it is to be.
struct Pending {
    champion: Champion,
    stage: Stage,
    /// Tries that failed.
    failures: u32,
}

/// How far it has come.
enum Stage {
    /// It may not have files yet.
    New,
    /// It has, and they are to have this number, also if a try has left some of them.
    Rendered { version: Version, number: Option<u64> },
    /// It is a version, and the server has not loaded it.
    Written { number: u64 },
}

impl Pending {
    /// Until the next try.
    fn wait(&self) -> Duration {
        let doubled = 1 << self.failures.saturating_sub(1).min(RETRY_DOUBLINGS_MAX);
        RETRY_FIRST.saturating_mul(doubled).min(RETRY_MAX)
    }
}

impl Keeper {
    /// Keeps this repository from now on.
    pub fn start(config: RepositoryConfig, metrics: RepositoryMetrics) -> Result<Self> {
        let post = Arc::new(Post::default());
        let work = Work { post: Arc::clone(&post), config, metrics, runtime: None, trouble: None };
        let thread = std::thread::Builder::new().name("repository".into()).spawn(move || work.run());
        Ok(Self { post, thread: Some(thread.context("cannot start the repository thread")?) })
    }

    /// Takes the place of what is not written yet; waits for nothing.
    pub fn post(&self, champion: Champion) {
        self.post.put(champion);
    }

    /// The thread, which ends once what was posted last has been tried.
    pub fn close(mut self) -> Option<JoinHandle<()>> {
        self.post.close();
        self.thread.take()
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.post.close();
    }
}

impl Work {
    fn run(mut self) {
        let mut pending: Option<Pending> = None;
        loop {
            match self.post.take(pending.as_ref().map(Pending::wait)) {
                Taken::Letter(champion) => {
                    self.metrics.due();
                    pending = Some(Pending { champion: *champion, stage: Stage::New, failures: 0 });
                }
                Taken::Nothing => {}
                Taken::Closed => return,
            }
            pending = pending.and_then(|pending| self.attend(pending));
        }
    }

    /// One try; what is left to do.
    fn attend(&mut self, mut pending: Pending) -> Option<Pending> {
        let generation = pending.champion.generation.0;
        let Err(error) = self.keep(&mut pending) else {
            if self.trouble.take().is_some() {
                tracing::info!("the repository has the champion again: generation {generation}");
            }
            return None;
        };
        let is_refused = error.is::<RenditionError>();
        let why = format!("{error:#}");
        if self.trouble.as_ref() != Some(&why) {
            let next = if is_refused { "it waits for another champion" } else { "it is tried again" };
            tracing::warn!("{} has no generation {generation}: {why}; {next}", self.config.location);
        }
        self.trouble = Some(why);
        if is_refused {
            self.metrics.kept(Kept::Refused);
            return None;
        }
        self.metrics.kept(Kept::Failed);
        pending.failures = pending.failures.saturating_add(1);
        Some(pending)
    }

    /// All steps that are left; where one fails, those before it are not made again.
    fn keep(&mut self, pending: &mut Pending) -> Result<()> {
        if matches!(pending.stage, Stage::New) {
            pending.stage = Stage::Rendered { version: self.render(&pending.champion)?, number: None };
        }
        let generation = pending.champion.generation;
        if let Stage::Rendered { version, number } = &mut pending.stage {
            let number = self.write(version, number, generation)?;
            pending.stage = Stage::Written { number };
        }
        let Stage::Written { number } = pending.stage else { return Ok(()) };
        if let Some(server) = &self.config.load {
            triton::load(server, &self.config.name)
                .with_context(|| format!("version {number} is written, but not loaded"))?;
        }
        self.metrics.kept(Kept::Written { generation: generation.0, version: number });
        Ok(())
    }

    fn render(&mut self, champion: &Champion) -> Result<Version> {
        let model = Model::from_parts(champion.parts.clone(), &Device::cpu())?;
        match self.config.format.clone() {
            RepositoryFormat::Safetensors => Ok(safetensors(&model)?),
            RepositoryFormat::Onnx { categories, library } => {
                let categories =
                    categories.as_deref().map_or(Ok(Categories::default()), listed_categories)?;
                let runtime = match &library {
                    Some(library) => Some(self.runtime(library)?),
                    None => None,
                };
                let file = OnnxFile::of(&model, champion.generation, &categories, runtime)?;
                Ok(file.version(&self.config.name)?)
            }
        }
    }

    fn runtime(&mut self, library: &Path) -> Result<&Runtime> {
        Ok(match &mut self.runtime {
            Some(runtime) => runtime,
            none => none.insert(Runtime::load(library)?),
        })
    }

    /// The number that it has now: one after all others, so that servers take it for the newest, also after a rollback, and
    /// the generation where that is one.
    fn write(&self, version: &Version, number: &mut Option<u64>, generation: Generation) -> Result<u64> {
        let site = self.config.location.open(&self.config.bucket)?;
        let repository = ModelRepository::open(&site, &self.config.name)?;
        if let Some(newest) = repository.versions()?.last()
            && repository.has(*newest, version)?
        {
            return Ok(*newest);
        }
        // The same one until somebody else has taken it: what an interrupted try has left of it is written over.
        let least = generation.0.max(1);
        let own = match number.take() {
            Some(own) => own,
            None => repository.next(least)?,
        };
        let added = repository.add(own, version);
        if !matches!(added, Err(StoreError::Exists { .. })) {
            *number = Some(own);
        }
        let path = added?;
        tracing::info!("generation {} is in {path}", generation.0);
        if let Err(error) = repository.prune(self.config.keep) {
            // It is there: that old ones take room is for the next time.
            tracing::warn!("old versions stay in {}: {error}", self.config.location);
        }
        Ok(own)
    }
}

#[cfg(test)]
mod tests;
