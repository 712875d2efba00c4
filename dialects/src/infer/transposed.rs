//! Result types of operators that add windows into an image.

use hwc_runtime::DType;

use super::convolution::per_channel;
use super::{Errors, InferCall, Inferred};
use crate::image::{self, Axes};
use crate::types::{Dim, TensorType};
use crate::window::Window;

/// `[N, G*C, D...] * [G*C, M, K...] -> [N, G*M, O...]`
pub fn conv_transpose(call: &InferCall) -> Inferred {
    image::infer(call, &[Axes::Image, Axes::TransposedFilter], channels_first)
}

fn channels_first(call: &InferCall) -> Inferred {
    let (input, filter) = (call.operand(0)?, call.operand(1)?);
    if input.rank() < 3 || filter.rank() != input.rank() {
        let wants = "an input and a filter of one rank, 3 at least";
        return Err(format!("needs {wants}, got {input} and {filter}").into());
    }
    let mut errors = Vec::new();
    if input.dtype != filter.dtype || input.dtype == DType::Bool {
        errors.push(format!("needs an input and a filter of one numeric type, got {input} and {filter}"));
    }
    if !input.shape[1].compatible(&filter.shape[0]) {
        errors.push(format!("has an input of {} channels, but {} filters", input.shape[1], filter.shape[0]));
    }
    let group = call.attrs.int("group")?;
    let group = usize::try_from(group).ok().filter(|g| (1..1 << 31).contains(g)).unwrap_or_else(|| {
        errors.push(format!("needs a positive `group`, got {group}"));
        1
    });
    if let Some(channels) = filter.shape[0].fixed()
        && channels % group != 0
    {
        errors.push(format!("has {channels} channels, which cannot be divided into {group} groups"));
    }
    let outputs = match &filter.shape[1] {
        Dim::Fixed(n) => n.checked_mul(group).map_or(Dim::Unknown, Dim::Fixed),
        dim if group == 1 => dim.clone(),
        _ => Dim::Unknown,
    };
    if let Some(bias) = call.optional(2) {
        per_channel("bias", bias, input.dtype, &outputs, &mut errors);
    }
    let mut shape = vec![input.shape[0].clone(), outputs];
    match added(call, &input.shape[2..], &filter.shape[2..]) {
        Ok(spatial) => shape.extend(spatial),
        Err(wrong) => errors.extend(wrong.0),
    }
    if errors.is_empty() { Ok(vec![TensorType::new(input.dtype, shape)]) } else { Err(Errors(errors)) }
}

fn added(call: &InferCall, image: &[Dim], kernel: &[Dim]) -> Result<Vec<Dim>, Errors> {
    let known: Vec<usize> = kernel.iter().map(|k| k.fixed().unwrap_or(1)).collect();
    let windows = Window::with_kernel(call.attrs, &known)?;
    let appended = output_padding(call.attrs.sizes("output_padding")?, windows.len())?;
    let mut errors = Vec::new();
    let mut shape = Vec::new();
    for (((dim, kernel), window), appended) in image.iter().zip(kernel).zip(&windows).zip(appended) {
        shape.push(match (dim, kernel) {
            (Dim::Fixed(n), Dim::Fixed(_)) => window.transposed_outputs(*n, appended).map_or_else(
                |error| {
                    errors.push(error);
                    Dim::Unknown
                },
                Dim::Fixed,
            ),
            _ => Dim::Unknown,
        });
    }
    if errors.is_empty() { Ok(shape) } else { Err(Errors(errors)) }
}

/// The attribute `output_padding` with its default filled in.
fn output_padding(given: Vec<usize>, spatial: usize) -> Result<Vec<usize>, String> {
    match given.len() {
        0 => Ok(vec![0; spatial]),
        n if n == spatial => Ok(given),
        n => Err(format!("attribute `output_padding` needs {spatial} elements, got {n}")),
    }
}

/// `[N, C * prod(block), L] -> [N, C, image...]`
pub fn col2im(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let (image, block) = (call.attrs.sizes("image_shape")?, call.attrs.sizes("block_shape")?);
    let [batch, rows, columns] = operand.shape.as_slice() else {
        return Err(format!("needs an operand of rank 3, got {operand}").into());
    };
    if image.len() != block.len() || image.is_empty() || operand.dtype == DType::Bool {
        let (i, b) = (image.len(), block.len());
        return Err(format!("needs sizes of image and block for each dimension, got {i} and {b}, and numbers").into());
    }
    let windows = Window::with_kernel(call.attrs, &block)?;
    let mut errors = Vec::new();
    let mut positions = Some(1usize);
    for (window, &size) in windows.iter().zip(&image) {
        match window.outputs(size, false) {
            Ok(n) => positions = positions.and_then(|p| p.checked_mul(n)),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() && positions.is_none_or(|p| !columns.compatible(&Dim::Fixed(p))) {
        let positions = positions.map_or("too many".to_string(), |p| p.to_string());
        errors.push(format!("has {columns} columns in {operand}, but {positions} positions of the block in the image"));
    }
    let size = block.iter().try_fold(1usize, |n, &b| n.checked_mul(b));
    let channels = match (rows, size) {
        (Dim::Fixed(rows), Some(size)) if rows % size == 0 => Dim::Fixed(rows / size),
        (Dim::Fixed(rows), _) => {
            errors.push(format!("has {rows} rows in {operand}, which is no multiple of the block's size"));
            Dim::Unknown
        }
        _ => Dim::Unknown,
    };
    let mut shape = vec![batch.clone(), channels];
    shape.extend(image.into_iter().map(Dim::Fixed));
    if errors.is_empty() { Ok(vec![TensorType::new(operand.dtype, shape)]) } else { Err(Errors(errors)) }
}
