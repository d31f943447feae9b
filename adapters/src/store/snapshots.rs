//! Snapshots of the state: the newest one that is whole counts.
//!
//! Lives here: numbered files with a checksum, of which the last few are kept. May not: know what is in
//! them.
//!
//! | the newest snapshot is | what happens |
//! |---|---|
//! | missing | there is none; whoever asks begins anew |
//! | damaged | it is told, and the newest one that is whole counts; none is an error |
//! | whole, of an earlier or a later format | an error that says which release reads it: an older snapshot would undo what that release did |

use std::fs;
use std::path::{Path, PathBuf};

use super::durable::{UNFINISHED, flush_folder, names, open_folder, publish, remove, write_flushed};
use super::error::StoreError;

/// Largest snapshot, in bytes.
pub(super) const SNAPSHOT_BYTES_MAX: usize = 1 << 30;

const MAGIC: [u8; 8] = *b"DRFTSNAP";
/// Magic, format, length and checksum.
const HEADER_BYTES: usize = 24;

/// A folder of snapshots.
#[derive(Debug)]
pub struct SnapshotStore {
    folder: PathBuf,
    format: u32,
    keep: usize,
    next: u64,
}

/// The newest snapshot that is whole, and the newer ones that are not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// Its number and bytes; nothing where none was ever written.
    pub snapshot: Option<(u64, Vec<u8>)>,
    /// Newer files that cannot be read, and why.
    pub damaged: Vec<(PathBuf, String)>,
}

impl SnapshotStore {
    /// Opens the folder, creating it if need be; the last `keep` snapshots, at least one, stay. `format` is that of
    /// their content.
    pub fn open(folder: &Path, format: u32, keep: usize) -> Result<Self, StoreError> {
        open_folder(folder)?;
        let next = numbers(folder)?.last().map_or(0, |last| last + 1);
        Ok(Self { folder: folder.to_owned(), format, keep: keep.max(1), next })
    }

    /// Writes the next snapshot and returns its number; when this returns it survives a crash.
    pub fn write(&mut self, payload: &[u8]) -> Result<u64, StoreError> {
        let number = self.next;
        let path = self.path(number);
        if payload.len() > SNAPSHOT_BYTES_MAX {
            return Err(StoreError::TooLarge { path, bytes: payload.len(), max: SNAPSHOT_BYTES_MAX });
        }
        let unfinished = self.folder.join(format!("{UNFINISHED}{number}"));
        write_flushed(&unfinished, &[&header(self.format, payload), payload])?;
        // Renamed but not surely: whoever is told that it failed must not find it after a crash.
        publish(&unfinished, &path).inspect_err(|_| drop(remove(&path)))?;
        self.next += 1;
        // The snapshot is there; that an old one is too is no reason to call it missing.
        if let Err(error) = self.prune() {
            tracing::warn!("{error}");
        }
        Ok(number)
    }

    /// The newest snapshot that is whole.
    pub fn newest(&self) -> Result<Newest, StoreError> {
        newest_snapshot(&self.folder, self.format)
    }

    fn prune(&self) -> Result<(), StoreError> {
        let numbers = numbers(&self.folder)?;
        let old = numbers.len().saturating_sub(self.keep);
        for number in &numbers[..old] {
            remove(&self.path(*number))?;
        }
        if old > 0 { flush_folder(&self.folder) } else { Ok(()) }
    }

    fn path(&self, number: u64) -> PathBuf {
        path_of(&self.folder, number)
    }
}

/// The newest snapshot of this format in a folder that somebody else may be writing to; nothing is changed.
pub fn newest_snapshot(folder: &Path, format: u32) -> Result<Newest, StoreError> {
    let mut newest = Newest::default();
    for number in numbers(folder)?.into_iter().rev() {
        let path = path_of(folder, number);
        match read(&path)? {
            Ok((found, payload)) if found == format => {
                newest.snapshot = Some((number, payload));
                return Ok(newest);
            }
            Ok((found, _)) => return Err(StoreError::Format { path, found, expected: format }),
            Err(message) => newest.damaged.push((path, message)),
        }
    }
    match newest.damaged.first() {
        None => Ok(newest),
        Some((path, message)) => Err(StoreError::AllDamaged {
            folder: folder.to_owned(),
            count: newest.damaged.len(),
            first: format!("{}: {message}", path.display()),
        }),
    }
}

fn path_of(folder: &Path, number: u64) -> PathBuf {
    folder.join(format!("snapshot-{number:020}"))
}

fn numbers(folder: &Path) -> Result<Vec<u64>, StoreError> {
    let number = |name: &String| name.strip_prefix("snapshot-")?.parse().ok();
    Ok(names(folder)?.iter().filter_map(number).collect())
}

fn header(format: u32, payload: &[u8]) -> [u8; HEADER_BYTES] {
    let mut header = [0; HEADER_BYTES];
    header[..8].copy_from_slice(&MAGIC);
    header[8..12].copy_from_slice(&format.to_le_bytes());
    header[12..20].copy_from_slice(&(payload.len() as u64).to_le_bytes());
    let checksum = checksum_of(&header, payload);
    header[20..].copy_from_slice(&checksum);
    header
}

/// Of the payload and of the header before it.
fn checksum_of(header: &[u8], payload: &[u8]) -> [u8; 4] {
    let mut checksum = crc32fast::Hasher::new();
    checksum.update(&header[..20]);
    checksum.update(payload);
    checksum.finalize().to_le_bytes()
}

/// Format and payload, or what is wrong with the file.
fn read(path: &Path) -> Result<Result<(u32, Vec<u8>), String>, StoreError> {
    let bytes = fs::metadata(path).map_err(StoreError::io("read", path))?.len();
    if bytes > (HEADER_BYTES + SNAPSHOT_BYTES_MAX) as u64 {
        return Ok(Err(format!("it has {bytes} bytes, which is too many")));
    }
    let mut file = fs::read(path).map_err(StoreError::io("read", path))?;
    Ok(check(&file).map(|format| {
        file.drain(..HEADER_BYTES);
        (format, file)
    }))
}

/// The format of a file that is whole.
fn check(file: &[u8]) -> Result<u32, String> {
    let Some((head, payload)) = file.split_at_checked(HEADER_BYTES) else {
        return Err(format!("it was cut off at {} bytes", file.len()));
    };
    if head[..8] != MAGIC {
        return Err("it is not a snapshot".into());
    }
    if head[12..20] != (payload.len() as u64).to_le_bytes() {
        return Err(format!("it has {} bytes, not as many as were written", payload.len()));
    }
    let format = u32::from_le_bytes([head[8], head[9], head[10], head[11]]);
    // Format 1 had no checksum over its header.
    let checksum =
        if format == 1 { crc32fast::hash(payload).to_le_bytes() } else { checksum_of(head, payload) };
    if head[20..] == checksum { Ok(format) } else { Err("its checksum is wrong: it was altered".into()) }
}

#[cfg(test)]
mod tests;
