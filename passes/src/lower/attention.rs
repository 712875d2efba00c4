//! Attention: scores, masks, softmax, weighted sum.
//!
//! Query heads that share a key head are rows of one matrix, which is how they lie in memory.

use hwc_runtime::DType;
use melior::ir::{Attribute, ValueLike};

use super::reduction::{OEQ, integer_predicate};
use super::rows::{Read, each, fold, largest, plain, wide};
use super::{Emitter, LowerCall, Lowered};
use crate::codegen::ir::Val;

pub fn attention<'c>(call: &LowerCall<'c, '_>) -> Lowered<'c> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    plain(dtype)?;
    let (query, key, value) = (call.shape(0)?, call.shape(1)?, call.shape(2)?);
    let [batch, heads, rows, size] = query[..] else { return Err("needs a query of rank 4".into()) };
    let (groups, keys, width) = (key[1], key[2], value[3]);
    let shared = heads / groups.max(1);
    let wide = wide(dtype);
    let zero = emit.zero(emit.compute(dtype));

    // Products of queries and keys: [B G, H / G S, T].
    let matrix = |index: usize, rows: usize, columns: usize| -> Result<Val<'c>, String> {
        Ok(emit.reshape(call.operand(index)?, &[batch * groups, rows, columns]))
    };
    let (q, k, v) = (matrix(0, shared * rows, size)?, matrix(1, keys, size)?, matrix(2, keys, width)?);
    let reads =
        [Read::new(q, dtype, emit.map(4, &["d0", "d1", "d3"])), Read::new(k, dtype, emit.map(4, &["d0", "d2", "d3"]))];
    let loops = [batch * groups, shared * rows, keys, size];
    let last = [false, false, false, true];
    let products = fold(emit, &reads, &loops, &last, zero, |e, x, acc| {
        let product = e.same("arith.mulf", &[x[0], x[1]]);
        e.same("arith.addf", &[acc, product])
    });

    // Scores and their powers, by batch, key head, query head, query, key.
    let shape = [batch, groups, shared, rows, keys];
    let products = emit.reshape(products, &shape);
    let scores = scores(call, products, &shape)?;
    let last = [false, false, false, false, true];
    let top = largest(emit, Read::new(scores, wide, emit.identity(5)), &shape, &last);
    let row = emit.map(5, &["d0", "d1", "d2", "d3"]);
    let powers =
        each(emit, &[Read::new(scores, wide, emit.identity(5)), Read::new(top, wide, row)], wide, &shape, |e, x| {
            // Where a query sees no key the largest score is minus infinity, and the powers are to be zeros.
            let lowest = e.float(x[1].r#type(), f64::NEG_INFINITY);
            let nothing = e.compare("arith.cmpf", OEQ, x[1], lowest);
            let base = e.select(nothing, e.zero(x[1].r#type()), x[1]);
            e.same("math.exp", &[e.same("arith.subf", &[x[0], base])])
        });
    let sums = fold(emit, &[Read::new(powers, wide, emit.identity(5))], &shape, &last, zero, |e, x, acc| {
        e.same("arith.addf", &[acc, x[0]])
    });

    // Weighted sums of values: [B G, H / G S, E], divided by the sums of weights in the end.
    let powers = emit.reshape(powers, &[batch * groups, shared * rows, keys]);
    let sums = emit.reshape(sums, &[batch * groups, shared * rows]);
    let reads = [
        Read::new(powers, wide, emit.map(4, &["d0", "d1", "d3"])),
        Read::new(v, dtype, emit.map(4, &["d0", "d3", "d2"])),
    ];
    let loops = [batch * groups, shared * rows, width, keys];
    let weighted = fold(emit, &reads, &loops, &[false, false, false, true], zero, |e, x, acc| {
        let product = e.same("arith.mulf", &[x[0], x[1]]);
        e.same("arith.addf", &[acc, product])
    });
    let reads = [Read::new(weighted, wide, emit.identity(3)), Read::new(sums, wide, emit.map(3, &["d0", "d1"]))];
    let result = each(emit, &reads, dtype, &[batch * groups, shared * rows, width], |e, x| {
        let zero = e.zero(x[1].r#type());
        let nothing = e.compare("arith.cmpf", OEQ, x[1], zero);
        let mean = e.same("arith.divf", &[x[0], x[1]]);
        e.select(nothing, zero, mean)
    });
    Ok(vec![emit.reshape(result, &call.result_shape(0)?)])
}

/// Products to scores: scaled, biased, capped, minus infinity where a query does not see a key.
fn scores<'c>(call: &LowerCall<'c, '_>, products: Val<'c>, shape: &[usize; 5]) -> Result<Val<'c>, String> {
    let (emit, dtype) = (&call.emit, call.dtype(0)?);
    let size = call.shape(0)?[3];
    let scale = call.attrs.float("scale").unwrap_or(1.0 / (size as f64).sqrt());
    let softcap = call.attrs.float("softcap")?;
    let (causal, offset) = (call.attrs.bool("causal")?, call.attrs.int("offset")?);
    let mut reads = vec![Read::new(products, wide(dtype), emit.identity(5))];
    let mask = match call.optional(3) {
        None => None,
        Some(mask) => {
            let (mask, map) = by_group(emit, mask, &call.shape(3)?, shape);
            let mask_type = call.dtype(3)?;
            reads.push(Read::new(mask, mask_type, map));
            Some(mask_type)
        }
    };
    let lengths = call.optional(4);
    if let Some(lengths) = lengths {
        reads.push(Read::new(lengths, DType::I64, emit.map(5, &["d0"])));
    }
    Ok(each(emit, &reads, wide(dtype), shape, |e, v| {
        let ty = e.compute(dtype);
        let lowest = e.float(ty, f64::NEG_INFINITY);
        let mut score = e.same("arith.mulf", &[v[0], e.float(ty, scale)]);
        let mut seen: Vec<Val> = Vec::new();
        match mask {
            None => {}
            Some(DType::Bool) => seen.push(v[1]),
            Some(_) => {
                score = e.same("arith.addf", &[score, v[1]]);
                // Not equal, or unordered.
                seen.push(e.compare("arith.cmpf", 13, v[1], lowest));
            }
        }
        if softcap > 0.0 {
            let cap = e.float(ty, softcap);
            let share = e.same("arith.divf", &[score, cap]);
            score = e.same("arith.mulf", &[e.same("math.tanh", &[share]), cap]);
        }
        let key = e.cast("arith.index_cast", e.loop_index(4), e.integer_type(64));
        if causal {
            let query = e.cast("arith.index_cast", e.loop_index(3), e.integer_type(64));
            let last = e.same("arith.addi", &[query, e.int(e.integer_type(64), offset)]);
            seen.push(e.compare("arith.cmpi", integer_predicate(false, true, false), key, last));
        }
        if lengths.is_some() {
            seen.push(e.compare("arith.cmpi", integer_predicate(false, false, false), key, v[v.len() - 1]));
        }
        let seen = seen.into_iter().reduce(|a, b| e.same("arith.andi", &[a, b]));
        seen.map_or(score, |seen| e.select(seen, score, lowest))
    }))
}

/// A mask that broadcasts to batch, head, query and key, and the map by which it is read per key head and query head.
fn by_group<'c>(emit: &Emitter<'c>, mask: Val<'c>, shape: &[usize], scores: &[usize; 5]) -> (Val<'c>, Attribute<'c>) {
    let mut full = vec![1; 4 - shape.len()];
    full.extend(shape);
    let heads = if full[1] == 1 { [1, 1] } else { [scores[1], scores[2]] };
    let split = [full[0], heads[0], heads[1], full[2], full[3]];
    (emit.reshape(mask, &split), emit.broadcast_map(&split, 5))
}

#[cfg(test)]
mod tests {
    use hwc_dialects::reference::number::{floats, from_floats};
    use hwc_dialects::{Attrs, Op, attrs};
    use hwc_runtime::Tensor;

    use super::*;
    use crate::lower::testing::{check, random};

    fn run(dtype: DType, attrs: &Attrs, mask: Option<&Tensor>, lengths: Option<&Tensor>, tolerance: f64) {
        let (q, k, v) =
            (random(dtype, &[2, 6, 4, 8], 1), random(dtype, &[2, 3, 5, 8], 2), random(dtype, &[2, 3, 5, 7], 3));
        check(Op::Attention, attrs, &[Some(&q), Some(&k), Some(&v), mask, lengths], tolerance);
    }

    #[test]
    fn each_type() {
        for (dtype, tolerance) in [(DType::F32, 2e-6), (DType::F64, 1e-12), (DType::F16, 2e-3), (DType::BF16, 2e-2)] {
            run(dtype, &attrs! { "causal" => true, "offset" => 1i64 }, None, None, tolerance);
        }
    }

    #[test]
    fn masks_of_each_shape() {
        for shape in [&[4, 5][..], &[5], &[2, 1, 4, 5], &[2, 6, 4, 5], &[1, 6, 1, 5], &[]] {
            let bias = random(DType::F32, shape, 4);
            run(DType::F32, &attrs! { "softcap" => 2.0 }, Some(&bias), None, 2e-6);
            let seen = from_floats(DType::Bool, shape, floats(&bias).into_iter().map(|x| f64::from(x > 0.0))).unwrap();
            run(DType::F32, &attrs! { "softcap" => 2.0, "scale" => 0.1 }, Some(&seen), None, 2e-6);
        }
    }

    #[test]
    fn queries_that_see_little_or_nothing() {
        let lengths = Tensor::from_vec(vec![2], vec![0i64, 3]).unwrap();
        run(DType::F32, &attrs! {}, None, Some(&lengths), 2e-6);
        let i = f32::NEG_INFINITY;
        let bias = [[0.0, 1.0, i, i, i], [i; 5], [2.0; 5], [i, i, i, i, -1.0]].concat();
        let bias = Tensor::from_vec(vec![4, 5], bias).unwrap();
        run(DType::F32, &attrs! { "softcap" => 3.0 }, Some(&bias), Some(&lengths), 2e-6);
        run(DType::F32, &attrs! { "causal" => true }, Some(&bias), None, 2e-6);
    }

    #[test]
    fn no_keys_at_all() {
        let (q, kv) = (random(DType::F32, &[1, 2, 3, 4], 1), random(DType::F32, &[1, 2, 0, 4], 2));
        check(Op::Attention, &attrs! {}, &[Some(&q), Some(&kv), Some(&kv)], 0.0);
    }
}
