//! Operators that read and write at indices.

use super::{Row, row};
use crate::attrs;
use crate::infer::axis;
use crate::onnx::import::call::{Call, Outputs, to_ints};
use crate::onnx::import::failure::invalid;
use crate::op::Op;

pub const OPS: &[Row] = &[
    row("Gather", 1, gather),
    row("GatherElements", 11, |call| call.direct(Op::GatherElements)),
    row("GatherND", 11, |call| call.direct(Op::GatherNd)),
    row("ReverseSequence", 10, |call| call.direct(Op::ReverseSequence)),
    row("Scatter", 9, |call| call.direct(Op::ScatterElements)),
    row("ScatterElements", 11, |call| call.direct(Op::ScatterElements)),
    row("ScatterND", 11, |call| call.direct(Op::ScatterNd)),
    row("OneHot", 9, one_hot),
    row("ArrayFeatureExtractor", 1, array_feature_extractor).domain("ai.onnx.ml"),
];

/// Slices at indices. What follows one another in the input is cut out of it.
fn gather(call: &mut Call) -> Outputs {
    let (input, indices) = (call.input(0)?, call.input(1)?);
    let mut shape = input.shape()?;
    let at = call.axis(0, shape.len())?;
    let size = shape[at] as i64;
    let known = indices.known().map(|tensor| to_ints(tensor, "indices")).transpose()?;
    let Some(known) = known.filter(|known| !known.is_empty()) else { return call.direct(Op::Gather) };
    if let Some(outside) = known.iter().find(|&&i| !(-size..size).contains(&i)) {
        return invalid(format!("index {outside} is outside of an axis of {size} elements"));
    }
    let first = if known[0] < 0 { known[0] + size } else { known[0] };
    let place = |&i: &i64| if i < 0 { i + size } else { i };
    if input.known().is_some() || !known.iter().map(place).zip(first..).all(|(a, b)| a == b) {
        return call.direct(Op::Gather);
    }
    let (start, count) = (first as usize, known.len());
    let cut = call.slice(&input, at, start, start + count)?;
    shape.splice(at..=at, indices.shape()?);
    Ok(vec![call.reshape(&cut, &shape)?])
}

fn one_hot(call: &mut Call) -> Outputs {
    let (indices, values) = (call.input(0)?, call.input(2)?);
    // The depth may be of a floating-point type.
    let depth = match call.optional_floats(1, "depth")?.as_deref() {
        Some(&[depth]) if depth >= 0.0 && depth < i64::MAX as f64 => depth as i64,
        other => return invalid(format!("depth must be one number, 0 at least, not {other:?}")),
    };
    let attrs = attrs! {"depth" => depth, "axis" => call.node.int_or("axis", -1)?};
    Ok(vec![call.op(Op::OneHot, attrs, &[&indices, &values])?])
}

/// Columns of a matrix; a vector counts as one row.
fn array_feature_extractor(call: &mut Call) -> Outputs {
    let (input, indices) = (call.input(0)?, call.input(1)?);
    let count: usize = indices.shape()?.iter().product();
    let mut shape = input.shape()?;
    let last = axis(-1, shape.len())? as i64;
    let columns = call.reshape(&indices, &[count])?;
    let gathered = call.op(Op::Gather, attrs! {"axis" => last}, &[&input, &columns])?;
    if shape.len() > 1 {
        return Ok(vec![gathered]);
    }
    shape = vec![1, count];
    Ok(vec![call.reshape(&gathered, &shape)?])
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;
    use crate::op::Op;

    #[test]
    fn attributes_of_the_same_name_are_taken_over() {
        let x = Tensor::from_vec(vec![2, 3], (0..6).collect::<Vec<i32>>()).unwrap();
        let at = Tensor::from_vec(vec![2], vec![2i64, -3]).unwrap();
        let y = run_node(with(node("Gather", &["0", "1"], &["a"]), [int("axis", 1)]), 13, &[x.clone(), at.clone()]);
        assert_eq!(y[0].to_vec::<i32>(), Ok(vec![2, 0, 5, 3]));
        let rows = Tensor::from_vec(vec![2, 1], vec![1i64, 1]).unwrap();
        let updates = Tensor::from_vec(vec![2, 1], vec![10i32, 10]).unwrap();
        let scatter = node("ScatterElements", &["0", "1", "2"], &["a"]);
        let attributes = [int("axis", 1), text("reduction", "add")];
        let y = run_node(with(scatter, attributes), 18, &[x, rows, updates]);
        assert_eq!(y[0].to_vec::<i32>(), Ok(vec![0, 11, 2, 3, 14, 5]));
    }

    #[test]
    fn known_indices_that_follow_one_another_are_a_slice() {
        let gather = |indices: Tensor| {
            let mut graph = graph(
                [value("x", "2,4")],
                [untyped("a")],
                [with(node("Gather", &["x", "i"], &["a"]), [int("axis", 1)])],
            );
            graph.initializer = vec![constant("i", &indices)];
            let x = Tensor::from_vec(vec![2, 4], (0..8).map(|i| i as f32).collect()).unwrap();
            try_import(model(graph), &Default::default()).map(|imported| {
                let y = imported.program.evaluate(&[x]).unwrap().remove(0);
                (imported.program.operations[0].op, y.shape().to_vec(), y.to_vec::<f32>().unwrap())
            })
        };
        assert_eq!(gather(Tensor::scalar(-1i64)), Ok((Op::Slice, vec![2], vec![3.0, 7.0])));
        let pair = |a: i64, b: i64| gather(Tensor::from_vec(vec![1, 2], vec![a, b]).unwrap());
        assert_eq!(pair(1, -2), Ok((Op::Slice, vec![2, 1, 2], vec![1.0, 2.0, 5.0, 6.0])));
        assert_eq!(pair(2, 1), Ok((Op::Gather, vec![2, 1, 2], vec![2.0, 1.0, 6.0, 5.0])));
        assert_eq!(pair(0, 4).map_err(|report| report.invalid.len()), Err(1));
    }

    #[test]
    fn one_hot_takes_a_known_depth() {
        let node = with(node("OneHot", &["0", "d", "1"], &["a"]), [int("axis", 0)]);
        let values = Tensor::from_vec(vec![2], vec![5i32, 6]).unwrap();
        let mut graph = graph(
            [typed("0", hwc_runtime::DType::I64, "1"), typed("1", hwc_runtime::DType::I32, "2")],
            [untyped("a")],
            [node],
        );
        graph.initializer = vec![constant("d", &Tensor::scalar(2.0f32))];
        let y = run(model(graph), &[Tensor::from_vec(vec![1], vec![1i64]).unwrap(), values]).remove(0);
        assert_eq!((y.shape(), y.to_vec::<i32>().unwrap()), (&[2, 1][..], vec![5, 6]));
    }
}
