// Fourier transforms. Complex numbers are a last dimension of two: real part, imaginary part.

def Hwc_DftOp : Hwc_Op<"dft"> {
  let summary = "Discrete Fourier transform along an axis";
  let description = [{
    `y[k] = sum over j of x[j] exp(-2 pi i j k / n)`; with `inverse` the exponent is positive and the sum divided by
    `n`. The operand's last dimension is 1 (real) or 2 (complex), the result's is 2. `n` is `length`, by default the
    size of the axis; the operand is cut or padded with zeros to it. With `onesided` only the first `n / 2 + 1` elements
    of the result are kept.
  }];
  let arguments = (ins Hwc_Tensor:$operand, I64Attr:$axis, OptionalAttr<I64Attr>:$length,
    DefaultValuedAttr<BoolAttr, "false">:$inverse, DefaultValuedAttr<BoolAttr, "false">:$onesided);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "DFT";
  let cost = "Contraction";
  let infer = "spectral::dft(call)";
  let reference = "spectral::dft(call)";
  let lowering = "spectral::dft(call)";
}
