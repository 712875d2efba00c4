//! Result types of convolutions.

use hwc_runtime::DType;

use super::{Errors, InferCall, Inferred};
use crate::image::{self, Axes};
use crate::types::{Dim, TensorType};
use crate::window::Window;
use crate::winograd;

/// `[N, G*C, D...] * [G*M, C, K...] -> [N, G*M, O...]`
pub fn conv(call: &InferCall) -> Inferred {
    image::infer(call, &[Axes::Image, Axes::Filter], channels_first)
}

fn channels_first(call: &InferCall) -> Inferred {
    let (input, filter) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    if input.dtype != filter.dtype || input.dtype == DType::Bool {
        errors.push(format!("needs an input and a filter of one numeric type, got {input} and {filter}"));
    }
    let shape = match convolved(call, input, filter) {
        Ok(shape) => shape,
        Err(wrong) => {
            errors.extend(wrong.0);
            return Err(Errors(errors));
        }
    };
    if let Some(bias) = call.optional(2) {
        per_channel("bias", bias, input.dtype, &shape[1], &mut errors);
    }
    if errors.is_empty() { Ok(vec![TensorType::new(input.dtype, shape)]) } else { Err(Errors(errors)) }
}

/// `[N, D1, D2, C] * [6, 6, C, F] -> [N, O1, O2, F]`
pub fn winograd_conv(call: &InferCall) -> Inferred {
    let (input, filter) = (call.operand(0)?, call.operand(1)?);
    let ([batch, image @ .., channels], [rows, columns, depth, filters]) = (&input.shape[..], &filter.shape[..]) else {
        return Err(format!("needs an input and a filter of rank 4, got {input} and {filter}").into());
    };
    let mut errors = Vec::new();
    if input.rank() != 4 || input.dtype != DType::F32 || filter.dtype != DType::F32 {
        errors.push(format!("needs an input of rank 4 and a filter, both of f32, got {input} and {filter}"));
    }
    let tile = Dim::Fixed(winograd::TILE);
    if !rows.compatible(&tile) || !columns.compatible(&tile) || !depth.compatible(channels) {
        errors.push(format!("needs a filter of type {tile}x{tile}x{channels}x?, got {filter}"));
    }
    if let Some(bias) = call.optional(2) {
        per_channel("bias", bias, DType::F32, filters, &mut errors);
    }
    let taps = vec![Dim::Fixed(winograd::TAPS); image.len()];
    match slide(call, image, &taps, false) {
        Ok(spatial) if errors.is_empty() => {
            let shape: Vec<Dim> = [batch.clone()].into_iter().chain(spatial).chain([filters.clone()]).collect();
            return Ok(vec![TensorType::new(DType::F32, shape)]);
        }
        Ok(_) => {}
        Err(wrong) => errors.extend(wrong.0),
    }
    Err(Errors(errors))
}

/// As [`conv`], of 8-bit integers with zero points, in i32.
pub fn conv_integer(call: &InferCall) -> Inferred {
    let (input, filter) = (call.operand(0)?, call.operand(1)?);
    let mut errors = Vec::new();
    for operand in [input, filter] {
        if !matches!(operand.dtype, DType::I8 | DType::U8) {
            errors.push(format!("needs operands of 8-bit integers, got {operand}"));
        }
    }
    let shape = match convolved(call, input, filter) {
        Ok(shape) => shape,
        Err(wrong) => {
            errors.extend(wrong.0);
            return Err(Errors(errors));
        }
    };
    if let Some(zero) = call.optional(2)
        && (zero.dtype != input.dtype || zero.rank() > 1 || !zero.shape.iter().all(|d| d.compatible(&Dim::Fixed(1))))
    {
        errors.push(format!("needs one zero point of the type of the input {input}, got {zero}"));
    }
    if let Some(zero) = call.optional(3) {
        let one = zero.elements() == Some(1) && zero.rank() <= 1 && zero.dtype == filter.dtype;
        if !one {
            per_channel("filter_zero", zero, filter.dtype, &shape[1], &mut errors);
        }
    }
    if errors.is_empty() { Ok(vec![TensorType::new(DType::I32, shape)]) } else { Err(Errors(errors)) }
}

/// Checks an operand that has one value a channel.
pub(super) fn per_channel(name: &str, operand: &TensorType, dtype: DType, channels: &Dim, errors: &mut Vec<String>) {
    let fits = matches!(operand.shape.as_slice(), [n] if n.compatible(channels));
    if !fits || operand.dtype != dtype {
        errors.push(format!("needs a `{name}` of type {channels}x{}, got {operand}", dtype.mlir()));
    }
}

/// Checks ranks and channels; the number of channels of the result.
pub(super) fn channels(call: &InferCall, input: &TensorType, filter: &TensorType) -> Result<(usize, Dim), Errors> {
    if input.rank() < 3 || filter.rank() != input.rank() {
        let wants = "an input and a filter of one rank, 3 at least";
        return Err(format!("needs {wants}, got {input} and {filter}").into());
    }
    let mut errors = Vec::new();
    let group = call.attrs.int("group")?;
    let group = usize::try_from(group).ok().filter(|g| (1..1 << 31).contains(g)).unwrap_or_else(|| {
        errors.push(format!("needs a positive `group`, got {group}"));
        1
    });
    let per_group = filter.shape[1].fixed();
    if let (Some(channels), Some(per_group)) = (input.shape[1].fixed(), per_group)
        && per_group.checked_mul(group) != Some(channels)
    {
        errors.push(format!("has an input of {channels} channels, but a filter for {group} groups of {per_group}"));
    }
    if let Some(outputs) = filter.shape[0].fixed()
        && outputs % group != 0
    {
        errors.push(format!("has {outputs} filters, which cannot be divided into {group} groups"));
    }
    if errors.is_empty() { Ok((group, filter.shape[0].clone())) } else { Err(Errors(errors)) }
}

/// Shape of the result of a convolution.
pub(super) fn convolved(call: &InferCall, input: &TensorType, filter: &TensorType) -> Result<Vec<Dim>, Errors> {
    let (_, outputs) = channels(call, input, filter)?;
    let mut shape = vec![input.shape[0].clone(), outputs];
    shape.extend(slide(call, &input.shape[2..], &filter.shape[2..], false)?);
    Ok(shape)
}

/// The spatial dimensions of the result of windows that slide over an image.
pub(super) fn slide(call: &InferCall, image: &[Dim], kernel: &[Dim], ceil: bool) -> Result<Vec<Dim>, Errors> {
    let known: Vec<usize> = kernel.iter().map(|k| k.fixed().unwrap_or(1)).collect();
    let windows = Window::with_kernel(call.attrs, &known)?;
    let mut errors = Vec::new();
    let mut shape = Vec::new();
    for ((dim, kernel), window) in image.iter().zip(kernel).zip(&windows) {
        shape.push(match kernel {
            Dim::Fixed(_) => window.output_dim(dim, ceil).unwrap_or_else(|error| {
                errors.push(error);
                Dim::Unknown
            }),
            _ => Dim::Unknown,
        });
    }
    if errors.is_empty() { Ok(shape) } else { Err(Errors(errors)) }
}
