//! Operators of the domain `com.microsoft`, which optimizers of ONNX models put in place of what transformers are made of.

use hwc_runtime::{DType, Tensor};

use super::attention::{Operands, heads, join_heads, split_heads};
use super::normalization::statistics;
use super::{Row, row};
use crate::attrs;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs};
use crate::onnx::import::failure::{Failure, invalid, unsupported};
use crate::op::Op;

const DOMAIN: &str = "com.microsoft";

pub const OPS: &[Row] = &[
    row("SkipLayerNormalization", 1, skip_layer).domain(DOMAIN),
    row("SkipSimplifiedLayerNormalization", 1, skip_rms).domain(DOMAIN),
    // It was never part of the standard, but is written as if it were.
    row("SimplifiedLayerNormalization", 1, simplified_layer),
    row("SimplifiedLayerNormalization", 1, simplified_layer).domain(DOMAIN),
    row("Gelu", 1, |call| gelu(call, "none")).domain(DOMAIN),
    row("BiasGelu", 1, |call| gelu(call, "none")).domain(DOMAIN),
    row("FastGelu", 1, |call| gelu(call, "tanh")).domain(DOMAIN),
    row("QuickGelu", 1, quick_gelu).domain(DOMAIN),
    row("MultiHeadAttention", 1, multi_head_attention).domain(DOMAIN),
    row("Attention", 1, packed_attention).domain(DOMAIN),
    row("RotaryEmbedding", 1, rotary_embedding).domain(DOMAIN),
];

/// The input, plus what is given at these places.
fn sum(call: &mut Call, indices: &[usize]) -> Result<Value, Failure> {
    let mut sum = call.input(0)?;
    for &index in indices {
        if let Some(value) = call.optional(index) {
            sum = call.binary(Op::Add, &sum, &value)?;
        }
    }
    Ok(sum)
}

/// The outputs of a normalization of the last dimension of `sum`: the result, its statistics, the sum.
fn normalized(call: &mut Call, op: Op, sum: Value, operands: Vec<Option<Value>>) -> Outputs {
    let epsilon = f64::from(call.node.float_or("epsilon", 1e-12)?);
    let last = sum.rank()?.saturating_sub(1);
    let attrs = attrs! { "axis" => -1i64, "epsilon" => epsilon };
    let mut outputs = call.ops(op, attrs, [vec![Some(sum.clone())], operands].concat())?;
    // The statistics are for training, and seldom asked for.
    let asked = call.node.outputs.iter().skip(1).take(2).any(Option::is_some);
    if op == Op::LayerNormalization && asked {
        let (mean, inverse) = statistics(call, &sum, &[last], epsilon)?;
        outputs.extend([mean, inverse]);
    } else if asked {
        return unsupported("statistics as outputs");
    } else {
        outputs.extend([Value::Poison, Value::Poison]);
    }
    outputs.push(sum);
    Ok(outputs)
}

fn skip_layer(call: &mut Call) -> Outputs {
    let sum = sum(call, &[1, 4])?;
    let operands = vec![Some(call.input(2)?), call.optional(3)];
    normalized(call, Op::LayerNormalization, sum, operands)
}

fn skip_rms(call: &mut Call) -> Outputs {
    let sum = sum(call, &[1, 3])?;
    let operands = vec![Some(call.input(2)?)];
    normalized(call, Op::RmsNormalization, sum, operands)
}

fn simplified_layer(call: &mut Call) -> Outputs {
    if call.output_count() > 1 {
        return unsupported("statistics as outputs");
    }
    super::normalization::rms(call)
}

fn gelu(call: &mut Call, approximate: &str) -> Outputs {
    let input = sum(call, &[1])?;
    Ok(vec![call.op(Op::Gelu, attrs! { "approximate" => approximate }, &[&input])?])
}

/// x * sigmoid(alpha x)
fn quick_gelu(call: &mut Call) -> Outputs {
    let input = call.input(0)?;
    let alpha = call.node.float_or("alpha", 1.702)?;
    let scaled = call.scaled(&input, alpha)?;
    let gate = call.unary(Op::Sigmoid, &scaled)?;
    Ok(vec![call.binary(Op::Mul, &input, &gate)?])
}

/// The attributes and masks that both kinds of attention have.
fn attend(call: &mut Call, [query, key, value]: [Value; 3], masks: Masks, past: usize) -> Result<Value, Failure> {
    let operands = Operands {
        query,
        key,
        value,
        mask: masks.bias,
        key_lengths: masks.key_lengths,
        // Zero stands for the default.
        scale: call.node.float("scale")?.filter(|&scale| scale != 0.0).map(f64::from),
        softcap: 0.0,
        causal: call.node.flag_or("unidirectional", false)?,
        offset: past,
    };
    let result = operands.attend(call)?;
    join_heads(call, &result)
}

/// What keeps queries from seeing keys.
struct Masks {
    bias: Option<Value>,
    key_lengths: Option<Value>,
}

/// Masks of integers: a number of keys for each sample, or zero for each key that is not to be seen.
fn masks(call: &mut Call, mask: Option<Value>, bias: Option<Value>, like: &Value) -> Result<Masks, Failure> {
    let (batch, dtype) = (like.shape()?[0], like.dtype()?);
    let Some(mask) = mask else { return Ok(Masks { bias, key_lengths: None }) };
    let shape = match mask.shape()?[..] {
        [samples] if samples == batch => {
            let lengths = call.cast(&mask, DType::I64)?;
            return Ok(Masks { bias, key_lengths: Some(lengths) });
        }
        [samples, keys] => vec![samples, 1, 1, keys],
        [samples, queries, keys] => vec![samples, 1, queries, keys],
        ref other => return unsupported(format!("masks of shape {other:?}")),
    };
    let filter = f64::from(call.node.float_or("mask_filter_value", -10000.0)?);
    let (filter, zero) = (call.scalar(dtype, filter)?, call.scalar(dtype, 0.0)?);
    let hidden = call.with_number(Op::Equal, &mask, 0.0)?;
    let added = call.select(&hidden, &filter, &zero)?;
    let mut added = call.reshape(&added, &shape)?;
    if let Some(bias) = bias {
        added = call.binary(Op::Add, &added, &bias)?;
    }
    Ok(Masks { bias: Some(added), key_lengths: None })
}

fn multi_head_attention(call: &mut Call) -> Outputs {
    let heads = heads(call, "num_heads")?;
    let (Some(key), Some(value)) = (call.optional(1), call.optional(2)) else {
        return unsupported("packed queries, keys and values");
    };
    if call.optional(8).is_some() || call.optional(9).is_some() {
        return unsupported("caches that are shared between steps");
    }
    if call.output_count() > 3 {
        return unsupported("scores as outputs");
    }
    let mut parts = [call.input(0)?, key, value];
    if let Some(bias) = call.optional(3) {
        let mut start = 0;
        for part in &mut parts {
            if part.rank()? != 3 {
                return unsupported("a bias for keys that are split into heads");
            }
            let width = part.shape()?[2];
            let own = call.slice(&bias, 0, start, start + width)?;
            *part = call.binary(Op::Add, part, &own)?;
            start += width;
        }
    }
    for part in &mut parts {
        match part.rank()? {
            3 => *part = split_heads(call, part, heads)?,
            4 => {}
            _ => return unsupported("packed keys and values"),
        }
    }
    let [query, mut key, mut value] = parts;
    let past = match (call.optional(6), call.optional(7)) {
        (None, None) => 0,
        (Some(past_key), Some(past_value)) => {
            let past = past_key.shape()?.get(2).copied().unwrap_or(0);
            key = call.concat(&[past_key, key], 2)?;
            value = call.concat(&[past_value, value], 2)?;
            past
        }
        _ => return invalid("`past_key` and `past_value` must be given together"),
    };
    let (mask, bias) = (call.optional(4), call.optional(5));
    let masks = masks(call, mask, bias, &query)?;
    let result = attend(call, [query, key.clone(), value.clone()], masks, past)?;
    Ok(vec![result, key, value])
}

/// Attention that projects its input to queries, keys and values itself.
fn packed_attention(call: &mut Call) -> Outputs {
    let heads = heads(call, "num_heads")?;
    if call.optional(4).is_some() || call.optional(6).is_some() || call.output_count() > 1 {
        return unsupported("past keys and values");
    }
    if call.node.flag_or("do_rotary", false)? {
        return unsupported("rotary embedding");
    }
    let (input, weights) = (call.input(0)?, call.input(1)?);
    let mut projected = call.binary(Op::Matmul, &input, &weights)?;
    if let Some(bias) = call.optional(2) {
        projected = call.binary(Op::Add, &projected, &bias)?;
    }
    let width = projected.shape()?.last().copied().unwrap_or(0);
    let sizes: Vec<usize> = match call.node.ints("qkv_hidden_sizes")? {
        None => vec![width / 3; 3],
        Some(sizes) => sizes.iter().filter_map(|&size| usize::try_from(size).ok()).collect(),
    };
    if sizes.len() != 3 || sizes.iter().try_fold(0usize, |sum, &size| sum.checked_add(size)) != Some(width) {
        return invalid(format!("cannot split {width} elements into queries, keys and values"));
    }
    let ends = [sizes[0], sizes[0] + sizes[1], width];
    let mut part = |index: usize| -> Result<Value, Failure> {
        let own = call.slice(&projected, 2, ends[index] - sizes[index], ends[index])?;
        split_heads(call, &own, heads)
    };
    let parts = [part(0)?, part(1)?, part(2)?];
    let (mask, bias) = (call.optional(3), call.optional(5));
    let masks = masks(call, mask, bias, &parts[0])?;
    Ok(vec![attend(call, parts, masks, 0)?])
}

/// Positions are given for each token, or one for the first token of every sample.
fn rotary_embedding(call: &mut Call) -> Outputs {
    if call.node.flag_or("is_packed_batching", false)? {
        return unsupported("packed batches");
    }
    if call.node.float_or("scale", 1.0)? != 1.0 {
        return unsupported("a scale");
    }
    let (input, mut positions) = (call.input(0)?, call.input(1)?);
    let flat = input.rank()? == 3;
    let split = if flat {
        let rotated = call.node.int_or("rotary_embedding_dim", 0)?;
        let angles = call.input(2)?.shape()?.get(1).copied().unwrap_or(0);
        let width = input.shape()?[2];
        // Without partial rotation the tables tell how large a head is.
        let heads = if rotated == 0 { width.checked_div(2 * angles).unwrap_or(0) } else { heads(call, "num_heads")? };
        split_heads(call, &input, heads)?
    } else {
        input
    };
    let rows = split.shape()?.get(2).copied().unwrap_or(0);
    if positions.rank()? == 1 {
        let steps = Tensor::from_vec(vec![1, rows], (0..rows as i64).collect())?.into();
        positions = call.binary(Op::Add, &positions, &steps)?;
    }
    let mut tables = [call.input(2)?, call.input(3)?];
    for table in &mut tables {
        *table = call.op(Op::Gather, attrs! { "axis" => 0i64 }, &[table, &positions])?;
    }
    let attrs = attrs! { "interleaved" => call.node.flag_or("interleaved", false)? };
    let result = call.op(Op::RotaryEmbedding, attrs, &[&split, &tables[0], &tables[1]])?;
    Ok(vec![if flat { join_heads(call, &result)? } else { result }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::testing::*;

    fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).expect("data fits the shape")
    }

    fn run_contrib(
        op_type: &str,
        inputs: &[Tensor],
        attributes: Vec<crate::onnx::proto::AttributeProto>,
        outputs: &[&str],
    ) -> Vec<Vec<f32>> {
        let names: Vec<String> = (0..inputs.len()).map(|i| i.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let node = with(in_domain(node(op_type, &names, outputs), DOMAIN), attributes);
        run_node(node, 17, inputs).iter().map(|t| t.to_vec().expect("floats")).collect()
    }

    #[test]
    fn the_sum_is_normalized_and_given_out() {
        let (x, skip) = (tensor(&[1, 1, 2], &[1.0, 1.0]), tensor(&[1, 1, 2], &[0.0, 1.0]));
        let (gamma, beta) = (tensor(&[2], &[2.0, 2.0]), tensor(&[2], &[1.0, 1.0]));
        let bias = tensor(&[2], &[0.0, 1.0]);
        let outputs =
            run_contrib("SkipLayerNormalization", &[x, skip, gamma, beta, bias], vec![], &["a", "b", "c", "d"]);
        assert_eq!(outputs, [vec![-1.0, 3.0], vec![2.0], vec![1.0], vec![1.0, 3.0]]);
    }

    #[test]
    fn masks_of_integers() {
        let (q, k) = (tensor(&[1, 1, 1], &[0.0]), tensor(&[1, 3, 1], &[0.0; 3]));
        let (v, none) = (tensor(&[1, 3, 1], &[1.0, 3.0, 50.0]), tensor(&[3], &[0.0; 3]));
        let attend = |mask: Tensor| {
            let inputs = [q.clone(), k.clone(), v.clone(), none.clone(), mask];
            run_contrib("MultiHeadAttention", &inputs, vec![int("num_heads", 1)], &["a"]).remove(0)
        };
        let i32s =
            |shape: &[usize], values: &[i32]| Tensor::from_vec(shape, values.to_vec()).expect("data fits the shape");
        assert_eq!(attend(i32s(&[1, 3], &[1, 1, 0])), [2.0]);
        assert_eq!(attend(i32s(&[1], &[2])), [2.0]);
        assert_eq!(attend(i32s(&[1, 1, 3], &[0, 0, 1])), [50.0]);
    }

    #[test]
    fn projections_are_taken_apart() {
        // One head of one element: queries and keys are zero, values are the input.
        let (x, weights) = (tensor(&[1, 2, 1], &[2.0, 4.0]), tensor(&[1, 3], &[0.0, 0.0, 1.0]));
        let attributes = vec![int("num_heads", 1), int("unidirectional", 1)];
        assert_eq!(run_contrib("Attention", &[x, weights], attributes, &["a"]), [[2.0, 3.0]]);
    }
}
