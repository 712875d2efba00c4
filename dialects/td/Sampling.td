// Operators that interpolate between elements.

def Hwc_ResizeOp : Hwc_Op<"resize"> {
  let summary = "Interpolation to another size along some axes";
  let description = [{
    Each of the distinct `axes` is resampled on its own. Exactly one of `sizes` (elements) and `scales` (result per
    operand) is given, one entry per axis. Under `scales` the size is `floor(size * scale)`. Under `sizes` the scale is
    the quotient, and `policy` may adapt the sizes to one scale: `stretch` takes them as they are, `not_larger` and
    `not_smaller` keep the aspect ratio and take them as upper or lower bounds.

    `coordinates` says where in the operand an element of the result lies, and is one of `half_pixel`,
    `half_pixel_symmetric`, `pytorch_half_pixel`, `align_corners`, `asymmetric`, `tf_crop_and_resize` as in ONNX. The
    last takes the part from `roi[i]` to `roi[n + i]` of axis `axes[i]` of `n`, in units of its extent, and gives
    `extrapolation` where that lies outside of the operand.

    `mode` is `nearest` (rounding as in `nearest`: `round_prefer_floor`, `round_prefer_ceil`, `floor`, `ceil`), `linear`
    or `cubic` (with the coefficient `cubic_a`). Elements outside of the operand are the nearest inside, or, with
    `exclude_outside`, have no weight. `antialias` widens the filter where the scale is below one.

    Integer results are rounded to the nearest, ties to even, and clamped.
  }];
  let arguments = (ins Hwc_Tensor:$operand, DenseI64ArrayAttr:$axes, OptionalAttr<DenseI64ArrayAttr>:$sizes,
    OptionalAttr<DenseF32ArrayAttr>:$scales, OptionalAttr<DenseF32ArrayAttr>:$roi,
    DefaultValuedStrAttr<StrAttr, "nearest">:$mode, DefaultValuedStrAttr<StrAttr, "half_pixel">:$coordinates,
    DefaultValuedStrAttr<StrAttr, "round_prefer_floor">:$nearest, DefaultValuedStrAttr<StrAttr, "stretch">:$policy,
    DefaultValuedAttr<F32Attr, "-0.75f">:$cubic_a, DefaultValuedAttr<F32Attr, "0.0f">:$extrapolation,
    DefaultValuedAttr<BoolAttr, "false">:$exclude_outside, DefaultValuedAttr<BoolAttr, "false">:$antialias);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Resize";
  let cost = "Pooling";
  let order = "Named";
  let infer = "resize::resize(call)";
  let reference = "resize::resize(call)";
  let lowering = "resize::resize(call)";
}

def Hwc_GridSampleOp : Hwc_Op<"grid_sample"> {
  let summary = "Interpolation at positions given by a tensor";
  let description = [{
    `operand` is `N x C x D1 x .. x Dr` with `r` from 1 to 3, `grid` is `N x E1 x .. x Er x r`, the result
    `N x C x E1 x .. x Er`. The grid's last dimension holds a position, coordinate of `Dr` first, in which -1 and 1 are
    the ends of the axis: the centers of its outermost elements with `align_corners`, their outer borders without.

    `mode` is `linear`, `nearest` (ties to even) or `cubic` (coefficient -0.75). `padding` says what lies outside:
    `zeros`, the nearest element (`border`), or the operand mirrored at its ends (`reflection`). A position that is NaN
    reads like one far outside.
  }];
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$grid, DefaultValuedStrAttr<StrAttr, "linear">:$mode,
    DefaultValuedStrAttr<StrAttr, "zeros">:$padding, DefaultValuedAttr<BoolAttr, "false">:$align_corners);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "GridSample";
  let cost = "Gather";
  let infer = "grid::grid_sample(call)";
  let reference = "grid::grid_sample(call)";
  let lowering = "grid::grid_sample(call)";
}
