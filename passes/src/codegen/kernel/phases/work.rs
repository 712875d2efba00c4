//! How much there is to do in a loop, roughly: instructions, of which a machine with vectors of 64 bytes does four in a
//! cycle; what takes longer counts as so many more.
//!
//! The estimate decides whether a loop is worth dividing and where its parts begin. Parts are equally long as long as it is
//! wrong by the same factor everywhere.

use melior::ir::{TypeLike, ValueLike, operation::OperationLike};

use crate::codegen::ir::{self, Op, Val};

/// Iterations of a loop whose number is not known.
const UNKNOWN_TRIPS: u64 = 16;

/// Instructions per vector or scalar, by the start of the operation's name; the first that fits counts. Others take one.
const COSTS: &[(&str, u64)] = &[
    ("arith.constant", 0),
    ("arith.index_cast", 0),
    ("arith.div", 16),
    ("arith.rem", 40),
    ("math.sqrt", 16),
    ("math.fma", 1),
    ("math.abs", 1),
    ("math.", 40),
    ("vector.broadcast", 0),
    ("vector.reduction", 10),
    ("vector.gather", 32),
    ("vector.load", 2),
    ("vector.store", 4),
    ("vector.masked", 4),
    ("memref.load", 1),
    ("memref.store", 2),
    ("memref.copy", 6),
    ("memref.", 0),
    ("builtin.", 0),
    ("scf.yield", 0),
    ("affine.", 0),
    ("func.return", 0),
];

/// Instructions of an operation with everything in it.
pub fn of(op: Op<'_>) -> u64 {
    let inside =
        |op: Op<'_>| ir::op_blocks(op).into_iter().flat_map(ir::block_ops).map(of).fold(0, u64::saturating_add);
    match ir::name_of(op) {
        "scf.for" => trips(op).unwrap_or(UNKNOWN_TRIPS).saturating_mul(inside(op).saturating_add(1)),
        "scf.while" => UNKNOWN_TRIPS.saturating_mul(inside(op)),
        name if op.region_count() > 0 && name.starts_with("scf.") => inside(op),
        // Addresses are mostly computed by the instructions that use them.
        name if name.starts_with("arith.") && ir::results(op).iter().all(|r| r.r#type().is_index()) => 0,
        name => {
            let each = COSTS.iter().find(|(start, _)| name.starts_with(start)).map_or(1, |(_, cost)| *cost);
            each * vectors(op)
        }
    }
}

/// The number of iterations of an `scf.for` with constant bounds.
pub fn trips(op: Op<'_>) -> Option<u64> {
    if !ir::is(op, "scf.for") {
        return None;
    }
    let [from, to, step] = [0, 1, 2].map(|i| ir::operand(op, i).and_then(constant));
    let (from, to, step) = (from?, to?, step.filter(|step| *step > 0)?);
    Some((to - from).max(0).unsigned_abs().div_ceil(step.unsigned_abs()))
}

/// The value of a constant index.
pub fn constant(value: Val<'_>) -> Option<i64> {
    let op = ir::defining_op(value).filter(|op| ir::is(*op, "arith.constant"))?;
    ir::integer_value(op.attribute("value").ok()?)
}

/// Vectors of 64 bytes that the widest value of an operation takes; for what works on buffers, those of the largest.
fn vectors(op: Op<'_>) -> u64 {
    let values = ir::operands(op).into_iter().chain(ir::results(op));
    let is_scalar_access = matches!(ir::name_of(op), "memref.load" | "memref.store");
    let is_vector_access = ir::name_of(op).starts_with("vector.");
    values
        .map(|value| value.r#type())
        .filter(|ty| !ir::is_memref(*ty) || !(is_scalar_access || is_vector_access))
        .filter_map(ir::type_bytes)
        .max()
        .unwrap_or(1)
        .div_ceil(64)
        .max(1)
}
