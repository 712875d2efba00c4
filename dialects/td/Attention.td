// Attention and what stands around it: positions, masks, caches.

def Hwc_AttentionOp : Hwc_Op<"attention", [AttrSizedOperandSegments]> {
  let summary = "softmax(scale * Q Kᵀ + bias) V by heads";
  let description = [{
    `query` is `[B, H, S, D]`, `key` `[B, G, T, D]`, `value` `[B, G, T, E]`, the result `[B, H, S, E]`. H is a multiple
    of G: query head h attends to key head h / (H / G).

    A score is `scale` times the dot product of a query and a key. `mask` broadcasts to `[B, H, S, T]`: a float mask is
    added to the scores; a boolean one excludes a key where it is false. With `softcap` c > 0 scores s become
    c tanh(s / c). Where `causal`, query i sees no key after i + `offset`; `offset` is the number of keys that precede
    the first query. `key_lengths`, `[B]` of `i64`, gives the number of keys that exist in each sample. An excluded key,
    or one whose mask is minus infinity, has the score minus infinity. A query that sees no key yields zeros.
    Without `scale` it is 1 / sqrt(D).
  }];
  let arguments = (ins Hwc_Tensor:$query, Hwc_Tensor:$key, Hwc_Tensor:$value, Optional<Hwc_Tensor>:$mask,
                       Optional<Hwc_Tensor>:$key_lengths, OptionalAttr<F32Attr>:$scale,
                       DefaultValuedAttr<F32Attr, "0.0f">:$softcap, DefaultValuedAttr<BoolAttr, "false">:$causal,
                       DefaultValuedAttr<I64Attr, "0">:$offset);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = [{
    $query `,` $key `,` $value (`mask` $mask^)? (`key_lengths` $key_lengths^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let onnx = "Attention";
  let cost = "Attention";
  let infer = "attention::attention(call)";
  let reference = "attention::attention(call)";
  let lowering = "attention::attention(call)";
}

def Hwc_RotaryEmbeddingOp : Hwc_Op<"rotary_embedding"> {
  let summary = "Rotates pairs of elements by angles that depend on the position";
  let description = [{
    `operand` is `[B, H, S, D]`, `cos` and `sin` are `[B, S, R / 2]` or broadcast to it. Of the last dimension the
    first R elements form R / 2 pairs (a, b), which become (a cos - b sin, a sin + b cos); the rest is copied. Pair i is
    made of the elements i and i + R / 2, or 2 i and 2 i + 1 where `interleaved`.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$cos, Hwc_Tensor:$sin,
                       DefaultValuedAttr<BoolAttr, "false">:$interleaved);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "RotaryEmbedding";
  let cost = "Elementwise";
  let infer = "attention::rotary_embedding(call)";
  let reference = "attention::rotary_embedding(call)";
  let lowering = "rotary::rotary_embedding(call)";
}

def Hwc_TriluOp : Hwc_Op<"trilu"> {
  let summary = "Keeps one triangle of each matrix, zeros elsewhere";
  let description = [{
    Element (i, j) of the last two dimensions is kept where j >= i + k (`upper`) or j <= i + k; `k` is one `i64`, 0 if absent.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Optional<Hwc_Tensor>:$k, DefaultValuedAttr<BoolAttr, "true">:$upper);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = "$operand (`k` $k^)? attr-dict `:` functional-type(operands, results)";
  let onnx = "Trilu";
  let cost = "Elementwise";
  let infer = "attention::trilu(call)";
  let reference = "attention::trilu(call)";
  let lowering = "mask::trilu(call)";
}

def Hwc_TensorScatterOp : Hwc_Op<"tensor_scatter"> {
  let summary = "Overwrites a stretch of a cache along an axis, from an index of each sample's own on";
  let description = [{
    `update` has the shape of `cache` except along `axis`, where it is no longer. Sample b of the first dimension is
    written from `indices[b]` on (0 if absent; `[B]` of `i64`). Where `circular`, indices are taken modulo the length of
    the axis; else what falls outside is dropped.
  }];
  let arguments = (ins Hwc_Tensor:$cache, Hwc_Tensor:$update, Optional<Hwc_Tensor>:$indices,
                       DefaultValuedAttr<I64Attr, "-2">:$axis, DefaultValuedAttr<BoolAttr, "false">:$circular);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat =
      "$cache `,` $update (`at` $indices^)? attr-dict `:` functional-type(operands, results)";
  let onnx = "TensorScatter";
  let cost = "Gather";
  let infer = "attention::tensor_scatter(call)";
  let reference = "attention::tensor_scatter(call)";
  let lowering = "mask::tensor_scatter(call)";
}
