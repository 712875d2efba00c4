//! Result types of elementwise operators.

use hwc_runtime::{DType, dtype::Kind};

use super::{InferCall, Inferred, broadcast};
use crate::types::{Dim, TensorType};

/// One operand of a floating-point type.
pub fn float_unary(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    if !operand.dtype.is_float() {
        return Err(format!("needs a floating-point operand, got {operand}").into());
    }
    Ok(vec![operand.clone()])
}

/// One operand of any type but `i1`.
pub fn numeric_unary(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    if operand.dtype == DType::Bool {
        return Err(format!("needs a numeric operand, got {operand}").into());
    }
    Ok(vec![operand.clone()])
}

/// One operand of an integer type.
pub fn integer_unary(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    if !operand.dtype.is_integer() {
        return Err(format!("needs an integer operand, got {operand}").into());
    }
    Ok(vec![operand.clone()])
}

/// One operand of type `i1`.
pub fn logical_unary(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    if operand.dtype != DType::Bool {
        return Err(format!("needs an operand of i1, got {operand}").into());
    }
    Ok(vec![operand.clone()])
}

/// A floating-point operand, a result of `i1`.
pub fn predicate(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    float_unary(call)?;
    Ok(vec![operand.with_dtype(DType::Bool)])
}

/// Two operands that broadcast, of one type that is `allowed`; `what` says which types are.
fn binary(call: &InferCall, what: &str, allowed: fn(DType) -> bool) -> Result<TensorType, super::Errors> {
    let (lhs, rhs) = (call.operand(0)?, call.operand(1)?);
    if lhs.dtype != rhs.dtype || !allowed(lhs.dtype) {
        return Err(format!("needs two operands of one {what}, got {lhs} and {rhs}").into());
    }
    Ok(TensorType::new(lhs.dtype, broadcast(&[&lhs.shape, &rhs.shape])?))
}

fn numeric(dtype: DType) -> bool {
    dtype.kind() != Kind::Bool
}

/// Two operands of one numeric type that broadcast.
pub fn arithmetic(call: &InferCall) -> Inferred {
    Ok(vec![binary(call, "numeric type", numeric)?])
}

/// Two operands of one integer type that broadcast.
pub fn integer_arithmetic(call: &InferCall) -> Inferred {
    Ok(vec![binary(call, "integer type", DType::is_integer)?])
}

/// Two operands of `i1` that broadcast.
pub fn logical(call: &InferCall) -> Inferred {
    Ok(vec![binary(call, "type i1", |d| d == DType::Bool)?])
}

/// Two operands of one numeric type that broadcast to a result of `i1`.
pub fn comparison(call: &InferCall) -> Inferred {
    Ok(vec![binary(call, "numeric type", numeric)?.with_dtype(DType::Bool)])
}

/// Two operands of one type that broadcast to a result of `i1`.
pub fn equality(call: &InferCall) -> Inferred {
    Ok(vec![binary(call, "type", |_| true)?.with_dtype(DType::Bool)])
}

/// Two operands of one unsigned type that broadcast.
pub fn bit_shift(call: &InferCall) -> Inferred {
    Ok(vec![binary(call, "unsigned type", DType::is_unsigned)?])
}

/// As arithmetic, and the second operand does not widen the first.
pub fn prelu(call: &InferCall) -> Inferred {
    let (operand, slope) = (call.operand(0)?, call.operand(1)?);
    let result = binary(call, "numeric type", numeric)?;
    if !result.compatible(operand) {
        return Err(format!("has a slope {slope} that does not broadcast to the operand {operand}").into());
    }
    Ok(vec![operand.clone()])
}

/// Two numeric operands that broadcast; the result has the type of the first.
pub fn pow(call: &InferCall) -> Inferred {
    let (base, exponent) = (call.operand(0)?, call.operand(1)?);
    if !numeric(base.dtype) || !numeric(exponent.dtype) {
        return Err(format!("needs two numeric operands, got {base} and {exponent}").into());
    }
    Ok(vec![TensorType::new(base.dtype, broadcast(&[&base.shape, &exponent.shape])?)])
}

/// A numeric operand and two optional bounds of one element.
pub fn clip(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let mut errors = Vec::new();
    if !numeric(operand.dtype) {
        errors.push(format!("needs a numeric operand, got {operand}"));
    }
    for (name, bound) in [("min", call.optional(1)), ("max", call.optional(2))] {
        let Some(bound) = bound else { continue };
        if bound.dtype != operand.dtype || bound.shape.iter().any(|d| *d != Dim::Fixed(1)) {
            errors.push(format!("needs a `{name}` of one {}, got {bound}", operand.dtype.mlir()));
        }
    }
    if errors.is_empty() { Ok(vec![operand.clone()]) } else { Err(super::Errors(errors)) }
}

/// One floating-point operand and a known approximation.
pub fn gelu(call: &InferCall) -> Inferred {
    match call.attrs.str("approximate")? {
        "none" | "tanh" => float_unary(call),
        other => Err(format!("has `approximate` = \"{other}\", which is neither \"none\" nor \"tanh\"").into()),
    }
}

/// A condition of `i1` and two operands of one type; all three broadcast.
pub fn select(call: &InferCall) -> Inferred {
    let (condition, lhs, rhs) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    let mut errors = Vec::new();
    if condition.dtype != DType::Bool {
        errors.push(format!("needs a condition of i1, got {condition}"));
    }
    if lhs.dtype != rhs.dtype {
        errors.push(format!("selects between two types, {lhs} and {rhs}"));
    }
    match broadcast(&[&condition.shape, &lhs.shape, &rhs.shape]) {
        Ok(shape) if errors.is_empty() => return Ok(vec![TensorType::new(lhs.dtype, shape)]),
        Ok(_) => {}
        Err(error) => errors.push(error),
    }
    Err(super::Errors(errors))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::attrs::Attrs;
    use crate::infer::{Errors, infer};
    use crate::op::Op;

    fn ty(dtype: DType, shape: &[usize]) -> TensorType {
        TensorType::fixed(dtype, shape)
    }

    fn types(op: Op, attrs: Attrs, operands: &[Option<&TensorType>]) -> Result<Vec<TensorType>, Vec<String>> {
        infer(op, &attrs, operands).map_err(|Errors(e)| e)
    }

    #[test]
    fn element_types_are_checked() {
        let (f, i, b, u) = (ty(DType::F32, &[2]), ty(DType::I32, &[2]), ty(DType::Bool, &[2]), ty(DType::U8, &[2]));
        let ok = |op, a: &TensorType, b: Option<&TensorType>| {
            let attrs = if op == Op::BitShift {
                attrs! { "left" => true }
            } else {
                attrs! {}
            };
            infer(op, &attrs, &[Some(a), b][..1 + usize::from(b.is_some())]).is_ok()
        };
        for (op, accepts) in [
            (Op::Exp, [true, false, false, false]),
            (Op::Abs, [true, true, false, true]),
            (Op::BitwiseNot, [false, true, false, true]),
            (Op::Not, [false, false, true, false]),
            (Op::IsNan, [true, false, false, false]),
        ] {
            for (operand, accepted) in [&f, &i, &b, &u].into_iter().zip(accepts) {
                assert_eq!(ok(op, operand, None), accepted, "{op:?} {operand}");
            }
        }
        for (op, accepts) in [
            (Op::Add, [true, true, false, true]),
            (Op::Mod, [false, true, false, true]),
            (Op::And, [false, false, true, false]),
            (Op::BitwiseOr, [false, true, false, true]),
            (Op::Less, [true, true, false, true]),
            (Op::Equal, [true, true, true, true]),
            (Op::BitShift, [false, false, false, true]),
        ] {
            for (operand, accepted) in [&f, &i, &b, &u].into_iter().zip(accepts) {
                assert_eq!(ok(op, operand, Some(operand)), accepted, "{op:?} {operand}");
            }
            assert!(!ok(op, &f, Some(&i)), "{op:?} of two types");
        }
    }

    #[test]
    fn comparisons_are_boolean() {
        let n = TensorType::new(DType::F32, [Dim::Symbol("n".into()), Dim::Fixed(1)]);
        let m = ty(DType::F32, &[3]);
        let expected = TensorType::new(DType::Bool, [Dim::Symbol("n".into()), Dim::Fixed(3)]);
        assert_eq!(types(Op::Less, attrs! {}, &[Some(&n), Some(&m)]), Ok(vec![expected]));
        assert_eq!(types(Op::IsInf, attrs! {}, &[Some(&m)]), Ok(vec![ty(DType::Bool, &[3])]));
    }

    #[test]
    fn slopes_and_bounds_do_not_widen() {
        let (x, wide) = (ty(DType::F32, &[3]), ty(DType::F32, &[2, 3]));
        assert_eq!(types(Op::Prelu, attrs! {}, &[Some(&wide), Some(&x)]), Ok(vec![wide.clone()]));
        let error = types(Op::Prelu, attrs! {}, &[Some(&x), Some(&wide)]).unwrap_err();
        assert_eq!(error, ["has a slope 2x3xf32 that does not broadcast to the operand 3xf32"]);
        let one = ty(DType::F32, &[]);
        assert_eq!(types(Op::Clip, attrs! {}, &[Some(&x), None, Some(&one)]), Ok(vec![x.clone()]));
        let int = ty(DType::I32, &[]);
        let errors = types(Op::Clip, attrs! {}, &[Some(&x), Some(&wide), Some(&int)]).unwrap_err();
        assert_eq!(errors, ["needs a `min` of one f32, got 2x3xf32", "needs a `max` of one f32, got i32"]);
    }

    #[test]
    fn all_that_is_wrong_with_a_select_is_said() {
        let (x, y, c) = (ty(DType::F32, &[3]), ty(DType::I32, &[2]), ty(DType::I8, &[3]));
        let errors = types(Op::Select, attrs! {}, &[Some(&c), Some(&x), Some(&y)]).unwrap_err();
        assert_eq!(errors.len(), 3, "{errors:?}");
    }

    #[test]
    fn powers_take_the_type_of_the_base() {
        let (x, y) = (ty(DType::I64, &[2, 1]), ty(DType::F32, &[3]));
        assert_eq!(types(Op::Pow, attrs! {}, &[Some(&x), Some(&y)]), Ok(vec![ty(DType::I64, &[2, 3])]));
    }

    #[test]
    fn unknown_approximations_are_refused() {
        let x = ty(DType::F32, &[1]);
        assert!(types(Op::Gelu, attrs! { "approximate" => "tanh" }, &[Some(&x)]).is_ok());
        assert!(types(Op::Gelu, attrs! { "approximate" => "fast" }, &[Some(&x)]).is_err());
    }
}
