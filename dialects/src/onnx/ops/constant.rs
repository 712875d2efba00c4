//! Operators that make values out of nothing but shapes and attributes.

use hwc_runtime::tensor::byte_len;
use hwc_runtime::{DType, Tensor};

use super::{Row, row};
use crate::onnx::attribute::{Attribute, Constant};
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::reference::number::{floats, from_floats, from_integers, integers};

pub const OPS: &[Row] = &[
    row("Constant", 1, constant),
    row("ConstantOfShape", 9, constant_of_shape),
    row("EyeLike", 9, eye_like),
    row("Range", 11, range),
];

/// Bytes of a constant that is worked out here.
const MAX_BYTES: usize = 1 << 27;

fn constant(call: &mut Call) -> Outputs {
    let [(name, value)] = &call.node.attributes[..] else {
        return invalid(format!("must have one attribute, not {}", call.node.attributes.len()));
    };
    let tensor = match (name.as_str(), value) {
        ("value" | "sparse_value", Attribute::Tensor(Constant::Tensor(tensor))) => tensor.clone(),
        ("value" | "sparse_value", Attribute::Tensor(Constant::Unsupported(what))) => {
            return unsupported(format!("tensors of {what}"));
        }
        ("value_float", Attribute::Float(value)) => Tensor::scalar(*value),
        ("value_int", Attribute::Int(value)) => Tensor::scalar(*value),
        ("value_floats", Attribute::Floats(values)) => Tensor::from_vec(vec![values.len()], values.to_vec())?,
        ("value_ints", Attribute::Ints(values)) => Tensor::from_vec(vec![values.len()], values.to_vec())?,
        ("value_string" | "value_strings", _) => return unsupported("tensors of strings"),
        (name, value) => return invalid(format!("attribute `{name}` must not be {}", value.kind())),
    };
    call.name_constant(&tensor);
    Ok(vec![tensor.into()])
}

fn constant_of_shape(call: &mut Call) -> Outputs {
    let shape = sizes(&call.ints(0, "shape")?)?;
    let value = call.tensor("value")?.unwrap_or(Tensor::scalar(0f32));
    Ok(vec![call.filled(&value, &shape)?])
}

fn eye_like(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let shape = input.shape()?;
    let &[rows, columns] = &shape[..] else { return invalid(format!("needs an input of rank 2, got shape {shape:?}")) };
    let dtype = call.dtype("dtype")?.map_or_else(|| input.dtype(), Ok)?;
    let diagonal = call.node.int_or("k", 0)?;
    make(call, dtype, &shape)?;
    let ones =
        (0..rows as i64).flat_map(|i| (0..columns as i64).map(move |j| i128::from(j.checked_sub(i) == Some(diagonal))));
    Ok(vec![from_integers(dtype, &shape, ones)?.into()])
}

/// `start`, `start + delta`, ... before `limit`.
fn range(call: &mut Call) -> Outputs {
    call.all_known(&[(0, "start"), (1, "limit"), (2, "delta")])?;
    let bounds = [call.constant(0, "start")?, call.constant(1, "limit")?, call.constant(2, "delta")?];
    let dtype = bounds[0].dtype();
    if bounds.iter().any(|bound| bound.len() != 1 || bound.dtype() != dtype) || dtype == DType::Bool {
        return invalid("needs three scalars of one numeric type");
    }
    let tensor = if dtype.is_float() {
        let [start, limit, delta] = bounds.map(|bound| floats(&bound)[0]);
        let steps = ((limit - start) / delta).ceil().max(0.0);
        if !steps.is_finite() || delta == 0.0 {
            return invalid(format!("a range from {start} to {limit} by {delta} has no end"));
        }
        let shape = [steps as usize];
        make(call, dtype, &shape)?;
        from_floats(dtype, &shape, (0..shape[0]).map(|i| start + i as f64 * delta))?
    } else {
        let [start, limit, delta] = bounds.map(|bound| integers(&bound)[0]);
        if delta == 0 {
            return invalid(format!("a range from {start} to {limit} by 0 has no end"));
        }
        let span = if delta > 0 { limit - start } else { start - limit };
        let steps = (span.max(0) + delta.abs() - 1) / delta.abs();
        let shape = [usize::try_from(steps).unwrap_or(usize::MAX)];
        make(call, dtype, &shape)?;
        from_integers(dtype, &shape, (0..shape[0] as i128).map(|i| start + i * delta))?
    };
    Ok(vec![tensor.into()])
}

/// Dimensions, none of them negative.
fn sizes(dims: &[i64]) -> Result<Vec<usize>, Failure> {
    let size =
        |&dim: &i64| usize::try_from(dim).map_err(|_| Failure::Invalid(format!("shape {dims:?} has a negative size")));
    dims.iter().map(size).collect()
}

/// Checks and pays for a constant of this shape.
fn make(call: &mut Call, dtype: DType, shape: &[usize]) -> Result<(), Failure> {
    let bytes = byte_len(dtype, shape).filter(|&bytes| bytes <= MAX_BYTES);
    let too_large = || Failure::Limit(format!("a constant of shape {shape:?} takes more than {} MiB", MAX_BYTES >> 20));
    call.make(bytes.ok_or_else(too_large)?)
}

#[cfg(test)]
mod tests {
    use hwc_runtime::Tensor;

    use crate::onnx::testing::*;

    fn vector<T: hwc_runtime::dtype::Element + Send>(values: Vec<T>) -> Tensor {
        Tensor::from_vec(vec![values.len()], values).expect("data fits the shape")
    }

    #[test]
    fn ranges_end_before_their_limit() {
        let range = |bounds: [Tensor; 3]| fold_node(node("Range", &[], &["y"]), &bounds);
        assert_eq!(range([1i64, 8, 3].map(Tensor::scalar)), vector(vec![1i64, 4, 7]));
        assert_eq!(range([5i32, 0, -2].map(Tensor::scalar)), vector(vec![5i32, 3, 1]));
        assert_eq!(range([5i32, 9, -2].map(Tensor::scalar)), vector::<i32>(vec![]));
        assert_eq!(range([1f32, 2.5, 0.5].map(Tensor::scalar)), vector(vec![1f32, 1.5, 2.0]));
    }

    #[test]
    fn constants_come_in_several_forms() {
        let folded = |attribute| fold_node(with(node("Constant", &[], &["y"]), [attribute]), &[]);
        assert_eq!(folded(float("value_float", 0.5)), Tensor::scalar(0.5f32));
        assert_eq!(folded(ints("value_ints", &[1, 2])), vector(vec![1i64, 2]));
        assert_eq!(folded(tensor("value", &vector(vec![3u8]))), vector(vec![3u8]));
    }

    #[test]
    fn shapes_are_filled() {
        let fill = with(node("ConstantOfShape", &[], &["y"]), [tensor("value", &vector(vec![7i32]))]);
        assert_eq!(fold_node(fill, &[vector(vec![2i64])]), vector(vec![7i32, 7]));
        let eye = with(node("EyeLike", &["0"], &["y"]), [int("k", 1), int("dtype", 6)]);
        let input = Tensor::from_vec(vec![2, 3], vec![0f32; 6]).expect("data fits the shape");
        let expected = Tensor::from_vec(vec![2, 3], vec![0i32, 1, 0, 0, 0, 1]).expect("data fits the shape");
        assert_eq!(run_node(eye, 21, &[input]), [expected]);
    }
}
