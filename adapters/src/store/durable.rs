//! Files that are there entirely or not at all, whenever the power goes.
//!
//! Lives here: write beside, flush, rename, flush the folder. May not: know what the files are for.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use super::error::StoreError;
use crate::points::{Point, disk, torn_disk};

/// Longest name of a stored thing, in bytes.
pub(super) const NAME_BYTES_MAX: usize = 128;
/// What is not finished has a name that starts like this; it is swept away when a store is opened.
pub(super) const UNFINISHED: &str = ".unfinished-";

/// Writes a file and flushes it to the disk.
pub(super) fn write_flushed(path: &Path, parts: &[&[u8]]) -> Result<(), StoreError> {
    let write = || -> io::Result<()> {
        let file = disk(Point::Write, || {
            let mut file = File::create(path)?;
            parts.iter().try_for_each(|part| file.write_all(part)).map(|()| file)
        })?;
        torn_disk(Point::Flush, || tear(&file, 0), || file.sync_all())
    };
    write().map_err(|error| {
        // What was written of it would only take room; the first error is the one to tell.
        drop(fs::remove_file(path));
        StoreError::io("write", path)(error)
    })
}

/// Moves something finished to its name and flushes the folder it is in now.
pub(super) fn publish(from: &Path, to: &Path) -> Result<(), StoreError> {
    disk(Point::Rename, || fs::rename(from, to)).map_err(StoreError::io("rename to", to))?;
    flush_folder(to.parent().unwrap_or(to))
}

/// Makes names that were created, moved or removed in a folder last.
pub(crate) fn flush_folder(folder: &Path) -> Result<(), StoreError> {
    let flush = || File::open(folder)?.sync_all();
    disk(Point::Folder, flush).map_err(StoreError::io("flush", folder))
}

/// A folder and those it is in.
pub(crate) fn create_folder(folder: &Path) -> Result<(), StoreError> {
    // Nothing is changed where it is there.
    if folder.is_dir() {
        return Ok(());
    }
    disk(Point::Create, || fs::create_dir_all(folder)).map_err(StoreError::io("create", folder))
}

/// What is left of a file when the power goes before it was flushed: of what came after its first bytes, half.
pub(crate) fn tear(file: &File, flushed: u64) {
    let half = |bytes: u64| flushed + bytes.saturating_sub(flushed) / 2;
    // It is a test's, and the process ends here whether it works or not.
    drop(file.metadata().and_then(|metadata| file.set_len(half(metadata.len()))));
}

/// Creates a folder if need be and sweeps away what was not finished.
pub(super) fn open_folder(folder: &Path) -> Result<(), StoreError> {
    create_folder(folder)?;
    for name in names(folder)?.iter().filter(|name| name.starts_with(UNFINISHED)) {
        remove(&folder.join(name))?;
    }
    Ok(())
}

/// Names in a folder, in order; those that are not text are not ours.
pub(crate) fn names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let read = || -> io::Result<Vec<String>> {
        let entries: io::Result<Vec<_>> = fs::read_dir(folder)?.collect();
        Ok(entries?.into_iter().filter_map(|entry| entry.file_name().into_string().ok()).collect())
    };
    let mut names = read().map_err(StoreError::io("list", folder))?;
    names.sort_unstable();
    Ok(names)
}

/// Removes a file or a folder with all that is in it; nothing there is fine.
pub(crate) fn remove(path: &Path) -> Result<(), StoreError> {
    if !path.exists() {
        return Ok(());
    }
    let remove = || if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match disk(Point::Remove, remove) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed.map_err(StoreError::io("remove", path)),
    }
}

/// Refuses what would lead out of the folder or look unfinished.
pub(crate) fn check_name(name: &str) -> Result<(), StoreError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let good =
        (1..=NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(plain) && !name.starts_with('.');
    if good { Ok(()) } else { Err(StoreError::Name { name: name.to_owned() }) }
}
