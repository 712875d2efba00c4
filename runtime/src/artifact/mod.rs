//! The single file of a compiled model: `model.hwc`.

mod elf;
mod foreign;
pub mod format;
mod read;
mod write;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use bytes::Bytes;

pub use format::{MAGIC, SectionKind};
pub use read::Section;
pub use write::{WriteError, write};

use crate::ffi::buffer::NoMemory;
use crate::ffi::code::CodeError;
use crate::ffi::mapping::map_file;
use crate::manifest::Manifest;
use crate::problem::Problems;

pub(crate) use elf::misfit as elf_misfit;
pub(crate) use foreign::describe;

/// A compiled model's file, checked: its sections lie within it and have the digests it says.
///
/// The digests show damage, not malice: who makes an artifact can have it do whatever a program can.
pub struct Artifact {
    name: String,
    contents: read::Contents,
}

/// Why a compiled model cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file is not there or cannot be read. The environment's fault.
    #[error("cannot read {}: {source}", path.display())]
    Io { path: PathBuf, source: io::Error },
    /// The file is something else.
    #[error("{name} is not a compiled model: {found}")]
    Foreign { name: String, found: &'static str },
    /// The file is damaged, of another version, or for another machine: everything that is wrong.
    #[error("{name} cannot be used: {problems}")]
    Unusable { name: String, problems: Problems },
    /// Its code cannot be brought into the process.
    #[error("{name} cannot be loaded: {source}")]
    Code { name: String, source: CodeError },
    /// There is no memory for its weights. The environment's fault.
    #[error(transparent)]
    Memory(#[from] NoMemory),
}

impl fmt::Debug for Artifact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sections = &self.contents.sections;
        f.debug_struct("Artifact").field("name", &self.name).field("sections", sections).finish_non_exhaustive()
    }
}

impl LoadError {
    /// True where the same file could be loaded in another environment: permissions, memory, missing files or libraries.
    pub fn is_environment(&self) -> bool {
        match self {
            LoadError::Io { .. } | LoadError::Memory(_) => true,
            LoadError::Code { source, .. } => matches!(source, CodeError::Memory(_) | CodeError::Link(_)),
            LoadError::Foreign { .. } | LoadError::Unusable { .. } => false,
        }
    }

    pub(crate) fn unless_empty(problems: Problems, name: &str) -> Result<(), LoadError> {
        problems.into_result().map_err(|problems| LoadError::Unusable { name: name.to_owned(), problems })
    }
}

impl Artifact {
    /// Maps an artifact and checks it. It may be for another machine than this.
    ///
    /// The file must stay as it is while the artifact lives; replacing it by renaming is fine.
    pub fn open(path: impl AsRef<Path>) -> Result<Artifact, LoadError> {
        let path = path.as_ref();
        let file = map_file(path).map_err(|source| LoadError::Io { path: path.to_path_buf(), source })?;
        Artifact::read(path.display().to_string(), file, |_, _| {})
    }

    /// An artifact that is in memory already. `name` stands for it in messages.
    pub fn from_bytes(name: impl Into<String>, file: impl Into<Bytes>) -> Result<Artifact, LoadError> {
        Artifact::read(name.into(), file.into(), |_, _| {})
    }

    /// Checks a file. `more` adds what else is required of the manifest; it is listed with the rest.
    pub(crate) fn read(
        name: String,
        file: Bytes,
        more: impl FnOnce(&Manifest, &mut Problems),
    ) -> Result<Artifact, LoadError> {
        // A file that ends within the magic was cut short rather than foreign.
        if !file.starts_with(&format::MAGIC) && (file.is_empty() || !format::MAGIC.starts_with(&file)) {
            return Err(LoadError::Foreign { name, found: describe(&file) });
        }
        match read::read(&file, more) {
            Ok(contents) => Ok(Artifact { name, contents }),
            Err(problems) => Err(LoadError::Unusable { name, problems }),
        }
    }

    /// The path it was opened from, or the name it was given.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn manifest(&self) -> &Manifest {
        &self.contents.manifest
    }

    /// The manifest as it stands in the file.
    pub fn manifest_text(&self) -> &[u8] {
        &self.contents.manifest_text
    }

    /// The code: an ELF shared object.
    pub fn code(&self) -> &Bytes {
        &self.contents.code
    }

    /// The block of constants.
    pub fn weights(&self) -> &Bytes {
        &self.contents.weights
    }

    /// Where each section stands in the file, in its order.
    pub fn sections(&self) -> &[Section] {
        &self.contents.sections
    }

    pub(crate) fn into_manifest_and_weights(self) -> (Manifest, Bytes) {
        (self.contents.manifest, self.contents.weights)
    }
}
