// Activation functions: floating-point functions of one element, some with parameters.

// `names` lists the parameters, attributes of kind F32Attr. `R` is the function of the reference evaluator, of the
// element and an array of the parameters; `L` is the emitter of the lowering.
class Hwc_Parametric<string mnemonic, string onnxName, dag parameters, string names, string R, string L>
    : Hwc_Op<mnemonic> {
  let arguments = !con((ins Hwc_Tensor:$operand), parameters);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::float_unary(call)";
  let reference = "elementwise::parametric(call, [" # names # "], " # R # ")";
  let lowering = "elementwise::parametric(call, [" # names # "], " # L # ")";
}

def Hwc_ReluOp : Hwc_NumericUnary<"relu", "Relu", "|x| if x < 0.0 { 0.0 } else { x }", "|x| x.max(0)", "scalar::relu"> {
  let summary = "max(x, 0); NaN stays NaN";
}
def Hwc_SigmoidOp : Hwc_FloatUnary<"sigmoid", "Sigmoid", "scalar::sigmoid", "activation::sigmoid"> {
  let summary = "1 / (1 + exp(-x))";
}
def Hwc_SoftplusOp : Hwc_FloatUnary<"softplus", "Softplus", "scalar::softplus", "activation::softplus"> {
  let summary = "log(1 + exp(x)), computed without overflow";
}
def Hwc_SoftsignOp : Hwc_FloatUnary<"softsign", "Softsign", "|x| x / (1.0 + x.abs())", "activation::softsign"> {
  let summary = "x / (1 + |x|)";
}
def Hwc_MishOp : Hwc_FloatUnary<"mish", "Mish", "scalar::mish", "activation::mish"> {
  let summary = "x * tanh(softplus(x))";
}
def Hwc_LeakyReluOp : Hwc_Parametric<"leaky_relu", "LeakyRelu", (ins DefaultValuedAttr<F32Attr, "0.01f">:$alpha),
    [{"alpha"}], "|x, [alpha]| if x < 0.0 { alpha * x } else { x }", "activation::leaky_relu"> {
  let summary = "x where it is not negative, else alpha * x";
}
def Hwc_EluOp : Hwc_Parametric<"elu", "Elu", (ins DefaultValuedAttr<F32Attr, "1.0f">:$alpha),
    [{"alpha"}], "|x, [alpha]| if x < 0.0 { alpha * x.exp_m1() } else { x }", "activation::elu"> {
  let summary = "x where it is not negative, else alpha * (exp(x) - 1)";
}
def Hwc_SeluOp : Hwc_Parametric<"selu", "Selu",
    (ins DefaultValuedAttr<F32Attr, "1.6732632f">:$alpha,
         DefaultValuedAttr<F32Attr, "1.050701f">:$gamma),
    [{"alpha", "gamma"}], "|x, [alpha, gamma]| gamma * if x < 0.0 { alpha * x.exp_m1() } else { x }", "activation::selu"> {
  let summary = "gamma * x where x is not negative, else gamma * alpha * (exp(x) - 1)";
}
def Hwc_CeluOp : Hwc_Parametric<"celu", "Celu", (ins DefaultValuedAttr<F32Attr, "1.0f">:$alpha),
    [{"alpha"}], "|x, [alpha]| if x < 0.0 { alpha * (x / alpha).exp_m1() } else { x }", "activation::celu"> {
  let summary = "x where it is not negative, else alpha * (exp(x / alpha) - 1)";
}
def Hwc_HardSigmoidOp : Hwc_Parametric<"hard_sigmoid", "HardSigmoid",
    (ins DefaultValuedAttr<F32Attr, "0.2f">:$alpha, DefaultValuedAttr<F32Attr, "0.5f">:$beta),
    [{"alpha", "beta"}], "|x, [alpha, beta]| (alpha * x + beta).clamp(0.0, 1.0)", "activation::hard_sigmoid"> {
  let summary = "alpha * x + beta, limited to [0, 1]";
}
def Hwc_HardSwishOp : Hwc_FloatUnary<"hard_swish", "HardSwish", "|x| x * (x / 6.0 + 0.5).clamp(0.0, 1.0)",
    "activation::hard_swish"> {
  let summary = "x * (x / 6 + 1 / 2), the second factor limited to [0, 1]";
}
def Hwc_SwishOp : Hwc_Parametric<"swish", "Swish", (ins DefaultValuedAttr<F32Attr, "1.0f">:$alpha),
    [{"alpha"}], "|x, [alpha]| x * scalar::sigmoid(alpha * x)", "activation::swish"> {
  let summary = "x * sigmoid(alpha * x)";
}
def Hwc_ThresholdedReluOp : Hwc_Parametric<"thresholded_relu", "ThresholdedRelu",
    (ins DefaultValuedAttr<F32Attr, "1.0f">:$alpha),
    [{"alpha"}], "|x, [alpha]| if x > alpha { x } else { 0.0 }", "activation::thresholded_relu"> {
  let summary = "x where it is above alpha, else 0";
}
def Hwc_ShrinkOp : Hwc_Parametric<"shrink", "Shrink",
    (ins DefaultValuedAttr<F32Attr, "0.5f">:$lambd, DefaultValuedAttr<F32Attr, "0.0f">:$bias),
    [{"lambd", "bias"}], "scalar::shrink", "activation::shrink"> {
  let summary = "x + bias where x is below -lambd, x - bias where it is above lambd, else 0";
}

def Hwc_GeluOp : Hwc_Op<"gelu"> {
  let summary = "x times the normal distribution function of x";
  let description = [{
    With `approximate = "none"` it is `x / 2 * (1 + erf(x / sqrt(2)))`, with `"tanh"`
    `x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x^3)))`.
  }];
  let arguments = (ins Hwc_Tensor:$operand, DefaultValuedAttr<StrAttr, "\"none\"">:$approximate);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Gelu";
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::gelu(call)";
  let reference = "elementwise::gelu(call)";
  let lowering = "elementwise::gelu(call)";
}
