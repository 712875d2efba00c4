//! The error function.

use super::{
    exponential,
    float::{Float, Is},
};
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

/// `-log(1 - erf(t))` for t between 1 and 4, weighted by its effect on `erf(t)`; the relative error of that is 2^-35.
const FAR: [f64; 8] = [
    -0.000_188_467_628_103_942_48,
    1.129_580_310_022_373_8,
    0.633_216_400_635_075_4,
    0.108_422_094_665_161_82,
    -0.025_210_336_185_484_784,
    0.004_205_283_275_008_511,
    -0.000_441_472_324_723_292_9,
    2.169_758_431_046_849_5e-5,
];

/// Above 4 the result rounds to one.
const ONE_FROM: f64 = 4.0;

pub fn erf<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let a = f.abs(x);
    let z = f.mul(a, a);
    let near = f.mul(a, f.polynomial(z, &NEAR));
    let t = f.clamp(a, 0.0, ONE_FROM);
    let exponent = f.sub(f.c(-0.0), f.polynomial(t, &FAR));
    let far = f.sub(f.c(1.0), exponential::exp(f, exponent));
    let value = f.choose(a, Is::Less, f.c(1.0), near, far);
    f.copysign(value, x)
}
