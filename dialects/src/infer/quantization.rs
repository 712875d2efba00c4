//! Result types of conversions between element types.

use hwc_runtime::{DType, dtype::Kind};

use super::{Errors, InferCall, Inferred, axis};
use crate::attrs::{Attr, Attrs};
use crate::reference::format::ScaleRounding;
use crate::types::{Dim, TensorType};

/// Any type to any type.
pub fn cast(call: &InferCall) -> Inferred {
    let (operand, to, mode) = (call.operand(0)?, call.attrs.dtype("to")?, call.attrs.str("round_mode")?);
    if ScaleRounding::from_name(mode).is_none() {
        return Err(format!("has `round_mode` = \"{mode}\", which is none of \"up\", \"down\" and \"nearest\"").into());
    }
    Ok(vec![operand.with_dtype(to)])
}

/// How a scale is spread over the elements of a tensor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// One scale for all.
    Tensor,
    /// One scale for each index of an axis.
    Axis(usize),
    /// One scale for each block of consecutive indices of an axis.
    Block { axis: usize, size: usize },
}

impl Granularity {
    /// From the shapes of the operand and the scale and the attributes `axis` and `block_size`. An error says what does not fit.
    pub fn of(operand: &TensorType, scale: &TensorType, attrs: &Attrs) -> Result<Granularity, String> {
        if scale.shape.iter().all(|d| *d == Dim::Fixed(1)) && scale.rank() <= 1 {
            return Ok(Granularity::Tensor);
        }
        let (index, size) = (axis(attrs.int("axis")?, operand.rank())?, attrs.int("block_size")?);
        let size = usize::try_from(size).map_err(|_| format!("has `block_size` = {size}, which is negative"))?;
        if size == 0 {
            let fits = matches!(&scale.shape[..], [n] if n.compatible(&operand.shape[index]));
            return if fits {
                Ok(Granularity::Axis(index))
            } else {
                Err(format!(
                    "has a scale {scale} that is neither of one element nor one per index of axis {index} of {operand}"
                ))
            };
        }
        let blocks = |n: &Dim| n.fixed().map_or(Dim::Unknown, |n| Dim::Fixed(n.div_ceil(size)));
        let fits = scale.rank() == operand.rank()
            && (0..operand.rank()).all(|i| {
                let expected = if i == index { blocks(&operand.shape[i]) } else { operand.shape[i].clone() };
                scale.shape[i].compatible(&expected)
            });
        if fits {
            Ok(Granularity::Block { axis: index, size })
        } else {
            Err(format!("has a scale {scale} that is not one per {size} indices of axis {index} of {operand}"))
        }
    }
}

/// The types whose arithmetic a quotient or a product can be computed in.
fn is_wide_float(dtype: DType) -> bool {
    dtype.is_float() && dtype.size() > 1
}

/// What both directions check: the scale's type and shape, the zero point's shape.
fn common(call: &InferCall, operand: &TensorType, errors: &mut Vec<String>) -> Result<(), Errors> {
    let scale = call.operand(1)?;
    if !(is_wide_float(scale.dtype) || scale.dtype == DType::F8E8M0 || scale.dtype == DType::I32) {
        errors.push(format!("needs a scale of f16, bf16, f32, f64, f8E8M0FNU or i32, got {scale}"));
    }
    if let Err(error) = Granularity::of(operand, scale, call.attrs) {
        errors.push(error);
    }
    if let Some(zero) = call.optional(2) {
        // A scale of rank 0 and a zero point of shape [1] mean the same.
        let single = |t: &TensorType| t.rank() <= 1 && t.shape.iter().all(|d| *d == Dim::Fixed(1));
        let same = zero.with_dtype(scale.dtype).compatible(scale) || (single(zero) && single(scale));
        if !same {
            errors.push(format!("has a zero point {zero} and a scale {scale} of different shapes"));
        }
    }
    Ok(())
}

pub fn quantize_linear(call: &InferCall) -> Inferred {
    let (operand, to) = (call.operand(0)?, call.attrs.dtype("to")?);
    let mut errors = Vec::new();
    if !(is_wide_float(operand.dtype) || operand.dtype == DType::I32) {
        errors.push(format!("needs an operand of f16, bf16, f32, f64 or i32, got {operand}"));
    }
    if to.size() > 2 || to.kind() == Kind::Bool || is_wide_float(to) || to == DType::F8E8M0 {
        errors.push(format!("cannot quantize to {}", to.mlir()));
    }
    if let Some(zero) = call.optional(2)
        && zero.dtype != to
    {
        errors.push(format!("needs a zero point of the type of the result, {}, got {zero}", to.mlir()));
    }
    if let Some(Attr::Type(precision)) = call.attrs.get("precision")
        && !is_wide_float(*precision)
    {
        errors.push(format!("cannot divide in {}", precision.mlir()));
    }
    common(call, operand, &mut errors)?;
    if errors.is_empty() { Ok(vec![operand.with_dtype(to)]) } else { Err(Errors(errors)) }
}

pub fn dequantize_linear(call: &InferCall) -> Inferred {
    let (operand, to) = (call.operand(0)?, call.attrs.dtype("to")?);
    let mut errors = Vec::new();
    let quantized = match operand.dtype {
        DType::Bool | DType::F8E8M0 => false,
        DType::I32 => true,
        other => other.size() <= 2 && !is_wide_float(other),
    };
    if !quantized {
        errors.push(format!("cannot dequantize {operand}"));
    }
    if !is_wide_float(to) {
        errors.push(format!("cannot dequantize to {}", to.mlir()));
    }
    if let Some(zero) = call.optional(2)
        && zero.dtype != operand.dtype
    {
        errors.push(format!("needs a zero point of the operand's type, {}, got {zero}", operand.dtype.mlir()));
    }
    common(call, operand, &mut errors)?;
    if errors.is_empty() { Ok(vec![operand.with_dtype(to)]) } else { Err(Errors(errors)) }
}

/// The type in which the quotient of a quantization is computed.
pub fn precision(operand: DType, scale: DType, attrs: &Attrs) -> DType {
    if let Some(Attr::Type(precision)) = attrs.get("precision") {
        return *precision;
    }
    match (is_wide_float(operand), is_wide_float(scale)) {
        (true, true) if operand == scale => operand,
        // f16 and bf16 have only f32 above them.
        (true, true) if operand.size() == scale.size() => DType::F32,
        (true, true) => {
            if operand.size() > scale.size() {
                operand
            } else {
                scale
            }
        }
        (true, false) => operand,
        (false, true) => scale,
        (false, false) => DType::F32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::infer::infer;
    use crate::op::Op;

    fn ty(dtype: DType, shape: &[usize]) -> TensorType {
        TensorType::fixed(dtype, shape)
    }

    fn quantize(attrs: Attrs, x: &TensorType, scale: &TensorType, zero: Option<&TensorType>) -> Inferred {
        infer(Op::QuantizeLinear, &attrs, &[Some(x), Some(scale), zero])
    }

    #[test]
    fn granularities() {
        let x = ty(DType::F32, &[2, 6, 3]);
        let of = |attrs: Attrs, scale: &[usize]| {
            Granularity::of(&x, &ty(DType::F32, scale), &attrs.complete(Op::DequantizeLinear).unwrap())
        };
        let to = DType::F32;
        assert_eq!(of(attrs! { "to" => to }, &[]), Ok(Granularity::Tensor));
        assert_eq!(of(attrs! { "to" => to, "axis" => 7i64 }, &[1]), Ok(Granularity::Tensor));
        assert_eq!(of(attrs! { "to" => to, "axis" => -1i64 }, &[3]), Ok(Granularity::Axis(2)));
        let blocks = attrs! { "to" => to, "block_size" => 4i64 };
        assert_eq!(of(blocks.clone(), &[2, 2, 3]), Ok(Granularity::Block { axis: 1, size: 4 }));
        assert!(of(blocks, &[2, 3, 3]).is_err());
        assert!(of(attrs! { "to" => to }, &[3]).is_err());
        assert!(of(attrs! { "to" => to, "axis" => 3i64 }, &[3]).is_err());
        assert!(of(attrs! { "to" => to, "block_size" => -2i64 }, &[2, 3, 3]).is_err());
    }

    #[test]
    fn everything_wrong_is_said() {
        let (x, scale, zero) = (ty(DType::I8, &[4]), ty(DType::Bool, &[3]), ty(DType::U8, &[2]));
        let attrs = attrs! { "to" => DType::F32, "precision" => DType::U8, "axis" => 0i64 };
        let errors = quantize(attrs, &x, &scale, Some(&zero)).unwrap_err();
        assert_eq!(errors.0.len(), 7, "{errors}");
        let errors = infer(Op::DequantizeLinear, &attrs! { "to" => DType::U8 }, &[Some(&scale), Some(&x), Some(&x)]);
        assert_eq!(errors.clone().unwrap_err().0.len(), 5, "{errors:?}");
    }

    #[test]
    fn quotients_are_computed_in_the_wider_type() {
        let attrs = attrs! { "to" => DType::U8 };
        assert_eq!(precision(DType::F16, DType::F16, &attrs), DType::F16);
        assert_eq!(precision(DType::F16, DType::BF16, &attrs), DType::F32);
        assert_eq!(precision(DType::F16, DType::F32, &attrs), DType::F32);
        assert_eq!(precision(DType::F32, DType::F8E8M0, &attrs), DType::F32);
        assert_eq!(precision(DType::I32, DType::I32, &attrs), DType::F32);
        assert_eq!(precision(DType::F32, DType::F32, &attrs! { "precision" => DType::F64 }), DType::F64);
    }

    #[test]
    fn casts_keep_the_shape() {
        let x = TensorType::new(DType::F32, [Dim::Symbol("n".into())]);
        let result = infer(Op::Cast, &attrs! { "to" => DType::I2 }, &[Some(&x)]);
        assert_eq!(result, Ok(vec![x.with_dtype(DType::I2)]));
        assert!(infer(Op::Cast, &attrs! { "to" => DType::I2, "round_mode" => "odd" }, &[Some(&x)]).is_err());
    }
}
