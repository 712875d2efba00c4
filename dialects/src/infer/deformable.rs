//! Result types of deformable convolutions.

use super::convolution::{convolved, per_channel};
use super::{Errors, InferCall, Inferred};
use crate::types::{Dim, TensorType};

/// As a convolution in two spatial dimensions.
pub fn deform_conv(call: &InferCall) -> Inferred {
    let (input, filter, offset) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    let mut errors = Vec::new();
    if !input.dtype.is_float() || input.dtype != filter.dtype || input.dtype != offset.dtype {
        let types = format!("{input}, {filter} and {offset}");
        errors.push(format!("needs input, filter and offset of one floating-point type, got {types}"));
    }
    if input.rank() != 4 {
        errors.push(format!("needs an input with two spatial dimensions, got {input}"));
        return Err(Errors(errors));
    }
    let shape = match convolved(call, input, filter) {
        Ok(shape) => shape,
        Err(wrong) => {
            errors.extend(wrong.0);
            return Err(Errors(errors));
        }
    };
    let groups = call.attrs.int("offset_group")?;
    let groups = usize::try_from(groups).ok().filter(|g| (1..1 << 31).contains(g)).unwrap_or_else(|| {
        errors.push(format!("needs a positive `offset_group`, got {groups}"));
        1
    });
    if let Some(channels) = input.shape[1].fixed()
        && channels % groups != 0
    {
        errors.push(format!("has {channels} channels, which cannot be divided into {groups} offset groups"));
    }
    let taps =
        filter.shape[2].fixed().zip(filter.shape[3].fixed()).and_then(|(a, b)| a.checked_mul(b)?.checked_mul(groups));
    let values = |each: usize| taps.and_then(|t| t.checked_mul(each)).map_or(Dim::Unknown, Dim::Fixed);
    let expect = |each: usize| {
        let dims = [shape[0].clone(), values(each), shape[2].clone(), shape[3].clone()];
        TensorType::new(input.dtype, dims.to_vec())
    };
    if !expect(2).compatible(offset) && offset.dtype == input.dtype {
        errors.push(format!("needs an `offset` of type {}, got {offset}", expect(2)));
    }
    if let Some(bias) = call.optional(3) {
        per_channel("bias", bias, input.dtype, &shape[1], &mut errors);
    }
    if let Some(mask) = call.optional(4)
        && !expect(1).compatible(mask)
    {
        errors.push(format!("needs a `mask` of type {}, got {mask}", expect(1)));
    }
    if errors.is_empty() { Ok(vec![TensorType::new(input.dtype, shape)]) } else { Err(Errors(errors)) }
}
