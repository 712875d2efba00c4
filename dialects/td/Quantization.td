// Conversions between element types.

def Hwc_CastOp : Hwc_Op<"cast"> {
  let summary = "The elements converted to another type";
  let description = [{
    - To `i1`: true unless zero; NaN is true.
    - Integers to integers: the higher bits are dropped.
    - To floats: the nearest value, ties to even. Beyond the largest value `f64`, `f32`, `f16` and `bf16` have infinity.
      The narrower types have the largest value where `saturate`, else infinity, or NaN if they have no infinity;
      `f4E2M1FN` always saturates. To `f8E8M0FNU` magnitudes round `"up"`, `"down"` or to `"nearest"` (ties up) by
      `round_mode`.
    - Floats to integers: truncated towards zero, NaN to 0. `i32`, `i64` and `ui64` saturate; a value outside of a
      narrower type is first an `i32` (`i64` for `ui32`), of which the higher bits are dropped, and a negative one is
      an `i64` on its way to `ui64`.
  }];
  let arguments = (ins Hwc_Tensor:$operand, TypeAttr:$to, DefaultValuedAttr<BoolAttr, "true">:$saturate,
                       DefaultValuedAttr<StrAttr, "\"up\"">:$round_mode);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "";
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "quantization::cast(call)";
  let reference = "quantization::cast(call)";
  let lowering = "quantization::cast(call)";
}

// The scale and the zero point are both of one element, or one per index of `axis`, or one per block of `block_size`
// indices of `axis`, which is where `block_size` is not 0.
class Hwc_Quantization<string mnemonic> : Hwc_Op<mnemonic> {
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat =
      "$operand `,` $scale (`zero_point` $zero_point^)? attr-dict `:` functional-type(operands, results)";
  let onnx = "";
  let cost = "Elementwise";
  let order = "Named";
  let infer = "quantization::" # mnemonic # "(call)";
  let reference = "quantization::" # mnemonic # "(call)";
  let lowering = "quantization::" # mnemonic # "(call)";
}

def Hwc_QuantizeLinearOp : Hwc_Quantization<"quantize_linear"> {
  let summary = "x / scale + zero_point, rounded and saturated to the type `to`";
  let description = [{
    The quotient is rounded to the type `precision`, by default the wider of the operand's and the scale's (`f32` if the
    operand is an integer). For an integer type it is then rounded to the nearest integer, ties to even, before the zero
    point is added, and the sum is limited to the range of the type; NaN has the least value. For a floating-point type
    the sum with the zero point is rounded once, as by `hwc.cast`.

    ```mlir
    %1 = hwc.quantize_linear %0, %scale zero_point %zero {to = ui8}
       : (tensor<2x3xf32>, tensor<f32>, tensor<ui8>) -> tensor<2x3xui8>
    ```
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$scale, Optional<Hwc_Tensor>:$zero_point, TypeAttr:$to,
                       DefaultValuedAttr<I64Attr, "1">:$axis, DefaultValuedAttr<I64Attr, "0">:$block_size,
                       DefaultValuedAttr<BoolAttr, "true">:$saturate, OptionalAttr<TypeAttr>:$precision);
}

def Hwc_DequantizeLinearOp : Hwc_Quantization<"dequantize_linear"> {
  let summary = "(x - zero_point) * scale, of the type `to`";
  let description = "The difference is exact; the product is rounded once.";
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$scale, Optional<Hwc_Tensor>:$zero_point, TypeAttr:$to,
                       DefaultValuedAttr<I64Attr, "1">:$axis, DefaultValuedAttr<I64Attr, "0">:$block_size);
}
