//! Dense row-major tensors in host memory.

use std::fmt;

use bytes::Bytes;

use crate::dtype::{DType, Element};

/// Why a tensor could not be made or read. The caller's fault in every case.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TensorError {
    #[error("shape {shape:?} of {dtype} needs {expected} bytes, got {actual}")]
    Size { dtype: DType, shape: Vec<usize>, expected: usize, actual: usize },
    #[error("shape {0:?} has more elements than can be addressed")]
    TooLarge(Vec<usize>),
    #[error("expected elements of type {expected}, the tensor has {actual}")]
    Type { expected: DType, actual: DType },
}

/// A dense row-major tensor. Cloning shares the data.
#[derive(Clone, PartialEq, Eq)]
pub struct Tensor {
    dtype: DType,
    shape: Vec<usize>,
    data: Bytes,
}

/// Bytes of a tensor of this type and shape, `None` where they overflow an address.
pub fn byte_len(dtype: DType, shape: &[usize]) -> Option<usize> {
    // A zero anywhere makes the tensor empty, whatever the product of the rest.
    if shape.contains(&0) {
        return Some(0);
    }
    let count = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d))?;
    count.checked_mul(dtype.size()).filter(|&n| n <= isize::MAX as usize)
}

impl Tensor {
    /// A tensor over existing bytes (little-endian, row-major), which are shared and not copied.
    pub fn from_bytes(
        dtype: DType,
        shape: impl Into<Vec<usize>>,
        data: impl Into<Bytes>,
    ) -> Result<Tensor, TensorError> {
        let (shape, data) = (shape.into(), data.into());
        match byte_len(dtype, &shape) {
            None => Err(TensorError::TooLarge(shape)),
            Some(expected) if expected != data.len() => {
                Err(TensorError::Size { dtype, shape, expected, actual: data.len() })
            }
            Some(_) => Ok(Tensor { dtype, shape, data }),
        }
    }

    /// A tensor that takes over the elements of a vector.
    pub fn from_vec<T: Element + Send>(shape: impl Into<Vec<usize>>, data: Vec<T>) -> Result<Tensor, TensorError> {
        struct Owner<T>(Vec<T>);
        impl<T: Element> AsRef<[u8]> for Owner<T> {
            fn as_ref(&self) -> &[u8] {
                bytemuck::cast_slice(&self.0)
            }
        }
        Tensor::from_bytes(T::DTYPE, shape, Bytes::from_owner(Owner(data)))
    }

    /// A tensor of rank 0.
    pub fn scalar<T: Element + Send>(value: T) -> Tensor {
        Tensor { dtype: T::DTYPE, shape: Vec::new(), data: Bytes::copy_from_slice(bytemuck::bytes_of(&value)) }
    }

    pub fn dtype(&self) -> DType {
        self.dtype
    }

    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    pub fn rank(&self) -> usize {
        self.shape.len()
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.data.len() / self.dtype.size()
    }

    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The elements as bytes: little-endian, row-major, [`DType::size`] bytes each.
    pub fn bytes(&self) -> &Bytes {
        &self.data
    }

    /// The same elements in another shape of as many elements.
    pub fn reshaped(&self, shape: impl Into<Vec<usize>>) -> Result<Tensor, TensorError> {
        Tensor::from_bytes(self.dtype, shape, self.data.clone())
    }

    /// A copy of the elements.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>, TensorError> {
        if T::DTYPE != self.dtype {
            return Err(TensorError::Type { expected: T::DTYPE, actual: self.dtype });
        }
        // The bytes may come out of the middle of a file, so they need not be aligned for `T`.
        Ok(self.data.chunks_exact(size_of::<T>()).map(bytemuck::pod_read_unaligned).collect())
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tensor({}, {:?})", self.dtype, self.shape)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_checked() {
        assert!(Tensor::from_vec(vec![2, 3], vec![0f32; 6]).is_ok());
        assert!(matches!(Tensor::from_vec(vec![2, 3], vec![0f32; 5]), Err(TensorError::Size { expected: 24, .. })));
        assert!(matches!(
            Tensor::from_bytes(DType::F32, vec![usize::MAX, 2], Bytes::new()),
            Err(TensorError::TooLarge(_))
        ));
        assert_eq!(Tensor::from_vec(vec![usize::MAX, 2, 0], Vec::<f32>::new()).map(|t| t.len()), Ok(0));
    }

    #[test]
    fn unaligned_bytes_are_read() {
        let bytes = Bytes::from(vec![9u8, 1, 0, 0, 0, 2, 0, 0, 0]).slice(1..);
        let tensor = Tensor::from_bytes(DType::I32, vec![2], bytes);
        assert_eq!(tensor.and_then(|t| t.to_vec::<i32>()), Ok(vec![1, 2]));
    }
}
