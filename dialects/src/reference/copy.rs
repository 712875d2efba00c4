//! Copying elements as bytes, whatever their type.

use hwc_runtime::{Tensor, tensor::byte_len};

/// Calls `visit` for every position of a shape, last dimension fastest. A shape of rank 0 has one position.
pub fn walk(shape: &[usize], mut visit: impl FnMut(&[usize])) {
    let mut position = vec![0; shape.len()];
    if shape.contains(&0) {
        return;
    }
    loop {
        visit(&position);
        let Some(axis) = (0..shape.len()).rev().find(|&i| position[i] + 1 < shape[i]) else {
            return;
        };
        position[axis] += 1;
        position[axis + 1..].fill(0);
    }
}

/// Number of elements between neighbors along each dimension of a row-major tensor.
pub fn strides(shape: &[usize]) -> Vec<usize> {
    let mut strides = vec![1; shape.len()];
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i];
    }
    strides
}

/// A tensor whose element at each position is the operand's element with the flat index that `source` gives, or all
/// zero bits where it gives none.
pub fn copied(
    operand: &Tensor,
    shape: &[usize],
    mut source: impl FnMut(&[usize]) -> Option<usize>,
) -> Result<Tensor, String> {
    let size = operand.dtype().size();
    let length = byte_len(operand.dtype(), shape).ok_or_else(|| format!("shape {shape:?} is too large"))?;
    let mut bytes = vec![0; length];
    let mut out = bytes.chunks_exact_mut(size);
    walk(shape, |position| {
        if let (Some(to), Some(from)) = (out.next(), source(position)) {
            to.copy_from_slice(&operand.bytes()[from * size..(from + 1) * size]);
        }
    });
    Tensor::from_bytes(operand.dtype(), shape, bytes).map_err(|e| e.to_string())
}

/// The operand with its dimensions in another order: dimension `i` of the result is dimension `permutation[i]`.
pub fn transposed(operand: &Tensor, permutation: &[usize]) -> Result<Tensor, String> {
    let from = strides(operand.shape());
    let shape: Vec<usize> = permutation.iter().map(|&axis| operand.shape()[axis]).collect();
    copied(operand, &shape, |p| Some(p.iter().zip(permutation).map(|(&p, &axis)| p * from[axis]).sum()))
}

/// Writes element `from` of one tensor over element `to` of the bytes of another of the same type.
pub fn overwrite(bytes: &mut [u8], to: usize, source: &Tensor, from: usize) {
    let size = source.dtype().size();
    bytes[to * size..(to + 1) * size].copy_from_slice(&source.bytes()[from * size..(from + 1) * size]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_in_row_major_order() {
        let mut all = Vec::new();
        walk(&[2, 1, 2], |p| all.push(p.to_vec()));
        assert_eq!(all, [[0, 0, 0], [0, 0, 1], [1, 0, 0], [1, 0, 1]]);
        let mut count = 0;
        walk(&[], |_| count += 1);
        walk(&[3, 0], |_| count += 10);
        assert_eq!(count, 1);
        assert_eq!(strides(&[2, 3, 4]), [12, 4, 1]);
        assert_eq!(strides(&[]), [0usize; 0]);
    }
}
