//! Ranges of iterations out of a part and the number of parts.
//!
//! Work is counted in units along a line: that of the first loop of a group, then that of the second, and so on. A part is
//! a range of the line, `total * part / parts` to `total * (part + 1) / parts`, and does the iterations that begin in it. An
//! iteration of many units that holds parallel loops itself is entered by every part whose range it meets, each of which
//! does the inner iterations that begin in its range.
//!
//! A group may say which dimensions are divided ([`THREADS`]). Every part then runs the loops over other dimensions, and
//! does its share of what is divided inside of them: there each body is a line of its own.

use melior::{
    Context,
    ir::{BlockLike, operation::OperationLike},
};

use super::{SPLIT, is_value, own, work};
use crate::codegen::{
    error::{CodegenError, Result},
    ir::{self, Builder, DIM, INDEPENDENT, Op, PARALLEL, THREADS, Val},
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
    let dims = Dims::of(op);
    total < LARGEST && if ir::is(op, "scf.for") { dims.divides(op, total) } else { !dims.lines(op).is_empty() }
}

/// The dimensions whose loops are divided in a marked group, from the outside in.
pub fn divided_dims(op: Op<'_>) -> Vec<i64> {
    let dims = Dims::of(op);
    let mut found = vec![];
    for line in dims.lines(op) {
        dims.note(&line.body, line.total, &mut found);
    }
    found
}

/// The dimensions of a group that are divided; all where nothing is said.
struct Dims(Option<Vec<i64>>);

/// What is in a group or an iteration, by what parts do with it.
struct Body<'c> {
    /// Parallel loops that are divided.
    divided: Vec<Op<'c>>,
    /// Parallel loops that every part runs, with something divided in them.
    entered: Vec<Op<'c>>,
    /// What runs once, apart from values that can be computed anywhere.
    rest: Vec<Op<'c>>,
}

/// A body of which each part does a range.
struct Line<'c> {
    around: Op<'c>,
    body: Body<'c>,
    total: u64,
}

impl Dims {
    fn of(op: Op<'_>) -> Self {
        Self(op.attribute(THREADS).ok().and_then(ir::dense_i64))
    }

    fn contains(&self, op: Op<'_>) -> bool {
        let dim = || op.attribute(DIM).ok().and_then(ir::integer_value);
        self.0.as_ref().is_none_or(|dims| dim().is_some_and(|dim| dims.contains(&dim)))
    }

    /// Whether a loop is divided where so much is to do in all.
    fn divides(&self, op: Op<'_>, total: u64) -> bool {
        let Some(trips) = work::trips(op).filter(|trips| *trips > 0) else { return false };
        op.attribute(PARALLEL).is_ok()
            && self.contains(op)
            && op.result_count() == 0
            && own::writes_its_own(op)
            && (trips > 1 || self.divides_inside(op, total))
    }

    /// Whether the iterations of a loop are so few that the loops inside are divided too.
    fn divides_inside(&self, op: Op<'_>, total: u64) -> bool {
        let each = |op| work::of(op) / work::trips(op).unwrap_or(1).max(1);
        each(op) > total / SHARE
            && self
                .body(op, total, false)
                .is_some_and(|body| body.divided.into_iter().any(|inner| each(inner) >= SHORTEST))
    }

    /// What is in a group or an iteration, if it can be divided: some loop can, nothing else makes values for it, and
    /// there is nothing else or its order does not matter.
    fn body<'c>(&self, op: Op<'c>, total: u64, enters: bool) -> Option<Body<'c>> {
        let all = ir::block_ops(ir::entry(op)?);
        let (divided, others): (Vec<Op>, Vec<Op>) = all.into_iter().partition(|op| self.divides(*op, total));
        let is_entered = |op: &Op<'c>| {
            let may_enter = enters && self.0.is_some() && op.attribute(PARALLEL).is_ok();
            may_enter && work::trips(*op).is_some() && !self.lines(*op).is_empty()
        };
        let (entered, others): (Vec<Op>, Vec<Op>) = others.into_iter().partition(is_entered);
        let mut rest: Vec<Op> = vec![];
        for op in others.into_iter().filter(|op| !ir::is(*op, "scf.yield")) {
            let follows =
                || ir::operands(op).into_iter().filter_map(ir::defining_op).any(|maker| rest.contains(&maker));
            if !is_value(op) || follows() {
                rest.push(op);
            }
        }
        let loops = || divided.iter().chain(&entered);
        let is_rest = |v: Val| ir::defining_op(v).is_some_and(|maker| rest.contains(&maker));
        let is_free = op.attribute(INDEPENDENT).is_ok() || loops().count() == 1 && rest.is_empty();
        let can = is_free
            && loops().count() > 0
            && !loops().flat_map(|inner| ir::walk(*inner)).flat_map(ir::operands).any(is_rest);
        can.then_some(Body { divided, entered, rest })
    }

    /// The bodies within an operation that are divided, each by itself.
    fn lines<'c>(&self, op: Op<'c>) -> Vec<Line<'c>> {
        let Some(body) = self.body(op, work::of(op), true) else { return vec![] };
        let mut lines: Vec<Line> = body.entered.iter().flat_map(|inner| self.lines(*inner)).collect();
        let total: u64 = body.divided.iter().chain(&body.rest).map(|op| work::of(*op)).sum();
        if !body.divided.is_empty() || !body.rest.is_empty() {
            lines.insert(0, Line { around: op, body, total: total.max(1) });
        }
        lines
    }

    /// Adds the dimensions of what is divided in a body.
    fn note(&self, body: &Body<'_>, total: u64, found: &mut Vec<i64>) {
        for &op in &body.divided {
            let dim = op.attribute(DIM).ok().and_then(ir::integer_value);
            found.extend(dim.filter(|dim| !found.contains(dim)));
            if let Some(inner) = self.body(op, total, false).filter(|_| self.divides_inside(op, total)) {
                self.note(&inner, total, found);
            }
        }
    }
}

/// Gives a function two more arguments, part and parts, and the marked loop or group in it bounds that depend on them.
pub fn convert<'c>(context: &'c Context, function: Op<'c>, unit: Op<'c>) -> Result<()> {
    let block = ir::entry(function).ok_or_else(|| CodegenError::internal("a kernel without a block"))?;
    let b = Builder::before(context, unit).ok_or_else(|| CodegenError::internal("a detached loop"))?;
    let [part, parts] = [(); 2].map(|()| block.add_argument(b.index_type(), function.location()));
    ir::set_attribute(function, SPLIT, b.unit());
    let dims = Dims::of(unit);
    let range = |split: &Split<'c, '_>| {
        let whole = b.constant_index(split.total as i64);
        let begin = |part| split.op("arith.divui", split.op("arith.muli", whole, part), parts);
        Range { from: begin(part), to: begin(split.op("arith.addi", part, b.constant_index(1))) }
    };
    if ir::is(unit, "scf.for") {
        let split = Split { b, total: work::of(unit), dims: &dims };
        return split.divide_loop(unit, range(&split));
    }
    // All are found before the first one is changed, for what a loop is worth is told by its constant bounds.
    for Line { around, body, total } in dims.lines(unit) {
        let split = Split { b, total, dims: &dims };
        split.divide_body(around, body, range(&split))?;
    }
    Ok(())
}

/// Writes bounds at a place.
struct Split<'c, 'd> {
    b: Builder<'c>,
    total: u64,
    dims: &'d Dims,
}

impl<'c> Split<'c, '_> {
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
        let bound = |i| ir::operand(op, i).ok_or_else(incomplete);
        let (from, step) = (bound(0)?, bound(2)?);
        let each = (work::of(op) / trips).max(1);
        let inwards = self.dims.body(op, self.total, false).filter(|_| self.dims.divides_inside(op, self.total));
        let first = if inwards.is_some() { Self::trip_around } else { Self::next_trip }(&here, range.from, each, trips);
        let last = here.next_trip(range.to, each, trips);
        if let Some(body) = inwards {
            let block = ir::entry(op).ok_or_else(incomplete)?;
            let index = ir::arguments(block).first().copied().ok_or_else(incomplete)?;
            let inner = self.before(block.first_operation().ok_or_else(incomplete)?)?;
            let trip = inner.op("arith.divui", inner.op("arith.subi", index, from), step);
            let local = inner.shifted(range, inner.with("arith.muli", trip, each));
            inner.divide_body(op, body, local)?;
        }
        let at = |trip| here.op("arith.addi", from, here.op("arith.muli", trip, step));
        ir::set_operand(op, 0, at(first));
        ir::set_operand(op, 1, at(last));
        Ok(())
    }

    /// Divides what is in a group or an iteration.
    fn divide_body(&self, op: Op<'c>, body: Body<'c>, range: Range<'c>) -> Result<()> {
        let block = ir::entry(op).ok_or_else(|| CodegenError::internal("a loop without a body"))?;
        let Body { divided: loops, rest, .. } = body;
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
