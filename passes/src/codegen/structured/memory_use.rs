//! Which memory operations of a kernel read and write.

use melior::ir::ValueLike;

use crate::codegen::ir::{self, Op, Val};

/// Operations whose result is another look at the memory of their first operand.
const VIEWS: &[&str] = &[
    "memref.subview",
    "memref.collapse_shape",
    "memref.expand_shape",
    "memref.cast",
    "memref.reinterpret_cast",
    "memref.view",
    "memref.extract_strided_metadata",
    "memref.extract_aligned_pointer_as_index",
    "builtin.unrealized_conversion_cast",
];

/// The buffer that a memref is a part of: an allocation, a global or an argument of the kernel. Nothing if that is not
/// known, as for what a loop carries.
pub fn root<'c>(buffer: Val<'c>) -> Option<Val<'c>> {
    let mut buffer = buffer;
    loop {
        let Some(op) = ir::defining_op(buffer) else {
            return is_argument_of_function(buffer).then_some(buffer);
        };
        match ir::name_of(op) {
            "memref.alloc" | "memref.alloca" | "memref.get_global" => return Some(buffer),
            name if VIEWS.contains(&name) => buffer = ir::operand(op, 0)?,
            _ => return None,
        }
    }
}

fn is_argument_of_function(value: Val<'_>) -> bool {
    ir::owner_of_argument(value).is_some_and(|op| ir::is(op, "func.func"))
}

/// Whether the operation only makes a memref.
pub fn is_view(op: Op<'_>) -> bool {
    VIEWS.contains(&ir::name_of(op))
}

/// Whether an operation, or one inside it, may read or write part of `buffer`, which is a [root].
pub fn touches<'c>(op: Op<'c>, buffer: Val<'c>) -> bool {
    accesses(op).any(|(value, _)| root(value).is_none_or(|r| r == buffer))
}

/// Whether an operation, or one inside it, may write part of `buffer`, which is a [root].
pub fn writes<'c>(op: Op<'c>, buffer: Val<'c>) -> bool {
    accesses(op).any(|(value, written)| written && root(value).is_none_or(|r| r == buffer))
}

/// The memrefs that an operation or one inside it accesses, and whether it may write them.
fn accesses<'c>(op: Op<'c>) -> impl Iterator<Item = (Val<'c>, bool)> {
    ir::walk(op).into_iter().filter(|op| !is_view(*op)).flat_map(|op| {
        let inputs = match ir::name_of(op) {
            "memref.load" | "vector.load" => usize::MAX,
            "memref.copy" => 1,
            "linalg.generic" => super::analyze::input_count(op).unwrap_or(0),
            _ => 0,
        };
        ir::operands(op)
            .into_iter()
            .enumerate()
            .filter(|(_, value)| ir::is_memref(value.r#type()))
            .map(move |(i, value)| (value, i >= inputs))
    })
}
