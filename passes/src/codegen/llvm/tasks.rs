//! Phases of kernels as tasks that other threads can run.
//!
//! A task is a [`hwc_runtime::abi::Task`]: it takes its phase's pointers from a frame and calls it for one part. Tasks are
//! handed to the caller's workers in one place, [`DISPATCH`].

use std::collections::BTreeSet;

use melior::{Context, ir::Module};

use super::write::Writer;
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Blk},
    kernel::phases::Phase,
    plan::program::{Kernel, Program},
};

/// The function that runs all parts of a task.
pub const DISPATCH: &str = "hwc_dispatch";

/// The type of a task.
const TASK: &str = "!llvm.func<void (ptr, i32, i32)>";

/// The type of a phase that is not split.
fn phase_type(pointers: usize) -> String {
    format!("!llvm.func<void ({})>", vec!["ptr"; pointers].join(", "))
}

/// The name of the task of a split phase.
fn name(phase: &str) -> String {
    format!("{phase}.task")
}

/// The function that stands for a phase where kernels are called: its task if it is split.
pub fn entry(phase: &Phase) -> String {
    if phase.is_split { name(&phase.function) } else { phase.function.clone() }
}

/// The functions by which a kernel is called.
pub fn entries(kernel: &Kernel) -> impl Iterator<Item = String> {
    kernel.interface.phases.iter().map(entry)
}

/// Appends the tasks of all split phases, and what runs them, to a module in the LLVM dialect, and declarations of the
/// kernels that are not in it; gives the number of pointers in the largest frame, if there are tasks.
pub fn build<'c>(context: &'c Context, body: Blk<'c>, program: &Program) -> Result<Option<usize>> {
    let functions: BTreeSet<&str> = ir::block_ops(body).into_iter().filter_map(ir::symbol).collect();
    let mut largest = None;
    for (number, kernel) in program.kernels.iter().enumerate() {
        let pointers = program.pointers(number);
        for phase in &kernel.interface.phases {
            let writer = Writer::new(context, &phase.function, body)?;
            largest = if phase.is_split { largest.max(Some(pointers)) } else { largest };
            match (functions.contains(&phase.function[..]), phase.is_split) {
                (true, true) => task(&writer, &phase.function, pointers)?,
                (true, false) => {}
                (false, true) => writer.declare(&entry(phase), TASK)?,
                (false, false) => writer.declare(&entry(phase), &phase_type(pointers))?,
            }
        }
    }
    if largest.is_some() {
        let text = include_str!("dispatch.mlir");
        let parsed = Module::parse(context, text).ok_or_else(|| CodegenError::internal("dispatch.mlir is wrong"))?;
        let function = ir::op_blocks(ir::module_op(&parsed)).into_iter().flat_map(ir::block_ops).next();
        let function = function.ok_or_else(|| CodegenError::internal("dispatch.mlir is empty"))?;
        Writer::new(context, DISPATCH, body)?.builder.insert(ir::clone_op(function));
    }
    Ok(largest)
}

/// `task(frame, part, parts)` calls `phase(frame[0], ..., part, parts)`.
fn task(writer: &Writer, phase: &str, pointers: usize) -> Result<()> {
    let number = writer.builder.integer_type(32);
    let arguments =
        [(writer.pointer, "{llvm.noalias, llvm.noundef}"), (number, "{llvm.noundef}"), (number, "{llvm.noundef}")];
    let (body, arguments) = writer.function(&name(phase), TASK, "external", &arguments)?;
    let [frame, part, parts] = arguments[..] else {
        return Err(CodegenError::internal("a task without arguments"));
    };
    let wide = writer.builder.integer_type(64);
    let mut operands: Vec<_> = (0..pointers).map(|i| body.load_pointer(frame, i)).collect();
    operands.extend([part, parts].map(|n| body.builder.value("llvm.zext", &[n], wide, &[])));
    body.call(phase, &operands);
    body.end(&[]);
    Ok(())
}
