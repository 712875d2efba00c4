//! Activation functions of scalars in the compute type.

use hwc_runtime::DType;

use super::scalar::{at_least, at_most, exp, expm1, log1p};
use super::{Emitter, Order, scalar};
use crate::codegen::ir::Val;

/// A scalar function of one operand and some parameters, compile-time constants.
pub type Parametric<const N: usize> = for<'c> fn(&Emitter<'c>, DType, Val<'c>, [f64; N]) -> Val<'c>;

/// `1 / (1 + e^-x)`.
pub fn sigmoid<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let one = e.like(x, 1.0);
    e.divf(one, e.addf(one, exp(e, dtype, scalar::neg(e, dtype, x))))
}

/// `max(x, 0) + log(1 + e^-|x|)`, which does not overflow.
pub fn softplus<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let power = exp(e, dtype, scalar::neg(e, dtype, scalar::abs(e, dtype, x)));
    e.addf(scalar::relu(e, dtype, x), log1p(e, dtype, power))
}

pub fn softsign<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    e.divf(x, e.addf(e.like(x, 1.0), scalar::abs(e, dtype, x)))
}

/// `x tanh(log(1 + e^x)) = x (t² + 2t) / (t² + 2t + 2)` with `t = e^x`.
pub fn mish<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    // From 20 on the quotient is 1; further on t² would overflow.
    let t = exp(e, dtype, at_most(e, dtype, x, e.like(x, 20.0)));
    let n = e.multiply_add(t, t, e.addf(t, t));
    let quotient = e.divf(n, e.addf(n, e.like(x, 2.0)));
    // Also of negative infinity, times zero.
    let vanished = e.compare_floats(Order::Equal, quotient, e.like(x, 0.0));
    e.select(vanished, quotient, e.mulf(x, quotient))
}

/// `negative` where x is negative, else x.
fn where_negative<'c>(e: &Emitter<'c>, x: Val<'c>, negative: Val<'c>) -> Val<'c> {
    e.select(e.compare_floats(Order::Less, x, e.like(x, 0.0)), negative, x)
}

pub fn leaky_relu<'c>(e: &Emitter<'c>, _: DType, x: Val<'c>, [alpha]: [f64; 1]) -> Val<'c> {
    where_negative(e, x, e.mulf(x, e.like(x, alpha)))
}

pub fn elu<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, [alpha]: [f64; 1]) -> Val<'c> {
    where_negative(e, x, e.mulf(e.like(x, alpha), expm1(e, dtype, x)))
}

pub fn selu<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, [alpha, gamma]: [f64; 2]) -> Val<'c> {
    e.mulf(e.like(x, gamma), elu(e, dtype, x, [alpha]))
}

pub fn celu<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, [alpha]: [f64; 1]) -> Val<'c> {
    let alpha = e.like(x, alpha);
    where_negative(e, x, e.mulf(alpha, expm1(e, dtype, e.divf(x, alpha))))
}

pub fn hard_sigmoid<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, [alpha, beta]: [f64; 2]) -> Val<'c> {
    let line = e.multiply_add(x, e.like(x, alpha), e.like(x, beta));
    at_most(e, dtype, at_least(e, dtype, line, e.like(x, 0.0)), e.like(x, 1.0))
}

pub fn hard_swish<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    e.mulf(x, hard_sigmoid(e, dtype, x, [1.0 / 6.0, 0.5]))
}

pub fn swish<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>, [alpha]: [f64; 1]) -> Val<'c> {
    let scaled = if alpha == 1.0 { x } else { e.mulf(x, e.like(x, alpha)) };
    e.mulf(x, sigmoid(e, dtype, scaled))
}

pub fn thresholded_relu<'c>(e: &Emitter<'c>, _: DType, x: Val<'c>, [alpha]: [f64; 1]) -> Val<'c> {
    e.select(e.compare_floats(Order::Greater, x, e.like(x, alpha)), x, e.like(x, 0.0))
}

pub fn shrink<'c>(e: &Emitter<'c>, _: DType, x: Val<'c>, [lambd, bias]: [f64; 2]) -> Val<'c> {
    let bias = e.like(x, bias);
    let above = e.compare_floats(Order::Greater, x, e.like(x, lambd));
    let below = e.compare_floats(Order::Less, x, e.like(x, -lambd));
    let rest = e.select(above, e.subf(x, bias), e.like(x, 0.0));
    e.select(below, e.addf(x, bias), rest)
}

/// `x/2 (1 + erf(x/√2))`.
pub fn gelu<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let error = scalar::erf(e, dtype, e.mulf(x, e.like(x, std::f64::consts::FRAC_1_SQRT_2)));
    halved(e, x, error)
}

/// `x/2 (1 + tanh(u))` with `u = √(2/π) (x + 0.044715 x³)`, which is `x / (1 + e^-2u)`; zero where the denominator is
/// infinite, also of negative infinity.
pub fn gelu_tanh<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let cubic = e.multiply_add(e.mulf(x, x), e.like(x, -0.044715), e.like(x, -1.0));
    let scaled = e.mulf(x, e.like(x, 2.0 * (2.0 / std::f64::consts::PI).sqrt()));
    let denominator = e.addf(e.like(x, 1.0), exp(e, dtype, e.mulf(scaled, cubic)));
    // More than any `x` for which the denominator is finite, and finite.
    e.divf(scalar::at_least(e, dtype, x, e.like(x, -1e30)), denominator)
}

/// `x/2 (1 + t)` for t in [-1, 1]; zero where t is -1, also of negative infinity.
fn halved<'c>(e: &Emitter<'c>, x: Val<'c>, t: Val<'c>) -> Val<'c> {
    let factor = e.addf(e.like(x, 1.0), t);
    let vanished = e.compare_floats(Order::Equal, factor, e.like(x, 0.0));
    e.select(vanished, factor, e.mulf(e.mulf(x, e.like(x, 0.5)), factor))
}
