//! Pool: all networks that learn side by side.
//!
//! Lives here: members by number, what each says of a row, and learning. Does not live here: the mixtures
//! over them (that is [`arm`]), which of them is served, when anything learns.
//!
//! A challenger usually differs from the control in one member. Members are therefore shared: each
//! answers once and learns once, however many mixtures it is part of.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::architecture::Architecture;
use crate::cost::Shape;
use crate::device::Device;
use crate::error::ModelError;
use crate::learner::{Learner, LearnerState};

mod arm;
mod members;
mod widen;

pub use arm::{Arm, ArmState};
use members::Members;

/// Number of a member; never given twice.
pub type MemberId = u64;

/// What the members of a pool said of one row.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// Who answered.
    pub members: Arc<[MemberId]>,
    /// Members x outputs numbers.
    pub outputs: Box<[f32]>,
}

/// A member that could not learn a row and starts again, untrained.
#[derive(Debug)]
pub struct Failure {
    /// Its number.
    pub member: MemberId,
    /// Why.
    pub error: ModelError,
}

/// Networks that learn side by side.
#[derive(Debug)]
pub struct Pool {
    shape: Shape,
    class_weights: Vec<f32>,
    device: Device,
    members: Members,
    ids: Arc<[MemberId]>,
    next: MemberId,
    learned: u64,
}

/// A pool as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PoolState {
    shape: Shape,
    class_weights: Vec<f32>,
    members: Vec<(MemberId, LearnerState)>,
    next: MemberId,
    learned: u64,
}

impl Pool {
    /// Nobody yet; empty class weights weigh all classes alike.
    pub fn new(shape: Shape, class_weights: &[f32], device: &Device) -> Self {
        Self {
            shape,
            class_weights: class_weights.to_vec(),
            device: device.clone(),
            members: Members::new(shape, class_weights, device),
            ids: Arc::new([]),
            next: 1,
            learned: 0,
        }
    }

    /// What the two ends of every member look like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// Rows learned so far.
    pub fn learned(&self) -> u64 {
        self.learned
    }

    /// Number of members.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there is nobody.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// What everybody says of one encoded row, with the weights of now.
    pub fn say(&self, encoded: &[f32]) -> Result<Said, ModelError> {
        let mut outputs = Vec::with_capacity(self.len() * self.shape.outputs);
        self.members.say(encoded, &mut outputs)?;
        Ok(Said { members: self.ids.clone(), outputs: outputs.into() })
    }

    /// Everybody learns one encoded row. Who cannot starts again.
    pub fn learn(&mut self, encoded: &[f32], goal: f32) -> Result<Vec<Failure>, ModelError> {
        self.learned += 1;
        let mut failures = Vec::new();
        for (at, error) in self.members.learn(encoded, goal)? {
            let member = self.ids[at];
            let fresh = self.untrained(self.members.architecture(at), self.learned ^ member)?;
            self.members.replace(at, fresh)?;
            failures.push(Failure { member, error });
        }
        Ok(failures)
    }

    /// The world has changed: what was true before is kept, where it is to be learned again.
    pub fn drifted(&mut self) {
        self.members.drifted();
    }

    /// Everything, as plain data.
    pub fn state(&self) -> Result<PoolState, ModelError> {
        let members = self.ids.iter().enumerate().map(|(at, id)| Ok((*id, self.members.state(at)?)));
        Ok(PoolState {
            shape: self.shape,
            class_weights: self.class_weights.clone(),
            members: members.collect::<Result<_, ModelError>>()?,
            next: self.next,
            learned: self.learned,
        })
    }

    /// The pool of this state.
    pub fn restore(state: PoolState, device: &Device) -> Result<Self, ModelError> {
        let mut pool = Self::new(state.shape, &state.class_weights, device);
        pool.ids = state.members.iter().map(|(id, _)| *id).collect();
        for (_, saved) in state.members {
            pool.members.push(Learner::restore(saved, device)?)?;
        }
        (pool.next, pool.learned) = (state.next, state.learned);
        Ok(pool)
    }

    fn untrained(&self, architecture: &Architecture, seed: u64) -> Result<Learner, ModelError> {
        Learner::new(architecture, self.shape, &self.class_weights, &self.device, seed)
    }

    fn add(&mut self, learner: Learner) -> Result<MemberId, ModelError> {
        self.members.push(learner)?;
        let id = self.next;
        self.next += 1;
        self.ids = self.ids.iter().copied().chain([id]).collect();
        Ok(id)
    }

    /// Lets go of every member but these.
    fn keep(&mut self, kept: &BTreeSet<MemberId>) {
        for at in (0..self.len()).rev().filter(|at| !kept.contains(&self.ids[*at])) {
            self.members.remove(at);
        }
        self.ids = self.ids.iter().copied().filter(|id| kept.contains(id)).collect();
    }

    fn place(&self, id: MemberId) -> Result<usize, ModelError> {
        let found = self.ids.iter().position(|known| *known == id);
        found.ok_or_else(|| ModelError::Weights(format!("the pool has no member {id}")))
    }
}

#[cfg(test)]
mod tests;
