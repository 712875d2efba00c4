//! Sequences and optionals: lists at compile time, of which nothing remains when the model runs.

use hwc_runtime::{DType, Tensor};

use super::{Row, row};
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid};

pub const OPS: &[Row] = &[
    row("Optional", 15, |call| Ok(vec![Value::Optional(call.optional(0).map(Box::new))])),
    row("OptionalGetElement", 15, optional_get_element),
    row("OptionalHasElement", 15, optional_has_element),
    row("SequenceAt", 11, sequence_at),
    row("SequenceConstruct", 11, |call| Ok(vec![Value::Sequence(call.all_inputs()?)])),
    row("SequenceEmpty", 11, |_| Ok(vec![Value::Sequence(Vec::new())])),
    row("SequenceErase", 11, sequence_erase),
    row("SequenceInsert", 11, sequence_insert),
    row("SequenceLength", 11, |call| Ok(vec![Tensor::scalar(sequence(call, 0)?.len() as i64).into()])),
];

/// The elements of an input.
fn sequence(call: &Call, index: usize) -> Result<Vec<Value>, Failure> {
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
    match place.and_then(|place| values.into_iter().nth(place)) {
        Some(value) => Ok(vec![value]),
        None => invalid("input 1 is missing"),
    }
}

fn sequence_insert(call: &mut Call) -> Outputs {
    let (mut values, value) = (sequence(call, 0)?, call.input(1)?);
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
    values.insert(at, value);
    Ok(vec![Value::Sequence(values)])
}

fn sequence_erase(call: &mut Call) -> Outputs {
    let mut values = sequence(call, 0)?;
    let place = position(call, 1, values.len())?.or(values.len().checked_sub(1));
    match place {
        Some(place) => values.remove(place),
        None => return invalid("erases from an empty sequence"),
    };
    Ok(vec![Value::Sequence(values)])
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
