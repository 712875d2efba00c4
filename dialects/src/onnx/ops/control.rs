//! Control flow: branches are chosen and loops unrolled at compile time. Where a condition depends on data, both
//! branches are computed, and iterations after the end of a loop, as operators have no side effects.

use hwc_runtime::{DType, Tensor};

use super::{Row, row};
use crate::attrs;
use crate::onnx::graph::Graph;
use crate::onnx::import::call::{Call, Outputs, to_ints};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::onnx::import::{Value, Var};
use crate::op::Op;

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
    let condition = call.input(0)?;
    let (then, otherwise) = (body(call, "then_branch")?, body(call, "else_branch")?);
    match call.known(&condition, "cond") {
        Ok(known) => {
            let branch = if truth(&known, "cond")? { then } else { otherwise };
            call.inline(branch, Vec::new(), "")
        }
        Err(needed @ Failure::Needs { .. }) => both(call, &condition, then, otherwise, needed),
        Err(other) => Err(other),
    }
}

/// Both branches of a condition that depends on data, and a choice between what they put out: operators have no side
/// effects. Fails with `needed` where the branches put out values of different types, or where one is not sound: it may
/// be the one that is never taken, so that what is wrong with it says less than what decides.
fn both<'m>(
    call: &mut Call<'_, 'm>,
    condition: &Value,
    then: &'m Graph,
    otherwise: &'m Graph,
    needed: Failure,
) -> Outputs {
    let before = call.invalid_count();
    let (lhs, rhs) = (call.inline(then, Vec::new(), "/then")?, call.inline(otherwise, Vec::new(), "/else")?);
    if lhs.iter().chain(&rhs).any(Value::is_poison) {
        call.forget_invalid(before);
        return Err(needed);
    }
    if lhs.len() != rhs.len() || lhs.iter().zip(&rhs).any(|(a, b)| a != b && !same_type(a, b)) {
        return Err(needed);
    }
    if let Failure::Needs { var, .. } = &needed {
        call.warn_of_choice(var);
    }
    lhs.iter().zip(&rhs).map(|(a, b)| select(call, condition, a, b)).collect()
}

fn same_type(a: &Value, b: &Value) -> bool {
    matches!((a.ty(), b.ty()), (Ok(a), Ok(b)) if a == b)
}

/// `a` where the condition, of one element, holds, else `b`.
fn select(call: &mut Call, condition: &Value, a: &Value, b: &Value) -> Result<Value, Failure> {
    if a == b {
        return Ok(a.clone());
    }
    let condition = call.reshape(condition, &[])?;
    call.op(Op::Select, attrs! {}, &[&condition, a, b])
}

/// `for i in 0..M while cond { cond, carried, scanned[i] = body(i, cond, carried) }`.
fn loop_(call: &mut Call) -> Outputs {
    let body = body(call, "body")?;
    let trips = call.optional_int(0, "M")?.unwrap_or(i64::MAX);
    let mut running = match call.optional(1) {
        Some(condition) => Running::Known(true).and(call, &condition)?,
        None => Running::Known(true),
    };
    let mut carried = (2..call.input_count()).map(|index| call.input(index)).collect::<Result<Vec<_>, _>>()?;
    let Some(scans) = body.outputs.len().checked_sub(1 + carried.len()) else {
        return invalid(format!("the body has {} outputs for {} carried values", body.outputs.len(), carried.len()));
    };
    let mut scanned: Vec<Vec<Value>> = vec![Vec::new(); scans];
    let mut iteration = 0;
    while iteration < trips && running != Running::Known(false) {
        if iteration >= MAX_ITERATIONS {
            return Err(running
                .needed()
                .unwrap_or_else(|| Failure::Limit(format!("a loop runs more than {MAX_ITERATIONS} times"))));
        }
        let mut inputs = vec![Tensor::scalar(iteration).into(), Tensor::from_bytes(DType::Bool, [], vec![1])?.into()];
        inputs.extend(carried.iter().cloned());
        let mut outputs = iterate(call, body, inputs, iteration as usize)?;
        let tail = outputs.split_off(outputs.len() - scans);
        scanned.iter_mut().zip(tail).for_each(|(all, one)| all.push(one));
        let next = outputs.split_off(1);
        carried = running.keep(call, next, carried, scans)?;
        running = running.and(call, &outputs[0])?;
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

/// Whether an iteration counts.
#[derive(Clone, PartialEq)]
enum Running {
    Known(bool),
    /// Where this value holds; iterations after the end of the loop are computed and thrown away.
    While(Var),
}

impl Running {
    /// Whether iterations count from here on, given the condition that the body puts out.
    fn and(&self, call: &mut Call, condition: &Value) -> Result<Running, Failure> {
        match (call.known(condition, "cond"), self) {
            (Ok(known), _) if !truth(&known, "cond")? => Ok(Running::Known(false)),
            (Ok(_), running) => Ok(running.clone()),
            (Err(Failure::Needs { var, .. }), Running::Known(_)) => Ok(Running::While(var)),
            (Err(Failure::Needs { .. }), Running::While(before)) => {
                let before = Value::Var(before.clone());
                match call.op(Op::And, attrs! {}, &[&before, condition])? {
                    Value::Var(var) => Ok(Running::While(var)),
                    other => Running::Known(true).and(call, &other),
                }
            }
            (Err(other), _) => Err(other),
        }
    }

    /// The carried values after an iteration: the new ones if it counts.
    fn keep(&self, call: &mut Call, new: Vec<Value>, old: Vec<Value>, scans: usize) -> Outputs {
        let Running::While(var) = self else { return Ok(new) };
        // How many rows a scan output has would depend on data.
        if scans > 0 || new.iter().zip(&old).any(|(new, old)| new != old && !same_type(new, old)) {
            return Err(self.needed().unwrap_or(Failure::Poisoned));
        }
        let condition = Value::Var(var.clone());
        new.iter().zip(&old).map(|(new, old)| select(call, &condition, new, old)).collect()
    }

    /// What would have to be known.
    fn needed(&self) -> Option<Failure> {
        match self {
            Running::While(var) => Some(Failure::Needs { what: "`cond`".into(), var: var.clone() }),
            Running::Known(_) => None,
        }
    }
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
