//! Scalar arithmetic: one function per elementwise operator, on values of the compute type.
//!
//! The element type decides between signed, unsigned and floating-point instructions.

use hwc_runtime::{DType, dtype::Kind};
use melior::ir::ValueLike;

use super::Emitter;
use crate::codegen::ir::Val;

/// A scalar function of one operand.
pub type Unary = for<'c> fn(&Emitter<'c>, DType, Val<'c>) -> Val<'c>;
/// A scalar function of two operands.
pub type Binary = for<'c> fn(&Emitter<'c>, DType, Val<'c>, Val<'c>) -> Val<'c>;

/// An operation that has one name for floats and one for integers of either sign.
fn by_kind<'c>(emit: &Emitter<'c>, dtype: DType, float: &str, integer: &str, operands: &[Val<'c>]) -> Val<'c> {
    emit.same(if dtype.kind() == Kind::Float { float } else { integer }, operands)
}

pub fn add<'c>(emit: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    by_kind(emit, dtype, "arith.addf", "arith.addi", &[a, b])
}

pub fn mul<'c>(emit: &Emitter<'c>, dtype: DType, a: Val<'c>, b: Val<'c>) -> Val<'c> {
    by_kind(emit, dtype, "arith.mulf", "arith.muli", &[a, b])
}

pub fn exp<'c>(emit: &Emitter<'c>, _: DType, x: Val<'c>) -> Val<'c> {
    emit.same("math.exp", &[x])
}

pub fn relu<'c>(emit: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let zero = emit.zero(x.r#type());
    match dtype.kind() {
        Kind::Float => emit.same("arith.maximumf", &[x, zero]),
        Kind::Signed => emit.same("arith.maxsi", &[x, zero]),
        _ => x,
    }
}

/// From the storage type to the compute type.
pub fn load<'c>(emit: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    match dtype {
        DType::F16 | DType::BF16 => emit.cast("arith.extf", x, emit.compute(dtype)),
        _ => x,
    }
}

/// From the compute type to the storage type, rounding once.
pub fn store<'c>(emit: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    match dtype {
        DType::F16 | DType::BF16 => emit.cast("arith.truncf", x, emit.storage(dtype)),
        _ => x,
    }
}
