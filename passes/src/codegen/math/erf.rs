//! The error function.

use super::float::{Float, Is};
use crate::codegen::ir::Val;

/// `erf(sqrt(z)) / sqrt(z)` for z up to 1; the relative error is 2^-29.
const NEAR: [f64; 7] = [
    1.128_379_165_726_823_3,
    -0.376_126_258_249_200_3,
    0.112_835_851_549_768_07,
    -0.026_853_812_190_997_36,
    0.005_188_328_186_418_862,
    -0.000_801_019_826_243_654_8,
    7.853_877_531_619_132e-5,
];

/// `erf(MIDDLE + s)` between 1 and [`ONE_FROM`]; the error is 2^-25.
const FAR: [f64; 13] = [
    0.999_496_673_323_796_2,
    0.002_656_192_900_551_911_6,
    -0.006_535_762_302_319_391,
    0.009_832_994_162_096_32,
    -0.009_904_825_142_434_575,
    0.006_797_653_570_667_205,
    -0.002_963_511_002_828_229_2,
    0.000_462_167_103_753_800_7,
    0.000_391_132_892_850_817_46,
    -0.000_301_675_386_750_797_9,
    5.166_608_775_071_33e-5,
    2.542_046_068_857_098_8e-5,
    -9.124_650_245_900_194e-6,
];

/// A value of `f32`, so that the difference to it is exact or nearly so.
const MIDDLE: f64 = 2.460_000_038_146_972_7;

/// Above this the result rounds to one.
const ONE_FROM: f64 = 3.92;

/// Two polynomials: odd near zero, where the relative error counts, and around the middle of what remains.
pub fn erf<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let a = f.abs(x);
    let near = f.mul(a, f.polynomial(f.mul(a, a), &NEAR));
    let far = f.polynomial(f.sub(f.at_most(a, ONE_FROM), f.c(MIDDLE)), &FAR);
    let value = f.choose(a, Is::Less, f.c(1.0), near, f.at_most(far, 1.0));
    f.copysign(value, x)
}
