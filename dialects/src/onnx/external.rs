//! Tensor data in files beside the model.

use std::collections::HashMap;
use std::io;
use std::path::{Component, Path, PathBuf};

use bytes::Bytes;

use super::{mmap, proto::StringStringEntryProto};

/// Why external data could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExternalError {
    #[error("refers to external data, but the model was given as bytes without a folder to look in")]
    NoFolder,
    #[error("external data at `{location}` is refused: {reason}; it must lie below the model's own folder")]
    Location { location: String, reason: &'static str },
    #[error("external data entry `{key}` is missing or not a number that fits: `{value}`")]
    Entry { key: &'static str, value: String },
    #[error("external data `{location}` from byte {offset}, {length} bytes, ends beyond the file's {file} bytes")]
    Range { location: String, offset: u64, length: u64, file: u64 },
    #[error("external data `{location}` cannot be read: {source}")]
    Read { location: String, source: io::Error },
}

/// The files that hold external data of one model; each is mapped once.
#[derive(Debug, Default)]
pub struct ExternalFiles {
    folder: Option<PathBuf>,
    /// By location as written in the model, and by path: several spellings of one path are one file.
    locations: HashMap<String, Bytes>,
    files: HashMap<PathBuf, Bytes>,
}

impl ExternalFiles {
    /// Files are looked for below `folder`; without one, external data is an error.
    pub fn new(folder: Option<&Path>) -> Self {
        // The folder of a bare file name is the empty path, which cannot be opened.
        let folder = folder.map(|f| if f.as_os_str().is_empty() { PathBuf::from(".") } else { f.to_owned() });
        ExternalFiles { folder, ..Default::default() }
    }

    /// The bytes that `entries` refer to, and the size of the file where this is its first use.
    pub fn read(&mut self, entries: &[StringStringEntryProto]) -> Result<(Bytes, Option<usize>), ExternalError> {
        let get = |key| entries.iter().find(|entry| entry.key == key).map(|entry| entry.value.as_str());
        let number = |key| match get(key) {
            None => Ok(None),
            Some(text) => match text.parse::<u64>() {
                Ok(number) => Ok(Some(number)),
                Err(_) => Err(ExternalError::Entry { key, value: text.to_owned() }),
            },
        };
        let location = get("location").ok_or_else(|| ExternalError::Entry { key: "location", value: String::new() })?;
        let (offset, length) = (number("offset")?.unwrap_or(0), number("length")?);
        let mut opened = None;
        let file = match self.locations.get(location) {
            Some(file) => file.clone(),
            None => {
                let (file, new) = self.open(location)?;
                opened = new.then_some(file.len());
                self.locations.insert(location.to_owned(), file.clone());
                file
            }
        };
        let size = file.len() as u64;
        let length = length.unwrap_or(size.saturating_sub(offset));
        match offset.checked_add(length) {
            Some(end) if end <= size => Ok((file.slice(offset as usize..end as usize), opened)),
            _ => Err(ExternalError::Range { location: location.to_owned(), offset, length, file: size }),
        }
    }

    /// The file at `location`, and whether it is its first use.
    fn open(&mut self, location: &str) -> Result<(Bytes, bool), ExternalError> {
        let folder = self.folder.as_ref().ok_or(ExternalError::NoFolder)?;
        let refuse = |reason| Err(ExternalError::Location { location: location.to_owned(), reason });
        let failed = |source| ExternalError::Read { location: location.to_owned(), source };
        if location.is_empty() || location.contains('\0') {
            return refuse("the path is empty or has a zero byte");
        }
        for component in Path::new(location).components() {
            match component {
                Component::Normal(_) | Component::CurDir => {}
                Component::ParentDir => return refuse("the path has a `..`"),
                Component::RootDir | Component::Prefix(_) => return refuse("the path is absolute"),
            }
        }
        let root = folder.canonicalize().map_err(failed)?;
        // What is opened is the path without symbolic links, so it is the one that was checked.
        let path = root.join(location).canonicalize().map_err(failed)?;
        if !path.starts_with(&root) {
            return refuse("a symbolic link leads out of the folder");
        }
        if !path.metadata().map_err(failed)?.is_file() {
            return refuse("it is not a regular file");
        }
        if let Some(file) = self.files.get(&path) {
            return Ok((file.clone(), false));
        }
        let file = mmap::map(&path).map_err(failed)?;
        self.files.insert(path, file.clone());
        Ok((file, true))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entries(pairs: &[(&str, &str)]) -> Vec<StringStringEntryProto> {
        pairs.iter().map(|(k, v)| StringStringEntryProto { key: k.to_string(), value: v.to_string() }).collect()
    }

    #[test]
    fn ranges_are_checked_and_files_shared() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        std::fs::create_dir(folder.path().join("sub"))?;
        std::fs::write(folder.path().join("sub/w.bin"), b"0123456789")?;
        let mut files = ExternalFiles::new(Some(folder.path()));
        let mut read = |pairs: &[(&str, &str)]| files.read(&entries(pairs));
        let location = ("location", "sub/w.bin");
        let (whole, opened) = read(&[location]).expect("reads");
        assert_eq!((&whole[..], opened), (&b"0123456789"[..], Some(10)));
        let (part, opened) = read(&[location, ("offset", "2"), ("length", "3")]).expect("reads");
        assert_eq!((&part[..], opened), (&b"234"[..], None));
        assert_eq!(part.as_ptr(), whole[2..].as_ptr());
        let (same, opened) = read(&[("location", "./sub/./w.bin")]).expect("reads");
        assert_eq!((same.as_ptr(), opened), (whole.as_ptr(), None));
        for (offset, length) in [("8", "3"), ("11", "0"), ("18446744073709551615", "2")] {
            let error = read(&[location, ("offset", offset), ("length", length)]);
            assert!(matches!(error, Err(ExternalError::Range { file: 10, .. })), "{error:?}");
        }
        assert!(matches!(read(&[location, ("offset", "-1")]), Err(ExternalError::Entry { key: "offset", .. })));
        assert!(matches!(read(&[("offset", "1")]), Err(ExternalError::Entry { key: "location", .. })));
        assert!(matches!(read(&[("location", "none.bin")]), Err(ExternalError::Read { .. })));
        Ok(())
    }

    #[test]
    fn nothing_outside_the_folder_is_read() -> io::Result<()> {
        let outer = tempfile::tempdir()?;
        let inner = outer.path().join("model");
        std::fs::create_dir(&inner)?;
        std::fs::write(outer.path().join("secret"), b"s")?;
        std::os::unix::fs::symlink("../secret", inner.join("link"))?;
        std::os::unix::fs::symlink("..", inner.join("up"))?;
        std::fs::write(inner.join("own"), b"o")?;
        std::os::unix::fs::symlink("own", inner.join("fine"))?;
        let mut files = ExternalFiles::new(Some(&inner));
        let absolute = outer.path().join("secret");
        for location in ["../secret", "a/../../secret", "/etc/passwd", "link", "up/secret", "", "a\0b", "."] {
            let error = files.read(&entries(&[("location", location)]));
            assert!(matches!(error, Err(ExternalError::Location { .. })), "{location}: {error:?}");
        }
        let error = files.read(&entries(&[("location", &absolute.to_string_lossy())]));
        assert!(matches!(error, Err(ExternalError::Location { .. })), "{error:?}");
        assert!(files.read(&entries(&[("location", "fine")])).is_ok());
        let error = ExternalFiles::new(None).read(&entries(&[("location", "own")]));
        assert!(matches!(error, Err(ExternalError::NoFolder)));
        Ok(())
    }
}
