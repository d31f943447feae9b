//! Images: the genes of what looks at the picture in each row.
//!
//! Lives here: sizes, blocks and pooling, as genes. Does not live here: whether rows have a picture
//! (that is the schema's), what is made of it (that is [`crate::image`]).

use super::{ascending, gene, invalid, names, nearest_integer, position};
use crate::error::ModelError;
use crate::image::{BLOCKS_MAX, Convolutions, Image, ImageBlock, ImageBlockKind, Pooling};
use crate::space::Gene;

/// Genes of an image without its blocks: how many of these, units, kernel, pooling, grid.
const STEM_GENES: usize = 5;
/// Genes of a block: kind, kernel.
const BLOCK_GENES: usize = 2;

/// The choices of what may look at the picture in each row; every ladder is ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct ImageLimits {
    /// Units.
    pub units: Vec<u16>,
    /// Places on each side of what a unit sees.
    pub kernels: Vec<u8>,
    /// Most blocks after the stem.
    pub blocks_max: usize,
    /// Cells on each side.
    pub grids: Vec<u8>,
}

impl Default for ImageLimits {
    fn default() -> Self {
        Self { units: vec![4, 8, 16], kernels: vec![3, 5], blocks_max: 2, grids: vec![1, 2, 4] }
    }
}

impl ImageLimits {
    pub(super) fn check(&self) -> Result<(), ModelError> {
        if self.blocks_max > BLOCKS_MAX {
            return Err(invalid(format!(
                "{} blocks of an image; give at most {BLOCKS_MAX}",
                self.blocks_max
            )));
        }
        ascending("units of an image", &self.units)?;
        ascending("kernels of an image", &self.kernels)?;
        ascending("grids of an image", &self.grids)?;
        let sized = |units: u16, kernel: u8, grid: u8| {
            let blocks = Vec::new();
            Image::Conv(Convolutions { units, kernel, blocks, pooling: Pooling::Mean, grid }).check()
        };
        let (units, kernels, grids) = (&self.units, &self.kernels, &self.grids);
        units.iter().try_for_each(|units| sized(*units, kernels[0], grids[0]))?;
        kernels.iter().try_for_each(|kernel| sized(units[0], *kernel, grids[0]))?;
        grids.iter().try_for_each(|grid| sized(units[0], kernels[0], *grid))
    }

    /// How many genes there are.
    pub(super) fn len(&self) -> usize {
        STEM_GENES + self.blocks_max * BLOCK_GENES
    }

    /// The choices of the first gene with which something looks at the picture.
    pub(super) fn looking(&self) -> u16 {
        self.blocks_max as u16 + 1
    }

    pub(super) fn genes(&self, first: usize) -> Vec<Gene> {
        let blocks = (1..=self.blocks_max).map(|blocks| format!("{blocks} blocks"));
        let choices = ["none".to_owned(), "stem".to_owned()].into_iter().chain(blocks).collect();
        let active_if = Some((first, 1));
        let pooling = Pooling::ALL.map(|pooling| pooling.name().to_owned()).to_vec();
        let mut genes = vec![
            gene("image", choices),
            Gene { active_if, ..gene("image units", names(&self.units)) },
            Gene { active_if, ..gene("image kernel", names(&self.kernels)) },
            Gene { active_if, ordered: false, ..gene("image pooling", pooling) },
            Gene { active_if, ..gene("image grid", names(&self.grids)) },
        ];
        for block in 1..=self.blocks_max {
            let active_if = Some((first, block as u16 + 1));
            let name = |what: &str| format!("image block {block} {what}");
            let kinds = ImageBlockKind::ALL.map(|kind| kind.name().to_owned()).to_vec();
            genes.extend([
                Gene { active_if, ordered: false, ..gene(&name("kind"), kinds) },
                Gene { active_if, ..gene(&name("kernel"), names(&self.kernels)) },
            ]);
        }
        genes
    }

    pub(super) fn choices(&self, image: &Image) -> Vec<u16> {
        let mut choices = vec![0; self.len()];
        let Some(of) = image.convolutions() else { return choices };
        let nearest = |ladder: &[u8], value: u8| {
            let ladder: Vec<u16> = ladder.iter().map(|rung| u16::from(*rung)).collect();
            nearest_integer(&ladder, u16::from(value))
        };
        choices[0] = 1 + of.blocks.len().min(self.blocks_max) as u16;
        choices[1] = nearest_integer(&self.units, of.units);
        choices[2] = nearest(&self.kernels, of.kernel);
        choices[3] = position(&Pooling::ALL, of.pooling);
        choices[4] = nearest(&self.grids, of.grid);
        for (choices, block) in choices[STEM_GENES..].chunks_exact_mut(BLOCK_GENES).zip(&of.blocks) {
            choices[0] = position(&ImageBlockKind::ALL, block.kind);
            choices[1] = nearest(&self.kernels, block.kernel);
        }
        choices
    }

    pub(super) fn image(&self, choices: &[u16]) -> Image {
        let pick = |at: usize| usize::from(choices[at]);
        let Some(blocks) = pick(0).checked_sub(1) else { return Image::None };
        let block = |choices: &[u16]| ImageBlock {
            kind: ImageBlockKind::ALL[usize::from(choices[0])],
            kernel: self.kernels[usize::from(choices[1])],
        };
        Image::Conv(Convolutions {
            units: self.units[pick(1)],
            kernel: self.kernels[pick(2)],
            blocks: choices[STEM_GENES..].chunks_exact(BLOCK_GENES).take(blocks).map(block).collect(),
            pooling: Pooling::ALL[pick(3)],
            grid: self.grids[pick(4)],
        })
    }
}
