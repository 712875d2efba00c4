//! Ranges of iterations out of a part and the number of parts.
//!
//! Work is counted in units along a line: that of the first loop of a group, then that of the second, and so on. A part is
//! a range of the line, `total * part / parts` to `total * (part + 1) / parts`, and does the iterations that begin in it. An
//! iteration of many units that holds parallel loops itself is entered by every part whose range it meets, each of which
//! does the inner iterations that begin in its range.

use melior::{
    Context,
    ir::{BlockLike, operation::OperationLike},
};

use super::{SPLIT, is_value, own, work};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Blk, Builder, INDEPENDENT, Op, PARALLEL, Val},
};

/// A loop is divided further inwards while one of its iterations is more than this share of the whole.
const SHARE: u64 = 64;

/// Loops whose iterations are shorter than this many units keep their constant bounds.
const SHORTEST: u64 = 500;

/// From so many units on, `total * parts` might overflow.
const LARGEST: u64 = 1 << 46;

/// A range of units, where 0 is the beginning of what is divided.
#[derive(Clone, Copy)]
struct Range<'c> {
    from: Val<'c>,
    to: Val<'c>,
}

/// Whether a marked loop or group can be divided.
pub fn is_possible(op: Op<'_>) -> bool {
    let total = work::of(op);
    total < LARGEST && if ir::is(op, "scf.for") { loop_is_possible(op, total) } else { body_is_possible(op, total) }
}

fn loop_is_possible(op: Op<'_>, total: u64) -> bool {
    let Some(trips) = work::trips(op).filter(|trips| *trips > 0) else { return false };
    op.result_count() == 0 && own::writes_its_own(op) && (trips > 1 || is_divided_inside(op, total))
}

/// Whether what is in a group or an iteration can be divided: some loop can, nothing else makes values for it, and there
/// is nothing else or its order does not matter.
fn body_is_possible(op: Op<'_>, total: u64) -> bool {
    let Some(block) = ir::entry(op) else { return false };
    let (loops, rest) = (loops(block, total), rest(block, total));
    let is_rest = |v: Val| ir::defining_op(v).is_some_and(|maker| rest.contains(&maker));
    let is_free = op.attribute(INDEPENDENT).is_ok() || loops.len() == 1 && rest.is_empty();
    is_free && !loops.is_empty() && !loops.iter().flat_map(|inner| ir::walk(*inner)).flat_map(ir::operands).any(is_rest)
}

/// Whether the iterations of a loop are so few that the loops inside are divided too.
fn is_divided_inside(op: Op<'_>, total: u64) -> bool {
    let Some(block) = ir::entry(op) else { return false };
    let each = |op| work::of(op) / work::trips(op).unwrap_or(1).max(1);
    each(op) > total / SHARE
        && loops(block, total).into_iter().any(|inner| each(inner) >= SHORTEST)
        && body_is_possible(op, total)
}

/// The loops of a block that can be divided.
fn loops(block: Blk<'_>, total: u64) -> Vec<Op<'_>> {
    let is_loop = |op: &Op| op.attribute(PARALLEL).is_ok() && loop_is_possible(*op, total);
    ir::block_ops(block).into_iter().filter(is_loop).collect()
}

/// The operations of a block that run once, apart from those loops and values that can be computed anywhere.
fn rest(block: Blk<'_>, total: u64) -> Vec<Op<'_>> {
    let loops = loops(block, total);
    let mut rest: Vec<Op> = vec![];
    for op in ir::block_ops(block).into_iter().filter(|op| !loops.contains(op) && !ir::is(*op, "scf.yield")) {
        let follows = || ir::operands(op).into_iter().filter_map(ir::defining_op).any(|maker| rest.contains(&maker));
        if !is_value(op) || follows() {
            rest.push(op);
        }
    }
    rest
}

/// Gives a function two more arguments, part and parts, and the marked loop or group in it bounds that depend on them.
pub fn convert<'c>(context: &'c Context, function: Op<'c>, unit: Op<'c>) -> Result<()> {
    let block = ir::entry(function).ok_or_else(|| CodegenError::internal("a kernel without a block"))?;
    let b = Builder::before(context, unit).ok_or_else(|| CodegenError::internal("a detached loop"))?;
    let [part, parts] = [(); 2].map(|()| block.add_argument(b.index_type(), function.location()));
    ir::set_attribute(function, SPLIT, b.unit());
    let total = work::of(unit);
    let whole = b.constant_index(total as i64);
    let split = Split { b, total };
    let begin = |part| split.op("arith.divui", split.op("arith.muli", whole, part), parts);
    let range = Range { from: begin(part), to: begin(split.op("arith.addi", part, b.constant_index(1))) };
    if ir::is(unit, "scf.for") {
        return split.divide_loop(unit, range);
    }
    split.divide_body(unit, range)
}

/// Writes bounds at a place.
struct Split<'c> {
    b: Builder<'c>,
    total: u64,
}

impl<'c> Split<'c> {
    fn op(&self, name: &str, x: Val<'c>, y: Val<'c>) -> Val<'c> {
        self.b.value(name, &[x, y], self.b.index_type(), &[])
    }

    fn with(&self, name: &str, x: Val<'c>, y: u64) -> Val<'c> {
        self.op(name, x, self.b.constant_index(y as i64))
    }

    fn shifted(&self, range: Range<'c>, by: Val<'c>) -> Range<'c> {
        Range { from: self.op("arith.subi", range.from, by), to: self.op("arith.subi", range.to, by) }
    }

    fn before(&self, op: Op<'c>) -> Result<Self> {
        let b = Builder::before(self.b.context, op).ok_or_else(|| CodegenError::internal("a detached loop"))?;
        Ok(Split { b, ..*self })
    }

    /// Which iteration of `trips`, each of `each` units, begins at a place or next after it.
    fn next_trip(&self, at: Val<'c>, each: u64, trips: u64) -> Val<'c> {
        let inside = self.with("arith.minsi", self.with("arith.maxsi", at, 0), each * trips);
        self.with("arith.divui", self.with("arith.addi", inside, each - 1), each)
    }

    /// Which iteration a place is in.
    fn trip_around(&self, at: Val<'c>, each: u64, trips: u64) -> Val<'c> {
        let inside = self.with("arith.minsi", self.with("arith.maxsi", at, 0), each * trips);
        self.with("arith.divui", inside, each)
    }

    /// Gives a loop the bounds of a range of its units.
    fn divide_loop(&self, op: Op<'c>, range: Range<'c>) -> Result<()> {
        let incomplete = || CodegenError::internal("a parallel loop without constant bounds");
        let here = self.before(op)?;
        let trips = work::trips(op).filter(|trips| *trips > 0).ok_or_else(incomplete)?;
        let bound = |i| op.operand(i).map_err(|_| incomplete());
        let (from, step) = (bound(0)?, bound(2)?);
        let each = (work::of(op) / trips).max(1);
        let inwards = is_divided_inside(op, self.total);
        let first = if inwards { Self::trip_around } else { Self::next_trip }(&here, range.from, each, trips);
        let last = here.next_trip(range.to, each, trips);
        if inwards {
            let block = ir::entry(op).ok_or_else(incomplete)?;
            let index = ir::arguments(block).first().copied().ok_or_else(incomplete)?;
            let inner = self.before(block.first_operation().ok_or_else(incomplete)?)?;
            let trip = inner.op("arith.divui", inner.op("arith.subi", index, from), step);
            let local = inner.shifted(range, inner.with("arith.muli", trip, each));
            inner.divide_body(op, local)?;
        }
        let at = |trip| here.op("arith.addi", from, here.op("arith.muli", trip, step));
        ir::set_operand(op, 0, at(first));
        ir::set_operand(op, 1, at(last));
        Ok(())
    }

    /// Divides what is in a group or an iteration.
    fn divide_body(&self, op: Op<'c>, range: Range<'c>) -> Result<()> {
        let block = ir::entry(op).ok_or_else(|| CodegenError::internal("a loop without a body"))?;
        let (loops, rest) = (loops(block, self.total), rest(block, self.total));
        // What remains comes first, so that there always is a part in whose range it begins.
        let mut offset: u64 = rest.iter().map(|op| work::of(*op)).sum();
        let lengths: Vec<u64> = loops.iter().map(|inner| work::of(*inner)).collect();
        for (inner, length) in loops.into_iter().zip(lengths) {
            let here = self.before(inner)?;
            here.divide_loop(inner, here.shifted(range, here.b.constant_index(offset as i64)))?;
            offset += length;
        }
        let Some(end) = ir::block_ops(block).last().copied().filter(|_| !rest.is_empty()) else { return Ok(()) };
        let here = self.before(end)?;
        let zero = here.b.constant_index(0);
        let compare = |x, y, predicate: i64| {
            let attributes = [("predicate", here.b.integer(here.b.integer_type(64), predicate))];
            here.b.value("arith.cmpi", &[x, y], here.b.integer_type(1), &attributes)
        };
        const LESS_OR_EQUAL: i64 = 3;
        const GREATER: i64 = 4;
        let (begun, not_over) = (compare(range.from, zero, LESS_OR_EQUAL), compare(range.to, zero, GREATER));
        let both = here.b.value("arith.andi", &[begun, not_over], here.b.integer_type(1), &[]);
        let choice = here.b.op_with_regions("scf.if", &[both], &[], &[], &[&[], &[]]);
        let ends = ir::op_blocks(choice).into_iter().map(|body| here.b.in_block(body).op("scf.yield", &[], &[], &[]));
        let ends: Vec<Op> = ends.collect();
        let yielded = *ends.first().ok_or_else(|| CodegenError::internal("an if without a body"))?;
        rest.into_iter().for_each(|op| ir::move_before(op, yielded));
        Ok(())
    }
}
