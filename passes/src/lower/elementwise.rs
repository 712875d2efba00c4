//! Elementwise operators: one `linalg.generic` each, operands broadcast by their maps.

use super::scalar::{Binary, Unary, load, store};
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// A generic over the result's positions; `body` gets the operands in their compute types and returns the result in its.
pub fn map<'c>(
    call: &LowerCall<'c, '_>,
    body: impl FnOnce(&Emitter<'c>, &[Val<'c>]) -> Result<Val<'c>, String>,
) -> Lowered<'c> {
    let (emit, result, shape) = (&call.emit, call.result_type(0)?, call.result_shape(0)?);
    let mut inputs = Vec::new();
    let mut dtypes = Vec::new();
    for i in 0..call.operands.len() {
        inputs.push((call.operand(i)?, emit.broadcast_map(&call.shape(i)?, shape.len())));
        dtypes.push(call.dtype(i)?);
    }
    let out = emit.empty(emit.storage(result.dtype), &shape);
    let mut failure = None;
    let results =
        emit.generic(&inputs, &[(out, emit.identity(shape.len()))], &vec![Loop::Parallel; shape.len()], |e, args| {
            let values: Vec<_> = dtypes.iter().zip(args).map(|(&d, &v)| load(e, d, v)).collect();
            match body(e, &values) {
                Ok(value) => vec![store(e, result.dtype, value)],
                Err(reason) => {
                    failure = Some(reason);
                    vec![args[args.len() - 1]]
                }
            }
        });
    failure.map_or(Ok(results), Err)
}

pub fn unary<'c>(call: &LowerCall<'c, '_>, f: Unary) -> Lowered<'c> {
    let dtype = call.dtype(0)?;
    map(call, |e, v| Ok(f(e, dtype, v[0])))
}

pub fn binary<'c>(call: &LowerCall<'c, '_>, f: Binary) -> Lowered<'c> {
    let dtype = call.dtype(0)?;
    map(call, |e, v| Ok(f(e, dtype, v[0], v[1])))
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::DType;

    use crate::lower::testing::{check, random};

    #[test]
    fn operands_broadcast() {
        for dtype in [DType::F32, DType::F64, DType::F16, DType::BF16, DType::I32, DType::U8] {
            for (a, b) in [(&[3, 5][..], &[5][..]), (&[2, 1, 4], &[3, 1]), (&[], &[]), (&[0, 3], &[1, 3]), (&[7], &[])]
            {
                check(Op::Add, &attrs! {}, &[Some(&random(dtype, a, 1)), Some(&random(dtype, b, 2))], 1e-6);
            }
        }
    }
}
