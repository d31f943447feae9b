//! Morphism: a small change of a network, and what becomes of its weights.
//!
//! Lives here: the changes, the way from any network to any other, the transfer of weights. Does not live
//! here: which change to try (that is for the policies), training after it (that is [`crate::learner`]).
//!
//! Growing changes nothing a network says, because what is new has no weight yet on the way out
//! (`Net2Net`, arXiv:1511.05641; Network Morphism, arXiv:1603.01670); [`crate::architecture`] has the
//! reasons. Unlike `Net2Net`, a widened block does not copy units: copies get equal gradients and have
//! to be told apart by noise, which changes the function, while new units differ from the start:
//! random ones with zero outgoing weights, or those that [`crate::growth`] chooses.

use std::fmt;

use rand::Rng;
use serde::{Deserialize, Serialize};

use crate::architecture::{Activation, Architecture, Block, BlockKind, Hyper, Norm};
use crate::cost::Shape;
use crate::embedding::Embedding;
use crate::image::Image;
use crate::sequence::Sequence;
use crate::weights::Weights;

mod inherit;
mod looked;

pub(crate) use inherit::first_units;

/// One small change; blocks are counted from 0, and a block that is not there is not changed.
///
/// ```
/// use model::{Activation, Architecture, Block, Hyper, Morphism};
///
/// let linear = Architecture::linear(Hyper::default());
/// let deep = Architecture { blocks: vec![Block::plain(64, Activation::Gelu)], ..linear.clone() };
/// let path = Morphism::path(&linear, &deep);
/// assert_eq!(path[0].to_string(), "deepen by 64 gelu");
/// assert!(path[0].preserves_function());
/// assert_eq!(path[0].apply(&linear), deep);
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Morphism {
    /// A new last block; the one before keeps its own way to the head.
    Deepen {
        /// The new block.
        block: Block,
    },
    /// The last block goes.
    Remove,
    /// New units, as a norm group of their own.
    Widen {
        /// Which block.
        block: usize,
        /// Units before.
        from: u16,
        /// Units after.
        to: u16,
    },
    /// The units that matter least go; the rest is one norm group.
    Shrink {
        /// Which block.
        block: usize,
        /// Units before.
        from: u16,
        /// Units after.
        to: u16,
    },
    /// Another kind of block.
    SetKind {
        /// Which block.
        block: usize,
        /// The kind before.
        from: BlockKind,
        /// The kind after.
        to: BlockKind,
    },
    /// Another non-linearity.
    SetActivation {
        /// Which block.
        block: usize,
        /// The new one.
        activation: Activation,
    },
    /// Another norm.
    SetNorm {
        /// Which block.
        block: usize,
        /// The new one.
        norm: Norm,
    },
    /// Another share of silenced units.
    SetDropout {
        /// Which block.
        block: usize,
        /// The new share.
        dropout: f32,
    },
    /// Whether an inner block reaches the head.
    SetSkip {
        /// Which block.
        block: usize,
        /// Whether it does.
        skip: bool,
    },
    /// More or fewer of the newest labels beside each row.
    SetContext {
        /// Labels before.
        from: u8,
        /// Labels after.
        to: u8,
    },
    /// Something else added to each feature.
    SetEmbedding {
        /// What was added before.
        from: Embedding,
        /// What is added after.
        to: Embedding,
    },
    /// Something else made of the events before each one.
    SetSequence {
        /// What was made of them before.
        from: Sequence,
        /// What is made of them after.
        to: Sequence,
    },
    /// Something else made of the picture in each row.
    SetImage {
        /// What was made of it before.
        from: Image,
        /// What is made of it after.
        to: Image,
    },
    /// Whether it answers at every depth, or at the last one only.
    SetExits {
        /// Whether it does.
        exits: bool,
    },
    /// More or fewer voices that answer together.
    SetCommittee {
        /// Voices before.
        from: u8,
        /// Voices after.
        to: u8,
    },
    /// Another way to learn.
    SetHyper {
        /// The new one.
        hyper: Hyper,
    },
}

impl Morphism {
    /// Changes that lead from one network to the other, up to norm groups, which only growth makes.
    ///
    /// What may change the function comes before what grows, so growth starts from the new function.
    pub fn path(from: &Architecture, to: &Architecture) -> Vec<Self> {
        let to = to.canonical();
        let mut walk = Walk { here: from.canonical(), path: Vec::new() };
        if walk.here.hyper != to.hyper {
            walk.step(Self::SetHyper { hyper: to.hyper });
        }
        if walk.here.context != to.context {
            walk.step(Self::SetContext { from: walk.here.context, to: to.context });
        }
        if walk.here.embedding != to.embedding {
            walk.step(Self::SetEmbedding { from: walk.here.embedding, to: to.embedding });
        }
        if walk.here.sequence != to.sequence {
            walk.step(Self::SetSequence { from: walk.here.sequence, to: to.sequence });
        }
        if walk.here.image != to.image {
            walk.step(Self::SetImage { from: walk.here.image.clone(), to: to.image.clone() });
        }
        if walk.here.exits && !to.exits {
            walk.step(Self::SetExits { exits: false });
        }
        if walk.here.committee != to.committee {
            walk.step(Self::SetCommittee { from: walk.here.committee, to: to.committee });
        }
        while walk.here.blocks.len() > to.blocks.len() {
            walk.step(Self::Remove);
        }
        for index in 0..walk.here.blocks.len() {
            walk.reshape(index, &to.blocks[index]);
        }
        for block in &to.blocks[walk.here.blocks.len()..] {
            walk.step(Self::Deepen { block: Block { skip: false, ..block.clone() } });
        }
        for (index, block) in to.blocks.iter().enumerate() {
            if walk.here.blocks[index].skip != block.skip {
                walk.step(Self::SetSkip { block: index, skip: block.skip });
            }
        }
        // Last, as there are no exits without blocks.
        if walk.here.exits != to.exits {
            walk.step(Self::SetExits { exits: to.exits });
        }
        walk.path
    }

    /// The network after this change, in canonical form.
    #[must_use]
    pub fn apply(&self, architecture: &Architecture) -> Architecture {
        let mut after = architecture.canonical();
        match self {
            Self::Deepen { block } => {
                if let Some(last) = after.blocks.last_mut() {
                    last.skip = true;
                }
                after.blocks.push(block.clone());
            }
            Self::Remove => drop(after.blocks.pop()),
            Self::Widen { block, to, .. } => set(&mut after, *block, |block| widen(block, *to)),
            Self::Shrink { block, to, .. } => set(&mut after, *block, |block| shrink(block, *to)),
            Self::SetKind { block, to, .. } => set(&mut after, *block, |block| block.kind = *to),
            Self::SetActivation { block, activation } => {
                set(&mut after, *block, |block| block.activation = *activation);
            }
            Self::SetNorm { block, norm } => set(&mut after, *block, |block| block.norm = *norm),
            Self::SetDropout { block, dropout } => set(&mut after, *block, |block| block.dropout = *dropout),
            Self::SetSkip { block, skip } => set(&mut after, *block, |block| block.skip = *skip),
            Self::SetContext { to, .. } => after.context = *to,
            Self::SetEmbedding { to, .. } => after.embedding = *to,
            Self::SetSequence { to, .. } => after.sequence = *to,
            Self::SetImage { to, .. } => after.image.clone_from(to),
            Self::SetExits { exits } => after.exits = *exits,
            Self::SetCommittee { to, .. } => after.committee = *to,
            Self::SetHyper { hyper } => after.hyper = *hyper,
        }
        after.canonical()
    }

    /// Whether the network says the same after it; otherwise it has to learn from its former self.
    pub fn preserves_function(&self) -> bool {
        match self {
            Self::Deepen { .. } | Self::Widen { .. } | Self::SetDropout { .. } | Self::SetHyper { .. } => {
                true
            }
            Self::SetSkip { skip, .. } => *skip,
            // At first the last depth has all the trust.
            Self::SetExits { exits } => *exits,
            // As many copies of each voice: the mean is the same.
            Self::SetCommittee { from, to } => to % from == 0,
            // A new gate is one.
            Self::SetKind { from, to, .. } => (*from, *to) == (BlockKind::Dense, BlockKind::Gated),
            Self::SetContext { from, to } => from <= to,
            Self::SetEmbedding { from, to } => from.begins(*to),
            Self::SetSequence { from, to } => from.begins(*to),
            Self::SetImage { from, to } => from.begins(to),
            Self::Remove | Self::Shrink { .. } | Self::SetActivation { .. } | Self::SetNorm { .. } => false,
        }
    }

    /// Weights for the network after this change, from those of the network before it.
    #[must_use]
    pub fn inherit(
        &self,
        from: &Architecture,
        shape: Shape,
        weights: &Weights,
        rng: &mut impl Rng,
    ) -> Weights {
        let nothing = Weights::default();
        let kept = self.kept(from, shape, weights, None);
        let [weights, ..] = self.inherit_trained(from, shape, [weights, &nothing, &nothing], &kept, rng);
        weights
    }
}

/// The network a path has come to so far.
struct Walk {
    here: Architecture,
    path: Vec<Morphism>,
}

impl Walk {
    fn step(&mut self, morphism: Morphism) {
        self.here = morphism.apply(&self.here);
        self.path.push(morphism);
    }

    /// Everything about one block but its skip.
    fn reshape(&mut self, block: usize, to: &Block) {
        let Block { kind, activation, norm, dropout, .. } = self.here.blocks[block];
        if kind != to.kind {
            self.step(Morphism::SetKind { block, from: kind, to: to.kind });
        }
        if activation != to.activation {
            self.step(Morphism::SetActivation { block, activation: to.activation });
        }
        if norm != to.norm {
            self.step(Morphism::SetNorm { block, norm: to.norm });
        }
        if dropout.to_bits() != to.dropout.to_bits() {
            self.step(Morphism::SetDropout { block, dropout: to.dropout });
        }
        let (from, to) = (self.here.blocks[block].width() as u16, to.width() as u16);
        match from.cmp(&to) {
            std::cmp::Ordering::Less => self.step(Morphism::Widen { block, from, to }),
            std::cmp::Ordering::Equal => {}
            std::cmp::Ordering::Greater => self.step(Morphism::Shrink { block, from, to }),
        }
    }
}

fn set(architecture: &mut Architecture, block: usize, change: impl FnOnce(&mut Block)) {
    if let Some(block) = architecture.blocks.get_mut(block) {
        change(block);
    }
}

fn widen(block: &mut Block, to: u16) {
    let more = usize::from(to).saturating_sub(block.width());
    if more > 0 {
        block.groups.push(more as u16);
    }
}

fn shrink(block: &mut Block, to: u16) {
    if usize::from(to) < block.width() {
        block.groups = vec![to];
    }
}

impl fmt::Display for Morphism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deepen { block } => write!(f, "deepen by {block}"),
            Self::Remove => f.write_str("remove the last block"),
            Self::Widen { block, from, to } => write!(f, "widen block {} from {from} to {to}", block + 1),
            Self::Shrink { block, from, to } => write!(f, "shrink block {} from {from} to {to}", block + 1),
            Self::SetKind { block, to, .. } => write!(f, "make block {} {}", block + 1, to.name()),
            Self::SetActivation { block, activation } => {
                write!(f, "activate block {} by {}", block + 1, activation.name())
            }
            Self::SetNorm { block, norm } => {
                write!(f, "set the norm of block {} to {}", block + 1, norm.name())
            }
            Self::SetDropout { block, dropout } => {
                write!(f, "set the dropout of block {} to {dropout}", block + 1)
            }
            Self::SetSkip { block, skip: true } => write!(f, "let block {} skip to the head", block + 1),
            Self::SetSkip { block, skip: false } => write!(f, "cut block {} off the head", block + 1),
            Self::SetContext { to: 0, .. } => f.write_str("see no labels"),
            Self::SetContext { to: 1, .. } => f.write_str("see the last label"),
            Self::SetContext { to, .. } => write!(f, "see the last {to} labels"),
            Self::SetEmbedding { to: Embedding::None, .. } => f.write_str("embed nothing"),
            Self::SetEmbedding { to, .. } => write!(f, "embed by {to}"),
            Self::SetSequence { to: Sequence::None, .. } => f.write_str("read no events before"),
            Self::SetSequence { to, .. } => write!(f, "read the events before by {to}"),
            Self::SetImage { to: Image::None, .. } => f.write_str("look at no picture"),
            Self::SetImage { to, .. } => write!(f, "look at the picture by {to}"),
            Self::SetExits { exits: true } => f.write_str("answer at every depth"),
            Self::SetExits { exits: false } => f.write_str("answer at the last depth only"),
            Self::SetCommittee { to: 1, .. } => f.write_str("answer alone"),
            Self::SetCommittee { to, .. } => write!(f, "answer as a committee of {to}"),
            Self::SetHyper { hyper } => write!(f, "learn by {hyper}"),
        }
    }
}

#[cfg(test)]
mod tests;
