//! Copies to and from addresses that are data. No index reaches outside of a tensor.

use hwc_runtime::Tensor;

use super::copy::{copied, overwrite, strides, walk};
use super::number::{floats, from_floats, from_integers, integers};
use super::{EvalCall, Evaluated};
use crate::infer::axis;

/// Where an index reads on an axis of `size` elements; `None` where there is nothing to read.
fn read_at(index: i128, size: usize) -> Option<usize> {
    let at = if index < 0 { index + size as i128 } else { index };
    (size > 0).then(|| at.clamp(0, size as i128 - 1) as usize)
}

/// Where an index writes on an axis of `size` elements; `None` where that is outside.
fn write_at(index: i128, size: usize) -> Option<usize> {
    let at = if index < 0 { index + size as i128 } else { index };
    usize::try_from(at).ok().filter(|&at| at < size)
}

fn dot(position: &[usize], strides: &[usize]) -> usize {
    position.iter().zip(strides).map(|(&p, &s)| p * s).sum()
}

pub fn gather(call: &EvalCall) -> Evaluated {
    let (operand, indices) = (call.operand(0)?, call.operand(1)?);
    let axis = axis(call.attrs.int("axis")?, operand.rank())?;
    let (values, of_indices, of_operand) = (integers(indices), strides(indices.shape()), strides(operand.shape()));
    let source = |p: &[usize]| {
        let (outer, rest) = p.split_at(axis);
        let (chosen, inner) = rest.split_at(indices.rank());
        let at = read_at(values[dot(chosen, &of_indices)], operand.shape()[axis])?;
        Some(dot(outer, &of_operand) + at * of_operand[axis] + dot(inner, &of_operand[axis + 1..]))
    };
    Ok(vec![copied(operand, &call.shape(0)?, source)?])
}

pub fn gather_elements(call: &EvalCall) -> Evaluated {
    let (operand, indices) = (call.operand(0)?, call.operand(1)?);
    let axis = axis(call.attrs.int("axis")?, operand.rank())?;
    let of_operand = strides(operand.shape());
    let mut values = integers(indices).into_iter();
    let source = |p: &[usize]| {
        let at = read_at(values.next()?, operand.shape()[axis])?;
        Some(dot(p, &of_operand) - p[axis] * of_operand[axis] + at * of_operand[axis])
    };
    Ok(vec![copied(operand, &call.shape(0)?, source)?])
}

pub fn gather_nd(call: &EvalCall) -> Evaluated {
    let (operand, indices) = (call.operand(0)?, call.operand(1)?);
    let batch = usize::try_from(call.attrs.int("batch_dims")?).map_err(|e| e.to_string())?;
    let length = indices.shape()[indices.rank() - 1];
    let (values, of_indices, of_operand) = (integers(indices), strides(indices.shape()), strides(operand.shape()));
    let source = |p: &[usize]| {
        let (chosen, inner) = p.split_at(indices.rank() - 1);
        let tuple = dot(chosen, &of_indices);
        let mut at = dot(&p[..batch], &of_operand) + dot(inner, &of_operand[batch + length..]);
        for i in 0..length {
            at += read_at(values[tuple + i], operand.shape()[batch + i])? * of_operand[batch + i];
        }
        Some(at)
    };
    Ok(vec![copied(operand, &call.shape(0)?, source)?])
}

/// Writes updates into the operand: for each pair, update `from` to element `to`, in order.
fn scatter(operand: &Tensor, updates: &Tensor, reduction: &str, pairs: &[(usize, usize)]) -> Evaluated {
    let (dtype, shape) = (operand.dtype(), operand.shape());
    if reduction == "none" {
        let mut bytes = operand.bytes().to_vec();
        pairs.iter().for_each(|&(to, from)| overwrite(&mut bytes, to, updates, from));
        return Ok(vec![Tensor::from_bytes(dtype, shape, bytes).map_err(|e| e.to_string())?]);
    }
    let result = if dtype.is_float() {
        let combine: fn(f64, f64) -> f64 = match reduction {
            "add" => |a, b| a + b,
            "mul" => |a, b| a * b,
            "min" => |a, b| if a.is_nan() || a < b { a } else { b },
            _ => |a, b| if a.is_nan() || a > b { a } else { b },
        };
        let (mut values, updates) = (floats(operand), floats(updates));
        pairs.iter().for_each(|&(to, from)| values[to] = combine(values[to], updates[from]));
        from_floats(dtype, shape, values)?
    } else {
        // What wraps at 128 bits has the low bits of what wraps at each step.
        let combine: fn(i128, i128) -> i128 = match reduction {
            "add" => i128::wrapping_add,
            "mul" => i128::wrapping_mul,
            "min" => |a, b| a.min(b),
            _ => |a, b| a.max(b),
        };
        let (mut values, updates) = (integers(operand), integers(updates));
        pairs.iter().for_each(|&(to, from)| values[to] = combine(values[to], updates[from]));
        from_integers(dtype, shape, values)?
    };
    Ok(vec![result])
}

pub fn scatter_elements(call: &EvalCall) -> Evaluated {
    let (operand, indices, updates) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    let axis = axis(call.attrs.int("axis")?, operand.rank())?;
    let of_operand = strides(operand.shape());
    let mut pairs = Vec::with_capacity(indices.len());
    let mut values = integers(indices).into_iter().enumerate();
    walk(indices.shape(), |p| {
        let Some((from, index)) = values.next() else { return };
        if let Some(at) = write_at(index, operand.shape()[axis]) {
            pairs.push((dot(p, &of_operand) - p[axis] * of_operand[axis] + at * of_operand[axis], from));
        }
    });
    scatter(operand, updates, call.attrs.str("reduction")?, &pairs)
}

pub fn scatter_nd(call: &EvalCall) -> Evaluated {
    let (operand, indices, updates) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    let length = indices.shape()[indices.rank() - 1];
    let (values, of_operand) = (integers(indices), strides(operand.shape()));
    let slice: usize = operand.shape()[length..].iter().product();
    let mut pairs = Vec::with_capacity(updates.len());
    for tuple in 0..indices.shape()[..indices.rank() - 1].iter().product() {
        let chosen = &values[tuple * length..(tuple + 1) * length];
        let at: Option<Vec<usize>> = chosen.iter().zip(operand.shape()).map(|(&i, &n)| write_at(i, n)).collect();
        if let Some(at) = at {
            let start = dot(&at, &of_operand);
            pairs.extend((0..slice).map(|i| (start + i, tuple * slice + i)));
        }
    }
    scatter(operand, updates, call.attrs.str("reduction")?, &pairs)
}

pub fn one_hot(call: &EvalCall) -> Evaluated {
    let (indices, values, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let axis = axis(call.attrs.int("axis")?, shape.len())?;
    let depth = shape[axis];
    let (mut chosen, of_indices) = (integers(indices), strides(indices.shape()));
    if indices.dtype().is_float() {
        // NaN is no index.
        chosen.iter_mut().zip(floats(indices)).filter(|(_, v)| v.is_nan()).for_each(|(i, _)| *i = i128::MAX);
    }
    let source = |p: &[usize]| {
        let flat = dot(&p[..axis], &of_indices) + dot(&p[axis + 1..], &of_indices[axis..]);
        Some(usize::from(write_at(chosen[flat], depth) == Some(p[axis])))
    };
    Ok(vec![copied(values, &shape, source)?])
}

pub fn reverse_sequence(call: &EvalCall) -> Evaluated {
    let (operand, lengths) = (call.operand(0)?, call.operand(1)?);
    let axis = |name| axis(call.attrs.int(name)?, operand.rank());
    let (batch, time) = (axis("batch_axis")?, axis("time_axis")?);
    let size = operand.shape()[time];
    let lengths: Vec<usize> = integers(lengths).into_iter().map(|n| n.clamp(0, size as i128) as usize).collect();
    let from = strides(operand.shape());
    let source = |p: &[usize]| {
        let (at, length) = (p[time], lengths[p[batch]]);
        let mirrored = if at < length { length - 1 - at } else { at };
        Some(dot(p, &from) - at * from[time] + mirrored * from[time])
    };
    Ok(vec![copied(operand, operand.shape(), source)?])
}

#[cfg(test)]
mod tests;
