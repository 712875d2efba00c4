//! Pass `hwc-math-approximations`: elementary functions of `f32` become arithmetic.
//!
//! Before: operations of the `math` dialect on floats, scalar or vector.
//! After: those in [`TABLE`] on `f32` are polynomials and bit operations, which run in vectors; on `f16` and `bf16` they
//! are computed in `f32`. What is left (`f64`, and functions without an entry) is lowered to intrinsics or calls of libm.
//!
//! Each entry tells the largest error that its test allows, in units in the last place of the correctly rounded result.
//! Not-a-number, infinities, signed zeros and subnormal numbers are as in C's libm, unless an entry says otherwise.
//!
//! The polynomials are minimax fits (Remez exchange) to the expression named beside each of them, over the interval left
//! by the argument reduction; reductions are the classic ones of Cody and Waite, "Software Manual for the Elementary
//! Functions" (1980).

mod erf;
mod exponential;
mod float;
mod logarithm;
mod power;
#[cfg(test)]
mod tests;
mod trigonometric;

use melior::{
    Context,
    ir::{TypeLike, ValueLike, operation::OperationLike},
};

use self::float::Float;
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, Op, Val},
};

/// A function of one argument.
type Unary = for<'c> fn(&Float<'c>, Val<'c>) -> Val<'c>;

/// An elementary function.
pub struct Function {
    pub op: &'static str,
    expand: Unary,
    /// Largest error in units in the last place that its test allows.
    pub ulp: f64,
    /// The same function in `f64`, and where it is tested.
    #[cfg(test)]
    test: (fn(f64) -> f64, f32, f32),
}

macro_rules! functions {
    ($($op:literal $expand:path, $ulp:literal, $reference:expr, $from:literal .. $to:literal;)*) => {
        /// Every function of one argument that is expanded.
        pub const TABLE: &[Function] = &[$(Function {
            op: $op,
            expand: $expand,
            ulp: $ulp,
            #[cfg(test)]
            test: ($reference, $from, $to),
        }),*];
    };
}

functions! {
    // operation      expansion                ULP  reference           tested on
    "math.exp"        exponential::exp,        2.0, f64::exp,           -104.0 .. 89.0;
    "math.exp2"       exponential::exp2,       2.0, f64::exp2,          -151.0 .. 128.5;
    "math.expm1"      exponential::expm1,      3.0, f64::exp_m1,        -20.0 .. 89.0;
    "math.sinh"       exponential::sinh,       4.0, f64::sinh,          -90.0 .. 90.0;
    "math.cosh"       exponential::cosh,       4.0, f64::cosh,          -90.0 .. 90.0;
    "math.tanh"       exponential::tanh,       4.0, f64::tanh,          -12.0 .. 12.0;
    "math.log"        logarithm::log,          2.0, f64::ln,            1e-45 .. 3e38;
    "math.log2"       logarithm::log2,         3.0, f64::log2,          1e-45 .. 3e38;
    "math.log10"      logarithm::log10,        3.0, f64::log10,         1e-45 .. 3e38;
    "math.log1p"      logarithm::log1p,        3.0, f64::ln_1p,         -1.0 .. 3e38;
    "math.asinh"      logarithm::asinh,        4.0, f64::asinh,         -3e38 .. 3e38;
    "math.acosh"      logarithm::acosh,        4.0, acosh,              1.0 .. 3e38;
    "math.atanh"      logarithm::atanh,        4.0, f64::atanh,         -1.0 .. 1.0;
    "math.sin"        trigonometric::sin,      2.0, f64::sin,           -1e6 .. 1e6;
    "math.cos"        trigonometric::cos,      2.0, f64::cos,           -1e6 .. 1e6;
    "math.tan"        trigonometric::tan,      4.0, f64::tan,           -1e6 .. 1e6;
    "math.asin"       trigonometric::asin,     4.0, f64::asin,          -1.0 .. 1.0;
    "math.acos"       trigonometric::acos,     4.0, f64::acos,          -1.0 .. 1.0;
    "math.atan"       trigonometric::atan,     3.0, f64::atan,          -3e38 .. 3e38;
    "math.erf"        erf::erf,                4.0, tests::erf,         -5.0 .. 5.0;
}

/// `f64::acosh` loses half of the digits near one; this form does not.
#[cfg(test)]
fn acosh(x: f64) -> f64 {
    let t = if x < 1.0 { f64::NAN } else { x - 1.0 };
    (t + (2.0 * t + t * t).sqrt()).ln_1p()
}

/// Set on calls that an expansion itself makes for arguments out of its range; they are left to libm.
const LEFT_TO_LIBM: &str = "hwc.libm";

/// Expands the functions in one kernel; with instructions of AVX-512 if `wide`.
pub fn convert<'c>(context: &'c Context, kernel: Op<'c>, wide: bool) -> Result<()> {
    let all = ir::walk(kernel).into_iter();
    for op in all.filter(|op| ir::name_of(*op).starts_with("math.") && !op.has_attribute(LEFT_TO_LIBM)) {
        let b = Builder::before(context, op).ok_or_else(|| CodegenError::internal("a detached operation"))?;
        if let (Some(sum), Some(argument)) = (sum_with_one(op), ir::operand(op, 0)) {
            let value = exponential::tanh_and_one(&Float::new(b, argument.r#type(), wide), argument);
            ir::replace_uses(ir::result(sum, 0), value);
            [sum, op].into_iter().for_each(ir::erase);
            continue;
        }
        if let Some(value) = expand(b, op, wide) {
            ir::replace_uses(ir::result(op, 0), value);
            ir::erase(op);
        }
    }
    Ok(())
}

/// The one use of a `math.tanh` on `f32`, if that adds one to it.
fn sum_with_one<'c>(op: Op<'c>) -> Option<Op<'c>> {
    if !ir::is(op, "math.tanh") || !ir::element_type(ir::result(op, 0).r#type()).is_f32() {
        return None;
    }
    let is_one = |value: Val<'c>| {
        let value = ir::defining_op(value).filter(|op| ir::is(*op, "arith.constant"))?.attribute("value").ok()?;
        (ir::float_value(value)? == 1.0).then_some(())
    };
    let [(sum, place)] = ir::uses(ir::result(op, 0))[..] else { return None };
    (ir::is(sum, "arith.addf") && is_one(ir::operand(sum, 1 - place)?).is_some()).then_some(sum)
}

/// The value of one operation, or nothing if it stays.
fn expand<'c>(b: Builder<'c>, op: Op<'c>, wide: bool) -> Option<Val<'c>> {
    let ty = ir::result(op, 0).r#type();
    let element = ir::element_type(ty);
    let function = TABLE.iter().find(|f| f.op == ir::name_of(op));
    if function.is_none() && !ir::is(op, "math.powf") && !ir::is(op, "math.rsqrt") {
        return None;
    }
    let narrow = element.is_f16() || element.is_bf16();
    if !element.is_f32() && !narrow {
        return None;
    }
    let float = Float::new(b, ty, wide);
    let operands: Vec<Val> = op.operands().map(|v| if narrow { float.widen(v) } else { v }).collect();
    let value = match function {
        Some(function) => (function.expand)(&float, operands[0]),
        None if ir::is(op, "math.rsqrt") => float.div(float.c(1.0), float.sqrt(operands[0])),
        None => power::powf(&float, operands[0], operands[1]),
    };
    Some(if narrow { float.narrow(value, ty) } else { value })
}
