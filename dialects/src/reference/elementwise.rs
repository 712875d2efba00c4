//! Elementwise operators, given as functions on scalars.

use hwc_runtime::{DType, Tensor};

use super::index::broadcast_indices;
use super::number::{floats, from_floats, from_integers, integers};
use super::{EvalCall, Evaluated, quantization, scalar};

pub fn float_unary(call: &EvalCall, f: fn(f64) -> f64) -> Evaluated {
    let operand = call.operand(0)?;
    Ok(vec![from_floats(operand.dtype(), operand.shape(), floats(operand).into_iter().map(f))?])
}

/// A function of an element and of these float attributes.
pub fn parametric<const N: usize>(call: &EvalCall, names: [&str; N], f: fn(f64, [f64; N]) -> f64) -> Evaluated {
    let operand = call.operand(0)?;
    let mut parameters = [0.0; N];
    for (parameter, name) in parameters.iter_mut().zip(names) {
        *parameter = call.attrs.float(name)?;
    }
    let values = floats(operand).into_iter().map(|x| f(x, parameters));
    Ok(vec![from_floats(operand.dtype(), operand.shape(), values)?])
}

/// One function for floating-point elements and one for integers.
pub fn numeric_unary(call: &EvalCall, float: fn(f64) -> f64, integer: fn(i128) -> i128) -> Evaluated {
    if call.operand(0)?.dtype().is_float() { float_unary(call, float) } else { integer_unary(call, integer) }
}

/// A function on integers, or on `bool` as 0 and 1.
pub fn integer_unary(call: &EvalCall, f: fn(i128) -> i128) -> Evaluated {
    let operand = call.operand(0)?;
    Ok(vec![from_integers(operand.dtype(), operand.shape(), integers(operand).into_iter().map(f))?])
}

/// A question about floating-point elements.
pub fn predicate(call: &EvalCall, f: impl Fn(f64) -> bool) -> Evaluated {
    let operand = call.operand(0)?;
    let values = floats(operand).into_iter().map(|x| i128::from(f(x)));
    Ok(vec![from_integers(DType::Bool, operand.shape(), values)?])
}

pub fn is_inf(call: &EvalCall) -> Evaluated {
    let (positive, negative) = (call.attrs.bool("positive")?, call.attrs.bool("negative")?);
    predicate(call, |x| (positive && x == f64::INFINITY) || (negative && x == f64::NEG_INFINITY))
}

pub fn gelu(call: &EvalCall) -> Evaluated {
    float_unary(call, if call.attrs.str("approximate")? == "tanh" { scalar::gelu_tanh } else { scalar::gelu })
}

/// For each element of the result, the elements of two operands that meet there.
fn pairs<'a, T: Copy, U: Copy>(
    shape: &'a [usize],
    (lhs, a): (&'a Tensor, &'a [T]),
    (rhs, b): (&'a Tensor, &'a [U]),
) -> impl Iterator<Item = (T, U)> + 'a {
    broadcast_indices(shape, lhs.shape()).zip(broadcast_indices(shape, rhs.shape())).map(|(i, j)| (a[i], b[j]))
}

/// One function for floating-point elements and one for integers, operands broadcast.
pub fn arithmetic(call: &EvalCall, float: fn(f64, f64) -> f64, integer: fn(i128, i128) -> i128) -> Evaluated {
    let (lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    if !lhs.dtype().is_float() {
        return integer_binary(call, integer);
    }
    let (a, b) = (floats(lhs), floats(rhs));
    let values = pairs(&shape, (lhs, &a), (rhs, &b)).map(|(a, b)| float(a, b));
    Ok(vec![from_floats(lhs.dtype(), &shape, values)?])
}

/// A function on integers, or on `bool` as 0 and 1, operands broadcast.
pub fn integer_binary(call: &EvalCall, f: fn(i128, i128) -> i128) -> Evaluated {
    let (lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let (a, b) = (integers(lhs), integers(rhs));
    let values = pairs(&shape, (lhs, &a), (rhs, &b)).map(|(a, b)| f(a, b));
    Ok(vec![from_integers(lhs.dtype(), &shape, values)?])
}

/// One comparison for floating-point elements and one for integers and `bool`.
pub fn comparison(call: &EvalCall, float: fn(f64, f64) -> bool, integer: fn(i128, i128) -> bool) -> Evaluated {
    let (lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let result = if lhs.dtype().is_float() {
        let (a, b) = (floats(lhs), floats(rhs));
        let values = pairs(&shape, (lhs, &a), (rhs, &b)).map(|(a, b)| i128::from(float(a, b)));
        from_integers(DType::Bool, &shape, values)?
    } else {
        let (a, b) = (integers(lhs), integers(rhs));
        let values = pairs(&shape, (lhs, &a), (rhs, &b)).map(|(a, b)| i128::from(integer(a, b)));
        from_integers(DType::Bool, &shape, values)?
    };
    Ok(vec![result])
}

pub fn bit_shift(call: &EvalCall) -> Evaluated {
    let (lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let (a, b, left, width) = (integers(lhs), integers(rhs), call.attrs.bool("left")?, lhs.dtype().bits());
    let values = pairs(&shape, (lhs, &a), (rhs, &b)).map(|(a, b)| match u32::try_from(b) {
        Ok(b) if b < width => {
            if left {
                a << b
            } else {
                a >> b
            }
        }
        _ => 0,
    });
    Ok(vec![from_integers(lhs.dtype(), &shape, values)?])
}

pub fn pow(call: &EvalCall) -> Evaluated {
    let (base, exponent, shape) = (call.operand(0)?, call.operand(1)?, call.shape(0)?);
    let dtype = base.dtype();
    if dtype.is_float() || exponent.dtype().is_float() {
        let (a, b) = (floats(base), floats(exponent));
        let values = pairs(&shape, (base, &a), (exponent, &b)).map(|(a, b)| a.powf(b));
        return Ok(vec![if dtype.is_float() {
            from_floats(dtype, &shape, values)?
        } else {
            from_integers(dtype, &shape, values.map(|v| quantization::to_integer(dtype, v)))?
        }]);
    }
    let (a, b) = (integers(base), integers(exponent));
    let values = pairs(&shape, (base, &a), (exponent, &b)).map(|(a, b)| scalar::power(a, b));
    Ok(vec![from_integers(dtype, &shape, values)?])
}

pub fn clip(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let (dtype, shape, low, high) = (operand.dtype(), operand.shape(), call.optional(1), call.optional(2));
    let result = if dtype.is_float() {
        let bound = |t: Option<&Tensor>| t.and_then(|t| floats(t).first().copied());
        let (low, high) = (bound(low), bound(high));
        let limit = |x: f64| {
            let x = low.filter(|low| x < *low).unwrap_or(x);
            high.filter(|high| x > *high).unwrap_or(x)
        };
        from_floats(dtype, shape, floats(operand).into_iter().map(limit))?
    } else {
        let bound = |t: Option<&Tensor>| t.and_then(|t| integers(t).first().copied());
        let (low, high) = (bound(low).unwrap_or(i128::MIN), bound(high).unwrap_or(i128::MAX));
        from_integers(dtype, shape, integers(operand).into_iter().map(|x| x.max(low).min(high)))?
    };
    Ok(vec![result])
}

/// Copies elements without looking at them.
pub fn select(call: &EvalCall) -> Evaluated {
    let (condition, lhs, rhs, shape) = (call.operand(0)?, call.operand(1)?, call.operand(2)?, call.shape(0)?);
    let size = lhs.dtype().size();
    let mut bytes = Vec::new();
    let sides = broadcast_indices(&shape, lhs.shape()).zip(broadcast_indices(&shape, rhs.shape()));
    for (c, (i, j)) in broadcast_indices(&shape, condition.shape()).zip(sides) {
        let (from, at) = if condition.bytes()[c] != 0 { (lhs, i) } else { (rhs, j) };
        bytes.extend_from_slice(&from.bytes()[at * size..][..size]);
    }
    Ok(vec![Tensor::from_bytes(lhs.dtype(), shape, bytes).map_err(|e| e.to_string())?])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attrs;
    use crate::attrs::Attrs;
    use crate::op::Op;
    use crate::reference::evaluate;

    fn apply(op: Op, attrs: Attrs, operands: &[&Tensor]) -> Tensor {
        let operands: Vec<_> = operands.iter().map(|t| Some(*t)).collect();
        evaluate(op, &attrs, &operands).unwrap_or_else(|e| panic!("{e}")).remove(0)
    }

    fn f32s(values: &[f32]) -> Tensor {
        Tensor::from_vec([values.len()], values.to_vec()).unwrap()
    }

    #[test]
    fn special_values() {
        let x = f32s(&[f32::NAN, -0.0, 2.5, -3.5, f32::INFINITY]);
        let floats_of = |op| floats(&apply(op, attrs! {}, &[&x]));
        assert_eq!(floats_of(Op::Round)[1..], [-0.0, 2.0, -4.0, f64::INFINITY]);
        assert_eq!(floats_of(Op::Sign)[1..], [0.0, 1.0, -1.0, 1.0]);
        assert_eq!(floats_of(Op::Relu)[1..], [0.0, 2.5, 0.0, f64::INFINITY]);
        for op in [Op::Round, Op::Sign, Op::Relu, Op::HardSigmoid, Op::LeakyRelu, Op::Celu, Op::Gelu, Op::Softplus] {
            assert!(floats_of(op)[0].is_nan(), "{op:?}");
        }
        assert_eq!(integers(&apply(Op::IsNan, attrs! {}, &[&x])), [1, 0, 0, 0, 0]);
        assert_eq!(integers(&apply(Op::IsInf, attrs! { "positive" => false }, &[&x])), [0; 5]);
        assert_eq!(integers(&apply(Op::IsInf, attrs! {}, &[&x])), [0, 0, 0, 0, 1]);
    }

    #[test]
    fn integers_wrap() {
        let x = Tensor::from_vec([3], vec![i8::MIN, 100, -7]).unwrap();
        let y = Tensor::from_vec([3], vec![-1i8, 100, 0]).unwrap();
        for (op, expected) in [
            (Op::Add, [127, -56, -7]),
            (Op::Sub, [-127, 0, -7]),
            (Op::Mul, [-128, 16, 0]),
            (Op::Div, [-128, 1, 0]),
            (Op::Mod, [0, 0, 0]),
            (Op::Fmod, [0, 0, 0]),
            (Op::Max, [-1, 100, 0]),
            (Op::BitwiseXor, [127, 0, -7]),
        ] {
            assert_eq!(integers(&apply(op, attrs! {}, &[&x, &y])), expected, "{op:?}");
        }
        assert_eq!(integers(&apply(Op::Abs, attrs! {}, &[&x])), [-128, 100, 7]);
        assert_eq!(integers(&apply(Op::BitwiseNot, attrs! {}, &[&x])), [127, -101, 6]);
    }

    #[test]
    fn shifts_past_the_width_are_zero() {
        let x = Tensor::from_vec([4], vec![1u8, 255, 255, 255]).unwrap();
        let by = Tensor::from_vec([4], vec![7u8, 4, 8, 255]).unwrap();
        assert_eq!(integers(&apply(Op::BitShift, attrs! { "left" => true }, &[&x, &by])), [128, 240, 0, 0]);
        assert_eq!(integers(&apply(Op::BitShift, attrs! { "left" => false }, &[&x, &by])), [0, 15, 0, 0]);
    }

    #[test]
    fn powers_of_mixed_types() {
        let x = Tensor::from_vec([3], vec![1i32, 2, 3]).unwrap();
        assert_eq!(integers(&apply(Op::Pow, attrs! {}, &[&x, &f32s(&[4.0, -1.0, 6.0])])), [1, 0, 729]);
        assert_eq!(integers(&apply(Op::Pow, attrs! {}, &[&x, &x])), [1, 4, 27]);
        assert_eq!(floats(&apply(Op::Pow, attrs! {}, &[&f32s(&[2.0, 4.0, 0.0]), &x])), [2.0, 16.0, 0.0]);
    }

    #[test]
    fn a_low_bound_above_the_high_one_gives_the_high_one() {
        let (x, two, one) = (f32s(&[-2.0, 0.0, f32::NAN]), f32s(&[2.0]), f32s(&[1.0]));
        let result = floats(&apply(Op::Clip, attrs! {}, &[&x, &two, &one]));
        assert_eq!(result[..2], [1.0, 1.0]);
        assert!(result[2].is_nan());
    }

    #[test]
    fn three_operands_broadcast() {
        let c = Tensor::from_bytes(DType::Bool, [2, 1], vec![1u8, 0]).unwrap();
        let (x, y) = (f32s(&[1.0, 2.0]), f32s(&[3.0]));
        let result = apply(Op::Select, attrs! {}, &[&c, &x, &y]);
        assert_eq!((result.shape(), floats(&result)), (&[2, 2][..], vec![1.0, 2.0, 3.0, 3.0]));
    }
}
