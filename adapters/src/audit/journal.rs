//! Appending: lines of a chain into files that are turned over once they are full.
//!
//! Lives here: the one writer. May not: know what is told.

use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

use super::chain::{Tip, seal, unseal};
use super::event::{CloudEvent, number_of};
use crate::files::read_whole;
use crate::points::{Point, disk, torn_disk};
use crate::store::StoreError;
use crate::store::durable::{create_folder, flush_folder, names, remove, tear};

/// Largest file before the next one is begun; one batch of lines is kept together, however long it is.
pub const JOURNAL_FILE_BYTES_MAX: u64 = 8 * 1024 * 1024;
/// A file that is longer is none that was written here: no batch is so long.
const READ_BYTES_MAX: u64 = 1 << 30;
/// Longest line, in bytes.
pub const JOURNAL_LINE_BYTES_MAX: usize = 256 * 1024;

const PREFIX: &str = "journal-";
const SUFFIX: &str = ".jsonl";

/// The writing end of a journal. There is one; readers need none.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    keep: usize,
    bytes_max: u64,
    tip: Tip,
    /// The file that lines are appended to, once there is one.
    tail: Option<Tail>,
}

#[derive(Debug)]
struct Tail {
    path: PathBuf,
    file: File,
    bytes: u64,
    /// Something that is not a whole line may follow those bytes.
    dirty: bool,
}

impl Journal {
    /// Takes up the journal of a folder, which is created if need be; the last `keep` files, at least one, stay.
    /// Also how many bytes of an unfinished last line were cut off: it tells of something that had not been
    /// done when the writer died.
    ///
    /// A last whole line that is damaged is an error, because nothing can be chained to it; lines further
    /// back are not looked at (that is [`super::verify`]).
    pub fn open(folder: &Path, keep: usize) -> Result<(Self, u64), StoreError> {
        Self::open_bounded(folder, keep, JOURNAL_FILE_BYTES_MAX)
    }

    pub(super) fn open_bounded(
        folder: &Path,
        keep: usize,
        bytes_max: u64,
    ) -> Result<(Self, u64), StoreError> {
        create_folder(folder)?;
        let mut journal =
            Self { folder: folder.to_owned(), keep: keep.max(1), bytes_max, tip: Tip::default(), tail: None };
        let mut cut = 0;
        for path in files(folder)?.into_iter().rev() {
            let (bytes, tip, unfinished) = end_of(&path)?;
            if journal.tail.is_none() {
                cut = unfinished;
                journal.tail = Some(Tail::open(path, bytes)?);
            }
            if let Some(tip) = tip {
                journal.tip = tip;
                break;
            }
        }
        Ok((journal, cut))
    }

    /// The last line there is.
    pub fn tip(&self) -> &Tip {
        &self.tip
    }

    /// Goes on after this line if it is further than the journal reaches: a state that remembers it has
    /// outlived the files. The missing lines then show in the chain. Says whether any are missing.
    pub fn continue_after(&mut self, known: &Tip) -> bool {
        let missing = known.number > self.tip.number;
        if missing {
            self.tip = known.clone();
        }
        missing
    }

    /// Appends a line for each of these, in order, all or none; returns the lines. When this returns they
    /// survive a crash.
    pub fn append(&mut self, events: &[CloudEvent]) -> Result<Vec<String>, StoreError> {
        let (mut tip, mut lines, mut text) =
            (self.tip.clone(), Vec::with_capacity(events.len()), String::new());
        for event in events {
            let number = tip.number + 1;
            let (line, hash) = seal(&tip.hash, &event.body(number));
            if line.len() > JOURNAL_LINE_BYTES_MAX {
                let (path, bytes) = (self.folder.clone(), line.len());
                return Err(StoreError::TooLarge { path, bytes, max: JOURNAL_LINE_BYTES_MAX });
            }
            text += &line;
            text.push('\n');
            lines.push(line);
            tip = Tip { number, hash };
        }
        if !text.is_empty() {
            self.write(text.as_bytes())?;
            self.tip = tip;
        }
        Ok(lines)
    }

    fn write(&mut self, text: &[u8]) -> Result<(), StoreError> {
        let full = |tail: &Tail| tail.bytes > 0 && tail.bytes + text.len() as u64 > self.bytes_max;
        if self.tail.as_ref().is_none_or(full) {
            let path = self.folder.join(format!("{PREFIX}{:020}{SUFFIX}", self.tip.number + 1));
            let tail = Tail::open(path, 0)?;
            // A line must not be called durable in a file whose name is not.
            flush_folder(&self.folder)?;
            self.tail = Some(tail);
            self.prune();
        }
        self.tail.as_mut().map_or(Ok(()), |tail| tail.write(text))
    }

    /// Lets the oldest files go. That one stays too long is no reason to call a line unwritten.
    fn prune(&self) {
        let pruned = files(&self.folder).and_then(|files| {
            let old = files.len().saturating_sub(self.keep);
            files[..old].iter().try_for_each(|path| remove(path))
        });
        if let Err(error) = pruned {
            tracing::warn!("{error}");
        }
    }
}

impl Tail {
    /// What follows the whole lines is cut off with the next write.
    fn open(path: PathBuf, bytes: u64) -> Result<Self, StoreError> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        let file =
            if path.exists() { options.open(&path) } else { disk(Point::Journal, || options.open(&path)) };
        Ok(Self { file: file.map_err(StoreError::io("open", &path))?, path, bytes, dirty: true })
    }

    fn write(&mut self, text: &[u8]) -> Result<(), StoreError> {
        if self.dirty {
            let cut = disk(Point::Journal, || self.file.set_len(self.bytes));
            let cut = cut.and_then(|()| self.file.seek(SeekFrom::Start(self.bytes)));
            cut.map_err(StoreError::io("cut", &self.path))?;
        }
        // Until it is on the disk, a part of it may be there.
        self.dirty = true;
        let (file, flushed) = (&mut self.file, self.bytes);
        let written = disk(Point::Journal, || file.write_all(text))
            .and_then(|()| torn_disk(Point::JournalFlush, || tear(file, flushed), || file.sync_data()));
        written.map_err(StoreError::io("append to", &self.path))?;
        self.bytes += text.len() as u64;
        self.dirty = false;
        Ok(())
    }
}

/// The files of a journal, oldest first.
pub(super) fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    // Numbers have as many digits each, so names are in their order.
    let paths = names(folder)?.into_iter().map(|name| folder.join(name));
    Ok(paths.filter(|path| first_in(path).is_some()).collect())
}

/// The number of the first line in a file, by its name; nothing for what is not the journal's.
pub(super) fn first_in(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_prefix(PREFIX)?.strip_suffix(SUFFIX)?.parse().ok()
}

/// Bytes of whole lines in a file, its last line if it has one, and how many bytes follow.
fn end_of(path: &Path) -> Result<(u64, Option<Tip>, u64), StoreError> {
    let bytes = read_whole(path, READ_BYTES_MAX).map_err(StoreError::io("read", path))?;
    let end = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let unfinished = (bytes.len() - end) as u64;
    let whole = &bytes[..end];
    let Some(last) = whole.strip_suffix(b"\n").and_then(|lines| lines.rsplit(|byte| *byte == b'\n').next())
    else {
        return Ok((0, None, unfinished));
    };
    let line = whole.split(|byte| *byte == b'\n').count() as u64 - 1;
    let broken = |message: String| StoreError::Journal { path: path.to_owned(), line, message };
    let tip = tip_of(last).map_err(broken)?;
    Ok((end as u64, Some(tip), unfinished))
}

fn tip_of(line: &[u8]) -> Result<Tip, String> {
    let line = std::str::from_utf8(line).map_err(|_| "it is not text".to_owned())?;
    let sealed = unseal(line)?;
    Ok(Tip { number: number_in(&sealed.body)?.1, hash: sealed.hash })
}

/// A body's event and its number.
pub(super) fn number_in(body: &str) -> Result<(serde_json::Value, u64), String> {
    let event: serde_json::Value =
        serde_json::from_str(body).map_err(|error| format!("it is not JSON: {error}"))?;
    let number = event["id"].as_str().and_then(number_of).ok_or("it has no number")?;
    Ok((event, number))
}
