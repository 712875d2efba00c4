//! Result types of normalizations: the operand's, once everything else fits it.

use super::{Errors, InferCall, Inferred, axis, broadcast};
use crate::types::{Dim, TensorType};

pub fn row_wise(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let mut errors = float(operand);
    errors.extend(axis(call.attrs.int("axis")?, operand.rank()).err());
    same_as(operand, errors)
}

/// Normalization of the dimensions from `axis` on, to which scale and bias broadcast.
pub fn layer(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let mut errors = float(operand);
    match axis(call.attrs.int("axis")?, operand.rank()) {
        Err(message) => errors.push(message),
        Ok(at) => {
            let normalized = &operand.shape[at..];
            for (name, parameter) in [("scale", call.optional(1)), ("bias", call.optional(2))] {
                let Some(parameter) = parameter else { continue };
                errors.extend(float(parameter));
                // Broadcasting must not make the result larger than the operand.
                let fits = broadcast(&[normalized, &parameter.shape]).is_ok_and(|s| {
                    s.len() == normalized.len() && s.iter().zip(normalized).all(|(a, b)| a.compatible(b))
                });
                if !fits {
                    errors.push(format!(
                        "cannot broadcast `{name}` of type {parameter} to axes {at} and on of {operand}"
                    ));
                }
            }
        }
    }
    same_as(operand, errors)
}

pub fn batch(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let mut errors = float(operand);
    // A rank-1 operand has samples only.
    let channels = operand.shape.get(1).cloned().unwrap_or(Dim::Fixed(1));
    for (index, name) in [(1, "scale"), (2, "bias"), (3, "mean"), (4, "variance")] {
        errors.extend(per_channel(name, call.operand(index)?, &channels));
    }
    if operand.rank() == 0 {
        errors.push(format!("needs an operand of rank 1 at least, got {operand}"));
    }
    same_as(operand, errors)
}

pub fn group(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let groups = call.attrs.int("groups")?;
    let mut errors = float(operand);
    match operand.shape.get(1) {
        None => errors.push(format!("needs an operand of rank 2 at least, got {operand}")),
        Some(channels) => {
            for (index, name) in [(1, "scale"), (2, "bias")] {
                errors.extend(per_channel(name, call.operand(index)?, channels));
            }
            match usize::try_from(groups) {
                Ok(g) if g > 0 && channels.fixed().is_none_or(|c| c % g == 0) => {}
                _ => errors.push(format!("cannot divide {channels} channels into {groups} groups")),
            }
        }
    }
    same_as(operand, errors)
}

pub fn local_response(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let mut errors = float(operand);
    if operand.rank() < 2 {
        errors.push(format!("needs an operand of rank 2 at least, got {operand}"));
    }
    let size = call.attrs.int("size")?;
    if size < 1 {
        errors.push(format!("needs a `size` of 1 at least, got {size}"));
    }
    same_as(operand, errors)
}

fn per_channel(name: &str, parameter: &TensorType, channels: &Dim) -> Vec<String> {
    let mut errors = float(parameter);
    if parameter.rank() != 1 || !parameter.shape[0].compatible(channels) {
        errors.push(format!("needs `{name}` with one element for each of {channels} channels, got {parameter}"));
    }
    errors
}

fn float(ty: &TensorType) -> Vec<String> {
    if ty.dtype.is_float() { Vec::new() } else { vec![format!("needs floating-point elements, got {ty}")] }
}

fn same_as(operand: &TensorType, errors: Vec<String>) -> Inferred {
    if errors.is_empty() { Ok(vec![operand.clone()]) } else { Err(Errors(errors)) }
}

#[cfg(test)]
mod tests {
    use hwc_runtime::DType;

    use super::super::infer;
    use super::*;
    use crate::{Op, attrs};

    #[test]
    fn scale_and_bias_must_fit() {
        let x = TensorType::fixed(DType::F32, &[2, 3, 4]);
        let of = |shape: &[usize]| TensorType::fixed(DType::F32, shape);
        let layer = |scale: &TensorType, axis: i64| {
            infer(Op::LayerNormalization, &attrs! { "axis" => axis }, &[Some(&x), Some(scale), None])
        };
        assert_eq!(layer(&of(&[4]), -1).unwrap()[0], x);
        assert_eq!(layer(&of(&[3, 1]), 1).unwrap()[0], x);
        assert!(layer(&of(&[3, 4]), -1).is_err());
        assert!(layer(&of(&[5]), -1).is_err());
        assert!(layer(&of(&[4]), 3).is_err());
    }

    #[test]
    fn everything_wrong_is_reported() {
        let x = TensorType::fixed(DType::I32, &[2, 6]);
        let s = TensorType::fixed(DType::F32, &[5]);
        let errors = infer(Op::GroupNormalization, &attrs! { "groups" => 4i64 }, &[Some(&x), Some(&s), Some(&s)]);
        assert_eq!(errors.unwrap_err().0.len(), 4);
    }

    #[test]
    fn a_rank_1_operand_has_one_channel() {
        let x = TensorType::fixed(DType::F32, &[7]);
        let one = TensorType::fixed(DType::F32, &[1]);
        let all = [Some(&x), Some(&one), Some(&one), Some(&one), Some(&one)];
        assert!(infer(Op::BatchNormalization, &attrs! {}, &all).is_ok());
    }
}
