//! Elementwise operators whose attributes or operands are not those of an operator of the dialect.

use hwc_runtime::DType;

use super::{Row, row};
use crate::attrs;
use crate::attrs::Attrs;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("Binarizer", 1, binarizer).domain("ai.onnx.ml"),
    row("BitShift", 11, bit_shift),
    row("Cast", 6, |call| {
        let Some(to) = call.dtype("to")? else { return invalid("attribute `to` is missing") };
        cast(call, to)
    }),
    row("CastLike", 15, |call| {
        let to = call.input(1)?.dtype()?;
        cast(call, to)
    }),
    row("Clip", 6, clip_by_attributes).until(10),
    row("Clip", 11, clip),
    row("IsInf", 10, is_inf),
    row("Max", 6, |call| fold(call, Op::Max)),
    row("Mean", 6, mean),
    row("Min", 6, |call| fold(call, Op::Min)),
    row("Mod", 10, modulo),
    row("Shrink", 9, shrink),
    row("Sum", 6, |call| fold(call, Op::Add)),
];

fn cast(call: &mut Call, to: DType) -> Outputs {
    let input = call.input(0)?;
    if input.dtype()? == to {
        return Ok(vec![input]);
    }
    let mut attrs = attrs! { "to" => to, "saturate" => call.node.flag_or("saturate", true)? };
    attrs.set_some("round_mode", call.node.text("round_mode")?);
    Ok(vec![call.op(Op::Cast, attrs, &[&input])?])
}

fn clip_by_attributes(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let dtype = input.dtype()?;
    let bound = |name| -> Result<Option<Value>, Failure> {
        call.node.float(name)?.map(|bound| call.scalar(dtype, f64::from(bound))).transpose()
    };
    let bounds = [bound("min")?, bound("max")?];
    limited(call, input, bounds)
}

fn clip(call: &mut Call) -> Outputs {
    let (input, bounds) = (call.input(0)?, [call.optional(1), call.optional(2)]);
    limited(call, input, bounds)
}

fn limited(call: &mut Call, input: Value, bounds: [Option<Value>; 2]) -> Outputs {
    if bounds.iter().all(Option::is_none) {
        return Ok(vec![input]);
    }
    let [min, max] = bounds;
    call.ops(Op::Clip, Attrs::default(), vec![Some(input), min, max])
}

/// All inputs, combined from the left; they broadcast.
fn combined(call: &mut Call, op: Op) -> Result<Value, Failure> {
    let mut inputs = call.all_inputs()?.into_iter();
    let Some(mut result) = inputs.next() else { return invalid("needs an input at least") };
    for input in inputs {
        result = call.binary(op, &result, &input)?;
    }
    Ok(result)
}

fn fold(call: &mut Call, op: Op) -> Outputs {
    Ok(vec![combined(call, op)?])
}

fn mean(call: &mut Call) -> Outputs {
    let sum = combined(call, Op::Add)?;
    let count = call.input_count();
    Ok(vec![if count == 1 { sum } else { call.with_number(Op::Div, &sum, count as f64)? }])
}

fn modulo(call: &mut Call) -> Outputs {
    let (a, b) = (call.input(0)?, call.input(1)?);
    let op = match (call.node.flag_or("fmod", false)?, a.dtype()?.is_float()) {
        (true, _) => Op::Fmod,
        (false, false) => Op::Mod,
        (false, true) => return invalid("needs `fmod` = 1 for floating-point operands"),
    };
    Ok(vec![call.binary(op, &a, &b)?])
}

fn bit_shift(call: &mut Call) -> Outputs {
    let left = match call.node.text_or("direction", "")? {
        "LEFT" => true,
        "RIGHT" => false,
        other => return invalid(format!("attribute `direction` must be `LEFT` or `RIGHT`, not `{other}`")),
    };
    Ok(vec![call.op(Op::BitShift, attrs! { "left" => left }, &[&call.input(0)?, &call.input(1)?])?])
}

fn is_inf(call: &mut Call) -> Outputs {
    let attrs = attrs! {
        "positive" => call.node.flag_or("detect_positive", true)?,
        "negative" => call.node.flag_or("detect_negative", true)?,
    };
    Ok(vec![call.op(Op::IsInf, attrs, &[&call.input(0)?])?])
}

/// Integers are computed in `f64`, which holds what this does to them.
fn shrink(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let dtype = input.dtype()?;
    let attrs = attrs! {
        "lambd" => f64::from(call.node.float_or("lambd", 0.5)?),
        "bias" => f64::from(call.node.float_or("bias", 0.0)?),
    };
    let wide = if dtype.is_float() { input } else { call.cast(&input, DType::F64)? };
    let result = call.op(Op::Shrink, attrs, &[&wide])?;
    Ok(vec![call.cast(&result, dtype)?])
}

/// 1 where the input is above the threshold, else 0.
fn binarizer(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let threshold = f64::from(call.node.float_or("threshold", 0.0)?);
    let above = call.with_number(Op::Greater, &input, threshold)?;
    Ok(vec![call.cast(&above, input.dtype()?)?])
}

#[cfg(test)]
mod tests {
    use hwc_runtime::{DType, Tensor};

    use crate::onnx::testing::*;
    use crate::reference::number::{floats, integers};

    fn f32s(values: &[f32]) -> Tensor {
        Tensor::from_vec([values.len()], values.to_vec()).expect("data fits the shape")
    }

    fn i32s(values: &[i32]) -> Tensor {
        Tensor::from_vec([values.len()], values.to_vec()).expect("data fits the shape")
    }

    #[test]
    fn bounds_are_attributes_then_inputs() {
        let x = f32s(&[-3.0, 0.5, 3.0]);
        let old = |attributes| {
            floats(&run_node(with(node("Clip", &["0"], &["a"]), attributes), 7, std::slice::from_ref(&x))[0])
        };
        assert_eq!(old(vec![float("min", -1.0), float("max", 1.0)]), [-1.0, 0.5, 1.0]);
        assert_eq!(old(vec![float("max", 1.0)]), [-3.0, 0.5, 1.0]);
        assert_eq!(old(vec![]), [-3.0, 0.5, 3.0]);
        let two = Tensor::scalar(2f32);
        let new = run_node(node("Clip", &["0", "", "1"], &["a"]), 13, &[x, two]);
        assert_eq!(floats(&new[0]), [-3.0, 0.5, 2.0]);
    }

    #[test]
    fn many_inputs_are_combined() {
        let inputs = [f32s(&[1.0, 5.0]), f32s(&[4.0, 2.0]), f32s(&[-2.0])];
        for (op, expected) in [("Max", [4.0, 5.0]), ("Min", [-2.0; 2]), ("Sum", [3.0, 5.0]), ("Mean", [1.0, 5.0 / 3.0])]
        {
            let y = run_node(node(op, &["0", "1", "2"], &["a"]), 13, &inputs);
            assert!(floats(&y[0]).iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{op}");
            assert_eq!(run_node(node(op, &["0"], &["a"]), 13, &inputs[..1])[0], inputs[0]);
        }
    }

    #[test]
    fn remainders_have_the_sign_asked_for() {
        let (a, b) = (i32s(&[-7, 7]), i32s(&[3, -3]));
        let modulo = |fmod| {
            let node = with(node("Mod", &["0", "1"], &["a"]), [int("fmod", fmod)]);
            integers(&run_node(node, 13, &[a.clone(), b.clone()])[0])
        };
        assert_eq!(modulo(0), [2, -2]);
        assert_eq!(modulo(1), [-1, 1]);
    }

    #[test]
    fn casts_know_their_target() {
        let x = f32s(&[300.7, -1.0]);
        let to = |dtype: DType| with(node("Cast", &["0"], &["a"]), [int("to", dtype.onnx().into())]);
        assert_eq!(integers(&run_node(to(DType::I32), 9, std::slice::from_ref(&x))[0]), [300, -1]);
        assert_eq!(run_node(to(DType::F32), 9, std::slice::from_ref(&x))[0], x);
        let unsaturated = with(to(DType::F8E5M2), [int("saturate", 0)]);
        assert_eq!(floats(&run_node(unsaturated, 19, &[f32s(&[1e9])])[0]), [f64::INFINITY]);
        let like = node("CastLike", &["0", "1"], &["a"]);
        assert_eq!(integers(&run_node(like, 19, &[x, i32s(&[0])])[0]), [300, -1]);
    }

    #[test]
    fn questions_and_thresholds() {
        let x = f32s(&[f32::NEG_INFINITY, 0.25, f32::INFINITY]);
        let node_of = |op, attribute| with(node(op, &["0"], &["a"]), [attribute]);
        let positive = run_node(node_of("IsInf", int("detect_negative", 0)), 20, std::slice::from_ref(&x));
        assert_eq!(integers(&positive[0]), [0, 0, 1]);
        let shrunk = run_node(node_of("Shrink", float("bias", 1.0)), 9, &[i32s(&[-2, 0, 2])]);
        assert_eq!(integers(&shrunk[0]), [-1, 0, 1]);
        let shift = with(node("BitShift", &["0", "1"], &["a"]), [text("direction", "LEFT")]);
        let u8s = |v: &[u8]| Tensor::from_vec([v.len()], v.to_vec()).expect("data fits the shape");
        assert_eq!(integers(&run_node(shift, 11, &[u8s(&[1, 3]), u8s(&[3, 9])])[0]), [8, 0]);
    }
}
