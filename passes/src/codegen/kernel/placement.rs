//! Pass `hwc-kernel-placement`: what is computed only to be copied into a part of a buffer is computed there.
//!
//! Before: kernels on buffers. After: no `memref.copy` is left of an allocation that one structured operation writes
//! and nobody else reads, if nothing looks at the buffer in between. Bufferization leaves such copies where an operation
//! has several results that are parts of one tensor.

use melior::ir::{ValueLike, operation::OperationLike};

use crate::codegen::{
    ir::{self, Op, Val},
    structured::memory_use::{is_view, root, touches},
};

/// Converts one kernel.
pub fn convert(kernel: Op<'_>) {
    for copy in ir::walk(kernel).into_iter().filter(|op| ir::is(*op, "memref.copy")) {
        let [from, to] = ir::operands(copy)[..] else { continue };
        if from == to {
            ir::erase(copy);
        } else if let Some((writer, operand, alloc)) = written_once(copy, from)
            && let Some(views) = views_to_move(writer, copy, to)
        {
            views.into_iter().for_each(|view| ir::move_before(view, writer));
            ir::set_operand(writer, operand, to);
            ir::erase(copy);
            ir::erase(alloc);
        }
    }
}

/// The structured operation in the block of a copy that overwrites the allocation `from`, which nothing else uses: with
/// the number of its operand, and the allocation.
fn written_once<'c>(copy: Op<'c>, from: Val<'c>) -> Option<(Op<'c>, usize, Op<'c>)> {
    let alloc = ir::defining_op(from).filter(|op| ir::is(*op, "memref.alloc"))?;
    let mut uses = ir::uses(from).into_iter().filter(|(user, _)| *user != copy);
    let (writer, operand) = uses.next().filter(|(op, _)| ir::is(*op, "linalg.generic"))?;
    let inputs = ir::dense_i32(writer.attribute("operandSegmentSizes").ok()?)?.first().copied()?;
    let argument = ir::arguments(ir::entry(writer)?).get(operand).copied()?;
    let overwrites = operand >= usize::try_from(inputs).ok()? && ir::uses(argument).is_empty();
    let all_parallel = !writer.attribute("iterator_types").ok()?.to_string().contains("reduction");
    (uses.next().is_none() && overwrites && all_parallel && writer.block() == copy.block())
        .then_some((writer, operand, alloc))
}

/// The views of `to` that have to be made before `writer` so that it can write there instead; nothing where it cannot.
fn views_to_move<'c>(writer: Op<'c>, copy: Op<'c>, to: Val<'c>) -> Option<Vec<Op<'c>>> {
    let memory = root(to)?;
    let between = ir::between(writer, copy)?;
    if between.iter().any(|op| !is_view(*op) && touches(*op, memory)) {
        return None;
    }
    // What it writes already may be other parts of the buffer; it may not read any.
    for operand in ir::operands(writer).into_iter().filter(|v| ir::is_memref(v.r#type())) {
        if root(operand)? == memory && !are_apart(operand, to) {
            return None;
        }
    }
    let mut views = vec![];
    let mut pending = vec![to];
    while let Some(op) = pending.pop().and_then(ir::defining_op) {
        let comes_later = between.contains(&op);
        if comes_later && !is_view(op) && !ir::name_of(op).starts_with("arith.") {
            return None;
        }
        if comes_later {
            views.push(op);
            pending.extend(ir::operands(op));
        }
    }
    Some(between.into_iter().filter(|op| views.contains(op)).collect())
}

/// Whether two parts of one buffer are known to have no element in common.
fn are_apart<'c>(a: Val<'c>, b: Val<'c>) -> bool {
    let part = |value: Val<'c>| {
        let op = ir::defining_op(value).filter(|op| ir::is(*op, "memref.subview"))?;
        let numbers = |name: &str| ir::dense_i64(op.attribute(name).ok()?);
        Some((op, numbers("static_offsets")?, numbers("static_sizes")?, numbers("static_strides")?))
    };
    let (Some((a, starts, sizes, steps)), Some((b, other_starts, other_sizes, other_steps))) = (part(a), part(b))
    else {
        return false;
    };
    // Without numbers that are only known when the kernel runs.
    let is_static = |op: Op<'c>| op.operand_count() == 1;
    is_static(a)
        && is_static(b)
        && ir::operand(a, 0) == ir::operand(b, 0)
        && (0..starts.len()).any(|d| {
            let (low, high) = (starts[d].min(other_starts[d]), starts[d].max(other_starts[d]));
            let first_is_low = starts[d] == low;
            let (size, step) = if first_is_low { (sizes[d], steps[d]) } else { (other_sizes[d], other_steps[d]) };
            let never_meet = steps[d] == other_steps[d] && (high - low) % step != 0;
            never_meet || high > low + (size - 1) * step
        })
}
