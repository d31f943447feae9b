//! Relaxed: a trial whose observation is how strong operations came out.
//!
//! Lives here: which network and which rows a relaxation is given. May not: say how it is done (that is `model`'s).

use model::growth::Window;
use model::relaxation::{Settings, relax};
use model::{Device, Learner, ModelError};

use super::super::protocol::{Relaxing, Stretch, Trial, TrialResult};

/// The member as it was before the stretch, asked on all rows up to its end: their labels are known by now. Nobody is
/// scored, so there are no losses.
pub(super) fn asked(
    stretch: &Stretch,
    trial: &Trial,
    relaxing: &Relaxing,
    device: &Device,
) -> Result<TrialResult, ModelError> {
    let member = stretch.start.members.get(relaxing.member);
    let member =
        member.ok_or_else(|| ModelError::Sample("a relaxed member is none of the control's".into()))?;
    let learner = Learner::restore(member.clone(), device)?;
    let encoded = [stretch.before.encoded.as_slice(), &stretch.encoded].concat();
    let goals = [stretch.before.goals.as_slice(), &stretch.goals].concat();
    let window = Window { encoded: &encoded, goals: &goals };
    let parent = learner.freeze()?;
    let strengths =
        relax(&parent, &relaxing.edges, window, learner.class_weights(), &Settings::default(), trial.seed)?;
    Ok(TrialResult {
        number: trial.number,
        losses: Vec::new(),
        rejected: false,
        children: Vec::new(),
        compute_seconds: Vec::new(),
        bytes: parent.cost().bytes,
        robust_loss: None,
        strengths: Some(strengths),
    })
}
