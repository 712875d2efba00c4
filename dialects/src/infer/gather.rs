//! Result types of operators whose addresses are data.

use super::{Errors, InferCall, Inferred, axis};
use crate::types::{Dim, TensorType};

/// Collects what is wrong, then gives the result type or all of it.
fn check(errors: Vec<String>, result: TensorType) -> Inferred {
    if errors.is_empty() { Ok(vec![result]) } else { Err(Errors(errors)) }
}

fn integer(what: &str, ty: &TensorType, errors: &mut Vec<String>) {
    if !ty.dtype.is_integer() {
        errors.push(format!("needs {what} of an integer type, got {ty}"));
    }
}

fn same_type(what: &str, ty: &TensorType, operand: &TensorType, errors: &mut Vec<String>) {
    if ty.dtype != operand.dtype {
        errors.push(format!("needs {what} of the operand's element type, got {ty} for {operand}"));
    }
}

fn reduction(call: &InferCall, operand: &TensorType, errors: &mut Vec<String>) -> Result<(), String> {
    let name = call.attrs.str("reduction")?;
    if !matches!(name, "none" | "add" | "mul" | "min" | "max") {
        errors.push(format!("has the reduction `{name}`, which is none of none, add, mul, min, max"));
    }
    if name != "none" && operand.dtype == hwc_runtime::DType::Bool {
        errors.push(format!("cannot {name} elements of {operand}"));
    }
    Ok(())
}

/// Dimensions of `part` that are known to be larger than those of `whole`, but for `axis`.
fn fits(what: &str, part: &TensorType, whole: &TensorType, axis: usize, errors: &mut Vec<String>) {
    if part.rank() != whole.rank() {
        errors.push(format!("needs {what} of the operand's rank, got {part} for {whole}"));
        return;
    }
    for (i, (a, b)) in part.shape.iter().zip(&whole.shape).enumerate() {
        if i != axis && matches!((a, b), (Dim::Fixed(a), Dim::Fixed(b)) if a > b) {
            errors.push(format!("has {what} {part} larger than {whole} in dimension {i}, which is not the axis"));
        }
    }
}

pub fn gather(call: &InferCall) -> Inferred {
    let (operand, indices) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    integer("indices", indices, &mut errors);
    let axis = axis(call.attrs.int("axis")?, operand.rank())?;
    let mut shape = operand.shape[..axis].to_vec();
    shape.extend_from_slice(&indices.shape);
    shape.extend_from_slice(&operand.shape[axis + 1..]);
    check(errors, TensorType::new(operand.dtype, shape))
}

pub fn gather_elements(call: &InferCall) -> Inferred {
    let (operand, indices) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    integer("indices", indices, &mut errors);
    let axis = axis(call.attrs.int("axis")?, operand.rank())?;
    fits("indices", indices, operand, axis, &mut errors);
    check(errors, indices.with_dtype(operand.dtype))
}

/// Length of the tuples in the last dimension of `indices`, at most `limit`.
fn tuple(indices: &TensorType, limit: usize) -> Result<usize, String> {
    match indices.shape.last() {
        None => Err("needs indices of rank 1 at least".to_string()),
        Some(Dim::Fixed(n)) if *n <= limit => Ok(*n),
        Some(Dim::Fixed(n)) => Err(format!("has tuples of {n} indices for {limit} dimensions")),
        Some(dim) => Err(format!("needs to know how many indices a tuple has, got {dim}")),
    }
}

pub fn gather_nd(call: &InferCall) -> Inferred {
    let (operand, indices) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    integer("indices", indices, &mut errors);
    let declared = call.attrs.int("batch_dims")?;
    let batch = usize::try_from(declared)
        .ok()
        .filter(|&b| b < indices.rank() && b <= operand.rank())
        .ok_or_else(|| format!("cannot have {declared} batch dimensions with {operand} and {indices}"))?;
    for (i, (a, b)) in operand.shape[..batch].iter().zip(&indices.shape).enumerate() {
        if !a.compatible(b) {
            errors.push(format!("has {a} and {b} entries in the batch dimension {i}"));
        }
    }
    let length = tuple(indices, operand.rank() - batch)?;
    let mut shape = indices.shape[..indices.rank() - 1].to_vec();
    shape.extend_from_slice(&operand.shape[batch + length..]);
    check(errors, TensorType::new(operand.dtype, shape))
}

pub fn scatter_elements(call: &InferCall) -> Inferred {
    let (operand, indices, updates) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    let mut errors = Vec::new();
    integer("indices", indices, &mut errors);
    same_type("updates", updates, operand, &mut errors);
    reduction(call, operand, &mut errors)?;
    let axis = axis(call.attrs.int("axis")?, operand.rank())?;
    fits("indices", indices, operand, axis, &mut errors);
    if !indices.with_dtype(updates.dtype).compatible(updates) {
        errors.push(format!("needs indices and updates of one shape, got {indices} and {updates}"));
    }
    check(errors, operand.clone())
}

pub fn scatter_nd(call: &InferCall) -> Inferred {
    let (operand, indices, updates) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    let mut errors = Vec::new();
    integer("indices", indices, &mut errors);
    same_type("updates", updates, operand, &mut errors);
    reduction(call, operand, &mut errors)?;
    let length = tuple(indices, operand.rank())?;
    let mut expected = indices.shape[..indices.rank() - 1].to_vec();
    expected.extend_from_slice(&operand.shape[length..]);
    let expected = TensorType::new(updates.dtype, expected);
    if !expected.compatible(updates) {
        errors.push(format!("needs updates of {expected} for {operand} and {indices}, got {updates}"));
    }
    check(errors, operand.clone())
}

pub fn one_hot(call: &InferCall) -> Inferred {
    let (indices, values) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    if !indices.dtype.is_integer() && !indices.dtype.is_float() {
        errors.push(format!("needs numeric indices, got {indices}"));
    }
    if values.rank() != 1 || !values.shape[0].compatible(&Dim::Fixed(2)) {
        errors.push(format!("needs two values, off and on, got {values}"));
    }
    let depth = call.attrs.int("depth")?;
    let size = usize::try_from(depth).unwrap_or_else(|_| {
        errors.push(format!("has the negative depth {depth}"));
        0
    });
    let axis = axis(call.attrs.int("axis")?, indices.rank() + 1)?;
    let mut shape = indices.shape.clone();
    shape.insert(axis, Dim::Fixed(size));
    check(errors, TensorType::new(values.dtype, shape))
}

pub fn reverse_sequence(call: &InferCall) -> Inferred {
    let (operand, lengths) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    integer("lengths", lengths, &mut errors);
    let (batch, time) = (call.attrs.int("batch_axis")?, call.attrs.int("time_axis")?);
    if !matches!((batch, time), (0, 1) | (1, 0)) {
        errors.push(format!("needs the batch and time axes 0 and 1 in either order, got {batch} and {time}"));
    }
    if operand.rank() < 2 {
        errors.push(format!("needs an operand of rank 2 at least, got {operand}"));
    }
    let entries = usize::try_from(batch).ok().and_then(|b| operand.shape.get(b));
    if lengths.rank() != 1 || entries.is_some_and(|n| !n.compatible(&lengths.shape[0])) {
        errors.push(format!("needs one length per batch entry of {operand}, got {lengths}"));
    }
    check(errors, operand.clone())
}

#[cfg(test)]
mod tests;
