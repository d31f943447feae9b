//! Architecture: a network and how it learns, as plain data.
//!
//! Lives here: blocks, hyper-parameters, the canonical form and the digest. Does not live here: tensors
//! (that is [`crate::network`]), which architectures may be tried (that is [`crate::tabular`]).
//!
//! The function of a network is
//!
//! ```text
//! h_0 = x        logits = b + x W_0 + Σ_l h_l V_l
//! u_l = dropout(act(norm(h_{l-1} W_l + b_l)))
//! dense     h_l = u_l
//! gated     h_l = u_l ⊙ 2 σ(h_{l-1} U_l + c_l)
//! residual  h_l = h_{l-1} + u_l P_l
//! cross     h_l = h_{l-1} + s ⊙ (u_l P_l)
//! ```
//!
//! where `s` is what the stream of `h` began with: the output of the last dense or gated block, or `x`. So
//! residual and cross blocks fit anywhere, with any number of units. A gate begins at one, `P` at zero.
//!
//! The linear path from the input is always there, so no blocks at all is a linear model and every
//! deeper network starts as one. The last block always reaches the head, an inner one where it skips.
//! That is what lets a network grow without changing what it says (`Net2Net`, arXiv:1511.05641; Network
//! Morphism, arXiv:1603.01670): a new last block starts with `V = 0` while the block before it keeps
//! its own way to the head; new units start with zero outgoing weights.
//!
//! Layer norm (arXiv:1607.06450) would break that, because new units change the mean and variance of the
//! old ones. So units belong to norm groups, each with its own statistics, and new units form a group of
//! their own. The norm has no gain and shift: they add parameters and rarely help (arXiv:1911.07013).
//!
//! With a context, `x` is followed by the newest labels that had arrived ([`crate::context`]); with an embedding, by
//! functions of each of its numbers ([`crate::embedding`]).
//!
//! With a sequence, the units `s` that it makes of the event and those before it ([`crate::sequence`]) are added by ways of
//! their own to the first block's sums and to the logits: `+ s U` and `+ s W_s`, both of which begin at zero.
//!
//! With an image, so are the numbers `s` that it makes of the picture in each row ([`crate::image`]).
//!
//! The logits are a running sum, so each block that reaches the head is a place to answer from. With exits a network
//! answers at all of them, `logits_l = b + x W_0 + Σ_{i ≤ l} h_i V_i`, and its answer is `Σ_l α_l softmax(logits_l)`
//! ([`crate::answers`]).
//!
//! A committee of `k` voices shares all blocks. Voice `c` has `b_c`, `W_0c` and `V_lc` of its own, and an adapter
//! `a_c`: the first block's sums, and gates, are of `x ⊙ (1 + a_c)`. Its answer is the mean of theirs, its loss the
//! mean of their losses (arXiv:2410.24210 and arXiv:2002.06715).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::context::CONTEXT_MAX;
use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::image::Image;
use crate::sequence::Sequence;

mod digest;
mod hyper;

pub use hyper::Hyper;

/// Most blocks an architecture may have.
pub const DEPTH_MAX: usize = 16;
/// Most units a block may have.
pub const WIDTH_MAX: usize = 4_096;
/// Most voices of a committee.
pub const COMMITTEE_MAX: u8 = 8;
/// Most rows one learning step may take.
pub const BATCH_MAX: u16 = 1_024;
/// Most rows kept for replay.
pub const REPLAY_DEPTH_MAX: u16 = 16_384;
/// Most steps that follow a row in a surge.
pub const SURGE_MAX: u8 = 16;
/// Most of each way in which rows are made worse before they are learned.
pub const HARDENING_MAX: f32 = 0.5;

/// The non-linearity of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// `max(a, 0)`.
    Relu,
    /// `a Φ(a)`, with the exact normal distribution.
    Gelu,
    /// `a σ(a)`.
    Silu,
    /// Hyperbolic tangent.
    Tanh,
}

impl Activation {
    /// Every activation, in the order of the search space.
    pub const ALL: [Self; 4] = [Self::Relu, Self::Gelu, Self::Silu, Self::Tanh];

    /// The word for people and search spaces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Relu => "relu",
            Self::Gelu => "gelu",
            Self::Silu => "silu",
            Self::Tanh => "tanh",
        }
    }
}

/// What a block does to its sums before the activation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// Nothing.
    None,
    /// Layer norm within each norm group, without gain and shift.
    Layer,
}

impl Norm {
    /// Every norm, in the order of the search space.
    pub const ALL: [Self; 2] = [Self::None, Self::Layer];

    /// The word for people and search spaces.
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Layer => "layer",
        }
    }
}

/// Step sizes of one optimiser in the search space.
pub const STEP_SIZES: usize = 6;

/// How gradients become steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Optimiser {
    /// Stochastic gradient descent.
    Sgd,
    /// Stochastic gradient descent, each step divided by one more than the squared length of its rows: what is
    /// learned from a row does not depend on how far out it lies (after normalised least mean squares; Widrow
    /// and Hoff 1960).
    #[serde(rename = "normalised_sgd")]
    NormalisedSgd,
    /// Every gradient by its usual size, without momentum (`RMSprop`: Tieleman and Hinton 2012, with Adam's
    /// correction of the start): follows a stream whose labels follow one another, where momentum lags.
    #[serde(rename = "rmsprop")]
    RmsProp,
    /// Adam with decoupled weight decay (arXiv:1711.05101).
    #[serde(rename = "adamw")]
    AdamW,
}

impl Optimiser {
    /// Every optimiser, in the order of the search space.
    pub const ALL: [Self; 4] = [Self::Sgd, Self::NormalisedSgd, Self::RmsProp, Self::AdamW];

    /// The word for people and search spaces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sgd => "sgd",
            Self::NormalisedSgd => "normalised_sgd",
            Self::RmsProp => "rmsprop",
            Self::AdamW => "adamw",
        }
    }

    /// The step sizes of the search space, ascending. Each rule has its own: a step that suits one makes another
    /// stand still or run away, and a network that changes its rule keeps its place among them.
    pub const fn step_sizes(self) -> [f32; STEP_SIZES] {
        match self {
            Self::Sgd => [0.001, 0.003, 0.01, 0.03, 0.1, 0.3],
            Self::NormalisedSgd => [0.003, 0.01, 0.03, 0.1, 0.3, 1.0],
            Self::RmsProp | Self::AdamW => [3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2],
        }
    }
}

/// What a block makes of its units; [`crate::architecture`] has the formulas.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BlockKind {
    /// The units are what leaves it.
    #[default]
    Dense,
    /// Each unit is multiplied by a gate of its own (arXiv:2002.05202).
    Gated,
    /// The units are added to what entered (arXiv:1512.03385).
    Residual,
    /// The units are multiplied with what the stream began with, and added to what entered (`DCN-v2` of low rank,
    /// arXiv:2008.13535).
    Cross,
}

impl BlockKind {
    /// Every kind, in the order of the search space.
    pub const ALL: [Self; 4] = [Self::Dense, Self::Gated, Self::Residual, Self::Cross];

    /// The word for people and search spaces.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dense => "dense",
            Self::Gated => "gated",
            Self::Residual => "residual",
            Self::Cross => "cross",
        }
    }

    /// Whether what leaves is as wide as what entered, whatever the number of units.
    pub fn keeps_stream(self) -> bool {
        matches!(self, Self::Residual | Self::Cross)
    }
}

/// One hidden layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Block {
    /// What it makes of its units.
    #[serde(default)]
    pub kind: BlockKind,
    /// Units of each norm group; their sum is the width.
    pub groups: Vec<u16>,
    /// The non-linearity.
    pub activation: Activation,
    /// What happens before the activation.
    pub norm: Norm,
    /// Share of units silenced in a learning step, from 0 to below 1.
    pub dropout: f32,
    /// Whether it reaches the head although another block follows; the last block always does.
    pub skip: bool,
}

impl Block {
    /// A plain block: dense, one norm group, no norm, no dropout, no skip.
    pub fn plain(width: u16, activation: Activation) -> Self {
        let (kind, norm) = (BlockKind::Dense, Norm::None);
        Self { kind, groups: vec![width], activation, norm, dropout: 0.0, skip: false }
    }

    /// Number of units.
    pub fn width(&self) -> usize {
        self.groups.iter().map(|units| usize::from(*units)).sum()
    }

    /// Its units as one norm group.
    #[must_use]
    pub fn without_groups(&self) -> Self {
        let width = u16::try_from(self.width()).unwrap_or(u16::MAX);
        Self { groups: vec![width], ..self.clone() }
    }

    pub(crate) fn check(&self, index: usize) -> Result<(), ModelError> {
        let width = self.width();
        if !(1..=WIDTH_MAX).contains(&width) {
            return Err(invalid(format!("block {} has {width} units; give 1 to {WIDTH_MAX}", index + 1)));
        }
        if !(0.0..1.0).contains(&self.dropout) {
            return Err(invalid(format!(
                "block {} has dropout {}; give a number from 0 to below 1",
                index + 1,
                self.dropout
            )));
        }
        Ok(())
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.kind != BlockKind::Dense {
            write!(f, "{} ", self.kind.name())?;
        }
        write!(f, "{} {}", self.width(), self.activation.name())?;
        if self.norm != Norm::None {
            write!(f, " {}", self.norm.name())?;
        }
        if self.dropout > 0.0 {
            write!(f, " dropout {}", self.dropout)?;
        }
        f.write_str(if self.skip { " skip" } else { "" })
    }
}

/// A network and how it learns.
///
/// ```
/// use model::{Activation, Architecture, Block, Hyper};
///
/// let linear = Architecture::linear(Hyper::default());
/// assert_eq!(linear.to_string(), "linear, adamw 0.003");
///
/// let deep = Architecture { blocks: vec![Block::plain(64, Activation::Gelu)], ..linear };
/// assert_eq!(deep.to_string(), "64 gelu, adamw 0.003");
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Architecture {
    /// Hidden layers, from the input to the head; none is a linear model.
    pub blocks: Vec<Block>,
    /// How it learns.
    pub hyper: Hyper,
    /// How many of the newest labels it sees beside each row, of those that had arrived when the row came.
    #[serde(default)]
    pub context: u8,
    /// What it sees of each feature besides its number.
    #[serde(default)]
    pub embedding: Embedding,
    /// What it makes of the events before each one.
    #[serde(default)]
    pub sequence: Sequence,
    /// What it makes of the picture in each row.
    #[serde(default)]
    pub image: Image,
    /// Whether it answers at every depth, and trusts the depths that were right ([`crate::answers`]).
    #[serde(default)]
    pub exits: bool,
    /// Voices that share its blocks and answer together; 1 is a network alone ([`crate::answers`]).
    #[serde(default = "alone")]
    pub committee: u8,
}

fn alone() -> u8 {
    1
}

impl Architecture {
    /// The linear model.
    pub fn linear(hyper: Hyper) -> Self {
        Self {
            blocks: Vec::new(),
            hyper,
            context: 0,
            embedding: Embedding::None,
            sequence: Sequence::None,
            image: Image::None,
            exits: false,
            committee: alone(),
        }
    }

    /// Whether block `index` reaches the head.
    pub fn reaches_head(&self, index: usize) -> bool {
        index + 1 == self.blocks.len() || self.blocks.get(index).is_some_and(|block| block.skip)
    }

    /// Voices that answer together.
    pub(crate) fn voices(&self) -> usize {
        usize::from(self.committee.max(1))
    }

    /// Whether some units of a block are silent in a learning step.
    pub(crate) fn silences(&self, block: &Block) -> bool {
        block.dropout > 0.0 || self.hyper.elastic
    }

    /// For each residual block the one whose units it adds to: what is silent there stays silent in a slice. None where there
    /// are no slices, or what it adds to are no units.
    pub(crate) fn streams_of_units(&self) -> Vec<Option<usize>> {
        let began = |start: &mut Option<usize>, (index, block): (usize, &Block)| {
            if !block.kind.keeps_stream() {
                *start = Some(index);
            }
            Some(start.filter(|_| self.hyper.elastic && block.kind == BlockKind::Residual))
        };
        self.blocks.iter().enumerate().scan(None, began).collect()
    }

    /// Numbers that leave each block, given those of an encoded row.
    pub fn streams(&self, inputs: usize) -> Vec<usize> {
        let leaving = |width: &mut usize, block: &Block| {
            if !block.kind.keeps_stream() {
                *width = block.width();
            }
            Some(*width)
        };
        self.blocks.iter().scan(inputs, leaving).collect()
    }

    /// The one form among all that mean the same: groups only where a norm sees them, no empty group, no
    /// skip on the last block, which reaches the head anyway, no exits where there is one depth, no slices of several
    /// answers or of no block, no depth of replay where nothing is replayed.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let last = self.blocks.len().saturating_sub(1);
        let canonical = |(index, block): (usize, &Block)| {
            let mut block = match block.norm {
                Norm::None => block.without_groups(),
                Norm::Layer => block.clone(),
            };
            block.groups.retain(|units| *units > 0);
            block.skip &= index != last;
            block
        };
        let blocks: Vec<Block> = self.blocks.iter().enumerate().map(canonical).collect();
        let exits = self.exits && !blocks.is_empty();
        let elastic = self.hyper.elastic && !blocks.is_empty() && !exits && self.voices() == 1;
        let hyper = Hyper { elastic, ..self.hyper.canonical() };
        Self { exits, blocks, hyper, image: self.image.clone(), ..*self }
    }

    /// The canonical form with one norm group a block: what a genome can say.
    #[must_use]
    pub fn without_groups(&self) -> Self {
        let canonical = self.canonical();
        Self { blocks: canonical.blocks.iter().map(Block::without_groups).collect(), ..canonical }
    }

    /// Refuses what no network can be built from.
    pub fn check(&self) -> Result<(), ModelError> {
        if self.blocks.len() > DEPTH_MAX {
            return Err(invalid(format!(
                "{} blocks, but at most {DEPTH_MAX} are allowed",
                self.blocks.len()
            )));
        }
        self.blocks.iter().enumerate().try_for_each(|(index, block)| block.check(index))?;
        if usize::from(self.context) > CONTEXT_MAX {
            return Err(invalid(format!("the context is {} labels; give 0 to {CONTEXT_MAX}", self.context)));
        }
        if !(1..=COMMITTEE_MAX).contains(&self.committee) {
            return Err(invalid(format!("a committee of {}; give 1 to {COMMITTEE_MAX}", self.committee)));
        }
        self.embedding.check()?;
        self.sequence.check()?;
        self.image.check()?;
        self.hyper.check()
    }

    /// Whether it sees recent labels beside its rows: only where labels arrive while it answers does it say
    /// what it could.
    pub fn needs_labels(&self) -> bool {
        self.context > 0
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.blocks.is_empty() {
            f.write_str("linear")?;
        }
        for (index, block) in self.blocks.iter().enumerate() {
            let arrow = if index > 0 { " → " } else { "" };
            write!(f, "{arrow}{block}")?;
        }
        write!(f, ", {}", self.hyper)?;
        if self.context > 0 {
            write!(f, ", context {}", self.context)?;
        }
        if self.embedding != Embedding::None {
            write!(f, ", {}", self.embedding)?;
        }
        if self.sequence != Sequence::None {
            write!(f, ", {}", self.sequence)?;
        }
        if self.image != Image::None {
            write!(f, ", {}", self.image)?;
        }
        if self.exits {
            f.write_str(", exits")?;
        }
        if self.committee > 1 {
            write!(f, ", committee of {}", self.committee)?;
        }
        Ok(())
    }
}

fn invalid(message: String) -> ModelError {
    ModelError::Architecture(message)
}

#[cfg(test)]
mod tests;
