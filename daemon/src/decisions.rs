//! Decisions: what happened, on its way to the journal and from there to the decisions topic.
//!
//! Lives here: the queue between those who tell and the disk, so that a disk that takes nothing stops neither
//! learning nor serving; and the one between the disk and the topic, which a restart fills again. May not: know what is
//! told, or send it.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use adapters::audit::{CloudEvent, JOURNAL_LINE_BYTES_MAX, Journal, Tip, entries_from};
use adapters::store::StoreError;
use model::Timestamp;
use serde_json::{Value, json};

/// Decisions that wait for the disk at most; then the oldest are lost, which is told.
pub const WAITING_MAX: usize = 1_024;
/// Lines that wait for the decisions topic at most: the journal has those that are left out, and a restart sends them.
pub const UNSENT_MAX: usize = 1_024;
/// The envelope and the chain take less than this of a line.
const ENVELOPE_BYTES: usize = 4_096;
/// What the types of events begin with.
const KIND: &str = "driftform";

/// The journal of one model, and what waits for it.
#[derive(Debug)]
pub struct Decisions {
    journal: Journal,
    folder: PathBuf,
    source: String,
    waiting: VecDeque<CloudEvent>,
    /// Lines written by this process.
    written: u64,
    /// Decisions that are in no journal.
    lost: u64,
    /// Those of them that the journal does not know of yet.
    unsaid: u64,
    /// Lines that were written and are to be sent: the last ones of the journal.
    unsent: VecDeque<String>,
    /// The last line that the topic has, with all before it.
    delivered: u64,
    /// Lines were left out since: the topic does not have all, whatever comes after them.
    left_out: bool,
    /// Why the last attempt failed.
    trouble: Option<String>,
}

impl Decisions {
    /// The journal in a folder, of the model of that name; also how many bytes of a last line were cut off.
    pub fn open(folder: &Path, keep: usize, model: &str) -> Result<(Self, u64), StoreError> {
        let (journal, cut) = Journal::open(folder, keep)?;
        let source = format!("/{KIND}/{model}");
        let delivered = journal.tip().number;
        let decisions = Self {
            journal,
            folder: folder.to_owned(),
            source,
            waiting: VecDeque::new(),
            written: 0,
            lost: 0,
            unsaid: 0,
            unsent: VecDeque::new(),
            delivered,
            left_out: false,
            trouble: None,
        };
        Ok((decisions, cut))
    }

    /// Has the lines after this one sent, the last [`UNSENT_MAX`] of them: whoever wrote them may have died before the
    /// topic had them. Called before anything is written.
    pub fn send_after(&mut self, delivered: u64) -> Result<(), StoreError> {
        self.delivered = delivered.min(self.journal.tip().number);
        // A damaged line further back is told by whoever checks the chain.
        for entry in entries_from(&self.folder, self.delivered + 1)?.flatten() {
            if entry.tip.number > self.delivered {
                self.unsent.push_back(entry.text);
                self.leave_out();
            }
        }
        // What is too old now will be too old at the next restart, too.
        self.left_out = false;
        Ok(())
    }

    fn leave_out(&mut self) {
        while self.unsent.len() > UNSENT_MAX {
            self.unsent.pop_front();
            self.left_out = true;
        }
    }

    /// The last line.
    pub fn tip(&self) -> &Tip {
        self.journal.tip()
    }

    /// See [`Journal::continue_after`].
    pub fn continue_after(&mut self, known: &Tip) -> bool {
        self.journal.continue_after(known)
    }

    /// Takes in a decision; it is durable once [`Self::write`] has returned.
    pub fn add(&mut self, kind: &str, subject: String, data: Value) {
        let bytes = data.to_string().len();
        let data =
            if bytes + ENVELOPE_BYTES > JOURNAL_LINE_BYTES_MAX { cut_short(&data, bytes) } else { data };
        self.push(kind, subject, data);
        while self.waiting.len() > WAITING_MAX {
            self.waiting.pop_front();
            self.lost += 1;
            self.unsaid += 1;
        }
    }

    /// Writes what waits. What cannot be written goes on waiting.
    pub fn write(&mut self) -> Result<(), StoreError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let lost = std::mem::take(&mut self.unsaid);
        if lost > 0 {
            let text = format!("{lost} decisions before these could not be written and are lost");
            self.push(
                "decisions_lost",
                "journal".into(),
                json!({ "event": "decisions_lost", "lost": lost, "story": text }),
            );
            self.waiting.rotate_right(1);
        }
        let written = self.journal.append(self.waiting.make_contiguous());
        self.trouble = written.as_ref().err().map(ToString::to_string);
        match written {
            Ok(lines) => {
                self.written += lines.len() as u64;
                self.unsent.extend(lines);
                self.leave_out();
                self.waiting.clear();
                Ok(())
            }
            Err(error) => {
                if lost > 0 {
                    self.waiting.pop_front();
                    self.unsaid = lost;
                }
                Err(error)
            }
        }
    }

    /// The next line for the topic.
    pub fn unsent(&self) -> Option<&str> {
        self.unsent.front().map(String::as_str)
    }

    /// That line is on its way.
    pub fn sent(&mut self) {
        self.unsent.pop_front();
    }

    /// Everything that was sent so far has been taken by a broker.
    pub fn all_delivered(&mut self) {
        if !self.left_out {
            self.delivered = self.journal.tip().number - self.unsent.len() as u64;
        }
    }

    /// Some of it was refused: a restart sends it again.
    pub fn some_refused(&mut self) {
        self.left_out = true;
    }

    /// The last line that the topic has, with all before it; a restart sends those after it.
    pub fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Decisions that wait for the disk.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Lines written by this process.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Decisions that could not be kept.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    /// Why decisions wait, if they do.
    pub fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    fn push(&mut self, kind: &str, subject: String, data: Value) {
        let kind = format!("{KIND}.{kind}");
        self.waiting.push_back(CloudEvent { source: self.source.clone(), kind, subject, time: now(), data });
    }
}

/// A decision that is too long for a line keeps its sentence.
fn cut_short(data: &Value, bytes: usize) -> Value {
    json!({ "event": data["event"], "story": data["story"], "left_out_bytes": bytes })
}

/// For people: nothing is decided by it, and it may jump.
fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
