//! Writes a group: the shared loops once, the nests inside of them, temporaries as small as one iteration needs.

use melior::ir::{
    Type, ValueLike,
    attribute::{DenseI32ArrayAttribute, IntegerAttribute},
    operation::OperationLike,
};

use super::{
    super::{
        Shape,
        analyze::{Operand, Structured},
        emit::{Emitter, Shift},
        facts,
        memory::Index,
        memory_use::{is_view, root},
        schedule::{self, Schedule},
    },
    Group, How, Member, Use, ahead, place, stream,
};
use crate::codegen::{
    error::Result,
    ir::{self, Builder, Op, Val},
};

/// Bytes of a group's rows on the stack, where each thread has its own.
const STACK: u64 = 256 << 10;

/// What remains of a temporary: the elements from `first` on that one iteration needs.
struct Row<'c> {
    memory: Val<'c>,
    element: Type<'c>,
    first: i64,
    length: i64,
}

/// Writes a group at the place of its last member. The operations themselves stay.
pub fn emit<'c>(b: &Builder<'c>, group: &Group<'c>, kernel: Op<'c>, shape: Shape) -> Result<()> {
    let schedules: Vec<Schedule> = group.members.iter().map(|member| member.schedule(shape)).collect();
    let never: Vec<Vec<bool>> = group.members.iter().map(|member| vec![false; member.source.outputs.len()]).collect();
    let ahead = ahead::fetched(group, shape);
    let plain = Version { group, schedules: &schedules, streamed: &never, ahead: &ahead };
    if group.shared.is_empty() {
        return plain.body(b, &[], &[]);
    }
    let rows = rows(group, kernel);
    let allocate = |b: &Builder<'c>| -> Vec<(&Row<'c>, Val<'c>)> { rows.iter().map(|r| (r, r.allocate(b))).collect() };
    let streamed = stream::streamed(group, &schedules, shape);
    if !streamed.iter().flatten().any(|is_streamed| *is_streamed) {
        return b.independent(|b| {
            group.mark(&b);
            let body = |inner: &Builder<'c>, at: &[Index<'c>]| plain.body(inner, &allocate(inner), at);
            loops(&b, group, &[], &body, &|_| Ok(()))
        });
    }
    let streaming = Version { streamed: &streamed, ..plain };
    let are_aligned = stream::are_aligned(b, group, &streamed);
    let body = |inner: &Builder<'c>, at: &[Index<'c>]| {
        let buffers = allocate(inner);
        let both = inner.op_with_regions("scf.if", &[are_aligned], &[], &[], &[&[], &[]]);
        for (block, version) in ir::op_blocks(both).into_iter().zip([&streaming, &plain]) {
            let branch = inner.in_block(block);
            version.body(&branch, &buffers, at)?;
            branch.op("scf.yield", &[], &[], &[]);
        }
        Ok(())
    };
    b.independent(|b| {
        group.mark(&b);
        loops(&b, group, &[], &body, &|b| stream::fence(b))
    })
}

impl Group<'_> {
    /// Tells how threads divide the shared loops: from the outside in unless something else is given.
    fn mark(&self, inner: &Builder<'_>) {
        self.division.mark_group(inner, None);
        self.division.mark_anchor(inner);
    }
}

/// The shared loops of a group around `body`; each iteration of the outermost one ends with `end`.
fn loops<'c>(
    b: &Builder<'c>,
    group: &Group<'c>,
    outer: &[Index<'c>],
    body: &dyn Fn(&Builder<'c>, &[Index<'c>]) -> Result<()>,
    end: &dyn Fn(&Builder<'c>) -> Result<()>,
) -> Result<()> {
    let Some(&extent) = group.shared.get(outer.len()) else { return body(b, outer) };
    b.parallel_loop(0, extent, 1, |inner, iv| {
        group.division.mark_loop(&inner, outer.len());
        let at: Vec<Index> = outer.iter().copied().chain([Index { value: Some(iv), constant: 0 }]).collect();
        loops(&inner, group, &at, body, &|_| Ok(()))?;
        end(&inner)
    })
}

/// One way to write a group.
#[derive(Clone, Copy)]
struct Version<'c, 'g> {
    group: &'g Group<'c>,
    schedules: &'g [Schedule],
    /// For each member which of its outputs are written past the caches.
    streamed: &'g [Vec<bool>],
    /// For each member how many elements ahead its inputs are fetched.
    ahead: &'g [Vec<i64>],
}

impl<'c> Version<'c, '_> {
    /// One iteration of the shared loops.
    fn body(&self, b: &Builder<'c>, buffers: &[(&Row<'c>, Val<'c>)], at: &[Index<'c>]) -> Result<()> {
        let hints = self.streamed.iter().zip(self.ahead);
        for ((member, schedule), (streamed, ahead)) in self.group.members.iter().zip(self.schedules).zip(hints) {
            let mut source = Structured { nest: member.split.inner.clone(), ..member.source.clone() };
            let mut shift = Shift::default();
            let small = |buffer: Val<'c>| buffers.iter().find(|(row, _)| root(buffer) == Some(row.memory));
            let far = |step: &dyn Fn(usize) -> i64| {
                at.iter().enumerate().fold(Index::constant(0), |sum, (level, iv)| sum.advance(b, *iv, step(level)))
            };
            for (i, access) in source.nest.inputs.iter_mut().enumerate() {
                let found = source.inputs[i].buffer().and_then(|buffer| Some((buffer, small(buffer)?)));
                shift.inputs.push(match found {
                    Some((buffer, (row, own))) => {
                        access.offset += ir::offset(buffer.r#type()).unwrap_or(0) - row.first;
                        source.inputs[i] = Operand::Buffer(*own);
                        Index::constant(0)
                    }
                    None => far(&|level| member.split.steps[level].inputs[i]),
                });
            }
            for (i, access) in source.nest.outputs.iter_mut().enumerate() {
                let buffer = source.outputs[i];
                shift.outputs.push(match small(buffer) {
                    Some((row, own)) => {
                        access.offset += ir::offset(buffer.r#type()).unwrap_or(0) - row.first;
                        source.outputs[i] = *own;
                        Index::constant(0)
                    }
                    None => far(&|level| member.split.steps[level].outputs[i]),
                });
            }
            let emitter = Emitter::new(b, &source, schedule).streaming(streamed).fetching(ahead);
            let emitter = if at.is_empty() { emitter.divided(&self.group.division) } else { emitter };
            emitter.emit(b, &shift)?;
        }
        Ok(())
    }
}

impl Member<'_> {
    /// How what remains within the shared loops is written.
    pub fn schedule(&self, shape: Shape) -> Schedule {
        let source = Structured { nest: self.split.inner.clone(), ..self.source.clone() };
        match &self.how {
            How::Nest(schedule) => schedule.clone(),
            _ => schedule::choose(&source.nest, &facts(&source, shape)),
        }
    }
}

impl<'c> Row<'c> {
    fn bytes(&self) -> u64 {
        self.length.unsigned_abs() * ir::byte_width(self.element)
    }

    /// Within the loops, so that iterations that run at the same time do not share it.
    fn allocate(&self, b: &Builder<'c>) -> Val<'c> {
        let ty = b.memref(self.element, &[self.length]);
        let segments = DenseI32ArrayAttribute::new(b.context, &[0, 0]).into();
        let alignment = IntegerAttribute::new(b.integer_type(64), 64).into();
        b.value("memref.alloca", &[], ty, &[("operandSegmentSizes", segments), ("alignment", alignment)])
    }
}

/// The temporaries that only this group looks at, and that fit the stack; larger ones stay whole.
fn rows<'c>(group: &Group<'c>, kernel: Op<'c>) -> Vec<Row<'c>> {
    let uses: Vec<Use> = group.members.iter().filter_map(Member::uses).flatten().collect();
    let mut rows: Vec<Row> = vec![];
    let mut left = STACK;
    for memory in uses.iter().map(|u| u.memory) {
        if rows.iter().any(|row| row.memory == memory) || !is_private(memory, group, kernel) {
            continue;
        }
        let own: Vec<&Use> = uses.iter().filter(|u| u.memory == memory).collect();
        let first = own.iter().map(|u| u.footprint.first).min().unwrap_or(0);
        let last = own.iter().map(|u| u.footprint.last).max().unwrap_or(0);
        let row = Row { memory, element: ir::element_type(memory.r#type()), first, length: last - first + 1 };
        if own.iter().any(|u| u.writes) && row.bytes() <= left {
            left -= row.bytes();
            rows.push(row);
        }
    }
    rows
}

/// Whether nobody but the members can see a temporary, and it does not outlive the group.
fn is_private<'c>(memory: Val<'c>, group: &Group<'c>, kernel: Op<'c>) -> bool {
    let known: Vec<Op> = group
        .members
        .iter()
        .flat_map(|m| m.source.absorbed.iter().copied().chain([m.source.op, place(&m.source)]))
        .collect();
    let Some(alloc) = ir::defining_op(memory).filter(|op| ir::is(*op, "memref.alloc")) else { return false };
    let is_known = |op: &Op<'c>| known.contains(op);
    let looks = |op: &Op<'c>| {
        ir::operands(*op).into_iter().any(|v| ir::is_memref(v.r#type()) && root(v).is_none_or(|r| r == memory))
    };
    known.iter().all(|op| op.block() == alloc.block())
        && ir::walk(kernel).into_iter().filter(|op| !is_view(*op) && !is_known(op)).all(|op| !looks(&op))
}
