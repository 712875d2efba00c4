//! Normalizations. What an operator of the dialect does not give out (means, deviations) is computed beside it.

use hwc_runtime::DType;

use super::{Row, row};
use crate::attrs;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs, dtype_from_number};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("Softmax", 1, |call| flattened(call, Op::Softmax)).until(12),
    row("Softmax", 13, |call| call.direct(Op::Softmax)),
    row("LogSoftmax", 1, |call| flattened(call, Op::LogSoftmax)).until(12),
    row("LogSoftmax", 13, |call| call.direct(Op::LogSoftmax)),
    row("Hardmax", 1, |call| flattened(call, Op::Hardmax)).until(12),
    row("Hardmax", 13, |call| call.direct(Op::Hardmax)),
    row("LayerNormalization", 1, layer),
    row("RMSNormalization", 23, rms),
    row("BatchNormalization", 7, batch),
    row("InstanceNormalization", 6, instance),
    row("GroupNormalization", 18, group),
    row("LpNormalization", 1, lp),
    row("MeanVarianceNormalization", 9, mean_variance),
    row("LRN", 1, |call| call.direct(Op::LocalResponseNormalization)),
];

/// Before version 13 these operators work on a matrix: all dimensions from `axis` on are one.
fn flattened(call: &mut Call, op: Op) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    // An axis just behind the last dimension leaves rows of one element.
    let at = match call.node.int_or("axis", 1)? {
        axis if axis == shape.len() as i64 => shape.len(),
        _ => call.axis(1, shape.len())?,
    };
    let matrix = call.reshape(&input, &[shape[..at].iter().product(), shape[at..].iter().product()])?;
    let rows = call.op(op, attrs! { "axis" => 1i64 }, &[&matrix])?;
    Ok(vec![call.reshape(&rows, &shape)?])
}

fn epsilon(call: &Call) -> Result<f64, Failure> {
    Ok(call.node.float_or("epsilon", 1e-5)?.into())
}

fn layer(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let at = call.axis(-1, input.rank()?)?;
    let epsilon = epsilon(call)?;
    let stash = dtype_from_number(call.node.int_or("stash_type", 1)?)?;
    let attrs = attrs! { "axis" => at as i64, "epsilon" => epsilon };
    let operands = vec![Some(input.clone()), Some(call.input(1)?), call.optional(2)];
    let mut outputs = call.ops(Op::LayerNormalization, attrs, operands)?;
    if call.output_count() > 1 {
        let axes: Vec<usize> = (at..input.rank()?).collect();
        let (mean, inverse) = statistics(call, &input, &axes, epsilon)?;
        outputs.push(call.cast(&mean, stash)?);
        outputs.push(call.cast(&inverse, stash)?);
    }
    Ok(outputs)
}

/// The mean over axes and one over the deviation, at least in `f32`.
pub fn statistics(call: &mut Call, input: &Value, axes: &[usize], epsilon: f64) -> Result<(Value, Value), Failure> {
    let wide = widened(call, input)?;
    let mean = call.reduce(Op::ReduceMean, &wide, axes, true)?;
    let variance = variance(call, &wide, &mean, axes)?;
    let shifted = call.with_number(Op::Add, &variance, epsilon)?;
    let deviation = call.unary(Op::Sqrt, &shifted)?;
    Ok((mean, call.unary(Op::Reciprocal, &deviation)?))
}

/// The mean of squared deviations from `mean`.
fn variance(call: &mut Call, input: &Value, mean: &Value, axes: &[usize]) -> Result<Value, Failure> {
    let deviations = call.binary(Op::Sub, input, mean)?;
    let squares = call.binary(Op::Mul, &deviations, &deviations)?;
    call.reduce(Op::ReduceMean, &squares, axes, true)
}

/// The value in `f32` at least.
fn widened(call: &mut Call, value: &Value) -> Result<Value, Failure> {
    match value.dtype()? {
        DType::F64 => Ok(value.clone()),
        _ => call.cast(value, DType::F32),
    }
}

/// The result has the element type of the scale.
pub fn rms(call: &mut Call) -> Outputs {
    let (mut input, scale) = (call.input(0)?, call.input(1)?);
    let to = scale.dtype()?;
    if to.size() > input.dtype()?.size() {
        input = call.cast(&input, to)?;
    }
    let attrs = attrs! { "axis" => call.axis(-1, input.rank()?)? as i64, "epsilon" => epsilon(call)? };
    let result = call.op(Op::RmsNormalization, attrs, &[&input, &scale])?;
    Ok(vec![call.cast(&result, to)?])
}

fn batch(call: &mut Call) -> Outputs {
    if call.node.int_or("spatial", 1)? != 1 {
        return unsupported("statistics for each position (`spatial` = 0)");
    }
    if call.node.flag_or("training_mode", false)? {
        return batch_training(call);
    }
    if call.output_count() > 1 {
        return unsupported("training mode");
    }
    let operands = call.all_inputs()?;
    let operands: Vec<&Value> = operands.iter().collect();
    Ok(vec![call.op(Op::BatchNormalization, attrs! { "epsilon" => epsilon(call)? }, &operands)?])
}

/// Statistics of the batch itself, and the given ones moved towards them.
fn batch_training(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    let Some(&channels) = shape.get(1) else { return invalid("needs an input of rank 2 at least") };
    let axes: Vec<usize> = (0..shape.len()).filter(|&axis| axis != 1).collect();
    let momentum = f64::from(call.node.float_or("momentum", 0.9)?);
    let wide = widened(call, &input)?;
    let mean = call.reduce(Op::ReduceMean, &wide, &axes, true)?;
    let variance = variance(call, &wide, &mean, &axes)?;
    let (mean, variance) = (call.reshape(&mean, &[channels])?, call.reshape(&variance, &[channels])?);
    let (scale, bias) = (call.input(1)?, call.input(2)?);
    let attrs = attrs! { "epsilon" => epsilon(call)? };
    let mut outputs = vec![call.op(Op::BatchNormalization, attrs, &[&input, &scale, &bias, &mean, &variance])?];
    for (index, current) in [(3, mean), (4, variance)] {
        let given = call.input(index)?;
        let to = given.dtype()?;
        let given = call.cast(&given, current.dtype()?)?;
        let kept = call.with_number(Op::Mul, &given, momentum)?;
        let added = call.with_number(Op::Mul, &current, 1.0 - momentum)?;
        let moved = call.binary(Op::Add, &kept, &added)?;
        outputs.push(call.cast(&moved, to)?);
    }
    Ok(outputs)
}

/// Each channel is a group of its own.
fn instance(call: &mut Call) -> Outputs {
    let operands = call.all_inputs()?;
    let groups = match operands.first() {
        Some(input) => input.shape()?.get(1).copied().unwrap_or(0),
        None => 0,
    };
    let attrs = attrs! { "groups" => groups as i64, "epsilon" => epsilon(call)? };
    Ok(vec![call.op(Op::GroupNormalization, attrs, &operands.iter().collect::<Vec<_>>())?])
}

fn group(call: &mut Call) -> Outputs {
    let Some(groups) = call.node.int("num_groups")? else { return invalid("attribute `num_groups` is missing") };
    let input = call.input(0)?;
    let (mut scale, mut bias) = (call.input(1)?, call.input(2)?);
    if call.version() < 21 {
        let channels = input.shape()?.get(1).copied().unwrap_or(0);
        scale = per_channel(call, &scale, groups, channels)?;
        bias = per_channel(call, &bias, groups, channels)?;
    }
    let attrs = attrs! { "groups" => groups, "epsilon" => epsilon(call)? };
    Ok(vec![call.op(Op::GroupNormalization, attrs, &[&input, &scale, &bias])?])
}

/// Before version 21 there is one scale and one bias for each group.
fn per_channel(call: &mut Call, parameter: &Value, groups: i64, channels: usize) -> Result<Value, Failure> {
    let groups = usize::try_from(groups).unwrap_or(0);
    if groups == 0 || !channels.is_multiple_of(groups) {
        return invalid(format!("cannot divide {channels} channels into {groups} groups"));
    }
    if parameter.shape()? != [groups] {
        return invalid(format!("needs one scale and bias for each of {groups} groups"));
    }
    let column = call.reshape(parameter, &[groups, 1])?;
    let all = call.expand(&column, &[groups, channels / groups])?;
    call.reshape(&all, &[channels])
}

/// The input divided by its norm along an axis; zeros become NaN.
fn lp(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let at = call.axis(-1, input.rank()?)?;
    let op = match call.node.int_or("p", 2)? {
        1 => Op::ReduceL1,
        2 => Op::ReduceL2,
        p => return invalid(format!("`p` must be 1 or 2, not {p}")),
    };
    let norm = call.reduce(op, &input, &[at], true)?;
    Ok(vec![call.binary(Op::Div, &input, &norm)?])
}

/// (x - mean) / (deviation + 1e-9)
fn mean_variance(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let rank = input.rank()?;
    let axes = call.node.ints("axes")?.unwrap_or(&[0, 2, 3]).to_vec();
    let axes = axes.iter().map(|&axis| crate::infer::axis(axis, rank)).collect::<Result<Vec<_>, _>>()?;
    let wide = widened(call, &input)?;
    let mean = call.reduce(Op::ReduceMean, &wide, &axes, true)?;
    let variance = variance(call, &wide, &mean, &axes)?;
    let deviation = call.unary(Op::Sqrt, &variance)?;
    let divisor = call.with_number(Op::Add, &deviation, 1e-9)?;
    let centred = call.binary(Op::Sub, &wide, &mean)?;
    let normal = call.binary(Op::Div, &centred, &divisor)?;
    Ok(vec![call.cast(&normal, input.dtype()?)?])
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).expect("data fits the shape")
    }

    fn rounded(tensor: &Tensor) -> Vec<f32> {
        tensor.to_vec::<f32>().expect("floats").iter().map(|x| (x * 1e3).round() / 1e3).collect()
    }

    #[test]
    fn softmax_flattens_before_version_13() {
        let x = tensor(&[1, 2, 2], &[0.0; 4]);
        let softmax =
            |version| rounded(&run_node(node("Softmax", &["0"], &["a"]), version, std::slice::from_ref(&x))[0]);
        assert_eq!(softmax(11), [0.25; 4]);
        assert_eq!(softmax(13), [0.5; 4]);
    }

    #[test]
    fn layers_give_out_their_statistics() {
        let x = tensor(&[2, 2], &[1.0, 3.0, 10.0, 30.0]);
        let layer = with(node("LayerNormalization", &["0", "1", "2"], &["a", "b", "c"]), [float("epsilon", 0.0)]);
        let outputs = run_node(layer, 17, &[x, tensor(&[2], &[1.0, 2.0]), tensor(&[2], &[5.0, 5.0])]);
        assert_eq!(rounded(&outputs[0]), [4.0, 7.0, 4.0, 7.0]);
        assert_eq!((outputs[1].shape(), rounded(&outputs[1])), (&[2, 1][..], vec![2.0, 20.0]));
        assert_eq!((outputs[2].shape(), rounded(&outputs[2])), (&[2, 1][..], vec![1.0, 0.1]));
    }

    #[test]
    fn groups_have_parameters_of_their_own_before_version_21() {
        let x = tensor(&[1, 4, 1], &[1.0, 3.0, 10.0, 20.0]);
        let group = || {
            with(node("GroupNormalization", &["0", "1", "2"], &["a"]), [int("num_groups", 2), float("epsilon", 0.0)])
        };
        let old = run_node(group(), 18, &[x.clone(), tensor(&[2], &[1.0, 2.0]), tensor(&[2], &[0.0, 1.0])]);
        assert_eq!(rounded(&old[0]), [-1.0, 1.0, -1.0, 3.0]);
        let new = run_node(group(), 21, &[x, tensor(&[4], &[1.0, 1.0, 2.0, 3.0]), tensor(&[4], &[0.0; 4])]);
        assert_eq!(rounded(&new[0]), [-1.0, 1.0, -2.0, 3.0]);
    }

    #[test]
    fn rows_are_divided_by_their_norm() {
        let x = tensor(&[2, 2], &[6.0, -8.0, 3.0, 4.0]);
        let norm = |p| with(node("LpNormalization", &["0"], &["a"]), [int("p", p)]);
        assert_eq!(rounded(&run_node(norm(2), 22, std::slice::from_ref(&x))[0]), [0.6, -0.8, 0.6, 0.8]);
        assert_eq!(rounded(&run_node(norm(1), 22, &[x])[0]), [0.429, -0.571, 0.429, 0.571]);
    }
}
