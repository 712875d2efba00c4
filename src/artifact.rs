//! Compiled models.

use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use hwc_passes::codegen::{self, Loaded};
use hwc_runtime::{Code, Manifest, Session, WeightsImage, artifact, atomic_file};

use crate::header;
use crate::{Diagnostic, Error, Fault};

/// A compiled model in memory: run it here, or save it.
pub struct Artifact {
    pub(crate) manifest: Manifest,
    pub(crate) object: Vec<u8>,
    pub(crate) weights: Bytes,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl Artifact {
    /// Loads the code into this process.
    ///
    /// # Errors
    /// [`Fault::Environment`] where there is no memory for it.
    pub fn session(&self) -> Result<Session, Error> {
        let loaded = Arc::new(Loaded::load(&self.object)?);
        Ok(Session::from_parts(self.manifest.clone(), self.weights.clone(), ffi::code(loaded))?)
    }

    /// Writes one file that [`Session::load`] takes, whole or not at all; gives its length in bytes.
    ///
    /// # Errors
    /// [`Fault::Environment`] where no linker is found or the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<u64, Error> {
        let path = path.as_ref();
        let code = self.link(path)?;
        artifact::write(path, &self.manifest, &code, &self.image()).map_err(|error| match error {
            artifact::WriteError::Io { .. } => Error::new(Fault::Environment, error),
            artifact::WriteError::Inconsistent(_) => Error::new(Fault::Defect, error),
        })
    }

    /// The code as an ELF relocatable object.
    pub fn object(&self) -> &[u8] {
        &self.object
    }

    /// What the model asks for and gives, as JSON.
    pub fn manifest(&self) -> String {
        self.manifest.to_json()
    }

    /// Warnings and remarks of the compilation.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    fn image(&self) -> WeightsImage {
        let mut image = WeightsImage::new();
        if !self.weights.is_empty() {
            image.push(self.weights.clone());
        }
        image
    }

    /// The code as a shared library, linked in a temporary folder beside `path`.
    fn link(&self, path: &Path) -> Result<Vec<u8>, Error> {
        let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let place =
            |e: std::io::Error| Error::new(Fault::Environment, format!("cannot write below {}: {e}", folder.display()));
        let scratch = tempfile::Builder::new().prefix(".hwc-").tempdir_in(folder).map_err(place)?;
        let library = scratch.path().join("code.so");
        codegen::shared_library(&self.object, &library)?;
        std::fs::read(&library).map_err(place)
    }

    /// Writes a shared library, its C header and its weights: `libNAME.so`, `NAME.h` and `NAME.weights` for a `path` that
    /// ends in `libNAME.so`.
    ///
    /// # Errors
    /// As [`Artifact::save`].
    pub fn save_library(&self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref();
        let failed = |path: &Path, e: std::io::Error| {
            Error::new(Fault::Environment, format!("cannot write {}: {e}", path.display()))
        };
        let code = self.link(path)?;
        let weights = hwc_runtime::library::weights_path(path);
        let header = weights.with_extension("h");
        // The library comes last: where it is, the rest is complete.
        let mut file = atomic_file::AtomicFile::create(&weights).map_err(|e| failed(&weights, e))?;
        self.image().write_to(&mut file).and_then(|()| file.commit()).map_err(|e| failed(&weights, e))?;
        let text = header::header(&self.manifest);
        atomic_file::write(&header, text.as_bytes()).map_err(|e| failed(&header, e))?;
        atomic_file::write(path, &code).map_err(|e| failed(path, e))
    }
}

/// Hands code made just in time to the runtime.
mod ffi {
    #![allow(unsafe_code)]
    use super::{Arc, Code, Loaded};

    pub fn code(loaded: Arc<Loaded>) -> Code {
        let entry = loaded.entry();
        // SAFETY: the two types differ in the pointers' targets only; the code keeps to the conventions of the runtime's
        // `abi`, for which it was generated, and stays until `loaded` is dropped.
        unsafe {
            let entry = std::mem::transmute::<hwc_passes::codegen::EntryFn, hwc_runtime::abi::Entry>(entry);
            Code::from_entry(entry, Box::new(loaded))
        }
    }
}
