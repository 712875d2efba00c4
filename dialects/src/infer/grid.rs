//! Result types of sampling at positions that are data.

use super::{Errors, InferCall, Inferred};
use crate::types::{Dim, TensorType};

pub fn grid_sample(call: &InferCall) -> Inferred {
    let (operand, grid) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    for (name, values) in [("mode", ["linear", "nearest", "cubic"]), ("padding", ["zeros", "border", "reflection"])] {
        let value = call.attrs.str(name)?;
        if !values.contains(&value) {
            errors.push(format!("has the {name} `{value}`, which is none of {}", values.join(", ")));
        }
    }
    for ty in [operand, grid] {
        if !ty.dtype.is_float() {
            errors.push(format!("needs operands of floating-point types, got {ty}"));
        }
    }
    let spatial = operand.rank().saturating_sub(2);
    if !(1..=3).contains(&spatial) || grid.rank() != operand.rank() {
        errors.push(format!("needs an operand of rank 3 to 5 and a grid of the same rank, got {operand} and {grid}"));
        return Err(Errors(errors));
    }
    if !grid.shape[0].compatible(&operand.shape[0]) {
        errors.push(format!("has a batch of {} and a grid for {}", operand.shape[0], grid.shape[0]));
    }
    if !grid.shape[spatial + 1].compatible(&Dim::Fixed(spatial)) {
        errors.push(format!("needs {spatial} coordinates per position, got {grid}"));
    }
    for (i, dim) in operand.shape[2..].iter().enumerate() {
        let positions = TensorType::new(grid.dtype, &grid.shape[..=spatial]).elements();
        if *dim == Dim::Fixed(0) && positions != Some(0) {
            errors.push(format!("has no element to sample along axis {} of {operand}", i + 2));
        }
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let mut shape = operand.shape[..2].to_vec();
    shape.extend_from_slice(&grid.shape[1..=spatial]);
    Ok(vec![TensorType::new(operand.dtype, shape)])
}
