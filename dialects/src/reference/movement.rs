//! Copies between known addresses.

use super::copy::{copied, overwrite, strides, transposed};
use super::{EvalCall, Evaluated};
use crate::infer::movement::Stride;
use crate::infer::{axes, axis};
use hwc_runtime::Tensor;

pub fn reshape(call: &EvalCall) -> Evaluated {
    Ok(vec![call.operand(0)?.reshaped(call.shape(0)?).map_err(|e| e.to_string())?])
}

pub fn transpose(call: &EvalCall) -> Evaluated {
    Ok(vec![transposed(call.operand(0)?, &call.attrs.sizes("permutation")?)?])
}

pub fn concat(call: &EvalCall) -> Evaluated {
    let shape = call.shape(0)?;
    let axis = axis(call.attrs.int("axis")?, shape.len())?;
    let first = call.operand(0)?;
    let mut bytes = Vec::new();
    for outer in 0..shape[..axis].iter().product() {
        for operand in call.operands.iter().flatten() {
            let block = operand.shape()[axis..].iter().product::<usize>() * operand.dtype().size();
            bytes.extend_from_slice(&operand.bytes()[outer * block..(outer + 1) * block]);
        }
    }
    Ok(vec![Tensor::from_bytes(first.dtype(), shape, bytes).map_err(|e| e.to_string())?])
}

pub fn slice(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let attr = |name| call.attrs.ints(name);
    let (starts, ends, steps) = (attr("starts")?, attr("ends")?, attr("steps")?);
    let mut taken: Vec<Stride> = operand.shape().iter().map(|&count| Stride { start: 0, step: 1, count }).collect();
    for (i, axis) in axes(attr("axes")?, operand.rank()).map_err(|e| e.to_string())?.into_iter().enumerate() {
        taken[axis] = Stride::resolve(operand.shape()[axis], starts[i], ends[i], steps[i]);
    }
    let from = strides(operand.shape());
    let source = |p: &[usize]| {
        Some((0..p.len()).map(|i| (taken[i].start as i64 + p[i] as i64 * taken[i].step) as usize * from[i]).sum())
    };
    Ok(vec![copied(operand, &call.shape(0)?, source)?])
}

/// Which element of an axis of `size` elements (one at least, `low` and `high` of them cut away where those are
/// negative) stands at `place` of the padded axis; `None` where that is the padding value.
pub fn padded_source(mode: &str, place: usize, size: usize, low: i64, high: i64) -> Option<usize> {
    let first = low.min(0).unsigned_abs() as i64;
    let kept = size as i64 - first - high.min(0).unsigned_abs() as i64;
    let at = place as i64 - low.max(0);
    let at = match mode {
        _ if (0..kept).contains(&at) => at,
        "edge" => at.clamp(0, kept - 1),
        "wrap" => at.rem_euclid(kept),
        "reflect" if kept == 1 => 0,
        "reflect" => {
            let period = 2 * (kept - 1);
            let at = at.rem_euclid(period);
            at.min(period - at)
        }
        _ => return None,
    };
    Some((first + at) as usize)
}

pub fn pad(call: &EvalCall) -> Evaluated {
    let (operand, shape) = (call.operand(0)?, call.shape(0)?);
    let (low, high, mode) = (call.attrs.ints("low")?, call.attrs.ints("high")?, call.attrs.str("mode")?);
    let from = strides(operand.shape());
    let mut inside = Vec::new();
    let source = |p: &[usize]| {
        let place = |i: usize| Some(padded_source(mode, p[i], operand.shape()[i], low[i], high[i])? * from[i]);
        let source = (0..p.len()).map(place).sum::<Option<usize>>();
        inside.push(source.is_some());
        source
    };
    let padded = copied(operand, &shape, source)?;
    let Some(value) = call.optional(1) else {
        return Ok(vec![padded]);
    };
    let mut bytes = padded.bytes().to_vec();
    for (i, _) in inside.iter().enumerate().filter(|(_, inside)| !**inside) {
        overwrite(&mut bytes, i, value, 0);
    }
    Ok(vec![Tensor::from_bytes(operand.dtype(), shape, bytes).map_err(|e| e.to_string())?])
}

pub fn expand(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let from = strides(operand.shape());
    let source = |p: &[usize]| {
        let added = p.len() - from.len();
        Some((0..from.len()).map(|i| if operand.shape()[i] == 1 { 0 } else { p[added + i] * from[i] }).sum())
    };
    Ok(vec![copied(operand, &call.shape(0)?, source)?])
}

pub fn tile(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let from = strides(operand.shape());
    let source = |p: &[usize]| Some((0..p.len()).map(|i| p[i] % operand.shape()[i] * from[i]).sum());
    Ok(vec![copied(operand, &call.shape(0)?, source)?])
}

#[cfg(test)]
mod tests;
