//! Masks and caches: each element of the result is chosen by its position.

use hwc_dialects::infer::axis;
use hwc_runtime::DType;
use melior::ir::ValueLike;

use super::reduction::integer_predicate;
use super::{Emitter, Loop, LowerCall, Lowered};
use crate::codegen::ir::Val;

/// A loop's position as `i64`.
fn position<'c>(emit: &Emitter<'c>, dim: usize) -> Val<'c> {
    emit.cast("arith.index_cast", emit.loop_index(dim), emit.integer_type(64))
}

pub fn trilu<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, shape) = (&call.emit, call.shape(0)?);
    let upper = call.attrs.bool("upper")?;
    let rank = shape.len();
    let mut inputs = vec![(call.operand(0)?, emit.identity(rank))];
    if let Some(k) = call.optional(1) {
        inputs.push((emit.reshape(k, &[]), emit.map::<&str>(rank, &[])));
    }
    let has_k = inputs.len() > 1;
    let out = emit.empty(emit.storage(call.dtype(0)?), &shape);
    Ok(emit.generic(&inputs, &[(out, emit.identity(rank))], &vec![Loop::Parallel; rank], |e, v| {
        // The difference of positions cannot overflow, their sum with any `k` could.
        let distance = e.same("arith.subi", &[position(e, rank - 1), position(e, rank - 2)]);
        let k = if has_k { v[1] } else { e.int(e.integer_type(64), 0) };
        let keep = e.compare("arith.cmpi", integer_predicate(upper, true, false), distance, k);
        vec![e.select(keep, v[0], e.zero(v[0].r#type()))]
    }))
}

pub fn tensor_scatter<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, shape) = (&call.emit, call.shape(0)?);
    let at = axis(call.attrs.int("axis")?, shape.len())?;
    let circular = call.attrs.bool("circular")?;
    let (update, written) = (call.operand(1)?, call.shape(1)?[at]);
    if written == 0 {
        return Ok(vec![call.operand(0)?]);
    }
    let rank = shape.len();
    let mut inputs = vec![(call.operand(0)?, emit.identity(rank))];
    if let Some(first) = call.optional(2) {
        debug_assert_eq!(call.dtype(2), Ok(DType::I64));
        inputs.push((first, emit.map(rank, &["d0"])));
    }
    let has_first = inputs.len() > 1;
    let out = emit.empty(emit.storage(call.dtype(0)?), &shape);
    Ok(emit.generic(&inputs, &[(out, emit.identity(rank))], &vec![Loop::Parallel; rank], |e, v| {
        let i64_type = e.integer_type(64);
        let int = |value: usize| e.int(i64_type, value as i64);
        let own = position(e, at);
        let mut from = if has_first { e.same("arith.subi", &[own, v[1]]) } else { own };
        if circular {
            // The remainder has the sign of the dividend; one more length makes it positive.
            let remainder = e.same("arith.remsi", &[from, int(shape[at])]);
            let negative = e.compare("arith.cmpi", integer_predicate(false, false, false), remainder, int(0));
            from = e.select(negative, e.same("arith.addi", &[remainder, int(shape[at])]), remainder);
        }
        // As unsigned, what lies before the update lies far behind it.
        let inside = e.compare("arith.cmpi", integer_predicate(false, false, true), from, int(written));
        let nearest = e.select(inside, from, int(0));
        let indices: Vec<Val> = (0..rank)
            .map(|i| if i == at { e.cast("arith.index_cast", nearest, e.index_type()) } else { e.loop_index(i) })
            .collect();
        vec![e.select(inside, e.extract(update, &indices), v[0])]
    }))
}

#[cfg(test)]
mod tests {
    use hwc_dialects::{Op, attrs};
    use hwc_runtime::Tensor;

    use super::*;
    use crate::lower::testing::{check, random};

    #[test]
    fn triangles_of_each_type() {
        for dtype in [DType::F32, DType::F16, DType::I64, DType::U8, DType::Bool] {
            let x = random(dtype, &[2, 3, 4], 1);
            for upper in [true, false] {
                check(Op::Trilu, &attrs! { "upper" => upper }, &[Some(&x), None], 0.0);
                for k in [-2i64, 1, i64::MAX, i64::MIN] {
                    let k = Tensor::from_vec(vec![1], vec![k]).unwrap();
                    check(Op::Trilu, &attrs! { "upper" => upper }, &[Some(&x), Some(&k)], 0.0);
                }
            }
        }
    }

    #[test]
    fn caches_are_written() {
        let cache = random(DType::F32, &[3, 2, 5, 4], 1);
        for written in [0, 1, 3, 5] {
            let update = random(DType::F32, &[3, 2, written, 4], 2);
            check(Op::TensorScatter, &attrs! {}, &[Some(&cache), Some(&update), None], 0.0);
            let first = Tensor::from_vec(vec![3], vec![0i64, 4, -7]).unwrap();
            for circular in [false, true] {
                let attrs = attrs! { "circular" => circular };
                check(Op::TensorScatter, &attrs, &[Some(&cache), Some(&update), Some(&first)], 0.0);
            }
        }
    }
}
