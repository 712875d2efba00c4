//! Pass `hwc-structured-to-vector`: structured operations on buffers become loops over vectors.
//!
//! Before: a kernel with `linalg.generic` and `memref.copy` on buffers of static shape and strides.
//! After: none of those whose accesses are linear (any projected permutation, any sum of dimensions times constants)
//! is left; each is a nest of `scf.for` around vector operations on flat views of its buffers. What is not linear stays
//! for upstream's loops.
//!
//! A nest is read ([`analyze`]) into numbers ([`nest`]), scheduled by a cost estimate ([`schedule`]): one dimension runs
//! in vectors, one or two parallel dimensions are unrolled so that every load is used several times, accumulators stay
//! in registers over all reductions. What an accumulator starts from, what its result goes into and what it is made of
//! is merged into the same loops ([`stages`], [`producer`]), nests that walk the same rows share the loops over them ([`rows`]), products read packed
//! operands in blocks ([`contraction`]), and fills leave out what is overwritten at once ([`border`]). [`emit`] writes
//! the result. Float additions and multiplications inside reductions may contract into fused ones, and reductions may
//! be reordered; elementwise operations keep their rounding.

mod analyze;
pub mod attribute;
mod body;
mod border;
mod contraction;
mod effort;
mod emit;
mod memory;
pub mod memory_use;
pub mod nest;
mod partition;
mod producer;
mod rows;
pub mod schedule;
mod stages;
mod traffic;

pub use memory_use::is_view;

use melior::Context;

use self::{
    analyze::{Operand, Structured},
    body::Body,
    contraction::Cache,
    emit::{Emitter, Shift},
    rows::{Group, How, Member},
    schedule::Facts,
    stages::Feed,
};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, Op, Val},
    llvm::target::Machine,
    plan::order::Order,
};

/// What of the machine decides how loops are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    pub vector_bytes: i64,
    pub registers: i64,
    /// Bytes of the last cache, from which on data does not stay in it.
    pub last_cache: i64,
}

/// What almost every core of the last ten years has at least, by whether it has 512-bit vectors.
const CACHES: [[Cache; 2]; 2] = [
    [Cache { bytes: 32 << 10, ways: 8 }, Cache { bytes: 256 << 10, ways: 8 }],
    [Cache { bytes: 32 << 10, ways: 8 }, Cache { bytes: 1 << 20, ways: 16 }],
];

impl Shape {
    pub fn of(machine: &Machine) -> Self {
        let Machine { info, .. } = machine;
        let [.., last_cache] = crate::hwk::caches(machine);
        Self { vector_bytes: info.vector_bytes() as i64, registers: info.vector_registers() as i64, last_cache }
    }

    pub fn l1(self) -> Cache {
        CACHES[usize::from(self.vector_bytes >= 64)][0]
    }

    pub fn l2(self) -> Cache {
        CACHES[usize::from(self.vector_bytes >= 64)][1]
    }
}

/// How a kernel is converted.
#[derive(Clone, Debug)]
pub struct Options<'c> {
    pub shape: Shape,
    /// Convert copies only.
    pub only_copies: bool,
    /// Work from which on loops are worth dividing.
    pub split_from: u64,
    /// Arguments of the kernel that are constants of the model wherever it is called: they may be stored in another
    /// order.
    pub constants: Vec<Val<'c>>,
}

/// Converts the structured operations of one kernel; returns the constants it expects in another order. A kernel that has
/// a schedule keeps it, another one is told what was chosen ([`attribute`]).
pub fn convert<'c>(context: &'c Context, kernel: Op<'c>, options: &Options<'c>) -> Result<Vec<(Val<'c>, Order)>> {
    let Options { shape, only_copies, .. } = *options;
    let mut packed = vec![];
    let (mut groups, replaced) = groups(kernel, options);
    if !only_copies {
        attribute::settle(context, kernel, &mut groups, options)?;
    }
    for group in groups {
        let Some(last) = group.members.last() else { continue };
        let b = Builder::before(context, rows::place(&last.source));
        let b = b.ok_or_else(|| CodegenError::internal("a detached operation"))?;
        let choice = match &group.members[..] {
            [Member { how: How::Packed(choice), .. }] => Some(choice.clone()),
            [Member { how: How::Open, source, .. }] => contraction::choose(source, shape, &options.constants),
            _ => None,
        };
        match choice.and_then(|choice| contraction::plan(&b, &last.source, &choice, shape, &options.constants)) {
            Some(plan) => {
                packed.extend(plan.packed);
                for piece in plan.pieces {
                    let division = piece.division(&group.division);
                    Emitter::new(&b, &piece.source, &piece.schedule).divided(&division).emit(&b, &Shift::default())?;
                }
            }
            None => rows::emit(&b, &group, kernel, shape)?,
        }
    }
    replaced.into_iter().for_each(ir::erase);
    if !only_copies {
        attribute::threads::settle(context, kernel, options.split_from)?;
    }
    // What shrank to a row has left a whole tensor behind.
    for op in ir::walk(kernel).into_iter().rev().filter(|op| memory_use::is_view(*op) || ir::is(*op, "memref.alloc")) {
        if ir::results(op).into_iter().all(|r| ir::uses(r).is_empty()) {
            ir::erase(op);
        }
    }
    Ok(packed)
}

/// The nests of a kernel as they share loops, and the operations that go away when they are written.
fn groups<'c>(kernel: Op<'c>, options: &Options<'c>) -> (Vec<Group<'c>>, Vec<Op<'c>>) {
    let Options { shape, only_copies, .. } = *options;
    let chosen = |source: &Structured<'c>| writes_each_element_once(source) && (source.body.is_none() || !only_copies);
    let all: Vec<Structured> = ir::walk(kernel).into_iter().filter_map(analyze::read).filter(chosen).collect();
    let merged = stages::merge(all.clone(), kernel);
    // Everything is decided before anything is written.
    let parts = merged.iter().flat_map(|source| {
        let nests = border::parts(source, &all).into_iter().filter(|nest| !nest.is_empty());
        nests.map(|mut nest| {
            nest.simplify();
            Structured { nest, ..source.clone() }
        })
    });
    let replaced: Vec<Op> = all.iter().map(|source| source.op).collect();
    let cycles = |part: &Structured<'c>| schedule::choose(&part.nest, &facts(part, shape)).cost;
    let mut groups = rows::form(parts.collect(), &replaced, &cycles);
    if !only_copies {
        groups.iter_mut().for_each(|group| rows::divide(group, shape, &|member| member.schedule(shape)));
    }
    (groups, replaced)
}

/// Whether the operation is well defined as a nest: two iterations never write the same element, except along
/// reductions.
fn writes_each_element_once(source: &Structured) -> bool {
    let nest = &source.nest;
    let runs = |d: &usize| nest.dims[*d].extent > 1;
    nest.outputs.iter().all(|o| nest.of_kind(nest::Kind::Parallel).filter(runs).all(|d| o.strides[d] != 0))
}

fn facts(source: &Structured, shape: Shape) -> Facts {
    let body = source.body.as_ref();
    // Of the inputs of stages merged before and after nothing is read in the inner loops.
    let feeds = |i: usize| source.during.iter().any(|stage| stage.feeds.contains(&Feed::Input(i)));
    let is_read =
        |i: usize| feeds(i) || body.is_none_or(|b| b.inputs.get(i).is_some_and(|argument| b.reads(*argument)));
    let reads =
        source.inputs.iter().enumerate().map(|(i, operand)| matches!(operand, Operand::Buffer(_)) && is_read(i));
    Facts {
        vector_bytes: shape.vector_bytes,
        registers: shape.registers,
        widest: source.bodies().map(Body::widest).max().unwrap_or(source.nest.outputs[0].bytes),
        work: source.work(),
        vectorizable: source.bodies().all(|b| b.vectorizable),
        associative: body.is_some_and(|b| b.reductions.is_some()),
        reads: reads.collect(),
    }
}
