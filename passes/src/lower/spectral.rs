//! Fourier transforms: sums of products with roots of unity, in double precision, for differences of large numbers are
//! what small frequencies are made of.

use std::f64::consts::TAU;

use hwc_dialects::Attr;
use hwc_dialects::infer::axis;
use hwc_runtime::{DType, Tensor};
use melior::ir::ValueLike;

use super::movement::nothing;
use super::rows::{Read, each, plain};
use super::runs::table;
use super::scalar::load;
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

pub fn dft<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, result, dtype) = (&call.emit, call.shape(0)?, call.result_shape(0)?, call.dtype(0)?);
    plain(dtype)?;
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    let inverse = call.attrs.bool("inverse")?;
    let length = match call.attrs.get("length") {
        Some(Attr::Int(n)) => usize::try_from(*n).map_err(|e| e.to_string())?,
        _ => shape[at],
    };
    let last = shape.len() - 1;
    let (outer, inner) = (shape[..at].iter().product::<usize>(), shape[at + 1..last].iter().product::<usize>());
    let parts = shape[last];
    let signal = emit.reshape(call.operand(0)?, &[outer, shape[at], inner, parts]);
    let present = length.min(shape[at]);
    let roots = Roots::new(emit, length, inverse)?;
    let zero = emit.float(emit.compute(DType::F64), 0.0);
    let sums = [outer, result[at], inner];
    let out = emit.filled(&sums, zero);
    let reduced = emit.map(4, &["d0", "d1", "d3"]);
    // The loop over the signal stands before the one over what lies inside of the axis, which is contiguous.
    let cut = emit.slice(signal, &[0; 4], &[outer, present, inner, parts], &[1; 4]);
    let part = |p: usize| (cut, emit.map(4, &["d0".to_string(), "d2".into(), "d3".into(), p.to_string()]));
    let inputs: Vec<_> = (0..parts).map(part).collect();
    let loops = [Loop::Parallel, Loop::Parallel, Loop::Reduction, Loop::Parallel];
    let sums = emit.generic(&inputs, &[(out, reduced), (out, reduced)], &loops, |e, v| {
        let (cos, sin) = roots.at(e, e.loop_index(1), e.loop_index(2));
        let wide = |v: Val<'c>| double(e, load(e, dtype, v));
        let product = |a: Val<'c>, b: Val<'c>| e.same("arith.mulf", &[a, b]);
        let add = |a: Val<'c>, b: Val<'c>| e.same("arith.addf", &[a, b]);
        let (old_re, old_im) = (v[parts], v[parts + 1]);
        let re = wide(v[0]);
        let (mut sum_re, mut sum_im) = (add(old_re, product(re, cos)), add(old_im, product(re, sin)));
        if parts == 2 {
            let im = wide(v[1]);
            sum_re = e.same("arith.subf", &[sum_re, product(im, sin)]);
            sum_im = add(sum_im, product(im, cos));
        }
        vec![sum_re, sum_im]
    });
    let factor = if inverse { 1.0 / length as f64 } else { 1.0 };
    let rows = [outer, result[at], inner];
    let mut whole = emit.empty(emit.storage(dtype), &[outer, result[at], inner, 2]);
    for (p, &sum) in sums.iter().enumerate() {
        let part = each(emit, &[Read::new(sum, DType::F64, emit.identity(3))], dtype, &rows, |e, v| {
            let scaled = e.same("arith.mulf", &[v[0], e.float(v[0].r#type(), factor)]);
            e.cast("arith.truncf", scaled, e.compute(dtype))
        });
        let column = emit.reshape(part, &[outer, result[at], inner, 1]);
        whole = emit.insert_slice(column, whole, &[0, 0, 0, p], &[1; 4]);
    }
    Ok(vec![emit.reshape(whole, &result)])
}

/// A float as a double.
fn double<'c>(e: &Emitter<'c>, x: Val<'c>) -> Val<'c> {
    e.cast("arith.extf", x, e.compute(DType::F64))
}

/// The powers of a root of unity: cosines and sines of the multiples of a part of a turn.
struct Roots<'c> {
    length: usize,
    cos: Val<'c>,
    sin: Val<'c>,
}

impl<'c> Roots<'c> {
    fn new(emit: &Emitter<'c>, length: usize, inverse: bool) -> Result<Roots<'c>, String> {
        let turn = if inverse { TAU } else { -TAU };
        let angle = |i: usize| turn * i as f64 / length as f64;
        let of = |f: fn(f64) -> f64| {
            let values: Vec<f64> = (0..length).map(|i| f(angle(i))).collect();
            table(emit, &Tensor::from_vec(vec![length], values).map_err(|e| e.to_string())?)
        };
        Ok(Roots { length, cos: of(f64::cos)?, sin: of(f64::sin)? })
    }

    /// Power `k * j`.
    fn at(&self, e: &Emitter<'c>, k: Val<'c>, j: Val<'c>) -> (Val<'c>, Val<'c>) {
        let power = e.same("arith.muli", &[k, j]);
        let power = e.same("arith.remui", &[power, e.index(self.length as i64)]);
        (e.extract(self.cos, &[power]), e.extract(self.sin, &[power]))
    }
}

#[cfg(test)]
mod tests;
