//! Result types of operators that copy between known addresses.

use super::{Errors, InferCall, Inferred, axes, axis, broadcast};
use crate::types::{Dim, TensorType};

/// Whether a list has one entry for each of `expected` things.
fn check_length(name: &str, list: &[i64], expected: usize, per: &str, errors: &mut Vec<String>) {
    if list.len() != expected {
        errors.push(format!("`{name}` has {} entries, needs one per {per}, {expected}", list.len()));
    }
}

pub fn reshape(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let mut errors = Vec::new();
    let mut inferred = None;
    let mut shape = Vec::new();
    for (i, &entry) in call.attrs.ints("shape")?.iter().enumerate() {
        // `-2 - entry` cannot overflow below zero.
        let copied = if entry <= -2 { usize::try_from(-2 - entry).ok() } else { None };
        shape.push(match (entry, copied) {
            (-1, _) if inferred.replace(i).is_some() => {
                errors.push("has more than one entry -1 in `shape`".to_string());
                Dim::Unknown
            }
            (-1, _) => Dim::Unknown,
            (_, Some(from)) => operand.shape.get(from).cloned().unwrap_or_else(|| {
                errors.push(format!("`shape` copies dimension {from} of {operand}"));
                Dim::Unknown
            }),
            _ => Dim::Fixed(usize::try_from(entry).unwrap_or(0)),
        });
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let result = TensorType::new(operand.dtype, shape);
    match inferred {
        Some(at) => infer_remainder(operand, result, at).map(|t| vec![t]).map_err(Errors::from),
        None => match (operand.elements(), result.elements()) {
            (Some(have), Some(want)) if have != want => {
                Err(format!("cannot give the {have} elements of {operand} the shape {result} of {want}").into())
            }
            _ => Ok(vec![result]),
        },
    }
}

/// Fills in the dimension at `at` from what the other dimensions leave of the operand's.
fn infer_remainder(operand: &TensorType, mut result: TensorType, at: usize) -> Result<TensorType, String> {
    // Symbols on both sides cancel.
    let mut have: Vec<Dim> = operand.shape.clone();
    let mut want: Vec<Dim> = result.shape.clone();
    want.remove(at);
    want.retain(|dim| match have.iter().position(|d| d == dim && matches!(d, Dim::Symbol(_))) {
        Some(i) => {
            have.remove(i);
            false
        }
        None => true,
    });
    let product = |dims: &[Dim]| dims.iter().filter_map(Dim::fixed).try_fold(1usize, |n, d| n.checked_mul(d));
    let (Some(fixed_have), Some(fixed_want)) = (product(&have), product(&want)) else {
        return Err(format!("cannot give {operand} the shape {result}: too many elements"));
    };
    let open: Vec<&Dim> = have.iter().filter(|d| d.fixed().is_none()).collect();
    let want_open = want.iter().any(|d| d.fixed().is_none());
    result.shape[at] = match open[..] {
        _ if want_open => Dim::Unknown,
        [] if fixed_want == 0 => {
            return Err(format!("cannot infer a dimension of {result} from {operand}: the others have no elements"));
        }
        [] if fixed_have % fixed_want == 0 => Dim::Fixed(fixed_have / fixed_want),
        [] => return Err(format!("cannot divide the {fixed_have} elements of {operand} into {result}")),
        [only] if fixed_have == fixed_want => only.clone(),
        _ => Dim::Unknown,
    };
    Ok(result)
}

pub fn transpose(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let permutation = call.attrs.ints("permutation")?;
    let mut errors = Vec::new();
    check_length("permutation", permutation, operand.rank(), "dimension", &mut errors);
    let from = match axes(permutation, operand.rank()) {
        Ok(from) => from,
        Err(wrong) => {
            errors.extend(wrong.0);
            Vec::new()
        }
    };
    if permutation.iter().any(|&p| p < 0) {
        errors.push("has a negative entry in `permutation`".to_string());
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    Ok(vec![TensorType::new(operand.dtype, from.iter().map(|&i| operand.shape[i].clone()).collect::<Vec<_>>())])
}

pub fn concat(call: &InferCall) -> Inferred {
    let mut operands = call.rest(0);
    let first = operands.next().ok_or("needs an operand")?;
    let axis = axis(call.attrs.int("axis")?, first.rank())?;
    let mut shape = first.shape.clone();
    let mut errors = Vec::new();
    for other in operands {
        if other.dtype != first.dtype || other.rank() != first.rank() {
            errors.push(format!("cannot put {first} and {other} in one tensor"));
            continue;
        }
        for (i, (dim, more)) in shape.iter_mut().zip(&other.shape).enumerate() {
            if i == axis {
                *dim = match (&*dim, more) {
                    (Dim::Fixed(a), Dim::Fixed(b)) => {
                        Dim::Fixed(a.checked_add(*b).ok_or_else(|| format!("is too long along axis {axis}"))?)
                    }
                    (Dim::Fixed(0), d) | (d, Dim::Fixed(0)) => d.clone(),
                    _ => Dim::Unknown,
                };
            } else if !dim.compatible(more) {
                errors.push(format!("{first} and {other} differ in dimension {i}, which is not axis {axis}"));
            } else if more.fixed().is_some() || *dim == Dim::Unknown {
                *dim = more.clone();
            }
        }
    }
    if errors.is_empty() { Ok(vec![TensorType::new(first.dtype, shape)]) } else { Err(Errors(errors)) }
}

/// What a slice takes from one axis: `count` elements from `start` on, each `step` after the one before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stride {
    pub start: usize,
    pub step: i64,
    pub count: usize,
}

impl Stride {
    /// Resolves a slice of an axis of `size` elements; `step` is not zero.
    pub fn resolve(size: usize, start: i64, end: i64, step: i64) -> Stride {
        // In 128 bits no sum of the extremes of 64 overflows.
        let (size, step) = (size as i128, i128::from(step));
        let (low, high) = if step > 0 { (0, size) } else { (-1, size - 1) };
        let place = |at: i64| {
            let at = i128::from(at);
            (if at < 0 { at + size } else { at }).clamp(low, high)
        };
        let (start, end) = (place(start), place(end));
        let count = if step > 0 { (end - start + step - 1) / step } else { (start - end - step - 1) / -step };
        if count <= 0 {
            return Stride { start: 0, step: 1, count: 0 };
        }
        // One element has no second whose distance matters, and a step as long as `i64::MIN` could not be added.
        let step = if count == 1 { 1 } else { step as i64 };
        Stride { start: start as usize, step, count: count as usize }
    }
}

pub fn slice(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let attr = |name| call.attrs.ints(name);
    let (list, starts, ends, steps) = (attr("axes")?, attr("starts")?, attr("ends")?, attr("steps")?);
    let mut errors = Vec::new();
    check_length("starts", starts, list.len(), "axis", &mut errors);
    check_length("ends", ends, list.len(), "axis", &mut errors);
    check_length("steps", steps, list.len(), "axis", &mut errors);
    if steps.contains(&0) {
        errors.push("has a step of 0".to_string());
    }
    let axes = axes(list, operand.rank()).unwrap_or_else(|wrong| {
        errors.extend(wrong.0);
        Vec::new()
    });
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let mut shape = operand.shape.clone();
    for (i, &axis) in axes.iter().enumerate() {
        shape[axis] = match &shape[axis] {
            Dim::Fixed(size) => Dim::Fixed(Stride::resolve(*size, starts[i], ends[i], steps[i]).count),
            // All of an axis, whatever its size, forwards or backwards.
            whole if steps[i] == 1 && starts[i] == 0 && ends[i] >= i64::from(i32::MAX) => whole.clone(),
            whole if steps[i] == -1 && starts[i] == -1 && ends[i] <= i64::from(i32::MIN) => whole.clone(),
            _ => Dim::Unknown,
        };
    }
    Ok(vec![TensorType::new(operand.dtype, shape)])
}

pub fn pad(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let (low, high, mode) = (call.attrs.ints("low")?, call.attrs.ints("high")?, call.attrs.str("mode")?);
    let mut errors = Vec::new();
    check_length("low", low, operand.rank(), "dimension", &mut errors);
    check_length("high", high, operand.rank(), "dimension", &mut errors);
    if !matches!(mode, "constant" | "edge" | "reflect" | "wrap") {
        errors.push(format!("has the mode `{mode}`, which is none of constant, edge, reflect, wrap"));
    }
    if let Some(value) = call.optional(1) {
        if value.dtype != operand.dtype {
            errors.push(format!("pads {operand} with {value}, of another element type"));
        }
        if value.elements().is_some_and(|n| n != 1) {
            errors.push(format!("pads with {value}, which must have one element"));
        }
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let mut shape = operand.shape.clone();
    for (i, dim) in shape.iter_mut().enumerate() {
        if low[i] == 0 && high[i] == 0 {
            continue;
        }
        let Dim::Fixed(size) = *dim else {
            *dim = Dim::Unknown;
            continue;
        };
        let kept = size as i128 + i128::from(low[i].min(0)) + i128::from(high[i].min(0));
        let padded = size as i128 + i128::from(low[i]) + i128::from(high[i]);
        match usize::try_from(padded) {
            _ if kept < 0 => errors.push(format!("takes more elements from axis {i} of {operand} than it has")),
            _ if kept == 0 && padded > 0 && mode != "constant" => {
                errors.push(format!("has no element on axis {i} to pad with in mode `{mode}`"));
            }
            Ok(size) => *dim = Dim::Fixed(size),
            Err(_) => errors.push(format!("makes axis {i} of {operand} too long")),
        }
    }
    if errors.is_empty() { Ok(vec![TensorType::new(operand.dtype, shape)]) } else { Err(Errors(errors)) }
}

pub fn expand(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let shape: Vec<Dim> = call.attrs.sizes("shape")?.into_iter().map(Dim::Fixed).collect();
    Ok(vec![TensorType::new(operand.dtype, broadcast(&[&operand.shape, &shape])?)])
}

pub fn tile(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let repeats = call.attrs.sizes("repeats")?;
    let mut errors = Vec::new();
    check_length("repeats", call.attrs.ints("repeats")?, operand.rank(), "dimension", &mut errors);
    let mut shape = operand.shape.clone();
    for (i, (dim, &n)) in shape.iter_mut().zip(&repeats).enumerate() {
        *dim = match (&*dim, n) {
            (d, 1) => d.clone(),
            (_, 0) => Dim::Fixed(0),
            (Dim::Fixed(size), n) => size.checked_mul(n).map_or_else(
                || {
                    errors.push(format!("makes axis {i} of {operand} too long"));
                    Dim::Unknown
                },
                Dim::Fixed,
            ),
            _ => Dim::Unknown,
        };
    }
    if errors.is_empty() { Ok(vec![TensorType::new(operand.dtype, shape)]) } else { Err(Errors(errors)) }
}

#[cfg(test)]
mod tests;
