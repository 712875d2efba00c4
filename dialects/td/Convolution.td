// Sums of products over sliding windows.
//
// Images are `[N, C, D1, ..., Dk]` with one or more spatial dimensions. `strides` and `dilations` have one element a
// spatial dimension, or none, which means ones; `pads` has all the sizes before and then all those after, or none,
// which means zeros.

// What every window has.
class Hwc_Windowed<string mnemonic, list<Trait> traits = []> : Hwc_Op<mnemonic, traits> {
  dag window = (ins DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$strides,
                    DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$dilations,
                    DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$pads);
}

// Of operators on images whose channels may come last; their column `order` is "Image".
defvar channelsLast = (ins DefaultValuedAttr<BoolAttr, "false">:$channels_last);

def Hwc_ConvOp : Hwc_Windowed<"conv"> {
  let summary = "Convolution, grouped, dilated and padded with zeros";
  let description = [{
    `[N, G*C, D...] * [G*M, C, K...] -> [N, G*M, O...]` with
    `O = (D + pad_before + pad_after - ((K - 1) * dilation + 1)) / stride + 1`, rounded down. `bias` is `[G*M]`.
    As everywhere in machine learning the filter is not flipped. With `channels_last` it is
    `[N, D..., G*C] * [K..., C, G*M] -> [N, O..., G*M]`.

    ```mlir
    %0 = hwc.conv %x, %w bias %b {pads = array<i64: 1, 1, 1, 1>} : (tensor<1x3x8x8xf32>, tensor<4x3x3x3xf32>, tensor<4xf32>) -> tensor<1x4x8x8xf32>
    ```
  }];
  let arguments = !con((ins Hwc_Tensor:$input, Hwc_Tensor:$filter, Optional<Hwc_Tensor>:$bias), window,
                       (ins DefaultValuedAttr<I64Attr, "1">:$group), channelsLast);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`bias` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
  let onnx = "Conv";
  let order = "Image";
  let cost = "Convolution";
  let infer = "convolution::conv(call)";
  let reference = "convolution::conv(call)";
  let lowering = "convolution::conv(call)";
}

def Hwc_WinogradConvOp : Hwc_Op<"winograd_conv"> {
  let summary = "Convolution of 3 by 3 taps by Winograd's algorithm, of a filter that is transformed already";
  let description = [{
    `[N, D1, D2, C] * [6, 6, C, F] -> [N, O1, O2, F]` of f32, with `O = D + pad_before + pad_after - 2`. The filter is
    `G w G^T` of the taps `w` for each channel and filter; the module `winograd` of the dialect's crate has the matrix.
    `bias` is `[F]`.
  }];
  let arguments = (ins Hwc_Tensor:$input, Hwc_Tensor:$filter, Optional<Hwc_Tensor>:$bias,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$pads);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`bias` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
  let cost = "Convolution";
  let infer = "convolution::winograd_conv(call)";
  let reference = "winograd::conv(call)";
  let lowering = "winograd::conv(call)";
}

def Hwc_ConvIntegerOp : Hwc_Windowed<"conv_integer", [AttrSizedOperandSegments]> {
  let summary = "Convolution of 8-bit integers less their zero points, in i32";
  let description = [{
    `conv(input - input_zero, filter - filter_zero)`, computed in i32, which wraps. The operands may differ in
    signedness. A zero point has the element type of its operand: `input_zero` is one element, `filter_zero` one element
    or one an output channel. What is padded counts as nothing, that is, holds the zero point.
  }];
  let arguments = !con((ins Hwc_Tensor:$input, Hwc_Tensor:$filter, Optional<Hwc_Tensor>:$input_zero,
                            Optional<Hwc_Tensor>:$filter_zero), window,
                       (ins DefaultValuedAttr<I64Attr, "1">:$group));
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`input_zero` $input_zero^)? (`filter_zero` $filter_zero^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let onnx = "ConvInteger";
  let cost = "Convolution";
  let infer = "convolution::conv_integer(call)";
  let reference = "convolution::conv_integer(call)";
  let lowering = "convolution::conv_integer(call)";
}

def Hwc_ConvTransposeOp : Hwc_Windowed<"conv_transpose"> {
  let summary = "Transposed convolution: each input element adds a scaled filter to the result";
  let description = [{
    `[N, G*C, D...] * [G*C, M, K...] -> [N, G*M, O...]` with
    `O = (D - 1) * stride + (K - 1) * dilation + 1 + output_padding - pad_before - pad_after`: `pads` are cut off and
    `output_padding` zeros are appended before that. `bias` is `[G*M]`. With `channels_last` it is
    `[N, D..., G*C] * [K..., G*C, M] -> [N, O..., G*M]`.
  }];
  let arguments = !con((ins Hwc_Tensor:$input, Hwc_Tensor:$filter, Optional<Hwc_Tensor>:$bias), window,
                       (ins DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$output_padding,
                            DefaultValuedAttr<I64Attr, "1">:$group), channelsLast);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter (`bias` $bias^)? attr-dict `:` functional-type(operands, results)
  }];
  let onnx = "ConvTranspose";
  let order = "Image";
  let cost = "Convolution";
  let infer = "transposed::conv_transpose(call)";
  let reference = "transposed::conv_transpose(call)";
  let lowering = "transposed::conv_transpose(call)";
}

def Hwc_Col2ImOp : Hwc_Windowed<"col2im"> {
  let summary = "Adds the columns of sliding blocks back into an image";
  let description = [{
    `[N, C * B1*...*Bk, L] -> [N, C, I1, ..., Ik]` with the blocks' sizes `B` and the image's sizes `I`. Column `l` is
    the block at the `l`-th position, row-major, of a window that slides over the padded image.
  }];
  let arguments = !con((ins Hwc_Tensor:$operand, DenseI64ArrayAttr:$image_shape, DenseI64ArrayAttr:$block_shape),
                       window);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Col2Im";
  let cost = "Movement";
  let infer = "transposed::col2im(call)";
  let reference = "transposed::col2im(call)";
  let lowering = "transposed::col2im(call)";
}

def Hwc_DeformConvOp : Hwc_Windowed<"deform_conv", [AttrSizedOperandSegments]> {
  let summary = "Convolution that samples its input at learned offsets";
  let description = [{
    As `conv` in two spatial dimensions, but tap `(i, j)` of output `(y, x)` reads at
    `(y * stride + i * dilation - pad + dy, x * stride + j * dilation - pad + dx)` by bilinear interpolation, zero
    outside, times `mask`. `offset` is `[N, H * K1*K2 * 2, O1, O2]`, the pair of a tap being `(dy, dx)`, and `mask`
    `[N, H * K1*K2, O1, O2]`, where the input channels are divided into `H` (`offset_group`) groups.
  }];
  let arguments = !con((ins Hwc_Tensor:$input, Hwc_Tensor:$filter, Hwc_Tensor:$offset, Optional<Hwc_Tensor>:$bias,
                            Optional<Hwc_Tensor>:$mask), window,
                       (ins DefaultValuedAttr<I64Attr, "1">:$group, DefaultValuedAttr<I64Attr, "1">:$offset_group));
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = [{
    $input `,` $filter `,` $offset (`bias` $bias^)? (`mask` $mask^)? attr-dict `:` functional-type(operands, results)
  }];
  let onnx = "DeformConv";
  let cost = "Convolution";
  let infer = "deformable::deform_conv(call)";
  let reference = "deformable::deform_conv(call)";
  let lowering = "deformable::deform_conv(call)";
}
