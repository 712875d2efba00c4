//! Copies to and from addresses that are data. No index reaches outside of a tensor.

use hwc_dialects::infer::axis;
use hwc_runtime::{DType, dtype::Kind};
use melior::ir::ValueLike;

use super::movement::nothing;
use super::place::{as_index, clamp, read_at, write_at};
use super::rows::plain;
use super::scalar::{self, Binary, load, store};
use super::{Emitter, Loop, LowerCall, Lowered, Order};
use crate::codegen::ir::Val;

/// A generic over positions whose body chooses each element by itself.
fn chosen<'c>(
    emit: &Emitter<'c>,
    dtype: DType,
    shape: &[usize],
    inputs: &[(Val<'c>, melior::ir::Attribute<'c>)],
    body: impl FnOnce(&Emitter<'c>, &[Val<'c>]) -> Val<'c>,
) -> Val<'c> {
    let out = emit.empty(emit.storage(dtype), shape);
    let loops = vec![Loop::Parallel; shape.len()];
    emit.generic(inputs, &[(out, emit.identity(shape.len()))], &loops, |e, v| vec![body(e, v)])[0]
}

/// A result all of whose elements are read from an axis that has none.
fn zeros<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let zero = call.emit.zero(call.emit.storage(call.result_type(0)?.dtype));
    Ok(vec![call.emit.filled(&call.result_shape(0)?, zero)])
}

pub fn gather<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, dtype) = (&call.emit, call.shape(0)?, call.dtype(0)?);
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    let (outer, size, inner) = (shape[..at].iter().product(), shape[at], shape[at + 1..].iter().product());
    if size == 0 {
        return zeros(call);
    }
    let (index_type, count) = (call.dtype(1)?, call.shape(1)?.iter().product());
    let operand = emit.reshape(call.operand(0)?, &[outer, size, inner]);
    let indices = emit.reshape(call.operand(1)?, &[count]);
    let result = chosen(emit, dtype, &[outer, count, inner], &[(indices, emit.map(3, &["d1"]))], |e, v| {
        let place = read_at(e, index_type, v[0], size);
        e.extract(operand, &[e.loop_index(0), place, e.loop_index(2)])
    });
    Ok(vec![emit.reshape(result, &call.result_shape(0)?)])
}

pub fn gather_elements<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, result) = (&call.emit, call.shape(0)?, call.result_shape(0)?);
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    if shape[at] == 0 {
        return zeros(call);
    }
    let (operand, index_type) = (call.operand(0)?, call.dtype(1)?);
    let inputs = [(call.operand(1)?, emit.identity(shape.len()))];
    Ok(vec![chosen(emit, call.dtype(0)?, &result, &inputs, |e, v| {
        let mut position: Vec<_> = (0..shape.len()).map(|i| e.loop_index(i)).collect();
        position[at] = read_at(e, index_type, v[0], shape[at]);
        e.extract(operand, &position)
    })])
}

pub fn gather_nd<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, indices) = (&call.emit, call.shape(0)?, call.shape(1)?);
    let batch_dims = usize::try_from(call.attrs.int("batch_dims")?).map_err(|e| e.to_string())?;
    let length = indices[indices.len() - 1];
    let addressed = &shape[batch_dims..batch_dims + length];
    if addressed.contains(&0) {
        return zeros(call);
    }
    let batch: usize = shape[..batch_dims].iter().product();
    let count: usize = indices[batch_dims..indices.len() - 1].iter().product();
    let inner: usize = shape[batch_dims + length..].iter().product();
    let view: Vec<usize> = [&[batch], addressed, &[inner]].concat();
    let (operand, index_type) = (emit.reshape(call.operand(0)?, &view), call.dtype(1)?);
    let tuples = emit.reshape(call.operand(1)?, &[batch, count, length]);
    let inputs: Vec<_> =
        (0..length).map(|i| (tuples, emit.map(3, &["d0".into(), "d1".into(), i.to_string()]))).collect();
    let result = chosen(emit, call.dtype(0)?, &[batch, count, inner], &inputs, |e, v| {
        let mut position = vec![e.loop_index(0)];
        position.extend((0..length).map(|i| read_at(e, index_type, v[i], addressed[i])));
        position.push(e.loop_index(2));
        e.extract(operand, &position)
    });
    Ok(vec![emit.reshape(result, &call.result_shape(0)?)])
}

/// Nested loops over a shape that carry a tensor.
fn nest<'c>(
    emit: &Emitter<'c>,
    shape: &[usize],
    position: &mut Vec<Val<'c>>,
    carried: Val<'c>,
    body: &mut dyn FnMut(&Emitter<'c>, &[Val<'c>], Val<'c>) -> Val<'c>,
) -> Val<'c> {
    let Some((&size, rest)) = shape.split_first() else {
        return body(emit, position, carried);
    };
    emit.for_loop(emit.index(0), emit.index(size as i64), emit.index(1), &[carried], |e, i, carried| {
        position.push(i);
        let next = nest(e, rest, position, carried[0], body);
        position.pop();
        vec![next]
    })[0]
}

/// How an update meets the element it is written to; `None` where it replaces it.
fn reduction(call: &LowerCall) -> Result<Option<Binary>, String> {
    let combine: Binary = match call.attrs.str("reduction")? {
        "none" => return Ok(None),
        "add" => scalar::add,
        "mul" => scalar::mul,
        "min" => scalar::min,
        _ => scalar::max,
    };
    plain(call.dtype(0)?)?;
    Ok(Some(combine))
}

/// The tensor with an element written, if it is to be.
fn write<'c>(
    e: &Emitter<'c>,
    dtype: DType,
    combine: Option<Binary>,
    tensor: Val<'c>,
    position: &[Val<'c>],
    update: Val<'c>,
    inside: Val<'c>,
) -> Val<'c> {
    let old = e.extract(tensor, position);
    let new = match combine {
        Some(combine) => store(e, dtype, combine(e, dtype, load(e, dtype, old), load(e, dtype, update))),
        None => update,
    };
    e.insert_element(e.select(inside, new, old), tensor, position)
}

pub fn scatter_elements<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, shape, updated) = (&call.emit, call.shape(0)?, call.shape(1)?);
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    if shape.contains(&0) || updated.contains(&0) {
        return Ok(vec![call.operand(0)?]);
    }
    let (combine, dtype, index_type) = (reduction(call)?, call.dtype(0)?, call.dtype(1)?);
    let (indices, updates) = (call.operand(1)?, call.operand(2)?);
    let result = nest(emit, &updated, &mut Vec::new(), call.operand(0)?, &mut |e, position, tensor| {
        let (place, inside) = write_at(e, index_type, e.extract(indices, position), shape[at]);
        let update = e.extract(updates, position);
        let mut to = position.to_vec();
        to[at] = place;
        write(e, dtype, combine, tensor, &to, update, inside)
    });
    Ok(vec![result])
}

pub fn scatter_nd<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, shape, indices) = (&call.emit, call.shape(0)?, call.shape(1)?);
    if shape.contains(&0) || call.shape(2)?.contains(&0) {
        return Ok(vec![call.operand(0)?]);
    }
    let (combine, dtype, index_type) = (reduction(call)?, call.dtype(0)?, call.dtype(1)?);
    let length = indices[indices.len() - 1];
    let count: usize = indices[..indices.len() - 1].iter().product();
    let (addressed, inner) = (&shape[..length], shape[length..].iter().product::<usize>());
    let operand = emit.reshape(call.operand(0)?, &[addressed, &[inner]].concat());
    let tuples = emit.reshape(call.operand(1)?, &[count, length]);
    let updates = emit.reshape(call.operand(2)?, &[count, inner]);
    let result = nest(emit, &[count], &mut Vec::new(), operand, &mut |e, position, tensor| {
        let mut inside = e.int(e.integer_type(1), 1);
        let mut to = Vec::with_capacity(length + 1);
        for (i, &size) in addressed.iter().enumerate() {
            let index = e.extract(tuples, &[position[0], e.index(i as i64)]);
            let (place, fits) = write_at(e, index_type, index, size);
            inside = e.same("arith.andi", &[inside, fits]);
            to.push(place);
        }
        let row = position[0];
        nest(e, &[inner], &mut Vec::new(), tensor, &mut |e, column, tensor| {
            let update = e.extract(updates, &[row, column[0]]);
            let to: Vec<_> = to.iter().chain(column).copied().collect();
            write(e, dtype, combine, tensor, &to, update, inside)
        })
    });
    Ok(vec![emit.reshape(result, &shape)])
}

pub fn one_hot<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, result, index_type) = (&call.emit, call.result_shape(0)?, call.dtype(0)?);
    let at = axis(call.attrs.int("axis")?, result.len())?;
    let depth = result[at];
    if index_type.kind() == Kind::Float {
        plain(index_type)?;
    }
    let values = call.operand(1)?;
    let (off, on) = (emit.extract(values, &[emit.index(0)]), emit.extract(values, &[emit.index(1)]));
    let dims: Vec<String> = (0..result.len()).filter(|&i| i != at).map(|i| format!("d{i}")).collect();
    let inputs = [(call.operand(0)?, emit.map(result.len(), &dims))];
    Ok(vec![chosen(emit, call.result_type(0)?.dtype, &result, &inputs, |e, v| {
        let (place, inside) = if index_type.kind() == Kind::Float {
            let index = whole(e, load(e, index_type, v[0]), depth);
            write_at(e, DType::I64, index, depth)
        } else {
            write_at(e, index_type, v[0], depth)
        };
        let here = e.compare_signed(Order::Equal, place, e.loop_index(at));
        e.select(e.same("arith.andi", &[here, inside]), on, off)
    })])
}

/// A float as an integer without its fraction; what is not near `-depth..depth` stays outside of it.
fn whole<'c>(e: &Emitter<'c>, x: Val<'c>, depth: usize) -> Val<'c> {
    let ty = x.r#type();
    let bound = e.float(ty, depth as f64 + 1.0);
    // The number wins over NaN, so NaN ends outside too.
    let x = e.same("arith.maxnumf", &[x, e.same("arith.negf", &[bound])]);
    let x = e.same("arith.minnumf", &[x, bound]);
    e.cast("arith.fptosi", x, e.integer_type(64))
}

pub fn reverse_sequence<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    if let Some(empty) = nothing(call)? {
        return Ok(empty);
    }
    let (emit, shape, index_type) = (&call.emit, call.shape(0)?, call.dtype(1)?);
    let (batch, time) = (axis(call.attrs.int("batch_axis")?, 2)?, axis(call.attrs.int("time_axis")?, 2)?);
    let operand = call.operand(0)?;
    let inputs = [(call.operand(1)?, emit.map(shape.len(), &[format!("d{batch}")]))];
    Ok(vec![chosen(emit, call.dtype(0)?, &shape, &inputs, |e, v| {
        let mut position: Vec<_> = (0..shape.len()).map(|i| e.loop_index(i)).collect();
        // A length clamped to one more than the axis has places for.
        let length = clamp(e, as_index(e, index_type, v[0]), shape[time] + 1);
        let last = e.same("arith.subi", &[length, e.index(1)]);
        let mirrored = e.same("arith.subi", &[last, position[time]]);
        let reversed = e.compare_signed(Order::GreaterOrEqual, mirrored, e.index(0));
        position[time] = e.select(reversed, mirrored, position[time]);
        e.extract(operand, &position)
    })])
}

#[cfg(test)]
mod tests;
