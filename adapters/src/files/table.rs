//! Table: rows of text cells, from CSV with a header or from JSON lines, compressed or not.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use super::FilesError;

/// Longest line of a JSON lines file.
const LINE_BYTES_MAX: u64 = 1024 * 1024;

/// A table that is read once, from front to back.
pub struct Table {
    path: PathBuf,
    columns: Vec<String>,
    line: u64,
    cells: Cells,
}

enum Cells {
    Csv(Box<csv::Reader<Box<dyn Read>>>),
    /// The first object gave the columns and is still to be handed out.
    Json { reader: Box<dyn BufRead>, first: Option<Map<String, Value>> },
}

impl Table {
    /// Opens a file; its ending tells the format.
    pub fn open(path: &Path) -> Result<Self, FilesError> {
        let io = |source| FilesError::Io { path: path.to_owned(), source };
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let (name, compressed) = name.strip_suffix(".zst").map_or((name, false), |name| (name, true));
        let ending = name.rsplit('.').next().unwrap_or_default();
        if !["csv", "jsonl", "ndjson"].contains(&ending) {
            return Err(FilesError::Format { path: path.to_owned() });
        }
        let file = File::open(path).map_err(io)?;
        let reader: Box<dyn Read> =
            if compressed { Box::new(zstd::Decoder::new(file).map_err(io)?) } else { Box::new(file) };
        if ending == "csv" { Self::csv(path, reader) } else { Self::json(path, reader) }
    }

    fn csv(path: &Path, reader: Box<dyn Read>) -> Result<Self, FilesError> {
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(reader);
        let refused = |message: String| FilesError::Line { path: path.to_owned(), line: 1, message };
        let header = reader.headers().map_err(|error| refused(error.to_string()))?;
        let columns = header.iter().map(str::to_owned).collect();
        Self { path: path.to_owned(), columns, line: 1, cells: Cells::Csv(Box::new(reader)) }.checked()
    }

    fn json(path: &Path, reader: Box<dyn Read>) -> Result<Self, FilesError> {
        let mut table = Self {
            path: path.to_owned(),
            columns: Vec::new(),
            line: 0,
            cells: Cells::Json { reader: Box::new(BufReader::new(reader)), first: None },
        };
        let object = table.object()?;
        table.columns = object.iter().flat_map(Map::keys).cloned().collect();
        if let Cells::Json { first, .. } = &mut table.cells {
            *first = object;
        }
        table.checked()
    }

    fn checked(self) -> Result<Self, FilesError> {
        if self.columns.is_empty() || self.columns.iter().all(String::is_empty) {
            return Err(FilesError::Columns { path: self.path, message: "the file is empty".into() });
        }
        Ok(self)
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// An error about the row read last.
    pub fn refuse(&self, message: String) -> FilesError {
        FilesError::Line { path: self.path.clone(), line: self.line, message }
    }

    /// The next row, one cell a column; a value that is not there is empty.
    pub fn next_row(&mut self) -> Result<Option<Vec<String>>, FilesError> {
        if let Cells::Csv(reader) = &mut self.cells {
            let mut record = csv::StringRecord::new();
            let read = reader.read_record(&mut record);
            self.line = record.position().map_or(self.line + 1, csv::Position::line);
            return match read {
                Ok(true) => Ok(Some(record.iter().map(str::to_owned).collect())),
                Ok(false) => Ok(None),
                Err(error) => Err(self.refuse(error.to_string())),
            };
        }
        let Some(object) = self.object()? else { return Ok(None) };
        if let Some(unknown) = object.keys().find(|key| !self.columns.contains(key)) {
            return Err(self.refuse(format!("field `{unknown}` is not in the first line")));
        }
        let cells = self.columns.iter().map(|column| text(object.get(column))).collect::<Result<_, _>>();
        cells.map(Some).map_err(|message| self.refuse(message))
    }

    fn object(&mut self) -> Result<Option<Map<String, Value>>, FilesError> {
        let Cells::Json { reader, first } = &mut self.cells else { return Ok(None) };
        if let Some(object) = first.take() {
            return Ok(Some(object));
        }
        loop {
            let mut line = String::new();
            self.line += 1;
            let read = reader.by_ref().take(LINE_BYTES_MAX).read_line(&mut line);
            let read = read.map_err(|source| FilesError::Io { path: self.path.clone(), source })?;
            if read == 0 {
                return Ok(None);
            }
            if line.trim().is_empty() {
                continue;
            }
            let refused = |message| FilesError::Line { path: self.path.clone(), line: self.line, message };
            return match serde_json::from_str(&line) {
                Ok(Value::Object(object)) => Ok(Some(object)),
                Ok(_) => Err(refused("is not a JSON object".into())),
                Err(error) => Err(refused(format!("is not JSON: {error}"))),
            };
        }
    }
}

fn text(value: Option<&Value>) -> Result<String, String> {
    match value {
        None | Some(Value::Null) => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(Value::Bool(flag)) => Ok(flag.to_string()),
        Some(Value::Number(number)) => Ok(number.to_string()),
        Some(Value::Array(_) | Value::Object(_)) => Err("a field holds a list or an object".into()),
    }
}
