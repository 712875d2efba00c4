//! Reductions, cumulative sums and top-k.

use crate::attrs;
use crate::infer::axis;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;

use super::{Row, row};

pub const OPS: &[Row] = &[
    row("ReduceSum", 1, |call| reduce(call, Op::ReduceSum)),
    row("ReduceMean", 1, |call| reduce(call, Op::ReduceMean)),
    row("ReduceMax", 1, |call| reduce(call, Op::ReduceMax)),
    row("ReduceMin", 1, |call| reduce(call, Op::ReduceMin)),
    row("ReduceProd", 1, |call| reduce(call, Op::ReduceProd)),
    row("ReduceL1", 1, |call| reduce(call, Op::ReduceL1)),
    row("ReduceL2", 1, |call| reduce(call, Op::ReduceL2)),
    row("ReduceLogSum", 1, |call| reduce(call, Op::ReduceLogSum)),
    row("ReduceLogSumExp", 1, |call| reduce(call, Op::ReduceLogSumExp)),
    row("ReduceSumSquare", 1, |call| reduce(call, Op::ReduceSumSquare)),
    row("ArgMax", 1, |call| arg(call, Op::ArgMax)),
    row("ArgMin", 1, |call| arg(call, Op::ArgMin)),
    row("CumSum", 11, cumsum),
    row("TopK", 1, top_k),
];

/// Axes are an attribute at first and an input later; none at all are all of them, unless that is to do nothing.
fn reduce(call: &mut Call, op: Op) -> Outputs {
    let input = call.input(0)?;
    let rank = input.rank()?;
    let mut axes = call.attribute_or_input("axes", 1)?.unwrap_or_default();
    if axes.is_empty() && !call.node.flag_or("noop_with_empty_axes", false)? {
        axes = (0..rank as i64).collect();
    }
    let attrs = attrs! { "axes" => axes, "keepdims" => call.node.flag_or("keepdims", true)? };
    Ok(vec![call.op(op, attrs, &[&input])?])
}

fn arg(call: &mut Call, op: Op) -> Outputs {
    let attrs = attrs! {
        "axis" => call.node.int_or("axis", 0)?,
        "keepdims" => call.node.flag_or("keepdims", true)?,
        "select_last_index" => call.node.flag_or("select_last_index", false)?,
    };
    let input = call.input(0)?;
    Ok(vec![call.op(op, attrs, &[&input])?])
}

fn cumsum(call: &mut Call) -> Outputs {
    let attrs = attrs! {
        "axis" => one(call, 1, "axis")?,
        "exclusive" => call.node.flag_or("exclusive", false)?,
        "reverse" => call.node.flag_or("reverse", false)?,
    };
    let input = call.input(0)?;
    Ok(vec![call.op(Op::Cumsum, attrs, &[&input])?])
}

/// The result is always in order, which is allowed where order is not asked for.
fn top_k(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let k = match call.node.int("k")? {
        Some(k) => k,
        None => one(call, 1, "K")?,
    };
    let attrs = attrs! {
        "k" => k,
        "axis" => axis(call.node.int_or("axis", -1)?, input.rank()?)? as i64,
        "largest" => call.node.flag_or("largest", true)?,
    };
    call.ops(Op::TopK, attrs, vec![Some(input)])
}

/// The one integer of an input that must be given.
fn one(call: &Call, index: usize, what: &str) -> Result<i64, Failure> {
    match call.ints(index, what)?[..] {
        [value] => Ok(value),
        ref values => invalid(format!("`{what}` must be one number, not {}", values.len())),
    }
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    fn matrix() -> Tensor {
        Tensor::from_vec(vec![2, 3], vec![1f32, 5.0, 2.0, 4.0, 3.0, 6.0]).expect("data fits the shape")
    }

    fn sums(attributes: Vec<crate::onnx::proto::AttributeProto>, axes: Option<&[i64]>, version: i64) -> Tensor {
        let constant = axes.map(|axes| with(node("Constant", &[], &["axes"]), [ints("value_ints", axes)]));
        let inputs = if axes.is_some() { vec!["x", "axes"] } else { vec!["x"] };
        let nodes = constant.into_iter().chain([with(node("ReduceSum", &inputs, &["y"]), attributes)]);
        let mut model = model(graph([value("x", "2,3")], [untyped("y")], nodes));
        model.opset_import = vec![opset("", version)];
        run(model, &[matrix()]).swap_remove(0)
    }

    #[test]
    fn axes_are_an_attribute_or_an_input_or_all() {
        let floats = |tensor: Tensor| (tensor.shape().to_vec(), tensor.to_vec::<f32>().expect("floats"));
        assert_eq!(floats(sums(vec![ints("axes", &[-1])], None, 11)), (vec![2, 1], vec![8.0, 13.0]));
        assert_eq!(floats(sums(vec![int("keepdims", 0)], Some(&[0]), 13)), (vec![3], vec![5.0, 8.0, 8.0]));
        assert_eq!(floats(sums(vec![], Some(&[]), 13)), (vec![1, 1], vec![21.0]));
        let same = sums(vec![int("noop_with_empty_axes", 1)], Some(&[]), 13);
        assert_eq!(same, matrix());
    }

    #[test]
    fn k_is_an_attribute_or_an_input() {
        let old = with(node("TopK", &["0"], &["a", "b"]), [int("k", 2)]);
        let outputs = run_node(old, 7, &[matrix()]);
        assert_eq!(outputs[0].to_vec::<f32>().expect("floats"), [5.0, 2.0, 6.0, 4.0]);
        let new = with(node("TopK", &["0", "k"], &["a", "b"]), [int("largest", 0), int("axis", 0)]);
        let k = with(node("Constant", &[], &["k"]), [ints("value_ints", &[1])]);
        let outputs = run(model(graph([value("0", "2,3")], [untyped("a"), untyped("b")], [k, new])), &[matrix()]);
        assert_eq!(outputs[1].to_vec::<i64>().expect("indices"), [0, 1, 0]);
    }
}
