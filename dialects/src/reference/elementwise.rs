//! Elementwise operators, given as functions on scalars.

use super::index::{broadcast_flat, positions};
use super::number::{floats, from_floats, from_integers, integers};
use super::{EvalCall, Evaluated};

pub fn float_unary(call: &EvalCall, f: fn(f64) -> f64) -> Evaluated {
    let operand = call.operand(0)?;
    Ok(vec![from_floats(operand.dtype(), operand.shape(), floats(operand).into_iter().map(f))?])
}

/// One function for floating-point elements and one for integers.
pub fn numeric_unary(call: &EvalCall, float: fn(f64) -> f64, integer: fn(i128) -> i128) -> Evaluated {
    let operand = call.operand(0)?;
    if operand.dtype().is_float() {
        return float_unary(call, float);
    }
    Ok(vec![from_integers(operand.dtype(), operand.shape(), integers(operand).into_iter().map(integer))?])
}

/// One function for floating-point elements and one for integers, operands broadcast.
pub fn arithmetic(call: &EvalCall, float: fn(f64, f64) -> f64, integer: fn(i128, i128) -> i128) -> Evaluated {
    let (lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let pairs = positions(&shape).map(|p| (broadcast_flat(&p, lhs.shape()), broadcast_flat(&p, rhs.shape())));
    let result = if lhs.dtype().is_float() {
        let (a, b) = (floats(lhs), floats(rhs));
        from_floats(lhs.dtype(), &shape, pairs.map(|(i, j)| float(a[i], b[j])))?
    } else {
        let (a, b) = (integers(lhs), integers(rhs));
        from_integers(lhs.dtype(), &shape, pairs.map(|(i, j)| integer(a[i], b[j])))?
    };
    Ok(vec![result])
}
