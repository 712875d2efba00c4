//! Slices and concatenations that cost nothing.
//!
//! A kernel reads a slice where it lies, as a part of what is sliced; so slices are copied into the kernels that read
//! them. Kernels write the operands of a concatenation where they will lie, as parts of its result; so it stays in `main`,
//! and says where.

use std::collections::HashSet;

use hwc_dialects::infer::axis;
use hwc_dialects::mlir::{OpView, tensor_type_from_mlir};
use hwc_dialects::{CostClass, Op};
use melior::ir::ValueLike;

use super::group::Node;
use crate::codegen::ir;

pub const SLICE: &str = "hwc.slice";

/// Marks as free the slices and concatenations that cost nothing.
pub fn free(operations: &[ir::Op], nodes: &mut [Node]) {
    let is_kept = |user: &usize| nodes.get(*user).is_some_and(|node| !node.free);
    let sliced = (0..nodes.len()).filter(|&i| {
        let node = &nodes[i];
        node.op == Op::Slice
            && node.elements > 0
            && !node.users.is_empty()
            && node.users.iter().all(is_kept)
            && is_dense(operations[i])
    });
    for slice in sliced.collect::<Vec<_>>() {
        nodes[slice].free = true;
    }
    let joined =
        (0..nodes.len()).filter(|&i| nodes[i].op == Op::Concat && is_written_in_place(operations[i], i, nodes));
    for concat in joined.collect::<Vec<_>>() {
        nodes[concat].free = true;
    }
}

/// Whether a slice takes neighbours: vectors of them are loaded at once.
fn is_dense(slice: ir::Op) -> bool {
    let view = OpView::of(&*slice).and_then(Result::ok);
    view.and_then(|view| Some(view.attrs.ints("steps").ok()?.iter().all(|step| *step == 1))).unwrap_or(false)
}

/// Whether each operand of a concatenation is computed for it alone, and not by another concatenation.
fn is_written_in_place(concat: ir::Op, number: usize, nodes: &[Node]) -> bool {
    let operands = ir::operands(concat);
    let distinct: HashSet<usize> = operands.iter().map(|v| ir::key(*v)).collect();
    let is_own = |producer: &usize| {
        let node = &nodes[*producer];
        !node.free && node.op != Op::Concat && node.users == [number] && node.op.info().cost != CostClass::Free
    };
    let producers = &nodes[number].producers;
    distinct.len() == operands.len() && producers.len() == operands.len() && producers.iter().all(is_own)
}

/// How far apart the elements lie of a value that is written as a part of a concatenation, in elements along each axis;
/// nothing where they lie as if it was whole.
pub fn strides(concat: ir::Op) -> Option<Vec<i64>> {
    let view = OpView::of(&*concat)?.ok()?;
    let shape = tensor_type_from_mlir(ir::results(concat).first()?.r#type())?.static_shape()?;
    let axis = axis(view.attrs.int("axis").ok()?, shape.len()).ok()?;
    // What is before the axis decides nothing where there is one of it.
    if shape[..axis].iter().product::<usize>() == 1 {
        return None;
    }
    let strides = (0..shape.len()).map(|i| shape[i + 1..].iter().product::<usize>() as i64);
    Some(strides.collect())
}
