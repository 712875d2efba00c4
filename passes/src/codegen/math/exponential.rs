//! Exponentials and hyperbolic functions.

use std::f64::consts::{LN_2, LOG2_E};

use super::float::{Float, Is};
use crate::codegen::ir::Val;

/// ln 2 in two parts; multiples of the first by integers up to 2^9 are exact.
const LN_2_HIGH: f64 = 0.693_359_375;
const LN_2_LOW: f64 = LN_2 - LN_2_HIGH;

/// `(exp(r) - 1 - r) / r^2` for `|r| <= ln(2) / 2`; relative to `exp(r) - 1` the error is 2^-32.
const EXPM1: [f64; 6] = [
    0.500_000_004_638_318_6,
    0.166_666_668_171_656_67,
    0.041_666_354_797_409_9,
    0.008_333_273_021_468_894,
    0.001_394_099_733_260_249_4,
    0.000_199_141_868_826_064_27,
];

/// `exp(r)` for `|r| <= ln(2) / 2`; the relative error is 2^-23.
const EXP: [f64; 6] = [
    1.0,
    1.0,
    0.499_992_288_258_074_85,
    0.166_671_163_142_748_27,
    0.041_890_549_958_709_535,
    0.008_312_477_614_674_251,
];

/// `x = r + n * ln(2)` with `|r| <= ln(2) / 2`: r, and n as a float and as an integer.
fn reduced<'c>(f: &Float<'c>, x: Val<'c>) -> (Val<'c>, Val<'c>, Val<'c>) {
    let (n, integer) = f.nearest(x, LOG2_E);
    let r = f.fma(n, f.c(-LN_2_HIGH), x);
    (f.fma(n, f.c(-LN_2_LOW), r), n, integer)
}

/// `exp(r) - 1` for a small r.
fn series<'c>(f: &Float<'c>, r: Val<'c>) -> Val<'c> {
    f.fma(f.mul(r, r), f.polynomial(r, &EXPM1), r)
}

pub fn exp<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let x = f.clamp(x, -104.0, 89.0);
    let (r, n, integer) = reduced(f, x);
    f.scale_by(f.polynomial(r, &EXP), n, integer)
}

pub fn exp2<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let x = f.clamp(x, -151.0, 129.0);
    let (n, integer) = f.nearest(x, 1.0);
    let r = f.mul(f.sub(x, n), f.c(LN_2));
    f.scale_by(f.polynomial(r, &EXP), n, integer)
}

pub fn expm1<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let clamped = f.clamp(x, -30.0, 89.0);
    let (r, _, n) = reduced(f, clamped);
    let e = series(f, r);
    // e * 2^n + (2^n - 1), halved where 2^n would overflow.
    let half = f.power_of_two(f.binary("arith.subi", n, f.int(1)));
    let sum = f.fma(e, half, f.sub(half, f.c(0.5)));
    let sum = f.add(sum, sum);
    // A zero keeps its sign.
    f.choose(x, Is::Equal, f.c(0.0), x, sum)
}

/// `-(exp(-2 |x|) - 1)` is exact near zero, so the quotient is as well.
pub fn tanh<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let clamped = f.clamp(f.mul(f.abs(x), f.c(-2.0)), -30.0, 0.0);
    let (r, n, integer) = reduced(f, clamped);
    let e = series(f, r);
    let power = f.power(n, integer);
    let t = f.fma(e, power, f.sub(power, f.c(1.0)));
    let quotient = f.div(t, f.add(t, f.c(2.0)));
    f.copysign(quotient, x)
}

/// `exp(|x| / 2)`, whose square does not overflow before the result does. Squaring doubles its error, so it has a smaller
/// one than [`exp`].
fn root<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let (r, n, integer) = reduced(f, f.at_most(f.mul(f.abs(x), f.c(0.5)), 89.0));
    f.scale_by(f.add(series(f, r), f.c(1.0)), n, integer)
}

pub fn cosh<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let e = root(f, x);
    let inverse = f.div(f.c(0.5), f.mul(e, e));
    f.fma(f.mul(e, f.c(0.5)), e, inverse)
}

pub fn sinh<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let e = root(f, x);
    let large = f.mul(f.mul(e, f.c(0.5)), e);
    // Below: (t + t / (t + 1)) / 2 for t = exp(|x|) - 1.
    let magnitude = f.abs(x);
    let t = expm1(f, magnitude);
    let small = f.mul(f.add(t, f.div(t, f.add(t, f.c(1.0)))), f.c(0.5));
    f.copysign(f.choose(magnitude, Is::Greater, f.c(40.0), large, small), x)
}
