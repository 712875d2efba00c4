//! Operators that take tensors apart and put them together.

use super::{Row, row};
use crate::attrs;
use crate::infer::movement::Stride;
use crate::infer::{axes, axis};
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("CenterCropPad", 18, center_crop_pad),
    row("Concat", 4, concat),
    row("Expand", 8, expand),
    row("Pad", 2, pad),
    row("Slice", 1, slice),
    row("Split", 2, split),
    row("Tile", 6, tile),
];

/// A slice, or the value itself where the slice takes all of it.
fn taken(
    call: &mut Call,
    value: &Value,
    list: &[i64],
    starts: &[i64],
    ends: &[i64],
    steps: &[i64],
) -> Result<Value, Failure> {
    let shape = value.shape()?;
    let lengths = [starts.len(), ends.len(), steps.len()];
    if lengths.iter().any(|&n| n != list.len()) {
        return invalid(format!("has {lengths:?} starts, ends and steps for {} axes", list.len()));
    }
    let whole = |(i, &axis): (usize, &usize)| {
        steps[i] == 1 && Stride::resolve(shape[axis], starts[i], ends[i], steps[i]).count == shape[axis]
    };
    if axes(list, shape.len())?.iter().enumerate().all(whole) {
        return Ok(value.clone());
    }
    let attrs = attrs! {
        "axes" => list.to_vec(), "starts" => starts.to_vec(), "ends" => ends.to_vec(), "steps" => steps.to_vec()
    };
    call.op(Op::Slice, attrs, &[value])
}

fn concat(call: &mut Call) -> Outputs {
    let values = call.all_inputs()?;
    let Some(first) = values.first() else { return invalid("needs an input") };
    let Some(given) = call.node.int("axis")? else { return invalid("`axis` is missing") };
    let axis = axis(given, first.rank()?)?;
    Ok(vec![call.concat(&values, axis)?])
}

fn slice(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    call.all_known(&[(1, "starts"), (2, "ends"), (3, "axes"), (4, "steps")])?;
    // Attributes up to version 9, inputs since.
    let needed = |name: &'static str, index: usize| {
        call.attribute_or_input(name, index)?.ok_or_else(|| Failure::Invalid(format!("`{name}` is missing")))
    };
    let (starts, ends) = (needed("starts", 1)?, needed("ends", 2)?);
    let list = call.attribute_or_input("axes", 3)?.unwrap_or_else(|| (0..starts.len() as i64).collect());
    let steps = call.optional_ints(4, "steps")?.unwrap_or_else(|| vec![1; starts.len()]);
    Ok(vec![taken(call, &input, &list, &starts, &ends, &steps)?])
}

/// The value in parts of these sizes.
fn parts(call: &mut Call, value: &Value, axis: usize, sizes: &[i64]) -> Outputs {
    let size = value.shape()?[axis];
    let counts: Option<Vec<usize>> = sizes.iter().map(|&n| usize::try_from(n).ok()).collect();
    let total = counts.as_ref().and_then(|c| c.iter().try_fold(0usize, |sum, &n| sum.checked_add(n)));
    let (Some(counts), true) = (counts, total == Some(size)) else {
        return invalid(format!("cannot split {size} elements of axis {axis} into {sizes:?}"));
    };
    let mut start = 0;
    let mut parts = Vec::with_capacity(counts.len());
    for count in counts {
        parts.push(call.slice(value, axis, start, start + count)?);
        start += count;
    }
    Ok(parts)
}

fn split(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    let axis = call.axis(0, shape.len())?;
    if let Some(sizes) = call.attribute_or_input("split", 1)? {
        return parts(call, &input, axis, &sizes);
    }
    let outputs = call.output_count() as i64;
    let count = call.node.int("num_outputs")?.unwrap_or(outputs);
    // Since version 18 the last part may be smaller; before, what cannot be split evenly is refused.
    let size = shape[axis] as i64;
    if count < outputs || count > MAX_PARTS || (call.version() < 18 && size % count != 0) {
        return invalid(format!(
            "cannot split {size} elements of axis {axis} into {count} parts for {outputs} outputs"
        ));
    }
    let each = (size + count - 1) / count;
    let sizes: Vec<i64> = (0..count).map(|i| (size - i * each).clamp(0, each)).collect();
    parts(call, &input, axis, &sizes)
}

/// Parts into which a tensor is split.
const MAX_PARTS: i64 = 1 << 16;

fn pad(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    call.all_known(&[(1, "pads"), (3, "axes")])?;
    let rank = input.rank()?;
    let Some(pads) = call.attribute_or_input("pads", 1)? else { return invalid("`pads` is missing") };
    let list = match call.optional_ints(3, "axes")? {
        Some(list) => axes(&list, rank)?,
        None => (0..rank).collect(),
    };
    if pads.len() != 2 * list.len() {
        return invalid(format!("has {} pads for {} axes", pads.len(), list.len()));
    }
    let (mut low, mut high) = (vec![0; rank], vec![0; rank]);
    for (i, &axis) in list.iter().enumerate() {
        (low[axis], high[axis]) = (pads[i], pads[list.len() + i]);
    }
    // An attribute up to version 10, an input since.
    let value = match (call.node.float("value")?, call.optional(2)) {
        (Some(value), _) if value != 0.0 => Some(call.scalar(input.dtype()?, f64::from(value))?),
        (_, value) => value,
    };
    let mode = call.node.text_or("mode", "constant")?.to_owned();
    padded(call, &input, low, high, value, &mode).map(|result| vec![result])
}

fn padded(
    call: &mut Call,
    input: &Value,
    low: Vec<i64>,
    high: Vec<i64>,
    value: Option<Value>,
    mode: &str,
) -> Result<Value, Failure> {
    if low.iter().chain(&high).all(|&n| n == 0) {
        return Ok(input.clone());
    }
    let attrs = attrs! {"low" => low, "high" => high, "mode" => mode};
    // Only the constant mode has a value.
    let value = value.filter(|_| mode == "constant");
    let results = call.ops(Op::Pad, attrs, vec![Some(input.clone()), value])?;
    results.into_iter().next().ok_or_else(|| Failure::Invalid("pad has no result".into()))
}

fn center_crop_pad(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    let asked = call.ints(1, "shape")?;
    let list = match call.node.ints("axes")? {
        Some(list) => axes(list, shape.len())?,
        None => (0..shape.len()).collect(),
    };
    if asked.len() != list.len() || asked.iter().any(|&n| n < 0) {
        return invalid(format!("needs one size, 0 at least, for each of {} axes, got {asked:?}", list.len()));
    }
    let (mut low, mut high) = (vec![0; shape.len()], vec![0; shape.len()]);
    for (&axis, &size) in list.iter().zip(&asked) {
        let missing = size - shape[axis] as i64;
        // An odd element more is taken from, or added to, the end.
        low[axis] = missing / 2;
        high[axis] = missing - missing / 2;
    }
    Ok(vec![padded(call, &input, low, high, None, "constant")?])
}

fn expand(call: &mut Call) -> Outputs {
    let (input, shape) = (call.input(0)?, call.ints(1, "shape")?);
    let from = input.shape()?;
    let same = |(i, &n): (usize, &i64)| n == 1 || from[from.len() - shape.len() + i] as i64 == n;
    if shape.len() <= from.len() && shape.iter().enumerate().all(same) {
        return Ok(vec![input]);
    }
    Ok(vec![call.op(Op::Expand, attrs! {"shape" => shape}, &[&input])?])
}

fn tile(call: &mut Call) -> Outputs {
    let (input, repeats) = (call.input(0)?, call.ints(1, "repeats")?);
    if repeats.len() == input.rank()? && repeats.iter().all(|&n| n == 1) {
        return Ok(vec![input]);
    }
    Ok(vec![call.op(Op::Tile, attrs! {"repeats" => repeats}, &[&input])?])
}

#[cfg(test)]
mod tests;
