//! Trigonometric functions and their inverses.

use std::f64::consts::{FRAC_2_PI, FRAC_PI_2, FRAC_PI_4, PI};

use super::{
    LEFT_TO_LIBM,
    float::{Float, Is},
};
use crate::codegen::ir::{self, Val};

/// `(sin(sqrt(z)) / sqrt(z) - 1) / z` for z up to `(pi/4)^2`; relative to the sine the error is 2^-37.
const SIN: [f64; 4] =
    [-0.166_666_666_416_262_8, 0.008_333_329_385_852_635, -0.000_198_393_348_248_252_8, 2.718_311_401_561_451_7e-6];

/// `(cos(sqrt(z)) - 1 + z / 2) / z^2` for z up to `(pi/4)^2`; relative to the cosine the error is 2^-33.
const COS: [f64; 3] = [0.041_666_646_866_770_79, -0.001_388_736_752_660_924_3, 2.443_845_246_630_616e-5];

/// `(asin(sqrt(z)) / sqrt(z) - 1) / z` for z up to 1/4; relative to the result the error is 2^-31.
const ASIN: [f64; 6] = [
    0.166_666_598_721_938_78,
    0.075_005_109_118_567_14,
    0.044_515_720_230_364_49,
    0.031_817_617_279_454_084,
    0.014_402_572_040_409_612,
    0.037_565_259_972_554_2,
];

/// `(atan(sqrt(z)) / sqrt(z) - 1) / z` for z up to `tan(pi/8)^2`; relative to the result the error is 2^-30.
const ATAN: [f64; 5] = [
    -0.333_333_155_051_448_5,
    0.199_984_894_275_382_4,
    -0.142_438_485_142_058_13,
    0.105_959_961_280_540_21,
    -0.060_834_480_543_526_866,
];

/// pi/2 in two parts; multiples of the first by integers up to 2^24 are exact in `f64`.
const HALF_PI_HIGH: f64 = 1.570_796_310_901_641_8;
const HALF_PI_LOW: f64 = 1.589_325_477_352_819_6e-8;

/// Arguments up to here are reduced in `f64`; larger ones are left to libm.
const LARGEST: f64 = 1.0e7;

/// The quadrant, and the rest between -pi/4 and pi/4.
fn reduced<'c>(f: &Float<'c>, x: Val<'c>) -> (Val<'c>, Val<'c>) {
    const ROUNDER: f64 = 6_755_399_441_055_744.0;
    let constant = |value: f64| f.b.constant_float(f.f64(), value);
    let wide = f.to_f64(x);
    let sum = f.add(f.mul(wide, constant(FRAC_2_PI)), constant(ROUNDER));
    let n = f.sub(sum, constant(ROUNDER));
    let r = f.fma(n, constant(-HALF_PI_HIGH), wide);
    let r = f.fma(n, constant(-HALF_PI_LOW), r);
    let bits = f.b.value("arith.bitcast", &[sum], f.i64(), &[]);
    (f.b.value("arith.trunci", &[bits], f.i32(), &[]), f.narrow(r, f.f32()))
}

fn sine_of_rest<'c>(f: &Float<'c>, r: Val<'c>) -> Val<'c> {
    let z = f.mul(r, r);
    f.fma(f.mul(z, r), f.polynomial(z, &SIN), r)
}

fn cosine_of_rest<'c>(f: &Float<'c>, r: Val<'c>) -> Val<'c> {
    let z = f.mul(r, r);
    let tail = f.fma(z, f.c(-0.5), f.mul(f.mul(z, z), f.polynomial(z, &COS)));
    f.add(tail, f.c(1.0))
}

fn has_bit<'c>(f: &Float<'c>, n: Val<'c>, bit: i64) -> Val<'c> {
    let masked = f.binary("arith.andi", n, f.int(bit));
    let not_equal = [("predicate", f.b.integer(f.b.integer_type(64), 1))];
    f.b.value("arith.cmpi", &[masked, f.int(0)], f.of(f.b.integer_type(1)), &not_equal)
}

/// Flips the sign where bit 1 of the quadrant is set.
fn signed<'c>(f: &Float<'c>, x: Val<'c>, quadrant: Val<'c>) -> Val<'c> {
    let bit = f.binary("arith.andi", quadrant, f.int(2));
    let sign = f.binary("arith.shli", bit, f.int(30));
    f.float_of_bits(f.binary("arith.xori", f.bits(x), sign))
}

/// `fast` for arguments that are reduced here, libm's `op` if any lane holds a larger one.
fn guarded<'c>(f: &Float<'c>, x: Val<'c>, op: &str, fast: impl FnOnce(&Float<'c>) -> Val<'c>) -> Val<'c> {
    // Not-a-number compares false both ways and takes the fast path, which keeps it; infinity is large.
    let large = f.compare(f.abs(x), Is::Greater, f.c(LARGEST));
    let flag = f.b.integer_type(1);
    let any = match f.lanes {
        None => large,
        Some(_) => {
            let kind = f.b.parse_attribute("#vector.kind<or>").unwrap_or_else(|_| f.b.unit());
            f.b.value("vector.reduction", &[large], flag, &[("kind", kind)])
        }
    };
    let branches = f.b.op_with_regions("scf.if", &[any], &[f.f32()], &[], &[&[], &[]]);
    let blocks = ir::op_blocks(branches);
    let slow = f.in_block(blocks[0]);
    let value = slow.b.value(op, &[x], f.f32(), &[(LEFT_TO_LIBM, f.b.unit())]);
    slow.b.op("scf.yield", &[value], &[], &[]);
    let inner = f.in_block(blocks[1]);
    let value = fast(&inner);
    inner.b.op("scf.yield", &[value], &[], &[]);
    ir::result(branches, 0)
}

pub fn sin<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let value = guarded(f, x, "math.sin", |f| {
        let (n, r) = reduced(f, x);
        signed(f, f.select(has_bit(f, n, 1), cosine_of_rest(f, r), sine_of_rest(f, r)), n)
    });
    f.choose(x, Is::Equal, f.c(0.0), x, value)
}

pub fn cos<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    guarded(f, x, "math.cos", |f| {
        let (n, r) = reduced(f, x);
        let next = f.binary("arith.addi", n, f.int(1));
        signed(f, f.select(has_bit(f, n, 1), sine_of_rest(f, r), cosine_of_rest(f, r)), next)
    })
}

pub fn tan<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let value = guarded(f, x, "math.tan", |f| {
        let (n, r) = reduced(f, x);
        let (s, c) = (sine_of_rest(f, r), cosine_of_rest(f, r));
        let odd = has_bit(f, n, 1);
        f.div(f.select(odd, c, s), f.select(odd, f.sub(f.c(-0.0), s), c))
    });
    f.choose(x, Is::Equal, f.c(0.0), x, value)
}

/// The arc sine of `|x|` up to 1/2 is a series; above, `pi/2 - 2 asin(sqrt((1 - |x|) / 2))`. Returns the series' value and
/// whether it is of the second kind.
fn asin_parts<'c>(f: &Float<'c>, x: Val<'c>) -> (Val<'c>, Val<'c>) {
    let a = f.abs(x);
    let large = f.compare(a, Is::Greater, f.c(0.5));
    let half = f.fma(a, f.c(-0.5), f.c(0.5));
    let z = f.select(large, half, f.mul(a, a));
    let t = f.select(large, f.sqrt(half), a);
    (f.fma(f.mul(z, t), f.polynomial(z, &ASIN), t), large)
}

pub fn asin<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let (series, large) = asin_parts(f, x);
    let above = f.fma(series, f.c(-2.0), f.c(FRAC_PI_2));
    f.copysign(f.select(large, above, series), x)
}

pub fn acos<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let (series, large) = asin_parts(f, x);
    let double = f.add(series, series);
    let low = f64::from(FRAC_PI_2 as f32);
    // pi/2 - asin(x), with pi/2 in two parts.
    let near_zero = f.add(f.sub(f.c(low), f.copysign(series, x)), f.c(FRAC_PI_2 - low));
    let far = f.choose(x, Is::Less, f.c(0.0), f.sub(f.c(PI), double), double);
    f.select(large, far, near_zero)
}

pub fn atan<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let one = f.c(1.0);
    let a = f.abs(x);
    // |x| above tan(3 pi/8), above tan(pi/8), or below: -1/|x|, (|x| - 1) / (|x| + 1), |x|.
    let far = f.compare(a, Is::Greater, f.c(2.414_213_562_373_095));
    let middle = f.compare(a, Is::Greater, f.c(0.414_213_562_373_095));
    let above = f.select(far, f.c(-1.0), f.sub(a, one));
    let below = f.select(far, a, f.add(a, one));
    let t = f.select(middle, f.div(above, below), a);
    let start = f.select(far, f.c(FRAC_PI_2), f.c(FRAC_PI_4));
    let z = f.mul(t, t);
    let series = f.fma(f.mul(z, t), f.polynomial(z, &ATAN), t);
    let value = f.select(middle, f.add(start, series), series);
    f.copysign(value, x)
}
