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

/// `erf(t) / t` around `t = k / TABLED_STEPS` for each k below 16, as polynomials in `t * TABLED_STEPS - k`: the
/// coefficients of one power a row. The relative error, in `f32`, is 2^-23. At 4 the value is exactly a quarter.
#[rustfmt::skip]
const TABLED: [[f64; 16]; 6] = [
    [1.12837911, 1.10219347, 1.02993608, 0.927626193, 0.814286232, 0.705490172, 0.61021775, 0.5312711, 0.467553288, 0.41637978, 0.374939084, 0.340897679, 0.312498122, 0.288461268, 0.267857105, 0.25],
    [0.0, -0.0512680523, -0.0904536322, -0.110880136, -0.113151565, -0.102955811, -0.087164782, -0.0709518343, -0.0569553375, -0.0458693467, -0.0374018326, -0.0309718959, -0.0260381512, -0.022188805, -0.0191325787, -0.0166666582],
    [-0.0267464276, -0.0234642029, -0.0151485931, -0.00535025634, 0.00256822794, 0.00702939462, 0.00832452159, 0.00767499581, 0.00627248874, 0.00484377146, 0.00367471576, 0.00280092005, 0.00216697878, 0.00170634512, 0.00136654067, 0.00111110089],
    [0.0, 0.00209643855, 0.00323616387, 0.0030996534, 0.00209178776, 0.000904628891, 3.23799904e-05, -0.000396912481, -0.000498126086, -0.000439680822, -0.000338614889, -0.000247405755, -0.000179031165, -0.000130971312, -9.75646253e-05, -7.40723408e-05],
    [0.000566988892, 0.000432386005, 0.000121840276, -0.000168557934, -0.000299983541, -0.000269264157, -0.000161390228, -5.96289974e-05, 5.27276427e-07, 2.30708702e-05, 2.50733556e-05, 2.00121613e-05, 1.43436328e-05, 9.97133611e-06, 6.96030611e-06, 4.91511264e-06],
    [0.0, -5.05305106e-05, -6.68034045e-05, -4.46445665e-05, -8.03663079e-06, 1.72650871e-05, 2.30738242e-05, 1.65488709e-05, 7.74314231e-06, 1.87445755e-06, -6.36706886e-07, -1.19277081e-06, -1.02343358e-06, -7.27770498e-07, -4.89624767e-07, -3.61983552e-07],
];
const TABLED_STEPS: f64 = 3.75;

/// The last place of the table; above it the result rounds to one.
const TABLED_UP_TO: f64 = 4.0;

/// Above this the result rounds to one.
const ONE_FROM: f64 = 3.92;

/// Out of a table where that is one instruction. Otherwise two polynomials: odd near zero, where the relative error
/// counts, and around the middle of what remains.
pub fn erf<'c>(f: &Float<'c>, x: Val<'c>) -> Val<'c> {
    let a = f.abs(x);
    if f.has_tables() {
        let t = f.at_most(a, TABLED_UP_TO);
        let (near, rest) = f.nearest_place(f.mul(t, f.c(TABLED_STEPS)));
        let mut powers = TABLED.iter().rev().map(|row| f.look_up(row, near));
        let first = powers.next().unwrap_or_else(|| f.c(0.0));
        let ratio = powers.fold(first, |sum, coefficient| f.fma(sum, rest, coefficient));
        return f.copysign(f.mul(t, ratio), x);
    }
    let near = f.mul(a, f.polynomial(f.mul(a, a), &NEAR));
    let far = f.polynomial(f.sub(f.at_most(a, ONE_FROM), f.c(MIDDLE)), &FAR);
    let value = f.choose(a, Is::Less, f.c(1.0), near, f.at_most(far, 1.0));
    f.copysign(value, x)
}
