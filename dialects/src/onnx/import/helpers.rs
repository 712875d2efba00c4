//! Short forms of operations that many operators are made of. Each is nothing where it would change nothing.

use hwc_runtime::Tensor;

use super::call::Call;
use super::failure::{Failure, invalid};
use super::value::Value;
use crate::attrs;
use crate::op::Op;

/// Bytes up to which a tensor of equal elements is a constant and not an operation.
const SMALL: usize = 1 << 16;

/// Sizes as attributes hold them.
pub fn dims(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&size| size as i64).collect()
}

impl Call<'_, '_> {
    /// The same elements in another shape of as many elements.
    pub fn reshape(&mut self, value: &Value, shape: &[usize]) -> Result<Value, Failure> {
        if value.shape()? == shape {
            return Ok(value.clone());
        }
        match value.known() {
            // The data is shared, so the size does not matter.
            Some(tensor) => Ok(tensor.reshaped(shape)?.into()),
            None => self.op(Op::Reshape, attrs! { "shape" => dims(shape) }, &[value]),
        }
    }

    /// The value with a dimension of one inserted before `axis`.
    pub fn unsqueeze(&mut self, value: &Value, axis: usize) -> Result<Value, Failure> {
        let mut shape = value.shape()?;
        if axis > shape.len() {
            return invalid(format!("axis {axis} is outside of rank {}", shape.len() + 1));
        }
        shape.insert(axis, 1);
        self.reshape(value, &shape)
    }

    /// Dimension `i` of the result is dimension `permutation[i]` of the value.
    pub fn transpose(&mut self, value: &Value, permutation: &[usize]) -> Result<Value, Failure> {
        if permutation.iter().enumerate().all(|(i, &p)| i == p) {
            return Ok(value.clone());
        }
        self.op(Op::Transpose, attrs! { "permutation" => dims(permutation) }, &[value])
    }

    /// The last two dimensions exchanged.
    pub fn transpose_matrix(&mut self, value: &Value) -> Result<Value, Failure> {
        let mut permutation: Vec<usize> = (0..value.rank()?).collect();
        if let [.., rows, columns] = &mut permutation[..] {
            std::mem::swap(rows, columns);
        }
        self.transpose(value, &permutation)
    }

    /// The value times a number.
    pub fn scaled(&mut self, value: &Value, factor: f32) -> Result<Value, Failure> {
        if factor == 1.0 {
            return Ok(value.clone());
        }
        let factor = self.scalar(value.dtype()?, f64::from(factor))?;
        self.op(Op::Mul, attrs! {}, &[value, &factor])
    }

    /// Values one after the other along an axis.
    pub fn concat(&mut self, values: &[Value], axis: usize) -> Result<Value, Failure> {
        match values {
            [] => invalid("joins no values"),
            [one] => Ok(one.clone()),
            _ => self.op(Op::Concat, attrs! { "axis" => axis as i64 }, &values.iter().collect::<Vec<_>>()),
        }
    }

    /// The elements from `start` to before `end` along an axis.
    pub fn slice(&mut self, value: &Value, axis: usize, start: usize, end: usize) -> Result<Value, Failure> {
        if start == 0 && value.shape()?.get(axis) == Some(&end) {
            return Ok(value.clone());
        }
        let attrs = attrs! {
            "axes" => vec![axis as i64],
            "starts" => vec![start as i64],
            "ends" => vec![end as i64],
            "steps" => vec![1i64],
        };
        self.op(Op::Slice, attrs, &[value])
    }

    /// The value repeated along dimensions of one, and along new ones in front, up to `shape`.
    pub fn expand(&mut self, value: &Value, shape: &[usize]) -> Result<Value, Failure> {
        if value.shape()? == shape {
            return Ok(value.clone());
        }
        self.op(Op::Expand, attrs! { "shape" => dims(shape) }, &[value])
    }

    /// A tensor all of whose elements are that of `element`.
    pub fn filled(&mut self, element: &Tensor, shape: &[usize]) -> Result<Value, Failure> {
        if element.len() != 1 {
            return invalid(format!("needs one element to fill with, got {}", element.len()));
        }
        let count = shape.iter().try_fold(1usize, |n, &size| n.checked_mul(size));
        match count.filter(|count| count.saturating_mul(element.dtype().size()) <= SMALL) {
            Some(count) => {
                let bytes = element.bytes().repeat(count);
                self.make(bytes.len())?;
                Ok(Tensor::from_bytes(element.dtype(), shape, bytes)?.into())
            }
            None => self.expand(&element.reshaped([])?.into(), shape),
        }
    }
}
