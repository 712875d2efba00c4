//! Whether the iterations of a loop write memory of their own.
//!
//! A loop that says it is parallel is taken at its word where it reads. What it writes is checked: an address that is the
//! same in all iterations would be written by several threads at once.

use std::collections::HashSet;

use melior::ir::{TypeLike, ValueLike};

use crate::codegen::{
    ir::{self, Op, Val},
    structured::memory_use::{is_view, root},
};

/// Whether every write in an `scf.for` is to an address that depends on its index, or to memory on the stack that nothing
/// outside of the loop uses.
pub fn writes_its_own(around: Op<'_>) -> bool {
    let Some(index) = ir::entry(around).and_then(|block| ir::arguments(block).first().copied()) else { return false };
    let inside = ir::walk(around);
    let members: HashSet<usize> = inside.iter().map(|op| ir::op_key(*op)).collect();
    let mut moving = HashSet::from([ir::key(index)]);
    // Operations stand before what uses them, in this order too except across nested loops; twice is enough for values
    // that loops carry.
    for _ in 0..2 {
        for op in &inside[1..] {
            if ir::operands(*op).into_iter().any(|v| moving.contains(&ir::key(v))) {
                moving.extend(ir::results(*op).into_iter().map(ir::key));
                let carried = ir::op_blocks(*op).into_iter().flat_map(ir::arguments);
                moving.extend(carried.map(ir::key));
            }
        }
    }
    inside.iter().all(|op| {
        let addresses = addresses(*op);
        let is_own = |v: &Val| moving.contains(&ir::key(*v)) || is_private(*v, &members);
        addresses.is_empty() || addresses.iter().any(is_own)
    })
}

/// The operands that say where an operation writes; none where it writes nothing.
fn addresses<'c>(op: Op<'c>) -> Vec<Val<'c>> {
    let operands = ir::operands(op);
    let skipped = match ir::name_of(op) {
        "memref.load" | "vector.load" | "vector.maskedload" | "vector.gather" | "vector.transfer_read" => return vec![],
        name if name.starts_with("scf.") || is_view(op) => return vec![],
        // The value that is stored, or the buffer that is read.
        "memref.store" | "vector.store" | "vector.transfer_write" | "memref.copy" => 1,
        _ => 0,
    };
    let places: Vec<Val> = operands.into_iter().skip(skipped).collect();
    if !places.iter().any(|v| ir::is_memref(v.r#type())) {
        return vec![];
    }
    places.into_iter().filter(|v| v.r#type().is_index() || ir::is_memref(v.r#type())).collect()
}

/// Whether a buffer is on the stack and used in these operations only.
fn is_private(buffer: Val<'_>, members: &HashSet<usize>) -> bool {
    let is_stack = |v: &Val| ir::defining_op(*v).is_some_and(|op| ir::is(op, "memref.alloca"));
    let Some(memory) = root(buffer).filter(is_stack) else { return false };
    let mut looks = vec![memory];
    while let Some(look) = looks.pop() {
        for user in ir::users(look) {
            if is_view(user) {
                looks.extend(ir::results(user).into_iter().filter(|r| ir::is_memref(r.r#type())));
            } else if !members.contains(&ir::op_key(user)) {
                return false;
            }
        }
    }
    true
}
