//! Attention, rotary embedding, masks and caches.

use hwc_runtime::{DType, Tensor};

use super::index::{broadcast_flat, flat, positions};
use super::normalization::softmax;
use super::number::{floats, from_floats, integers};
use super::{EvalCall, Evaluated};
use crate::infer::axis;

pub fn attention(call: &EvalCall) -> Evaluated {
    let (query, key, value, shape) = (call.operand(0)?, call.operand(1)?, call.operand(2)?, call.shape(0)?);
    let (q, k, v) = (floats(query), floats(key), floats(value));
    let (heads, size, keys) = (query.shape()[1], query.shape()[3], key.shape()[2]);
    let shared = heads / key.shape()[1].max(1);
    let scale = call.attrs.float("scale").unwrap_or(1.0 / (size as f64).sqrt());
    let softcap = call.attrs.float("softcap")?;
    let (causal, offset) = (call.attrs.bool("causal")?, call.attrs.int("offset")? as usize);
    let mask = call.optional(3).map(|m| (m, floats(m)));
    let lengths = call.optional(4).map(integers);

    // The score of a key, minus infinity where the query does not see it.
    let score = |b: usize, h: usize, i: usize, j: usize| -> f64 {
        if causal && j > i + offset || lengths.as_ref().is_some_and(|l| j as i128 >= l[b]) {
            return f64::NEG_INFINITY;
        }
        let dot: f64 = (0..size)
            .map(|d| q[flat(&[b, h, i, d], query.shape())] * k[flat(&[b, h / shared, j, d], key.shape())])
            .sum();
        let bias = match &mask {
            None => 0.0,
            Some((tensor, values)) => {
                let value = values[broadcast_flat(&[b, h, i, j], tensor.shape())];
                match tensor.dtype() {
                    DType::Bool if value == 0.0 => f64::NEG_INFINITY,
                    DType::Bool => 0.0,
                    _ => value,
                }
            }
        };
        let score = scale * dot + bias;
        if bias == f64::NEG_INFINITY {
            bias
        } else if softcap > 0.0 {
            softcap * (score / softcap).tanh()
        } else {
            score
        }
    };
    let rows = positions(&shape[..3]).flat_map(|p| {
        let (b, h, i) = (p[0], p[1], p[2]);
        let scores: Vec<f64> = (0..keys).map(|j| score(b, h, i, j)).collect();
        let sees_nothing = scores.iter().all(|&s| s == f64::NEG_INFINITY);
        let weights = if sees_nothing { vec![0.0; keys] } else { softmax(&scores) };
        let v = &v;
        (0..value.shape()[3])
            .map(move |e| {
                let group = h / shared;
                weights.iter().enumerate().map(|(j, w)| w * v[flat(&[b, group, j, e], value.shape())]).sum()
            })
            .collect::<Vec<f64>>()
    });
    Ok(vec![from_floats(query.dtype(), &shape, rows)?])
}

pub fn rotary_embedding(call: &EvalCall) -> Evaluated {
    let (operand, cos, sin) = (call.operand(0)?, call.operand(1)?, call.operand(2)?);
    let interleaved = call.attrs.bool("interleaved")?;
    let (x, cosines, sines) = (floats(operand), floats(cos), floats(sin));
    let half = cos.shape()[2];
    let values = positions(operand.shape()).map(|p| {
        let (b, h, s, d) = (p[0], p[1], p[2], p[3]);
        let own = x[flat(&p, operand.shape())];
        if d >= 2 * half {
            return own;
        }
        let (pair, second) = if interleaved { (d / 2, d % 2 == 1) } else { (d % half, d >= half) };
        let partner = match (interleaved, second) {
            (true, false) => d + 1,
            (true, true) => d - 1,
            (false, false) => d + half,
            (false, true) => d - half,
        };
        let other = x[flat(&[b, h, s, partner], operand.shape())];
        let (c, s) =
            (cosines[broadcast_flat(&[b, s, pair], cos.shape())], sines[broadcast_flat(&[b, s, pair], sin.shape())]);
        if second { other * s + own * c } else { own * c - other * s }
    });
    Ok(vec![from_floats(operand.dtype(), operand.shape(), values)?])
}

pub fn trilu(call: &EvalCall) -> Evaluated {
    let operand = call.operand(0)?;
    let upper = call.attrs.bool("upper")?;
    let k = call.optional(1).and_then(|k| integers(k).first().copied()).unwrap_or(0);
    let size = operand.dtype().size();
    let mut bytes = operand.bytes().to_vec();
    let rank = operand.rank();
    for (position, element) in positions(operand.shape()).zip(bytes.chunks_exact_mut(size)) {
        let distance = position[rank - 1] as i128 - position[rank - 2] as i128;
        if (upper && distance < k) || (!upper && distance > k) {
            element.fill(0);
        }
    }
    Ok(vec![Tensor::from_bytes(operand.dtype(), operand.shape(), bytes).map_err(|e| e.to_string())?])
}

pub fn tensor_scatter(call: &EvalCall) -> Evaluated {
    let (cache, update) = (call.operand(0)?, call.operand(1)?);
    let at = axis(call.attrs.int("axis")?, cache.rank())?;
    let circular = call.attrs.bool("circular")?;
    let first = call.optional(2).map(integers);
    let (size, length) = (cache.dtype().size(), cache.shape()[at] as i128);
    let mut bytes = cache.bytes().to_vec();
    for (mut position, element) in positions(update.shape()).zip(update.bytes().chunks_exact(size)) {
        let mut index = first.as_ref().map_or(0, |f| f[position[0]]) + position[at] as i128;
        if circular {
            index = index.rem_euclid(length);
        }
        if (0..length).contains(&index) {
            position[at] = index as usize;
            bytes[flat(&position, cache.shape()) * size..][..size].copy_from_slice(element);
        }
    }
    Ok(vec![Tensor::from_bytes(cache.dtype(), cache.shape(), bytes).map_err(|e| e.to_string())?])
}

#[cfg(test)]
mod tests {
    use super::super::evaluate;
    use super::*;
    use crate::{Op, attrs};

    fn tensor(shape: &[usize], values: &[f64]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).unwrap()
    }

    /// One head, queries of zeros, so that every key in sight weighs the same; values 1, 10, 100.
    fn mean_of_seen(attrs: crate::Attrs, mask: Option<&Tensor>, lengths: Option<&Tensor>) -> Vec<f64> {
        let (q, k) = (tensor(&[1, 1, 2, 1], &[0.0, 0.0]), tensor(&[1, 1, 3, 1], &[1.0, 2.0, 3.0]));
        let v = tensor(&[1, 1, 3, 1], &[1.0, 10.0, 100.0]);
        let got = evaluate(Op::Attention, &attrs, &[Some(&q), Some(&k), Some(&v), mask, lengths]).unwrap();
        floats(&got[0]).into_iter().map(|x| (x * 1e9).round() / 1e9).collect()
    }

    #[test]
    fn each_way_not_to_see_a_key() {
        assert_eq!(mean_of_seen(attrs! {}, None, None), [37.0, 37.0]);
        assert_eq!(mean_of_seen(attrs! { "causal" => true }, None, None), [1.0, 5.5]);
        assert_eq!(mean_of_seen(attrs! { "causal" => true, "offset" => 1i64 }, None, None), [5.5, 37.0]);
        let lengths = Tensor::from_vec(vec![1], vec![2i64]).unwrap();
        assert_eq!(mean_of_seen(attrs! {}, None, Some(&lengths)), [5.5, 5.5]);
        let mask = Tensor::from_bytes(DType::Bool, vec![2, 3], vec![1u8, 0, 0, 0, 0, 0]).unwrap();
        assert_eq!(mean_of_seen(attrs! { "softcap" => 2.0 }, Some(&mask), None), [1.0, 0.0]);
        let mask = tensor(&[3], &[0.0, f64::NEG_INFINITY, f64::NEG_INFINITY]);
        assert_eq!(mean_of_seen(attrs! { "softcap" => 2.0 }, Some(&mask), None), [1.0, 1.0]);
    }

    #[test]
    fn scores_are_scaled_biased_and_capped() {
        let one = tensor(&[1, 1, 1, 1], &[1.0]);
        let (k, v) = (tensor(&[1, 1, 2, 1], &[0.0, 8.0]), tensor(&[1, 1, 2, 1], &[0.0, 1.0]));
        let weight = |attrs, mask: &Tensor| {
            floats(&evaluate(Op::Attention, &attrs, &[Some(&one), Some(&k), Some(&v), Some(mask)]).unwrap()[0])[0]
        };
        let sigmoid = |x: f64| 1.0 / (1.0 + (-x).exp());
        let bias = tensor(&[2], &[0.0, 1.0]);
        assert!((weight(attrs! { "scale" => 0.25 }, &bias) - sigmoid(3.0)).abs() < 1e-12);
        let capped = sigmoid(2.0 * (3.0f64 / 2.0).tanh());
        assert!((weight(attrs! { "scale" => 0.25, "softcap" => 2.0 }, &bias) - capped).abs() < 1e-12);
    }

    #[test]
    fn query_heads_share_key_heads() {
        let q = tensor(&[1, 4, 1, 1], &[0.0; 4]);
        let kv = tensor(&[1, 2, 1, 1], &[5.0, 7.0]);
        let got = evaluate(Op::Attention, &attrs! {}, &[Some(&q), Some(&kv), Some(&kv)]).unwrap();
        assert_eq!(floats(&got[0]), [5.0, 5.0, 7.0, 7.0]);
    }

    #[test]
    fn pairs_rotate_and_the_rest_stays() {
        let x = tensor(&[1, 1, 1, 5], &[1.0, 2.0, 3.0, 4.0, 9.0]);
        // The first pair turns by 90 degrees, the second not at all.
        let (cos, sin) = (tensor(&[1, 1, 2], &[0.0, 1.0]), tensor(&[1, 1, 2], &[1.0, 0.0]));
        let rotate = |interleaved: bool| {
            let attrs = attrs! { "interleaved" => interleaved };
            floats(&evaluate(Op::RotaryEmbedding, &attrs, &[Some(&x), Some(&cos), Some(&sin)]).unwrap()[0])
        };
        assert_eq!(rotate(false), [-3.0, 2.0, 1.0, 4.0, 9.0]);
        assert_eq!(rotate(true), [-2.0, 1.0, 3.0, 4.0, 9.0]);
    }

    #[test]
    fn triangles() {
        let x = Tensor::from_vec(vec![2, 3], vec![1i32, 2, 3, 4, 5, 6]).unwrap();
        let k = Tensor::scalar(1i64);
        let keep = |upper: bool, k: Option<&Tensor>| {
            evaluate(Op::Trilu, &attrs! { "upper" => upper }, &[Some(&x), k]).unwrap()[0].to_vec::<i32>().unwrap()
        };
        assert_eq!(keep(true, None), [1, 2, 3, 0, 5, 6]);
        assert_eq!(keep(true, Some(&k)), [0, 2, 3, 0, 0, 6]);
        assert_eq!(keep(false, Some(&k)), [1, 2, 0, 4, 5, 6]);
    }

    #[test]
    fn a_cache_is_written_in_a_straight_line_or_a_circle() {
        let cache = Tensor::from_vec(vec![2, 3, 1], vec![0i32; 6]).unwrap();
        let update = Tensor::from_vec(vec![2, 2, 1], vec![1i32, 2, 3, 4]).unwrap();
        let first = Tensor::from_vec(vec![2], vec![1i64, 2]).unwrap();
        let write = |circular: bool, first: Option<&Tensor>| {
            let attrs = attrs! { "circular" => circular };
            let got = evaluate(Op::TensorScatter, &attrs, &[Some(&cache), Some(&update), first]);
            got.unwrap()[0].to_vec::<i32>().unwrap()
        };
        assert_eq!(write(false, None), [1, 2, 0, 3, 4, 0]);
        assert_eq!(write(true, Some(&first)), [0, 1, 2, 4, 0, 3]);
        assert_eq!(write(false, Some(&first)), [0, 1, 2, 0, 0, 3]);
    }
}
