//! Takes the code of a kernel out of a module in the LLVM dialect.

use std::collections::BTreeSet;

use melior::{
    Context,
    ir::{BlockLike, Location, Module, operation::OperationLike},
};

use super::{tasks, write::Writer};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Op},
    plan::program::Kernel,
};

/// Moves the functions of a kernel, with copies of whatever else they refer to, to a module of their own. Those by which
/// the kernel is called stay as declarations. `None` where the module does not define the kernel.
pub fn take<'c>(context: &'c Context, module: Op<'c>, kernel: &Kernel) -> Result<Option<Module<'c>>> {
    let lost = || CodegenError::internal("a module without a body");
    let (all, own) = (ir::op_blocks(module), Module::new(Location::unknown(context)));
    let (from, to) = (all.first().copied().ok_or_else(lost)?, own.body());
    let defined: BTreeSet<&str> =
        ir::block_ops(from).into_iter().filter(|op| is_definition(*op)).filter_map(ir::symbol).collect();
    if !kernel.interface.phases.iter().any(|phase| defined.contains(&phase.function[..])) {
        return Ok(None);
    }
    let entries: BTreeSet<String> = tasks::entries(kernel).collect();
    let mut names: Vec<String> = kernel.interface.phases.iter().map(|phase| phase.function.clone()).collect();
    names.extend(entries.iter().cloned());
    let mut taken = BTreeSet::new();
    let mut moved = vec![];
    while let Some(name) = names.pop() {
        if !taken.insert(name.clone()) {
            continue;
        }
        let find = |op: &Op| ir::symbol(*op) == Some(&name);
        let op = ir::block_ops(from).into_iter().find(find);
        let op = op.ok_or_else(|| CodegenError::internal(format!("there is no @{name}")))?;
        names.extend(references(op));
        to.append_operation(ir::clone_op(op));
        if defined.contains(&name[..]) && is_of(&name, kernel) {
            moved.push((op, entries.contains(&name)));
        }
    }
    for (op, stays) in moved {
        if let (true, Ok(ty)) = (stays, op.attribute("function_type")) {
            Writer::new(context, &kernel.name, from)?.declare(ir::symbol(op).unwrap_or_default(), &ty.to_string())?;
        }
        ir::erase(op);
    }
    Ok(Some(own))
}

fn is_definition(op: Op<'_>) -> bool {
    ir::is(op, "llvm.func") && ir::entry(op).is_some()
}

/// Whether a function is one of a kernel's phases or tasks.
fn is_of(name: &str, kernel: &Kernel) -> bool {
    kernel.interface.phases.iter().any(|phase| phase.function == name || tasks::entry(phase) == name)
}

/// The functions and globals that an operation names.
fn references(op: Op<'_>) -> Vec<String> {
    let named = |op: Op<'_>| {
        let reference = ["callee", "global_name"].into_iter().find_map(|name| op.attribute(name).ok());
        reference.and_then(ir::string_value).map(str::to_owned)
    };
    ir::walk(op).into_iter().filter_map(named).collect()
}
