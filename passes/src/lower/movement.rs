//! Copies between known addresses: slices of tensors, and generics whose maps are the addresses.

use hwc_dialects::infer::movement::Stride;
use hwc_dialects::infer::{axes, axis};
use hwc_dialects::reference::movement::padded_source;

use super::runs::picked;
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// The results of an operation without elements, if it has none.
pub fn nothing<'c>(call: &LowerCall<'c, '_>) -> Result<Option<Vec<Val<'c>>>, String> {
    let shape = call.result_shape(0)?;
    let element = call.emit.storage(call.result_type(0)?.dtype);
    Ok(shape.contains(&0).then(|| vec![call.emit.empty(element, &shape)]))
}

/// A tensor of `shape` whose element at each position is the one that the expressions name.
pub fn mapped<'c, S: AsRef<str>>(emit: &Emitter<'c>, tensor: Val<'c>, shape: &[usize], from: &[S]) -> Val<'c> {
    let out = emit.empty(emit.element_of(tensor), shape);
    let inputs = [(tensor, emit.map(shape.len(), from))];
    let loops = vec![Loop::Parallel; shape.len()];
    emit.generic(&inputs, &[(out, emit.identity(shape.len()))], &loops, |_, v| vec![v[0]])[0]
}

pub fn reshape<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    Ok(vec![call.emit.reshape(call.operand(0)?, &call.result_shape(0)?)])
}

pub fn transpose<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, permutation) = (&call.emit, call.attrs.sizes("permutation")?);
    let mut from = vec![String::new(); permutation.len()];
    for (i, &axis) in permutation.iter().enumerate() {
        from[axis] = format!("d{i}");
    }
    Ok(vec![mapped(emit, call.operand(0)?, &call.result_shape(0)?, &from)])
}

pub fn concat<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, shape) = (&call.emit, call.result_shape(0)?);
    let axis = axis(call.attrs.int("axis")?, shape.len())?;
    let parts: Vec<Val> = call.operands.iter().flatten().copied().collect();
    Ok(vec![joined(emit, &parts, axis, emit.empty(emit.storage(call.result_type(0)?.dtype), &shape))])
}

/// Writes tensors one after the other along an axis.
pub fn joined<'c>(emit: &Emitter<'c>, parts: &[Val<'c>], axis: usize, into: Val<'c>) -> Val<'c> {
    let rank = emit.shape_of(into).len();
    let (mut offsets, mut into) = (vec![0; rank], into);
    for &part in parts {
        let shape = emit.shape_of(part);
        if !shape.contains(&0) {
            into = emit.insert_slice(part, into, &offsets, &vec![1; rank]);
        }
        offsets[axis] += shape[axis];
    }
    into
}

pub fn slice<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, attr) = (&call.emit, call.shape(0)?, |name| call.attrs.ints(name));
    let (starts, ends, steps) = (attr("starts")?, attr("ends")?, attr("steps")?);
    let mut taken: Vec<Stride> = shape.iter().map(|&count| Stride { start: 0, step: 1, count }).collect();
    for (i, axis) in axes(attr("axes")?, shape.len()).map_err(|e| e.to_string())?.into_iter().enumerate() {
        taken[axis] = Stride::resolve(shape[axis], starts[i], ends[i], steps[i]);
    }
    Ok(vec![strided(emit, call.operand(0)?, &taken)])
}

/// What the strides take, one element at least along each axis.
pub fn strided<'c>(emit: &Emitter<'c>, tensor: Val<'c>, taken: &[Stride]) -> Val<'c> {
    let part = |f: fn(&Stride) -> usize| taken.iter().map(f).collect::<Vec<usize>>();
    let sizes = part(|s| s.count);
    if taken.iter().all(|s| s.step > 0) {
        if sizes == emit.shape_of(tensor) {
            return tensor;
        }
        return emit.slice(tensor, &part(|s| s.start), &sizes, &part(|s| s.step as usize));
    }
    let from: Vec<String> = taken.iter().enumerate().map(|(i, s)| format!("d{i} * {} + {}", s.step, s.start)).collect();
    mapped(emit, tensor, &sizes, &from)
}

pub fn pad<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, result) = (&call.emit, call.shape(0)?, call.result_shape(0)?);
    let (low, high, mode) = (call.attrs.ints("low")?, call.attrs.ints("high")?, call.attrs.str("mode")?);
    let mut tensor = call.operand(0)?;
    if mode != "constant" {
        for i in (0..shape.len()).filter(|&i| (low[i], high[i]) != (0, 0)) {
            let places = (0..result[i]).map(|at| padded_source(mode, at, shape[i], low[i], high[i]));
            let places: Option<Vec<usize>> = places.collect();
            tensor = picked(emit, tensor, i, &places.ok_or("padding reads outside of its operand")?)?;
        }
        return Ok(vec![tensor]);
    }
    let value = match call.optional(1) {
        Some(value) => emit.extract(emit.reshape(value, &[]), &[]),
        None => emit.zero(emit.storage(call.dtype(0)?)),
    };
    let cut = |n: i64| n.min(0).unsigned_abs() as usize;
    let kept: Vec<Stride> = (0..shape.len())
        .map(|i| Stride { start: cut(low[i]), step: 1, count: shape[i] - cut(low[i]) - cut(high[i]) })
        .collect();
    if result.iter().zip(&kept).all(|(&n, kept)| n == kept.count) {
        return Ok(vec![strided(emit, tensor, &kept)]);
    }
    let filled = emit.filled(&result, value);
    if kept.iter().any(|k| k.count == 0) {
        return Ok(vec![filled]);
    }
    let offsets: Vec<usize> = low.iter().map(|&n| n.max(0) as usize).collect();
    Ok(vec![emit.insert_slice(strided(emit, tensor, &kept), filled, &offsets, &vec![1; result.len()])])
}

pub fn expand<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, operand, from, shape) = (&call.emit, call.operand(0)?, call.shape(0)?, call.result_shape(0)?);
    // Ones are dropped first, so that every dimension that is left is read as it is.
    let wide: Vec<usize> = (0..from.len()).filter(|&i| from[i] != 1).collect();
    let added = shape.len() - from.len();
    let names: Vec<String> = wide.iter().map(|i| format!("d{}", added + i)).collect();
    let sizes: Vec<usize> = wide.iter().map(|&i| from[i]).collect();
    Ok(vec![mapped(emit, emit.reshape(operand, &sizes), &shape, &names)])
}

pub fn tile<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let repeats = call.attrs.sizes("repeats")?;
    let once = vec![1; repeats.len()];
    Ok(vec![repeated(&call.emit, call.operand(0)?, &repeats, &once)])
}

/// Each axis `whole` times over, with each of its elements repeated `each` times.
pub fn repeated<'c>(emit: &Emitter<'c>, tensor: Val<'c>, whole: &[usize], each: &[usize]) -> Val<'c> {
    let (mut shape, mut from, mut result) = (Vec::new(), Vec::new(), Vec::new());
    for (i, size) in emit.shape_of(tensor).into_iter().enumerate() {
        if whole[i] != 1 {
            shape.push(whole[i]);
        }
        from.push(format!("d{}", shape.len()));
        shape.push(size);
        if each[i] != 1 {
            shape.push(each[i]);
        }
        result.push(whole[i] * size * each[i]);
    }
    emit.reshape(mapped(emit, tensor, &shape, &from), &result)
}

#[cfg(test)]
mod tests;
