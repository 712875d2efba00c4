//! Casts, quantization and dequantization.

use hwc_dialects::Attr;
use hwc_dialects::infer::quantization::{Granularity, precision};
use hwc_dialects::reference::format::ScaleRounding;
use hwc_dialects::reference::number::{Rounding, range};
use hwc_runtime::{DType, dtype::Kind};

use super::convert::{convert, int_to_float, round_to, store_rounded};
use super::elementwise::{Input, pointwise};
use super::{Emitter, LowerCall, Lowered, Order, scalar};
use crate::codegen::ir::Val;

fn rounding(call: &LowerCall) -> Result<Rounding, String> {
    let scale = match call.attrs.get("round_mode") {
        Some(Attr::Str(mode)) => ScaleRounding::from_name(mode).ok_or("has an unknown rounding mode")?,
        _ => ScaleRounding::Up,
    };
    Ok(Rounding { saturate: call.attrs.bool("saturate")?, scale })
}

pub fn cast<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (from, to, rounding) = (call.dtype(0)?, call.attrs.dtype("to")?, rounding(call)?);
    if from == to {
        return Ok(vec![call.operand(0)?]);
    }
    let input = Input::broadcast(call, 0, call.result_shape(0)?.len())?;
    pointwise(call, &[input], |e, v| convert(e, from, to, v[0], rounding))
}

/// A scale or zero point, read where the result's position says.
fn parameter<'c>(call: &LowerCall<'c, '_>, index: usize) -> Result<Input<'c>, String> {
    let rank = call.result_shape(0)?.len();
    let emit = &call.emit;
    let granularity = Granularity::of(call.operand_type(0)?, call.operand_type(1)?, call.attrs)?;
    let map = match granularity {
        Granularity::Tensor => return Input::single(call, index, rank),
        Granularity::Axis(axis) => emit.map(rank, &[format!("d{axis}")]),
        Granularity::Block { axis, size } => {
            let dims: Vec<_> =
                (0..rank).map(|d| if d == axis { format!("d{d} floordiv {size}") } else { format!("d{d}") }).collect();
            emit.map(rank, &dims)
        }
    };
    Ok(Input { tensor: call.operand(index)?, dtype: call.dtype(index)?, map })
}

/// The operand, the scale, and the zero point if there is one.
fn inputs<'c>(call: &LowerCall<'c, '_>) -> Result<Vec<Input<'c>>, String> {
    let rank = call.result_shape(0)?.len();
    let mut inputs = vec![Input::broadcast(call, 0, rank)?, parameter(call, 1)?];
    if call.optional(2).is_some() {
        inputs.push(parameter(call, 2)?);
    }
    Ok(inputs)
}

/// A compute value of any type as the compute value of a floating-point type, rounded to that type.
fn as_float<'c>(e: &Emitter<'c>, from: DType, to: DType, x: Val<'c>) -> Val<'c> {
    match from.is_float() {
        true if from == to => x,
        true => round_to(e, to, x),
        false => round_to(e, to, int_to_float(e, from, to, x)),
    }
}

pub fn quantize_linear<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (operand, scale, to) = (call.dtype(0)?, call.dtype(1)?, call.attrs.dtype("to")?);
    let (precision, rounding) = (precision(operand, scale, call.attrs), rounding(call)?);
    pointwise(call, &inputs(call)?, |e, v| {
        let (x, scale) = (as_float(e, operand, precision, v[0]), as_float(e, scale, precision, v[1]));
        let quotient = round_to(e, precision, e.divf(x, scale));
        let compute = if precision == DType::F64 { DType::F64 } else { DType::F32 };
        if to.is_float() {
            let shifted = match v.get(2) {
                Some(&zero) if compute == DType::F64 => {
                    e.addf(quotient, e.cast("arith.extf", zero, e.compute(compute)))
                }
                Some(&zero) => e.addf(quotient, zero),
                None => quotient,
            };
            return convert(e, compute, to, shifted, rounding);
        }
        // Limited before the zero point is added, which is then exact; NaN fails the first comparison.
        let (low, high) = range(to);
        let rounded = scalar::round(e, compute, quotient);
        let zero = v.get(2).map(|&zero| int_to_float(e, to, compute, zero));
        let bound = |value: i128| {
            let bound = e.like(rounded, value as f64);
            zero.map_or(bound, |zero| e.subf(bound, zero))
        };
        let (low, high) = (bound(low), bound(high));
        let limited = e.select(e.compare_floats(Order::Greater, rounded, low), rounded, low);
        let limited = e.select(e.compare_floats(Order::Less, limited, high), limited, high);
        let sum = zero.map_or(limited, |zero| e.addf(limited, zero));
        e.resize(e.cast("arith.fptosi", sum, e.integer_type(32)), e.storage(to), true)
    })
}

pub fn dequantize_linear<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (operand, scale, to) = (call.dtype(0)?, call.dtype(1)?, call.attrs.dtype("to")?);
    // Differences of i32 need more digits than f32 has.
    let compute = if to == DType::F64 || operand == DType::I32 { DType::F64 } else { DType::F32 };
    pointwise(call, &inputs(call)?, |e, v| {
        let float = |dtype: DType, x: Val<'c>| match dtype {
            DType::F64 => x,
            _ if !dtype.is_float() => int_to_float(e, dtype, compute, x),
            _ => e.cast("arith.extf", x, e.compute(compute)),
        };
        let difference = match v.get(2) {
            None => float(operand, v[0]),
            Some(&zero) if operand.is_float() => e.subf(float(operand, v[0]), float(operand, zero)),
            Some(&zero) if operand == DType::I32 => e.subf(float(operand, v[0]), float(operand, zero)),
            Some(&zero) => {
                // Of at most 16 bits, so that i32 holds the difference.
                let wide = |x| e.resize(x, e.integer_type(32), operand.kind() == Kind::Signed);
                int_to_float(e, DType::I32, compute, e.subi(wide(v[0]), wide(zero)))
            }
        };
        let product = match scale {
            DType::F64 if compute == DType::F32 => {
                let wide = e.mulf(e.cast("arith.extf", difference, e.storage(DType::F64)), v[1]);
                return convert(e, DType::F64, to, wide, Rounding::DEFAULT);
            }
            _ => e.mulf(difference, float(scale, v[1])),
        };
        if compute == to {
            return store_rounded(e, to, product, Rounding::DEFAULT);
        }
        convert(e, compute, to, product, Rounding::DEFAULT)
    })
}

#[cfg(test)]
mod tests {
    use hwc_dialects::reference::number::{from_floats, from_integers};
    use hwc_dialects::{Attrs, Op, attrs};
    use hwc_runtime::Tensor;

    use super::*;
    use crate::lower::testing::{check, random};

    fn tensor(dtype: DType, shape: &[usize], values: &[f64]) -> Tensor {
        from_floats(dtype, shape, values.iter().copied()).unwrap()
    }

    /// Every value of a type of a byte or less; of a wider type those at the edges of all types, and some between.
    fn telling(dtype: DType) -> Tensor {
        if dtype.size() == 1 {
            let codes: Vec<u8> = match dtype.kind() {
                Kind::Float => (0..1u16 << dtype.bits()).map(|c| c as u8).collect(),
                _ => {
                    let (low, high) = range(dtype);
                    (low..=high).map(|v| v as u8).collect()
                }
            };
            return Tensor::from_bytes(dtype, [codes.len()], codes).unwrap();
        }
        let powers = (0..66).flat_map(|i| [1i128 << i, (1 << i) - 1, (1 << i) + 1]);
        let integers: Vec<i128> = powers.flat_map(|v| [v, -v]).collect();
        if !dtype.is_float() {
            let (low, high) = range(dtype);
            let inside: Vec<i128> = integers.into_iter().filter(|v| (low..=high).contains(v)).collect();
            return from_integers(dtype, &[inside.len()], inside).unwrap();
        }
        let mut values: Vec<f64> = integers.iter().map(|&v| v as f64).collect();
        values.extend((-200..200).map(|i| f64::from(i) / 16.0));
        // Either side of, and on, values halfway between neighbours in the narrow formats, subnormal ones too.
        for exponent in -160..130 {
            for mantissa in 0..32 {
                let v = (1.0 + f64::from(mantissa) / 32.0) * 2f64.powi(exponent);
                values.extend([v, v.next_up(), v.next_down(), -v]);
            }
        }
        values.extend([f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0]);
        from_floats(dtype, &[values.len()], values).unwrap()
    }

    #[test]
    fn every_type_to_every_type() {
        for &from in DType::ALL {
            let x = telling(from);
            for &to in DType::ALL {
                // An i64 becomes f64 in one rounding and a narrower type in a second, which differ in the last place.
                let twice = from.bits() == 64 && !from.is_float() && matches!(to, DType::BF16 | DType::F8E8M0);
                check(Op::Cast, &attrs! { "to" => to }, &[Some(&x)], if twice { 1.0 } else { 0.0 });
            }
        }
    }

    #[test]
    fn values_out_of_range_do_as_asked() {
        for from in [DType::F32, DType::F64, DType::F16, DType::I32] {
            let x = telling(from);
            for &to in DType::ALL.iter().filter(|t| t.is_float() && t.size() == 1) {
                for mode in ["up", "down", "nearest"] {
                    for saturate in [true, false] {
                        let attrs = attrs! { "to" => to, "saturate" => saturate, "round_mode" => mode };
                        if to == DType::F8E8M0 || mode == "up" {
                            check(Op::Cast, &attrs, &[Some(&x)], 0.0);
                        }
                    }
                }
            }
        }
    }

    const QUANTIZED: [DType; 13] = [
        DType::I2,
        DType::U2,
        DType::I4,
        DType::U4,
        DType::I8,
        DType::U8,
        DType::I16,
        DType::U16,
        DType::F8E4M3FN,
        DType::F8E4M3FNUZ,
        DType::F8E5M2,
        DType::F8E5M2FNUZ,
        DType::F4E2M1,
    ];

    fn both(to: DType, attrs: Attrs, x: &Tensor, scale: &Tensor, zero: Option<&Tensor>) {
        let mut quantize = attrs.clone();
        quantize.set("to", to);
        check(Op::QuantizeLinear, &quantize, &[Some(x), Some(scale), zero], 0.0);
        let mut dequantize = attrs;
        dequantize.set("to", DType::F32);
        let q = random(to, x.shape(), 7);
        check(Op::DequantizeLinear, &dequantize, &[Some(&q), Some(scale), zero], 1e-6);
    }

    #[test]
    fn every_quantized_type() {
        let special = [0.0, 2.5, -3.5, 1e10, -1e10, f64::NAN, f64::INFINITY, 0.3, -77.0, 130.0];
        let x = tensor(DType::F32, &[2, 5], &special);
        let scale = tensor(DType::F32, &[], &[0.5]);
        for to in QUANTIZED {
            let zero = tensor(to, &[1], &[if to.is_float() { 0.0 } else { 1.0 }]);
            both(to, attrs! {}, &x, &scale, Some(&zero));
            both(to, attrs! {}, &x, &scale, None);
        }
    }

    #[test]
    fn scales_lie_along_an_axis_or_in_blocks() {
        let x = tensor(DType::F32, &[2, 5], &[0.1, -3.5, 20.0, 1e10, -1e10, 7.0, 8.0, 0.3, -77.0, 130.0]);
        for to in [DType::U8, DType::I4, DType::F8E4M3FN] {
            let zero = |shape: &[usize]| {
                tensor(to, shape, &vec![if to.is_float() { 0.0 } else { 1.0 }; shape.iter().product()])
            };
            let scale = tensor(DType::F32, &[5], &[0.5, 1.0, 2.0, 3.0, 4.0]);
            both(to, attrs! { "axis" => -1i64 }, &x, &scale, Some(&zero(&[5])));
            let scale = tensor(DType::F32, &[2, 3], &[0.5, 1.0, 2.0, 3.0, 4.0, 5.0]);
            both(to, attrs! { "block_size" => 2i64 }, &x, &scale, Some(&zero(&[2, 3])));
            both(to, attrs! { "block_size" => 2i64 }, &x, &scale, None);
        }
    }

    #[test]
    fn quotients_have_the_precision_asked_for() {
        for (operand, scale) in [
            (DType::F16, DType::F16),
            (DType::F16, DType::F32),
            (DType::BF16, DType::F16),
            (DType::F64, DType::F32),
            (DType::I32, DType::F32),
            (DType::F32, DType::F8E8M0),
        ] {
            let (x, s) = (random(operand, &[40], 3), tensor(scale, &[], &[0.0625]));
            for attrs in [attrs! { "to" => DType::I8 }, attrs! { "to" => DType::I8, "precision" => DType::F16 }] {
                check(Op::QuantizeLinear, &attrs, &[Some(&x), Some(&s), None], 0.0);
            }
        }
        let x = tensor(DType::I32, &[2], &[2147483647.0, -5.0]);
        for (scale, to) in [(DType::F32, DType::F32), (DType::F16, DType::F16), (DType::F64, DType::F64)] {
            let s = tensor(scale, &[], &[0.25]);
            check(Op::DequantizeLinear, &attrs! { "to" => to }, &[Some(&x), Some(&s), None], 1e-6);
        }
    }
}
