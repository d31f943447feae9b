//! Places: where a network of this space may go on, for a relaxation to ask.
//!
//! Lives here: how many there are, and what may stand there. May not: say what should.

use super::{TabularSpace, nearest_integer};
use crate::architecture::{Activation, Architecture, Block, BlockKind};
use crate::relaxation::{EDGES_MAX, Edge, OPERATIONS_MAX, Operation};

impl TabularSpace {
    /// Places after the last block that a relaxation can ask about, as deep as this space goes. New blocks are like the
    /// last one, of every kind there is room for.
    pub fn edges(&self, architecture: &Architecture) -> Vec<Edge> {
        let limits = &self.limits;
        let room = limits.depth_max.saturating_sub(architecture.blocks.len()).min(EDGES_MAX);
        let usual = limits.widths[limits.widths.len() / 2];
        let (width, activation) = match architecture.blocks.last() {
            Some(block) => {
                let width = nearest_integer(&limits.widths, u16::try_from(block.width()).unwrap_or(u16::MAX));
                (limits.widths[usize::from(width)], block.activation)
            }
            None => (usual, Activation::Relu),
        };
        // Gates last: a dense block can be given them later.
        let kinds = [BlockKind::Dense, BlockKind::Residual, BlockKind::Cross, BlockKind::Gated];
        let block = |kind| Operation::Block(Block { kind, ..Block::plain(width, activation) });
        let blocks = kinds.into_iter().filter(|kind| limits.kinds.contains(kind)).map(block);
        let operations = std::iter::once(Operation::Skip).chain(blocks).take(OPERATIONS_MAX);
        vec![Edge(operations.collect()); room]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::Hyper;
    use crate::tabular::TabularLimits;

    #[test]
    fn there_is_a_place_for_each_block_that_may_follow_and_no_more() {
        let space = TabularSpace::new(TabularLimits::default()).expect("the usual limits");
        let linear = Architecture::linear(Hyper::default());
        let blocks = vec![Block::plain(30, Activation::Tanh); 2];
        let deep = Architecture { blocks, ..linear.clone() };
        let places = space.edges(&deep);
        let Edge(operations) = &places[0];
        assert_eq!((space.edges(&linear).len(), places.len()), (3, 1));
        assert_eq!((&operations[0], operations.len()), (&Operation::Skip, OPERATIONS_MAX));
        assert_eq!(operations[1], Operation::Block(Block::plain(32, Activation::Tanh)));
        let full = Architecture { blocks: vec![Block::plain(8, Activation::Relu); 3], ..linear };
        assert!(space.edges(&full).is_empty());
    }
}
