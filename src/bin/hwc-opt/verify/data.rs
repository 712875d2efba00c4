//! The test data beside a model.

use std::path::{Path, PathBuf};

use hwc::{Model, Tensor};
use hwc_dialects::onnx::tensor::tensor_from_bytes;
use hwc_dialects::onnx::types::{Dim, Element, Type};

use super::{Status, Verdict};
use crate::failure::code;

/// Names and declared types of a model's inputs and outputs.
pub struct Signature {
    inputs: Vec<(String, Option<Type>)>,
    outputs: Vec<Option<Type>>,
}

impl Signature {
    pub fn of(model: &Model) -> Signature {
        let Some(model) = model.onnx() else { return Signature { inputs: vec![], outputs: vec![] } };
        let inputs = model.graph.inputs.iter().map(|&id| model.value(id));
        Signature {
            inputs: inputs.map(|v| (v.name.clone(), v.declared.clone())).collect(),
            outputs: model.graph.outputs.iter().map(|o| o.declared.clone()).collect(),
        }
    }

    /// Sizes of the dimensions that the model leaves open, called by input and axis.
    pub fn dims(&self, set: &DataSet) -> Vec<(String, usize)> {
        let mut dims = Vec::new();
        for ((name, declared), (_, value)) in self.inputs.iter().zip(&set.inputs) {
            let Some(Type::Tensor { shape: Some(shape), .. }) = declared else { continue };
            for (axis, (dim, &size)) in shape.iter().zip(value.shape()).enumerate() {
                if !matches!(dim, Dim::Known(_)) {
                    dims.push((format!("{name}.{axis}"), size));
                }
            }
        }
        dims
    }
}

/// Values of all inputs, and the outputs that are expected of them.
pub struct DataSet {
    pub inputs: Vec<(String, Tensor)>,
    pub outputs: Vec<Tensor>,
}

impl DataSet {
    pub fn read(folder: &Path, signature: &Signature) -> Result<DataSet, Verdict> {
        let mut inputs = Vec::new();
        for (i, (name, declared)) in signature.inputs.iter().enumerate() {
            inputs.push((name.clone(), read(&folder.join(format!("input_{i}.pb")), declared.as_ref())?));
        }
        let mut outputs = Vec::new();
        for (i, declared) in signature.outputs.iter().enumerate() {
            outputs.push(read(&folder.join(format!("output_{i}.pb")), declared.as_ref())?);
        }
        Ok(DataSet { inputs, outputs })
    }
}

/// A value; one of a type that is no tensor of numbers is not supported.
fn read(path: &Path, declared: Option<&Type>) -> Result<Tensor, Verdict> {
    match declared {
        None | Some(Type::Tensor { element: Element::Known(_), .. }) => {}
        Some(other) => return Err(Verdict(Status::Unsupported, format!("type {other}"), code::INPUT)),
    }
    let place = |e: &dyn std::fmt::Display| Verdict::failed(format!("{}: {e}", path.display()));
    let bytes = std::fs::read(path).map_err(|e| place(&e))?;
    Ok(tensor_from_bytes(bytes.into()).map_err(|e| place(&e))?.1)
}

/// The folders `test_data_set_*`, in order.
pub fn sets(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut sets: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|p| p.file_name().is_some_and(|n| n.to_string_lossy().starts_with("test_data_set_")))
        .collect();
    sets.sort();
    Ok(sets)
}

/// How far results may be off; see [`super::compare`].
#[derive(Clone, Copy, Debug, serde::Deserialize)]
#[serde(default)]
pub struct Tolerance {
    /// Relative to the expected value.
    pub rtol: f64,
    pub atol: f64,
}

impl Default for Tolerance {
    fn default() -> Tolerance {
        Tolerance { rtol: 1e-3, atol: 1e-7 }
    }
}

impl Tolerance {
    /// That of the file, or the default where there is no file.
    pub fn read(path: &Path) -> Result<Tolerance, String> {
        match std::fs::read(path) {
            Ok(text) => serde_json::from_slice(&text).map_err(|e| format!("{}: {e}", path.display())),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Tolerance::default()),
            Err(error) => Err(format!("{}: {error}", path.display())),
        }
    }
}
