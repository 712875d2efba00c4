//! Pass `hwc-structured-to-vector`: structured operations on buffers become loops over vectors.
//!
//! Before: a kernel with `linalg.generic` and `memref.copy` on buffers of static shape and strides.
//! After: none of those whose accesses are linear (any projected permutation, any sum of dimensions times constants)
//! is left; each is a nest of `scf.for` around vector operations on flat views of its buffers. What is not linear stays
//! for upstream's loops.
//!
//! A nest is read ([`analyze`]) into numbers ([`nest`]), scheduled by a cost estimate ([`schedule`]): one dimension runs
//! in vectors, one or two parallel dimensions are unrolled so that every load is used several times, accumulators stay
//! in registers over all reductions. [`emit`] writes the result. Float additions and multiplications inside reductions
//! may contract into fused ones, and reductions may be reordered; elementwise operations keep their rounding.

mod analyze;
mod body;
mod emit;
mod memory;
pub mod nest;
pub mod schedule;

use melior::{
    Context,
    ir::{ValueLike, operation::OperationLike},
};

use self::{
    analyze::{Operand, Structured},
    emit::Emitter,
    schedule::Facts,
};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, Op, Val},
    llvm::target::TargetInfo,
};

/// What of the machine decides how loops are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub vector_bytes: i64,
    pub registers: i64,
}

impl Shape {
    pub fn of(target: &TargetInfo) -> Self {
        Self { vector_bytes: target.vector_bytes() as i64, registers: target.vector_registers() as i64 }
    }
}

/// Converts the structured operations of one kernel, or only the copies.
pub fn convert<'c>(context: &'c Context, kernel: Op<'c>, shape: Shape, only_copies: bool) -> Result<()> {
    let chosen = |source: &Structured<'c>| writes_each_element_once(source) && (source.body.is_none() || !only_copies);
    let all: Vec<Structured> = ir::walk(kernel).into_iter().filter_map(analyze::read).filter(chosen).collect();
    let starts: Vec<Vec<Option<Start>>> = all.iter().map(|source| starts(source, &all)).collect();
    let fused: Vec<Op> = starts.iter().flatten().flatten().map(|start| start.fill).collect();
    for (source, starts) in all.iter().zip(&starts).filter(|(source, _)| !fused.contains(&source.op)) {
        if source.nest.is_empty() {
            continue;
        }
        let b = Builder::before(context, source.op).ok_or_else(|| CodegenError::internal("a detached operation"))?;
        let schedule = schedule::choose(&source.nest, &facts(source, shape));
        let initial = starts.iter().map(|start| start.map(|s| s.value)).collect();
        Emitter::new(&b, source, &schedule, initial).emit(&b)?;
    }
    all.iter().for_each(|source| ir::erase(source.op));
    Ok(())
}

/// Whether the operation is well defined as a nest: two iterations never write the same element, except along
/// reductions.
fn writes_each_element_once(source: &Structured) -> bool {
    let nest = &source.nest;
    nest.outputs.iter().all(|o| nest.of_kind(nest::Kind::Parallel).all(|d| o.strides[d] != 0))
}

fn facts(source: &Structured, shape: Shape) -> Facts {
    let body = source.body.as_ref();
    let reads = source
        .inputs
        .iter()
        .enumerate()
        .map(|(i, operand)| matches!(operand, Operand::Buffer(_)) && body.is_none_or(|b| b.reads(b.inputs[i])));
    Facts {
        vector_bytes: shape.vector_bytes,
        registers: shape.registers,
        widest: body.map_or_else(|| source.nest.outputs[0].bytes, |b| b.widest()),
        work: body.map_or(0.5, |b| b.cost()),
        vectorizable: body.is_none_or(|b| b.vectorizable),
        associative: body.is_some_and(|b| b.reductions.is_some()),
        reads: reads.collect(),
    }
}

/// A fill that gives an accumulator its first value, and that value.
#[derive(Clone, Copy)]
struct Start<'c> {
    fill: Op<'c>,
    value: Val<'c>,
}

/// For each output of a reduction, the fill just before it that writes that buffer, if nothing else sees what it wrote.
fn starts<'c>(source: &Structured<'c>, all: &[Structured<'c>]) -> Vec<Option<Start<'c>>> {
    let start = |buffer: &Val<'c>| {
        if !source.nest.has_reductions() || source.nest.is_empty() {
            return None;
        }
        let fill = all.iter().rev().find(|f| {
            f.outputs[..] == [*buffer] && f.op.block() == source.op.block() && f.op.is_before_in_block(source.op)
        })?;
        let value = filled_value(fill)?;
        // What is not written would keep what was there before the fill.
        if elements_written(source) != elements_written(fill) {
            return None;
        }
        let unseen = ir::users(*buffer).into_iter().all(|user| {
            let Some(user) = ancestor_beside(user, source.op) else { return false };
            let is_view = ir::results(user).iter().any(|r| ir::is_memref(r.r#type()));
            user == source.op
                || user == fill.op
                || source.op.is_before_in_block(user)
                || (!is_view && user.is_before_in_block(fill.op))
        });
        let reads_it = source.inputs.contains(&Operand::Buffer(*buffer));
        (unseen && !reads_it).then_some(Start { fill: fill.op, value })
    };
    source.outputs.iter().map(start).collect()
}

/// How many elements an operation writes to each of its outputs.
fn elements_written(source: &Structured) -> i64 {
    source.nest.of_kind(nest::Kind::Parallel).map(|d| source.nest.dims[d].extent).product()
}

/// The operation around (or equal to) `op` that is in the same block as `other`.
fn ancestor_beside<'c>(op: Op<'c>, other: Op<'c>) -> Option<Op<'c>> {
    let mut op = op;
    while op.block() != other.block() {
        op = op.parent_operation()?;
    }
    Some(op)
}

/// The one value that an operation writes to every element of its output.
fn filled_value<'c>(source: &Structured<'c>) -> Option<Val<'c>> {
    let body = source.body.as_ref().filter(|b| b.ops.is_empty())?;
    let [yielded] = body.yields[..] else { return None };
    match body.inputs.iter().position(|argument| *argument == yielded) {
        Some(i) => match source.inputs[i] {
            Operand::Value(value) => Some(value),
            Operand::Buffer(_) => None,
        },
        None => (!body.outputs.contains(&yielded)).then_some(yielded),
    }
}
