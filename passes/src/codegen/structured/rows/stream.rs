//! Large results are written past the caches, and large transpositions in blocks.
//!
//! Of data that no cache can hold, an ordinary store first reads the line that it is about to overwrite. A streaming
//! store does not, but what is read again soon must not be streamed. A transposition walks one of its operands across
//! pages; in blocks it stays within as many pages as there are entries for their addresses.
//!
//! What is streamed is written in whole lines; whether a result of the model starts at one is only known at run time, so
//! there are two versions of each block.

use melior::ir::ValueLike;

use super::{
    super::{
        Shape,
        memory_use::root,
        nest::{Access, Kind, Nest},
        schedule::{Load, Schedule},
    },
    Group, Member,
};
use crate::codegen::{
    error::Result,
    ir::{self, Builder, Val},
};

/// Bytes of a line, which a streaming store fills.
const LINE: i64 = 64;
/// Elements of a strip of an elementwise nest.
const STRIP: i64 = 64 << 10;
/// At most so many rows and columns in a block of a transposition: one page each.
const BLOCK: [i64; 2] = [1024, 512];
/// At most so many iterations of a group's outermost loop between two fences.
const ROWS: i64 = 64;

/// Divides the loops of a group whose data is far into blocks.
pub fn divide(group: &mut Group, shape: Shape, schedule: &dyn Fn(&Member) -> Schedule) {
    if !is_far(group, shape) {
        return;
    }
    if let [extent, ..] = group.shared[..] {
        let size = divisor(extent, ROWS.min(extent / 8), 1);
        if size >= 8 {
            group.shared[0] = size;
            group.shared.insert(0, extent / size);
            group.members.iter_mut().for_each(|member| member.split.block(size));
        }
        return;
    }
    let [member] = &mut group.members[..] else { return };
    let nest = &member.split.inner;
    if nest.has_reductions() || nest.dims.iter().any(|d| d.index_of.is_some()) {
        return;
    }
    for (dim, count) in blocks(nest, &schedule(member)).unwrap_or_default() {
        member.split.take(dim, count);
        group.shared.push(count);
    }
    member.split.inner.simplify();
}

/// The loops around one block, by dimension and number of iterations, from the outside in.
fn blocks(nest: &Nest, schedule: &Schedule) -> Option<Vec<(usize, i64)>> {
    let vector = schedule.vector?;
    let along = schedule.loads.iter().find_map(|load| match load {
        Load::Transposed { along } => Some(*along),
        _ => None,
    });
    let extent = |d: usize| nest.dims[d].extent;
    let Some(along) = along else {
        let [_] = nest.dims[..] else { return None };
        let strip = divisor(extent(0), STRIP, vector.lanes);
        return (strip * 16 >= STRIP).then(|| vec![(0, extent(0) / strip)]);
    };
    let [rows, columns] =
        [(vector.dim, BLOCK[0]), (along, BLOCK[1])].map(|(d, most)| divisor(extent(d), most, vector.lanes));
    if rows == 0 || columns == 0 {
        return None;
    }
    let others = nest.of_kind(Kind::Parallel).filter(|&d| d != vector.dim && d != along).map(|d| (d, extent(d)));
    let around =
        [(vector.dim, extent(vector.dim) / rows), (along, extent(along) / columns), (vector.dim, rows / vector.lanes)];
    Some(others.chain(around).filter(|(_, count)| *count > 1).collect())
}

/// The largest divisor of `extent` that is a multiple of `of` and at most `most`; 0 if there is none.
fn divisor(extent: i64, most: i64, of: i64) -> i64 {
    (1..=most / of).map(|n| n * of).filter(|n| extent % n == 0).max().unwrap_or(0)
}

/// Whether what a group reads and writes is as much as the last cache holds: half of it is gone before it is read again.
/// Of a chain of such groups, streaming takes 1.5 times as long at a third of the cache, the same at nine tenths, and
/// four fifths at one and a half times.
fn is_far(group: &Group, shape: Shape) -> bool {
    bytes(group) >= shape.last_cache
}

/// Bytes of all memory that a group accesses.
pub fn bytes(group: &Group) -> i64 {
    let mut seen: Vec<Val> = vec![];
    for member in &group.members {
        let inputs = member.source.inputs.iter().filter_map(|input| input.buffer().and_then(root));
        let outputs = member.source.outputs.iter().filter_map(|buffer| root(*buffer));
        for memory in inputs.chain(outputs).filter(|memory| !is_temporary(*memory)) {
            if !seen.contains(&memory) {
                seen.push(memory);
            }
        }
    }
    seen.into_iter().filter_map(|memory| ir::type_bytes(memory.r#type())).map(|bytes| bytes as i64).sum()
}

pub fn is_temporary(memory: Val<'_>) -> bool {
    ir::defining_op(memory).is_some_and(|op| ir::is(op, "memref.alloc"))
}

/// Whether anything of a group is streamed.
pub fn streams(group: &Group, shape: Shape) -> bool {
    if !may_stream(group, shape) {
        return false;
    }
    let schedules: Vec<Schedule> = group.members.iter().map(|member| member.schedule(shape)).collect();
    streamed(group, &schedules, shape).iter().flatten().any(|is_streamed| *is_streamed)
}

/// Whether outputs of a group may be streamed at all, whatever the schedules of its members.
fn may_stream(group: &Group, shape: Shape) -> bool {
    group.may_stream && !group.shared.is_empty() && shape.vector_bytes == LINE && is_far(group, shape)
}

/// For each member which of its outputs are streamed.
pub fn streamed(group: &Group, schedules: &[Schedule], shape: Shape) -> Vec<Vec<bool>> {
    let may = may_stream(group, shape);
    let uses: Vec<Val> = group.members.iter().filter_map(Member::uses).flatten().map(|u| u.memory).collect();
    let output = |member: &Member, schedule: &Schedule, i: usize| {
        let memory = root(member.source.outputs[i]);
        let only_written = memory.is_some_and(|m| !is_temporary(m) && uses.iter().filter(|u| **u == m).count() == 1);
        let start = ir::offset(member.source.outputs[i].r#type());
        may && only_written && start.is_some_and(|start| fills_lines(member, schedule, i, start))
    };
    let each = |(member, schedule): (&Member, &Schedule)| {
        (0..member.source.outputs.len()).map(|i| output(member, schedule, i)).collect()
    };
    group.members.iter().zip(schedules).map(each).collect()
}

/// Whether a member writes whole lines only, if its buffer starts at one.
fn fills_lines(member: &Member, schedule: &Schedule, output: usize, start: i64) -> bool {
    let nest = &member.split.inner;
    let Some(vector) = schedule.vector.filter(|_| !nest.has_reductions()) else { return false };
    let access: &Access = &nest.outputs[output];
    let is_whole = |elements: i64| elements * access.bytes % LINE == 0;
    let others = (0..nest.dims.len()).filter(|d| *d != vector.dim).map(|d| access.strides[d]);
    let steps = member.split.steps.iter().map(|step| step.outputs[output]);
    vector.lanes * access.bytes == LINE
        && access.strides[vector.dim] == 1
        && nest.dims[vector.dim].extent % vector.lanes == 0
        && others.chain(steps).chain([access.offset + start]).all(is_whole)
}

/// Whether all streamed outputs start at a line, as a value.
pub fn are_aligned<'c>(b: &Builder<'c>, group: &Group<'c>, streamed: &[Vec<bool>]) -> Val<'c> {
    let index = b.index_type();
    let mut low = b.constant_index(0);
    for (member, chosen) in group.members.iter().zip(streamed) {
        for (buffer, _) in member.source.outputs.iter().zip(chosen).filter(|(_, streamed)| **streamed) {
            let memory = root(*buffer).unwrap_or(*buffer);
            let address = b.value("memref.extract_aligned_pointer_as_index", &[memory], index, &[]);
            low = b.value("arith.ori", &[low, address], index, &[]);
        }
    }
    let rest = b.value("arith.andi", &[low, b.constant_index(LINE - 1)], index, &[]);
    let equal = [("predicate", b.integer(b.integer_type(64), 0))];
    b.value("arith.cmpi", &[rest, b.constant_index(0)], b.integer_type(1), &equal)
}

/// Streamed stores before it are seen by whoever sees ordinary stores after it.
pub fn fence(b: &Builder) -> Result<()> {
    let attributes = [
        ("intrin", b.string("llvm.x86.sse.sfence")),
        ("op_bundle_sizes", b.parse_attribute("array<i32>")?),
        ("operandSegmentSizes", b.parse_attribute("array<i32: 0, 0>")?),
    ];
    b.op("llvm.call_intrinsic", &[], &[], &attributes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::divisor;

    #[test]
    fn blocks_divide_what_they_block() {
        assert_eq!(divisor(4096, 1024, 16), 1024);
        assert_eq!(divisor(4096 * 3, 1024, 16), 1024);
        assert_eq!(divisor(1200, 1024, 16), 400);
        assert_eq!(divisor(100, 1024, 16), 0);
        assert_eq!(divisor(7, 0, 1), 0);
    }
}
