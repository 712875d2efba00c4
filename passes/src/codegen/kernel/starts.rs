//! Pass `hwc-kernel-starts`: every reduction starts in memory of its own.
//!
//! Before: kernels on tensors. After: no two fills start from the same `tensor.empty`. Bufferization gives values that are
//! never alive at once the same memory if they come from the same empty tensor; the maximum and the sum of a softmax would
//! seem to depend on each other, and what both are computed from could not be computed in one pass with the sum. Memory is
//! shared by lifetime afterwards ([`super::scratch`]).

use melior::{
    Context,
    ir::{ValueLike, operation::OperationLike},
};

use crate::codegen::ir::{self, Builder, Op};

/// Converts one kernel.
pub fn convert<'c>(context: &'c Context, kernel: Op<'c>) {
    for empty in ir::walk(kernel).into_iter().filter(|op| ir::is(*op, "tensor.empty")) {
        let value = ir::result(empty, 0);
        let fills = ir::uses(value).into_iter().filter(|(user, _)| is_fill(*user));
        let others = ir::uses(value).len() - fills.clone().count();
        for (fill, place) in fills.skip(usize::from(others == 0)) {
            if let Some(b) = Builder::before(context, fill) {
                ir::set_operand(fill, place, b.value("tensor.empty", &[], value.r#type(), &[]));
            }
        }
    }
}

/// Whether an operation writes a tensor without reading any.
fn is_fill(op: Op<'_>) -> bool {
    ir::is(op, "linalg.generic") && op.operand_count() == 1
}
