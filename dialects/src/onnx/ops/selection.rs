//! Operators whose results are as long as their inputs say. The inputs that decide must be known at compile time.

use std::cmp::Ordering;

use hwc_runtime::Tensor;

use super::{Row, row};
use crate::attrs;
use crate::infer::axis;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::invalid;
use crate::op::Op;
use crate::reference::copy::{copied, strides, walk};
use crate::reference::number::floats;

pub const OPS: &[Row] = &[row("Compress", 9, compress), row("NonZero", 9, nonzero), row("Unique", 11, unique)];

/// A vector of indices.
pub fn indices(values: impl IntoIterator<Item = usize>) -> Result<Tensor, hwc_runtime::TensorError> {
    let values: Vec<i64> = values.into_iter().map(|i| i as i64).collect();
    Tensor::from_vec(vec![values.len()], values)
}

/// Slices at which the condition holds.
fn compress(call: &mut Call) -> Outputs {
    let mut input = call.input(0)?;
    let condition = call.ints(1, "condition")?;
    let shape = input.shape()?;
    let at = match call.node.int("axis")? {
        Some(given) => axis(given, shape.len())?,
        None => {
            input = call.reshape(&input, &[shape.iter().product()])?;
            0
        }
    };
    let size = input.shape()?[at];
    let chosen = condition.iter().enumerate().filter(|(_, keep)| **keep != 0).map(|(i, _)| i);
    if condition.len() > size {
        return invalid(format!("has {} conditions for {size} elements", condition.len()));
    }
    let chosen = Value::Const(indices(chosen)?);
    Ok(vec![call.op(Op::Gather, attrs! {"axis" => at as i64}, &[&input, &chosen])?])
}

/// The positions of elements that are not zero, a column each.
fn nonzero(call: &mut Call) -> Outputs {
    let input = call.constant(0, "X")?;
    let mut values = floats(&input).into_iter();
    let mut rows: Vec<Vec<i64>> = vec![Vec::new(); input.rank()];
    let mut count = 0;
    walk(input.shape(), |position| {
        if values.next().is_some_and(|v| v != 0.0) {
            rows.iter_mut().zip(position).for_each(|(row, &p)| row.push(p as i64));
            count += 1;
        }
    });
    Ok(vec![Tensor::from_vec(vec![input.rank(), count], rows.concat())?.into()])
}

/// Distinct slices along an axis, with where each is found first, which one each slice is, and how often it comes.
fn unique(call: &mut Call) -> Outputs {
    let mut input = call.constant(0, "X")?;
    let sorted = call.node.flag_or("sorted", true)?;
    let at = match call.node.int("axis")? {
        Some(given) => axis(given, input.rank())?,
        None => {
            input = input.reshaped(vec![input.len()])?;
            0
        }
    };
    let (values, from) = (floats(&input), strides(input.shape()));
    let mut others = input.shape().to_vec();
    let size = std::mem::replace(&mut others[at], 1);
    let mut offsets = Vec::new();
    walk(&others, |p| offsets.push(p.iter().zip(&from).map(|(&p, &s)| p * s).sum::<usize>()));
    // Slices compare as lists of their elements.
    let compare = |&a: &usize, &b: &usize| {
        let element = |slice: usize, offset: usize| values[slice * from[at] + offset];
        let order = |&o: &usize| element(a, o).total_cmp(&element(b, o));
        offsets.iter().map(order).find(|o| *o != Ordering::Equal).unwrap_or(Ordering::Equal)
    };
    let mut order: Vec<usize> = (0..size).collect();
    order.sort_by(compare);
    // A stable sort leaves the first of equal slices in front.
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for slice in order {
        match groups.last_mut() {
            Some(group) if compare(&group[0], &slice) == Ordering::Equal => group.push(slice),
            _ => groups.push(vec![slice]),
        }
    }
    if !sorted {
        groups.sort_by_key(|group| group[0]);
    }
    let mut inverse = vec![0; size];
    for (number, group) in groups.iter().enumerate() {
        group.iter().for_each(|&slice| inverse[slice] = number);
    }
    let mut shape = input.shape().to_vec();
    shape[at] = groups.len();
    let source = |p: &[usize]| {
        let flat: usize = p.iter().zip(&from).map(|(&p, &s)| p * s).sum();
        Some(flat - p[at] * from[at] + groups[p[at]][0] * from[at])
    };
    let distinct = copied(&input, &shape, source)?;
    let first = indices(groups.iter().map(|group| group[0]))?;
    let counts = indices(groups.iter().map(Vec::len))?;
    Ok([distinct, first, indices(inverse)?, counts].map(Value::from).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::proto::NodeProto;
    use crate::onnx::testing::*;

    fn folded(mut node: NodeProto, inputs: &[Tensor]) -> Vec<Tensor> {
        node.input = (0..inputs.len()).map(|i| i.to_string()).collect();
        let outputs: Vec<_> = node.output.iter().map(|name| untyped(name)).collect();
        let mut graph = graph([], outputs, [node]);
        graph.initializer = inputs.iter().enumerate().map(|(i, tensor)| constant(&i.to_string(), tensor)).collect();
        run(model(graph), &[])
    }

    fn ints(tensor: &Tensor) -> Vec<i64> {
        tensor.to_vec().unwrap()
    }

    #[test]
    fn conditions_choose() {
        let x = Tensor::from_vec(vec![3, 2], vec![1i64, 2, 3, 4, 5, 6]).unwrap();
        let condition = Tensor::from_bytes(hwc_runtime::DType::Bool, vec![2], vec![0, 1]).unwrap();
        let rows = with(node("Compress", &[], &["a"]), [int("axis", 0)]);
        assert_eq!(ints(&folded(rows, &[x.clone(), condition.clone()])[0]), [3, 4]);
        assert_eq!(ints(&folded(node("Compress", &[], &["a"]), &[x, condition])[0]), [2]);
    }

    #[test]
    fn positions_of_what_is_not_zero() {
        let x = Tensor::from_vec(vec![2, 2], vec![0f32, 1.0, f32::NAN, -0.0]).unwrap();
        let y = &folded(node("NonZero", &[], &["a"]), &[x])[0];
        assert_eq!((y.shape(), ints(y)), (&[2, 2][..], vec![0, 1, 1, 0]));
    }

    #[test]
    fn distinct_elements_and_slices() {
        let names = ["a", "b", "c", "d"];
        let x = Tensor::from_vec(vec![4], vec![3i64, 1, 3, 2]).unwrap();
        let y: Vec<_> = folded(node("Unique", &[], &names), std::slice::from_ref(&x)).iter().map(ints).collect();
        assert_eq!(y, [vec![1, 2, 3], vec![1, 3, 0], vec![2, 0, 2, 1], vec![1, 1, 2]]);
        let kept = with(node("Unique", &[], &names), [int("sorted", 0)]);
        let y: Vec<_> = folded(kept, &[x]).iter().map(ints).collect();
        assert_eq!(y, [vec![3, 1, 2], vec![0, 1, 3], vec![0, 1, 0, 2], vec![2, 1, 1]]);
        let x = Tensor::from_vec(vec![2, 3], vec![2i64, 1, 2, 0, 5, 0]).unwrap();
        let columns = with(node("Unique", &[], &names), [int("axis", 1)]);
        let y: Vec<_> = folded(columns, &[x]).iter().map(ints).collect();
        assert_eq!(y, [vec![1, 2, 5, 0], vec![1, 0], vec![1, 0, 1], vec![1, 2]]);
    }
}
