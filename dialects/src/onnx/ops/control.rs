//! Control flow, as far as it is known at compile time: branches are chosen and loops unrolled.

use hwc_runtime::{DType, Tensor};

use super::{Row, row};
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs, to_ints};
use crate::onnx::import::failure::{Failure, invalid, unsupported};

pub const OPS: &[Row] = &[row("If", 1, if_), row("Loop", 1, loop_)];

/// Iterations of a loop that is unrolled.
const MAX_ITERATIONS: i64 = 1 << 14;

/// The truth value of a tensor of one element.
fn truth(tensor: &Tensor, what: &str) -> Result<bool, Failure> {
    match to_ints(tensor, what)?[..] {
        [value] if tensor.dtype() == DType::Bool => Ok(value != 0),
        _ => invalid(format!("`{what}` must be one bool, got {tensor:?}")),
    }
}

fn if_(call: &mut Call) -> Outputs {
    let name = if truth(&call.constant(0, "cond")?, "cond")? { "then_branch" } else { "else_branch" };
    let Some(branch) = call.node.graph(name)? else { return invalid(format!("attribute `{name}` is missing")) };
    call.inline(branch, Vec::new(), "")
}

/// `for i in 0..M while cond { cond, carried, scanned[i] = body(i, cond, carried) }`.
fn loop_(call: &mut Call) -> Outputs {
    let Some(body) = call.node.graph("body")? else { return invalid("attribute `body` is missing") };
    let trips = call.optional_int(0, "M")?;
    let mut running = match call.optional_constant(1, "cond")? {
        Some(cond) => truth(&cond, "cond")?,
        None => true,
    };
    let mut carried = (2..call.input_count()).map(|index| call.input(index)).collect::<Result<Vec<_>, _>>()?;
    let Some(scans) = body.outputs.len().checked_sub(1 + carried.len()) else {
        return invalid(format!("the body has {} outputs for {} carried values", body.outputs.len(), carried.len()));
    };
    let mut scanned: Vec<Vec<Value>> = vec![Vec::new(); scans];
    let mut iteration = 0;
    while running && trips.is_none_or(|trips| iteration < trips) {
        if iteration >= MAX_ITERATIONS {
            return Err(Failure::Limit(format!("a loop runs more than {MAX_ITERATIONS} times")));
        }
        let mut inputs = vec![Tensor::scalar(iteration).into(), Tensor::from_bytes(DType::Bool, [], vec![1])?.into()];
        inputs.append(&mut carried);
        let mut outputs = call.inline(body, inputs, &format!("[{iteration}]"))?;
        if outputs.iter().any(Value::is_poison) {
            return Err(Failure::Poisoned);
        }
        let tail = outputs.split_off(outputs.len() - scans);
        scanned.iter_mut().zip(tail).for_each(|(all, one)| all.push(one));
        carried = outputs.split_off(1);
        running = truth(&call.known(&outputs[0], "condition of the body")?, "condition of the body")?;
        iteration += 1;
    }
    if scans > 0 {
        return unsupported("scan outputs");
    }
    Ok(carried)
}
