//! Elementwise operators: one `linalg.generic` each, operands broadcast by their maps.

use hwc_runtime::{DType, dtype::Kind};
use melior::ir::Attribute;

use super::activation::{self, Parametric};
use super::convert::{float_to_int, int_to_float};
use super::scalar::{self, Binary, Unary, load, store};
use super::{Emitter, Loop, LowerCall, Lowered, Order};
use crate::codegen::ir::Val;

/// An operand of a pointwise computation.
pub struct Input<'c> {
    pub tensor: Val<'c>,
    pub dtype: DType,
    /// From the result's position to the operand's.
    pub map: Attribute<'c>,
}

impl<'c> Input<'c> {
    /// An operand that broadcasts to a result of this rank.
    pub fn broadcast(call: &LowerCall<'c, '_>, index: usize, rank: usize) -> Result<Input<'c>, String> {
        let shape = call.shape(index)?;
        if shape.len() > rank {
            return Input::single(call, index, rank);
        }
        let map = call.emit.broadcast_map(&shape, rank);
        Ok(Input { tensor: call.operand(index)?, dtype: call.dtype(index)?, map })
    }

    /// An operand of one element, whatever its rank.
    pub fn single(call: &LowerCall<'c, '_>, index: usize, rank: usize) -> Result<Input<'c>, String> {
        let tensor = call.emit.reshape(call.operand(index)?, &[]);
        Ok(Input { tensor, dtype: call.dtype(index)?, map: call.emit.map::<&str>(rank, &[]) })
    }
}

/// A generic over the result's positions; `body` gets the inputs in their compute types and returns the result in its
/// storage type.
pub fn pointwise<'c>(
    call: &LowerCall<'c, '_>,
    inputs: &[Input<'c>],
    body: impl FnOnce(&Emitter<'c>, &[Val<'c>]) -> Val<'c>,
) -> Lowered<'c> {
    let (emit, result, shape) = (&call.emit, call.result_type(0)?, call.result_shape(0)?);
    let operands: Vec<_> = inputs.iter().map(|i| (i.tensor, i.map)).collect();
    let out = emit.empty(emit.storage(result.dtype), &shape);
    Ok(emit.generic(&operands, &[(out, emit.identity(shape.len()))], &vec![Loop::Parallel; shape.len()], |e, args| {
        let values: Vec<_> = inputs.iter().zip(args).map(|(i, &v)| load(e, i.dtype, v)).collect();
        vec![body(e, &values)]
    }))
}

/// A pointwise computation on all operands, which broadcast; `body` returns the result in its compute type.
pub fn map<'c>(call: &LowerCall<'c, '_>, body: impl FnOnce(&Emitter<'c>, &[Val<'c>]) -> Val<'c>) -> Lowered<'c> {
    let (rank, dtype) = (call.result_shape(0)?.len(), call.result_type(0)?.dtype);
    let inputs = (0..call.operands.len()).map(|i| Input::broadcast(call, i, rank)).collect::<Result<Vec<_>, _>>()?;
    pointwise(call, &inputs, |e, v| store(e, dtype, body(e, v)))
}

pub fn unary<'c>(call: &LowerCall<'c, '_>, f: Unary) -> Lowered<'c> {
    let dtype = call.dtype(0)?;
    map(call, |e, v| f(e, dtype, v[0]))
}

pub fn binary<'c>(call: &LowerCall<'c, '_>, f: Binary) -> Lowered<'c> {
    let dtype = call.dtype(0)?;
    map(call, |e, v| f(e, dtype, v[0], v[1]))
}

/// A function of an element and of these float attributes.
pub fn parametric<'c, const N: usize>(call: &LowerCall<'c, '_>, names: [&str; N], f: Parametric<N>) -> Lowered<'c> {
    let dtype = call.dtype(0)?;
    let mut parameters = [0.0; N];
    for (parameter, name) in parameters.iter_mut().zip(names) {
        *parameter = call.attrs.float(name)?;
    }
    map(call, |e, v| f(e, dtype, v[0], parameters))
}

pub fn gelu<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    unary(call, if call.attrs.str("approximate")? == "tanh" { activation::gelu_tanh } else { activation::gelu })
}

pub fn is_inf<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (positive, negative) = (call.attrs.bool("positive")?, call.attrs.bool("negative")?);
    map(call, |e, v| {
        let is = |value| e.compare_floats(Order::Equal, v[0], e.like(v[0], value));
        match (positive, negative) {
            (true, true) => e.ori(is(f64::INFINITY), is(f64::NEG_INFINITY)),
            (true, false) => is(f64::INFINITY),
            (false, true) => is(f64::NEG_INFINITY),
            (false, false) => e.int(e.integer_type(1), 0),
        }
    })
}

pub fn bit_shift<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (dtype, left) = (call.dtype(0)?, call.attrs.bool("left")?);
    map(call, |e, v| scalar::shift(e, dtype, left, v[0], v[1]))
}

pub fn select<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    // Elements are copied as they lie in memory.
    let rank = call.result_shape(0)?.len();
    let mut inputs = (0..3).map(|i| Input::broadcast(call, i, rank)).collect::<Result<Vec<_>, _>>()?;
    for input in &mut inputs {
        input.dtype = DType::Bool;
    }
    pointwise(call, &inputs, |e, v| e.select(v[0], v[1], v[2]))
}

pub fn clip<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (dtype, rank) = (call.dtype(0)?, call.result_shape(0)?.len());
    let mut inputs = vec![Input::broadcast(call, 0, rank)?];
    let mut limits: Vec<Binary> = Vec::new();
    for (index, limit) in [(1, scalar::at_least as Binary), (2, scalar::at_most)] {
        if call.optional(index).is_some() {
            inputs.push(Input::single(call, index, rank)?);
            limits.push(limit);
        }
    }
    pointwise(call, &inputs, |e, v| {
        let limited = limits.iter().zip(&v[1..]).fold(v[0], |x, (limit, &bound)| limit(e, dtype, x, bound));
        store(e, dtype, limited)
    })
}

pub fn pow<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (base, exponent) = (call.dtype(0)?, call.dtype(1)?);
    let signed = exponent.kind() == Kind::Signed;
    let rank = call.result_shape(0)?.len();
    let inputs = [Input::broadcast(call, 0, rank)?, Input::broadcast(call, 1, rank)?];
    pointwise(call, &inputs, |e, v| match (base.is_float(), exponent.is_float()) {
        (true, _) => {
            let power = if !exponent.is_float() {
                int_to_float(e, exponent, base, v[1])
            } else if e.compute(base) == e.compute(exponent) {
                v[1]
            } else if base == DType::F64 {
                e.cast("arith.extf", v[1], e.compute(base))
            } else {
                e.cast("arith.truncf", v[1], e.compute(base))
            };
            store(e, base, e.same("math.powf", &[v[0], power]))
        }
        (false, true) => {
            let wide = |dtype: DType, x: Val<'c>| match dtype {
                DType::F64 => x,
                _ if dtype.is_float() => e.cast("arith.extf", x, e.storage(DType::F64)),
                _ => int_to_float(e, dtype, DType::F64, x),
            };
            float_to_int(e, base, e.same("math.powf", &[wide(base, v[0]), wide(exponent, v[1])]))
        }
        (false, false) => store(e, base, scalar::int_power(e, v[0], v[1], signed)),
    })
}

#[cfg(test)]
mod tests {
    use hwc_dialects::reference::number::from_floats;
    use hwc_dialects::{Attrs, Op, attrs};
    use hwc_runtime::{DType, Tensor};

    use crate::lower::testing::{check, random};

    const FLOATS: [DType; 4] = [DType::F32, DType::F64, DType::F16, DType::BF16];

    fn tensor(dtype: DType, values: &[f64]) -> Tensor {
        from_floats(dtype, &[values.len()], values.iter().copied()).unwrap()
    }

    /// Numbers at which something changes, and some between.
    fn telling(dtype: DType) -> Tensor {
        let mut values: Vec<f64> = (-40..=40).map(|i| f64::from(i) / 4.0).collect();
        values
            .extend([0.1, -0.1, 0.62, 0.63, 1e-4, -1e-4, 1e-30, -1e-30, 20.5, -20.5, 87.0, -87.0, 88.8, -88.8, -105.0]);
        values.extend([1e6, -1e6, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, -0.0]);
        tensor(dtype, &values)
    }

    #[test]
    fn operands_broadcast() {
        for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16, DType::I32, DType::U8] {
            for (a, b) in [(&[3, 5][..], &[5][..]), (&[2, 1, 4], &[3, 1]), (&[], &[]), (&[0, 3], &[1, 3]), (&[7], &[])]
            {
                check(Op::Add, &attrs! {}, &[Some(&random(dtype, a, 1)), Some(&random(dtype, b, 2))], 1e-6);
            }
        }
    }

    #[test]
    fn functions_of_floats() {
        let all: &[(Op, Attrs)] = &[
            (Op::Abs, attrs! {}),
            (Op::Neg, attrs! {}),
            (Op::Sign, attrs! {}),
            (Op::Floor, attrs! {}),
            (Op::Ceil, attrs! {}),
            (Op::Round, attrs! {}),
            (Op::Sqrt, attrs! {}),
            (Op::Reciprocal, attrs! {}),
            (Op::Exp, attrs! {}),
            (Op::Log, attrs! {}),
            (Op::Sin, attrs! {}),
            (Op::Cos, attrs! {}),
            (Op::Asin, attrs! {}),
            (Op::Acos, attrs! {}),
            (Op::Atan, attrs! {}),
            (Op::Sinh, attrs! {}),
            (Op::Cosh, attrs! {}),
            (Op::Tanh, attrs! {}),
            (Op::Asinh, attrs! {}),
            (Op::Acosh, attrs! {}),
            (Op::Atanh, attrs! {}),
            (Op::Erf, attrs! {}),
            (Op::Relu, attrs! {}),
            (Op::Sigmoid, attrs! {}),
            (Op::Softplus, attrs! {}),
            (Op::Softsign, attrs! {}),
            (Op::Mish, attrs! {}),
            (Op::LeakyRelu, attrs! { "alpha" => 0.25 }),
            (Op::Elu, attrs! { "alpha" => 2.0 }),
            (Op::Selu, attrs! {}),
            (Op::Celu, attrs! { "alpha" => 2.0 }),
            (Op::HardSigmoid, attrs! {}),
            (Op::HardSwish, attrs! {}),
            (Op::Swish, attrs! { "alpha" => 0.5 }),
            (Op::ThresholdedRelu, attrs! {}),
            (Op::Shrink, attrs! { "lambd" => 1.5, "bias" => 0.25 }),
            (Op::Gelu, attrs! {}),
            (Op::Gelu, attrs! { "approximate" => "tanh" }),
            (Op::IsNan, attrs! {}),
            (Op::IsInf, attrs! {}),
            (Op::IsInf, attrs! { "negative" => false }),
        ];
        for (op, attrs) in all {
            for dtype in [DType::F32, DType::F64] {
                check(*op, attrs, &[Some(&telling(dtype))], 5e-7);
            }
        }
        // tan has poles, near which an error in the argument is magnified.
        check(Op::Tan, &attrs! {}, &[Some(&random(DType::F32, &[64], 3))], 1e-5);
        for dtype in [DType::F16, DType::BF16, DType::F8E5M2] {
            check(Op::Tanh, &attrs! {}, &[Some(&telling(dtype))], 1e-2);
        }
    }

    #[test]
    fn functions_of_integers() {
        for dtype in [DType::I8, DType::I32, DType::U16, DType::I64, DType::I4, DType::U2] {
            let x = tensor(dtype, &[-1e30, -3.0, -1.0, 0.0, 1.0, 2.0, 1e30]);
            for op in [Op::Abs, Op::Neg, Op::Sign, Op::Relu, Op::BitwiseNot] {
                check(op, &attrs! {}, &[Some(&x)], 0.0);
            }
        }
    }

    /// Every pair of telling integers, the divisors 0 and -1 among them.
    #[test]
    fn integers_meet() {
        let values = [-1e30, -7.0, -2.0, -1.0, 0.0, 1.0, 2.0, 7.0, 1e30];
        for dtype in [DType::I8, DType::I16, DType::I32, DType::I64, DType::U8, DType::U64, DType::I4, DType::U4] {
            let b = tensor(dtype, &values);
            let a = b.reshaped([values.len(), 1]).unwrap();
            for op in [
                Op::Add,
                Op::Sub,
                Op::Mul,
                Op::Div,
                Op::Mod,
                Op::Fmod,
                Op::Min,
                Op::Max,
                Op::Prelu,
                Op::Pow,
                Op::BitwiseAnd,
                Op::BitwiseOr,
                Op::BitwiseXor,
                Op::Equal,
                Op::Less,
                Op::LessOrEqual,
                Op::Greater,
                Op::GreaterOrEqual,
            ] {
                let a = if op == Op::Prelu { &b } else { &a };
                check(op, &attrs! {}, &[Some(a), Some(&b)], 0.0);
            }
            if dtype.is_unsigned() {
                for left in [true, false] {
                    check(Op::BitShift, &attrs! { "left" => left }, &[Some(&a), Some(&b)], 0.0);
                }
            }
        }
    }

    #[test]
    fn floats_meet() {
        let values = [f64::NEG_INFINITY, -2.5, -1.0, -0.0, 0.0, 0.5, 2.0, 7.5, f64::INFINITY, f64::NAN];
        for dtype in FLOATS {
            let b = tensor(dtype, &values);
            let a = b.reshaped([values.len(), 1]).unwrap();
            for op in [
                Op::Add,
                Op::Sub,
                Op::Mul,
                Op::Div,
                Op::Fmod,
                Op::Min,
                Op::Max,
                Op::Prelu,
                Op::Pow,
                Op::Equal,
                Op::Less,
                Op::LessOrEqual,
                Op::Greater,
                Op::GreaterOrEqual,
            ] {
                let a = if op == Op::Prelu { &b } else { &a };
                check(op, &attrs! {}, &[Some(a), Some(&b)], 1e-6);
            }
        }
    }

    #[test]
    fn powers_of_mixed_types() {
        let types = [DType::F32, DType::F64, DType::F16, DType::I32, DType::I64, DType::U8];
        for base in types {
            for exponent in types {
                let (a, b) = (tensor(base, &[0.0, 1.0, 2.0, 3.0, 9.0]), tensor(exponent, &[3.0, 2.0, 5.0, 4.0, 1.0]));
                check(Op::Pow, &attrs! {}, &[Some(&a), Some(&b)], 1e-5);
            }
        }
    }

    #[test]
    fn logic_and_selection() {
        let flags = |shape: &[usize]| {
            let bytes: Vec<u8> = (0..shape.iter().product::<usize>()).map(|i| u8::from(i % 3 == 0)).collect();
            Tensor::from_bytes(DType::Bool, shape, bytes).unwrap()
        };
        let (a, b) = (flags(&[4, 1]), flags(&[5]));
        for op in [Op::And, Op::Or, Op::Xor, Op::Equal] {
            check(op, &attrs! {}, &[Some(&a), Some(&b)], 0.0);
        }
        check(Op::Not, &attrs! {}, &[Some(&a)], 0.0);
        for dtype in [DType::F32, DType::BF16, DType::U4, DType::F8E4M3FN, DType::I64] {
            let (x, y) = (random(dtype, &[5], 1), random(dtype, &[2, 1, 1], 2));
            check(Op::Select, &attrs! {}, &[Some(&a), Some(&x), Some(&y)], 0.0);
        }
        check(Op::Select, &attrs! {}, &[Some(&a), Some(&b), Some(&flags(&[]))], 0.0);
    }

    #[test]
    fn bounds_are_optional() {
        for dtype in [DType::F32, DType::F16, DType::I8, DType::U64] {
            let x = random(dtype, &[3, 4], 5);
            let (one, two) = (tensor(dtype, &[1.0]), tensor(dtype, &[2.0]).reshaped([]).unwrap());
            for bounds in [
                [None, None],
                [Some(&one), None],
                [None, Some(&two)],
                [Some(&one), Some(&two)],
                [Some(&two), Some(&one)],
            ] {
                check(Op::Clip, &attrs! {}, &[Some(&x), bounds[0], bounds[1]], 0.0);
            }
        }
        let (x, nan) = (tensor(DType::F32, &[1.0, f64::NAN]), tensor(DType::F32, &[f64::NAN]));
        check(Op::Clip, &attrs! {}, &[Some(&x), Some(&nan), Some(&nan)], 0.0);
    }
}
