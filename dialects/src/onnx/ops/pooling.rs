//! Pooling, unpooling and pooling of regions.

use super::convolution::spatial;
use super::windows::sliding;
use super::{Row, row};
use crate::attrs;
use crate::attrs::Attrs;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;
use crate::window::Window;

pub const OPS: &[Row] = &[
    row("AveragePool", 7, average_pool),
    row("GlobalAveragePool", 1, |call| global(call, Op::ReduceMean)),
    row("GlobalLpPool", 2, global_lp_pool),
    row("GlobalMaxPool", 1, |call| global(call, Op::ReduceMax)),
    row("LpPool", 2, lp_pool),
    row("MaxPool", 1, max_pool),
    row("MaxRoiPool", 1, max_roi_pool),
    row("MaxUnpool", 9, max_unpool),
    row("RoiAlign", 10, |call| roi_align(call, "output_half_pixel")).until(15),
    row("RoiAlign", 16, |call| roi_align(call, "half_pixel")),
];

/// The attributes of windows over the first input.
fn pool(call: &Call) -> Result<Attrs, Failure> {
    let image = spatial(&call.input(0)?)?;
    let Some(kernel) = call.node.ints("kernel_shape")? else { return invalid("attribute `kernel_shape` is missing") };
    let sizes: Option<Vec<usize>> = kernel.iter().map(|&n| usize::try_from(n).ok()).collect();
    let Some(sizes) = sizes else { return invalid(format!("attribute `kernel_shape` must not be {kernel:?}")) };
    let mut attrs = sliding(call, &image, &sizes)?;
    attrs.set("kernel", kernel.to_vec());
    Ok(attrs)
}

fn max_pool(call: &mut Call) -> Outputs {
    let (mut attrs, input) = (pool(call)?, call.input(0)?);
    if call.output_count() < 2 {
        return Ok(vec![call.op(Op::MaxPool, attrs, &[&input])?]);
    }
    attrs.set("column_major", call.node.flag_or("storage_order", false)?);
    call.ops(Op::MaxPoolWithIndices, attrs, vec![Some(input)])
}

fn average_pool(call: &mut Call) -> Outputs {
    let mut attrs = pool(call)?;
    attrs.set("count_include_pad", call.node.flag_or("count_include_pad", false)?);
    Ok(vec![call.op(Op::AveragePool, attrs, &[&call.input(0)?])?])
}

fn lp_pool(call: &mut Call) -> Outputs {
    let mut attrs = pool(call)?;
    attrs.set("p", call.node.int_or("p", 2)?);
    Ok(vec![call.op(Op::LpPool, attrs, &[&call.input(0)?])?])
}

/// A reduction over all spatial dimensions.
fn global(call: &mut Call, op: Op) -> Outputs {
    let input = call.input(0)?;
    let axes: Vec<i64> = (2..2 + spatial(&input)?.len() as i64).collect();
    Ok(vec![call.op(op, attrs! { "axes" => axes, "keepdims" => true }, &[&input])?])
}

fn global_lp_pool(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let kernel: Vec<i64> = spatial(&input)?.into_iter().map(|n| n as i64).collect();
    let attrs = attrs! { "kernel" => kernel, "p" => call.node.int_or("p", 2)? };
    Ok(vec![call.op(Op::LpPool, attrs, &[&input])?])
}

/// Indices count through an image of the size that undoes the windows; a larger one that is asked for is filled up.
fn max_unpool(call: &mut Call) -> Outputs {
    let (input, indices) = (call.input(0)?, call.input(1)?);
    let mut attrs = pool(call)?;
    for name in ["strides", "dilations", "pads"] {
        if attrs.get(name).is_none() {
            attrs.set(name, Vec::<i64>::new());
        }
    }
    let windows = Window::with_kernel(&attrs, &attrs.sizes("kernel")?)?;
    let mut shape = input.shape()?;
    for (size, window) in shape[2..].iter_mut().zip(&windows) {
        *size = window.transposed_outputs(*size, 0)?;
    }
    let shape: Vec<i64> = shape.into_iter().map(|n| n as i64).collect();
    let result = call.op(Op::MaxUnpool, attrs! { "shape" => shape.clone() }, &[&input, &indices])?;
    let Some(wanted) = call.optional_ints(2, "output_shape")? else { return Ok(vec![result]) };
    if wanted == shape {
        return Ok(vec![result]);
    }
    if wanted.len() != shape.len() || wanted.iter().zip(&shape).any(|(w, s)| w < s) {
        return invalid(format!("`output_shape` is {wanted:?}, smaller than {shape:?}"));
    }
    let high: Vec<i64> = wanted.iter().zip(&shape).map(|(w, s)| w - s).collect();
    Ok(vec![call.op(Op::Pad, attrs! { "low" => vec![0i64; high.len()], "high" => high }, &[&result])?])
}

fn roi_align(call: &mut Call, default: &str) -> Outputs {
    let half_pixel = match call.node.text_or("coordinate_transformation_mode", default)? {
        "half_pixel" => true,
        "output_half_pixel" => false,
        other => return invalid(format!("attribute `coordinate_transformation_mode` must not be `{other}`")),
    };
    let attrs = attrs! {
        "output_height" => call.node.int_or("output_height", 1)?,
        "output_width" => call.node.int_or("output_width", 1)?,
        "sampling_ratio" => call.node.int_or("sampling_ratio", 0)?,
        "spatial_scale" => f64::from(call.node.float_or("spatial_scale", 1.0)?),
        "half_pixel" => half_pixel,
        "mode" => call.node.text_or("mode", "avg")?,
    };
    call.ops(Op::RoiAlign, attrs, call.inputs().to_vec())
}

fn max_roi_pool(call: &mut Call) -> Outputs {
    let Some(&[height, width]) = call.node.ints("pooled_shape")? else {
        return invalid("attribute `pooled_shape` must be two sizes");
    };
    let attrs = attrs! {
        "output_height" => height, "output_width" => width,
        "spatial_scale" => f64::from(call.node.float_or("spatial_scale", 1.0)?),
    };
    call.ops(Op::MaxRoiPool, attrs, call.inputs().to_vec())
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    #[test]
    fn indices_are_a_second_output() {
        let x = Tensor::from_vec(vec![1, 1, 2, 3], vec![1f32, 6.0, 2.0, 5.0, 3.0, 4.0]).expect("data fits the shape");
        let attributes = [ints("kernel_shape", &[2, 2]), int("storage_order", 1)];
        let both =
            run_node(with(node("MaxPool", &["0"], &["y", "i"]), attributes.clone()), 12, std::slice::from_ref(&x));
        assert_eq!(both[0].to_vec::<f32>(), Ok(vec![6.0, 6.0]));
        assert_eq!(both[1].to_vec::<i64>(), Ok(vec![2, 2]));
        assert_eq!(run_node(with(node("MaxPool", &["0"], &["y"]), attributes), 12, &[x]), both[..1]);
    }

    #[test]
    fn global_pools_keep_their_dimensions() {
        let x = Tensor::from_vec(vec![1, 2, 2], vec![3f32, 4.0, 6.0, 8.0]).expect("data fits the shape");
        for (name, expected) in
            [("GlobalAveragePool", [3.5f32, 7.0]), ("GlobalMaxPool", [4.0, 8.0]), ("GlobalLpPool", [5.0, 10.0])]
        {
            let y = run_node(node(name, &["0"], &["y"]), 13, std::slice::from_ref(&x));
            assert_eq!(y[0], Tensor::from_vec(vec![1, 2, 1], expected.to_vec()).expect("data fits the shape"));
        }
    }

    #[test]
    fn unpooling_fills_up_to_the_shape() {
        let x = Tensor::from_vec(vec![1, 1, 2], vec![5f32, 7.0]).expect("data fits the shape");
        let indices = Tensor::from_vec(vec![1, 1, 2], vec![1i64, 2]).expect("data fits the shape");
        let shape = Tensor::from_vec(vec![3], vec![1i64, 1, 6]).expect("data fits the shape");
        let pool =
            || with(node("MaxUnpool", &["x", "i", "s"], &["y"]), [ints("kernel_shape", &[2]), ints("strides", &[2])]);
        let mut graph = graph([], [untyped("y")], [pool()]);
        graph.initializer = vec![constant("x", &x), constant("i", &indices), constant("s", &shape)];
        let y = run(model(graph), &[]);
        assert_eq!(y[0].to_vec::<f32>(), Ok(vec![0.0, 5.0, 7.0, 0.0, 0.0, 0.0]));
    }

    #[test]
    fn regions_are_shifted_by_version() {
        let x = Tensor::from_vec(vec![1, 1, 1, 4], vec![0f32, 1.0, 2.0, 3.0]).expect("data fits the shape");
        let rois = Tensor::from_vec(vec![1, 4], vec![1f32, 0.0, 2.0, 1.0]).expect("data fits the shape");
        let batch = Tensor::from_vec(vec![1], vec![0i64]).expect("data fits the shape");
        let align = |version| {
            let node = with(node("RoiAlign", &["0", "1", "2"], &["y"]), [int("sampling_ratio", 1)]);
            run_node(node, version, &[x.clone(), rois.clone(), batch.clone()])[0].to_vec::<f32>()
        };
        assert_eq!(align(10), Ok(vec![1.5]));
        assert_eq!(align(16), Ok(vec![1.0]));
    }
}
