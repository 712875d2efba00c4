//! Borrowed tensors: the caller's memory, with its type and shape.

use crate::dtype::{DType, Element};
use crate::tensor::Tensor;

/// A row-major tensor in memory that somebody else owns.
#[derive(Clone, Copy, Debug)]
pub struct TensorView<'a> {
    pub dtype: DType,
    /// Extents, outermost first.
    pub shape: &'a [usize],
    /// The elements, little-endian, [`DType::size`] bytes each.
    pub data: &'a [u8],
}

/// A row-major tensor in memory that somebody else owns, to be written.
#[derive(Debug)]
pub struct TensorViewMut<'a> {
    pub dtype: DType,
    /// Extents, outermost first.
    pub shape: &'a [usize],
    /// Room for the elements, [`DType::size`] bytes each.
    pub data: &'a mut [u8],
}

impl<'a> TensorView<'a> {
    /// A view of elements in a slice.
    pub fn of<T: Element>(shape: &'a [usize], data: &'a [T]) -> TensorView<'a> {
        TensorView { dtype: T::DTYPE, shape, data: bytemuck::cast_slice(data) }
    }
}

impl<'a> TensorViewMut<'a> {
    /// A view of room for elements in a slice.
    pub fn of<T: Element>(shape: &'a [usize], data: &'a mut [T]) -> TensorViewMut<'a> {
        TensorViewMut { dtype: T::DTYPE, shape, data: bytemuck::cast_slice_mut(data) }
    }
}

impl<'a> From<&'a Tensor> for TensorView<'a> {
    fn from(tensor: &'a Tensor) -> TensorView<'a> {
        TensorView { dtype: tensor.dtype(), shape: tensor.shape(), data: tensor.bytes() }
    }
}
