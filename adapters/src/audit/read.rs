//! Reading a journal, while its writer is at work or long after it died. Nothing is changed.
//!
//! Lives here: line by line with bounded memory, and the check of the whole chain. May not: write.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::chain::{Tip, unseal};
use super::journal::{JOURNAL_LINE_BYTES_MAX, files, first_in, number_in};
use crate::store::StoreError;

/// One line, whose own hash is right.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Its number and its hash.
    pub tip: Tip,
    /// The hash of the line before it.
    pub previous: String,
    /// Its file.
    pub file: PathBuf,
    /// Its place in the file, from 1.
    pub line: u64,
    /// The `CloudEvent`, without the chain's own members.
    pub event: Value,
    /// The line as it stands there.
    pub text: String,
}

/// The lines of a journal, oldest first. One that is damaged is an error that names it; reading can go on.
#[derive(Debug)]
pub struct Entries {
    files: VecDeque<PathBuf>,
    current: Option<Lines>,
    unfinished: bool,
}

#[derive(Debug)]
struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    line: u64,
}

/// What a check of the whole chain found: nothing wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// The number of the oldest line that is kept; nothing where there is none.
    pub first: Option<u64>,
    /// Where the chain ends.
    pub tip: Tip,
    /// Whether a line without an end follows: it is being written, or its writer died.
    pub unfinished: bool,
}

/// The lines in a folder.
pub fn entries(folder: &Path) -> Result<Entries, StoreError> {
    Ok(Entries { files: files(folder)?.into(), current: None, unfinished: false })
}

/// The lines from a number on, and some before it that share a file with it.
pub fn entries_from(folder: &Path, number: u64) -> Result<Entries, StoreError> {
    let mut files: VecDeque<PathBuf> = files(folder)?.into();
    while files.get(1).and_then(|next| first_in(next)).is_some_and(|first| first <= number) {
        files.pop_front();
    }
    Ok(Entries { files, current: None, unfinished: false })
}

/// Checks that every line is as it was written and follows the one before it, and, where a line is known
/// from elsewhere, that it is there: only so it shows if the end was cut off. Old files that were let go do not
/// count as missing. The error names the first line that is wrong.
pub fn verify(folder: &Path, known: Option<&Tip>) -> Result<Verified, StoreError> {
    let mut entries = entries(folder)?;
    let (mut first, mut tip) = (None, Tip::default());
    for entry in entries.by_ref() {
        let entry = entry?;
        let broken =
            |message: String| StoreError::Journal { path: entry.file.clone(), line: entry.line, message };
        if first.is_some() && entry.tip.number != tip.number + 1 {
            return Err(broken(format!("number {} follows number {}", entry.tip.number, tip.number)));
        }
        if first.is_some() && entry.previous != tip.hash {
            return Err(broken("it follows another line than the one before it".into()));
        }
        if known.is_some_and(|known| known.number == entry.tip.number && known.hash != entry.tip.hash) {
            return Err(broken("it is not the line that the state remembers".into()));
        }
        first.get_or_insert(entry.tip.number);
        tip = entry.tip;
    }
    match known {
        Some(known) if known.number > tip.number => {
            Err(StoreError::JournalShort { folder: folder.to_owned(), last: tip.number, known: known.number })
        }
        Some(_) | None => Ok(Verified { first, tip, unfinished: entries.unfinished }),
    }
}

impl Entries {
    /// Whether what was read ends with a line that has no end.
    pub fn unfinished(&self) -> bool {
        self.unfinished
    }

    /// The next line of whichever file is next, without its end; whether it has one.
    fn next_line(&mut self) -> Option<Result<(Vec<u8>, bool), StoreError>> {
        loop {
            if self.current.is_none() {
                let path = self.files.pop_front()?;
                match File::open(&path) {
                    Ok(file) => self.current = Some(Lines { path, reader: BufReader::new(file), line: 0 }),
                    // Let go since the folder was listed.
                    Err(error) if error.kind() == ErrorKind::NotFound => continue,
                    Err(error) => return Some(Err(StoreError::io("open", &path)(error))),
                }
            }
            let lines = self.current.as_mut()?;
            match lines.next() {
                Ok(Some(line)) => return Some(Ok(line)),
                Ok(None) => self.current = None,
                Err(error) => {
                    let error = StoreError::io("read", &lines.path)(error);
                    self.current = None;
                    return Some(Err(error));
                }
            }
        }
    }
}

impl Iterator for Entries {
    type Item = Result<Entry, StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (line, whole) = match self.next_line()? {
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        if !whole && self.files.is_empty() {
            self.unfinished = true;
            return None;
        }
        let lines = self.current.as_ref()?;
        let parsed = if whole { parse(&line) } else { Err("it was cut off".into()) };
        let broken = |message| StoreError::Journal { path: lines.path.clone(), line: lines.line, message };
        Some(parsed.map_err(broken).map(|(tip, previous, event, text)| Entry {
            tip,
            previous,
            file: lines.path.clone(),
            line: lines.line,
            event,
            text,
        }))
    }
}

impl Lines {
    /// The next line without its end, and whether it has one; a line that is too long is cut.
    fn next(&mut self) -> std::io::Result<Option<(Vec<u8>, bool)>> {
        let mut line = Vec::new();
        let limit = JOURNAL_LINE_BYTES_MAX as u64 + 1;
        if self.reader.by_ref().take(limit).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        self.line += 1;
        let mut whole = line.pop_if(|last| *last == b'\n').is_some();
        let mut rest = Vec::new();
        while !whole && self.reader.by_ref().take(limit).read_until(b'\n', &mut rest)? > 0 {
            whole = rest.last() == Some(&b'\n');
            rest.clear();
        }
        Ok(Some((line, whole)))
    }
}

fn parse(line: &[u8]) -> Result<(Tip, String, Value, String), String> {
    let text = std::str::from_utf8(line).map_err(|_| "it is not text".to_owned())?;
    let sealed = unseal(text)?;
    let (event, number) = number_in(&sealed.body)?;
    Ok((Tip { number, hash: sealed.hash }, sealed.previous, event, text.to_owned()))
}
