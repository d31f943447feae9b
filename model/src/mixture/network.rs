//! Mixture network: the networks of a mixture with their weights, ready to answer.
//!
//! Lives here: prediction by all members, mixed. Does not live here: learning (that is [`crate::pool`]).

use serde::{Deserialize, Serialize};

use super::mixer::Shares;
use super::{Mixer, MixingRule, Mixture};
use crate::cost::{Cost, Shape};
use crate::device::Device;
use crate::error::ModelError;
use crate::network::Network;
use crate::weights::Weights;
use crate::widening::Widening;

/// The trained numbers of a mixture, as plain data.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixtureWeights {
    /// Of each member.
    pub members: Vec<Weights>,
    /// How they are mixed.
    pub mixer: Mixer,
}

impl MixtureWeights {
    /// Weights before any training; the same for the same seed.
    pub fn initial(mixture: &Mixture, shape: Shape, seed: u64) -> Self {
        let members = mixture.members.iter().zip(seed..);
        Self {
            members: members.map(|(member, seed)| Weights::initial(member, shape, seed)).collect(),
            mixer: Mixer::new(mixture.rule, mixture.members.len()),
        }
    }
}

/// A mixture that answers and never changes.
#[derive(Debug)]
pub struct MixtureNetwork {
    members: Vec<Network>,
    mixer: Mixer,
    /// What the mixer makes of its records, which never change here.
    shares: Shares,
    shape: Shape,
}

impl MixtureNetwork {
    /// A mixture of these networks; they all answer the same rows, and the mixer knows as many.
    pub fn new(members: Vec<Network>, mixer: Mixer) -> Result<Self, ModelError> {
        let shape = match members.as_slice() {
            [first, rest @ ..] if rest.iter().all(|network| network.shape() == first.shape()) => {
                first.shape()
            }
            _ => return Err(ModelError::Architecture("a mixture needs members of one shape".into())),
        };
        if mixer.members() != members.len() {
            return Err(ModelError::Weights(format!(
                "the mixer knows {} members, but there are {}",
                mixer.members(),
                members.len()
            )));
        }
        Ok(Self { members, shares: mixer.shares(), mixer, shape })
    }

    /// One network alone.
    pub fn of_one(network: Network) -> Self {
        let (shape, mixer) = (network.shape(), Mixer::new(MixingRule::Mean, 1));
        Self { members: vec![network], shares: mixer.shares(), mixer, shape }
    }

    /// A mixture with these weights, which have to fit and be finite.
    pub fn from_weights(
        mixture: &Mixture,
        shape: Shape,
        weights: &MixtureWeights,
        device: &Device,
    ) -> Result<Self, ModelError> {
        mixture.check()?;
        if mixture.members.len() != weights.members.len() || mixture.rule != weights.mixer.rule() {
            return Err(ModelError::Weights("the weights are of another mixture".into()));
        }
        let members = mixture.members.iter().zip(&weights.members);
        let members = members
            .map(|(member, weights)| Network::from_weights(member, shape, weights, device))
            .collect::<Result<_, _>>()?;
        Self::new(members, weights.mixer.clone())
    }

    /// Its weights as plain data.
    pub fn weights(&self) -> Result<MixtureWeights, ModelError> {
        let members = self.members.iter().map(Network::weights).collect::<Result<_, _>>()?;
        Ok(MixtureWeights { members, mixer: self.mixer.clone() })
    }

    /// This mixture for a schema that evolved: it says what it said.
    pub fn widened(&self, widening: &Widening) -> Result<Self, ModelError> {
        let members = self.members.iter().map(|member| member.widened(widening));
        Self::new(members.collect::<Result<_, _>>()?, self.mixer.widened(widening.classes()))
    }

    /// Which networks it has and how they are mixed.
    pub fn mixture(&self) -> Mixture {
        Mixture {
            members: self.members.iter().map(|member| member.architecture().clone()).collect(),
            rule: self.mixer.rule(),
        }
    }

    /// Its networks.
    pub fn members(&self) -> &[Network] {
        &self.members
    }

    /// How their answers become one.
    pub fn mixer(&self) -> &Mixer {
        &self.mixer
    }

    /// What its two ends look like.
    pub fn shape(&self) -> Shape {
        self.shape
    }

    /// What it takes to keep and to answer.
    pub fn cost(&self) -> Cost {
        self.members.iter().map(Network::cost).sum()
    }

    /// Probabilities a class, or standardised numbers, for encoded rows one after the other.
    pub fn predict(&self, encoded: &[f32]) -> Result<Vec<f32>, ModelError> {
        let outputs = self.shape.outputs;
        if let [only] = self.members.as_slice() {
            return only.predict(encoded);
        }
        let said = Network::predict_all(&self.members, encoded)?;
        let said = said.chunks_exact(self.members.len() * outputs);
        let mut mixed = Vec::with_capacity(said.len() * outputs);
        for said in said {
            mixed.extend_from_slice(self.mixer.mix_by(&self.shares, said, self.shape).output(outputs));
        }
        Ok(mixed)
    }
}
