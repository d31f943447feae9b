//! Files of every kind as a header and records of cells.
//!
//! Lives here: kinds by ending, decompression, lines, limits. May not: know what the cells mean.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ReaderBuilder, StringRecord, Trim};

use super::RECORD_BYTES_MAX;
use super::error::FilesError;
use super::json_lines::Line;

const CSV: [&str; 2] = [".csv", ".csv.zst"];
const JSON: [&str; 4] = [".jsonl", ".ndjson", ".jsonl.zst", ".ndjson.zst"];
/// Bytes read from the file at a time.
const BUFFER_BYTES: usize = 64 * 1024;

/// A file being read, record by record.
pub(super) struct Records {
    path: PathBuf,
    input: Input,
    header: StringRecord,
    /// The line that the last record started on.
    line: u64,
    allowance: Allowance,
}

enum Input {
    Csv(Box<csv::Reader<Bytes>>),
    Json { lines: BufReader<Bytes>, text: Vec<u8>, first: Option<Line> },
}

impl Records {
    /// Opens a file and reads its header.
    pub(super) fn open(path: &Path) -> Result<Self, FilesError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
        if !ends(&CSV) && !ends(&JSON) {
            let supported = [CSV.as_slice(), &JSON].concat().join(", ");
            return Err(FilesError::Kind { path: path.into(), supported });
        }
        let allowance = Allowance::default();
        let bytes = Bytes::open(path, name.ends_with(".zst"), &allowance)
            .map_err(|source| FilesError::Io { path: path.into(), source })?;
        let input = if ends(&CSV) {
            let reader =
                ReaderBuilder::new().trim(Trim::All).buffer_capacity(BUFFER_BYTES).from_reader(bytes);
            Input::Csv(Box::new(reader))
        } else {
            let lines = BufReader::with_capacity(BUFFER_BYTES, bytes);
            Input::Json { lines, text: Vec::new(), first: None }
        };
        let mut records = Self { path: path.into(), input, header: StringRecord::new(), line: 1, allowance };
        records.read_header()?;
        Ok(records)
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn header(&self) -> &StringRecord {
        &self.header
    }

    /// An error about the record read last.
    pub(super) fn refuse(&self, message: impl Into<String>) -> FilesError {
        FilesError::Record { path: self.path.clone(), line: self.line, message: message.into() }
    }

    /// The position of a column.
    pub(super) fn column(&self, name: &str) -> Result<usize, FilesError> {
        self.header.iter().position(|column| column == name).ok_or_else(|| FilesError::Column {
            path: self.path.clone(),
            column: name.to_owned(),
            hint: crate::text::did_you_mean(name, &self.header),
        })
    }

    /// Reads the next record into `cells`; false at the end of the file.
    pub(super) fn read(&mut self, cells: &mut StringRecord) -> Result<bool, FilesError> {
        self.allowance.renew();
        match &mut self.input {
            Input::Csv(reader) => match reader.read_record(cells) {
                Ok(found) => {
                    self.line = cells.position().map_or(self.line, csv::Position::line);
                    Ok(found)
                }
                Err(error) => Err(self.csv_failed(error)),
            },
            Input::Json { first, .. } => {
                let line = match first.take() {
                    Some(line) => Some(line),
                    None => self.next_line()?,
                };
                let Some(line) = line else { return Ok(false) };
                line.cells(&self.header, cells).map_err(|message| self.refuse(message))?;
                Ok(true)
            }
        }
    }

    fn read_header(&mut self) -> Result<(), FilesError> {
        self.header = match &mut self.input {
            Input::Csv(reader) => match reader.headers() {
                Ok(header) => header.clone(),
                Err(error) => return Err(self.csv_failed(error)),
            },
            Input::Json { .. } => {
                // The header is the first line's; before the line count moves on, it is a record too.
                self.line = 0;
                let line = self.next_line()?;
                let header = line.as_ref().map(Line::keys).unwrap_or_default();
                if let Input::Json { first, .. } = &mut self.input {
                    *first = line;
                }
                header
            }
        };
        self.check_header()
    }

    fn check_header(&self) -> Result<(), FilesError> {
        if self.header.len() < 2 {
            return Err(
                self.refuse("a header of at least two columns was expected: a feature and the target")
            );
        }
        let mut seen = BTreeSet::new();
        match self.header.iter().find(|name| name.is_empty() || !seen.insert(*name)) {
            Some(name) => Err(self.refuse(format!("column `{name}` has no name, or one used before"))),
            None => Ok(()),
        }
    }

    /// The next line that is not blank.
    fn next_line(&mut self) -> Result<Option<Line>, FilesError> {
        let Input::Json { lines, text, .. } = &mut self.input else { return Ok(None) };
        loop {
            text.clear();
            self.allowance.renew();
            let read = lines.read_until(b'\n', text);
            let read = read.map_err(|source| FilesError::Io { path: self.path.clone(), source })?;
            if read == 0 {
                return Ok(None);
            }
            self.line += 1;
            if !text.trim_ascii().is_empty() {
                let line = Line::parse(text);
                return line.map(Some).map_err(|message| self.refuse(message));
            }
        }
    }

    fn csv_failed(&mut self, error: csv::Error) -> FilesError {
        if let Some(position) = error.position() {
            self.line = position.line();
        }
        match error.into_kind() {
            csv::ErrorKind::Io(source) => FilesError::Io { path: self.path.clone(), source },
            csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                self.refuse(format!("{len} cells, but the header has {expected_len}"))
            }
            csv::ErrorKind::Utf8 { err, .. } => self.refuse(format!("not UTF-8: {err}")),
            other => self.refuse(format!("not CSV: {other:?}")),
        }
    }
}

/// How much may still be read for the record at hand; shared with the bytes below the parser.
#[derive(Clone, Default)]
struct Allowance(Arc<AtomicU64>);

impl Allowance {
    fn renew(&self) {
        // What the parser's own buffer reads ahead counts too.
        self.0.store(RECORD_BYTES_MAX + BUFFER_BYTES as u64, Ordering::Relaxed);
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        let left = self.0.load(Ordering::Relaxed).checked_sub(bytes);
        let too_long = || io::Error::other(format!("one record has more than {RECORD_BYTES_MAX} bytes"));
        self.0.store(left.ok_or_else(too_long)?, Ordering::Relaxed);
        Ok(())
    }
}

/// The file's bytes, decompressed, as far as the allowance goes.
struct Bytes {
    inner: Box<dyn Read + Send>,
    allowance: Allowance,
}

impl Bytes {
    fn open(path: &Path, compressed: bool, allowance: &Allowance) -> io::Result<Self> {
        let file = File::open(path)?;
        let inner: Box<dyn Read + Send> =
            if compressed { Box::new(zstd::Decoder::new(file)?) } else { Box::new(file) };
        allowance.renew();
        Ok(Self { inner, allowance: allowance.clone() })
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.allowance.take(read as u64)?;
        Ok(read)
    }
}
