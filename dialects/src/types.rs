//! Tensor types with symbolic dimensions, independent of MLIR.

use std::fmt;
use std::sync::Arc;

use hwc_runtime::{DType, Tensor};

/// One dimension of a tensor type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Dim {
    /// Known at compile time, in elements.
    Fixed(usize),
    /// Known by name: equal names are equal sizes.
    Symbol(Arc<str>),
    Unknown,
}

impl Dim {
    pub fn fixed(&self) -> Option<usize> {
        match self {
            Dim::Fixed(n) => Some(*n),
            _ => None,
        }
    }

    /// True unless the two are known to differ.
    pub fn compatible(&self, other: &Dim) -> bool {
        !matches!((self, other), (Dim::Fixed(a), Dim::Fixed(b)) if a != b)
    }
}

impl fmt::Display for Dim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Dim::Fixed(n) => write!(f, "{n}"),
            Dim::Symbol(s) => f.write_str(s),
            Dim::Unknown => f.write_str("?"),
        }
    }
}

/// Element type and dimensions of a tensor.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TensorType {
    pub dtype: DType,
    pub shape: Vec<Dim>,
}

impl TensorType {
    pub fn new(dtype: DType, shape: impl Into<Vec<Dim>>) -> TensorType {
        TensorType { dtype, shape: shape.into() }
    }

    /// A type whose dimensions are all known.
    pub fn fixed(dtype: DType, shape: &[usize]) -> TensorType {
        TensorType { dtype, shape: shape.iter().map(|&n| Dim::Fixed(n)).collect() }
    }

    pub fn of(tensor: &Tensor) -> TensorType {
        TensorType::fixed(tensor.dtype(), tensor.shape())
    }

    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// The dimensions, where all are known.
    pub fn static_shape(&self) -> Option<Vec<usize>> {
        self.shape.iter().map(Dim::fixed).collect()
    }

    /// Number of elements, where all dimensions are known and their product can be addressed.
    pub fn elements(&self) -> Option<usize> {
        let shape = self.static_shape()?;
        if shape.contains(&0) {
            return Some(0);
        }
        shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))
    }

    /// True unless element type or rank differ or a dimension is known to differ.
    pub fn compatible(&self, other: &TensorType) -> bool {
        self.dtype == other.dtype
            && self.rank() == other.rank()
            && self.shape.iter().zip(&other.shape).all(|(a, b)| a.compatible(b))
    }

    /// The same dimensions with another element type.
    pub fn with_dtype(&self, dtype: DType) -> TensorType {
        TensorType { dtype, shape: self.shape.clone() }
    }
}

impl fmt::Display for TensorType {
    /// As in `2x?xbatchxf32`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for dim in &self.shape {
            write!(f, "{dim}x")?;
        }
        f.write_str(self.dtype.mlir())
    }
}
