//! Arm: a mixture over members of a pool.
//!
//! Lives here: which members, how they are mixed, and making, editing, freezing and saving such a mixture.
//! Does not live here: learning of the members (that is [`crate::pool`]).

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{MemberId, Pool, Said};
use crate::cost::{Cost, Shape};
use crate::device::Device;
use crate::error::ModelError;
use crate::learner::{Learner, LearnerState};
use crate::mixture::{Edit, Mixed, Mixer, Mixture, MixtureNetwork, Origin};

/// A mixture over members of a pool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Arm {
    members: Vec<MemberId>,
    /// Whose answers count for each member's before it had joined: its parent's.
    parents: Vec<MemberId>,
    pub(super) mixer: Mixer,
}

/// An arm with its own members, as plain data: what a trial starts from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ArmState {
    /// Its learners.
    pub members: Vec<LearnerState>,
    /// How they are mixed.
    pub mixer: Mixer,
}

impl ArmState {
    /// Which networks and how they are mixed.
    pub fn mixture(&self) -> Mixture {
        Mixture {
            members: self.members.iter().map(|member| member.architecture().clone()).collect(),
            rule: self.mixer.rule(),
        }
    }
}

impl Arm {
    /// Its members' numbers.
    pub fn members(&self) -> &[MemberId] {
        &self.members
    }

    /// How they are mixed.
    pub fn mixer(&self) -> &Mixer {
        &self.mixer
    }

    /// What it says, given what its members said: probabilities a class, or one standardised number.
    pub fn mix(&self, said: &Said, shape: Shape) -> Mixed {
        if *said.members == *self.members {
            self.mixer.mix(&said.outputs, shape)
        } else {
            self.mixer.mix(&self.own(said, shape.outputs), shape)
        }
    }

    /// What it said of one row of the stream is heard, in order; the truth may follow later.
    pub fn hear(&mut self, mixed: &Mixed, shape: Shape) {
        self.mixer.hear(mixed, shape);
    }

    /// The mix follows how well each member did on one outcome, from what it had said, and what this arm, or the
    /// one it came from, had made of it then. `delay` other outcomes were learned in between.
    pub fn observe(&mut self, said: &Said, mixed: &Mixed, goal: f32, delay: u64, shape: Shape) {
        if *said.members == *self.members {
            self.mixer.observe(&said.outputs, mixed, goal, delay, shape);
        } else {
            let own = self.own(said, shape.outputs);
            // None of them had been asked.
            if own.iter().all(|number| number.is_nan()) {
                return;
            }
            self.mixer.observe(&own, mixed, goal, delay, shape);
        }
    }

    /// What its own members said, in their order. One that had not joined yet knew what its parent knew.
    pub fn own(&self, said: &Said, outputs: usize) -> Vec<f32> {
        let mut own = vec![f32::NAN; self.members.len() * outputs];
        let place = |id: &MemberId| said.members.iter().position(|known| known == id);
        let seats = self.members.iter().zip(&self.parents);
        for ((id, parent), answer) in seats.zip(own.chunks_exact_mut(outputs)) {
            if let Some(at) = place(id).or_else(|| place(parent))
                && let Some(numbers) = said.outputs.get(at * outputs..(at + 1) * outputs)
            {
                answer.copy_from_slice(numbers);
            }
        }
        own
    }
}

impl Pool {
    /// Untrained networks join; the same seed learns the same from the same rows.
    pub fn start(&mut self, mixture: &Mixture, seed: u64) -> Result<Arm, ModelError> {
        mixture.check()?;
        let mut members = Vec::with_capacity(mixture.members.len());
        for (architecture, seed) in mixture.members.iter().zip(seed..) {
            let learner = self.untrained(architecture, seed)?;
            members.push(self.add(learner)?);
        }
        Ok(Arm { mixer: Mixer::new(mixture.rule, members.len()), parents: members.clone(), members })
    }

    /// Learners join that go on from frozen networks, with fresh optimisers.
    pub fn thaw(&mut self, network: &MixtureNetwork, seed: u64) -> Result<Arm, ModelError> {
        let mut members = Vec::with_capacity(network.members().len());
        for (member, seed) in network.members().iter().zip(seed..) {
            let learner = Learner::from_network(member, &self.class_weights, seed)?;
            members.push(self.add(learner)?);
        }
        Ok(Arm { parents: members.clone(), members, mixer: network.mixer().clone() })
    }

    /// A pool of this one arm, and the arm.
    pub fn of_arm(state: ArmState, device: &Device) -> Result<(Self, Arm), ModelError> {
        let learners: Vec<Learner> = state
            .members
            .into_iter()
            .map(|member| Learner::restore(member, device))
            .collect::<Result<_, _>>()?;
        let [first, ..] = learners.as_slice() else {
            return Err(ModelError::Weights("an arm needs a member".into()));
        };
        let mut pool = Self::new(first.shape(), first.class_weights(), device);
        let members: Vec<MemberId> =
            learners.into_iter().map(|learner| pool.add(learner)).collect::<Result<_, _>>()?;
        Ok((pool, Arm { parents: members.clone(), members, mixer: state.mixer }))
    }

    /// An edited arm: members that are kept are shared, `children` join, one for each new network of the
    /// edit, in order.
    ///
    /// # Panics
    ///
    /// If the edit names a member the arm does not have.
    pub fn edit(&mut self, arm: &Arm, edit: &Edit, children: Vec<Learner>) -> Result<Arm, ModelError> {
        edit.check(arm.members.len())?;
        let mut children = children.into_iter();
        let mut members = Vec::with_capacity(edit.0.len());
        for origin in &edit.0 {
            members.push(match origin {
                Origin::Kept(at) => arm.members[*at],
                Origin::Child { .. } => {
                    let child = children.next();
                    self.add(child.ok_or_else(|| ModelError::Weights("a child is missing".into()))?)?
                }
            });
        }
        let parents = edit.0.iter().map(|origin| arm.members[origin.parent()]).collect();
        Ok(Arm { members, parents, mixer: arm.mixer.inherit(&edit.parents()) })
    }

    /// Lets go of every member that is in none of these arms.
    pub fn retain<'a>(&mut self, arms: impl IntoIterator<Item = &'a Arm>) {
        let kept: BTreeSet<MemberId> = arms.into_iter().flat_map(|arm| arm.members.iter().copied()).collect();
        self.keep(&kept);
    }

    /// Which networks the arm has and how they are mixed.
    pub fn mixture(&self, arm: &Arm) -> Result<Mixture, ModelError> {
        let members = arm.members.iter().map(|id| Ok(self.members.architecture(self.place(*id)?).clone()));
        Ok(Mixture { members: members.collect::<Result<_, ModelError>>()?, rule: arm.mixer.rule() })
    }

    /// What the arm takes to keep and to answer.
    pub fn cost(&self, arm: &Arm) -> Result<Cost, ModelError> {
        arm.members
            .iter()
            .map(|id| Ok(Cost::of(self.members.architecture(self.place(*id)?), self.shape)))
            .sum()
    }

    /// The arm with the weights of now, which later learning does not alter.
    pub fn freeze(&self, arm: &Arm) -> Result<MixtureNetwork, ModelError> {
        let members = arm.members.iter().map(|id| self.members.freeze(self.place(*id)?));
        MixtureNetwork::new(members.collect::<Result<_, _>>()?, arm.mixer.clone())
    }

    /// The arm and its learners, as plain data.
    pub fn arm_state(&self, arm: &Arm) -> Result<ArmState, ModelError> {
        let members = arm.members.iter().map(|id| self.members.state(self.place(*id)?));
        Ok(ArmState { members: members.collect::<Result<_, _>>()?, mixer: arm.mixer.clone() })
    }
}
