//! Conversions between element types.

use hwc_runtime::{DType, Tensor};

use super::format::ScaleRounding;
use super::index::{broadcast_indices, flat, positions};
use super::number::{
    Rounding, clamp, floats, from_floats, from_floats_rounded, from_integers, integers, range, round_to,
};
use super::{EvalCall, Evaluated};
use crate::infer::quantization::{Granularity, precision};
use crate::types::TensorType;

/// A floating-point value as an integer, before the bits that do not fit the type are dropped: truncated, NaN as 0,
/// limited to the range of the type or of a wider one through which its conversion goes.
pub fn to_integer(dtype: DType, value: f64) -> i128 {
    let (low, high) = match dtype {
        DType::I64 | DType::U32 => range(DType::I64),
        DType::U64 => (range(DType::I64).0, range(DType::U64).1),
        _ => range(DType::I32),
    };
    (value as i128).clamp(low, high)
}

fn rounding(call: &EvalCall) -> Result<Rounding, String> {
    let mode = match call.attrs.get("round_mode") {
        Some(_) => call.attrs.str("round_mode")?,
        None => "up",
    };
    let scale = ScaleRounding::from_name(mode).ok_or_else(|| format!("unknown rounding mode {mode}"))?;
    Ok(Rounding { saturate: call.attrs.bool("saturate")?, scale })
}

pub fn cast(call: &EvalCall) -> Evaluated {
    let (operand, to) = (call.operand(0)?, call.attrs.dtype("to")?);
    let (from, shape) = (operand.dtype(), operand.shape());
    if from == to {
        return Ok(vec![operand.clone()]);
    }
    Ok(vec![match (from.is_float(), to.is_float()) {
        (true, true) => from_floats_rounded(to, shape, floats(operand), rounding(call)?)?,
        (false, true) if to.size() == 1 => from_floats_rounded(to, shape, floats(operand), rounding(call)?)?,
        (true, false) if to == DType::Bool => {
            from_integers(to, shape, floats(operand).into_iter().map(|v| i128::from(v != 0.0)))?
        }
        (true, false) => from_integers(to, shape, floats(operand).into_iter().map(|v| to_integer(to, v)))?,
        (false, _) => from_integers(to, shape, integers(operand))?,
    }])
}

/// For each element of the operand, the index of its scale and zero point.
fn scale_indices(call: &EvalCall, operand: &Tensor, scale: &Tensor) -> Result<Vec<usize>, String> {
    let shape = operand.shape();
    Ok(match Granularity::of(&TensorType::of(operand), &TensorType::of(scale), call.attrs)? {
        Granularity::Tensor => vec![0; operand.len()],
        Granularity::Axis(axis) => {
            let mut spread = vec![1; shape.len()];
            spread[axis] = scale.len();
            broadcast_indices(shape, &spread).collect()
        }
        Granularity::Block { axis, size } => positions(shape)
            .map(|mut position| {
                position[axis] /= size;
                flat(&position, scale.shape())
            })
            .collect(),
    })
}

pub fn quantize_linear(call: &EvalCall) -> Evaluated {
    let (operand, scale, zero, to) = (call.operand(0)?, call.operand(1)?, call.optional(2), call.attrs.dtype("to")?);
    let indices = scale_indices(call, operand, scale)?;
    let precision = precision(operand.dtype(), scale.dtype(), call.attrs);
    let rounded = |values: Vec<f64>| values.into_iter().map(|v| round_to(precision, v)).collect::<Vec<_>>();
    let (scales, values) = (rounded(floats(scale)), rounded(floats(operand)));
    let quotients = values.into_iter().zip(&indices).map(|(x, &i)| round_to(precision, x / scales[i]));
    if to.is_float() {
        let zeros = zero.map(floats);
        let values = quotients.zip(&indices).map(|(q, &i)| zeros.as_ref().map_or(q, |z| q + z[i]));
        return Ok(vec![from_floats_rounded(to, operand.shape(), values, rounding(call)?)?]);
    }
    let zeros = zero.map(integers);
    let (low, _) = range(to);
    let values = quotients.zip(&indices).map(|(q, &i)| match q.is_nan() {
        true => low,
        // Far from the range there is no digit of the zero point left to add.
        false => {
            clamp(to, (q.round_ties_even() as i128).clamp(-(1 << 64), 1 << 64) + zeros.as_ref().map_or(0, |z| z[i]))
        }
    });
    Ok(vec![from_integers(to, operand.shape(), values)?])
}

pub fn dequantize_linear(call: &EvalCall) -> Evaluated {
    let (operand, scale, zero, to) = (call.operand(0)?, call.operand(1)?, call.optional(2), call.attrs.dtype("to")?);
    let (scales, zeros) = (floats(scale), zero.map(floats));
    let indices = scale_indices(call, operand, scale)?;
    let values =
        floats(operand).into_iter().zip(&indices).map(|(x, &i)| zeros.as_ref().map_or(x, |z| x - z[i]) * scales[i]);
    Ok(vec![from_floats(to, operand.shape(), values)?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::attrs::Attrs;
    use crate::op::Op;
    use crate::reference::evaluate;

    fn apply(op: Op, attrs: Attrs, operands: &[Option<&Tensor>]) -> Tensor {
        evaluate(op, &attrs, operands).unwrap_or_else(|e| panic!("{e}")).remove(0)
    }

    fn f32s(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).unwrap()
    }

    fn cast_to(to: DType, x: &Tensor) -> Tensor {
        apply(Op::Cast, attrs! { "to" => to }, &[Some(x)])
    }

    #[test]
    fn floats_become_integers() {
        let x = f32s(&[8], &[-9.7, 8.5, -1.0, f32::NAN, 1e30, -1e30, 3e9, 300.0]);
        let min = i128::from(i32::MIN);
        let max = i128::from(i32::MAX);
        for (to, expected) in [
            (DType::I32, [-9, 8, -1, 0, max, min, max, 300]),
            (DType::I4, [7, -8, -1, 0, -1, 0, -1, -4]),
            (DType::U8, [247, 8, 255, 0, 255, 0, 255, 44]),
            (DType::U32, [(1 << 32) - 9, 8, (1 << 32) - 1, 0, (1 << 32) - 1, 0, 3_000_000_000, 300]),
            (DType::I64, [-9, 8, -1, 0, i64::MAX.into(), i64::MIN.into(), 3_000_000_000, 300]),
            (DType::U64, [(1 << 64) - 9, 8, (1 << 64) - 1, 0, u64::MAX.into(), 1 << 63, 3_000_000_000, 300]),
            (DType::Bool, [1; 8]),
        ] {
            assert_eq!(integers(&cast_to(to, &x)), expected, "{to}");
        }
    }

    #[test]
    fn integers_become_floats_in_one_rounding() {
        // Just above halfway between two f32, by less than f64 can tell.
        let x = Tensor::from_vec([1], vec![(1i64 << 62) + (1 << 38) + 1]).unwrap();
        assert_eq!(floats(&cast_to(DType::F32, &x)), [2f64.powi(62) + 2f64.powi(39)]);
        let x = Tensor::from_vec([2], vec![70000i64, -200]).unwrap();
        assert_eq!(floats(&cast_to(DType::F16, &x)), [f64::INFINITY, -200.0]);
        assert_eq!(floats(&cast_to(DType::F8E4M3FN, &x)), [448.0, -192.0]);
        assert_eq!(integers(&cast_to(DType::I8, &x)), [112, 56]);
    }

    #[test]
    fn saturation_is_a_choice() {
        let x = f32s(&[2], &[1e6, 3.0]);
        let cast = |to| apply(Op::Cast, attrs! { "to" => to, "saturate" => false }, &[Some(&x)]);
        assert_eq!(floats(&cast(DType::F8E5M2)), [f64::INFINITY, 3.0]);
        assert!(floats(&cast(DType::F8E4M3FN))[0].is_nan());
        let nearest = attrs! { "to" => DType::F8E8M0, "round_mode" => "nearest" };
        assert_eq!(floats(&apply(Op::Cast, nearest, &[Some(&x)])), [2f64.powi(20), 4.0]);
    }

    #[test]
    fn quantization_rounds_then_shifts_then_saturates() {
        let x = f32s(&[6], &[0.0, 2.5, 3.5, 1e10, -1e10, f32::NAN]);
        let (scale, zero) = (f32s(&[], &[1.0]), Tensor::scalar(10i8));
        let q = apply(Op::QuantizeLinear, attrs! { "to" => DType::I8 }, &[Some(&x), Some(&scale), Some(&zero)]);
        assert_eq!(integers(&q), [10, 12, 14, 127, -128, -128]);
        let q = apply(Op::QuantizeLinear, attrs! { "to" => DType::U4 }, &[Some(&x), Some(&scale), None]);
        assert_eq!(integers(&q), [0, 2, 4, 15, 0, 0]);
    }

    #[test]
    fn scales_lie_along_an_axis_or_in_blocks() {
        let x = Tensor::from_vec([2, 3], vec![1u8, 2, 3, 4, 5, 6]).unwrap();
        let zero = Tensor::from_vec([3], vec![1u8, 0, 1]).unwrap();
        let scale = f32s(&[3], &[1.0, 10.0, 100.0]);
        let y = apply(Op::DequantizeLinear, attrs! { "to" => DType::F32 }, &[Some(&x), Some(&scale), Some(&zero)]);
        assert_eq!(floats(&y), [0.0, 20.0, 200.0, 3.0, 50.0, 500.0]);
        let scale = f32s(&[2, 2], &[1.0, 10.0, 100.0, 1000.0]);
        let blocks = attrs! { "to" => DType::F32, "block_size" => 2i64 };
        let y = apply(Op::DequantizeLinear, blocks, &[Some(&x), Some(&scale), None]);
        assert_eq!(floats(&y), [1.0, 2.0, 30.0, 400.0, 500.0, 6000.0]);
    }
}
