//! Exponentials and hyperbolic functions.

use std::f64::consts::{LN_2, LOG2_E, SQRT_2};

use super::float::{Float, Is};
use crate::codegen::ir::Val;

/// ln 2 in two parts; multiples of the first by integers up to 2^15 are exact.
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

/// `2^(k / 16)` for each k.
#[rustfmt::skip]
const ROOTS: [f64; 16] = [
    1.0, 1.044_273_782_427_414, 1.090_507_732_665_258, 1.138_788_634_756_692,
    1.189_207_115_002_721, 1.241_857_812_073_484, 1.296_839_554_651_01, 1.354_255_546_936_893,
    SQRT_2, 1.476_826_145_939_499, 1.542_210_825_407_941, 1.610_490_331_949_254,
    1.681_792_830_507_429, 1.756_252_160_373_299, 1.834_008_086_409_342, 1.915_206_561_397_147,
];

/// By roots of two where they are out of a table in one instruction: `x = r + n * ln(2)` for n in sixteenths leaves so
/// little that `r + r^2 / 2 + r^3 / 6` is `exp(r) - 1` to 2^-27 of the result.
pub fn exp<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let x = f.clamp(x, -104.0, 89.0);
    if f.has_tables() {
        let (n, place) = f.nearest_part(x, LOG2_E, ROOTS.len());
        let r = f.fma(n, f.c(-LN_2_LOW), f.fma(n, f.c(-LN_2_HIGH), x));
        let root = f.look_up(&ROOTS, place);
        let rest = f.fma(f.mul(r, r), f.polynomial(r, &[1.0 / 2.0, 1.0 / 6.0]), r);
        // The fraction of n is in the root; the exponent takes what is below.
        return f.scale_by(f.fma(root, rest, root), n, place);
    }
    let (r, n, integer) = reduced(f, x);
    f.scale_by(f.add(series(f, r), f.c(1.0)), n, integer)
}

pub fn exp2<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let x = f.clamp(x, -151.0, 129.0);
    let (n, integer) = f.nearest(x, 1.0);
    let r = f.mul(f.sub(x, n), f.c(LN_2));
    f.scale_by(f.add(series(f, r), f.c(1.0)), n, integer)
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

/// `tanh(t) / t` around `t = k / TANH_STEPS` for each k below 32, as polynomials in `t * TANH_STEPS - k`: the coefficients
/// of one power a row. The relative error, in `f32`, is 2^-23.
#[rustfmt::skip]
const TANH: [[f64; 32]; 6] = [
    [1.0, 0.9728203, 0.90095335, 0.80584556, 0.70736825, 0.61725223, 0.5398884, 0.47545004, 0.42236075, 0.37862307, 0.3423784, 0.312079, 0.2864969, 0.26467818, 0.2458867, 0.22955386, 0.21523803, 0.20259345, 0.19134696, 0.18128069, 0.1722191, 0.1640195, 0.15656477, 0.14975798, 0.14351827, 0.13777764, 0.13247856, 0.12757197, 0.12301585, 0.11877394, 0.11481481, 0.11111111],
    [0.0, -0.052587908, -0.08731134, -0.0994869, -0.09554119, -0.08401772, -0.07072265, -0.058437753, -0.048082102, -0.03970537, -0.033041816, -0.027760824, -0.023561405, -0.020197889, -0.017479142, -0.0152596105, -0.013429303, -0.0119051095, -0.0106239645, -0.009537684, -0.008609146, -0.007809488, -0.0071160654, -0.006510941, -0.0059797796, -0.0055110264, -0.0050952863, -0.004724865, -0.004393411, -0.004095646, -0.0038271567, -0.0035842273],
    [-0.028094605, -0.022867432, -0.011501592, -0.0013009403, 0.004495914, 0.006545877, 0.0065288763, 0.005687921, 0.004668035, 0.0037327725, 0.0029590323, 0.0023472116, 0.001872653, 0.001506709, 0.0012240806, 0.0010045427, 0.00083263346, 0.0006967726, 0.0005883557, 0.0005009949, 0.0004299318, 0.00037160036, 0.00032330793, 0.0002830043, 0.00024911456, 0.00022041798, 0.00019596014, 0.00017498831, 0.00015690392, 0.00014122722, 0.00012757083, 0.00011561966],
    [0.0, 0.0031998416, 0.0039240443, 0.0027041903, 0.0012159864, 0.00025133402, -0.00019352874, -0.00033272122, -0.00033365234, -0.0002861632, -0.00022990284, -0.00017945166, -0.00013854711, -0.000106828156, -0.00008271175, -0.00006450065, -0.000050743758, -0.000040303985, -0.00003232562, -0.000026176875, -0.000021394908, -0.000017641067, -0.000014666873, -0.000012289045, -0.0000103714665, -0.000008812257, -0.000007534528, -0.000006479755, -0.0000056030135, -0.0000048695274, -0.000004252157, -0.000003729585],
    [0.0009351977, 0.0005293321, -0.00012899545, -0.00039142132, -0.00031658346, -0.00016866966, -0.000064934415, -0.00001271412, 0.000008081238, 0.000013867521, 0.000013619428, 0.000011452593, 0.000009027672, 0.0000069117036, 0.0000052291093, 0.0000039461834, 0.0000029866012, 0.0000022740583, 0.0000017451829, 0.0000013511948, 0.000001055885, 0.0000008328464, 0.00000066296434, 0.00000053242286, 0.00000043121324, 0.00000035205082, 0.0000002896003, 0.00000023992598, 0.00000020010182, 0.00000016793487, 0.0000001417681, 0.00000012018212],
    [0.0, -0.00013813558, -0.0001005713, -0.000008803894, 0.00002912397, 0.000026496895, 0.000014989839, 0.0000066026487, 0.0000022392044, 0.00000035216402, -0.0000003264876, -0.0000004903698, -0.00000046278427, -0.00000038008454, -0.0000002941502, -0.00000022146017, -0.0000001647792, -0.00000012222863, -0.000000090852005, -0.000000067879256, -0.000000051073588, -0.000000038742318, -0.000000029644905, -0.000000022886647, -0.000000017826629, -0.000000014006507, -0.0000000110978435, -0.000000008864246, -0.0000000071346826, -0.000000005784473, -0.0000000047221516, -0.0000000040720582],
];
const TANH_STEPS: f64 = 31.0 / TANH_UP_TO;

/// The last place of the table; above it the result rounds to one.
const TANH_UP_TO: f64 = 9.0;

/// Out of a table where that is one instruction. Otherwise by `-(exp(-2 |x|) - 1)`, which is exact near zero, so the
/// quotient is as well.
pub fn tanh<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    if f.has_tables() {
        let value = f.tabled(f.at_most(f.abs(x), TANH_UP_TO), TANH_STEPS, &TANH);
        return f.copysign(f.at_most(value, 1.0), x);
    }
    let clamped = f.clamp(f.mul(f.abs(x), f.c(-2.0)), -30.0, 0.0);
    let (r, n, integer) = reduced(f, clamped);
    let e = series(f, r);
    let power = f.power(n, integer);
    let t = f.fma(e, power, f.sub(power, f.c(1.0)));
    let quotient = f.div(t, f.add(t, f.c(2.0)));
    f.copysign(quotient, x)
}

/// `1 + tanh(x)` as `2 / (1 + exp(-2 x))`: in fewer operations, and without losing digits below zero. A subnormal result is
/// zero.
pub fn tanh_and_one<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let power = exp(f, f.mul(x, f.c(-2.0)));
    f.div(f.c(2.0), f.add(power, f.c(1.0)))
}

/// `exp(|x| / 2)`, whose square does not overflow before the result does.
fn root<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    exp(f, f.mul(f.abs(x), f.c(0.5)))
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
