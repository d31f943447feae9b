//! Following: what a follower makes of what it is told.
//!
//! Lives here: [`Following`], from a dispatch to the model that this follower is to serve, if any. May not: load it.
//!
//! What is told never goes back, unless the leader has rolled back once more, or another leader has started since. So it
//! makes no difference which of all dispatches a follower has missed, as long as it hears the newest.

use adapters::fleet::{Artifact, Canary, Dispatch};
use model::{EventId, Timestamp};

/// One follower's mind.
#[derive(Clone, Debug)]
pub struct Following {
    id: String,
    heard: Option<Known>,
}

/// What was heard last.
#[derive(Clone, Debug)]
struct Known {
    standing: Standing,
    time: Timestamp,
    artifact: Artifact,
}

/// How far a leader had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    epoch: u64,
    rollbacks: u64,
    generation: u64,
}

/// What follows from a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    /// This is to be served from now on.
    Serve {
        /// The model.
        artifact: Artifact,
        /// Whether this follower is among the first.
        canary: bool,
    },
    /// What is served already.
    Same {
        /// Whether this follower is among the first.
        canary: bool,
    },
    /// It is not followed, and why.
    Refused(String),
}

impl Following {
    /// One that has heard nothing yet.
    pub fn new(id: &str) -> Self {
        Self { id: id.into(), heard: None }
    }

    /// Whether it is among the first to serve this.
    pub fn is_among(&self, canary: &Canary) -> bool {
        // An id and a number are always short enough; without one it is not among the first.
        let drawn = EventId::new(&format!("{} {}", self.id, canary.since.0));
        drawn.is_ok_and(|drawn| drawn.draw() < canary.share)
    }

    /// What this one is to do about it.
    pub fn hear(&mut self, dispatch: &Dispatch) -> Heard {
        let canary = dispatch.canary.as_ref().filter(|canary| self.is_among(canary));
        let artifact = canary.map_or(&dispatch.everyone, |canary| &canary.artifact).clone();
        let canary = canary.is_some();
        let (epoch, rollbacks) = (dispatch.epoch, dispatch.rollbacks);
        let standing = Standing { epoch, rollbacks, generation: artifact.generation.0 };
        let known = Known { standing, time: dispatch.time, artifact: artifact.clone() };
        if let Some(before) = &self.heard {
            // A number may be given again after a restart: of two models that have it, the later one counts.
            let again = standing == before.standing && artifact != before.artifact;
            if standing < before.standing || (again && dispatch.time <= before.time) {
                let Standing { epoch, rollbacks, generation } = before.standing;
                return Heard::Refused(format!(
                    "it tells of generation {} after {} rollbacks of leader {}, but generation {generation} after \
                     {rollbacks} rollbacks of leader {epoch} came before",
                    standing.generation, standing.rollbacks, standing.epoch
                ));
            }
            if before.artifact == artifact {
                self.heard = Some(known);
                return Heard::Same { canary };
            }
        }
        self.heard = Some(known);
        Heard::Serve { artifact, canary }
    }
}
