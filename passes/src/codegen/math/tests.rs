//! Accuracy of every expansion, measured on compiled code.

use super::{Function, TABLE};
use crate::codegen::{Cpu, TargetOptions, tests::Model};

/// The error function in `f64`: the series around zero, and the continued fraction of its complement beyond.
pub fn erf(x: f64) -> f64 {
    if x == 0.0 {
        return x;
    }
    let a = x.abs();
    if a < 2.5 {
        let (mut term, mut sum) = (x, x);
        for n in 1..80 {
            term *= -x * x / f64::from(n);
            sum += term / f64::from(2 * n + 1);
        }
        return sum * 2.0 / std::f64::consts::PI.sqrt();
    }
    let mut fraction = 0.0;
    for n in (1..120).rev() {
        fraction = f64::from(n) / 2.0 / (a + fraction);
    }
    (1.0 - (-a * a).exp() / (a + fraction) / std::f64::consts::PI.sqrt()).copysign(x)
}

const COUNT: usize = 1 << 16;

fn model(op: &str, operands: usize, count: usize) -> Model {
    Model::new(&model_text(op, operands, count))
}

fn model_text(op: &str, operands: usize, count: usize) -> String {
    let ty = format!("tensor<{count}xf32>");
    let arguments: Vec<String> = (0..operands).map(|i| format!("%a{i}: {ty}")).collect();
    let names: Vec<String> = (0..operands).map(|i| format!("%a{i}")).collect();
    let types = vec![ty.clone(); operands].join(", ");
    let maps = vec!["affine_map<(i) -> (i)>"; operands + 1].join(", ");
    let scalars: Vec<String> = (0..operands).map(|i| format!("%v{i}")).collect();
    let block: Vec<String> = scalars.iter().map(|v| format!("{v}: f32")).collect();
    let (arguments, names, scalars, block) =
        (arguments.join(", "), names.join(", "), scalars.join(", "), block.join(", "));
    format!(
        "func.func private @k({arguments}) -> {ty} {{
           %e = tensor.empty() : {ty}
           %r = linalg.generic {{indexing_maps = [{maps}], iterator_types = [\"parallel\"]}} ins({names} : {types}) outs(%e : {ty}) {{
             ^bb0({block}, %o: f32):
               %y = {op} {scalars} : f32
               linalg.yield %y : f32
           }} -> {ty}
           return %r : {ty}
         }}
         func.func @main({arguments}) -> {ty} {{
           %r = call @k({names}) : ({types}) -> {ty}
           return %r : {ty}
         }}"
    )
}

/// The distance of a result from the exact value in units in the last place of the `f32` nearest to it.
fn ulps(got: f32, exact: f64) -> f64 {
    let nearest = exact as f32;
    if got == nearest || (got.is_nan() && nearest.is_nan()) {
        return 0.0;
    }
    if nearest.is_infinite() || got.is_infinite() || got.is_nan() || nearest.is_nan() {
        // An overflow one step early or late is one unit.
        let adjacent =
            |a: f32, b: f32| a.is_infinite() && b.is_finite() && b.abs() > 3.402_823e38 && a.signum() == b.signum();
        return if adjacent(got, nearest) || adjacent(nearest, got) { 1.0 } else { f64::INFINITY };
    }
    let unit = f64::from(f32::from_bits(nearest.abs().to_bits() + 1)) - f64::from(nearest.abs());
    (f64::from(got) - exact).abs() / unit
}

/// Arguments between two bounds: evenly spaced values, and values of every magnitude.
fn arguments(from: f32, to: f32) -> Vec<f32> {
    let mut all: Vec<f32> = (0..COUNT / 2).map(|i| from + (to - from) * (i as f32 / (COUNT / 2) as f32)).collect();
    let mut bits = 0x1234_5678_u32;
    while all.len() < COUNT - 12 {
        bits = bits.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let value = f32::from_bits(bits ^ bits >> 15);
        if value >= from && value <= to {
            all.push(value);
        }
    }
    all.extend([
        0.0,
        -0.0,
        1.0,
        -1.0,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
        1e-40,
        -1e-40,
        f32::MAX,
        f32::MIN,
        0.5,
    ]);
    all
}

fn check(function: &Function, options: &TargetOptions) -> Result<(), String> {
    check_text(function, &model_text(function.op, 1, COUNT), options)
}

/// Checks a module that computes the function.
fn check_text(function: &Function, text: &str, options: &TargetOptions) -> Result<(), String> {
    let (reference, from, to) = function.test;
    let arguments = arguments(from, to);
    let results = Model::with(text, options).run_f32(&[&arguments], COUNT);
    let mut worst = (0.0, 0.0, 0.0);
    for (&x, &got) in arguments.iter().zip(&results) {
        let exact = reference(f64::from(x));
        let error = ulps(got, exact);
        if error > worst.0 {
            worst = (error, x, got);
        }
        let (zero, sign) = (exact == 0.0 && x == 0.0, exact.is_sign_negative());
        if zero && got.is_sign_negative() != sign {
            return Err(format!("{}({x}) = {got}: the sign of zero is lost", function.op));
        }
    }
    let (error, x, got) = worst;
    println!("{:12} {error:.2} ULP at {x}", function.op);
    if error <= function.ulp {
        Ok(())
    } else {
        Err(format!("{}({x:?}) = {got:?}, exactly {:?}: {error:.2} ULP", function.op, reference(f64::from(x))))
    }
}

#[test]
fn every_function_is_as_accurate_as_its_entry_says() {
    // With and without fused multiply-add.
    for cpu in [Cpu::Host, Cpu::Named("x86-64-v2".into())] {
        let options = TargetOptions { cpu, ..Default::default() };
        let failures: Vec<String> = TABLE.iter().filter_map(|f| check(f, &options).err()).collect();
        assert!(failures.is_empty(), "{options:?}:\n{}", failures.join("\n"));
    }
}

#[test]
fn one_is_added_to_a_tangent_without_losing_digits() {
    let exact = |x: f64| 2.0 / (1.0 + (-2.0 * x).exp());
    let function = Function { op: "math.tanh", expand: super::exponential::tanh, ulp: 4.0, test: (exact, -43.5, 50.0) };
    for sum in ["%y, %one", "%one, %y"] {
        let lines = format!("%one = arith.constant 1.0 : f32\n%z = arith.addf {sum} : f32\nlinalg.yield %z");
        let text = model_text("math.tanh", 1, COUNT).replace("linalg.yield %y", &lines);
        for cpu in [Cpu::Host, Cpu::Named("x86-64-v2".into())] {
            let options = TargetOptions { cpu, ..Default::default() };
            assert_eq!(check_text(&function, &text, &options), Ok(()), "{sum}, {options:?}");
        }
    }
}

#[test]
fn powers() {
    let bases = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        2.0,
        -2.0,
        0.5,
        -0.3,
        1.000_001,
        7.5,
        -3.0,
        1e-40,
        1e30,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    let exponents = [
        0.0,
        -0.0,
        1.0,
        2.0,
        3.0,
        -1.0,
        -3.0,
        0.5,
        -0.5,
        1.7,
        -2.3,
        8_388_609.0,
        1e30,
        f32::INFINITY,
        f32::NEG_INFINITY,
        f32::NAN,
    ];
    let mut x: Vec<f32> = bases.iter().flat_map(|b| [*b; 16]).collect();
    let mut y: Vec<f32> = exponents.iter().copied().cycle().take(x.len()).collect();
    for (a, b) in crate::codegen::tests::noise(4000, 5).chunks(2).map(|p| (p[0], p[1])) {
        x.push((a * 20.0).exp());
        y.push(b * 6.0);
    }
    let got = model("math.powf", 2, x.len()).run_f32(&[&x, &y], x.len());
    for ((&x, &y), &got) in x.iter().zip(&y).zip(&got) {
        let exact = f64::from(x).powf(f64::from(y));
        assert!(ulps(got, exact) <= 1.0, "{x}^{y} = {got}, exactly {exact}");
        assert!(exact != 0.0 || got.is_sign_negative() == exact.is_sign_negative(), "{x}^{y} = {got}: sign");
    }
}

#[test]
fn half_precision_is_computed_in_single() {
    for (ty, unit) in [("f16", 1.0 / 1024.0), ("bf16", 1.0 / 128.0)] {
        let op = format!(
            "%n = arith.truncf %v0 : f32 to {ty}\n%m = math.exp %n : {ty}\n%y = arith.extf %m : {ty} to f32\n// "
        );
        let text = model_text("math.exp", 1, 8).replace("%y = math.exp %v0 : f32", &op);
        let got = Model::new(&text).run_f32(&[&[0.0, 1.0, -1.0, 2.0, 0.5, -3.0, 4.0, 5.0]], 8);
        for (g, x) in got.iter().zip([0.0f32, 1.0, -1.0, 2.0, 0.5, -3.0, 4.0, 5.0]) {
            assert!((g / x.exp() - 1.0).abs() <= unit / 2.0, "{ty}: exp({x}) = {g}");
        }
    }
}
