//! Compiled models.

use std::io::Write;
use std::path::Path;

use hwc_passes::codegen::{self, Loaded};
use hwc_runtime::atomic_file::AtomicFile;
use hwc_runtime::scratch::Scratch;
use hwc_runtime::{Code, Manifest, Session, WeightsImage, artifact};

use crate::header;
use crate::{Diagnostic, Error, Explanation, Fault, KernelCache};

/// A compiled model in memory: run it here, or save it.
pub struct Artifact {
    pub(crate) manifest: Manifest,
    pub(crate) objects: Vec<Vec<u8>>,
    pub(crate) weights: WeightsImage,
    /// Keeps what was linked.
    pub(crate) cache: Option<KernelCache>,
    pub(crate) explanation: Option<Explanation>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Artifact {
    /// Loads the code into this process.
    ///
    /// # Errors
    /// [`Fault::Environment`] where there is no memory for it.
    pub fn session(&self) -> Result<Session, Error> {
        let loaded = Loaded::load(self.objects.iter().map(Vec::as_slice))?;
        let weights = self.weights.to_bytes().map_err(|e| Error::new(Fault::Environment, e))?;
        Ok(Session::from_parts(self.manifest.clone(), weights, ffi::code(loaded))?)
    }

    /// Writes one file that [`Session::load`] takes, whole or not at all; gives its length in bytes.
    ///
    /// # Errors
    /// [`Fault::Environment`] where no linker is found or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let code = self.library()?;
        artifact::write(path, &self.manifest, &code, &self.weights).map_err(|error| match error {
            artifact::WriteError::Io { .. } => Error::new(Fault::Environment, error),
            artifact::WriteError::Inconsistent(_) => Error::new(Fault::Defect, error),
        })
    }

    /// The code as ELF relocatable objects, to be linked together; one with [`crate::Options::one_object`].
    pub fn objects(&self) -> &[Vec<u8>] {
        &self.objects
    }

    /// What the model asks for and gives, as JSON.
    pub fn manifest(&self) -> String {
        self.manifest.to_json()
    }

    /// Why its kernels were chosen, with [`crate::Options::explain`].
    pub fn explanation(&self) -> Option<&Explanation> {
        self.explanation.as_ref()
    }

    /// Warnings and remarks of the compilation.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// The code as a shared library.
    fn library(&self) -> Result<Vec<u8>, Error> {
        match &self.cache {
            Some(cache) => cache.linked(&self.objects, || self.link()),
            None => self.link(),
        }
    }

    fn link(&self) -> Result<Vec<u8>, Error> {
        let place = |e: std::io::Error| {
            let folder = std::env::temp_dir();
            Error::new(Fault::Environment, format!("cannot use {} for linking: {e}", folder.display()))
        };
        let scratch = Scratch::folder().map_err(place)?;
        let library = scratch.path().join("code.so");
        codegen::shared_library(self.objects.iter().map(Vec::as_slice), &library)?;
        std::fs::read(&library).map_err(place)
    }

    /// Writes a shared library, its C header and its weights: `libNAME.so`, `NAME.h` and `NAME.weights` for a `path` that
    /// ends in `libNAME.so`.
    ///
    /// # Errors
    /// As [`Artifact::save`].
    pub fn save_library(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let code = self.library()?;
        let weights = hwc_runtime::library::weights_path(path);
        let header = weights.with_extension("h");
        let text = header::header(&self.manifest);
        // All are written before the first gets its name. The library is the last: where it is, the rest is complete.
        let files = [
            write_part(&weights, |file| self.weights.write_to(file))?,
            write_part(&header, |file| file.write_all(text.as_bytes()))?,
            write_part(path, |file| file.write_all(&code))?,
        ];
        files
            .into_iter()
            .zip([&weights, &header, path])
            .try_for_each(|(file, path)| file.commit().map_err(|e| cannot_write(path, &e)))
    }
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Error {
    Error::new(Fault::Environment, format!("cannot write {}: {error}", path.display()))
}

fn write_part(path: &Path, fill: impl FnOnce(&mut AtomicFile) -> std::io::Result<()>) -> Result<AtomicFile, Error> {
    let make = || {
        let mut file = AtomicFile::create(path)?;
        fill(&mut file)?;
        Ok(file)
    };
    make().map_err(|e| cannot_write(path, &e))
}

/// Hands code made just in time to the runtime.
mod ffi {
    #![allow(unsafe_code)]
    use super::{Code, Loaded};

    pub fn code(loaded: Loaded) -> Code {
        // SAFETY: the code keeps to the conventions of the runtime's `abi`, for which it was generated, and stays until
        // `loaded` is dropped.
        unsafe { Code::from_entry(loaded.entry(), Box::new(loaded)) }
    }
}
