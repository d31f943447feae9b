//! Writing exactly once: answers, and the positions of what they answer, in one transaction (KIP-98, KIP-447).
//!
//! Lives here: a producer with an identity that a later one with the same takes over, and what each kind of failure asks
//! for. May not: decide what is sent.
//!
//! Whoever reads the topic with `isolation.level=read_committed` finds one answer to each event, whatever crashes.

use std::collections::BTreeMap;
use std::time::Duration;

use model::Timestamp;
use rdkafka::error::KafkaError as Library;
use rdkafka::producer::Producer as _;

use super::config::KafkaConfig;
use super::error::KafkaError;
use super::group::Membership;
use super::sink::Sink;

/// Longest that one step of a transaction waits for brokers before it says that it has to wait longer.
const STEP_WAIT: Duration = Duration::from_secs(1);

/// Sends records that count only together with the positions that they rest on.
pub struct TransactionalSink {
    sink: Sink,
    id: String,
    stage: Stage,
    /// Why the last step was not made.
    trouble: Option<String>,
}

/// How far it is; each step may have to be asked for more than once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// Whoever had this identity before may still be writing.
    Unknown,
    /// Nothing is open.
    Idle,
    /// Records are taken.
    Open,
    /// The positions are in.
    Sealed,
    /// It has to be undone.
    Broken,
}

impl TransactionalSink {
    /// A sink to these brokers; does not wait for them. Of all with one `id`, the last to begin writes.
    pub fn open(config: &KafkaConfig, id: &str) -> Result<Self, KafkaError> {
        Ok(Self {
            sink: Sink::transactional(config, id)?,
            id: id.to_owned(),
            stage: Stage::Unknown,
            trouble: None,
        })
    }

    /// Begins a transaction; false if brokers have to be waited for, and this asked again.
    pub fn begin(&mut self) -> Result<bool, KafkaError> {
        if self.stage == Stage::Unknown {
            let known = self.sink.producer().init_transactions(STEP_WAIT);
            if !self.took(known)? {
                return Ok(false);
            }
            self.stage = Stage::Idle;
        }
        if self.stage == Stage::Idle {
            let begun = self.sink.producer().begin_transaction();
            if !self.took(begun)? {
                return Ok(false);
            }
            self.stage = Stage::Open;
        }
        Ok(true)
    }

    /// Queues a record of the open transaction.
    pub fn send(
        &self,
        topic: &str,
        key: Option<&[u8]>,
        payload: &[u8],
        timestamp: Option<Timestamp>,
    ) -> Result<(), KafkaError> {
        self.sink.send(topic, key, payload, timestamp)
    }

    /// Why it has to be waited for, or was undone.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    /// One step towards the end of the transaction, in which the member's group goes on after `ends`, the last offset
    /// of each partition. The member is the one that had read what is answered, since a later one may not have these
    /// partitions. To be asked again until it is not [`Ending::Under`].
    pub fn end(&mut self, member: &Membership, ends: &BTreeMap<i32, i64>) -> Result<Ending, KafkaError> {
        if self.stage == Stage::Open {
            let sealed = member.after(ends).and_then(|(offsets, group)| {
                self.sink.producer().send_offsets_to_transaction(&offsets, group, STEP_WAIT)
            });
            if self.took(sealed)? {
                self.stage = Stage::Sealed;
            }
        }
        if self.stage == Stage::Sealed {
            let committed = self.sink.producer().commit_transaction(STEP_WAIT);
            if self.took(committed)? {
                (self.stage, self.trouble) = (Stage::Idle, None);
                return Ok(Ending::Committed);
            }
        }
        if self.stage == Stage::Broken { self.undo() } else { Ok(Ending::Under) }
    }

    /// Gives the open transaction up: what it sent was never there.
    pub fn undo(&mut self) -> Result<Ending, KafkaError> {
        self.stage = Stage::Broken;
        let aborted = self.sink.producer().abort_transaction(STEP_WAIT);
        if self.took(aborted)? {
            self.stage = Stage::Idle;
            return Ok(Ending::Undone);
        }
        Ok(Ending::Under)
    }

    /// Whether a step was made. What brokers may yet do is asked again, what they refused is undone, and the rest
    /// nobody can mend.
    fn took(&mut self, step: Result<(), Library>) -> Result<bool, KafkaError> {
        match step {
            Ok(()) => Ok(true),
            Err(Library::Transaction(error)) if error.txn_requires_abort() => {
                (self.stage, self.trouble) =
                    (Stage::Broken, Some(format!("a transaction is undone: {error}")));
                Ok(false)
            }
            Err(Library::Transaction(error)) if error.is_retriable() => {
                self.trouble = Some(error.to_string());
                Ok(false)
            }
            Err(error) => Err(KafkaError::Transaction { id: self.id.clone(), message: error.to_string() }),
        }
    }
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It counts, with its positions.
    Committed,
    /// It never was.
    Undone,
    /// Nobody knows yet.
    Under,
}
