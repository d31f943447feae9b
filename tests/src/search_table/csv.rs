//! A csv file, plain or gzipped, by the names of its columns.
//!
//! Lives here: reading, and errors that name the file, the line and the column. May not: know what a column means.

use std::fs::File;
use std::io::{BufReader, Read, Seek as _};
use std::path::{Path, PathBuf};

use ::csv::{Reader, StringRecord};
use anyhow::{Context as _, Result, anyhow, bail};
use flate2::read::MultiGzDecoder;

/// What a gzipped file begins with.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// All lines of a file.
#[derive(Debug)]
pub struct Lines {
    path: PathBuf,
    header: Vec<String>,
    records: Vec<StringRecord>,
}

/// One line of it.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    lines: &'a Lines,
    record: &'a StringRecord,
}

impl Lines {
    /// Reads it all; every line needs as many cells as the header.
    pub fn read(path: &Path) -> Result<Self> {
        let mut reader = Reader::from_reader(opened(path).with_context(|| path.display().to_string())?);
        let header = reader.headers().with_context(|| path.display().to_string())?;
        let header = header.iter().map(str::to_owned).collect();
        let records = reader.records().collect::<Result<Vec<_>, _>>();
        let records = records.with_context(|| path.display().to_string())?;
        if records.is_empty() {
            bail!("{}: no line below the header", path.display());
        }
        Ok(Self { path: path.to_owned(), header, records })
    }

    /// Names of the columns.
    pub fn header(&self) -> &[String] {
        &self.header
    }

    /// The lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = Line<'_>> {
        self.records.iter().map(|record| Line { lines: self, record })
    }
}

fn opened(path: &Path) -> Result<Box<dyn Read>> {
    let mut file = File::open(path)?;
    let mut start = Vec::new();
    file.by_ref().take(GZIP.len() as u64).read_to_end(&mut start)?;
    file.rewind()?;
    let file = BufReader::new(file);
    Ok(if start == GZIP { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) })
}

impl<'a> Line<'a> {
    /// The text of a column.
    pub fn text(&self, column: &str) -> Result<&'a str> {
        let at = self.lines.header.iter().position(|name| name == column);
        at.and_then(|at| self.record.get(at)).ok_or_else(|| self.error(column, "there is no such column"))
    }

    /// The number in a column; finite.
    pub fn number(&self, column: &str) -> Result<f64> {
        let text = self.text(column)?;
        let number = text.trim().parse::<f64>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| self.error(column, &format!("`{text}` is no number")))
    }

    /// What is wrong, and where.
    pub fn error(&self, column: &str, what: &str) -> anyhow::Error {
        let line = self.record.position().map_or(0, ::csv::Position::line);
        anyhow!("{}, line {line}, column `{column}`: {what}", self.lines.path.display())
    }
}
