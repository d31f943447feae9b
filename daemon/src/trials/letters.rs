//! Letters between a daemon and its workers on other machines: what a trial is known by, what is asked, what is answered.
//!
//! Lives here: their contents as bytes, and whether two programs speak of the same. May not: send, or run a trial.
//!
//! A letter begins with who wrote it and what it is about. That much can be read by every release, so that a worker of
//! another one can say which question it cannot answer, and why.

use adapters::audit::sha256;
use model::DeviceChoice;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::protocol::{Rejecting, Relaxing, Stressing, Stretch, Trial, TrialReply};

#[cfg(test)]
pub(super) mod tests;

/// Version of the letters and of what is in them.
pub const PROTOCOL: u32 = 3;

/// What decides whether two programs mean and compute the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stamp {
    /// [`PROTOCOL`].
    pub protocol: u32,
    /// The program's version.
    pub version: String,
    /// For which processors it is built, and where it computes networks.
    pub build: String,
}

impl Stamp {
    /// This program's, where it computes there.
    pub fn of(device: DeviceChoice) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self { protocol: PROTOCOL, version, build: format!("{}, {device}", std::env::consts::ARCH) }
    }

    /// For people.
    pub fn told(&self) -> String {
        format!("{} for {} (protocol {})", self.version, self.build, self.protocol)
    }
}

/// Where a stretch lies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Address {
    /// SHA-256 of its bytes.
    pub digest: String,
    /// Its partition of the topic of stretches.
    pub partition: i32,
    /// The offset of its first piece.
    pub offset: i64,
}

/// A trial for whoever takes it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Letter {
    /// What it learns from.
    pub stretch: Address,
    /// Seconds after which nobody wants to know any more.
    pub good_for_seconds: u64,
    /// The trial.
    pub trial: Trial,
}

/// What a letter to a worker says.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// This trial is to be run.
    Trial(Box<Letter>),
    /// It is of a program that means something else.
    Stranger(Stamp),
}

/// Who answers, and about what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// The worker.
    pub worker: String,
    /// The partitions of trials that are its own.
    pub owns: Vec<i32>,
    /// What it was asked; empty where it only says that it is there.
    pub question: String,
}

/// What a worker says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum News {
    /// That it is there.
    Here,
    /// What came of the question.
    Answer(TrialReply),
    /// That it does not answer it, and why.
    Refused(String),
}

/// What a trial is known by: everything that decides what it shows, and nothing else.
pub fn question(stamp: &Stamp, stretch: &str, trial: &Trial) -> String {
    #[derive(Serialize)]
    struct Question<'a> {
        stamp: &'a Stamp,
        stretch: &'a str,
        edit: &'a model::Edit,
        seed: u64,
        keep: bool,
        rejection: Option<Rejecting>,
        compute_batch: Option<usize>,
        stressing: &'a Option<Stressing>,
        relaxing: &'a Option<Relaxing>,
    }
    let Trial { number: _, edit, seed, keep, rejection, compute_batch, stressing, relaxing } = trial;
    let (seed, keep, rejection, compute_batch) = (*seed, *keep, *rejection, *compute_batch);
    sha256(&bytes(&Question {
        stamp,
        stretch,
        edit,
        seed,
        keep,
        rejection,
        compute_batch,
        stressing,
        relaxing,
    }))
}

/// A stretch; its number is not part of it.
pub fn stretch_bytes(stretch: &Stretch) -> Vec<u8> {
    bytes(stretch)
}

/// The stretch of these bytes, under a number of one's own.
pub fn read_stretch(bytes: &[u8], number: u64) -> Result<Stretch, String> {
    let stretch: Stretch = postcard::from_bytes(bytes).map_err(|error| error.to_string())?;
    Ok(Stretch { number, ..stretch })
}

/// A question as bytes.
pub fn ask(stamp: &Stamp, question: &str, letter: &Letter) -> Vec<u8> {
    [bytes(stamp), bytes(question), bytes(letter)].concat()
}

/// What was asked, and the question's name.
pub fn read_asked(own: &Stamp, letter: &[u8]) -> Result<(String, Asked), String> {
    let (stamp, rest): (Stamp, _) = take(letter)?;
    let (question, rest): (String, _) = take(rest)?;
    if stamp != *own {
        return Ok((question, Asked::Stranger(stamp)));
    }
    let (letter, _): (Letter, _) = take(rest)?;
    Ok((question, Asked::Trial(Box::new(letter))))
}

/// What a worker says as bytes.
pub fn say(stamp: &Stamp, from: &Speaker, news: &News) -> Vec<u8> {
    [bytes(stamp), bytes(from), bytes(news)].concat()
}

/// What a worker has said. What one of another program says is not believed, and that it took a trial is a refusal.
pub fn read_said(own: &Stamp, letter: &[u8]) -> Result<(Speaker, News), String> {
    let (stamp, rest): (Stamp, _) = take(letter)?;
    let (from, rest): (Speaker, _) = take(rest)?;
    if stamp != *own {
        let why = format!("worker {} is {}, this is {}", from.worker, stamp.told(), own.told());
        let news = if from.question.is_empty() { News::Here } else { News::Refused(why) };
        return Ok((from, news));
    }
    let (news, _) = take(rest)?;
    Ok((from, news))
}

fn bytes<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    postcard::to_stdvec(value).expect("plain data of known length always serialises")
}

fn take<T: DeserializeOwned>(bytes: &[u8]) -> Result<(T, &[u8]), String> {
    postcard::take_from_bytes(bytes).map_err(|error| error.to_string())
}
