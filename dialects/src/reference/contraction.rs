//! Sums of products.

use super::index::{broadcast_flat, positions};
use super::number::{floats, from_floats, from_integers, integers};
use super::{EvalCall, Evaluated};

pub fn matmul(call: &EvalCall) -> Evaluated {
    let (lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let (mut left, mut right, mut full) = (lhs.shape().to_vec(), rhs.shape().to_vec(), shape.clone());
    if rhs.rank() == 1 {
        right.push(1);
        full.push(1);
    }
    if lhs.rank() == 1 {
        left.insert(0, 1);
        full.insert(full.len() - 1, 1);
    }
    let depth = left[left.len() - 1];
    // For each element of the result, the flat indices of the pairs that are multiplied.
    let pairs = positions(&full).map(|position| {
        let (batch, matrix) = position.split_at(full.len() - 2);
        let row = broadcast_flat(batch, &left[..left.len() - 2]) * left[left.len() - 2] + matrix[0];
        let block = broadcast_flat(batch, &right[..right.len() - 2]);
        let column = matrix[1];
        let (rows, columns) = (right[right.len() - 2], right[right.len() - 1]);
        (0..depth).map(move |k| (row * depth + k, (block * rows + k) * columns + column))
    });
    let result = if lhs.dtype().is_float() {
        let (a, b) = (floats(lhs), floats(rhs));
        from_floats(lhs.dtype(), &shape, pairs.map(|p| p.map(|(i, j)| a[i] * b[j]).sum()))?
    } else {
        let (a, b) = (integers(lhs), integers(rhs));
        from_integers(lhs.dtype(), &shape, pairs.map(|p| p.map(|(i, j)| a[i] * b[j]).sum()))?
    };
    Ok(vec![result])
}
