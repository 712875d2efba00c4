//! Result types of Fourier transforms.

use super::{Errors, InferCall, Inferred, axis};
use crate::attrs::Attr;
use crate::types::{Dim, TensorType};

pub fn dft(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let mut errors = Vec::new();
    if !operand.dtype.is_float() {
        errors.push(format!("needs a floating-point operand, got {operand}"));
    }
    let at = axis(call.attrs.int("axis")?, operand.rank())?;
    if at + 1 == operand.rank() {
        errors.push(format!("cannot transform along axis {at}, which holds real and imaginary parts"));
    }
    let parts = operand.shape.last().and_then(Dim::fixed);
    if !matches!(parts, Some(1 | 2)) {
        errors.push(format!("needs a last dimension of 1 (real) or 2 (complex), got {operand}"));
    }
    let onesided = call.attrs.bool("onesided")?;
    let length = match call.attrs.get("length") {
        Some(Attr::Int(n)) => match usize::try_from(*n) {
            Ok(n) if n > 0 => Dim::Fixed(n),
            _ => {
                errors.push(format!("needs a length above 0, got {n}"));
                Dim::Unknown
            }
        },
        _ => operand.shape[at].clone(),
    };
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let mut shape = operand.shape.clone();
    let last = shape.len() - 1;
    shape[last] = Dim::Fixed(2);
    shape[at] = match length {
        Dim::Fixed(0) => Dim::Fixed(0),
        Dim::Fixed(n) if onesided => Dim::Fixed(n / 2 + 1),
        _ if onesided => Dim::Unknown,
        length => length,
    };
    Ok(vec![TensorType::new(operand.dtype, shape)])
}
