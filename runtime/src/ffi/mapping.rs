//! Files mapped into memory.
//!
//! `unsafe` because a mapping shows what others do to the file: a file that is overwritten in place, rather than
//! replaced as this crate's writers do, changes under the reader; one that is cut short ends the process with `SIGBUS`.

use std::fs::File;
use std::io;
use std::path::Path;

use bytes::Bytes;
use memmap2::Mmap;

/// The contents of a regular file, mapped read-only. Anything but a regular file is refused before it is opened,
/// since opening a pipe waits for its writer.
pub(crate) fn map_file(path: &Path) -> io::Result<Bytes> {
    let metadata = std::fs::metadata(path)?;
    if metadata.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    let file = File::open(path)?;
    if metadata.len() == 0 {
        return Ok(Bytes::new());
    }
    // SAFETY: the map is read-only and private; that the file keeps its contents is asked of the caller (see above).
    let map = unsafe { Mmap::map(&file)? };
    Ok(Bytes::from_owner(map))
}
