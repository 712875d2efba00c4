//! Result types of elementwise operators.

use hwc_runtime::DType;

use super::{InferCall, Inferred, broadcast};
use crate::types::TensorType;

/// One operand of a floating-point type.
pub fn float_unary(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    if !operand.dtype.is_float() {
        return Err(format!("needs a floating-point operand, got {operand}").into());
    }
    Ok(vec![operand.clone()])
}

/// One operand of any type but `i1`.
pub fn numeric_unary(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    if operand.dtype == DType::Bool {
        return Err(format!("needs a numeric operand, got {operand}").into());
    }
    Ok(vec![operand.clone()])
}

/// Two operands of one numeric type that broadcast.
pub fn arithmetic(call: &InferCall) -> Inferred {
    let (lhs, rhs) = (call.operand(0)?, call.operand(1)?);
    if lhs.dtype != rhs.dtype || lhs.dtype == DType::Bool {
        return Err(format!("needs two operands of one numeric type, got {lhs} and {rhs}").into());
    }
    Ok(vec![TensorType::new(lhs.dtype, broadcast(&[&lhs.shape, &rhs.shape])?)])
}
