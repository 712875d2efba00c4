//! Powers.

use melior::ir::operation::OperationLike;

use super::float::{Float, Is};
use crate::codegen::ir::{self, Val};

/// `log2((1 + s) / (1 - s)) / s` in powers of `s^2`, for `|s|` up to `(sqrt(2) - 1) / (sqrt(2) + 1)`; the relative error
/// is 2^-45.
const LOG2: [f64; 6] = [
    2.885_390_081_777_85,
    0.961_796_694_113_300_5,
    0.577_077_942_377_388_4,
    0.412_209_251_035_430_28,
    0.319_905_755_243_529,
    0.282_899_282_696_416_3,
];

/// `2^r` for `|r|` up to 1/2; the relative error is 2^-34.
const EXP2: [f64; 8] = [
    0.999_999_999_961_688_4,
    0.693_147_180_728_433_7,
    0.240_226_511_981_700_34,
    0.055_504_103_534_660_01,
    0.009_618_027_250_481_23,
    0.001_333_392_254_167_322_6,
    0.000_154_692_922_280_758_06,
    1.520_192_865_727_430_8e-5,
];

/// `log2(x)` of a positive normal `f64` that came from an `f32`.
fn log2<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let constant = |value: f64| f.b.constant_float(f.f64(), value);
    let integer = |value: i64| f.b.constant_integer(f.i64(), value);
    let bits = f.b.value("arith.bitcast", &[x], f.i64(), &[]);
    let above = f.binary("arith.subi", bits, integer((std::f64::consts::SQRT_2 / 2.0).to_bits() as i64));
    let exponent = f.binary("arith.shrsi", above, integer(52));
    let mantissa = f.binary("arith.subi", bits, f.binary("arith.shli", exponent, integer(52)));
    let m = f.b.value("arith.bitcast", &[mantissa], f.f64(), &[]);
    let n = f.b.value("arith.trunci", &[exponent], f.i32(), &[]);
    let n = f.b.value("arith.sitofp", &[n], f.f64(), &[]);
    let s = f.div(f.sub(m, constant(1.0)), f.add(m, constant(1.0)));
    f.fma(s, f.polynomial(f.mul(s, s), &LOG2), n)
}

/// `2^x` of an `f64` that is no more than 400 in magnitude.
fn exp2<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    let constant = |value: f64| f.b.constant_float(f.f64(), value);
    let sum = f.add(x, constant(ROUNDER));
    let n = f.sub(sum, constant(ROUNDER));
    let mantissa = f.polynomial(f.sub(x, n), &EXP2);
    let bits = f.b.value("arith.bitcast", &[sum], f.i64(), &[]);
    let integer = |value: i64| f.b.constant_integer(f.i64(), value);
    // The low bits of the sum hold the integer; shifting moves it to the exponent and everything else out.
    let exponent = f.binary("arith.shli", bits, integer(52));
    let mantissa = f.b.value("arith.bitcast", &[mantissa], f.i64(), &[]);
    f.b.value("arith.bitcast", &[f.binary("arith.addi", mantissa, exponent)], f.f64(), &[])
}

/// The value of `y` if it is one constant.
fn constant(y: Val<'_>) -> Option<f64> {
    let attribute = ir::defining_op(y).filter(|op| ir::is(*op, "arith.constant"))?.attribute("value").ok()?;
    ir::float_value(attribute)
}

/// x to the power of y, computed in `f64`.
pub fn powf<'c>(f: &Float<'c>, x: Val<'c>, y: Val<'c>) -> Val<'c> {
    match constant(y) {
        Some(1.0) => return x,
        Some(2.0) => return f.mul(x, x),
        Some(3.0) => return f.mul(f.mul(x, x), x),
        Some(-1.0) => return f.div(f.c(1.0), x),
        _ => {}
    }
    let (zero, one, infinity) = (f.c(0.0), f.c(1.0), f.c(f64::INFINITY));
    let a = f.abs(x);
    let product = f.b.value("arith.mulf", &[log2(f, f.to_f64(a)), f.to_f64(y)], f.f64(), &[]);
    let bound = |value: f64| f.b.constant_float(f.f64(), value);
    let product = f.choose(product, Is::Less, bound(-400.0), bound(-400.0), product);
    let product = f.choose(product, Is::Greater, bound(400.0), bound(400.0), product);
    let value = f.narrow(exp2(f, product), f.f32());

    // Of an infinite or zero base, and of an infinite exponent, only the direction matters.
    let rising = f.compare(y, Is::Greater, zero);
    let value = f.choose(a, Is::Equal, infinity, f.select(rising, infinity, zero), value);
    let value = f.choose(a, Is::Equal, zero, f.select(rising, zero, infinity), value);
    let value = {
        let grows = f.choose(a, Is::Greater, one, infinity, zero);
        let shrinks = f.choose(a, Is::Greater, one, zero, infinity);
        f.choose(f.abs(y), Is::Equal, infinity, f.select(rising, grows, shrinks), value)
    };

    // A negative base: the sign is that of an odd exponent, and other exponents must be integers.
    let floor = f.unary("math.floor", y);
    let half = f.mul(y, f.c(0.5));
    let is_integer = f.compare(floor, Is::Equal, y);
    let half_is_integer = f.compare(f.unary("math.floor", half), Is::Equal, half);
    let signed = f.select(half_is_integer, value, f.copysign(value, x));
    let value = f.select(is_integer, signed, value);
    let negative = f.compare(x, Is::Less, zero);
    let finite = f.compare(a, Is::Less, infinity);
    let invalid = f.select(is_integer, value, f.c(f64::NAN));
    let value = f.select(f.binary("arith.andi", negative, finite), invalid, value);

    // Not-a-number of either stays; one to any power and anything to the power of zero is one.
    let value = f.choose(x, Is::Unordered, y, f.add(x, y), value);
    let value = f.choose(a, Is::Equal, one, f.choose(f.abs(y), Is::Equal, infinity, one, value), value);
    let value = f.choose(x, Is::Equal, one, one, value);
    f.choose(y, Is::Equal, zero, one, value)
}
