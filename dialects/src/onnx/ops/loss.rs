//! Losses of classification.

use super::{Row, row};
use crate::attrs;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;

pub const OPS: &[Row] =
    &[row("NegativeLogLikelihoodLoss", 12, negative_log_likelihood), row("SoftmaxCrossEntropyLoss", 12, cross_entropy)];

fn negative_log_likelihood(call: &mut Call) -> Outputs {
    let logs = call.input(0)?;
    Ok(vec![loss(call, &logs)?])
}

fn cross_entropy(call: &mut Call) -> Outputs {
    let scores = call.input(0)?;
    let logs = call.op(Op::LogSoftmax, attrs! { "axis" => 1i64 }, &[&scores])?;
    Ok(vec![loss(call, &logs)?, logs])
}

/// -log p of each target's class, `[N, d..]`, weighed by class, without those to be ignored; then reduced.
fn loss(call: &mut Call, logs: &Value) -> Result<Value, Failure> {
    let (target, dtype) = (call.input(1)?, logs.dtype()?);
    let positions = target.shape()?;
    let ignored = match call.node.int("ignore_index")? {
        None => None,
        Some(index) => Some(call.with_number(Op::Equal, &target, index as f64)?),
    };
    let zero = call.scalar(dtype, 0.0)?;
    // A target to be ignored need not be a class; the first class stands in for it.
    let class = match &ignored {
        None => target.clone(),
        Some(ignored) => {
            let first = call.scalar(target.dtype()?, 0.0)?;
            call.select(ignored, &first, &target)?
        }
    };
    let column = call.unsqueeze(&class, 1)?;
    let picked = call.op(Op::GatherElements, attrs! { "axis" => 1i64 }, &[logs, &column])?;
    let picked = call.reshape(&picked, &positions)?;
    let mut losses = call.unary(Op::Neg, &picked)?;
    let mut weights = match call.optional(2) {
        None => None,
        Some(weights) => Some(call.op(Op::Gather, attrs! { "axis" => 0i64 }, &[&weights, &class])?),
    };
    if let Some(weights) = &weights {
        losses = call.binary(Op::Mul, &losses, weights)?;
    }
    if let Some(ignored) = &ignored {
        losses = call.select(ignored, &zero, &losses)?;
        let counted = weights.map_or_else(|| call.scalar(dtype, 1.0), Ok)?;
        weights = Some(call.select(ignored, &zero, &counted)?);
    }
    let axes: Vec<usize> = (0..positions.len()).collect();
    match (call.node.text_or("reduction", "mean")?, weights) {
        ("none", _) => Ok(losses),
        ("sum", _) => call.reduce(Op::ReduceSum, &losses, &axes, false),
        ("mean", None) => call.reduce(Op::ReduceMean, &losses, &axes, false),
        ("mean", Some(weights)) => {
            let sum = call.reduce(Op::ReduceSum, &losses, &axes, false)?;
            let weight = call.reduce(Op::ReduceSum, &weights, &axes, false)?;
            call.binary(Op::Div, &sum, &weight)
        }
        (other, _) => invalid(format!("`reduction` must be none, sum or mean, not `{other}`")),
    }
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    #[test]
    fn ignored_targets_need_not_be_classes() {
        let logs =
            Tensor::from_vec(vec![3, 2], vec![-1f32, -2.0, -3.0, -4.0, -5.0, -6.0]).expect("data fits the shape");
        let target = Tensor::from_vec(vec![3], vec![1i64, 9, 0]).expect("data fits the shape");
        let weights = Tensor::from_vec(vec![2], vec![1f32, 3.0]).expect("data fits the shape");
        let loss = |reduction: &str, inputs: &[Tensor]| {
            let names: Vec<String> = (0..inputs.len()).map(|i| i.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let node = node("NegativeLogLikelihoodLoss", &names, &["a"]);
            let node = with(node, [int("ignore_index", 9), text("reduction", reduction)]);
            run_node(node, 22, inputs)[0].to_vec::<f32>().expect("floats")
        };
        let inputs = [logs, target, weights];
        assert_eq!(loss("none", &inputs), [6.0, 0.0, 5.0]);
        assert_eq!(loss("sum", &inputs[..2]), [7.0]);
        assert_eq!(loss("mean", &inputs), [11.0 / 4.0]);
        assert_eq!(loss("mean", &inputs[..2]), [3.5]);
    }
}
