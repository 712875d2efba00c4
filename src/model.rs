//! Models and kernels as they come from a file.

use std::path::Path;

use bytes::Bytes;
use hwc_dialects::onnx;

use crate::{Error, Fault};

/// A model that was read and checked, or the text of kernels; not yet compiled.
pub struct Model {
    pub(crate) name: String,
    pub(crate) source: Source,
}

pub(crate) enum Source {
    Onnx(Box<onnx::Model>),
    Mlir(String),
}

impl Model {
    /// Reads an ONNX file, which is mapped into memory, or for a name that ends in `.mlir` as [`Model::from_mlir`].
    /// External data is looked for below the file's folder only.
    ///
    /// # Errors
    /// Everything that is wrong with the file, at once.
    pub fn open(path: impl AsRef<Path>) -> Result<Model, Error> {
        let path = path.as_ref();
        let name = path.file_stem().map_or_else(|| "model".into(), |s| s.to_string_lossy().into_owned());
        let source = if path.extension().is_some_and(|e| e == "mlir") {
            let text = std::fs::read_to_string(path);
            let environment = |e| Error::new(Fault::Environment, format!("{}: {e}", path.display()));
            Source::Mlir(text.map_err(environment)?)
        } else {
            Source::Onnx(Box::new(onnx::load_path(path)?))
        };
        Ok(Model { name, source })
    }

    /// Reads an ONNX model from memory; external data is refused.
    ///
    /// # Errors
    /// Everything that is wrong with the model, at once.
    pub fn from_bytes(bytes: impl Into<Bytes>) -> Result<Model, Error> {
        Ok(Model { name: "model".into(), source: Source::Onnx(Box::new(onnx::load_bytes(bytes, None)?)) })
    }

    /// Takes MLIR: one `hwk.kernel`; or kernels, and a function `main` that launches them; or a function `main` of `hwc`
    /// operations. The text is checked when it is compiled.
    pub fn from_mlir(text: impl Into<String>) -> Model {
        Model { name: "kernel".into(), source: Source::Mlir(text.into()) }
    }

    /// The name of the file without its ending, or `model`, or `kernel`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What was read of an ONNX model, for the driver: no part of the stable interface.
    #[doc(hidden)]
    pub fn onnx(&self) -> Option<&onnx::Model> {
        match &self.source {
            Source::Onnx(model) => Some(model),
            Source::Mlir(_) => None,
        }
    }
}
