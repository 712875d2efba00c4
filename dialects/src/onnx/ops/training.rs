//! Steps of optimizers, as the formulas that define them.
//!
//! Inputs are the rate `R`, the count of steps `T`, then all tensors `X`, all gradients `G`, and all of each further state.

use hwc_runtime::DType;

use super::{Row, row};
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::op::Op;

const DOMAIN: &str = "ai.onnx.preview.training";

pub const OPS: &[Row] = &[
    row("Adagrad", 1, adagrad).domain(DOMAIN),
    row("Adam", 1, adam).domain(DOMAIN),
    row("Momentum", 1, momentum).domain(DOMAIN),
];

/// Applies a step to each tensor in turn and returns the outputs: all new tensors, then all of each new state.
fn for_each<const N: usize, const M: usize>(
    call: &mut Call,
    mut step: impl FnMut(&mut Call, [Value; N]) -> Result<[Value; M], Failure>,
) -> Outputs {
    let inputs = call.all_inputs()?.split_off(2.min(call.input_count()));
    if inputs.is_empty() || !inputs.len().is_multiple_of(N) {
        return invalid(format!("needs {N} inputs for each tensor behind `R` and `T`, got {}", inputs.len()));
    }
    let count = inputs.len() / N;
    let mut outputs = vec![Vec::new(); M];
    for tensor in 0..count {
        let results = step(call, std::array::from_fn(|i| inputs[i * count + tensor].clone()))?;
        for (all, result) in outputs.iter_mut().zip(results) {
            all.push(result);
        }
    }
    Ok(outputs.concat())
}

fn parameter(call: &Call, name: &'static str, default: f32) -> Result<f64, Failure> {
    Ok(call.node.float_or(name, default)?.into())
}

/// `a * x + y`
fn axpy(call: &mut Call, a: f64, x: &Value, y: &Value) -> Result<Value, Failure> {
    if a == 0.0 {
        return Ok(y.clone());
    }
    let scaled = call.with_number(Op::Mul, x, a)?;
    call.binary(Op::Add, &scaled, y)
}

/// `√h + ε`
fn spread(call: &mut Call, h: &Value, epsilon: f64) -> Result<Value, Failure> {
    let root = call.unary(Op::Sqrt, h)?;
    call.with_number(Op::Add, &root, epsilon)
}

/// `x - rate * direction`
fn moved(call: &mut Call, x: &Value, rate: &Value, direction: &Value) -> Result<Value, Failure> {
    let step = call.binary(Op::Mul, rate, direction)?;
    call.binary(Op::Sub, x, &step)
}

fn adagrad(call: &mut Call) -> Outputs {
    let (norm, decay) = (parameter(call, "norm_coefficient", 0.0)?, parameter(call, "decay_factor", 0.0)?);
    let epsilon = parameter(call, "epsilon", 1e-6)?;
    let (rate, count) = (call.input(0)?, call.input(1)?);
    let count = call.cast(&count, rate.dtype()?)?;
    let slowed = call.with_number(Op::Mul, &count, decay)?;
    let slowed = call.with_number(Op::Add, &slowed, 1.0)?;
    let rate = call.binary(Op::Div, &rate, &slowed)?;
    for_each(call, |call, [x, g, h]| {
        let g = axpy(call, norm, &x, &g)?;
        let square = call.binary(Op::Mul, &g, &g)?;
        let h = call.binary(Op::Add, &h, &square)?;
        let spread = spread(call, &h, epsilon)?;
        let direction = call.binary(Op::Div, &g, &spread)?;
        let rate = call.cast(&rate, x.dtype()?)?;
        Ok([moved(call, &x, &rate, &direction)?, h])
    })
}

fn adam(call: &mut Call) -> Outputs {
    let (alpha, beta) = (parameter(call, "alpha", 0.9)?, parameter(call, "beta", 0.999)?);
    let (norm, after) = (parameter(call, "norm_coefficient", 0.0)?, parameter(call, "norm_coefficient_post", 0.0)?);
    // The standard says 1e-6, the data of its own tests 1e-2.
    let Some(epsilon) = call.node.float("epsilon")?.map(f64::from) else {
        return unsupported("Adam without `epsilon`, on whose default sources disagree");
    };
    let (given, count) = (call.input(0)?, call.input(1)?);
    let steps = call.cast(&count, given.dtype()?)?;
    // The running means start from zero, which the rate makes up for.
    let mut rest = |base: f64| -> Result<Value, Failure> {
        let base = call.scalar(given.dtype()?, base)?;
        let power = call.binary(Op::Pow, &base, &steps)?;
        let one = call.scalar(given.dtype()?, 1.0)?;
        call.binary(Op::Sub, &one, &power)
    };
    let (alpha_rest, beta_rest) = (rest(alpha)?, rest(beta)?);
    let root = call.unary(Op::Sqrt, &beta_rest)?;
    let factor = call.binary(Op::Div, &root, &alpha_rest)?;
    let adjusted = call.binary(Op::Mul, &given, &factor)?;
    let rate = later(call, &count, &adjusted, &given)?;
    for_each(call, |call, [x, g, v, h]| {
        let g = axpy(call, norm, &x, &g)?;
        let fresh = call.with_number(Op::Mul, &g, 1.0 - alpha)?;
        let v = axpy(call, alpha, &v, &fresh)?;
        let square = call.binary(Op::Mul, &g, &g)?;
        let fresh = call.with_number(Op::Mul, &square, 1.0 - beta)?;
        let h = axpy(call, beta, &h, &fresh)?;
        let spread = spread(call, &h, epsilon)?;
        let direction = call.binary(Op::Div, &v, &spread)?;
        let rate = call.cast(&rate, x.dtype()?)?;
        let x = moved(call, &x, &rate, &direction)?;
        let x = if after == 0.0 { x } else { call.with_number(Op::Mul, &x, 1.0 - after)? };
        Ok([x, v, h])
    })
}

/// `after` from the second step on, `first` in the first.
fn later(call: &mut Call, count: &Value, after: &Value, first: &Value) -> Result<Value, Failure> {
    let begun = call.with_number(Op::Greater, count, 0.0)?;
    call.select(&begun, after, first)
}

fn momentum(call: &mut Call) -> Outputs {
    let (alpha, beta) = (parameter(call, "alpha", 0.0)?, parameter(call, "beta", 0.0)?);
    let norm = parameter(call, "norm_coefficient", 0.0)?;
    let nesterov = match call.node.text_or("mode", "")? {
        "standard" => false,
        "nesterov" => true,
        other => return invalid(format!("attribute `mode` must be `standard` or `nesterov`, not `{other}`")),
    };
    let (rate, count) = (call.input(0)?, call.input(1)?);
    let (beta, one) = (call.scalar(DType::F64, beta)?, call.scalar(DType::F64, 1.0)?);
    let beta = later(call, &count, &beta, &one)?;
    for_each(call, |call, [x, g, v]| {
        let g = axpy(call, norm, &x, &g)?;
        let beta = call.cast(&beta, x.dtype()?)?;
        let fresh = call.binary(Op::Mul, &beta, &g)?;
        let v = axpy(call, alpha, &v, &fresh)?;
        let direction = if nesterov { axpy(call, alpha, &v, &g)? } else { v.clone() };
        let rate = call.cast(&rate, x.dtype()?)?;
        Ok([moved(call, &x, &rate, &direction)?, v])
    })
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use super::DOMAIN;
    use crate::onnx::proto::AttributeProto;
    use crate::onnx::testing::*;
    use crate::reference::number::floats;

    /// The outputs of a step at count `t` for tensors of one element.
    fn step(op: &str, attributes: Vec<AttributeProto>, t: i64, values: &[f64], outputs: usize) -> Vec<f64> {
        let mut inputs = vec![Tensor::scalar(0.5f64), Tensor::scalar(t)];
        inputs.extend(values.iter().map(|&v| Tensor::from_vec([1], vec![v]).expect("data fits the shape")));
        let names: Vec<String> = (0..inputs.len()).map(|i| i.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let node = in_domain(with(node(op, &names, &["a", "b", "c", "d"][..outputs]), attributes), DOMAIN);
        let infos = inputs.iter().enumerate().map(|(i, x)| typed(&i.to_string(), x.dtype(), &"1,"[..2 * x.rank()]));
        let mut model = model(graph(infos, ["a", "b", "c", "d"][..outputs].iter().map(|name| untyped(name)), [node]));
        model.opset_import.push(opset(DOMAIN, 1));
        run(model, &inputs).iter().map(|y| floats(y)[0]).collect()
    }

    #[track_caller]
    fn near(actual: &[f64], expected: &[f64]) {
        assert_eq!(actual.len(), expected.len());
        assert!(actual.iter().zip(expected).all(|(a, e)| (a - e).abs() < 1e-6), "{actual:?} is not {expected:?}");
    }

    #[test]
    fn gradients_accumulate() {
        // g = 2, h = 5 + 4 = 9, x = 1 - 0.5 / (1 + 1 * 1) * 2 / 3
        let attributes = vec![float("decay_factor", 1.0), float("epsilon", 0.0)];
        near(&step("Adagrad", attributes, 1, &[1.0, 2.0, 5.0], 2), &[1.0 - 0.25 * 2.0 / 3.0, 9.0]);
    }

    #[test]
    fn means_run() {
        // v = 0.5 * 4 + 0.5 * 2, h = 0.75 * 4 + 0.25 * 4; the rate is 0.5 * √(1 - 0.75) / (1 - 0.5)
        let attributes = || vec![float("alpha", 0.5), float("beta", 0.75), float("epsilon", 0.0)];
        near(&step("Adam", attributes(), 1, &[1.0, 2.0, 4.0, 4.0], 3), &[1.0 - 0.5 * 3.0 / 2.0, 3.0, 4.0]);
        near(&step("Adam", attributes(), 0, &[1.0, 2.0, 4.0, 4.0], 3), &[1.0 - 0.5 * 3.0 / 2.0, 3.0, 4.0]);
    }

    #[test]
    fn several_tensors_move_at_once() {
        let attributes =
            |mode| vec![float("alpha", 0.5), float("beta", 2.0), float("norm_coefficient", 1.0), text("mode", mode)];
        // g = 2 + 1 and 3 + 2; v = 0.5 * 4 + 2 g and 0.5 * 6 + 2 g
        let values = [1.0, 2.0, 2.0, 3.0, 4.0, 6.0];
        near(&step("Momentum", attributes("standard"), 1, &values, 4), &[-3.0, -4.5, 8.0, 13.0]);
        // In the first step beta is 1.
        near(&step("Momentum", attributes("standard"), 0, &values, 4), &[-1.5, -2.0, 5.0, 8.0]);
        // x - 0.5 * (g + 0.5 * v)
        near(&step("Momentum", attributes("nesterov"), 1, &values, 4), &[-2.5, -3.75, 8.0, 13.0]);
    }
}
