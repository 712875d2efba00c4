//! Result types of reductions and of what runs or sorts along one axis.

use hwc_runtime::DType;

use super::{Errors, InferCall, Inferred, axis};
use crate::types::{Dim, TensorType};

/// A reduction of any type but `i1`.
pub fn numeric(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    if operand.dtype == DType::Bool {
        return Err(format!("needs a numeric operand, got {operand}").into());
    }
    ordered(call)
}

/// A reduction of any type.
pub fn ordered(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let reduced = reduced_axes(call.attrs.ints("axes")?, operand.rank())?;
    Ok(vec![TensorType::new(operand.dtype, reduced_shape(&operand.shape, &reduced, call.attrs.bool("keepdims")?))])
}

/// The index of an extreme element along one axis.
pub fn arg(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let at = axis(call.attrs.int("axis")?, operand.rank())?;
    if operand.dtype == DType::Bool {
        return Err(format!("needs a numeric operand, got {operand}").into());
    }
    if operand.shape[at] == Dim::Fixed(0) {
        return Err(format!("there is no element along axis {at} of {operand}").into());
    }
    let reduced: Vec<bool> = (0..operand.rank()).map(|i| i == at).collect();
    Ok(vec![TensorType::new(DType::I64, reduced_shape(&operand.shape, &reduced, call.attrs.bool("keepdims")?))])
}

pub fn top_k(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let at = axis(call.attrs.int("axis")?, operand.rank())?;
    let k = call.attrs.int("k")?;
    let mut errors = Vec::new();
    if operand.dtype == DType::Bool {
        errors.push(format!("needs a numeric operand, got {operand}"));
    }
    let length = operand.shape[at].fixed();
    let k = match usize::try_from(k) {
        Ok(k) if length.is_none_or(|n| k <= n) => k,
        _ => {
            let shown = length.map_or("0 or more".to_string(), |n| format!("between 0 and {n}"));
            errors.push(format!("needs `k` {shown} along axis {at} of {operand}, got {k}"));
            0
        }
    };
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let mut shape = operand.shape.clone();
    shape[at] = Dim::Fixed(k);
    Ok(vec![TensorType::new(operand.dtype, shape.clone()), TensorType::new(DType::I64, shape)])
}

/// Same type and shape; an axis that exists.
pub fn cumulative(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    axis(call.attrs.int("axis")?, operand.rank())?;
    if operand.dtype == DType::Bool {
        return Err(format!("needs a numeric operand, got {operand}").into());
    }
    Ok(vec![operand.clone()])
}

/// For each dimension, whether it is among `axes`. Everything that is wrong with the axes is reported.
pub fn reduced_axes(axes: &[i64], rank: usize) -> Result<Vec<bool>, Errors> {
    let mut reduced = vec![false; rank];
    let mut errors = Vec::new();
    for &a in axes {
        match axis(a, rank) {
            Ok(at) if reduced[at] => errors.push(format!("axis {a} is given twice")),
            Ok(at) => reduced[at] = true,
            Err(message) => errors.push(message),
        }
    }
    if errors.is_empty() { Ok(reduced) } else { Err(Errors(errors)) }
}

fn reduced_shape(shape: &[Dim], reduced: &[bool], keepdims: bool) -> Vec<Dim> {
    let dims = shape.iter().zip(reduced);
    if keepdims {
        dims.map(|(d, &r)| if r { Dim::Fixed(1) } else { d.clone() }).collect()
    } else {
        dims.filter(|(_, r)| !**r).map(|(d, _)| d.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::infer;
    use super::*;
    use crate::{Op, attrs};

    fn symbolic() -> TensorType {
        TensorType::new(DType::F32, [Dim::Symbol("n".into()), Dim::Fixed(3), Dim::Fixed(4)])
    }

    #[test]
    fn symbols_survive_a_reduction() {
        let x = symbolic();
        let reduce = |axes: Vec<i64>, keep: bool| {
            infer(Op::ReduceSum, &attrs! { "axes" => axes, "keepdims" => keep }, &[Some(&x)]).map(|t| t[0].to_string())
        };
        assert_eq!(reduce(vec![-1], true), Ok("nx3x1xf32".to_string()));
        assert_eq!(reduce(vec![1, 2], false), Ok("nxf32".to_string()));
        assert_eq!(reduce(vec![], false), Ok("nx3x4xf32".to_string()));
        let errors = reduce(vec![3, 1, -2], true).unwrap_err();
        assert_eq!(errors.0, ["axis 3 is outside of rank 3", "axis -2 is given twice"]);
    }

    #[test]
    fn booleans_have_an_order_but_no_sum() {
        let x = TensorType::fixed(DType::Bool, &[2]);
        let attrs = attrs! { "axes" => vec![0i64] };
        assert!(infer(Op::ReduceSum, &attrs, &[Some(&x)]).is_err());
        assert!(infer(Op::ReduceMax, &attrs, &[Some(&x)]).is_ok());
    }

    #[test]
    fn top_k_takes_no_more_than_there_is() {
        let x = symbolic();
        let top = |k: i64, axis: i64| infer(Op::TopK, &attrs! { "k" => k, "axis" => axis }, &[Some(&x)]);
        let types = top(2, 1).unwrap();
        assert_eq!((types[0].to_string(), types[1].to_string()), ("nx2x4xf32".into(), "nx2x4xi64".into()));
        assert!(top(9, 0).is_ok());
        assert!(top(4, 1).unwrap_err().to_string().contains("between 0 and 3"));
        assert!(top(-1, 0).is_err());
    }

    #[test]
    fn an_extreme_needs_an_element() {
        let x = TensorType::fixed(DType::F32, &[2, 0]);
        assert!(infer(Op::ArgMax, &attrs! { "axis" => 1i64 }, &[Some(&x)]).is_err());
        assert!(infer(Op::ArgMax, &attrs! { "axis" => 0i64 }, &[Some(&x)]).is_ok());
    }
}
