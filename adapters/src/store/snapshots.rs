//! Snapshots: the last few, each with a checksum; a damaged one is passed over.
//!
//! A file is: magic, format version, length of the payload, CRC-32 of the payload, payload.

use std::fs;
use std::path::{Path, PathBuf};

use super::{StoreError, TEMPORARY, create_folder, names, sync_folder, write_file};

const MAGIC: &[u8; 8] = b"DRIFTSNP";
const VERSION: u32 = 1;
const HEADER_BYTES: usize = 8 + 4 + 8 + 4;

/// A folder of snapshots.
#[derive(Debug)]
pub struct SnapshotStore {
    folder: PathBuf,
    keep: usize,
    next: u64,
}

/// What was found.
#[derive(Debug)]
pub struct Newest {
    /// The newest whole snapshot and its number.
    pub snapshot: Option<(u64, Vec<u8>)>,
    /// Newer ones that are damaged, and how.
    pub damaged: Vec<(PathBuf, String)>,
}

impl SnapshotStore {
    /// Opens or creates the folder; the last `keep` snapshots stay.
    pub fn open(folder: &Path, keep: usize) -> Result<Self, StoreError> {
        create_folder(folder)?;
        let next = names(folder)?.iter().filter_map(|name| number(name)).max().map_or(0, |last| last + 1);
        Ok(Self { folder: folder.to_owned(), keep: keep.max(1), next })
    }

    /// Writes a snapshot: temporary file, fsync, rename, fsync of the folder; then removes old ones.
    pub fn write(&mut self, payload: &[u8]) -> Result<u64, StoreError> {
        let number = self.next;
        let path = self.path(number);
        let temporary = path.with_extension(&TEMPORARY[1..]);
        let length = (payload.len() as u64).to_le_bytes();
        let checksum = crc32fast::hash(payload).to_le_bytes();
        write_file(&temporary, &[MAGIC, &VERSION.to_le_bytes(), &length, &checksum, payload])?;
        fs::rename(&temporary, &path).map_err(StoreError::io(&path))?;
        sync_folder(&self.folder)?;
        self.next += 1;
        self.prune()?;
        Ok(number)
    }

    /// The newest whole snapshot; an error only if there are snapshots and none is whole.
    pub fn newest(&self) -> Result<Newest, StoreError> {
        let mut damaged = Vec::new();
        for number in self.numbers()?.into_iter().rev() {
            let path = self.path(number);
            let bytes = fs::read(&path).map_err(StoreError::io(&path))?;
            match payload(&bytes) {
                Ok(payload) => return Ok(Newest { snapshot: Some((number, payload.to_vec())), damaged }),
                Err(problem) => damaged.push((path, problem)),
            }
        }
        if damaged.is_empty() {
            return Ok(Newest { snapshot: None, damaged });
        }
        let problems: Vec<String> =
            damaged.iter().map(|(path, problem)| format!("{}: {problem}", path.display())).collect();
        Err(StoreError::AllDamaged { path: self.folder.clone(), problems: problems.join(", ") })
    }

    fn numbers(&self) -> Result<Vec<u64>, StoreError> {
        Ok(names(&self.folder)?.iter().filter_map(|name| number(name)).collect())
    }

    fn path(&self, number: u64) -> PathBuf {
        self.folder.join(format!("{number:012}.snapshot"))
    }

    fn prune(&self) -> Result<(), StoreError> {
        for number in self.numbers()?.into_iter().rev().skip(self.keep) {
            let path = self.path(number);
            fs::remove_file(&path).map_err(StoreError::io(&path))?;
        }
        Ok(())
    }
}

fn number(name: &str) -> Option<u64> {
    name.strip_suffix(".snapshot")?.parse().ok()
}

fn payload(bytes: &[u8]) -> Result<&[u8], String> {
    let Some((header, payload)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Err(format!("only {} bytes", bytes.len()));
    };
    let (magic, rest) = header.split_at(8);
    let (version, rest) = rest.split_at(4);
    let (length, checksum) = rest.split_at(8);
    if magic != MAGIC {
        return Err("not a snapshot".into());
    }
    if version != VERSION.to_le_bytes() {
        return Err("written by another version of Driftform".into());
    }
    if length != (payload.len() as u64).to_le_bytes() {
        return Err("truncated".into());
    }
    if checksum != crc32fast::hash(payload).to_le_bytes() {
        return Err("altered".into());
    }
    Ok(payload)
}
