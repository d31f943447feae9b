//! The mixture to begin with, as it stands in the configuration.
//!
//! Lives here: the sections and the way to a checked [`Mixture`]. Does not live here: what a mixture does.

use model::{
    Activation, Architecture, Block, Embedding, Hyper, Image, MixingRule, Mixture, Optimiser, Sequence,
};
use serde::{Deserialize, Serialize};

use super::{ConfigError, refuse};

/// `[mixture]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MixtureSection {
    /// See `config/default.toml`, which documents every key.
    pub rule: String,
    /// See `config/default.toml`.
    pub members: Vec<MemberSection>,
}

/// One network of `mixture.members`; what is left out is as in [`Hyper::default`].
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberSection {
    /// Widths of its blocks; none is a linear model.
    #[serde(default)]
    pub widths: Vec<u16>,
    /// Activation of its blocks.
    pub activation: Option<Activation>,
    /// How gradients become steps.
    pub optimiser: Option<Optimiser>,
    /// Size of a step.
    pub step_size: Option<f32>,
    /// Share of the step size by which every weight shrinks in each step.
    pub weight_decay: Option<f32>,
    /// New rows in one step.
    pub batch: Option<u16>,
    /// Old rows learned again for each new one.
    pub replay: Option<f32>,
    /// Rows kept for that.
    pub replay_depth: Option<u16>,
    /// Rows from before the last drifts learned again for each new one.
    pub recall: Option<f32>,
    /// Steps over which the weights that answer are averaged.
    pub average: Option<u16>,
    /// Steps on rows since a sudden drift that follow each new one for a while.
    pub surge: Option<u8>,
    /// Noise in every number it learns from.
    pub noise: Option<f32>,
    /// Share of numbers left out of what it learns from.
    pub missing: Option<f32>,
    /// How far every number is moved against it before it learns from it.
    pub attack: Option<f32>,
    /// Whether its slices learn with it.
    #[serde(default)]
    pub elastic: bool,
    /// Recent labels seen beside each row.
    #[serde(default)]
    pub context: u8,
    /// What is added to each feature.
    #[serde(default)]
    pub embedding: Embedding,
    /// What it makes of the events before each one.
    #[serde(default)]
    pub sequence: Sequence,
    /// What it makes of the picture in each row.
    #[serde(default)]
    pub image: Image,
    /// Whether it answers at every depth.
    #[serde(default)]
    pub exits: bool,
    /// Voices that share its blocks and answer together.
    pub committee: Option<u8>,
}

impl MixtureSection {
    /// The mixture, checked.
    pub fn mixture(&self) -> Result<Mixture, ConfigError> {
        let Some(rule) = MixingRule::ALL.into_iter().find(|rule| rule.name() == self.rule) else {
            let known = MixingRule::ALL.map(MixingRule::name).join("`, `");
            return refuse(format!("`mixture.rule` is `{}`; give `{known}`", self.rule));
        };
        let mixture = Mixture { members: self.members.iter().map(MemberSection::member).collect(), rule };
        mixture.check().map_err(|error| ConfigError(format!("`mixture.members`: {error}")))?;
        Ok(mixture.canonical())
    }
}

impl MemberSection {
    fn member(&self) -> Architecture {
        let activation = self.activation.unwrap_or(Activation::Relu);
        let usual = Hyper::default();
        Architecture {
            blocks: self.widths.iter().map(|width| Block::plain(*width, activation)).collect(),
            context: self.context,
            embedding: self.embedding,
            sequence: self.sequence,
            image: self.image.clone(),
            exits: self.exits,
            committee: self.committee.unwrap_or(1),
            hyper: Hyper {
                optimiser: self.optimiser.unwrap_or(usual.optimiser),
                step_size: self.step_size.unwrap_or(usual.step_size),
                weight_decay: self.weight_decay.unwrap_or(usual.weight_decay),
                batch: self.batch.unwrap_or(usual.batch),
                replay: self.replay.unwrap_or(usual.replay),
                replay_depth: self.replay_depth.unwrap_or(usual.replay_depth),
                recall: self.recall.unwrap_or(usual.recall),
                average: self.average.unwrap_or(usual.average),
                surge: self.surge.unwrap_or(usual.surge),
                noise: self.noise.unwrap_or(usual.noise),
                missing: self.missing.unwrap_or(usual.missing),
                attack: self.attack.unwrap_or(usual.attack),
                elastic: self.elastic,
            },
        }
    }
}
