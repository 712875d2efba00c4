//! Selection by a merge sort whose runs are cut off at k elements: n log k steps, and equal elements keep their order.

use hwc_dialects::infer::axis;
use hwc_runtime::{DType, dtype::Kind};

use super::reduction::{ORD, UGT, ULT, integer_predicate};
use super::rows::{self, Read, plain};
use super::scalar::load;
use super::{Emitter, LowerCall, Lowered};
use crate::codegen::ir::Val;

pub fn top_k<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape, result) = (&call.emit, call.dtype(0)?, call.shape(0)?, call.result_shape(0)?);
    plain(dtype)?;
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    let (outer, inner) = (shape[..at].iter().product::<usize>(), shape[at + 1..].iter().product::<usize>());
    let line = Line {
        operand: emit.reshape(call.operand(0)?, &[outer, shape[at], inner]),
        dtype,
        length: shape[at],
        k: result[at],
        largest: call.attrs.bool("largest")?,
    };
    let i64_type = emit.integer_type(64);
    let indices = emit.empty(i64_type, &[outer, line.k, inner]);
    // Both sides of each merge are rows of one tensor: two tensors of one type could become one.
    let rows = emit.empty(i64_type, &[2, line.length]);
    let indices = each(emit, outer, &[indices, rows], |e, o, carried| {
        each(e, inner, carried, |e, i, carried| {
            let (rows, row) = line.sort(e, o, i, carried[1]);
            let written = each(e, line.k, &carried[..1], |e, t, carried| {
                let index = e.extract(rows, &[e.index(row), t]);
                vec![e.insert_element(index, carried[0], &[o, t, i])]
            });
            vec![written[0], rows]
        })
    })[0];
    let shape = [outer, line.k, inner];
    let values = rows::each(emit, &[Read::new(indices, DType::I64, emit.identity(3))], dtype, &shape, |e, index| {
        load(e, dtype, line.element(e, e.loop_index(0), e.loop_index(2), index[0]))
    });
    Ok([values, indices].iter().map(|&r| emit.reshape(r, &result)).collect())
}

/// `for i in 0..n`, carrying tensors.
fn each<'c>(
    emit: &Emitter<'c>,
    n: usize,
    carried: &[Val<'c>],
    body: impl FnOnce(&Emitter<'c>, Val<'c>, &[Val<'c>]) -> Vec<Val<'c>>,
) -> Vec<Val<'c>> {
    emit.for_loop(emit.index(0), emit.index(n as i64), emit.index(1), carried, body)
}

/// What is sorted: lines along the middle dimension of `operand`.
struct Line<'c> {
    operand: Val<'c>,
    dtype: DType,
    length: usize,
    k: usize,
    largest: bool,
}

impl<'c> Line<'c> {
    /// Rounds of merging until one run is left.
    fn steps(&self) -> u32 {
        self.length.next_power_of_two().trailing_zeros()
    }

    fn element(&self, emit: &Emitter<'c>, o: Val<'c>, i: Val<'c>, index: Val<'c>) -> Val<'c> {
        let index = emit.cast("arith.index_cast", index, emit.index_type());
        emit.extract(self.operand, &[o, index, i])
    }

    /// Whether the element of the right run goes before that of the left one.
    fn right_first(&self, emit: &Emitter<'c>, left: Val<'c>, right: Val<'c>) -> Val<'c> {
        let (left, right) = (load(emit, self.dtype, left), load(emit, self.dtype, right));
        if !self.dtype.is_float() {
            let unsigned = self.dtype.kind() != Kind::Signed;
            return emit.compare("arith.cmpi", integer_predicate(self.largest, false, unsigned), right, left);
        }
        // NaN is above every number; two of them keep their order.
        let (predicate, number) = if self.largest { (UGT, left) } else { (ULT, right) };
        let before = emit.compare("arith.cmpf", predicate, right, left);
        let guard = emit.compare("arith.cmpf", ORD, number, number);
        emit.same("arith.andi", &[before, guard])
    }

    /// Sorts the indices of one line; the first k of the row returned are in order.
    fn sort(&self, emit: &Emitter<'c>, o: Val<'c>, i: Val<'c>, rows: Val<'c>) -> (Val<'c>, i64) {
        let rows = each(emit, self.length, &[rows], |e, t, carried| {
            // Places of the other row that a short run leaves out are read, though not used: they hold indices as well.
            let index = e.cast("arith.index_cast", t, e.integer_type(64));
            let rows = e.insert_element(index, carried[0], &[e.index(0), t]);
            vec![e.insert_element(index, rows, &[e.index(1), t])]
        });
        let steps = self.steps() as usize;
        let rows = each(emit, steps, &rows, |e, step, carried| vec![self.merge(e, o, i, carried[0], step)])[0];
        (rows, (steps % 2) as i64)
    }

    /// Merges each two runs that start `1 << step` apart, of which no more than k elements count, from one row into the
    /// other.
    fn merge(&self, emit: &Emitter<'c>, o: Val<'c>, i: Val<'c>, rows: Val<'c>, step: Val<'c>) -> Val<'c> {
        let length = self.length as i64;
        let from = emit.same("arith.andi", &[step, emit.index(1)]);
        let into = emit.same("arith.subi", &[emit.index(1), from]);
        let width = emit.same("arith.shli", &[emit.index(1), step]);
        let run = emit.same("arith.minui", &[width, emit.index(self.k as i64)]);
        let stride = emit.same("arith.addi", &[width, width]);
        emit.for_loop(emit.index(0), emit.index(length), stride, &[rows], |e, start, carried| {
            let clamped = |place: Val<'c>, by: Val<'c>| {
                let place = e.same("arith.addi", &[place, by]);
                e.same("arith.minui", &[place, e.index(length)])
            };
            let (left_end, right) = (clamped(start, run), clamped(start, width));
            let right_end = clamped(right, run);
            let lefts = e.same("arith.subi", &[left_end, start]);
            let count = e.same("arith.addi", &[lefts, e.same("arith.subi", &[right_end, right])]);
            let count = e.same("arith.minui", &[count, e.index(self.k as i64)]);
            let (zero, one) = (e.index(0), e.index(1));
            let merged = e.for_loop(zero, count, one, &[start, right, carried[0]], |e, t, carried| {
                let (left, right, rows) = (carried[0], carried[1], carried[2]);
                // A run that is used up is not looked at: its place is read inside of the line all the same.
                let inside = |at: Val<'c>| e.same("arith.minui", &[at, e.index(length - 1)]);
                let [a, b] = [left, right].map(|at| e.extract(rows, &[from, inside(at)]));
                let before = self.right_first(e, self.element(e, o, i, a), self.element(e, o, i, b));
                let has = |at, end| e.compare("arith.cmpi", integer_predicate(false, false, true), at, end);
                let (has_left, has_right) = (has(left, left_end), has(right, right_end));
                let no_left = e.same("arith.xori", &[has_left, e.int(e.integer_type(1), 1)]);
                let either = e.same("arith.ori", &[no_left, before]);
                let takes_right = e.same("arith.andi", &[has_right, either]);
                let place = e.same("arith.addi", &[start, t]);
                let rows = e.insert_element(e.select(takes_right, b, a), rows, &[into, place]);
                let next = |at| e.same("arith.addi", &[at, e.index(1)]);
                vec![e.select(takes_right, left, next(left)), e.select(takes_right, next(right), right), rows]
            });
            vec![merged[2]]
        })[0]
    }
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::Tensor;

    use super::*;
    use crate::lower::testing::{check, random};

    fn top(x: &Tensor, k: i64, axis: i64) {
        for largest in [true, false] {
            check(Op::TopK, &attrs! { "k" => k, "axis" => axis, "largest" => largest }, &[Some(x)], 0.0);
        }
    }

    #[test]
    fn each_type_with_ties() {
        // Integers in [-4, 4) repeat.
        for dtype in [DType::I64, DType::I8, DType::U8, DType::U64, DType::F16, DType::F32, DType::F64] {
            let x = random(dtype, &[2, 11, 3], 1);
            for (k, axis) in [(4, 1), (2, 0), (3, -1), (11, 1), (1, 1)] {
                top(&x, k, axis);
            }
        }
    }

    #[test]
    fn every_length_and_k() {
        for n in [0usize, 1, 2, 3, 5, 8, 17, 100] {
            let x = random(DType::I32, &[n], n as u64);
            for k in [0, 1, 2, 5, n / 2, n].into_iter().filter(|&k| k <= n) {
                top(&x, k as i64, 0);
            }
        }
    }

    #[test]
    fn places_that_no_run_wrote_are_never_followed() {
        // Long enough that the rows lie in the arena, which holds garbage before a run.
        for (n, k) in [(300, 1), (1025, 3), (5000, 300)] {
            top(&random(DType::F32, &[n], 1), k, 0);
        }
    }

    #[test]
    fn zeros_are_equal_and_nan_is_above_infinity() {
        let (i, n) = (f32::INFINITY, f32::NAN);
        let x = Tensor::from_vec(vec![9], vec![0.0, -0.0, n, i, -i, n, 0.0, -0.0, 1.0]).unwrap();
        top(&x, 9, 0);
    }
}
