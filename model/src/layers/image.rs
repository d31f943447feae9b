//! Image: what a stage makes of a picture, in tensors.
//!
//! Lives here: the formulas of [`crate::image`], as plainly as they can be said. Does not live here: what becomes of what it
//! says (that is the parent's).

use candle_core::{D, Result, Tensor};

use crate::image::{Convolutions, Image, ImageBlockKind, Picture, Pooling};
use crate::weights::Role;

/// The weights of a block over a picture.
#[derive(Clone, Debug)]
struct BlockTensors {
    weight: Tensor,
    bias: Tensor,
    out: Tensor,
}

/// The weights of a stage.
#[derive(Clone, Debug)]
pub(super) struct ImageTensors {
    of: Convolutions,
    picture: Picture,
    stem: Tensor,
    stem_bias: Tensor,
    blocks: Vec<BlockTensors>,
    pub block: Option<Tensor>,
    pub head: Tensor,
}

impl ImageTensors {
    /// Its tables, if there is a stage.
    pub fn find(
        image: &Image,
        picture: Option<Picture>,
        find: &impl Fn(Role) -> Option<Tensor>,
    ) -> Option<Self> {
        let of = image.convolutions()?;
        let block = |index| {
            Some(BlockTensors {
                weight: find(Role::ImageWeight(index))?,
                bias: find(Role::ImageBias(index))?,
                out: find(Role::ImageOut(index))?,
            })
        };
        Some(Self {
            of: of.clone(),
            picture: picture?,
            stem: find(Role::ImageStem)?,
            stem_bias: find(Role::ImageStemBias)?,
            blocks: (0..of.blocks.len()).map(block).collect::<Option<_>>()?,
            block: find(Role::ImageBlock),
            head: find(Role::ImageHead)?,
        })
    }

    /// What it says of the whole of the picture in each row.
    pub fn said(&self, rows: &Tensor) -> Result<Tensor> {
        let Picture { height, width, channels, .. } = self.picture;
        let places: Vec<u32> = self.picture.encoded().map(|at| at as u32).collect();
        let count = places.len();
        let places = Tensor::from_vec(places, count, rows.device())?;
        let shape = (rows.dim(0)?, usize::from(height), usize::from(width), usize::from(channels));
        let shown = rows.contiguous()?.index_select(&places, 1)?.reshape(shape)?;
        let all = Tensor::cat(&windows(&shown, self.of.kernel)?, 3)?;
        let mut made = at_each(&all, &self.stem)?.broadcast_add(&self.stem_bias)?.relu()?;
        for (tensors, block) in self.blocks.iter().zip(&self.of.blocks) {
            let windows = windows(&made, block.kernel)?;
            let sums = match block.kind {
                ImageBlockKind::Conv => at_each(&Tensor::cat(&windows, 3)?, &tensors.weight)?,
                ImageBlockKind::Depthwise => {
                    let each = windows.iter().enumerate();
                    let products = each.map(|(tap, of)| of.broadcast_mul(&tensors.weight.narrow(0, tap, 1)?));
                    Tensor::stack(&products.collect::<Result<Vec<_>>>()?, 0)?.sum(0)?
                }
            };
            let seen = sums.broadcast_add(&tensors.bias)?.relu()?;
            made = made.add(&at_each(&seen, &tensors.out)?)?;
        }
        self.pool(&made)
    }

    /// What is made of each cell, one after the other.
    fn pool(&self, made: &Tensor) -> Result<Tensor> {
        let mut cells = Vec::with_capacity(self.of.cells());
        for rows in self.of.cells_along(self.picture.height) {
            for columns in self.of.cells_along(self.picture.width) {
                let cell = made.narrow(1, rows.start, rows.len())?.narrow(2, columns.start, columns.len())?;
                let places = cell.flatten(1, 2)?;
                cells.push(match self.of.pooling {
                    Pooling::Mean => places.mean(1)?,
                    Pooling::Max => largest(&places)?,
                });
            }
        }
        Tensor::cat(&cells, D::Minus1)
    }
}

/// The numbers at each place times a table.
fn at_each(of: &Tensor, table: &Tensor) -> Result<Tensor> {
    let (rows, height, width, numbers) = of.dims4()?;
    of.reshape(((), numbers))?.matmul(table)?.reshape((rows, height, width, ()))
}

/// What lies around each place at each tap, zeros beyond the picture.
fn windows(of: &Tensor, kernel: u8) -> Result<Vec<Tensor>> {
    let (_, height, width, _) = of.dims4()?;
    let (kernel, reach) = (usize::from(kernel), usize::from(kernel / 2));
    let padded = of.pad_with_zeros(1, reach, reach)?.pad_with_zeros(2, reach, reach)?;
    let tap = |at: usize| padded.narrow(1, at / kernel, height)?.narrow(2, at % kernel, width);
    (0..kernel * kernel).map(tap).collect()
}

/// The largest of places. Of equals each is a part of it: they look the same.
fn largest(places: &Tensor) -> Result<Tensor> {
    let most = places.max_keepdim(1)?;
    let are = places.broadcast_eq(&most)?.to_dtype(places.dtype())?;
    let shares = are.broadcast_div(&are.sum_keepdim(1)?)?.detach();
    places.mul(&shares)?.sum(1)
}
