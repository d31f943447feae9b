//! Tabular space: which networks for rows may be tried.
//!
//! Lives here: the genes of a tabular network and the way between genome and architecture. Does not live
//! here: neighbours and encodings (that is [`crate::space`]), how weights follow (that is
//! [`crate::morphism`]).

use std::ops::Range;

use crate::architecture::{
    Activation, Architecture, Block, BlockKind, COMMITTEE_MAX, DEPTH_MAX, Hyper, Norm, Optimiser, STEP_SIZES,
    SURGE_MAX, WIDTH_MAX,
};
use crate::context::CONTEXT_MAX;
use crate::embedding::Embedding;
use crate::error::ModelError;
use crate::image::Image;
use crate::sequence::Sequence;
use crate::space::{Gene, Genome, SearchSpace};
use crate::wiring::{Operation, Source, When, Wiring};

mod images;
mod places;
mod sequences;

pub use images::ImageLimits;
pub use sequences::SequenceLimits;

/// Noise in the numbers that a network learns from, where that is searched.
const NOISES: [f32; 3] = [0.0, 0.1, 0.3];
/// Shares of them that are left out.
const MISSING: [f32; 3] = [0.0, 0.05, 0.15];
/// How far they are moved against it.
const ATTACKS: [f32; 3] = [0.0, 0.03, 0.1];
/// Genes of one block: kind, width, activation, norm, dropout, skip.
const BLOCK_GENES: usize = 6;
/// Genes of how a network learns, and of what belongs to it as a whole, without those of hardening.
const HYPER_GENES: usize = 13;
/// Genes of hardening.
const HARDENING_GENES: usize = 3;

/// The choices a tabular space offers; every ladder is ascending.
#[derive(Clone, Debug, PartialEq)]
pub struct TabularLimits {
    /// Most blocks.
    pub depth_max: usize,
    /// Kinds of block; in any order.
    pub kinds: Vec<BlockKind>,
    /// Widths of a block.
    pub widths: Vec<u16>,
    /// Dropout of a block.
    pub dropouts: Vec<f32>,
    /// Weight decays.
    pub weight_decays: Vec<f32>,
    /// New rows in one step.
    pub batches: Vec<u16>,
    /// Old rows for each new one.
    pub replays: Vec<f32>,
    /// Rows kept for that.
    pub replay_depths: Vec<u16>,
    /// Rows from before the last drifts for each new one.
    pub recalls: Vec<f32>,
    /// Steps over which the weights that answer are averaged.
    pub averages: Vec<u16>,
    /// Recent labels seen beside each row; only 0 where no labels arrive while a network answers.
    pub contexts: Vec<u16>,
    /// What is added to each feature; in any order.
    pub embeddings: Vec<Embedding>,
    /// Whether networks may answer at every depth.
    pub exits: bool,
    /// Voices of a network.
    pub committees: Vec<u16>,
    /// Steps that follow a row after a sudden drift.
    pub surges: Vec<u16>,
    /// Whether networks may learn from rows that are made worse first.
    pub hardening: bool,
    /// Whether slices of networks may learn with them.
    pub elastic: bool,
    /// What may read the events before each one; none where rows carry none.
    pub sequences: Option<SequenceLimits>,
    /// What may look at the picture in each row; none where rows have none.
    pub images: Option<ImageLimits>,
}

impl Default for TabularLimits {
    fn default() -> Self {
        Self {
            depth_max: 3,
            kinds: BlockKind::ALL.to_vec(),
            widths: vec![8, 16, 32, 64, 128, 256],
            dropouts: vec![0.0, 0.1, 0.25],
            weight_decays: vec![0.0, 1e-5, 1e-4, 1e-3],
            batches: vec![1, 4, 16, 32],
            replays: vec![0.0, 0.25, 0.5, 1.0],
            replay_depths: vec![256, 1_024, 4_096],
            recalls: vec![0.0],
            averages: vec![0, 500],
            contexts: vec![0, 1, 2, 4],
            embeddings: vec![Embedding::None, Embedding::PiecewiseLinear(4), Embedding::Periodic(3)],
            exits: false,
            committees: vec![1],
            surges: vec![0, 3],
            hardening: false,
            elastic: false,
            sequences: None,
            images: None,
        }
    }
}

impl TabularLimits {
    fn check(&self) -> Result<(), ModelError> {
        if self.depth_max > DEPTH_MAX {
            return Err(invalid(format!("depth_max is {}; give at most {DEPTH_MAX}", self.depth_max)));
        }
        if self.widths.iter().any(|width| !(1..=WIDTH_MAX).contains(&usize::from(*width))) {
            return Err(invalid(format!("a width is outside 1 to {WIDTH_MAX}")));
        }
        if self.embeddings.is_empty() {
            return Err(invalid("embeddings has to name at least one, such as none".into()));
        }
        self.embeddings.iter().try_for_each(|embedding| embedding.check())?;
        if self.kinds.is_empty() {
            return Err(invalid("kinds has to name at least one kind of block".into()));
        }
        ascending("widths", &self.widths)?;
        ascending("dropouts", &self.dropouts)?;
        ascending("weight_decays", &self.weight_decays)?;
        ascending("batches", &self.batches)?;
        ascending("replays", &self.replays)?;
        ascending("replay_depths", &self.replay_depths)?;
        ascending("recalls", &self.recalls)?;
        if self.contexts.iter().any(|context| usize::from(*context) > CONTEXT_MAX) {
            return Err(invalid(format!("a context is outside 0 to {CONTEXT_MAX} labels")));
        }
        if self.committees.iter().any(|voices| !(1..=u16::from(COMMITTEE_MAX)).contains(voices)) {
            return Err(invalid(format!("a committee is outside 1 to {COMMITTEE_MAX}")));
        }
        ascending("committees", &self.committees)?;
        if self.surges.iter().any(|surge| *surge > u16::from(SURGE_MAX)) {
            return Err(invalid(format!("a surge is outside 0 to {SURGE_MAX} steps")));
        }
        ascending("surges", &self.surges)?;
        ascending("averages", &self.averages)?;
        if self.elastic && (self.exits || self.committees != [1]) {
            return Err(invalid(
                "slices are of networks with one answer; search them without exits, and committees of 1"
                    .into(),
            ));
        }
        if let Some(sequences) = &self.sequences {
            sequences.check()?;
        }
        if let Some(images) = &self.images {
            images.check()?;
        }
        ascending("contexts", &self.contexts)
    }

    /// What the last genes say of what reads the events before, and of what looks at the picture.
    fn stages(&self, choices: &[u16]) -> (Sequence, Image) {
        let (of_sequence, of_image) =
            choices.split_at(choices.len() - self.images.as_ref().map_or(0, ImageLimits::len));
        let sequence = self.sequences.as_ref().map_or(Sequence::None, |limits| limits.sequence(of_sequence));
        (sequence, self.images.as_ref().map_or(Image::None, |limits| limits.image(of_image)))
    }
}

/// The search space of networks for rows.
///
/// ```
/// use model::{Architecture, Hyper, TabularLimits, TabularSpace};
///
/// let space = TabularSpace::new(TabularLimits { depth_max: 2, ..TabularLimits::default() })?;
/// let linear = Architecture::linear(Hyper::default());
/// let genome = space.genome(&linear);
/// assert!(space.space().contains(&genome));
/// assert_eq!(space.architecture(&genome), linear);
/// # Ok::<(), model::ModelError>(())
/// ```
#[derive(Clone, Debug)]
pub struct TabularSpace {
    limits: TabularLimits,
    space: SearchSpace,
}

impl TabularSpace {
    /// The space of these limits; every ladder needs a choice and has to ascend.
    pub fn new(limits: TabularLimits) -> Result<Self, ModelError> {
        limits.check()?;
        let mut genes = vec![gene("depth", (0..=limits.depth_max).map(|depth| depth.to_string()).collect())];
        for block in 0..limits.depth_max {
            genes.extend(block_genes(&limits, block));
        }
        let first = genes.len();
        genes.extend(hyper_genes(&limits, first));
        if limits.hardening {
            genes.extend(hardening_genes());
        }
        // Of no block there are no slices.
        let elastic = Gene { active_if: Some((0, 1)), ordered: false, ..gene("elastic", yes_or_no(true)) };
        genes.extend(limits.elastic.then_some(elastic));
        let mut wiring = wiring(limits.depth_max, genes.len());
        if let Some(sequences) = &limits.sequences {
            let first = genes.len();
            genes.extend(sequences.genes(first));
            wiring = with_stage(wiring, 2, first..genes.len(), sequences.kinds.len() as u16);
        }
        if let Some(images) = &limits.images {
            let first = genes.len();
            genes.extend(images.genes(first));
            wiring = with_stage(wiring, 3, first..genes.len(), images.looking());
        }
        Ok(Self { space: SearchSpace::new(genes)?.wired(wiring)?, limits })
    }

    /// The genes, for proposers.
    pub fn space(&self) -> &SearchSpace {
        &self.space
    }

    /// The genome of the nearest network of this space; norm groups are not searched.
    pub fn genome(&self, architecture: &Architecture) -> Genome {
        let architecture = architecture.canonical();
        let limits = &self.limits;
        let mut choices = vec![architecture.blocks.len().min(limits.depth_max) as u16];
        for index in 0..limits.depth_max {
            choices.extend(match architecture.blocks.get(index) {
                Some(block) => block_choices(limits, block),
                None => [0; BLOCK_GENES],
            });
        }
        let hyper = &architecture.hyper;
        choices.extend([
            position(&Optimiser::ALL, hyper.optimiser),
            nearest(&hyper.optimiser.step_sizes(), hyper.step_size),
            nearest(&limits.weight_decays, hyper.weight_decay),
            nearest_integer(&limits.batches, hyper.batch),
            nearest(&limits.replays, hyper.replay),
            nearest_integer(&limits.averages, hyper.average),
            nearest_integer(&limits.contexts, u16::from(architecture.context)),
            nearest_embedding(&limits.embeddings, architecture.embedding),
            u16::from(limits.exits && architecture.exits),
            nearest_integer(&limits.committees, u16::from(architecture.committee)),
            nearest_integer(&limits.surges, u16::from(hyper.surge)),
            nearest_integer(&limits.replay_depths, hyper.replay_depth),
            nearest(&limits.recalls, hyper.recall),
        ]);
        if limits.hardening {
            choices.extend([
                nearest(&NOISES, hyper.noise),
                nearest(&MISSING, hyper.missing),
                nearest(&ATTACKS, hyper.attack),
            ]);
        }
        choices.extend(limits.elastic.then_some(u16::from(hyper.elastic)));
        if let Some(sequences) = &limits.sequences {
            choices.extend(sequences.choices(architecture.sequence));
        }
        if let Some(images) = &limits.images {
            choices.extend(images.choices(&architecture.image));
        }
        self.space.canonical(&Genome(choices))
    }

    /// The network a genome of this space stands for, with one norm group a block.
    ///
    /// # Panics
    ///
    /// If the genome is not of this space.
    pub fn architecture(&self, genome: &Genome) -> Architecture {
        let limits = &self.limits;
        let (depth, rest) = genome.0.split_first().expect("a genome of this space starts with its depth");
        let (blocks, hyper) = rest.split_at(limits.depth_max * BLOCK_GENES);
        let pick = |index: usize| usize::from(hyper[index]);
        let [context, surge] = [limits.contexts[pick(6)], limits.surges[pick(10)]];
        let optimiser = Optimiser::ALL[pick(0)];
        let hardening = HYPER_GENES + if limits.hardening { HARDENING_GENES } else { 0 };
        let elastic = hardening + usize::from(limits.elastic);
        let (sequence, image) = limits.stages(&hyper[elastic..]);
        let [noise, missing, attack] = match hyper.get(HYPER_GENES..hardening) {
            Some(&[noise, missing, attack]) => {
                [NOISES[usize::from(noise)], MISSING[usize::from(missing)], ATTACKS[usize::from(attack)]]
            }
            Some(_) | None => [0.0; 3],
        };
        let hyper = Hyper {
            optimiser,
            step_size: optimiser.step_sizes()[pick(1)],
            weight_decay: limits.weight_decays[pick(2)],
            batch: limits.batches[pick(3)],
            replay: limits.replays[pick(4)],
            replay_depth: limits.replay_depths[pick(11)],
            recall: limits.recalls[pick(12)],
            average: limits.averages[pick(5)],
            surge: u8::try_from(surge).unwrap_or(u8::MAX),
            noise,
            missing,
            attack,
            elastic: hyper[hardening..elastic].contains(&1),
        };
        let blocks = blocks.chunks_exact(BLOCK_GENES).take(usize::from(*depth));
        Architecture {
            blocks: blocks.map(|choices| block_of(limits, choices)).collect(),
            hyper,
            context: u8::try_from(context).unwrap_or(u8::MAX),
            embedding: limits.embeddings[pick(7)],
            sequence,
            image,
            exits: pick(8) > 0,
            committee: u8::try_from(limits.committees[pick(9)]).unwrap_or(u8::MAX),
        }
        .canonical()
    }
}

fn block_genes(limits: &TabularLimits, block: usize) -> [Gene; BLOCK_GENES] {
    let name = |what: &str| format!("block {} {what}", block + 1);
    let active_if = Some((0, block as u16 + 1));
    [
        Gene {
            active_if,
            ordered: false,
            ..gene(&name("kind"), limits.kinds.iter().map(|kind| kind.name().to_owned()).collect())
        },
        Gene { active_if, ..gene(&name("width"), names(&limits.widths)) },
        Gene {
            active_if,
            ordered: false,
            ..gene(&name("activation"), Activation::ALL.map(|choice| choice.name().to_owned()).to_vec())
        },
        Gene {
            active_if,
            ordered: false,
            ..gene(&name("norm"), Norm::ALL.map(|choice| choice.name().to_owned()).to_vec())
        },
        Gene { active_if, ..gene(&name("dropout"), names(&limits.dropouts)) },
        // The last block reaches the head anyway, so skipping is a question only where another follows.
        Gene {
            active_if: Some((0, block as u16 + 2)),
            ordered: false,
            ..gene(&name("skip"), vec!["no".into(), "yes".into()])
        },
    ]
}

/// A chain of blocks, each of which may reach the head; and beside it, on a way of its own, how the network learns.
fn wiring(blocks: usize, genes: usize) -> Wiring {
    let first = |block: usize| 1 + block * BLOCK_GENES;
    let block = |block: usize| {
        let from = block.checked_sub(1).map_or(Source::Row, Source::Operation);
        let is_last = When::Chosen { gene: 0, choices: vec![block as u16 + 1] };
        let skips = When::Chosen { gene: first(block) + BLOCK_GENES - 1, choices: vec![1] };
        Operation {
            kind: 0,
            genes: (first(block)..first(block + 1)).collect(),
            exists: When::Always,
            inputs: vec![(from, When::Always)],
            answers: vec![is_last, skips],
        }
    };
    let learning = Operation {
        kind: 1,
        genes: (first(blocks)..genes).collect(),
        exists: When::Always,
        inputs: vec![(Source::Row, When::Always)],
        answers: vec![When::Always],
    };
    Wiring((0..blocks).map(block).chain([learning]).collect())
}

/// A stage comes first: from the row into the first block, and to the answer, where the first of its genes has one of so many
/// choices after none.
fn with_stage(Wiring(rest): Wiring, kind: usize, genes: Range<usize>, choices: u16) -> Wiring {
    let stage = Operation {
        kind,
        exists: When::Chosen { gene: genes.start, choices: (1..=choices).collect() },
        genes: genes.collect(),
        inputs: vec![(Source::Row, When::Always)],
        answers: vec![When::Always],
    };
    // The first block, if there is one.
    let block = rest.iter().position(|operation| operation.kind == 0);
    let mut operations = vec![stage];
    for (at, mut operation) in rest.into_iter().enumerate() {
        for (source, _) in &mut operation.inputs {
            if let Source::Operation(from) = source {
                *from += 1;
            }
        }
        if Some(at) == block {
            operation.inputs.push((Source::Operation(0), When::Always));
        }
        operations.push(operation);
    }
    Wiring(operations)
}

/// How a network learns, and what belongs to it as a whole; `first` is the place of the first of these genes.
fn hyper_genes(limits: &TabularLimits, first: usize) -> [Gene; HYPER_GENES] {
    [
        Gene {
            ordered: false,
            ..gene("optimiser", Optimiser::ALL.map(|choice| choice.name().to_owned()).to_vec())
        },
        // Its place among those of the optimiser.
        gene("step size", (1..=STEP_SIZES).map(|place| place.to_string()).collect()),
        gene("weight decay", names(&limits.weight_decays)),
        gene("batch", names(&limits.batches)),
        gene("replay", names(&limits.replays)),
        gene("average", names(&limits.averages)),
        gene("context", names(&limits.contexts)),
        Gene { ordered: false, ..gene("embedding", names(&limits.embeddings)) },
        // One depth is one answer.
        Gene { active_if: Some((0, 1)), ordered: false, ..gene("exits", yes_or_no(limits.exits)) },
        gene("committee", names(&limits.committees)),
        gene("surge", names(&limits.surges)),
        // How deep is a question only where something is replayed; the first rung of replays is none.
        Gene { active_if: Some((first + 4, 1)), ..gene("replay depth", names(&limits.replay_depths)) },
        gene("recall", names(&limits.recalls)),
    ]
}

/// They are there only where they are searched: what is drawn for one choice is drawn, too.
fn hardening_genes() -> [Gene; HARDENING_GENES] {
    [gene("noise", names(&NOISES)), gene("missing", names(&MISSING)), gene("attack", names(&ATTACKS))]
}

fn block_choices(limits: &TabularLimits, block: &Block) -> [u16; BLOCK_GENES] {
    [
        limits.kinds.iter().position(|kind| *kind == block.kind).unwrap_or(0) as u16,
        nearest_integer(&limits.widths, u16::try_from(block.width()).unwrap_or(u16::MAX)),
        position(&Activation::ALL, block.activation),
        position(&Norm::ALL, block.norm),
        nearest(&limits.dropouts, block.dropout),
        u16::from(block.skip),
    ]
}

fn block_of(limits: &TabularLimits, choices: &[u16]) -> Block {
    let pick = |index: usize| usize::from(choices[index]);
    Block {
        kind: limits.kinds[pick(0)],
        groups: vec![limits.widths[pick(1)]],
        activation: Activation::ALL[pick(2)],
        norm: Norm::ALL[pick(3)],
        dropout: limits.dropouts[pick(4)],
        skip: choices[5] > 0,
    }
}

/// The choices of what may be had.
fn yes_or_no(may: bool) -> Vec<String> {
    ["no", "yes"].iter().take(1 + usize::from(may)).map(ToString::to_string).collect()
}

fn gene(name: &str, choices: Vec<String>) -> Gene {
    Gene { name: name.to_owned(), choices, ordered: true, active_if: None }
}

fn names<T: ToString>(values: &[T]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn position<T: PartialEq + Copy>(all: &[T], value: T) -> u16 {
    all.iter().position(|choice| *choice == value).expect("ALL lists every variant") as u16
}

/// The rung closest in size; on the ladder's own scale, so that 0.02 is nearer to 0.03 than to 0.01.
fn nearest(ladder: &[f32], value: f32) -> u16 {
    let distance = |rung: &f32| (rung.max(f32::MIN_POSITIVE).ln() - value.max(f32::MIN_POSITIVE).ln()).abs();
    let best = ladder.iter().enumerate().min_by(|(_, a), (_, b)| distance(a).total_cmp(&distance(b)));
    best.map_or(0, |(index, _)| index as u16)
}

fn nearest_integer(ladder: &[u16], value: u16) -> u16 {
    let ladder: Vec<f32> = ladder.iter().map(|rung| f32::from(*rung)).collect();
    nearest(&ladder, f32::from(value))
}

/// One of the same kind, the nearest in size; the first if there is none of it.
fn nearest_embedding(choices: &[Embedding], embedding: Embedding) -> u16 {
    let of_kind = |other: &&Embedding| std::mem::discriminant(*other) == std::mem::discriminant(&embedding);
    let apart = |other: &&Embedding| other.width().abs_diff(embedding.width());
    let nearest = choices.iter().filter(of_kind).min_by_key(apart).or(choices.first());
    nearest.map_or(0, |nearest| position(choices, *nearest))
}

fn ascending<T: PartialOrd>(name: &str, ladder: &[T]) -> Result<(), ModelError> {
    if ladder.is_empty() || !ladder.is_sorted_by(|a, b| a < b) {
        return Err(invalid(format!("{name} has to be an ascending list of at least one choice")));
    }
    Ok(())
}

fn invalid(message: String) -> ModelError {
    ModelError::Architecture(message)
}

#[cfg(test)]
mod tests;
