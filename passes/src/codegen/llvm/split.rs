//! Takes the code of a kernel out of a module in the LLVM dialect.

use std::collections::BTreeSet;

use hwc_runtime::abi::ENTRY_SYMBOL;
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

/// What is left to compile once all kernels are taken, as text: the entry point and all that it refers to.
///
/// It is the same whether the kernels were taken or never there, which leaves other declarations in the module.
pub fn rest(module: Op<'_>) -> String {
    let all: Vec<Op> = ir::op_blocks(module).into_iter().flat_map(ir::block_ops).collect();
    let mut names = BTreeSet::from([ENTRY_SYMBOL.to_owned()]);
    let mut open: Vec<String> = names.iter().cloned().collect();
    while let Some(name) = open.pop() {
        let named = all.iter().filter(|op| ir::symbol(**op) == Some(&name));
        open.extend(named.flat_map(|op| references(*op)).filter(|reference| names.insert(reference.clone())));
    }
    let is_left = |op: &&Op| !ir::is(**op, "llvm.func") || is_definition(**op);
    let left = all.iter().filter(|op| ir::symbol(**op).is_some_and(|name| names.contains(name))).filter(is_left);
    left.map(|op| op.to_string()).collect()
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
