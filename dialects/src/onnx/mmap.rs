//! Files as shared bytes.

#![allow(unsafe_code)] // Mapping a file is unsafe: whoever changes it meanwhile changes memory behind references.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use bytes::Bytes;

/// Bytes read from something that is not a regular file, such as a pipe, at most.
const MAX_STREAM: u64 = 1 << 31;

/// The contents of a file, mapped and not read where it is a regular one.
///
/// The file must not be changed while the bytes are in use: a shortened file ends the process at the next access.
pub fn map(path: &Path) -> io::Result<Bytes> {
    let mut file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if !metadata.is_file() {
        let mut data = Vec::new();
        let read = file.by_ref().take(MAX_STREAM + 1).read_to_end(&mut data)?;
        return if read as u64 > MAX_STREAM {
            Err(io::Error::from(io::ErrorKind::FileTooLarge))
        } else {
            Ok(data.into())
        };
    }
    if metadata.len() == 0 {
        return Ok(Bytes::new()); // an empty mapping is an error to the operating system
    }
    // SAFETY: the mapping is read-only and private to this process; that nobody else changes the file is the
    // documented duty of the caller, as for every program that maps its input.
    let map = unsafe { memmap2::Mmap::map(&file)? };
    Ok(Bytes::from_owner(map))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_whole() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("f");
        std::fs::write(&path, b"abc")?;
        assert_eq!(map(&path)?, "abc");
        std::fs::write(&path, b"")?;
        assert_eq!(map(&path)?, "");
        assert_eq!(map(folder.path()).map_err(|e| e.kind()), Err(io::ErrorKind::IsADirectory));
        assert_eq!(map(&folder.path().join("g")).map_err(|e| e.kind()), Err(io::ErrorKind::NotFound));
        Ok(())
    }
}
