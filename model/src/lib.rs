//! What a network is: from the schema of a stream to a trained model on disk.
//!
//! In reading order: what flows ([`sample`]) as described ([`schema`]) and scaled ([`encoder`]), with the
//! labels known by then ([`context`]), the events before it ([`sequence`]) and what of it is a picture ([`image`]); what may
//! be searched ([`space`], [`wiring`], [`tabular`]): the [`architecture`], its [`cost`], the changes that lead from
//! one to another ([`morphism`]), the smaller networks
//! within one ([`slice`]), its [`answers`], and the [`mixture`] of several; its trained numbers ([`weights`]) on a
//! [`device`] ([`network`]); how it learns ([`learner`], several at once: [`pool`]), grows with its stream
//! ([`widening`]) and how wrong it is ([`loss`]); what is served and saved ([`mod@model`]),
//! or served elsewhere ([`onnx`]).
//!
//! Start the process with `RAYON_NUM_THREADS=1`: networks this small gain nothing from threads, and without
//! the variable candle asks the system for the number of processors before each matrix product.
//!
//! May not: Kafka, HTTP, async, clocks, decisions. Candle's types do not leave this crate.

pub mod answers;
pub mod architecture;
pub mod cohort;
pub mod context;
pub mod cost;
mod dense;
pub mod device;
pub mod embedding;
pub mod encoder;
pub mod error;
pub mod growth;
pub mod image;
mod layers;
pub mod learner;
pub mod loss;
pub mod mixture;
pub mod model;
pub mod morphism;
pub mod network;
pub mod onnx;
mod optimiser;
pub mod pool;
mod program;
pub mod proxies;
pub mod pruning;
pub mod relaxation;
pub mod sample;
pub mod schema;
pub mod sequence;
pub mod slice;
pub mod space;
pub mod stress;
pub mod tabular;
mod tensors;
#[cfg(test)]
mod testing;
mod training_loss;
pub mod weights;
pub mod widening;
pub mod wiring;

pub use self::model::{Model, ModelParts};
pub use architecture::{Activation, Architecture, Block, BlockKind, Hyper, Norm, Optimiser};
pub use cohort::{Cohort, Fault};
pub use context::Context;
pub use cost::{Cost, Shape};
pub use device::{Device, DeviceChoice};
pub use embedding::Embedding;
pub use encoder::Encoder;
pub use error::ModelError;
pub use image::{Convolutions, Image, ImageBlock, ImageBlockKind, Picture, Pooling};
pub use learner::{Learner, LearnerState};
pub use loss::{bounded, decide, decided, log_loss, side_by_side};
pub use mixture::{Edit, Mixed, Mixer, MixingRule, Mixture, MixtureNetwork, MixtureWeights, Origin};
pub use morphism::Morphism;
pub use network::Network;
pub use pool::{Arm, ArmState, Failure, MemberId, Pool, PoolState, Said};
pub use sample::{
    Adoption, EventId, ExternalAnswer, Generation, Label, Metric, Output, Reading, Record, Retraction, Row,
    Sample, Step, Timestamp, Truth,
};
pub use schema::{
    Addition, Feature, FeatureKind, Objective, Schema, Target, category_bucket, category_value,
};
pub use sequence::{Pasts, Sequence, SequenceKind, Sequences};
pub use slice::Slice;
pub use space::{Gene, Genome, SearchSpace};
pub use tabular::{ImageLimits, SequenceLimits, TabularLimits, TabularSpace};
pub use weights::{Array, Weights};
pub use widening::Widening;
pub use wiring::Wiring;
