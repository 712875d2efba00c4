//! Values while a graph is being imported.

use std::sync::Arc;

use hwc_runtime::{DType, Tensor};

use super::failure::Failure;
use crate::types::TensorType;

/// What a value of the graph is known to be at compile time.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Known altogether.
    Const(Tensor),
    /// Known by type; computed when the model runs.
    Var(Var),
    /// A sequence, whose length is always known. No element is poison: what would make such a sequence fails.
    Sequence(Arc<Vec<Value>>),
    /// An optional, of which it is always known whether there is something in it.
    Optional(Option<Box<Value>>),
    /// A tensor of elements that the compiler does not have: `strings`. An error where it is used.
    Foreign(&'static str),
    /// Not known because of a problem that is reported already.
    Poison,
}

/// A tensor that a [`Program`](super::program::Program) computes.
#[derive(Clone, Debug, PartialEq)]
pub struct Var {
    pub(super) index: u32,
    pub(super) ty: Arc<TensorType>,
}

impl Var {
    /// Place among the values of the program.
    pub fn index(&self) -> usize {
        self.index as usize
    }

    pub fn ty(&self) -> &TensorType {
        &self.ty
    }
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Value {
        Value::Const(tensor)
    }
}

impl Value {
    /// The type of a tensor; fails for anything else.
    pub fn ty(&self) -> Result<TensorType, Failure> {
        match self {
            Value::Const(tensor) => Ok(TensorType::of(tensor)),
            Value::Var(var) => Ok((*var.ty).clone()),
            Value::Sequence(_) => Err(Failure::Invalid("takes a tensor, not a sequence".into())),
            Value::Optional(_) => Err(Failure::Invalid("takes a tensor, not an optional".into())),
            Value::Foreign(what) => Err(Failure::Unsupported(format!("tensors of {what}"))),
            Value::Poison => Err(Failure::Poisoned),
        }
    }

    /// The dimensions of a tensor.
    pub fn shape(&self) -> Result<Vec<usize>, Failure> {
        match self {
            Value::Const(tensor) => Ok(tensor.shape().to_vec()),
            other => {
                let ty = other.ty()?;
                ty.static_shape().ok_or_else(|| Failure::Unsupported(format!("shape {ty} depends on data")))
            }
        }
    }

    /// The number of dimensions of a tensor.
    pub fn rank(&self) -> Result<usize, Failure> {
        Ok(self.ty()?.rank())
    }

    /// The element type of a tensor.
    pub fn dtype(&self) -> Result<DType, Failure> {
        match self {
            Value::Const(tensor) => Ok(tensor.dtype()),
            Value::Var(var) => Ok(var.ty.dtype),
            other => other.ty().map(|ty| ty.dtype),
        }
    }

    /// The value, where it is known.
    pub fn known(&self) -> Option<&Tensor> {
        match self {
            Value::Const(tensor) => Some(tensor),
            _ => None,
        }
    }

    /// True where a problem that is reported already reaches this value.
    pub fn is_poison(&self) -> bool {
        match self {
            Value::Poison => true,
            Value::Optional(Some(value)) => value.is_poison(),
            _ => false,
        }
    }
}
