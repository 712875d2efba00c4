//! Models as they come from a file.

use std::path::Path;

use bytes::Bytes;
use hwc_dialects::onnx;

use crate::Error;

/// A model that was read and checked, not yet compiled.
pub struct Model {
    pub(crate) name: String,
    pub(crate) onnx: onnx::Model,
}

impl Model {
    /// Reads an ONNX file, which is mapped into memory. External data is looked for below the file's folder only.
    ///
    /// # Errors
    /// Everything that is wrong with the file, at once.
    pub fn open(path: impl AsRef<Path>) -> Result<Model, Error> {
        let path = path.as_ref();
        let name = path.file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned());
        Ok(Model { name, onnx: onnx::load_path(path)? })
    }

    /// Reads an ONNX model from memory; external data is refused.
    ///
    /// # Errors
    /// Everything that is wrong with the model, at once.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Model, Error> {
        Ok(Model { name: "model".into(), onnx: onnx::load_bytes(bytes, None)? })
    }

    /// The name of the file without its ending, or `model`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was read, for the driver: no part of the stable interface.
    #[doc(hidden)]
    pub fn onnx(&self) -> &onnx::Model {
        &self.onnx
    }
}
