//! Pass `hwc-kernel-scratch`: a kernel's temporaries become parts of one scratch buffer.
//!
//! Before: `memref.alloc` of static types anywhere in the kernel, no `memref.dealloc`.
//! After: no allocation is left. Each temporary is a `memref.view` at a fixed offset into the last argument,
//! `memref<N x i8>`, or a `memref.alloca` at the start of the kernel if it is tiny, or used in a parallel loop only, of
//! which each thread needs its own. Temporaries that are never needed at
//! the same time share memory. The function's attribute `hwc.scratch_bytes` tells N.

use std::collections::{HashMap, HashSet};

use melior::{
    Context,
    ir::{BlockLike, ValueLike, attribute::DenseI32ArrayAttribute, operation::OperationLike},
};

use super::destination::set_signature;
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Blk, Builder, Op, PARALLEL, Val},
    plan::arena::{self, Lifetime},
    structured::is_view,
};

/// Temporaries up to this many bytes live on the stack, where LLVM may turn them into registers.
const TINY: u64 = 64;

/// Bytes of temporaries of parallel loops that live on the stack, together.
pub const STACK: u64 = 256 << 10;

/// Bytes of a cache line.
const LINE: i64 = 64;

/// The attribute that tells a kernel's scratch size in bytes.
pub const SCRATCH_BYTES: &str = "hwc.scratch_bytes";

/// Converts one kernel; returns the bytes of scratch memory it needs.
///
/// # Errors
/// [`CodegenError::Unsupported`] for a temporary of dynamic size, or one that a loop passes on to its next iteration.
pub fn convert<'c>(context: &'c Context, kernel: Op<'c>) -> Result<u64> {
    let malformed = || CodegenError::internal("a kernel without a block");
    let block = ir::entry(kernel).ok_or_else(malformed)?;
    let top: Vec<Op> = ir::block_ops(block);
    // The allocations are about to be erased, so nothing is put before one of them.
    let anchor = top.iter().find(|op| !ir::is(**op, "memref.alloc")).ok_or_else(malformed)?;
    let start = Builder::before(context, *anchor).ok_or_else(malformed)?;

    let positions: HashMap<usize, usize> = top.iter().enumerate().map(|(i, op)| (ir::op_key(*op), i)).collect();

    // Each call has one row of a loop's on its stack, not one for each iteration.
    for row in ir::walk(kernel).into_iter().filter(|op| ir::is(*op, "memref.alloca") && op != anchor) {
        ir::move_before(row, *anchor);
    }
    let mut stack = STACK;
    for alloc in ir::walk(kernel).into_iter().filter(|op| ir::is(*op, "memref.alloc") && is_in_parallel_loop(*op)) {
        let buffer = ir::result(alloc, 0);
        if let Some(bytes) = ir::type_bytes(buffer.r#type()).filter(|bytes| *bytes <= stack) {
            stack -= bytes;
            to_stack(&start, alloc);
        }
    }
    let mut problems = Vec::new();
    let mut planned = Vec::new();
    let mut lives = Vec::new();
    for alloc in ir::walk(kernel).into_iter().filter(|op| ir::is(*op, "memref.alloc")) {
        let buffer = ir::result(alloc, 0);
        let Some(bytes) = ir::type_bytes(buffer.r#type()) else {
            problems.push(format!("{}: a temporary of type {}", alloc.location(), buffer.r#type()));
            continue;
        };
        match lifetime(&positions, block, alloc) {
            Err(problem) => problems.push(problem),
            Ok(_) if bytes <= TINY => to_stack(&start, alloc),
            Ok((first, last)) => {
                planned.push(alloc);
                lives.push(Lifetime { bytes, first, last });
            }
        }
    }
    if !problems.is_empty() {
        return Err(CodegenError::Unsupported(problems));
    }
    let layout = arena::assign(&lives);
    let bytes = i64::try_from(layout.bytes).map_err(|_| CodegenError::internal("scratch memory overflows"))?;
    let scratch = block.add_argument(start.memref(start.integer_type(8), &[bytes]), kernel.location());
    for (alloc, offset) in planned.into_iter().zip(layout.offsets) {
        let buffer = ir::result(alloc, 0);
        let at = start.constant_index(offset as i64);
        let view = start.value("memref.view", &[scratch, at], buffer.r#type(), &[]);
        ir::replace_uses(buffer, view);
        ir::erase(alloc);
    }
    let types: Vec<_> = ir::arguments(block).iter().map(|a| a.r#type()).collect();
    set_signature(context, kernel, &types);
    ir::set_attribute(kernel, SCRATCH_BYTES, start.integer(start.integer_type(64), bytes));
    Ok(layout.bytes)
}

/// Puts a temporary on the stack, where every thread has its own.
fn to_stack<'c>(start: &Builder<'c>, alloc: Op<'c>) {
    let buffer = ir::result(alloc, 0);
    let segments = DenseI32ArrayAttribute::new(start.context, &[0, 0]).into();
    let mut attributes = vec![("operandSegmentSizes", segments)];
    if ir::type_bytes(buffer.r#type()).is_some_and(|bytes| bytes > TINY) {
        attributes.push(("alignment", start.integer(start.integer_type(64), LINE)));
    }
    ir::replace_uses(buffer, start.value("memref.alloca", &[], buffer.r#type(), &attributes));
    ir::erase(alloc);
}

/// Whether iterations of a loop around an operation may run at the same time.
fn is_in_parallel_loop(op: Op<'_>) -> bool {
    let mut outer = op.parent_operation();
    while let Some(parent) = outer {
        if parent.attribute(PARALLEL).is_ok() {
            return true;
        }
        outer = parent.parent_operation();
    }
    false
}

/// The first and last of the kernel's top-level operations during which a temporary holds something.
fn lifetime<'c>(
    positions: &HashMap<usize, usize>,
    block: Blk<'c>,
    alloc: Op<'c>,
) -> std::result::Result<(usize, usize), String> {
    let position = |op: Op<'c>| positions.get(&ir::op_key(ancestor_in(op, block)?)).copied();
    let place = || alloc.location();
    let made = position(alloc).ok_or_else(|| format!("{}: a temporary outside its kernel", place()))?;
    let (mut first, mut last) = (usize::MAX, made);
    let mut seen = HashSet::new();
    let mut aliases = vec![ir::result(alloc, 0)];
    while let Some(value) = aliases.pop() {
        if !seen.insert(ir::key(value)) {
            continue;
        }
        for user in ir::users(value) {
            let at = position(user).unwrap_or(last);
            last = last.max(at);
            if !is_view(user) {
                first = first.min(at);
            }
            if let Some(around) = handed_to(user) {
                if LOOPS.contains(&ir::name_of(around)) && is_inside(alloc, around) {
                    return Err(format!("{}: a temporary that a loop hands to its next iteration", place()));
                }
                aliases.extend(ir::results(around).into_iter().filter(is_buffer));
            }
            aliases.extend(ir::results(user).into_iter().filter(is_buffer));
            aliases.extend(ir::op_blocks(user).into_iter().flat_map(ir::arguments).filter(is_buffer));
        }
    }
    // Memory is needed from the first access, which may come long after the allocation.
    Ok((first.min(last), last))
}

/// Operations whose body runs again with the values it yielded.
const LOOPS: &[&str] = &["scf.for", "scf.while"];

/// Whether a value may name memory. Loops over vectors change the element type of a row by way of LLVM's descriptor.
fn is_buffer(value: &Val<'_>) -> bool {
    ir::is_memref(value.r#type())
        || ir::defining_op(*value).is_some_and(|op| ir::is(op, "builtin.unrealized_conversion_cast"))
}

/// The operation around a terminator that hands its operands on.
fn handed_to<'c>(op: Op<'c>) -> Option<Op<'c>> {
    matches!(ir::name_of(op), "scf.yield" | "scf.condition").then(|| op.parent_operation()).flatten()
}

fn is_inside<'c>(op: Op<'c>, around: Op<'c>) -> bool {
    let mut outer = op.parent_operation();
    while let Some(parent) = outer {
        if parent == around {
            return true;
        }
        outer = parent.parent_operation();
    }
    false
}

/// The operation of `block` that is or contains `op`.
fn ancestor_in<'c>(op: Op<'c>, block: Blk<'c>) -> Option<Op<'c>> {
    let mut op = op;
    loop {
        if op.block()? == block {
            return Some(op);
        }
        op = op.parent_operation()?;
    }
}
