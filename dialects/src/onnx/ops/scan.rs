//! `Scan` and `SequenceMap`: a body for each element of an axis or a sequence, unrolled.

use super::control::{body, iterate, stack};
use super::{Row, row};
use crate::infer::axis;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid, unsupported};

pub const OPS: &[Row] = &[row("Scan", 9, scan), row("SequenceMap", 17, sequence_map)];

/// One number for each scanned input or output, from an attribute that may be left out.
fn per_value(call: &Call, name: &'static str, count: usize) -> Result<Vec<i64>, Failure> {
    match call.node.ints(name)? {
        None => Ok(vec![0; count]),
        Some(values) if values.len() == count => Ok(values.to_vec()),
        Some(values) => invalid(format!("attribute `{name}` has {} elements for {count} values", values.len())),
    }
}

fn reversed(directions: &[i64], index: usize) -> bool {
    directions.get(index) == Some(&1)
}

/// `for i in 0..length { state, scanned_output[i] = body(state, scanned_input[i]) }`.
fn scan(call: &mut Call) -> Outputs {
    let body = body(call, "body")?;
    let inputs = call.all_inputs()?;
    let scans = usize::try_from(call.node.int_or("num_scan_inputs", 0)?).unwrap_or(usize::MAX);
    let Some(states) = inputs.len().checked_sub(scans).filter(|_| scans > 0) else {
        return invalid(format!("attribute `num_scan_inputs` does not fit {} inputs", inputs.len()));
    };
    let Some(results) = body.outputs.len().checked_sub(states) else {
        return invalid(format!("the body has {} outputs for {states} states", body.outputs.len()));
    };
    let (mut state, scanned) = (inputs[..states].to_vec(), &inputs[states..]);
    let axes = per_value(call, "scan_input_axes", scans)?;
    let directions = per_value(call, "scan_input_directions", scans)?;
    let output_axes = per_value(call, "scan_output_axes", results)?;
    let output_directions = per_value(call, "scan_output_directions", results)?;

    let mut places = Vec::with_capacity(scans);
    let mut length = None;
    for (value, &at) in scanned.iter().zip(&axes) {
        let shape = value.shape()?;
        let at = axis(at, shape.len())?;
        if *length.get_or_insert(shape[at]) != shape[at] {
            return invalid("scanned inputs differ in length");
        }
        places.push((at, shape));
    }
    let length = length.unwrap_or(0);
    if length == 0 && results > 0 {
        return unsupported("a scan over nothing");
    }
    let mut columns: Vec<Vec<Value>> = vec![Vec::new(); results];
    for iteration in 0..length {
        let mut inputs = state;
        for (index, (value, (at, shape))) in scanned.iter().zip(&places).enumerate() {
            let place = if reversed(&directions, index) { length - 1 - iteration } else { iteration };
            let part = call.slice(value, *at, place, place + 1)?;
            let mut shape = shape.clone();
            shape.remove(*at);
            inputs.push(call.reshape(&part, &shape)?);
        }
        state = iterate(call, body, inputs, iteration)?;
        let row = state.split_off(states);
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    for (index, mut column) in columns.into_iter().enumerate() {
        if reversed(&output_directions, index) {
            column.reverse();
        }
        let rank = column.first().map_or(Ok(0), Value::rank)? + 1;
        state.push(stack(call, &column, axis(output_axes[index], rank)?)?);
    }
    Ok(state)
}

/// The body for each element of a sequence; further inputs are sequences as long, or the same for each element.
fn sequence_map(call: &mut Call) -> Outputs {
    let body = body(call, "body")?;
    let inputs = call.all_inputs()?;
    let Some(Value::Sequence(first)) = inputs.first() else { return invalid("input 0 must be a sequence") };
    let length = first.len();
    let mut columns: Vec<Vec<Value>> = vec![Vec::new(); body.outputs.len()];
    for index in 0..length {
        let element = |value: &Value| match value {
            Value::Sequence(values) => {
                values.get(index).cloned().ok_or_else(|| Failure::Invalid("sequences differ in length".into()))
            }
            other => Ok(other.clone()),
        };
        let inputs = inputs.iter().map(element).collect::<Result<Vec<_>, _>>()?;
        let row = iterate(call, body, inputs, index)?;
        columns.iter_mut().zip(row).for_each(|(column, value)| column.push(value));
    }
    columns.into_iter().map(|column| call.sequence(column)).collect()
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    fn f32s(shape: &[usize], data: &[f32]) -> Tensor {
        Tensor::from_vec(shape, data.to_vec()).expect("data fits the shape")
    }

    #[test]
    fn scans_go_along_any_axis_in_either_direction() {
        let body = graph(
            [untyped("sum"), untyped("x")],
            [untyped("next"), untyped("row")],
            [node("Add", &["sum", "x"], &["next"]), node("Identity", &["next"], &["row"])],
        );
        let scan = |extra: &[(&str, i64)]| {
            let lists = extra.iter().map(|(name, value)| ints(name, &[*value]));
            let attributes = lists.chain([subgraph("body", body.clone()), int("num_scan_inputs", 1)]);
            let node = with(node("Scan", &["0", "1"], &["a", "b"]), attributes);
            run_node(node, 21, &[f32s(&[2], &[0.0, 10.0]), f32s(&[2, 2], &[1.0, 2.0, 3.0, 4.0])])
        };
        assert_eq!(scan(&[]), [f32s(&[2], &[4.0, 16.0]), f32s(&[2, 2], &[1.0, 12.0, 4.0, 16.0])]);
        let reverse = scan(&[("scan_input_axes", 1), ("scan_input_directions", 1), ("scan_output_axes", -1)]);
        assert_eq!(reverse, [f32s(&[2], &[3.0, 17.0]), f32s(&[2, 2], &[2.0, 3.0, 14.0, 17.0])]);
        let backwards = scan(&[("scan_output_directions", 1)]);
        assert_eq!(backwards[1], f32s(&[2, 2], &[4.0, 16.0, 1.0, 12.0]));
    }

    #[test]
    fn bodies_are_mapped_over_sequences() {
        let body = graph([untyped("x"), untyped("w")], [untyped("r")], [node("Add", &["x", "w"], &["r"])]);
        let graph = graph(
            [value("x", "2"), value("y", "2")],
            [value("z", "4")],
            [
                node("SequenceConstruct", &["x", "y"], &["s"]),
                with(node("SequenceMap", &["s", "y"], &["t"]), [subgraph("body", body)]),
                with(node("ConcatFromSequence", &["t"], &["z"]), [int("axis", 0)]),
            ],
        );
        let outputs = run(model(graph), &[f32s(&[2], &[1.0, 2.0]), f32s(&[2], &[3.0, 4.0])]);
        assert_eq!(outputs, [f32s(&[4], &[4.0, 6.0, 6.0, 8.0])]);
    }
}
