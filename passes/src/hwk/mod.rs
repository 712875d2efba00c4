//! Kernels of the dialect `hwk` on their way through a compilation: to functions and back, the machine as an attribute.

mod functions;
mod target;

pub use functions::{main_of_one, to_functions, write_back};
pub use target::{caches, cpu, identity, machine_for, target_of};

use hwc_dialects::hwk::{Estimate, Target};
use hwc_dialects::mlir::OpView;
use hwc_dialects::mlir::hwk::{CLAUSES, Choice, ESTIMATE};
use hwc_dialects::{Attr, Attrs};
use hwc_runtime::Digest;
use melior::Context;
use melior::ir::attribute::{DenseI64ArrayAttribute, StringAttribute};
use melior::ir::{Module, operation::OperationLike};

use crate::codegen::diagnostics::Diagnostics;
use crate::codegen::ir;
pub use crate::graph::{GraphError, mark_constants};
use crate::print;

/// A module from its text.
///
/// # Errors
/// Everything that MLIR says about it, with places as `-:LINE:COLUMN`.
pub fn parse<'c>(context: &'c Context, text: &str) -> Result<Module<'c>, Vec<String>> {
    let diagnostics = Diagnostics::collect(context);
    Module::parse(context, text).ok_or_else(|| diagnostics.take())
}

/// A copy of a module, for passes that replace what is in it.
pub fn copy<'c>(module: &Module<'c>) -> Option<Module<'c>> {
    Module::from_operation(ir::clone_op(ir::module_op(module)))
}

/// The machine that the kernels of a module name, if they name one.
///
/// # Errors
/// Where they name several.
pub fn target(module: &Module) -> Result<Option<Target>, String> {
    let mut found: Option<Target> = None;
    for kernel in ir::hwk_kernels(ir::module_op(module)) {
        let choice = Choice::read(|clause| kernel.attribute(clause).ok());
        let Some(target) = choice.map_err(|errors| errors.join("; "))?.target else { continue };
        if let Some(other) = found.as_ref().filter(|other| **other != target) {
            return Err(format!("kernels are for different targets, {other} and {target}"));
        }
        found = Some(target);
    }
    Ok(found)
}

/// Gives a kernel the attributes of a choice.
pub fn choose<'c>(context: &'c Context, kernel: ir::Op<'c>, choice: &Choice) {
    for (clause, value) in choice.attributes(context) {
        ir::set_attribute(kernel, clause, value);
    }
}

/// Writes down what code generation expects of a kernel's schedule.
pub fn estimate<'c>(context: &'c Context, kernel: ir::Op<'c>, estimate: &Estimate) {
    ir::set_attribute(kernel, ESTIMATE, DenseI64ArrayAttribute::new(context, &estimate.numbers()).into());
}

/// A hash that is the same only for kernels of the same text and the same constants.
pub fn digest(kernel: ir::Op) -> Digest {
    let mut bytes = print::operation(kernel).into_bytes();
    for op in ir::walk(kernel) {
        // The text of a large constant does not show its elements.
        let attrs = OpView::of(&*op).and_then(Result::ok).map(|view| view.attrs);
        for (_, value) in attrs.iter().flat_map(Attrs::iter) {
            if let Attr::Elements(tensor) = value {
                bytes.extend((tensor.bytes().len() as u64).to_le_bytes());
                bytes.extend(tensor.bytes());
            }
        }
    }
    Digest::of(&bytes)
}

/// The text of a kernel without its name and what was chosen for it: equal for kernels that compute the same.
pub fn plain_text(kernel: ir::Op) -> String {
    text_without(kernel, &[&CLAUSES[..], &[ESTIMATE]].concat())
}

/// The text of a kernel without its name: equal for kernels that are the same.
pub fn unnamed_text(kernel: ir::Op) -> String {
    text_without(kernel, &[])
}

fn text_without(kernel: ir::Op, clauses: &[&str]) -> String {
    let copy = ir::clone_op(kernel);
    let copy_op = ir::detached_op(&copy);
    for clause in clauses {
        ir::remove_attribute(copy_op, clause);
    }
    let name = ir::with_context(copy_op, |context| StringAttribute::new(context, "kernel").into());
    ir::set_attribute(copy_op, "sym_name", name);
    print::operation(copy_op)
}
