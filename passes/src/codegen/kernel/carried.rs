//! What a loop carries stays in one buffer.
//!
//! Before: loops that carry tensors. After: each tensor that a loop hands to its next iteration is an update of the one
//! that came in, or copied over it by `bufferization.materialize_in_destination`. Bufferization refuses loops that would
//! go on in another buffer.

use melior::{
    Context,
    ir::{ValueLike, operation::OperationLike},
};

use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, Op, Val},
};

/// Converts one kernel.
pub fn convert<'c>(context: &'c Context, kernel: Op<'c>) -> Result<()> {
    for end in ir::walk(kernel) {
        // The first operands of these that are not handed on: none, or the condition.
        let skipped = match ir::name_of(end) {
            "scf.yield"
                if end.parent_operation().is_some_and(|p| matches!(ir::name_of(p), "scf.for" | "scf.while")) =>
            {
                0
            }
            "scf.condition" => 1,
            _ => continue,
        };
        let b = Builder::before(context, end).ok_or_else(|| CodegenError::internal("a detached operation"))?;
        let arguments = end.block().map(ir::arguments).unwrap_or_default();
        // The arguments of the body of `scf.for` start with the index.
        let first = end.parent_operation().map_or(0, |p| usize::from(ir::is(p, "scf.for")));
        for (i, value) in ir::operands(end).into_iter().enumerate().skip(skipped) {
            let Some(carried) = arguments.get(i - skipped + first) else { continue };
            let ty = value.r#type();
            if ir::is_tensor(ty) && carried.r#type() == ty && !updates(value, *carried) {
                let kept = b.value("bufferization.materialize_in_destination", &[value, *carried], ty, &[]);
                ir::set_operand(end, i, kept);
            }
        }
    }
    Ok(())
}

/// Whether a tensor is `origin` after any number of updates in place.
fn updates<'c>(value: Val<'c>, origin: Val<'c>) -> bool {
    if value == origin {
        return true;
    }
    let Some(op) = ir::defining_op(value) else { return false };
    let Some(number) = ir::results(op).iter().position(|r| *r == value) else { return false };
    let operand = |index: usize| ir::operand(op, index).is_some_and(|v| updates(v, origin));
    match ir::name_of(op) {
        "tensor.insert" | "tensor.insert_slice" | "bufferization.materialize_in_destination" => operand(1),
        "tensor.cast" => operand(0),
        "scf.for" => operand(3 + number),
        "scf.while" => operand(number),
        "scf.if" => ir::op_blocks(op).into_iter().all(|block| {
            ir::block_ops(block)
                .last()
                .and_then(|end| ir::operand(*end, number))
                .is_some_and(|yielded| updates(yielded, origin))
        }),
        name if name.starts_with("linalg.") => operand(op.operand_count().saturating_sub(op.result_count()) + number),
        _ => false,
    }
}
