// Arithmetic: operators that compute each element of the result from one element of each operand.

// `R` is the function of the reference evaluator on scalars, `L` the emitter of the lowering.
class Hwc_FloatUnary<string mnemonic, string onnxName, string R, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$operand);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::float_unary(call)";
  let reference = "elementwise::float_unary(call, " # R # ")";
  let lowering = "elementwise::unary(call, " # L # ")";
}

// `float` and `integer` are what the reference evaluator computes for elements of either kind.
class Hwc_NumericUnary<string mnemonic, string onnxName, string float, string integer, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$operand);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::numeric_unary(call)";
  let reference = "elementwise::numeric_unary(call, " # float # ", " # integer # ")";
  let lowering = "elementwise::unary(call, " # L # ")";
}

// Operands broadcast against each other as in numpy and have one element type.
class Hwc_Arithmetic<string mnemonic, string onnxName, string float, string integer, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$lhs, Hwc_Tensor:$rhs);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::arithmetic(call)";
  let reference = "elementwise::arithmetic(call, " # float # ", " # integer # ")";
  let lowering = "elementwise::binary(call, " # L # ")";
}

// One operand.

def Hwc_AbsOp : Hwc_NumericUnary<"abs", "Abs", "f64::abs", "i128::abs", "scalar::abs"> {
  let summary = "|x|; that of the least integer wraps to itself";
}
def Hwc_NegOp : Hwc_NumericUnary<"neg", "Neg", "|x| -x", "|x| -x", "scalar::neg"> {
  let summary = "-x; integers wrap";
}
def Hwc_SignOp : Hwc_NumericUnary<"sign", "Sign", "scalar::sign", "i128::signum", "scalar::sign"> {
  let summary = "-1, 0 or 1 as the element is negative, zero or positive; NaN stays NaN";
}
def Hwc_FloorOp : Hwc_FloatUnary<"floor", "Floor", "f64::floor", "scalar::floor"> {
  let summary = "The largest integer that is not above the element";
}
def Hwc_CeilOp : Hwc_FloatUnary<"ceil", "Ceil", "f64::ceil", "scalar::ceil"> {
  let summary = "The smallest integer that is not below the element";
}
def Hwc_RoundOp : Hwc_FloatUnary<"round", "Round", "f64::round_ties_even", "scalar::round"> {
  let summary = "The nearest integer, the even one of two";
}
def Hwc_SqrtOp : Hwc_FloatUnary<"sqrt", "Sqrt", "f64::sqrt", "scalar::sqrt"> {
  let summary = "Square root; NaN for negative elements";
}
def Hwc_ReciprocalOp : Hwc_FloatUnary<"reciprocal", "Reciprocal", "f64::recip", "scalar::reciprocal"> {
  let summary = "1 / x";
}
def Hwc_ExpOp : Hwc_FloatUnary<"exp", "Exp", "f64::exp", "scalar::exp"> {
  let summary = "e raised to each element";
}
def Hwc_LogOp : Hwc_FloatUnary<"log", "Log", "f64::ln", "scalar::log"> {
  let summary = "Natural logarithm; NaN for negative elements";
}
def Hwc_SinOp : Hwc_FloatUnary<"sin", "Sin", "f64::sin", "scalar::sin"> {
  let summary = "Sine of radians";
}
def Hwc_CosOp : Hwc_FloatUnary<"cos", "Cos", "f64::cos", "scalar::cos"> {
  let summary = "Cosine of radians";
}
def Hwc_TanOp : Hwc_FloatUnary<"tan", "Tan", "f64::tan", "scalar::tan"> {
  let summary = "Tangent of radians";
}
def Hwc_AsinOp : Hwc_FloatUnary<"asin", "Asin", "f64::asin", "scalar::asin"> {
  let summary = "Inverse sine in radians; NaN outside of [-1, 1]";
}
def Hwc_AcosOp : Hwc_FloatUnary<"acos", "Acos", "f64::acos", "scalar::acos"> {
  let summary = "Inverse cosine in radians; NaN outside of [-1, 1]";
}
def Hwc_AtanOp : Hwc_FloatUnary<"atan", "Atan", "f64::atan", "scalar::atan"> {
  let summary = "Inverse tangent in radians";
}
def Hwc_SinhOp : Hwc_FloatUnary<"sinh", "Sinh", "f64::sinh", "scalar::sinh"> {
  let summary = "Hyperbolic sine";
}
def Hwc_CoshOp : Hwc_FloatUnary<"cosh", "Cosh", "f64::cosh", "scalar::cosh"> {
  let summary = "Hyperbolic cosine";
}
def Hwc_TanhOp : Hwc_FloatUnary<"tanh", "Tanh", "f64::tanh", "scalar::tanh"> {
  let summary = "Hyperbolic tangent";
}
def Hwc_AsinhOp : Hwc_FloatUnary<"asinh", "Asinh", "libm::asinh", "scalar::asinh"> {
  let summary = "Inverse hyperbolic sine";
}
def Hwc_AcoshOp : Hwc_FloatUnary<"acosh", "Acosh", "libm::acosh", "scalar::acosh"> {
  let summary = "Inverse hyperbolic cosine; NaN below 1";
}
def Hwc_AtanhOp : Hwc_FloatUnary<"atanh", "Atanh", "libm::atanh", "scalar::atanh"> {
  let summary = "Inverse hyperbolic tangent; NaN outside of [-1, 1]";
}
def Hwc_ErfOp : Hwc_FloatUnary<"erf", "Erf", "libm::erf", "scalar::erf"> {
  let summary = "Error function, 2 / sqrt(pi) times the integral of exp(-t^2) from 0 to x";
}

// Two operands.

def Hwc_AddOp : Hwc_Arithmetic<"add", "Add", "|a, b| a + b", "|a, b| a + b", "scalar::add"> {
  let summary = "a + b; integers wrap";
}
def Hwc_SubOp : Hwc_Arithmetic<"sub", "Sub", "|a, b| a - b", "|a, b| a - b", "scalar::sub"> {
  let summary = "a - b; integers wrap";
}
def Hwc_MulOp : Hwc_Arithmetic<"mul", "Mul", "|a, b| a * b", "i128::wrapping_mul", "scalar::mul"> {
  let summary = "a * b; integers wrap";
}
def Hwc_DivOp : Hwc_Arithmetic<"div", "Div", "|a, b| a / b", "scalar::divide", "scalar::div"> {
  let summary = "a / b; integers round towards zero";
  let description = [{
    An integer divided by zero is 0, and the least integer divided by -1 is itself; neither stops the program.
  }];
}
def Hwc_ModOp : Hwc_Arithmetic<"mod", "", "|_, _| f64::NAN", "scalar::modulo", "scalar::modulo"> {
  let summary = "The remainder of integers with the sign of the divisor; modulo zero it is 0";
  let infer = "elementwise::integer_arithmetic(call)";
}
def Hwc_FmodOp : Hwc_Arithmetic<"fmod", "", "|a, b| a % b", "scalar::remainder", "scalar::fmod"> {
  let summary = "The remainder with the sign of the dividend, as C's `fmod`; an integer modulo zero is 0";
}
def Hwc_MinOp : Hwc_Arithmetic<"min", "", "scalar::minimum", "i128::min", "scalar::min"> {
  let summary = "The smaller of two; NaN where either is NaN";
}
def Hwc_MaxOp : Hwc_Arithmetic<"max", "", "scalar::maximum", "i128::max", "scalar::max"> {
  let summary = "The larger of two; NaN where either is NaN";
}
def Hwc_PreluOp : Hwc_Arithmetic<"prelu", "PRelu", "|x, slope| if x < 0.0 { slope * x } else { x }",
    "|x, slope| if x < 0 { slope.wrapping_mul(x) } else { x }", "scalar::prelu"> {
  let summary = "x where it is not negative, else slope * x; the slope broadcasts to x, not x to the slope";
  let arguments = (ins Hwc_Tensor:$operand, Hwc_Tensor:$slope);
  let infer = "elementwise::prelu(call)";
}

def Hwc_PowOp : Hwc_Op<"pow"> {
  let summary = "a raised to b; the result has the type of a";
  let description = [{
    Integers wrap; an integer with a negative exponent rounds towards zero, and 0 with one is 0. An integer with a
    floating-point exponent is computed in `f64` and converted as by `hwc.cast`.
  }];
  let arguments = (ins Hwc_Tensor:$base, Hwc_Tensor:$exponent);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Pow";
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::pow(call)";
  let reference = "elementwise::pow(call)";
  let lowering = "elementwise::pow(call)";
}

def Hwc_ClipOp : Hwc_Op<"clip", [AttrSizedOperandSegments]> {
  let summary = "min(max(x, low), high); NaN stays NaN, and a bound of NaN limits nothing";
  let description = [{
    Either bound may be absent; each is a tensor of one element, of the type of the operand. Where low is above high
    the result is high.

    ```mlir
    %1 = hwc.clip %0 min %low max %high : (tensor<4xf32>, tensor<f32>, tensor<f32>) -> tensor<4xf32>
    ```
  }];
  let arguments = (ins Hwc_Tensor:$operand, Optional<Hwc_Tensor>:$min, Optional<Hwc_Tensor>:$max);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat =
      "$operand (`min` $min^)? (`max` $max^)? attr-dict `:` functional-type(operands, results)";
  let onnx = "";
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::clip(call)";
  let reference = "elementwise::clip(call)";
  let lowering = "elementwise::clip(call)";
}
