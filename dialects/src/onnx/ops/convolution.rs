//! Convolutions.

use super::windows::{adding, filter_kernel, sliding};
use super::{Row, row};
use crate::attrs;
use crate::attrs::Attrs;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("Col2Im", 18, col2im),
    row("Conv", 1, |call| conv(call, Op::Conv)),
    row("ConvInteger", 10, |call| conv(call, Op::ConvInteger)),
    row("ConvTranspose", 1, conv_transpose),
    row("DeformConv", 19, deform_conv),
    row("FusedConv", 1, fused_conv).domain("com.microsoft"),
];

/// The sizes of images, behind batch and channels.
pub(super) fn spatial(input: &Value) -> Result<Vec<usize>, Failure> {
    let shape = input.shape()?;
    match shape.get(2..) {
        Some(spatial) if !spatial.is_empty() => Ok(spatial.to_vec()),
        _ => invalid(format!("needs images with spatial dimensions, got shape {shape:?}")),
    }
}

/// The attributes of a convolution.
pub(super) fn convolution(call: &Call, input: &Value, filter: &Value) -> Result<Attrs, Failure> {
    let image = spatial(input)?;
    let kernel = filter_kernel(call, &filter.shape()?)?;
    let mut attrs = sliding(call, &image, &kernel)?;
    attrs.set("group", call.node.int_or("group", 1)?);
    Ok(attrs)
}

fn conv(call: &mut Call, op: Op) -> Outputs {
    let attrs = convolution(call, &call.input(0)?, &call.input(1)?)?;
    call.ops(op, attrs, call.inputs().to_vec())
}

/// A convolution, plus `Z`, through an activation.
fn fused_conv(call: &mut Call) -> Outputs {
    let attrs = convolution(call, &call.input(0)?, &call.input(1)?)?;
    let operands = call.inputs().iter().take(3).cloned().collect();
    let mut result = call.ops(Op::Conv, attrs, operands)?.swap_remove(0);
    if let Some(z) = call.optional(3) {
        result = call.op(Op::Add, attrs! {}, &[&result, &z])?;
    }
    match call.node.text_or("activation", "")? {
        "" => Ok(vec![result]),
        "Relu" => Ok(vec![call.op(Op::Relu, attrs! {}, &[&result])?]),
        other => unsupported(format!("activation `{other}`")),
    }
}

fn conv_transpose(call: &mut Call) -> Outputs {
    let image = spatial(&call.input(0)?)?;
    let kernel = filter_kernel(call, &call.input(1)?.shape()?)?;
    let mut attrs = adding(call, &image, &kernel)?;
    attrs.set("group", call.node.int_or("group", 1)?);
    call.ops(Op::ConvTranspose, attrs, call.inputs().to_vec())
}

fn deform_conv(call: &mut Call) -> Outputs {
    let mut attrs = convolution(call, &call.input(0)?, &call.input(1)?)?;
    attrs.set("offset_group", call.node.int_or("offset_group", 1)?);
    call.ops(Op::DeformConv, attrs, call.inputs().to_vec())
}

fn col2im(call: &mut Call) -> Outputs {
    let mut attrs = Attrs::default();
    for name in ["strides", "dilations", "pads"] {
        attrs.set_some(name, call.node.ints(name)?.map(<[i64]>::to_vec));
    }
    attrs.set("image_shape", call.ints(1, "image_shape")?);
    attrs.set("block_shape", call.ints(2, "block_shape")?);
    Ok(vec![call.op(Op::Col2Im, attrs, &[&call.input(0)?])?])
}
