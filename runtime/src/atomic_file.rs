//! Files that appear whole or not at all.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use crate::scratch::Scratch;

/// A file in the making: it gets its name, replacing what had it, in [`AtomicFile::commit`]; dropped before, it is gone.
///
/// It is made in the directory where it will be, with a name of its own that begins with a dot. To make several files
/// appear together, write all before committing the first. What is no regular file, such as `/dev/stdout`, is written
/// directly.
pub struct AtomicFile {
    /// What is written to; buffered.
    writer: BufWriter<File>,
    /// `None` where the target is written directly.
    rename: Option<Rename>,
}

struct Rename {
    temporary: Scratch,
    target: PathBuf,
}

impl AtomicFile {
    /// Begins a file that will be at this path.
    pub fn create(path: impl AsRef<Path>) -> io::Result<AtomicFile> {
        let path = path.as_ref();
        let existing = match std::fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        if existing.as_ref().is_some_and(|m| m.is_dir()) {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if existing.as_ref().is_some_and(|m| !m.is_file()) {
            let file = OpenOptions::new().write(true).open(path)?;
            return Ok(AtomicFile { writer: BufWriter::new(file), rename: None });
        }
        // A link is followed, so that the file it names is replaced and not the link.
        let target = if existing.is_some() { path.canonicalize()? } else { path.to_path_buf() };
        let (file, temporary) = Scratch::file_beside(&target)?;
        let rename = Rename { temporary, target };
        if let Some(metadata) = existing {
            file.set_permissions(metadata.permissions())?;
        }
        Ok(AtomicFile { writer: BufWriter::with_capacity(1 << 16, file), rename: Some(rename) })
    }

    /// Gives the file its name.
    ///
    /// Nothing waits for the disk: a file that was written just before the machine lost power may be damaged, which is
    /// what digests are for.
    pub fn commit(mut self) -> io::Result<()> {
        self.writer.flush()?;
        if let Some(rename) = self.rename {
            rename.temporary.rename(&rename.target)?;
        }
        Ok(())
    }
}

/// Makes the file at this path hold these bytes.
pub fn write(path: impl AsRef<Path>, contents: &[u8]) -> io::Result<()> {
    let mut file = AtomicFile::create(path)?;
    file.write_all(contents)?;
    file.commit()
}

impl Write for AtomicFile {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        self.writer.write(data)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
