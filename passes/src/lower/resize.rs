//! Resampling: one axis after the other, by tables of places and weights.

use hwc_dialects::reference::resize::{Filter, chosen, filters};
use hwc_runtime::{DType, Tensor, dtype::Kind};
use melior::ir::ValueLike;

use super::movement::{nothing, repeated};
use super::rows::{Read, each, fold, plain, wide};
use super::runs::{picked, places, table};
use super::scalar::load;
use super::{Emitter, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// Filters of at most this many elements are written out, longer ones are loops.
const UNROLLED: usize = 8;

pub fn resize<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, dtype) = (&call.emit, call.shape(0)?, call.dtype(0)?);
    let mut filters = filters(call.attrs, &shape).map_err(|e| e.to_string())?;
    // What shrinks goes first: it leaves less to do.
    filters.sort_by(|a, b| (a.size * shape[b.axis]).cmp(&(b.size * shape[a.axis])));
    let operand = call.operand(0)?;
    if call.attrs.str("mode")? == "nearest" && filters.iter().all(|f| !f.outside.contains(&true)) {
        return nearest(emit, operand, &filters).map(|result| vec![result]);
    }
    plain(dtype)?;
    let extrapolation = call.attrs.float("extrapolation")?;
    // Integers are filtered as doubles, which hold all but the largest exactly.
    let scale = if dtype.is_float() { wide(dtype) } else { DType::F64 };
    let mut tensor = each(emit, &[Read::new(operand, dtype, emit.identity(shape.len()))], scale, &shape, |e, v| {
        let ty = e.compute(scale);
        match dtype.kind() {
            Kind::Float => v[0],
            Kind::Signed => e.cast("arith.sitofp", v[0], ty),
            _ => e.cast("arith.uitofp", v[0], ty),
        }
    });
    for filter in &filters {
        tensor = filtered(emit, tensor, scale, filter, extrapolation)?;
    }
    let shape = emit.shape_of(tensor);
    let result = each(emit, &[Read::new(tensor, scale, emit.identity(shape.len()))], dtype, &shape, |e, v| {
        if dtype.is_float() { v[0] } else { rounded(e, dtype, v[0]) }
    });
    Ok(vec![result])
}

/// The nearest integer, ties to even, clamped to the type.
fn rounded<'c>(e: &Emitter<'c>, dtype: DType, x: Val<'c>) -> Val<'c> {
    let ty = x.r#type();
    let (low, high) = hwc_dialects::reference::number::range(dtype);
    // The largest double that the type holds; beyond 2^53 the limits themselves are not doubles.
    let high = if dtype.bits() < 64 { high as f64 } else { (high as f64).next_down() };
    let x = e.same("math.roundeven", &[x]);
    let x = e.same("arith.maxnumf", &[x, e.float(ty, low as f64)]);
    let x = e.same("arith.minnumf", &[x, e.float(ty, high)]);
    let to = e.storage(dtype);
    e.cast(if dtype.is_unsigned() { "arith.fptoui" } else { "arith.fptosi" }, x, to)
}

/// Resampling that takes one element each.
fn nearest<'c>(emit: &Emitter<'c>, tensor: Val<'c>, filters: &[Filter]) -> Result<Val<'c>, String> {
    let shape = emit.shape_of(tensor);
    let lists: Vec<(usize, Vec<usize>)> =
        filters.iter().map(|f| (f.axis, (0..f.size).map(|row| chosen(f, row)).collect())).collect();
    // Axes that grow by whole factors grow together.
    let factor = |axis: usize, list: &[usize]| {
        let each = list.len() / shape[axis];
        (list.len() == shape[axis] * each && list.iter().enumerate().all(|(i, &at)| at == i / each)).then_some(each)
    };
    let mut times = vec![1; shape.len()];
    let mut rest = Vec::new();
    for (axis, list) in lists {
        match factor(axis, &list) {
            Some(each) => times[axis] = each,
            None => rest.push((axis, list)),
        }
    }
    let mut tensor = tensor;
    for (axis, list) in rest {
        tensor = picked(emit, tensor, axis, &list)?;
    }
    let grows = times.iter().any(|&n| n != 1);
    Ok(if grows { repeated(emit, tensor, &vec![1; times.len()], &times) } else { tensor })
}

/// A tensor of compute-type elements with one axis resampled.
fn filtered<'c>(
    emit: &Emitter<'c>,
    tensor: Val<'c>,
    dtype: DType,
    filter: &Filter,
    extrapolation: f64,
) -> Result<Val<'c>, String> {
    let (mut shape, at) = (emit.shape_of(tensor), filter.axis);
    let (outer, inner) = (shape[..at].iter().product::<usize>(), shape[at + 1..].iter().product::<usize>());
    let source = emit.reshape(tensor, &[outer, shape[at], inner]);
    let (size, taps) = (filter.size, filter.taps);
    let index = places(emit, &[size, taps], &filter.index)?;
    let weights = hwc_dialects::reference::number::from_floats(dtype, &[size, taps], filter.weight.iter().copied())?;
    let weight = table(emit, &weights)?;
    let element = |e: &Emitter<'c>, place: Val<'c>, inner: usize| {
        let place = e.cast("arith.index_cast", place, e.index_type());
        load(e, dtype, e.extract(source, &[e.loop_index(0), place, e.loop_index(inner)]))
    };
    let mut result = if taps <= UNROLLED {
        let read = |t: usize| {
            let map = emit.map(3, &["d1".to_string(), t.to_string()]);
            [Read::new(index, DType::I64, map), Read::new(weight, dtype, map)]
        };
        let reads: Vec<Read> = (0..taps).flat_map(read).collect();
        each(emit, &reads, dtype, &[outer, size, inner], |e, v| {
            let products = v.chunks_exact(2).map(|pair| e.same("arith.mulf", &[pair[1], element(e, pair[0], 2)]));
            products.reduce(|a, b| e.same("arith.addf", &[a, b])).unwrap_or_else(|| e.zero(e.compute(dtype)))
        })
    } else {
        let map = emit.map(4, &["d1", "d2"]);
        let reads = [Read::new(index, DType::I64, map), Read::new(weight, dtype, map)];
        let zero = emit.zero(emit.compute(dtype));
        fold(emit, &reads, &[outer, size, taps, inner], &[false, false, true, false], zero, |e, v, sum| {
            e.same("arith.addf", &[sum, e.same("arith.mulf", &[v[1], element(e, v[0], 3)])])
        })
    };
    if filter.outside.contains(&true) {
        let bytes: Vec<u8> = filter.outside.iter().map(|&o| o.into()).collect();
        let outside = table(emit, &Tensor::from_bytes(DType::Bool, [size], bytes).map_err(|e| e.to_string())?)?;
        let reads = [Read::new(outside, DType::Bool, emit.map(3, &["d1"])), Read::new(result, dtype, emit.identity(3))];
        result = each(emit, &reads, dtype, &[outer, size, inner], |e, v| {
            e.select(v[0], e.float(v[1].r#type(), extrapolation), v[1])
        });
    }
    shape[at] = size;
    Ok(emit.reshape(result, &shape))
}

#[cfg(test)]
mod tests;
