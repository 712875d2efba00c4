//! From a file to a checked [`Model`].

use std::path::Path;

use bytes::Bytes;
use prost::Message;

use super::error::{LoadError, Problems};
use super::graph::Model;
use super::limits::decoded_size;
use super::proto::ModelProto;
use super::resolve::resolve;
use super::tensor::TensorReader;
use super::{mmap, prune};

/// Loads a model from a file, which is mapped: constants are slices of it, so it must not change meanwhile.
/// External data is read from below the folder that the file is in.
pub fn load_path(path: &Path) -> Result<Model, LoadError> {
    let file = mmap::map(path).map_err(|source| LoadError::Read { path: path.to_owned(), source })?;
    load_bytes(file, path.parent())
}

/// Loads a model from the bytes of a file. External data is read from below `folder`; without one it is an error.
pub fn load_bytes(file: impl Into<Bytes>, folder: Option<&Path>) -> Result<Model, LoadError> {
    let file = file.into();
    let mut reader = TensorReader::new(folder);
    reader.budget.add_file(file.len());
    reader.budget.charge(decoded_size(&file))?;
    let mut rest = file.clone();
    let proto = ModelProto::decode(&mut rest).map_err(|source| LoadError::Wire {
        offset: file.len() - rest.len(),
        length: file.len(),
        source,
    })?;
    load_proto(proto, reader)
}

/// Checks a decoded model and resolves its names.
fn load_proto(proto: ModelProto, reader: TensorReader) -> Result<Model, LoadError> {
    let mut problems = Problems::default();
    let model = resolve(proto, reader, &mut problems);
    match model {
        Some(mut model) if problems.is_empty() => {
            prune::prune(&mut model);
            Ok(model)
        }
        _ => Err(problems.into()),
    }
}

#[cfg(test)]
mod tests;
