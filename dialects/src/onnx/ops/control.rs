//! Control flow, as far as it is known at compile time: branches are chosen and loops unrolled.

use hwc_runtime::{DType, Tensor};

use super::{Row, row};
use crate::onnx::graph::Graph;
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

/// A subgraph that must be given.
pub fn body<'m>(call: &Call<'_, 'm>, name: &'static str) -> Result<&'m Graph, Failure> {
    call.node
        .graph(name)?
        .map(|graph| &**graph)
        .ok_or_else(|| Failure::Invalid(format!("attribute `{name}` is missing")))
}

fn if_(call: &mut Call) -> Outputs {
    let name = if truth(&call.constant(0, "cond")?, "cond")? { "then_branch" } else { "else_branch" };
    let branch = body(call, name)?;
    call.inline(branch, Vec::new(), "")
}

/// `for i in 0..M while cond { cond, carried, scanned[i] = body(i, cond, carried) }`.
fn loop_(call: &mut Call) -> Outputs {
    let body = body(call, "body")?;
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
        let mut outputs = iterate(call, body, inputs, iteration as usize)?;
        let tail = outputs.split_off(outputs.len() - scans);
        scanned.iter_mut().zip(tail).for_each(|(all, one)| all.push(one));
        carried = outputs.split_off(1);
        running = truth(&call.known(&outputs[0], "the body's condition")?, "the body's condition")?;
        iteration += 1;
    }
    let first = carried.len();
    for (index, values) in scanned.into_iter().enumerate() {
        let stacked = match values.is_empty() {
            false => stack(call, &values, 0)?,
            // The rank is not known without a declaration; what is declared for a loop in general fits none at all.
            true => match call.declared_output(first + index) {
                Some(ty) => {
                    let rest = ty.shape.iter().skip(1).map(|dim| dim.fixed().unwrap_or(0));
                    let shape: Vec<usize> = std::iter::once(0).chain(rest).collect();
                    Tensor::from_bytes(ty.dtype, shape, Vec::new())?.into()
                }
                None => return unsupported("a scan output of a loop that never runs"),
            },
        };
        carried.push(stacked);
    }
    Ok(carried)
}

/// One iteration of a body, none of whose outputs is poisoned.
pub fn iterate<'m>(call: &mut Call<'_, 'm>, body: &'m Graph, inputs: Vec<Value>, iteration: usize) -> Outputs {
    let outputs = call.inline(body, inputs, &format!("[{iteration}]"))?;
    if outputs.iter().any(Value::is_poison) { Err(Failure::Poisoned) } else { Ok(outputs) }
}

/// Values one behind the other along a new axis.
pub fn stack(call: &mut Call, values: &[Value], axis: usize) -> Result<Value, Failure> {
    let values = values.iter().map(|value| call.unsqueeze(value, axis)).collect::<Result<Vec<_>, _>>()?;
    call.concat(&values, axis)
}
