//! Small files as a whole: secrets, certificates, configurations.
//!
//! May not: know what is in them.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

/// The bytes of a file that has at most so many; a longer one, or one without an end, is not read further.
pub fn read_whole(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    // One byte more than allowed tells a file that is too long from one that just fits.
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        return Err(io::Error::new(
            io::ErrorKind::FileTooLarge,
            format!("it is longer than {bytes_max} bytes"),
        ));
    }
    Ok(bytes)
}

/// The same, as text.
pub fn read_whole_text(path: &Path, bytes_max: u64) -> io::Result<String> {
    String::from_utf8(read_whole(path, bytes_max)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_too_long_or_has_no_end_is_refused() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let path = folder.path().join("secret");
        std::fs::write(&path, "four").expect("a file");
        assert_eq!(read_whole_text(&path, 4).expect("it just fits"), "four");
        let error = read_whole(&path, 3).expect_err("it is longer");
        assert_eq!(error.to_string(), "it is longer than 3 bytes");
        assert_eq!(
            read_whole(Path::new("/dev/zero"), 1 << 20).expect_err("no end").kind(),
            io::ErrorKind::FileTooLarge
        );
        std::fs::write(&path, [0xff]).expect("a file");
        assert!(read_whole_text(&path, 4).is_err());
    }
}
