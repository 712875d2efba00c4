//! Softmax and its like: a row's largest element first, so that no exponential overflows.

use hwc_dialects::infer::axis;
use hwc_runtime::DType;
use melior::ir::ValueLike;

use super::reduction::{Extreme, extremes};
use super::rows::{Read, each, fold, kept, kept_shape, largest, plain, wide};
use super::{Emitter, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// Powers are multiplied by the reciprocal of their sum: one more rounding than a division, of which there are few then.
pub fn softmax<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let row = Rows::of(call)?;
    let (emit, identity) = (row.emit, row.emit.identity(row.shape.len()));
    let top = row.largest();
    let wide = wide(row.dtype);
    let powers = each(emit, &[row.read(), row.per_row(top)], wide, &row.shape, |e, x| exp_difference(e, x));
    let zero = emit.zero(emit.compute(wide));
    let read = [Read::new(powers, wide, identity)];
    let sums = fold(emit, &read, &row.shape, &row.reduced, zero, |e, x, acc| e.same("arith.addf", &[acc, x[0]]));
    let kept_dims = kept_shape(&row.shape, &row.reduced);
    let sums = [Read::new(sums, wide, emit.identity(kept_dims.len()))];
    let shares = each(emit, &sums, wide, &kept_dims, |e, x| e.same("arith.divf", &[e.float(x[0].r#type(), 1.0), x[0]]));
    let reads = [Read::new(powers, wide, identity), row.per_row(shares)];
    Ok(vec![each(emit, &reads, row.dtype, &row.shape, |e, x| e.same("arith.mulf", &[x[0], x[1]]))])
}

pub fn log_softmax<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let row = Rows::of(call)?;
    let emit = row.emit;
    let top = row.largest();
    let wide = wide(row.dtype);
    let zero = emit.zero(emit.compute(wide));
    let sums = fold(emit, &[row.read(), row.per_row(top)], &row.shape, &row.reduced, zero, |e, x, acc| {
        e.same("arith.addf", &[acc, exp_difference(e, x)])
    });
    let kept_dims = kept_shape(&row.shape, &row.reduced);
    let logs = each(emit, &[Read::new(sums, wide, emit.identity(kept_dims.len()))], wide, &kept_dims, |e, x| {
        e.same("math.log", &[x[0]])
    });
    let reads = [row.read(), row.per_row(top), row.per_row(logs)];
    Ok(vec![each(emit, &reads, row.dtype, &row.shape, |e, x| {
        let shifted = e.same("arith.subf", &[x[0], x[1]]);
        e.same("arith.subf", &[shifted, x[2]])
    })])
}

pub fn hardmax<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let row = Rows::of(call)?;
    if row.shape.contains(&0) {
        return Ok(vec![row.emit.empty(row.emit.storage(row.dtype), &row.shape)]);
    }
    let at = row.reduced.iter().position(|&r| r).unwrap_or(0);
    let which = Extreme { largest: true, last: false };
    let best = extremes(row.emit, row.tensor, row.dtype, &row.shape, at, which);
    let read = Read::new(best, DType::I64, kept(row.emit, &row.reduced));
    Ok(vec![each(row.emit, &[read], row.dtype, &row.shape, |e, v| {
        let own = e.cast("arith.index_cast", e.loop_index(at), v[0].r#type());
        let is_best = e.compare("arith.cmpi", 0, own, v[0]);
        let ty = e.compute(row.dtype);
        e.select(is_best, e.float(ty, 1.0), e.float(ty, 0.0))
    })])
}

/// exp(x[0] - x[1])
fn exp_difference<'c>(emit: &Emitter<'c>, x: &[Val<'c>]) -> Val<'c> {
    emit.same("math.exp", &[emit.same("arith.subf", &[x[0], x[1]])])
}

/// An operand and the axis along which its rows run.
struct Rows<'a, 'c> {
    emit: &'a Emitter<'c>,
    tensor: Val<'c>,
    dtype: DType,
    shape: Vec<usize>,
    reduced: Vec<bool>,
}

impl<'a, 'c> Rows<'a, 'c> {
    fn of(call: &'a LowerCall<'c, '_>) -> Result<Self, String> {
        let (dtype, shape) = (call.dtype(0)?, call.shape(0)?);
        plain(dtype)?;
        let at = axis(call.attrs.int("axis")?, shape.len())?;
        let reduced = (0..shape.len()).map(|i| i == at).collect();
        Ok(Rows { emit: &call.emit, tensor: call.operand(0)?, dtype, shape, reduced })
    }

    fn read(&self) -> Read<'c> {
        Read::new(self.tensor, self.dtype, self.emit.identity(self.shape.len()))
    }

    /// A tensor with one compute-type element a row.
    fn per_row(&self, tensor: Val<'c>) -> Read<'c> {
        Read::new(tensor, wide(self.dtype), kept(self.emit, &self.reduced))
    }

    fn largest(&self) -> Val<'c> {
        largest(self.emit, self.read(), &self.shape, &self.reduced)
    }
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::Tensor;

    use super::*;
    use crate::lower::testing::{check, random};

    #[test]
    fn along_any_axis_of_each_type() {
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F64, 1e-12), (DType::F16, 1e-3), (DType::BF16, 8e-3)] {
            let x = random(dtype, &[2, 3, 4], 7);
            for op in [Op::Softmax, Op::LogSoftmax, Op::Hardmax] {
                for axis in [0i64, 1, -1] {
                    check(op, &attrs! { "axis" => axis }, &[Some(&x)], tolerance);
                }
            }
        }
    }

    #[test]
    fn large_infinite_and_missing_elements() {
        let i = f32::INFINITY;
        let x = Tensor::from_vec(vec![4, 3], vec![1e4, 1e4 + 1.0, -1e4, -i, 0.0, 1.0, f32::NAN, 1.0, 2.0, -i, -i, -i]);
        let (x, empty) = (x.unwrap(), random(DType::F32, &[2, 0], 1));
        for op in [Op::Softmax, Op::LogSoftmax, Op::Hardmax] {
            check(op, &attrs! {}, &[Some(&x)], 1e-6);
            check(op, &attrs! {}, &[Some(&empty)], 1e-6);
        }
    }
}
