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

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    fn ones(shape: &[usize]) -> Tensor {
        Tensor::from_vec(shape, vec![1f32; shape.iter().product()]).expect("data fits the shape")
    }

    fn conv(attributes: Vec<crate::onnx::proto::AttributeProto>, x: &[usize], w: &[usize]) -> Tensor {
        run_node(with(node("Conv", &["0", "1"], &["y"]), attributes), 11, &[ones(x), ones(w)]).swap_remove(0)
    }

    #[test]
    fn padding_is_worked_out() {
        let elements = |y: Tensor| y.to_vec::<f32>();
        let same = |mode| vec![text("auto_pad", mode), ints("strides", &[2])];
        // Two windows of four over three elements: one of three padding elements is left for the other end.
        assert_eq!(elements(conv(same("SAME_UPPER"), &[1, 1, 3], &[1, 1, 4])), Ok(vec![3.0, 2.0]));
        assert_eq!(elements(conv(same("SAME_LOWER"), &[1, 1, 3], &[1, 1, 4])), Ok(vec![2.0, 3.0]));
        assert_eq!(elements(conv(same("VALID"), &[1, 1, 5], &[1, 1, 4])), Ok(vec![4.0]));
        assert_eq!(elements(conv(vec![ints("pads", &[1, 0])], &[1, 1, 3], &[1, 1, 2])), Ok(vec![1.0, 2.0, 2.0]));
    }

    #[test]
    fn contradictions_are_refused() {
        for attributes in [
            vec![text("auto_pad", "SAME_UPPER"), ints("pads", &[1, 1])],
            vec![ints("kernel_shape", &[3])],
            vec![text("auto_pad", "SAME")],
        ] {
            let node = with(node("Conv", &["x", "w"], &["y"]), attributes);
            let graph = graph([value("x", "1,1,5"), value("w", "1,1,2")], [untyped("y")], [node]);
            assert!(try_import(model(graph), &Default::default()).is_err());
        }
    }

    #[test]
    fn a_shape_that_is_asked_for_is_reached() {
        let transposed = |attributes: Vec<_>| {
            let node = with(node("ConvTranspose", &["0", "1"], &["y"]), attributes);
            run_node(node, 11, &[ones(&[1, 1, 3]), ones(&[1, 1, 3])]).swap_remove(0).to_vec::<f32>()
        };
        // In full: 1 1 2 1 2 1 1. What is too much is cut off at both ends, what is missing is appended.
        let shape = |n| vec![ints("strides", &[2]), ints("output_shape", &[n])];
        assert_eq!(transposed(shape(7)), Ok(vec![1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0]));
        assert_eq!(transposed(shape(4)), Ok(vec![2.0, 1.0, 2.0, 1.0]));
        assert_eq!(transposed(shape(8)), Ok(vec![1.0, 1.0, 2.0, 1.0, 2.0, 1.0, 1.0, 0.0]));
        let same = |mode| vec![ints("strides", &[2]), text("auto_pad", mode)];
        assert_eq!(transposed(same("SAME_UPPER")), Ok(vec![1.0, 1.0, 2.0, 1.0, 2.0, 1.0]));
        assert_eq!(transposed(same("SAME_LOWER")), Ok(vec![1.0, 2.0, 1.0, 2.0, 1.0, 1.0]));
    }
}
