//! Operators that only look at types, and those that pass their input on.

use hwc_runtime::{DType, Tensor};

use super::{Row, row};
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::unsupported;
use crate::reference::number::from_floats;

pub const OPS: &[Row] = &[
    row("Dropout", 7, dropout),
    row("Identity", 1, |call| Ok(vec![call.input(0)?])),
    row("Shape", 1, shape),
    row("Size", 1, |call| {
        let count = call.input(0)?.shape()?.iter().map(|&dim| dim as i64).product::<i64>();
        Ok(vec![Tensor::scalar(count).into()])
    }),
];

fn shape(call: &mut Call) -> Outputs {
    let shape = call.input(0)?.shape()?;
    let rank = shape.len() as i64;
    // Bounds count from the end where they are negative, and are clamped.
    let bound = |value: i64| (if value < 0 { value.saturating_add(rank) } else { value }).clamp(0, rank) as usize;
    let (start, end) = (bound(call.node.int_or("start", 0)?), bound(call.node.int_or("end", rank)?));
    let dims: Vec<i64> = shape[start..end.max(start)].iter().map(|&dim| dim as i64).collect();
    Ok(vec![Tensor::from_vec(vec![dims.len()], dims)?.into()])
}

/// The input, and that nothing is dropped: in training only where the ratio is zero.
fn dropout(call: &mut Call) -> Outputs {
    let training = call.optional_ints(2, "training_mode")?.unwrap_or_default();
    if training.iter().any(|&flag| flag != 0) && call.optional_floats(1, "ratio")?.is_none_or(|ratio| ratio != [0.0]) {
        return unsupported("training mode");
    }
    let input = call.input(0)?;
    if call.output_count() < 2 {
        return Ok(vec![input]);
    }
    // The mask has the element type of the input before version 10.
    let kept = match call.version() {
        ..10 => from_floats(input.dtype()?, &[], [1.0])?,
        _ => Tensor::from_bytes(DType::Bool, [], vec![1])?,
    };
    let mask = call.filled(&kept, &input.shape()?)?;
    Ok(vec![input, mask])
}
