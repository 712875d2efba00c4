//! Attention, rotary embedding, masks and caches.

use hwc_runtime::{DType, Tensor};

use super::{Row, row};
use crate::attrs;
use crate::onnx::import::Value;
use crate::onnx::import::call::{Call, Outputs, dtype_from_number};
use crate::onnx::import::failure::{Failure, invalid};
use crate::op::Op;
use crate::reference::number::from_floats;

pub const OPS: &[Row] = &[
    row("Attention", 23, attention),
    row("RotaryEmbedding", 23, rotary_embedding),
    row("TensorScatter", 24, tensor_scatter),
    row("Trilu", 14, trilu),
];

/// Elements of a mask that is worked out here.
const MAX_MASK: usize = 1 << 26;

/// What `hwc.attention` takes.
pub struct Operands {
    /// `[B, H, S, D]`, `[B, G, T, D]` and `[B, G, T, E]`.
    pub query: Value,
    pub key: Value,
    pub value: Value,
    /// Boolean, or added to the scores.
    pub mask: Option<Value>,
    /// Keys of each sample that exist.
    pub key_lengths: Option<Value>,
    pub scale: Option<f64>,
    pub softcap: f64,
    pub causal: bool,
    /// Keys that precede the first query.
    pub offset: usize,
}

impl Operands {
    pub fn attend(&self, call: &mut Call) -> Result<Value, Failure> {
        let mut attrs = attrs! { "softcap" => self.softcap, "causal" => self.causal, "offset" => self.offset as i64 };
        attrs.set_some("scale", self.scale);
        let operands = vec![
            Some(self.query.clone()),
            Some(self.key.clone()),
            Some(self.value.clone()),
            self.mask.clone(),
            self.key_lengths.clone(),
        ];
        let results = call.ops(Op::Attention, attrs, operands)?;
        results.into_iter().next().ok_or_else(|| Failure::Invalid("has no result".into()))
    }

    /// The scores, `[B, H, S, T]`: 0 scaled products, 1 with what is added, 2 capped, 3 their softmax. From 1 on a key
    /// that is not seen has the score minus infinity, or no weight.
    fn scores(&self, call: &mut Call, mode: i64) -> Result<Value, Failure> {
        let (query, key) = (self.query.shape()?, self.key.shape()?);
        let [batch, heads, rows, size] = query[..] else { return invalid("needs a query of rank 4") };
        let (groups, keys) = (key[1], key[2]);
        // Each key head as often as query heads share it.
        let split = call.reshape(&self.key, &[batch, groups, 1, keys, size])?;
        let repeated = call.expand(&split, &[batch, groups, heads / groups.max(1), keys, size])?;
        let repeated = call.reshape(&repeated, &[batch, heads, keys, size])?;
        let transposed = call.transpose(&repeated, &[0, 1, 3, 2])?;
        let products = call.binary(Op::Matmul, &self.query, &transposed)?;
        let mut scores = call.with_number(Op::Mul, &products, self.scale.unwrap_or(1.0 / (size as f64).sqrt()))?;
        if mode == 0 {
            return Ok(scores);
        }
        let dtype = scores.dtype()?;
        let lowest = call.scalar(dtype, f64::NEG_INFINITY)?;
        let mut seen = Vec::new();
        match &self.mask {
            None => {}
            Some(mask) if mask.dtype()? == DType::Bool => seen.push(mask.clone()),
            Some(mask) => {
                scores = call.binary(Op::Add, &scores, mask)?;
                seen.push(call.binary(Op::Greater, mask, &lowest)?);
            }
        }
        if self.causal {
            seen.push(causal(rows, keys, self.offset)?);
        }
        if let Some(lengths) = &self.key_lengths {
            let positions = Tensor::from_vec(vec![keys], (0..keys as i64).collect())?.into();
            let lengths = call.reshape(lengths, &[batch, 1, 1, 1])?;
            seen.push(call.binary(Op::Less, &positions, &lengths)?);
        }
        if mode >= 2 && self.softcap > 0.0 {
            let shares = call.with_number(Op::Div, &scores, self.softcap)?;
            let capped = call.unary(Op::Tanh, &shares)?;
            scores = call.with_number(Op::Mul, &capped, self.softcap)?;
        }
        for seen in &seen {
            scores = call.select(seen, &scores, &lowest)?;
        }
        if mode == 3 {
            scores = call.op(Op::Softmax, attrs! { "axis" => -1i64 }, &[&scores])?;
            let zero = call.scalar(dtype, 0.0)?;
            for seen in &seen {
                scores = call.select(seen, &scores, &zero)?;
            }
        }
        Ok(scores)
    }
}

/// Whether query i sees key j: up to `offset` keys after its own place.
fn causal(rows: usize, keys: usize, offset: usize) -> Result<Value, Failure> {
    if rows.checked_mul(keys).is_none_or(|n| n > MAX_MASK) {
        return Err(Failure::Limit(format!("a mask of {rows} by {keys} has more than {MAX_MASK} elements")));
    }
    let seen: Vec<u8> = (0..rows).flat_map(|i| (0..keys).map(move |j| u8::from(j <= i + offset))).collect();
    Ok(Tensor::from_bytes(DType::Bool, [rows, keys], seen)?.into())
}

/// `[B, S, H D]` as `[B, H, S, D]`.
pub fn split_heads(call: &mut Call, value: &Value, heads: usize) -> Result<Value, Failure> {
    let shape = value.shape()?;
    let &[batch, rows, width] = &shape[..] else { return invalid(format!("cannot split shape {shape:?} into heads")) };
    if heads == 0 || width % heads != 0 {
        return invalid(format!("cannot split {width} elements into {heads} heads"));
    }
    let split = call.reshape(value, &[batch, rows, heads, width / heads])?;
    call.transpose(&split, &[0, 2, 1, 3])
}

/// `[B, H, S, D]` as `[B, S, H D]`.
pub fn join_heads(call: &mut Call, value: &Value) -> Result<Value, Failure> {
    let shape = value.shape()?;
    let &[batch, heads, rows, size] = &shape[..] else { return invalid(format!("cannot join heads of {shape:?}")) };
    let rows_first = call.transpose(value, &[0, 2, 1, 3])?;
    call.reshape(&rows_first, &[batch, rows, heads * size])
}

/// A number of heads given by an attribute.
pub fn heads(call: &Call, name: &'static str) -> Result<usize, Failure> {
    match call.node.int(name)? {
        None => invalid(format!("attribute `{name}` is missing")),
        Some(heads) => usize::try_from(heads).or_else(|_| invalid(format!("`{name}` must not be {heads}"))),
    }
}

fn attention(call: &mut Call) -> Outputs {
    let (query, key, value) = (call.input(0)?, call.input(1)?, call.input(2)?);
    let dtype = query.dtype()?;
    let flat = query.rank()? == 3;
    let (query, key, value) = if flat {
        let (heads, groups) = (heads(call, "q_num_heads")?, heads(call, "kv_num_heads")?);
        (split_heads(call, &query, heads)?, split_heads(call, &key, groups)?, split_heads(call, &value, groups)?)
    } else {
        (query, key, value)
    };
    let (past_key, past_value, lengths) = (call.optional(4), call.optional(5), call.optional(6));
    let (key, value, offset) = match (past_key, past_value) {
        (None, None) => (key, value, 0),
        (Some(past_key), Some(past_value)) => {
            if lengths.is_some() {
                return invalid("`nonpad_kv_seqlen` must not be given beside past keys");
            }
            let offset = past_key.shape()?.get(2).copied().unwrap_or(0);
            (call.concat(&[past_key, key], 2)?, call.concat(&[past_value, value], 2)?, offset)
        }
        _ => return invalid("`past_key` and `past_value` must be given together"),
    };
    let keys = key.shape()?.get(2).copied().unwrap_or(0);
    let mask = match call.optional(3) {
        None => None,
        Some(mask) => Some(full_mask(call, &mask, keys, dtype)?),
    };
    // Scores are computed in `f32` at least, whatever is asked for; only what it may be is checked.
    if let Some(precision) = call.node.int("softmax_precision")?
        && !dtype_from_number(precision)?.is_float()
    {
        return invalid("`softmax_precision` must be a floating-point type");
    }
    let operands = Operands {
        query,
        key: key.clone(),
        value: call.cast(&value, dtype)?,
        mask,
        key_lengths: lengths,
        scale: call.node.float("scale")?.map(f64::from),
        softcap: call.node.float_or("softcap", 0.0)?.into(),
        causal: call.node.flag_or("is_causal", false)?,
        offset,
    };
    let mut result = operands.attend(call)?;
    if flat {
        result = join_heads(call, &result)?;
    }
    let mut outputs = vec![result, key, value];
    if call.output_count() > 3 {
        let mode = call.node.int_or("qk_matmul_output_mode", 0)?;
        if !(0..=3).contains(&mode) {
            return invalid(format!("`qk_matmul_output_mode` must be 0 to 3, not {mode}"));
        }
        outputs.push(operands.scores(call, mode)?);
    }
    Ok(outputs)
}

/// A mask that is too short for the keys excludes those that it does not reach.
fn full_mask(call: &mut Call, mask: &Value, keys: usize, dtype: DType) -> Result<Value, Failure> {
    let boolean = mask.dtype()? == DType::Bool;
    let mask = if boolean { mask.clone() } else { call.cast(mask, dtype)? };
    let shape = mask.shape()?;
    let Some(&length) = shape.last() else { return Ok(mask) };
    if length >= keys {
        return Ok(mask);
    }
    let excluded = if boolean {
        Tensor::from_bytes(DType::Bool, [], vec![0])?
    } else {
        from_floats(dtype, &[], [f64::NEG_INFINITY])?
    };
    let (low, mut high) = (vec![0i64; shape.len()], vec![0i64; shape.len()]);
    high[shape.len() - 1] = (keys - length) as i64;
    let attrs = attrs! { "low" => low, "high" => high, "mode" => "constant" };
    let results = call.ops(Op::Pad, attrs, vec![Some(mask), Some(excluded.into())])?;
    results.into_iter().next().ok_or_else(|| Failure::Invalid("has no result".into()))
}

fn rotary_embedding(call: &mut Call) -> Outputs {
    let (input, mut cos, mut sin) = (call.input(0)?, call.input(1)?, call.input(2)?);
    if let Some(positions) = call.optional(3) {
        cos = call.op(Op::Gather, attrs! { "axis" => 0i64 }, &[&cos, &positions])?;
        sin = call.op(Op::Gather, attrs! { "axis" => 0i64 }, &[&sin, &positions])?;
    }
    let flat = input.rank()? == 3;
    let split = if flat {
        let heads = heads(call, "num_heads")?;
        split_heads(call, &input, heads)?
    } else {
        input
    };
    let size = split.shape()?.last().copied().unwrap_or(0) as i64;
    let rotated = match call.node.int_or("rotary_embedding_dim", 0)? {
        0 => size,
        given => given,
    };
    let angles = cos.shape()?.last().copied().unwrap_or(0) as i64;
    if rotated % 2 != 0 || rotated / 2 != angles {
        return invalid(format!("`cos_cache` holds {angles} angles for {rotated} elements"));
    }
    let attrs = attrs! { "interleaved" => call.node.flag_or("interleaved", false)? };
    let result = call.op(Op::RotaryEmbedding, attrs, &[&split, &cos, &sin])?;
    Ok(vec![if flat { join_heads(call, &result)? } else { result }])
}

fn tensor_scatter(call: &mut Call) -> Outputs {
    let circular = match call.node.text_or("mode", "linear")? {
        "linear" => false,
        "circular" => true,
        other => return invalid(format!("`mode` must be linear or circular, not `{other}`")),
    };
    let attrs = attrs! { "axis" => call.node.int_or("axis", -2)?, "circular" => circular };
    call.ops(Op::TensorScatter, attrs, vec![Some(call.input(0)?), Some(call.input(1)?), call.optional(2)])
}

fn trilu(call: &mut Call) -> Outputs {
    let attrs = attrs! { "upper" => call.node.flag_or("upper", true)? };
    call.ops(Op::Trilu, attrs, vec![Some(call.input(0)?), call.optional(1)])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::onnx::testing::*;

    fn tensor(shape: &[usize], values: &[f32]) -> Tensor {
        Tensor::from_vec(shape, values.to_vec()).expect("data fits the shape")
    }

    fn floats(tensor: &Tensor) -> Vec<f32> {
        tensor.to_vec().expect("floats")
    }

    #[test]
    fn heads_are_split_and_joined() {
        // Two heads of one element; every key weighs the same.
        let (q, k) = (tensor(&[1, 1, 2], &[0.0, 0.0]), tensor(&[1, 2, 2], &[1.0, 2.0, 3.0, 4.0]));
        let v = tensor(&[1, 2, 2], &[1.0, 10.0, 3.0, 30.0]);
        let node = node("Attention", &["0", "1", "2"], &["a"]);
        let node = with(node, [int("q_num_heads", 2), int("kv_num_heads", 2)]);
        let outputs = run_node(node, 23, &[q, k, v]);
        assert_eq!((outputs[0].shape(), floats(&outputs[0])), (&[1, 1, 2][..], vec![2.0, 20.0]));
    }

    #[test]
    fn past_keys_are_in_sight_and_are_given_back() {
        let (q, k) = (tensor(&[1, 1, 2, 1], &[0.0; 2]), tensor(&[1, 1, 2, 1], &[1.0, 2.0]));
        let (v, past) = (tensor(&[1, 1, 2, 1], &[30.0, 60.0]), tensor(&[1, 1, 1, 1], &[0.0]));
        let node = node("Attention", &["0", "1", "2", "", "3", "4"], &["a", "b", "c"]);
        let outputs = run_node(with(node, [int("is_causal", 1)]), 23, &[q, k, v, past.clone(), past]);
        assert_eq!(floats(&outputs[0]), [15.0, 30.0]);
        assert_eq!(floats(&outputs[1]), [0.0, 1.0, 2.0]);
        assert_eq!(floats(&outputs[2]), [0.0, 30.0, 60.0]);
    }

    #[test]
    fn short_masks_exclude_what_they_do_not_reach() {
        let (q, k) = (tensor(&[1, 1, 1, 1], &[0.0]), tensor(&[1, 1, 3, 1], &[0.0; 3]));
        let v = tensor(&[1, 1, 3, 1], &[1.0, 3.0, 100.0]);
        let scores = |mask: Tensor, mode: i64| {
            let node = node("Attention", &["q", "k", "v", "m"], &["y", "", "", "s"]);
            let inputs = [value("q", "1,1,1,1"), value("k", "1,1,3,1"), value("v", "1,1,3,1")];
            let mask_info = typed("m", mask.dtype(), "1,2");
            let nodes = [with(node, [int("qk_matmul_output_mode", mode)])];
            let mut model = model(graph(inputs.into_iter().chain([mask_info]), [untyped("y"), untyped("s")], nodes));
            model.opset_import = vec![opset("", 23)];
            run(model, &[q.clone(), k.clone(), v.clone(), mask])
        };
        let outputs = scores(tensor(&[1, 2], &[0.0, 0.0]), 1);
        assert_eq!((floats(&outputs[0]), floats(&outputs[1])), (vec![2.0], vec![0.0, 0.0, f32::NEG_INFINITY]));
        let mask = Tensor::from_bytes(DType::Bool, [1, 2], vec![0u8, 1]).expect("data fits the shape");
        let outputs = scores(mask, 3);
        assert_eq!((floats(&outputs[0]), floats(&outputs[1])), (vec![3.0], vec![0.0, 1.0, 0.0]));
    }

    #[test]
    fn angles_are_looked_up_by_position() {
        let x = tensor(&[1, 1, 2, 2], &[1.0, 0.0, 1.0, 0.0]);
        let (cos, sin) = (tensor(&[3, 1], &[1.0, 9.0, 0.0]), tensor(&[3, 1], &[0.0, 9.0, 1.0]));
        let positions = Tensor::from_vec(vec![1, 2], vec![0i64, 2]).expect("data fits the shape");
        let outputs = run_node(node("RotaryEmbedding", &["0", "1", "2", "3"], &["a"]), 23, &[x, cos, sin, positions]);
        assert_eq!(floats(&outputs[0]), [1.0, 0.0, 0.0, 1.0]);
    }
}
