// Reductions followed by elementwise work over the same axes. Sums are at least as precise as `f32`; the result is
// rounded once to the element type.

// Along one axis; `R` maps the elements of one row.
class Hwc_RowWise<string mnemonic, string onnxName, string R, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$operand, DefaultValuedAttr<I64Attr, "-1">:$axis);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Normalization";
  let order = "Named";
  let infer = "normalization::row_wise(call)";
  let reference = "normalization::row_wise(call, normalization::" # R # ")";
  let lowering = "softmax::" # L # "(call)";
}

def Hwc_SoftmaxOp : Hwc_RowWise<"softmax", "Softmax", "softmax", "softmax"> {
  let summary = "exp(x) / sum(exp(x)) along an axis, without overflow on the way";
}

def Hwc_LogSoftmaxOp : Hwc_RowWise<"log_softmax", "LogSoftmax", "log_softmax", "log_softmax"> {
  let summary = "x - log(sum(exp(x))) along an axis, without overflow on the way";
}

def Hwc_HardmaxOp : Hwc_RowWise<"hardmax", "Hardmax", "hardmax", "hardmax"> {
  let summary = "1 at the first largest element along an axis, 0 elsewhere";
}

def Hwc_LayerNormalizationOp : Hwc_Op<"layer_normalization"> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias over the axes from `axis` on";
  let description = [{
    Mean and variance (the mean of squared deviations) are taken over the last axes, from `axis` on. `scale` and `bias`
    broadcast to those dimensions.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$scale, Optional<Hwc_Tensor>:$bias,
                       DefaultValuedAttr<I64Attr, "-1">:$axis, DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat =
      "$operand `,` $scale (`bias` $bias^)? attr-dict `:` functional-type(operands, results)";
  let onnx = "LayerNormalization";
  let cost = "Normalization";
  let infer = "normalization::layer(call)";
  let reference = "normalization::layer(call)";
  let lowering = "normalization::layer(call)";
}

def Hwc_RmsNormalizationOp : Hwc_Op<"rms_normalization"> {
  let summary = "x / sqrt(mean(x * x) + epsilon) * scale over the axes from `axis` on";
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$scale, DefaultValuedAttr<I64Attr, "-1">:$axis,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "RMSNormalization";
  let cost = "Normalization";
  let infer = "normalization::layer(call)";
  let reference = "normalization::rms(call)";
  let lowering = "normalization::rms(call)";
}

def Hwc_BatchNormalizationOp : Hwc_Op<"batch_normalization"> {
  let summary = "(x - mean) / sqrt(variance + epsilon) * scale + bias with given statistics";
  let description = [{
    `[N, C, ...]`; scale, bias, mean and variance are of shape `[C]`, each of any floating-point type. A rank-1 operand
    has one channel.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$scale, Hwc_Tensor:$bias, Hwc_Tensor:$mean,
                       Hwc_Tensor:$variance, DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "BatchNormalization";
  let cost = "Elementwise";
  let infer = "normalization::batch(call)";
  let reference = "normalization::batch(call)";
  let lowering = "normalization::batch(call)";
}

def Hwc_GroupNormalizationOp : Hwc_Op<"group_normalization"> {
  let summary = "Normalization over groups of channels and all positions of each sample";
  let description = [{
    `[N, C, ...]` with C divisible by `groups`. Mean and variance are taken over C / groups channels and all positions;
    `scale` and `bias` are of shape `[C]`. With `groups` = C this is instance normalization.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$scale, Hwc_Tensor:$bias, I64Attr:$groups,
                       DefaultValuedAttr<F32Attr, "1e-5f">:$epsilon);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "GroupNormalization";
  let cost = "Normalization";
  let infer = "normalization::group(call)";
  let reference = "normalization::group(call)";
  let lowering = "normalization::group(call)";
}

def Hwc_LocalResponseNormalizationOp : Hwc_Op<"local_response_normalization"> {
  let summary = "x / (bias + alpha / size * sum of squares over neighbouring channels) ^ beta";
  let description = [{
    `[N, C, ...]`. Channel c sums the channels from c - floor((size - 1) / 2) to c + ceil((size - 1) / 2) that exist.
  }];
  let arguments = (ins Hwc_Tensor:$operand, I64Attr:$size, DefaultValuedAttr<F32Attr, "1e-4f">:$alpha,
                       DefaultValuedAttr<F32Attr, "0.75f">:$beta, DefaultValuedAttr<F32Attr, "1.0f">:$bias);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "LRN";
  let cost = "Normalization";
  let infer = "normalization::local_response(call)";
  let reference = "normalization::local_response(call)";
  let lowering = "normalization::local_response(call)";
}
