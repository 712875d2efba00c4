//! Logarithms and inverse hyperbolic functions.

use std::f64::consts::{LN_2, LOG2_E, LOG10_E, SQRT_2};

use super::float::{Float, Is};
use crate::codegen::ir::Val;

/// ln 2 in two parts; multiples of the first by integers up to 2^9 are exact.
const LN_2_HIGH: f64 = 0.693_359_375;
const LN_2_LOW: f64 = LN_2 - LN_2_HIGH;

/// `(log1p(t) - t + t^2 / 2) / t^3` for t between `sqrt(1/2) - 1` and `sqrt(2) - 1`; relative to `log1p(t)` the error is
/// 2^-30.
const LOG1P: [f64; 9] = [
    0.333_333_104_422_536_3,
    -0.249_999_865_950_060_35,
    0.200_022_264_405_812_97,
    -0.166_692_508_050_228_99,
    0.142_186_613_131_079_22,
    -0.123_843_507_140_138_8,
    0.118_729_567_403_544_99,
    -0.117_897_912_659_348_07,
    0.069_153_927_582_904_65,
];

/// `log(x) = n ln 2 + t + tail`: n, t and tail. For positive finite x, subnormal or not.
struct Parts<'c> {
    n: Val<'c>,
    t: Val<'c>,
    tail: Val<'c>,
}

fn parts<'c>(f: &Float<'c>, x: Val<'c>) -> Parts<'c> {
    // Subnormal numbers are scaled into the normal range.
    let tiny = f.compare(x, Is::Less, f.c(f64::from(f32::MIN_POSITIVE)));
    let x = f.select(tiny, f.mul(x, f.c(f64::from(1 << 25))), x);
    let shift = f.select(tiny, f.c(-25.0), f.c(0.0));
    // The mantissa between sqrt(1/2) and sqrt(2), the exponent to match.
    let bits = f.bits(x);
    let from = i64::from((SQRT_2 as f32 / 2.0).to_bits());
    let above = f.binary("arith.subi", bits, f.int(from));
    let exponent = f.binary("arith.shrsi", above, f.int(23));
    let mantissa = f.float_of_bits(f.binary("arith.subi", bits, f.binary("arith.shli", exponent, f.int(23))));
    let n = f.add(f.b.value("arith.sitofp", &[exponent], f.f32(), &[]), shift);
    let t = f.sub(mantissa, f.c(1.0));
    let square = f.mul(t, t);
    let cube = f.mul(f.mul(square, t), f.polynomial(t, &LOG1P));
    let tail = f.fma(square, f.c(-0.5), cube);
    Parts { n, t, tail }
}

/// Zero, negative numbers, infinity and not-a-number, for a logarithm whose other values are `value`.
fn edges<'c>(f: &Float<'c>, x: Val<'c>, value: Val<'c>) -> Val<'c> {
    let zero = f.c(0.0);
    let infinity = f.c(f64::INFINITY);
    // Infinity and not-a-number stay what they are.
    let value = f.choose(x, Is::Less, infinity, value, x);
    let value = f.choose(x, Is::Equal, zero, f.c(f64::NEG_INFINITY), value);
    f.choose(x, Is::Less, zero, f.c(f64::NAN), value)
}

pub fn log<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let Parts { n, t, tail } = parts(f, x);
    let tail = f.fma(n, f.c(LN_2_LOW), tail);
    let value = f.fma(n, f.c(LN_2_HIGH), f.add(t, tail));
    edges(f, x, value)
}

/// A logarithm to another base: `per_unit` is its value of e, `per_octave` that of 2.
fn log_to<'c>(f: &Float<'c>, x: Val<'c>, per_unit: f64, per_octave: f64) -> Val<'c> {
    let Parts { n, t, tail } = parts(f, x);
    // The factor in two parts, the first of which has few bits: its product with t loses little.
    let high = f64::from(f32::from_bits((per_unit as f32).to_bits() & 0xffff_f000));
    let low = per_unit - high;
    let value = f.fma(t, f.c(low), f.mul(tail, f.c(per_unit)));
    let value = f.fma(t, f.c(high), value);
    let octave_high = f64::from(f32::from_bits((per_octave as f32).to_bits() & 0xffff_f000));
    let value = f.fma(n, f.c(per_octave - octave_high), value);
    let value = f.fma(n, f.c(octave_high), value);
    edges(f, x, value)
}

pub fn log2<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    log_to(f, x, LOG2_E, 1.0)
}

pub fn log10<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    log_to(f, x, LOG10_E, std::f64::consts::LOG10_2)
}

/// `log(u) + c / u` for `u = 1 + x` and c what the rounding of u lost.
pub fn log1p<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let one = f.c(1.0);
    let u = f.add(x, one);
    let lost = f.sub(x, f.sub(u, one));
    let value = f.add(log(f, u), f.div(lost, u));
    // The lost part of an infinite sum is not a number, nor is that of the logarithm of zero.
    let value = f.choose(u, Is::Less, f.c(f64::INFINITY), value, u);
    let value = f.choose(u, Is::Equal, f.c(0.0), f.c(f64::NEG_INFINITY), value);
    f.choose(u, Is::Equal, one, x, value)
}

/// Where squares would overflow: `log(2 x)`.
fn log_of_double<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    f.add(log(f, x), f.c(LN_2))
}

pub fn asinh<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let a = f.abs(x);
    let square = f.mul(a, a);
    let root = f.sqrt(f.add(square, f.c(1.0)));
    let small = log1p(f, f.add(a, f.div(square, f.add(root, f.c(1.0)))));
    let large = log_of_double(f, a);
    f.copysign(f.choose(a, Is::Greater, f.c(1e9), large, small), x)
}

pub fn acosh<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let t = f.sub(x, f.c(1.0));
    let root = f.sqrt(f.fma(t, t, f.add(t, t)));
    let small = log1p(f, f.add(t, root));
    let large = log_of_double(f, x);
    let value = f.choose(x, Is::Greater, f.c(1e9), large, small);
    f.choose(x, Is::Less, f.c(1.0), f.c(f64::NAN), value)
}

/// `log1p(2 |x| / (1 - |x|)) / 2`.
pub fn atanh<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let a = f.abs(x);
    let ratio = f.div(f.add(a, a), f.sub(f.c(1.0), a));
    f.copysign(f.mul(log1p(f, ratio), f.c(0.5)), x)
}
