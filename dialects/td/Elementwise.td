// Operators that compute each element of the result from one element of each operand.

// `R` is the function of the reference evaluator on scalars, `L` the emitter of the lowering.
class Hwc_FloatUnary<string mnemonic, string onnxName, string R, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$operand);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let infer = "elementwise::float_unary(call)";
  let reference = "elementwise::float_unary(call, " # R # ")";
  let lowering = "elementwise::unary(call, " # L # ")";
}

// Operands broadcast against each other as in numpy and have one element type.
class Hwc_Arithmetic<string mnemonic, string onnxName, string float, string integer, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$lhs, Hwc_Tensor:$rhs);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let infer = "elementwise::arithmetic(call)";
  let reference = "elementwise::arithmetic(call, " # float # ", " # integer # ")";
  let lowering = "elementwise::binary(call, " # L # ")";
}

def Hwc_ExpOp : Hwc_FloatUnary<"exp", "Exp", "f64::exp", "scalar::exp"> {
  let summary = "e raised to each element";
}

def Hwc_ReluOp : Hwc_Op<"relu"> {
  let summary = "max(x, 0); NaN stays NaN";
  let arguments = (ins Hwc_Tensor:$operand);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Relu";
  let cost = "Elementwise";
  let infer = "elementwise::numeric_unary(call)";
  let reference = "elementwise::numeric_unary(call, |x| if x < 0.0 { 0.0 } else { x }, |x| x.max(0))";
  let lowering = "elementwise::unary(call, scalar::relu)";
}

def Hwc_AddOp : Hwc_Arithmetic<"add", "Add", "|a, b| a + b", "|a, b| a + b", "scalar::add"> {
  let summary = "a + b; integers wrap";
}
