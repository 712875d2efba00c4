//! Rotary embedding, by slices of the first and second elements of the pairs.

use super::rows::{Read, each, plain};
use super::{LowerCall, Lowered};
use crate::codegen::ir::Val;

pub fn rotary_embedding<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype, shape) = (&call.emit, call.dtype(0)?, call.shape(0)?);
    plain(dtype)?;
    let tables = [call.shape(1)?, call.shape(2)?];
    let half = tables[0][2];
    let operand = call.operand(0)?;
    let interleaved = call.attrs.bool("interleaved")?;
    let step = if interleaved { 2 } else { 1 };
    let pairs = [shape[0], shape[1], shape[2], half];
    let strides = [1, 1, 1, step];
    let starts = if interleaved { [0, 1] } else { [0, half] };
    let parts = starts.map(|at| emit.slice(operand, &[0, 0, 0, at], &pairs, &strides));

    let table = |index: usize| -> Result<Read<'c>, String> {
        let shape = &tables[index - 1];
        let place = |i: usize, dim: &str| if shape[i] == 1 { "0".to_string() } else { dim.to_string() };
        let map = emit.map(4, &[place(0, "d0"), place(1, "d2"), "d3".to_string()]);
        Ok(Read::new(call.operand(index)?, call.dtype(index)?, map))
    };
    let rotate = |combine: &str, own: Val<'c>, other: Val<'c>| -> Result<Val<'c>, String> {
        let identity = emit.identity(4);
        let reads = [Read::new(own, dtype, identity), Read::new(other, dtype, identity), table(1)?, table(2)?];
        Ok(each(emit, &reads, dtype, &pairs, |e, v| {
            let (by_cos, by_sin) = (e.same("arith.mulf", &[v[0], v[2]]), e.same("arith.mulf", &[v[1], v[3]]));
            e.same(combine, &[by_cos, by_sin])
        }))
    };
    let rotated = [rotate("arith.subf", parts[0], parts[1])?, rotate("arith.addf", parts[1], parts[0])?];

    let mut result = emit.empty(emit.storage(dtype), &shape);
    for (part, at) in rotated.into_iter().zip(starts) {
        result = emit.insert_slice(part, result, &[0, 0, 0, at], &strides);
    }
    if 2 * half < shape[3] {
        let (at, size) = ([0, 0, 0, 2 * half], [shape[0], shape[1], shape[2], shape[3] - 2 * half]);
        let rest = emit.slice(operand, &at, &size, &[1; 4]);
        result = emit.insert_slice(rest, result, &at, &[1; 4]);
    }
    Ok(vec![result])
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::DType;

    use crate::lower::testing::{check, random};

    #[test]
    fn whole_and_partial_rotation() {
        for (dtype, tolerance) in [(DType::F32, 1e-6), (DType::F16, 4e-3), (DType::F64, 1e-12)] {
            let x = random(dtype, &[2, 3, 4, 8], 1);
            for table in [[2, 4, 4], [2, 4, 2], [1, 4, 3], [2, 1, 1]] {
                let (cos, sin) = (random(dtype, &table, 2), random(dtype, &table, 3));
                for interleaved in [false, true] {
                    let attrs = attrs! { "interleaved" => interleaved };
                    check(Op::RotaryEmbedding, &attrs, &[Some(&x), Some(&cos), Some(&sin)], tolerance);
                }
            }
        }
    }
}
