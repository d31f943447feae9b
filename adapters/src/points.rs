//! Points: every moment at which something changes on the disk, or is said to Kafka, that somebody relies on later.
//!
//! Lives here: the one gate that all of them pass, and the faults a test can have there: the process ends at the n-th
//! point of a kind, or the disk is read-only for a while. Why it is in every build, and what it costs:
//! `docs/adr/0013-every-durable-step-passes-one-gate.md`. May not: know what is written, or do anything unless [`arm`]ed.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::abort;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// The variable from which a daemon is armed; see [`arm`].
pub const FAULT_VARIABLE: &str = "DRIFTFORM_FAULT";
/// In a fault, a point of any kind.
const ANY: &str = "any";

static FAULTS: OnceLock<Faults> = OnceLock::new();

/// What is done at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Point {
    /// A folder is made.
    Create,
    /// Bytes of a model or a snapshot are written.
    Write,
    /// They are flushed to the disk.
    Flush,
    /// Something finished gets its name.
    Rename,
    /// A folder's names are flushed to the disk.
    Folder,
    /// Something nobody needs any more goes.
    Remove,
    /// Who holds the state is written down.
    Lease,
    /// Lines are appended to the journal.
    Journal,
    /// They are flushed to the disk.
    JournalFlush,
    /// Events with their answers are appended to the records, or cut off from them.
    Records,
    /// They are flushed to the disk.
    RecordsFlush,
    /// A decision or a dead letter is handed to the producer.
    Send,
    /// Positions are shown to Kafka.
    Commit,
}

impl Point {
    /// All kinds.
    pub const ALL: [Self; 13] = [
        Self::Create,
        Self::Write,
        Self::Flush,
        Self::Rename,
        Self::Folder,
        Self::Remove,
        Self::Lease,
        Self::Journal,
        Self::JournalFlush,
        Self::Records,
        Self::RecordsFlush,
        Self::Send,
        Self::Commit,
    ];

    /// The word in a fault and in the list of points passed.
    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Write => "write",
            Self::Flush => "flush",
            Self::Rename => "rename",
            Self::Folder => "folder",
            Self::Remove => "remove",
            Self::Lease => "lease",
            Self::Journal => "journal",
            Self::JournalFlush => "journal_flush",
            Self::Records => "records",
            Self::RecordsFlush => "records_flush",
            Self::Send => "send",
            Self::Commit => "commit",
        }
    }
}

/// When the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum When {
    /// What is to be done at the point has not been done.
    Before,
    /// It has.
    After,
    /// As when the power goes: of what was written and not yet flushed, half is there.
    Torn,
}

#[derive(Debug, PartialEq, Eq)]
struct Abort {
    /// Any kind, where none is named.
    point: Option<Point>,
    /// Which of them, from 1.
    number: u64,
    when: When,
}

#[derive(Debug, Default)]
struct Faults {
    abort: Option<Abort>,
    /// Takes the name of every point passed, one a line.
    list: Option<File>,
    /// As long as this file is there, the disk is read-only.
    read_only_while: Option<PathBuf>,
    passed: [AtomicU64; Point::ALL.len()],
    passed_all: AtomicU64,
}

/// Arms this process, once, for tests of crashes: `abort=KIND:N:WHEN` ends it at the N-th point of a kind (or of `any`),
/// `before` or `after` what is done there, or `torn`, as when the power goes; `list=FILE` appends the kind of every
/// point passed to a file; `read_only_while=FILE` has every change of the disk refused while that file exists. Several
/// are separated by commas.
pub fn arm(text: &str) -> Result<(), String> {
    let faults = Faults::parse(text)?;
    FAULTS.set(faults).map_err(|_| "this process is armed already".into())
}

/// Passes a point at which the disk is changed.
pub(crate) fn disk<T>(point: Point, change: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    torn_disk(point, || (), change)
}

/// The same, where `tear` makes of it what is left when the power goes.
pub(crate) fn torn_disk<T>(
    point: Point,
    tear: impl FnOnce(),
    change: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let Some(faults) = FAULTS.get() else { return change() };
    if faults.read_only_while.as_ref().is_some_and(|file| file.exists()) {
        return Err(io::ErrorKind::ReadOnlyFilesystem.into());
    }
    faults.pass(point, tear, change)
}

/// Passes a point at which something is said to Kafka.
pub(crate) fn word<T>(point: Point, say: impl FnOnce() -> T) -> T {
    match FAULTS.get() {
        None => say(),
        Some(faults) => faults.pass(point, || (), say),
    }
}

impl Faults {
    fn parse(text: &str) -> Result<Self, String> {
        let mut faults = Self::default();
        for part in text.split(',') {
            match part.split_once('=') {
                Some(("abort", fault)) => faults.abort = Some(Abort::parse(fault)?),
                Some(("list", path)) => {
                    let file = OpenOptions::new().create(true).append(true).open(path);
                    faults.list = Some(file.map_err(|error| format!("{path}: {error}"))?);
                }
                Some(("read_only_while", path)) => faults.read_only_while = Some(path.into()),
                Some(_) | None => {
                    return Err(format!("`{part}`: write abort=, list= or read_only_while="));
                }
            }
        }
        Ok(faults)
    }

    fn pass<T>(&self, point: Point, tear: impl FnOnce(), act: impl FnOnce() -> T) -> T {
        if let Some(mut list) = self.list.as_ref() {
            // One write a line, so that lines of two threads do not mix; a test that finds too few says so.
            drop(list.write_all(format!("{}\n", point.name()).as_bytes()));
        }
        let Some(when) = self.ends_here(point) else { return act() };
        match when {
            When::Before => {}
            When::Torn => tear(),
            When::After => drop(act()),
        }
        abort();
    }

    fn ends_here(&self, point: Point) -> Option<When> {
        let number = 1 + self.passed[point as usize].fetch_add(1, Ordering::Relaxed);
        let of_all = 1 + self.passed_all.fetch_add(1, Ordering::Relaxed);
        let abort = self.abort.as_ref()?;
        let here = match abort.point {
            None => of_all == abort.number,
            Some(wanted) => wanted == point && number == abort.number,
        };
        here.then_some(abort.when)
    }
}

impl Abort {
    fn parse(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}`: write KIND:N:WHEN, such as rename:1:before");
        let (kind, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (number, when) = rest.split_once(':').ok_or_else(wrong)?;
        let point = match Point::ALL.into_iter().find(|point| point.name() == kind) {
            None if kind != ANY => return Err(wrong()),
            point => point,
        };
        let when = match when {
            "before" => When::Before,
            "after" => When::After,
            "torn" => When::Torn,
            _ => return Err(wrong()),
        };
        Ok(Self { point, number: number.parse().map_err(|_| wrong())?, when })
    }
}

#[cfg(test)]
mod tests;
