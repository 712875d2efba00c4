//! Result types of attention, rotary embedding, masks and caches.

use hwc_runtime::DType;

use super::{Errors, InferCall, Inferred, axis, broadcast};
use crate::types::{Dim, TensorType};

/// `[B, H, S, D]`, `[B, G, T, D]`, `[B, G, T, E]` to `[B, H, S, E]`.
pub fn attention(call: &InferCall) -> Inferred {
    let (query, key, value) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    for (name, ty) in [("query", query), ("key", key), ("value", value)] {
        if ty.rank() != 4 || !ty.dtype.is_float() || ty.dtype != query.dtype {
            return Err(
                format!("needs query, key and value of rank 4 and one floating-point type, `{name}` is {ty}").into()
            );
        }
    }
    let mut errors = Vec::new();
    let mut agree = |what: &str, a: &Dim, b: &Dim| {
        if !a.compatible(b) {
            errors.push(format!("{what} differ: {a} and {b}"));
        }
    };
    agree("batches of query and key", &query.shape[0], &key.shape[0]);
    agree("batches of query and value", &query.shape[0], &value.shape[0]);
    agree("heads of key and value", &key.shape[1], &value.shape[1]);
    agree("lengths of key and value", &key.shape[2], &value.shape[2]);
    agree("head sizes of query and key", &query.shape[3], &key.shape[3]);
    if let (Some(h), Some(g)) = (query.shape[1].fixed(), key.shape[1].fixed())
        && (g == 0 || h % g != 0)
    {
        errors.push(format!("{h} query heads cannot share {g} key heads evenly"));
    }
    if let Some(mask) = call.optional(3) {
        let scores = [query.shape[0].clone(), query.shape[1].clone(), query.shape[2].clone(), key.shape[2].clone()];
        if mask.dtype != DType::Bool && mask.dtype != query.dtype {
            errors.push(format!("needs a mask of type i1 or of the query's, got {mask}"));
        }
        if !broadcasts_to(mask, &scores) {
            errors.push(format!("cannot broadcast a mask of type {mask} to {}", TensorType::new(DType::Bool, scores)));
        }
    }
    if let Some(lengths) = call.optional(4)
        && (lengths.dtype != DType::I64 || lengths.rank() != 1 || !lengths.shape[0].compatible(&query.shape[0]))
    {
        errors.push(format!("needs `key_lengths` of {} i64, got {lengths}", query.shape[0]));
    }
    let offset = call.attrs.int("offset")?;
    if offset < 0 {
        errors.push(format!("needs an `offset` of 0 or more, got {offset}"));
    }
    if !errors.is_empty() {
        return Err(Errors(errors));
    }
    let mut shape = query.shape.clone();
    shape[3] = value.shape[3].clone();
    Ok(vec![TensorType::new(query.dtype, shape)])
}

pub fn rotary_embedding(call: &InferCall) -> Inferred {
    let (operand, cos, sin) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    if operand.rank() != 4 || !operand.dtype.is_float() {
        return Err(format!("needs a floating-point operand of rank 4, got {operand}").into());
    }
    let mut errors = Vec::new();
    for (name, table) in [("cos", cos), ("sin", sin)] {
        let rank_fits = table.rank() == 3;
        if table.dtype != operand.dtype || !rank_fits {
            errors.push(format!("needs `{name}` of rank 3 and the operand's type, got {table}"));
        } else if ![(0, 0), (1, 2)]
            .iter()
            .all(|&(t, o)| table.shape[t] == Dim::Fixed(1) || table.shape[t].compatible(&operand.shape[o]))
        {
            errors.push(format!("cannot broadcast `{name}` of type {table} to batch and sequence of {operand}"));
        }
    }
    if errors.is_empty() {
        let (a, b) = (&cos.shape[2], &sin.shape[2]);
        if !a.compatible(b) {
            errors.push(format!("`cos` holds {a} angles and `sin` {b}"));
        }
        if let (Some(half), Some(size)) = (a.fixed().or(b.fixed()), operand.shape[3].fixed())
            && half.checked_mul(2).is_none_or(|r| r > size)
        {
            errors.push(format!("cannot rotate {half} pairs in heads of {size} elements"));
        }
    }
    if errors.is_empty() { Ok(vec![operand.clone()]) } else { Err(Errors(errors)) }
}

pub fn trilu(call: &InferCall) -> Inferred {
    let operand = call.operand(0)?;
    let mut errors = Vec::new();
    if operand.rank() < 2 {
        errors.push(format!("needs an operand of rank 2 at least, got {operand}"));
    }
    if let Some(k) = call.optional(1)
        && (k.dtype != DType::I64 || k.elements().is_some_and(|n| n != 1))
    {
        errors.push(format!("needs one i64 as `k`, got {k}"));
    }
    if errors.is_empty() { Ok(vec![operand.clone()]) } else { Err(Errors(errors)) }
}

pub fn tensor_scatter(call: &InferCall) -> Inferred {
    let (cache, update) = (call.operand(0)?, call.operand(1)?);
    let at = axis(call.attrs.int("axis")?, cache.rank())?;
    let mut errors = Vec::new();
    if at == 0 {
        errors.push("needs an `axis` other than that of the samples".to_string());
    }
    let fits = |(i, (c, u)): (usize, (&Dim, &Dim))| match (c.fixed(), u.fixed()) {
        (Some(c), Some(u)) if i == at => u <= c,
        _ => i == at || c.compatible(u),
    };
    if cache.dtype != update.dtype
        || cache.rank() != update.rank()
        || !cache.shape.iter().zip(&update.shape).enumerate().all(fits)
    {
        errors.push(format!("cannot write an update of type {update} along axis {at} of {cache}"));
    }
    if let Some(indices) = call.optional(2)
        && (indices.dtype != DType::I64 || indices.rank() != 1 || !indices.shape[0].compatible(&cache.shape[0]))
    {
        errors.push(format!("needs `indices` of {} i64, got {indices}", cache.shape[0]));
    }
    if errors.is_empty() { Ok(vec![cache.clone()]) } else { Err(Errors(errors)) }
}

/// True where a tensor broadcasts to a shape without making it larger.
fn broadcasts_to(ty: &TensorType, shape: &[Dim]) -> bool {
    ty.rank() <= shape.len()
        && broadcast(&[&ty.shape, shape]).is_ok_and(|s| s.iter().zip(shape).all(|(a, b)| a.compatible(b)))
}

#[cfg(test)]
mod tests {
    use super::super::infer;
    use super::*;
    use crate::{Op, attrs};

    fn f32s(shape: &[usize]) -> TensorType {
        TensorType::fixed(DType::F32, shape)
    }

    #[test]
    fn heads_and_lengths_must_agree() {
        let (q, k, v) = (f32s(&[2, 9, 4, 8]), f32s(&[2, 3, 6, 8]), f32s(&[2, 3, 6, 10]));
        let mask = TensorType::fixed(DType::Bool, &[4, 6]);
        let all = [Some(&q), Some(&k), Some(&v), Some(&mask), None];
        assert_eq!(infer(Op::Attention, &attrs! {}, &all).unwrap()[0], f32s(&[2, 9, 4, 10]));

        let (k, v) = (f32s(&[1, 2, 6, 7]), f32s(&[2, 3, 5, 10]));
        let mask = f32s(&[4, 9]);
        let errors = infer(Op::Attention, &attrs! {}, &[Some(&q), Some(&k), Some(&v), Some(&mask), None]).unwrap_err();
        assert_eq!(errors.0.len(), 6, "{errors}");
    }

    #[test]
    fn a_mask_must_not_make_the_scores_larger() {
        let q = f32s(&[1, 1, 1, 8]);
        let mask = f32s(&[2, 1, 1, 1]);
        assert!(infer(Op::Attention, &attrs! {}, &[Some(&q), Some(&q), Some(&q), Some(&mask)]).is_err());
    }

    #[test]
    fn rotation_fits_into_a_head() {
        let (x, table, wide) = (f32s(&[2, 3, 4, 8]), f32s(&[2, 4, 2]), f32s(&[2, 4, 5]));
        assert_eq!(infer(Op::RotaryEmbedding, &attrs! {}, &[Some(&x), Some(&table), Some(&table)]).unwrap()[0], x);
        assert!(infer(Op::RotaryEmbedding, &attrs! {}, &[Some(&x), Some(&wide), Some(&wide)]).is_err());
        assert!(infer(Op::RotaryEmbedding, &attrs! {}, &[Some(&x), Some(&wide), Some(&table)]).is_err());
    }

    #[test]
    fn an_update_fits_into_its_cache() {
        let scatter = |update: &[usize], axis: i64| {
            let (cache, update) = (f32s(&[2, 1, 4, 5]), f32s(update));
            infer(Op::TensorScatter, &attrs! { "axis" => axis }, &[Some(&cache), Some(&update), None])
        };
        assert!(scatter(&[2, 1, 3, 5], -2).is_ok());
        assert!(scatter(&[2, 1, 5, 5], -2).is_err());
        assert!(scatter(&[2, 1, 4, 4], -2).is_err());
        assert!(scatter(&[1, 1, 4, 5], 0).is_err());
    }
}
