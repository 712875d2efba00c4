//! Result types of contractions.

use hwc_runtime::DType;

use super::{InferCall, Inferred, broadcast};
use crate::types::{Dim, TensorType};

/// `[..., M, K] x [..., K, N] -> [..., M, N]` with numpy's rules for rank 1.
pub fn matmul(call: &InferCall) -> Inferred {
    let (lhs, rhs) = (call.operand(0)?, call.operand(1)?);
    if lhs.dtype != rhs.dtype || lhs.dtype == DType::Bool {
        return Err(format!("needs two operands of one numeric type, got {lhs} and {rhs}").into());
    }
    if lhs.rank() == 0 || rhs.rank() == 0 {
        return Err(format!("needs operands of rank 1 at least, got {lhs} and {rhs}").into());
    }
    let (mut left, mut right) = (lhs.shape.clone(), rhs.shape.clone());
    if lhs.rank() == 1 {
        left.insert(0, Dim::Fixed(1));
    }
    if rhs.rank() == 1 {
        right.push(Dim::Fixed(1));
    }
    let (left_batch, left_matrix) = left.split_at(left.len() - 2);
    let (right_batch, right_matrix) = right.split_at(right.len() - 2);
    if !left_matrix[1].compatible(&right_matrix[0]) {
        return Err(
            format!("sums over {} columns of {lhs} and {} rows of {rhs}", left_matrix[1], right_matrix[0]).into()
        );
    }
    let mut shape = broadcast(&[left_batch, right_batch])?;
    if lhs.rank() > 1 {
        shape.push(left_matrix[0].clone());
    }
    if rhs.rank() > 1 {
        shape.push(right_matrix[1].clone());
    }
    Ok(vec![TensorType::new(lhs.dtype, shape)])
}
