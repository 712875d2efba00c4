// Reductions over sliding windows and over regions. See Convolution.td for `strides`, `dilations` and `pads`.

// `[N, C, D...] -> [N, C, O...]` with O as for a convolution; rounded up under `ceil_mode`, save for a last window that
// would start in the padding after the data. With `channels_last` it is `[N, D..., C] -> [N, O..., C]`.
class Hwc_Pool<string mnemonic, string function, dag own = (ins)> : Hwc_Windowed<mnemonic> {
  let arguments = !con((ins Hwc_Tensor:$input, DenseI64ArrayAttr:$kernel), window,
                       (ins DefaultValuedAttr<BoolAttr, "false">:$ceil_mode), own);
  let results = (outs Hwc_Tensor:$result);
  let cost = "Pooling";
  let infer = "pooling::" # function # "(call)";
  let reference = "pooling::" # function # "(call)";
  let lowering = "pooling::" # function # "(call)";
}

def Hwc_MaxPoolOp : Hwc_Pool<"max_pool", "max_pool", channelsLast> {
  let summary = "Largest element of each window";
  let description = [{
    Padding is never chosen; a window of nothing but padding gives the lowest value of the type. NaN wins.

    ```mlir
    %0 = hwc.max_pool %x {kernel = array<i64: 2, 2>, strides = array<i64: 2, 2>} : (tensor<1x3x8x8xf32>) -> tensor<1x3x4x4xf32>
    ```
  }];
  let onnx = "MaxPool";
  let order = "Image";
}

def Hwc_MaxPoolWithIndicesOp : Hwc_Pool<"max_pool_with_indices", "max_pool_with_indices",
                                        (ins DefaultValuedAttr<BoolAttr, "false">:$column_major)> {
  let summary = "Largest element of each window and where it stands";
  let description = [{
    As `max_pool`. The second result, i64, is the first position of the largest element, counted row-major through the
    whole input; with `column_major` the spatial dimensions are counted with the first one fastest. It is -1 where the
    window has nothing but padding.
  }];
  let results = (outs Hwc_Tensor:$result, Hwc_Tensor:$indices);
}

def Hwc_AveragePoolOp : Hwc_Pool<"average_pool", "average_pool",
                                 !con((ins DefaultValuedAttr<BoolAttr, "false">:$count_include_pad), channelsLast)> {
  let summary = "Mean of each window";
  let description = [{
    The sum is divided by the number of elements that are not padding, with `count_include_pad` by the number of those
    within the input and `pads`, where what `ceil_mode` appends does not count.
  }];
  let onnx = "AveragePool";
  let order = "Image";
}

def Hwc_LpPoolOp : Hwc_Pool<"lp_pool", "lp_pool", !con((ins DefaultValuedAttr<I64Attr, "2">:$p), channelsLast)> {
  let summary = "p-norm of each window";
  let description = [{
    `sum(|x|^p)^(1/p)`, p at least 1; padding counts as zero.
  }];
  let onnx = "LpPool";
  let order = "Image";
}

def Hwc_MaxUnpoolOp : Hwc_Op<"max_unpool"> {
  let summary = "Elements written to given positions of zeros";
  let description = [{
    The result has the shape `shape`; `indices`, of the shape of `input`, are i64 positions in it, counted row-major. Of
    several elements at one position the last is kept; what lies outside of the result is dropped.
  }];
  let arguments = (ins Hwc_Tensor:$input, Hwc_Tensor:$indices, DenseI64ArrayAttr:$shape);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "MaxUnpool";
  let cost = "Gather";
  let infer = "pooling::max_unpool(call)";
  let reference = "pooling::max_unpool(call)";
  let lowering = "regions::max_unpool(call)";
}

def Hwc_RoiAlignOp : Hwc_Op<"roi_align"> {
  let summary = "Mean or maximum of bilinear samples in each bin of each region";
  let description = [{
    Regions `[R, 4]` are `(x1, y1, x2, y2)`, scaled by `spatial_scale`, in the images `[N, C, H, W]` that
    `batch_indices`, `[R]` of i64, name; the result is `[R, C, output_height, output_width]`. Each bin has
    `sampling_ratio` samples a dimension, or, if that is 0, the size of a bin rounded up. `half_pixel` shifts regions by
    half a pixel; without it a region has a size of 1 at least. `mode` is `avg` or `max`; `max` is that of the four
    weighted neighbours of each sample. A batch index outside of `0..N` gives zeros.
  }];
  let arguments = (ins Hwc_Tensor:$input, Hwc_Tensor:$rois, Hwc_Tensor:$batch_indices,
                       I64Attr:$output_height, I64Attr:$output_width,
                       DefaultValuedAttr<I64Attr, "0">:$sampling_ratio,
                       DefaultValuedAttr<F32Attr, "1.0">:$spatial_scale,
                       DefaultValuedAttr<BoolAttr, "true">:$half_pixel,
                       DefaultValuedAttr<StrAttr, "\"avg\"">:$mode);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "RoiAlign";
  let cost = "Gather";
  let infer = "regions::roi_align(call)";
  let reference = "regions::roi_align(call)";
  let lowering = "regions::roi_align(call)";
}

def Hwc_MaxRoiPoolOp : Hwc_Op<"max_roi_pool"> {
  let summary = "Largest element of each bin of each region";
  let description = [{
    Regions `[R, 5]` are `(image, x1, y1, x2, y2)`, scaled by `spatial_scale` and rounded half away from zero, both ends
    included; the result is `[R, C, output_height, output_width]`. An empty bin gives 0.
  }];
  let arguments = (ins Hwc_Tensor:$input, Hwc_Tensor:$rois, I64Attr:$output_height, I64Attr:$output_width,
                       DefaultValuedAttr<F32Attr, "1.0">:$spatial_scale);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "MaxRoiPool";
  let cost = "Gather";
  let infer = "regions::max_roi_pool(call)";
  let reference = "regions::max_roi_pool(call)";
  let lowering = "regions::max_roi_pool(call)";
}
