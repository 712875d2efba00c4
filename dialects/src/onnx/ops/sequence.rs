//! Sequences and optionals: lists at compile time, of which nothing remains when the model runs.

use std::sync::Arc;

use hwc_runtime::{DType, Tensor};

use super::control::stack;
use super::{Row, row};
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs, to_ints};
use crate::onnx::import::failure::{Failure, invalid};

pub const OPS: &[Row] = &[
    row("ConcatFromSequence", 11, concat_from_sequence),
    row("Optional", 15, optional),
    row("OptionalGetElement", 15, optional_get_element),
    row("OptionalHasElement", 15, optional_has_element),
    row("SequenceAt", 11, sequence_at),
    row("SequenceConstruct", 11, |call| {
        let values = call.all_inputs()?;
        Ok(vec![call.sequence(values)?])
    }),
    row("SequenceEmpty", 11, |call| Ok(vec![call.sequence(Vec::new())?])),
    row("SequenceErase", 11, sequence_erase),
    row("SequenceInsert", 11, sequence_insert),
    row("SequenceLength", 11, |call| Ok(vec![Tensor::scalar(sequence(call, 0)?.len() as i64).into()])),
    row("SplitToSequence", 11, split_to_sequence),
];

fn optional(call: &mut Call) -> Outputs {
    let value = call.optional(0);
    if let Some(Value::Optional(_)) = value {
        return invalid("makes an optional of an optional");
    }
    Ok(vec![Value::Optional(value.map(Box::new))])
}

/// The elements of an input.
fn sequence(call: &Call, index: usize) -> Result<Arc<Vec<Value>>, Failure> {
    match call.input(index)? {
        Value::Sequence(values) => Ok(values),
        _ => invalid(format!("input {index} must be a sequence")),
    }
}

/// A place in a sequence, given by input 1 or 2 and counted from the end where negative; `places` of them exist.
fn position(call: &Call, index: usize, places: usize) -> Result<Option<usize>, Failure> {
    let Some(position) = call.optional_int(index, "position")? else { return Ok(None) };
    let place = if position < 0 { position.saturating_add_unsigned(places as u64) } else { position };
    match usize::try_from(place) {
        Ok(place) if place < places => Ok(Some(place)),
        _ => invalid(format!("position {position} is outside of {places} places")),
    }
}

fn sequence_at(call: &mut Call) -> Outputs {
    let values = sequence(call, 0)?;
    let place = position(call, 1, values.len())?;
    match place.and_then(|place| values.get(place).cloned()) {
        Some(value) => Ok(vec![value]),
        None => invalid("input 1 is missing"),
    }
}

fn sequence_insert(call: &mut Call) -> Outputs {
    let (values, value) = (sequence(call, 0)?, call.input(1)?);
    // Negative positions count from the end of what is there, and the place behind the last is one too.
    let at = match call.optional_int(2, "position")? {
        None => values.len(),
        Some(position) if position < 0 => {
            position.saturating_add_unsigned(values.len() as u64).try_into().unwrap_or(usize::MAX)
        }
        Some(position) => position.try_into().unwrap_or(usize::MAX),
    };
    if at > values.len() {
        return invalid(format!("position {at} is outside of {} places", values.len() + 1));
    }
    let mut values = values.to_vec();
    values.insert(at, value);
    Ok(vec![call.sequence(values)?])
}

fn sequence_erase(call: &mut Call) -> Outputs {
    let mut values = sequence(call, 0)?.to_vec();
    let place = position(call, 1, values.len())?.or(values.len().checked_sub(1));
    match place {
        Some(place) => values.remove(place),
        None => return invalid("erases from an empty sequence"),
    };
    Ok(vec![call.sequence(values)?])
}

fn concat_from_sequence(call: &mut Call) -> Outputs {
    let values = sequence(call, 0)?;
    let rank = values.first().map_or(Ok(0), Value::rank)?;
    let joined = match call.node.int_or("new_axis", 0)? {
        0 => call.concat(&values, call.axis(0, rank)?)?,
        1 => stack(call, &values, call.axis(0, rank + 1)?)?,
        other => return invalid(format!("attribute `new_axis` must be 0 or 1, not {other}")),
    };
    Ok(vec![joined])
}

/// Parts of given sizes, or of one size with what remains as the last.
fn split_to_sequence(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    let axis = call.axis(0, shape.len())?;
    let length = shape[axis];
    let split = call.optional_constant(1, "split")?;
    let squeeze = split.is_none() && !call.node.flag_or("keepdims", true)?;
    let sizes = match &split {
        None => vec![1; length],
        Some(split) => {
            let sizes =
                to_ints(split, "split")?.iter().map(|&size| usize::try_from(size).ok()).collect::<Option<Vec<_>>>();
            match (sizes.as_deref(), split.rank()) {
                (Some(&[size]), 0) if size > 0 => (0..length).step_by(size).map(|at| size.min(length - at)).collect(),
                (Some(sizes), 1) if sizes.iter().try_fold(0usize, |a, &b| a.checked_add(b)) == Some(length) => {
                    sizes.to_vec()
                }
                _ => return invalid(format!("`split` does not divide an axis of {length}")),
            }
        }
    };
    let (mut parts, mut start) = (Vec::with_capacity(sizes.len()), 0);
    for size in sizes {
        let mut part = call.slice(&input, axis, start, start + size)?;
        if squeeze {
            let mut shape = shape.clone();
            shape.remove(axis);
            part = call.reshape(&part, &shape)?;
        }
        parts.push(part);
        start += size;
    }
    Ok(vec![call.sequence(parts)?])
}

/// What is in an optional; since version 18 anything else is taken for an optional that has it.
fn optional_get_element(call: &mut Call) -> Outputs {
    match call.input(0)? {
        Value::Optional(Some(value)) => Ok(vec![*value]),
        Value::Optional(None) => invalid("takes the element of an empty optional"),
        value => Ok(vec![value]),
    }
}

fn optional_has_element(call: &mut Call) -> Outputs {
    let has = !matches!(call.optional(0), None | Some(Value::Optional(None)));
    Ok(vec![Tensor::from_bytes(DType::Bool, [], vec![u8::from(has)])?.into()])
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    fn vector(data: &[f32]) -> Tensor {
        Tensor::from_vec(vec![data.len()], data.to_vec()).expect("data fits the shape")
    }

    #[test]
    fn sequences_are_split_and_joined() {
        let mut graph = graph(
            [value("x", "5")],
            [value("y", "1"), value("z", "5"), value("u", "5"), value("w", "1,5")],
            [
                node("SplitToSequence", &["x", "two"], &["s"]),
                node("SequenceAt", &["s", "two"], &["y"]),
                with(node("ConcatFromSequence", &["s"], &["z"]), [int("axis", -1)]),
                with(node("SplitToSequence", &["x"], &["t"]), [int("keepdims", 0)]),
                with(node("ConcatFromSequence", &["t"], &["u"]), [int("axis", 0), int("new_axis", 1)]),
                node("SplitToSequence", &["x"], &["v"]),
                with(node("ConcatFromSequence", &["v"], &["w"]), [int("axis", -1), int("new_axis", 1)]),
            ],
        );
        graph.initializer = vec![constant("two", &Tensor::scalar(2i64))];
        let x = vector(&[1.0, 2.0, 3.0, 4.0, 5.0]);
        let outputs = run(model(graph), std::slice::from_ref(&x));
        assert_eq!(outputs[..3], [vector(&[5.0]), x.clone(), x.clone()]);
        assert_eq!(Ok(&outputs[3]), x.reshaped([1, 5]).as_ref());
    }
}
