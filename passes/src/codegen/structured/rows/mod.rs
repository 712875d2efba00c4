//! Nests that follow each other and walk the same rows become one loop over the rows.
//!
//! Where a kernel computes a statistic of each row and then something of each element with it, a nest over the whole
//! tensor for each of the steps reads and writes memory every time. Here consecutive nests whose parallel dimensions
//! begin with the same loops share these: the row stays in the first-level cache from one step to the next, and a
//! temporary that lives within one iteration shrinks to what one iteration needs.
//!
//! It is legal where two accesses to one buffer, one of which writes, never meet in different iterations
//! ([`split::Footprint`]).

mod ahead;
mod emit;
mod split;
mod stream;

pub use emit::emit;
pub use stream::{divide, streams};

use melior::ir::{BlockLike, ValueLike, operation::OperationLike};

use self::split::{Footprint, Split, splits};
use super::{
    analyze::{Operand, Structured},
    contraction::Choice,
    memory_use::{is_view, root},
    nest::{Dim, Kind, Nest},
    partition::Division,
    schedule::Schedule,
};
use crate::codegen::ir::{self, Op, Val};

/// Nests under shared loops; without any there is one nest alone.
pub struct Group<'c> {
    /// Extents of the shared loops, from the outside in.
    pub shared: Vec<i64>,
    pub members: Vec<Member<'c>>,
    /// Whether results may be written past the caches where that is expected to pay.
    pub may_stream: bool,
    /// How threads divide the loops: the shared ones, or those of a nest that is alone.
    pub division: Division,
}

/// A nest in a group; its operands as they are without sharing.
pub struct Member<'c> {
    pub source: Structured<'c>,
    split: Split,
    pub how: How,
}

/// How what remains of a nest within the shared loops is written.
#[derive(Clone, Debug)]
pub enum How {
    /// As whoever writes it thinks best.
    Open,
    /// By this schedule.
    Nest(Schedule),
    /// Over packed operands.
    Packed(Choice),
}

/// An access of a member to a buffer that is known.
struct Use<'c> {
    memory: Val<'c>,
    writes: bool,
    footprint: Footprint,
}

/// Groups simplified nests; `cost` estimates the cycles of one, without memory that is far. `replaced` are the operations
/// that go away when the nests are written.
pub fn form<'c>(
    mut nests: Vec<Structured<'c>>,
    replaced: &[Op<'c>],
    cost: &dyn Fn(&Structured<'c>) -> f64,
) -> Vec<Group<'c>> {
    nests.sort_by_key(|nest| position(place(nest)));
    let mut groups = vec![];
    let mut rest = &nests[..];
    while let Some(first) = rest.first() {
        let run = 1 + rest.windows(2).take_while(|pair| follows(place(&pair[0]), place(&pair[1]), replaced)).count();
        let best = shared_loops(&rest[..run])
            .into_iter()
            .map(|shared| grow(&rest[..run], shared))
            .filter(|group| group.members.iter().any(|m| m.source.nest.has_reductions()) && pays(group, cost))
            .max_by_key(|group| group.members.len());
        let group = best.unwrap_or_else(|| {
            let split = Split { steps: vec![], inner: first.nest.clone() };
            Group {
                shared: vec![],
                members: vec![Member { source: first.clone(), split, how: How::Open }],
                may_stream: true,
                division: Division::default(),
            }
        });
        rest = &rest[group.members.len()..];
        groups.push(group);
    }
    groups
}

/// Where a nest is written.
pub fn place<'c>(nest: &Structured<'c>) -> Op<'c> {
    nest.place.unwrap_or(nest.op)
}

/// The block of an operation and its number there.
fn position(op: Op<'_>) -> (usize, usize) {
    let Some(block) = op.block() else { return (0, 0) };
    let first = block.first_operation().map_or(0, ir::op_key);
    (first, ir::block_ops(block).iter().position(|other| *other == op).unwrap_or(0))
}

/// Whether nothing that is between two operations of one block looks at memory.
fn follows<'c>(first: Op<'c>, last: Op<'c>, replaced: &[Op<'c>]) -> bool {
    let mut next = Some(first);
    while let Some(op) = next {
        if op == last {
            return true;
        }
        let names_memory = || ir::operands(op).into_iter().any(|v| ir::is_memref(v.r#type()));
        let is_quiet = is_view(op)
            || ir::is(op, "memref.alloc")
            || replaced.contains(&op)
            || (op.region_count() == 0 && !names_memory());
        if !is_quiet {
            return false;
        }
        next = op.next_in_block();
    }
    false
}

/// The loops that nests could share: for each reduction the parallel ones, the longest steps first.
fn shared_loops(run: &[Structured]) -> Vec<Vec<i64>> {
    let mut all: Vec<Vec<i64>> = vec![];
    for nest in run.iter().map(|s| &s.nest).filter(|nest| nest.has_reductions()) {
        let mut dims: Vec<usize> = nest.of_kind(Kind::Parallel).collect();
        dims.sort_by_key(|d| std::cmp::Reverse(nest.outputs[0].strides[*d]));
        let extents: Vec<i64> = dims.into_iter().map(|d| nest.dims[d].extent).collect();
        if !extents.is_empty() && !all.contains(&extents) {
            all.push(extents);
        }
    }
    all
}

/// As many nests from the front as can share these loops.
fn grow<'c>(run: &[Structured<'c>], shared: Vec<i64>) -> Group<'c> {
    let mut group = Group { shared, members: vec![], may_stream: true, division: Division::default() };
    let mut known: Vec<Use> = vec![];
    for source in run {
        let joins = |split: Split| {
            let member = Member { source: source.clone(), split, how: How::Open };
            let uses = member.uses()?;
            let independent = |new: &Use<'c>| {
                known
                    .iter()
                    .filter(|old| old.memory == new.memory && (old.writes || new.writes))
                    .all(|old| old.footprint.meets_only_within(&new.footprint, &group.shared))
            };
            (!member.contracts() && uses.iter().all(independent)).then_some((member, uses))
        };
        let Some((member, uses)) = splits(&source.nest, &group.shared).into_iter().find_map(joins) else { break };
        known.extend(uses);
        group.members.push(member);
    }
    group
}

impl<'c> Member<'c> {
    /// What remains within the shared loops.
    pub fn inner(&self) -> &Nest {
        &self.split.inner
    }

    /// The nest with the shared loops, of these extents, around what remains.
    pub fn whole(&self, shared: &[i64]) -> Nest {
        let mut nest = self.split.inner.clone();
        let dims = shared.iter().map(|&extent| Dim { extent, kind: Kind::Parallel, index_of: None });
        nest.dims.splice(0..0, dims);
        for (i, access) in nest.inputs.iter_mut().enumerate() {
            access.strides.splice(0..0, self.split.steps.iter().map(|step| step.inputs[i]));
        }
        for (i, access) in nest.outputs.iter_mut().enumerate() {
            access.strides.splice(0..0, self.split.steps.iter().map(|step| step.outputs[i]));
        }
        nest
    }

    /// Whether what remains inside the shared loops is more than a reduction of one row: a contraction has blocks of its
    /// own.
    fn contracts(&self) -> bool {
        let inner = &self.split.inner;
        if !inner.has_reductions() {
            return false;
        }
        let stays = |i: usize| self.split.steps.iter().all(|step| step.inputs[i] == 0);
        let is_product = self.source.body.iter().flat_map(|b| b.reductions.iter().flatten()).any(|reduction| {
            ir::defining_op(reduction.contribution)
                .is_some_and(|op| ir::name_of(op).starts_with("arith.mul") && ir::operand(op, 0) != ir::operand(op, 1))
        });
        let shares_input = (0..inner.inputs.len())
            .any(|i| stays(i) && inner.of_kind(Kind::Reduction).any(|d| inner.inputs[i].strides[d] != 0));
        inner.of_kind(Kind::Parallel).next().is_some() || (is_product && shares_input)
    }

    /// All accesses; nothing if one is to memory that is not known.
    fn uses(&self) -> Option<Vec<Use<'c>>> {
        let inner = &self.split.inner;
        let mut uses = vec![];
        for (i, (operand, access)) in self.source.inputs.iter().zip(&inner.inputs).enumerate() {
            let Operand::Buffer(buffer) = operand else { continue };
            let steps = self.split.steps.iter().map(|step| step.inputs[i]).collect();
            let footprint = Footprint::new(access, inner, steps, ir::offset(buffer.r#type())?);
            uses.push(Use { memory: root(*buffer)?, writes: false, footprint });
        }
        for (i, (buffer, access)) in self.source.outputs.iter().zip(&inner.outputs).enumerate() {
            let steps = self.split.steps.iter().map(|step| step.outputs[i]).collect();
            let footprint = Footprint::new(access, inner, steps, ir::offset(buffer.r#type())?);
            uses.push(Use { memory: root(*buffer)?, writes: true, footprint });
        }
        Some(uses)
    }
}

/// Whether shared loops are expected to be faster: short rows make poor vectors, but memory is not walked again.
fn pays<'c>(group: &Group<'c>, cost: &dyn Fn(&Structured<'c>) -> f64) -> bool {
    /// What stays in the first-level cache anyway.
    const NEAR: i64 = 32 << 10;
    /// Bytes that come from further away in one cycle.
    const RATE: f64 = 8.0;
    if group.members.len() < 2 {
        return false;
    }
    let rows: i64 = group.shared.iter().product();
    let (mut together, mut apart) = (0.0, 0.0);
    let mut seen: Vec<Val> = vec![];
    for member in &group.members {
        let inner = Structured { nest: member.split.inner.clone(), ..member.source.clone() };
        together += rows as f64 * cost(&inner);
        apart += cost(&member.source);
        let nest = &member.source.nest;
        let inputs = member.source.inputs.iter().filter_map(|input| input.buffer());
        for memory in inputs.chain(member.source.outputs.iter().copied()).filter_map(root) {
            let bytes = ir::type_bytes(memory.r#type()).map_or(0, |b| b as i64);
            if seen.contains(&memory) && bytes > NEAR && !nest.is_empty() {
                apart += bytes as f64 / RATE;
            }
            seen.push(memory);
        }
    }
    together <= apart
}
