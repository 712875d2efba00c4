//! Elementary functions of `f32` in plain arithmetic, which vectorizes where a call to libm does not.
//!
//! Each reduces its argument to an interval on which a polynomial is within `3e-8` of the function; the coefficients are
//! minimax fits (Remez) of the relative error, or of the absolute one where that is said. Measured over all of `f32`,
//! results are within a few units in the last place.

use melior::ir::ValueLike;

use super::{Emitter, Order};
use crate::codegen::ir::Val;

/// `coefficients[0] + x (coefficients[1] + x (...))`.
fn polynomial<'c>(e: &Emitter<'c>, x: Val<'c>, coefficients: &[f64]) -> Val<'c> {
    let mut terms = coefficients.iter().rev().map(|&c| e.like(x, c));
    let highest = terms.next().unwrap_or_else(|| e.like(x, 0.0));
    terms.fold(highest, |sum, term| e.multiply_add(sum, x, term))
}

/// `(e^r - 1 - r) / r²` for |r| <= ln(2)/2.
const EXP: [f64; 5] = [0.499_999_94, 0.166_665_21, 0.041_668_39, 0.008_368_717, 0.001_381_459_4];
/// `(e^r - 1 - r) / r²` for |r| <= 1/2, by the relative error of `e^r - 1`.
const EXPM1: [f64; 6] = [0.500_000_06, 0.166_666_64, 0.041_665_36, 0.008_333_579, 0.001_399_617_6, 0.000_198_498_63];
/// `(log(1 + f) - f + f²/2) / f³` for √½ <= 1 + f <= √2.
const LOG: [f64; 8] =
    [0.333_333_3, -0.250_008_2, 0.200_012_25, -0.166_233_58, 0.142_017_87, -0.131_602_05, 0.127_613_87, -0.076_341_98];
/// `(tanh(√y) / √y - 1) / y` for √y <= 0.625.
const TANH: [f64; 5] = [-0.333_332_8, 0.133_314_42, -0.053_739_71, 0.020_639_079, -0.005_704_977_5];
/// `erf(√y) / √y` for √y <= 1.
const ERF: [f64; 7] =
    [1.128_379_1, -0.376_126_26, 0.112_835_854, -0.026_853_811, 0.005_188_327, -0.000_801_018_67, 0.000_078_538_396];
/// `-log(1 - erf(x))` for 1 <= x <= 4, by the absolute error of `erf`.
const ERFC: [f64; 7] =
    [0.000_351_594_06, 1.127_048_4, 0.638_212_4, 0.103_048_444, -0.021_810_41, 0.002_940_829, -0.000_185_693_5];

/// ln 2 in two parts: the first has so few digits that its product with an exponent is exact.
const LN2_HIGH: f64 = 0.693_359_375;
const LN2_LOW: f64 = -2.121_944_4e-4;

/// e^x; infinity above 88.7, subnormal below -87.3 and zero below -103.9.
pub fn exp<'c>(e: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    let i32_type = e.integer_type(32);
    let integer = |value| e.int(i32_type, value);
    // NaN passes both comparisons.
    let x = e.select(e.compare_floats(Order::Greater, x, e.like(x, 89.0)), e.like(x, 89.0), x);
    let x = e.select(e.compare_floats(Order::Less, x, e.like(x, -104.0)), e.like(x, -104.0), x);
    // n = x / ln 2 to the nearest integer: a number so large that its unit is 1 makes the adder round, and leaves n in
    // the low bits of the sum.
    let magic = e.like(x, 12_582_912.0);
    let sum = e.multiply_add(x, e.like(x, std::f64::consts::LOG2_E), magic);
    let n = e.subf(sum, magic);
    let exponent = e.subi(e.bitcast(sum, i32_type), e.bitcast(magic, i32_type));
    let r = e.multiply_add(n, e.like(x, -LN2_HIGH), x);
    let r = e.multiply_add(n, e.like(x, -LN2_LOW), r);
    let p = e.multiply_add(e.mulf(r, r), polynomial(e, r, &EXP), r);
    let p = e.addf(p, e.like(x, 1.0));
    // Two factors, since 2^n alone overflows before the product does.
    let half = e.shrsi(exponent, integer(1));
    let power = |n| e.bitcast(e.shli(e.addi(n, integer(127)), integer(23)), x.r#type());
    e.mulf(e.mulf(p, power(half)), power(e.subi(exponent, half)))
}

/// e^x - 1 without cancellation near zero.
pub fn expm1<'c>(e: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    let far = e.subf(exp(e, x), e.like(x, 1.0));
    let near = e.multiply_add(e.mulf(x, x), polynomial(e, x, &EXPM1), x);
    let is_near = e.compare_floats(Order::Less, e.same("math.absf", &[x]), e.like(x, 0.5));
    e.select(is_near, near, far)
}

/// Natural logarithm: -infinity of zero, NaN of negative numbers.
pub fn log<'c>(e: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    let (i32_type, f32_type) = (e.integer_type(32), x.r#type());
    let integer = |value| e.int(i32_type, value);
    let zero = e.like(x, 0.0);
    // Subnormal numbers are made normal.
    let small = e.compare_floats(Order::Less, x, e.like(x, f64::from(f32::MIN_POSITIVE)));
    let scaled = e.select(small, e.mulf(x, e.like(x, 2f64.powi(23))), x);
    // x = 2^n m with √½ <= m < √2: the bits of √½ are taken off so that the exponent field counts from there.
    let root_half = i64::from(std::f32::consts::FRAC_1_SQRT_2.to_bits());
    let offset = e.subi(e.bitcast(scaled, i32_type), integer(root_half));
    let n = e.shrsi(offset, integer(23));
    let m = e.bitcast(e.addi(e.andi(offset, integer(0x7f_ffff)), integer(root_half)), f32_type);
    let n = e.subi(n, e.select(small, integer(23), integer(0)));
    let n = e.cast("arith.sitofp", n, f32_type);
    let f = e.subf(m, e.like(x, 1.0));
    let square = e.mulf(f, f);
    let series = e.mulf(e.mulf(square, f), polynomial(e, f, &LOG));
    let series = e.multiply_add(n, e.like(x, LN2_LOW), series);
    let series = e.multiply_add(square, e.like(x, -0.5), series);
    let result = e.multiply_add(n, e.like(x, LN2_HIGH), e.addf(f, series));
    let infinity = e.like(x, f64::INFINITY);
    let result = e.select(e.compare_floats(Order::Equal, x, infinity), infinity, result);
    let result = e.select(e.compare_floats(Order::Equal, x, zero), e.like(x, f64::NEG_INFINITY), result);
    // Not at least zero: negative or NaN.
    e.select(e.compare_floats(Order::GreaterOrEqual, x, zero), result, e.like(x, f64::NAN))
}

/// log(1 + x) for x >= 0, without losing the digits of a small x.
pub fn log1p<'c>(e: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    // log(u) / (u - 1) varies slowly, so that of the rounded u = 1 + x serves for x as well.
    let one = e.like(x, 1.0);
    let u = e.addf(x, one);
    let d = e.subf(u, one);
    let ratio = e.divf(e.mulf(log(e, u), x), d);
    let infinite = e.compare_floats(Order::Equal, u, e.like(x, f64::INFINITY));
    let result = e.select(infinite, u, ratio);
    e.select(e.compare_floats(Order::Equal, d, e.like(x, 0.0)), x, result)
}

pub fn tanh<'c>(e: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    let one = e.like(x, 1.0);
    let magnitude = e.same("math.absf", &[x]);
    let square = e.mulf(x, x);
    let near = e.multiply_add(e.mulf(square, x), polynomial(e, square, &TANH), x);
    // 1 - 2 / (e^2|x| + 1)
    let power = exp(e, e.addf(magnitude, magnitude));
    let far = e.subf(one, e.divf(e.like(x, 2.0), e.addf(power, one)));
    let far = e.same("math.copysign", &[far, x]);
    let is_near = e.compare_floats(Order::Less, magnitude, e.like(x, 0.625));
    e.select(is_near, near, far)
}

pub fn erf<'c>(e: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    let magnitude = e.same("math.absf", &[x]);
    let near = e.mulf(x, polynomial(e, e.mulf(x, x), &ERF));
    // From 4 on it is 1 in f32. NaN passes the comparison.
    let four = e.like(x, 4.0);
    let limited = e.select(e.compare_floats(Order::Greater, magnitude, four), four, magnitude);
    let complement = exp(e, e.same("arith.negf", &[polynomial(e, limited, &ERFC)]));
    let far = e.same("math.copysign", &[e.subf(e.like(x, 1.0), complement), x]);
    let is_near = e.compare_floats(Order::Less, magnitude, e.like(x, 1.0));
    e.select(is_near, near, far)
}
