//! Phases of kernels as tasks that other threads can run.
//!
//! A task is a [`hwc_runtime::abi::Task`]: it takes its phase's pointers from a frame and calls it for one part. Tasks are
//! handed to the caller's workers in one place, [`DISPATCH`].

use melior::{Context, ir::Module};

use super::write::Writer;
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Blk, Op},
    plan::program::Program,
};

/// The function that runs all parts of a task.
pub const DISPATCH: &str = "hwc_dispatch";

/// The name of the task of a split phase.
pub fn name(phase: &str) -> String {
    format!("{phase}.task")
}

/// Appends the tasks of all split phases, and what runs them, to a module in the LLVM dialect; gives the number of pointers
/// in the largest frame, if there are tasks.
pub fn build<'c>(context: &'c Context, body: Blk<'c>, program: &Program) -> Result<Option<usize>> {
    let functions: Vec<Op> = ir::block_ops(body);
    let mut largest = None;
    for phase in program.phases.iter().flatten().filter(|phase| phase.is_split) {
        let function = functions.iter().find(|f| ir::symbol(**f) == Some(&phase.function));
        let arguments = function.and_then(|f| ir::entry(*f)).map(ir::arguments).unwrap_or_default();
        // The last two are the part and the number of parts.
        let pointers = arguments.len().saturating_sub(2);
        largest = largest.max(Some(pointers));
        task(&Writer::new(context, &phase.function, body)?, &phase.function, pointers)?;
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
    let (body, arguments) =
        writer.function(&name(phase), "!llvm.func<void (ptr, i32, i32)>", "internal", &arguments)?;
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
