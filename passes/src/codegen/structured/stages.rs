//! Merges what comes before and after a reduction into it: the values its accumulators start from, and the elementwise
//! operation that its result goes into, are computed while the accumulators are in registers. What it reads may be
//! computed in its iterations ([`producer`]).

use std::collections::HashSet;

use melior::ir::{BlockLike, operation::OperationLike};

use super::{
    analyze::{Operand, Structured},
    body::Body,
    memory_use::{is_view, root, touches, writes},
    nest::{Access, Kind, Nest},
    producer,
};
use crate::codegen::ir::{self, Op, Val};

/// Where an argument of a merged body comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// An input of the whole.
    Input(usize),
    /// A result of the reduction.
    Accumulator(usize),
}

/// An elementwise computation merged into a reduction; one feed for each input of its body.
#[derive(Clone, Debug)]
pub struct Stage<'c> {
    pub body: Body<'c>,
    pub feeds: Vec<Feed>,
}

/// Merges neighbours wherever nothing in between could tell the difference. The result is in an order in which it can be
/// written; absorbed operations are gone from it.
pub fn merge<'c>(all: Vec<Structured<'c>>, kernel: Op<'c>) -> Vec<Structured<'c>> {
    let mut absorbed: HashSet<usize> = HashSet::new();
    let mut merged: Vec<Structured> = all.clone();
    for source in &mut merged {
        if !source.nest.has_reductions() || source.nest.is_empty() || absorbed.contains(&ir::op_key(source.op)) {
            continue;
        }
        for output in 0..source.outputs.len() {
            if let Some(found) = start(source, output, &all) {
                absorbed.insert(ir::op_key(found.op));
                absorb_start(source, output, found);
            }
        }
        if let Some(found) = finish(source, &all).filter(|f| !absorbed.contains(&ir::op_key(f.op))) {
            absorbed.insert(ir::op_key(found.op));
            absorb_finish(source, found, kernel);
        }
        if let Some(found) = producer::find(source, &all).filter(|f| !absorbed.contains(&ir::op_key(f.op))) {
            absorbed.insert(ir::op_key(found.op));
            producer::absorb(source, found);
        }
    }
    let is_left = |s: &Structured| s.place.is_some() || !absorbed.contains(&ir::op_key(s.op));
    merged.into_iter().filter(is_left).collect()
}

/// Whether an operation can become a stage: elementwise, and independent of where it is computed.
pub fn is_stage(source: &Structured) -> bool {
    let Some(body) = &source.body else { return false };
    !source.nest.has_reductions()
        && !source.nest.is_empty()
        && body.vectorizable
        && body.indices.is_empty()
        && body.outputs.iter().all(|o| !body.reads(*o))
}

/// The operations between two in the same block, without them and without views; nothing if they are not in one block in
/// this order.
pub fn between<'c>(first: Op<'c>, last: Op<'c>) -> Option<Vec<Op<'c>>> {
    let ops = ir::between(first, last)?;
    Some(ops.into_iter().filter(|op| !is_view(*op)).collect())
}

/// The roots of an operation's input buffers; nothing if one is unknown.
pub fn input_roots<'c>(source: &Structured<'c>) -> Option<Vec<Val<'c>>> {
    source.inputs.iter().filter_map(|input| input.buffer()).map(root).collect()
}

/// The elementwise operation that writes what an output of `reduction` starts from.
fn start<'c, 'a>(reduction: &Structured<'c>, output: usize, all: &'a [Structured<'c>]) -> Option<&'a Structured<'c>> {
    let buffer = reduction.outputs[output];
    let memory = root(buffer)?;
    let found = all
        .iter()
        .rev()
        .find(|s| s.op != reduction.op && s.outputs.contains(&buffer) && between(s.op, reduction.op).is_some())?;
    let reads = input_roots(found)?;
    let same_elements = elements(&found.nest) == elements(&reduction.nest);
    let ops = between(found.op, reduction.op)?;
    (found.outputs.len() == 1
        && is_stage(found)
        && same_elements
        && !reads.contains(&memory)
        && !input_roots(reduction)?.contains(&memory)
        && ops.iter().all(|op| !touches(*op, memory) && reads.iter().all(|r| !writes(*op, *r)))
        && dims_of(found, &found.nest.outputs[0], reduction, output).is_some())
    .then_some(found)
}

/// How many elements a nest writes to each output.
fn elements(nest: &Nest) -> i64 {
    nest.of_kind(Kind::Parallel).map(|d| nest.dims[d].extent).product()
}

/// For each dimension of `other` the dimension of `reduction` that walks the shared buffer in the same steps. `access` is
/// how `other` accesses the buffer.
fn dims_of(other: &Structured, access: &Access, reduction: &Structured, output: usize) -> Option<Vec<Option<usize>>> {
    same_dims(&other.nest, access, &reduction.nest, &reduction.nest.outputs[output], &[Kind::Parallel])
}

/// For each dimension of `other` the one of `nest` along which both accesses take the same steps; nothing unless these
/// are all dimensions of the kinds given.
pub fn same_dims(
    other: &Nest,
    access: &Access,
    nest: &Nest,
    target: &Access,
    kinds: &[Kind],
) -> Option<Vec<Option<usize>>> {
    if access.offset != target.offset {
        return None;
    }
    let candidates: Vec<usize> = (0..nest.dims.len()).filter(|&d| kinds.contains(&nest.dims[d].kind)).collect();
    let mut taken = HashSet::new();
    let mut all = vec![];
    for (d, dim) in other.dims.iter().enumerate() {
        if dim.extent == 1 {
            all.push(None);
            continue;
        }
        let fits = |r: &&usize| nest.dims[**r].extent == dim.extent && target.strides[**r] == access.strides[d];
        let same = *candidates.iter().filter(fits).find(|r| !taken.contains(*r))?;
        taken.insert(same);
        all.push(Some(same));
    }
    let covers = candidates.iter().all(|r| nest.dims[*r].extent == 1 || taken.contains(r));
    covers.then_some(all)
}

/// An access of `other` in terms of the dimensions of a reduction.
pub fn translated(access: &Access, dims: &[Option<usize>], count: usize) -> Access {
    let mut strides = vec![0; count];
    for (d, dim) in dims.iter().enumerate() {
        if let Some(r) = dim {
            strides[*r] += access.strides[d];
        }
    }
    Access { strides, ..*access }
}

/// Adds the inputs of `found` to those of `source`; returns the feeds of its body.
fn add_inputs<'c>(
    source: &mut Structured<'c>,
    found: &Structured<'c>,
    dims: &[Option<usize>],
    accumulator: Option<Val<'c>>,
) -> Vec<Feed> {
    let mut feeds = vec![];
    for (operand, access) in found.inputs.iter().zip(&found.nest.inputs) {
        if accumulator.is_some_and(|a| *operand == Operand::Buffer(a)) {
            feeds.push(Feed::Accumulator(0));
            continue;
        }
        feeds.push(Feed::Input(source.inputs.len()));
        source.inputs.push(*operand);
        source.nest.inputs.push(translated(access, dims, source.nest.dims.len()));
    }
    feeds
}

fn absorb_start<'c>(reduction: &mut Structured<'c>, output: usize, found: &Structured<'c>) {
    let (Some(dims), Some(body)) = (dims_of(found, &found.nest.outputs[0], reduction, output), found.body.clone())
    else {
        return;
    };
    let feeds = add_inputs(reduction, found, &dims, None);
    reduction.before[output] = Some(Stage { body, feeds });
    reduction.absorbed.push(found.op);
}

/// The elementwise operation that is the next to use the result of `reduction`.
fn finish<'c, 'a>(reduction: &Structured<'c>, all: &'a [Structured<'c>]) -> Option<&'a Structured<'c>> {
    let [buffer] = reduction.outputs[..] else { return None };
    let memory = root(buffer)?;
    let found = all.iter().find(|s| {
        s.op != reduction.op && s.inputs.contains(&Operand::Buffer(buffer)) && between(reduction.op, s.op).is_some()
    })?;
    if !is_stage(found) {
        return None;
    }
    let reads = input_roots(reduction)?;
    let ops = between(reduction.op, found.op)?;
    let is_quiet = |op: &Op<'c>| !touches(*op, memory) && reads.iter().all(|r| !writes(*op, *r));
    if !ops.iter().all(is_quiet) {
        return None;
    }
    // Every look at the result must be at the element just computed, in the same order.
    let mut looks = found.inputs.iter().zip(&found.nest.inputs).filter(|(i, _)| **i == Operand::Buffer(buffer));
    let (_, first) = looks.next()?;
    if looks.any(|(_, access)| access != first) {
        return None;
    }
    dims_of(found, first, reduction, 0)?;
    for (output, access) in found.outputs.iter().zip(&found.nest.outputs) {
        let written = root(*output)?;
        // What the reduction still reads must not be overwritten.
        if reads.contains(&written) || (written == memory && (*output != buffer || access != first)) {
            return None;
        }
        // What the operation itself reads may be overwritten in place only.
        for (input, read) in found.inputs.iter().zip(&found.nest.inputs) {
            if let Operand::Buffer(input) = input
                && *input != buffer
                && root(*input)? == written
                && (input != output || read != access)
            {
                return None;
            }
        }
    }
    // Another part of the accumulators' memory may not be looked at.
    let looks_elsewhere = found.inputs.iter().any(|input| match input {
        Operand::Buffer(input) => *input != buffer && root(*input) == Some(memory),
        Operand::Value(_) | Operand::Computed(_) => false,
    });
    (!looks_elsewhere).then_some(found)
}

fn absorb_finish<'c>(reduction: &mut Structured<'c>, found: &Structured<'c>, kernel: Op<'c>) {
    let buffer = reduction.outputs[0];
    let look = found.inputs.iter().position(|input| *input == Operand::Buffer(buffer));
    let Some(dims) = look.and_then(|i| dims_of(found, &found.nest.inputs[i], reduction, 0)) else { return };
    let Some(body) = found.body.clone() else { return };
    let feeds = add_inputs(reduction, found, &dims, Some(buffer));
    for (output, access) in found.outputs.iter().zip(&found.nest.outputs) {
        reduction.outputs.push(*output);
        reduction.nest.outputs.push(translated(access, &dims, reduction.nest.dims.len()));
    }
    let mut known: Vec<Op> = vec![reduction.op, found.op];
    known.extend(&reduction.absorbed);
    reduction.keeps_result = !found.outputs.contains(&buffer) && is_used_elsewhere(buffer, &known, kernel);
    reduction.after = Some(Stage { body, feeds });
    reduction.absorbed.push(reduction.op);
    reduction.place = Some(found.op);
}

/// Whether anyone but the operations given could look at a buffer.
fn is_used_elsewhere<'c>(buffer: Val<'c>, known: &[Op<'c>], kernel: Op<'c>) -> bool {
    let Some(memory) = root(buffer).filter(|m| ir::defining_op(*m).is_some_and(|op| ir::is(op, "memref.alloc"))) else {
        return true;
    };
    let is_inside = |op: &Op<'c>| {
        known.contains(op) || op.block().and_then(|b| b.parent_operation()).is_some_and(|p| known.contains(&p))
    };
    ir::op_blocks(kernel)
        .into_iter()
        .flat_map(ir::block_ops)
        .filter(|op| !is_view(*op) && !is_inside(op))
        .any(|op| touches(op, memory))
}
