//! Fetches the next row while one is computed.
//!
//! The processor fetches ahead by itself along a page, but a row is often not longer, and what computes a row, with sums
//! that wait for all of it, leaves no time to read the next one. The last nest that reads a row has the same places of
//! the next one brought into the caches.

use super::{
    super::{Shape, analyze::Operand, memory_use::root},
    Group, Member,
    stream::{bytes, is_temporary},
};
use crate::codegen::ir::Val;

/// Bytes of rows for which that pays: shorter ones are on the same page, and of longer ones too much would have left the
/// first-level cache until it is needed.
const ROW: std::ops::RangeInclusive<i64> = 1 << 10..=16 << 10;

/// For each member and each of its inputs how many elements ahead it is fetched; 0 for those that are not.
pub fn fetched(group: &Group, shape: Shape) -> Vec<Vec<i64>> {
    let is_far = bytes(group) > shape.l2().bytes;
    let last = |memory: Val| group.members.iter().rposition(|member| reads(member).any(|(_, m)| m == memory));
    let each = |(number, member): (usize, &Member)| {
        let mut ahead = vec![0; member.source.inputs.len()];
        for (i, _) in reads(member).filter(|(_, m)| is_far && !is_temporary(*m) && last(*m) == Some(number)) {
            let step = member.split.steps.last().map_or(0, |step| step.inputs[i]);
            if ROW.contains(&(step * member.split.inner.inputs[i].bytes)) {
                ahead[i] = step;
            }
        }
        ahead
    };
    group.members.iter().enumerate().map(each).collect()
}

/// The inputs of a member that are buffers, with their memory.
fn reads<'c>(member: &Member<'c>) -> impl Iterator<Item = (usize, Val<'c>)> {
    let inputs = member.source.inputs.iter().enumerate();
    inputs.filter_map(|(i, input)| match input {
        Operand::Buffer(buffer) => Some((i, root(*buffer)?)),
        Operand::Value(_) | Operand::Computed(_) => None,
    })
}
