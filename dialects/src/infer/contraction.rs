//! Result types of contractions.

use hwc_runtime::DType;

use super::{Errors, InferCall, Inferred, broadcast};
use crate::einsum::Einsum;
use crate::types::{Dim, TensorType};

/// `[..., M, K] x [..., K, N] -> [..., M, N]` with numpy's rules for rank 1.
pub fn matmul(call: &InferCall) -> Inferred {
    let (lhs, rhs) = (call.operand(0)?, call.operand(1)?);
    if lhs.dtype != rhs.dtype || lhs.dtype == DType::Bool {
        return Err(format!("needs two operands of one numeric type, got {lhs} and {rhs}").into());
    }
    Ok(vec![TensorType::new(lhs.dtype, product(lhs, rhs)?)])
}

/// As [`matmul`], of 8-bit integers with zero points, in i32.
pub fn matmul_integer(call: &InferCall) -> Inferred {
    let (lhs, rhs) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    for operand in [lhs, rhs] {
        if !matches!(operand.dtype, DType::I8 | DType::U8) {
            errors.push(format!("needs operands of 8-bit integers, got {operand}"));
        }
    }
    // The dimension that is summed, from the end, in which a zero point must not vary.
    for (operand, slot, summed) in [(lhs, 2, 1), (rhs, 3, 2)] {
        if let Some(zero) = call.optional(slot) {
            zero_point(operand, zero, summed, &mut errors);
        }
    }
    match product(lhs, rhs) {
        Ok(shape) if errors.is_empty() => Ok(vec![TensorType::new(DType::I32, shape)]),
        Ok(_) => Err(Errors(errors)),
        Err(error) => {
            errors.push(error);
            Err(Errors(errors))
        }
    }
}

fn zero_point(operand: &TensorType, zero: &TensorType, summed: usize, errors: &mut Vec<String>) {
    if zero.dtype != operand.dtype {
        errors.push(format!("needs a zero point of the type of {operand}, got {zero}"));
    }
    let rank = operand.rank();
    let fits = zero.rank() <= rank
        && zero.shape.iter().rev().enumerate().all(|(i, dim)| {
            // The only dimension of a rank-1 operand is the one that is summed.
            let varies = i + 1 != if rank == 1 { 1 } else { summed };
            *dim == Dim::Fixed(1) || (varies && dim.compatible(&operand.shape[rank - 1 - i]))
        });
    if !fits {
        errors.push(format!("has the zero point {zero}, which is not one value for all that is summed of {operand}"));
    }
}

/// Shape of a matrix product.
fn product(lhs: &TensorType, rhs: &TensorType) -> Result<Vec<Dim>, String> {
    if lhs.rank() == 0 || rhs.rank() == 0 {
        return Err(format!("needs operands of rank 1 at least, got {lhs} and {rhs}"));
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
        return Err(format!("sums over {} columns of {lhs} and {} rows of {rhs}", left_matrix[1], right_matrix[0]));
    }
    let mut shape = broadcast(&[left_batch, right_batch])?;
    if lhs.rank() > 1 {
        shape.push(left_matrix[0].clone());
    }
    if rhs.rank() > 1 {
        shape.push(right_matrix[1].clone());
    }
    Ok(shape)
}

pub fn einsum(call: &InferCall) -> Inferred {
    let operands: Vec<&TensorType> = call.rest(0).collect();
    let Some(first) = operands.first() else { return Err("needs one operand at least".into()) };
    if first.dtype == DType::Bool || operands.iter().any(|o| o.dtype != first.dtype) {
        let types: Vec<String> = operands.iter().map(ToString::to_string).collect();
        return Err(format!("needs operands of one numeric type, got {}", types.join(", ")).into());
    }
    let ranks: Vec<usize> = operands.iter().map(|o| o.rank()).collect();
    let einsum = Einsum::parse(call.attrs.str("equation")?, &ranks)?;
    let mut sizes = einsum.sizes(&operands).map_err(Errors)?;
    sizes.truncate(einsum.kept);
    Ok(vec![TensorType::new(first.dtype, sizes)])
}

/// `[..., N, N] -> [...]`
pub fn det(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    match operand.shape.as_slice() {
        [batch @ .., rows, columns] if operand.dtype.is_float() && rows.compatible(columns) => {
            Ok(vec![TensorType::new(operand.dtype, batch)])
        }
        _ => Err(format!("needs square matrices of a floating-point type, got {operand}").into()),
    }
}
