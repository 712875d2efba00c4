//! What a run gives.

use std::sync::Arc;

use crate::manifest::Manifest;
use crate::tensor::Tensor;

/// The outputs of one run, in the manifest's order.
#[derive(Clone, Debug)]
pub struct Outputs {
    manifest: Arc<Manifest>,
    tensors: Vec<Tensor>,
}

impl Outputs {
    pub(super) fn new(manifest: Arc<Manifest>, tensors: Vec<Tensor>) -> Outputs {
        Outputs { manifest, tensors }
    }

    /// The output of this name.
    pub fn get(&self, name: &str) -> Option<&Tensor> {
        self.iter().find(|(n, _)| *n == name).map(|(_, tensor)| tensor)
    }

    pub fn len(&self) -> usize {
        self.tensors.len()
    }

    pub fn is_empty(&self) -> bool {
        self.tensors.is_empty()
    }

    /// Names and tensors, in the manifest's order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Tensor)> {
        self.manifest.outputs.iter().map(|output| output.name.as_str()).zip(&self.tensors)
    }

    /// The tensors in the manifest's order.
    pub fn into_tensors(self) -> Vec<Tensor> {
        self.tensors
    }
}
