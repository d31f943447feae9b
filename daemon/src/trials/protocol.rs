//! Protocol between the daemon and its worker: length-prefixed frames of plain data.
//!
//! Lives here: requests, replies and their framing. May not: train, spawn.

use std::io::{self, Read, Write};
use std::sync::Arc;

use model::relaxation::{Edge, Strengths};
use model::{ArmState, Edit, LearnerState, Target, Weights};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Largest frame; a longer one is a broken peer, not a larger trial.
pub const FRAME_BYTES_MAX: usize = 256 * 1024 * 1024;

/// What the trials of one rung have in common: recorded rows in the order of their outcomes, the control
/// before it had seen them, and what came of it. Sent once to each child.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stretch {
    /// Its number here, by which whoever sends it knows that it has been sent; not part of what is sent.
    #[serde(skip)]
    pub number: u64,
    /// The control before these rows.
    pub start: ArmState,
    /// What the control's members had said when the events came: rows x members x outputs numbers. They are not
    /// asked again, so nobody has to train them again. Where labels are later than `gap` may be, they knew less than a
    /// child is given: it looks better than it is, until live events show.
    pub said: Vec<f32>,
    /// What the control's members have learned by now.
    pub learned: Vec<Weights>,
    /// What is predicted.
    pub target: Target,
    /// The last rows that were labelled before these: what new units may be chosen by.
    pub before: Taught,
    /// Encoded rows, one after the other.
    pub encoded: Vec<f32>,
    /// Their truths, as the network's goals.
    pub goals: Vec<f32>,
    /// Rows between a prediction and its label.
    pub gap: usize,
    /// The first row that counts; those before only teach.
    pub score_from: usize,
}

/// Labelled rows.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Taught {
    /// Encoded rows, one after the other.
    pub encoded: Vec<f32>,
    /// Their truths, as the network's goals.
    pub goals: Vec<f32>,
}

/// One candidate to train from inherited weights over a stretch.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Trial {
    /// Its number, repeated in the reply.
    pub number: u64,
    /// What the control becomes.
    pub edit: Edit,
    /// For new weights.
    pub seed: u64,
    /// Whether its new networks may serve next: then they come back, as fresh as the control is. Who climbs to another
    /// rung starts there anew, so until the last one only losses are wanted.
    pub keep: bool,
    /// When it ends before its stretch does; none where it never does.
    pub rejection: Option<Rejecting>,
    /// Rows in one batch when compute time is measured; none where it is not asked for.
    pub compute_batch: Option<usize>,
    /// How its mixture is put under stress at the end; none where that is not asked for.
    pub stressing: Option<Stressing>,
    /// What is asked of a relaxed network; none where that is not asked for.
    pub relaxing: Option<Relaxing>,
}

/// What a network is asked in which several operations are each a little there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Relaxing {
    /// Place of the network among the control's members.
    pub member: usize,
    /// What may follow its last block.
    pub edges: Vec<Edge>,
}

/// What a mixture is asked on bad days of its inputs: the same of the control and of all beside it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stressing {
    /// For noise and what goes missing.
    pub seed: u64,
    /// Where the standardised numbers stand in an encoded row.
    pub numbers: Vec<usize>,
}

/// When a trial is given up: as soon as its mean gain over the control is surely below this.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rejecting {
    /// Chance that one that is not is given up.
    pub alpha: f64,
    /// How much it may lose on average.
    pub loss_max: f64,
}

/// What a child is told.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Request {
    /// The stretch of all trials from now on.
    Stretch(Arc<Stretch>),
    /// Run this on the last stretch.
    Trial(Trial),
}

/// What a finished trial showed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TrialResult {
    /// Its number.
    pub number: u64,
    /// Bounded loss of each row that counts, predicted before it was learned; of the first ones where it was rejected.
    pub losses: Vec<f32>,
    /// Whether it was given up before its stretch was over.
    pub rejected: bool,
    /// The new networks at the end, in the order of the edit; none of them where they were not wanted.
    pub children: Vec<LearnerState>,
    /// Compute times of one batch, if asked for.
    pub compute_seconds: Vec<f64>,
    /// Bytes of the trained numbers of the whole mixture.
    pub bytes: u64,
    /// Mean bounded loss of the mixture under stress, if asked for.
    pub robust_loss: Option<f64>,
    /// What the relaxed network said, if asked for.
    pub strengths: Option<Strengths>,
}

/// Exactly one for each trial.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum TrialReply {
    /// It ran to its end.
    Done(Box<TrialResult>),
    /// It did not; that too is an observation.
    Failed {
        /// Its number.
        number: u64,
        /// What happened.
        reason: String,
    },
}

impl TrialReply {
    /// A failure.
    pub fn failed(number: u64, reason: String) -> Self {
        Self::Failed { number, reason }
    }

    /// The trial it answers.
    pub fn number(&self) -> u64 {
        match self {
            Self::Done(result) => result.number,
            Self::Failed { number, .. } => *number,
        }
    }
}

/// Writes one frame and flushes it. It is measured first: bytes that grow as they come take twice the memory.
pub fn write(to: &mut impl Write, message: &impl Serialize) -> io::Result<()> {
    let bytes = postcard::experimental::serialized_size(message).map_err(io::Error::other)?;
    let length = u32::try_from(bytes).ok().filter(|_| bytes <= FRAME_BYTES_MAX);
    let length = length.ok_or_else(|| io::Error::other(format!("a frame of {bytes} bytes is too long")))?;
    let frame = postcard::to_extend(message, Vec::with_capacity(bytes)).map_err(io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(&frame)?;
    to.flush()
}

/// Reads one frame; none at the end of the stream.
pub fn read<T: DeserializeOwned>(from: &mut impl Read) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u32::from_le_bytes(length) as usize;
    if length > FRAME_BYTES_MAX {
        return Err(io::Error::other(format!("a frame of {length} bytes is too long")));
    }
    let mut bytes = vec![0; length];
    from.read_exact(&mut bytes)?;
    postcard::from_bytes(&bytes).map(Some).map_err(io::Error::other)
}
