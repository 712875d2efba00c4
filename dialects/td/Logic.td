// Comparisons, logic on `i1`, and operations on the bits of integers.

// Operands broadcast and have one element type; the result is `i1`.
class Hwc_Comparison<string mnemonic, string onnxName, string float, string integer, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$lhs, Hwc_Tensor:$rhs);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::comparison(call)";
  let reference = "elementwise::comparison(call, " # float # ", " # integer # ")";
  let lowering = "elementwise::binary(call, " # L # ")";
}

// `kind` is the type inference: of `i1`, or of integers.
class Hwc_Bitwise<string mnemonic, string onnxName, string kind, string R, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$lhs, Hwc_Tensor:$rhs);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = kind # "(call)";
  let reference = "elementwise::integer_binary(call, " # R # ")";
  let lowering = "elementwise::binary(call, " # L # ")";
}

// A question about each element of a floating-point tensor; the result is `i1`.
class Hwc_Predicate<string mnemonic, string onnxName> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$operand);
  let results = (outs Hwc_Tensor:$result);
  let onnx = onnxName;
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::predicate(call)";
}

def Hwc_EqualOp : Hwc_Comparison<"equal", "Equal", "|a, b| a == b", "|a, b| a == b", "scalar::equal"> {
  let summary = "a == b, also of `i1`; NaN equals nothing";
  let infer = "elementwise::equality(call)";
}
def Hwc_LessOp : Hwc_Comparison<"less", "Less", "|a, b| a < b", "|a, b| a < b", "scalar::less"> {
  let summary = "a < b; false where either is NaN";
}
def Hwc_LessOrEqualOp
    : Hwc_Comparison<"less_or_equal", "LessOrEqual", "|a, b| a <= b", "|a, b| a <= b", "scalar::less_or_equal"> {
  let summary = "a <= b; false where either is NaN";
}
def Hwc_GreaterOp : Hwc_Comparison<"greater", "Greater", "|a, b| a > b", "|a, b| a > b", "scalar::greater"> {
  let summary = "a > b; false where either is NaN";
}
def Hwc_GreaterOrEqualOp : Hwc_Comparison<"greater_or_equal", "GreaterOrEqual", "|a, b| a >= b", "|a, b| a >= b",
    "scalar::greater_or_equal"> {
  let summary = "a >= b; false where either is NaN";
}

def Hwc_AndOp : Hwc_Bitwise<"and", "And", "elementwise::logical", "|a, b| a & b", "scalar::and"> {
  let summary = "a and b, of `i1`";
}
def Hwc_OrOp : Hwc_Bitwise<"or", "Or", "elementwise::logical", "|a, b| a | b", "scalar::or"> {
  let summary = "a or b, of `i1`";
}
def Hwc_XorOp : Hwc_Bitwise<"xor", "Xor", "elementwise::logical", "|a, b| a ^ b", "scalar::xor"> {
  let summary = "Either a or b but not both, of `i1`";
}
def Hwc_BitwiseAndOp
    : Hwc_Bitwise<"bitwise_and", "BitwiseAnd", "elementwise::integer_arithmetic", "|a, b| a & b", "scalar::and"> {
  let summary = "The bits that are set in both integers";
}
def Hwc_BitwiseOrOp
    : Hwc_Bitwise<"bitwise_or", "BitwiseOr", "elementwise::integer_arithmetic", "|a, b| a | b", "scalar::or"> {
  let summary = "The bits that are set in either integer";
}
def Hwc_BitwiseXorOp
    : Hwc_Bitwise<"bitwise_xor", "BitwiseXor", "elementwise::integer_arithmetic", "|a, b| a ^ b", "scalar::xor"> {
  let summary = "The bits that differ between two integers";
}

def Hwc_NotOp : Hwc_Op<"not"> {
  let summary = "The opposite, of `i1`";
  let arguments = (ins Hwc_Tensor:$operand);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Not";
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::logical_unary(call)";
  let reference = "elementwise::integer_unary(call, |x| x ^ 1)";
  let lowering = "elementwise::unary(call, scalar::not)";
}
def Hwc_BitwiseNotOp : Hwc_Op<"bitwise_not"> {
  let summary = "Every bit of an integer inverted";
  let arguments = (ins Hwc_Tensor:$operand);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "BitwiseNot";
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::integer_unary(call)";
  let reference = "elementwise::integer_unary(call, |x| !x)";
  let lowering = "elementwise::unary(call, scalar::not)";
}

def Hwc_BitShiftOp : Hwc_Op<"bit_shift"> {
  let summary = "The bits of an unsigned integer moved by as many places as the second operand says";
  let description = "Zeros move in; a shift by the width of the type or more is 0.";
  let arguments = (ins Hwc_Tensor:$lhs, Hwc_Tensor:$rhs, BoolAttr:$left);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "";
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::bit_shift(call)";
  let reference = "elementwise::bit_shift(call)";
  let lowering = "elementwise::bit_shift(call)";
}

def Hwc_IsNanOp : Hwc_Predicate<"is_nan", "IsNaN"> {
  let summary = "True where the element is NaN";
  let reference = "elementwise::predicate(call, f64::is_nan)";
  let lowering = "elementwise::unary(call, scalar::is_nan)";
}
def Hwc_IsInfOp : Hwc_Predicate<"is_inf", "IsInf"> {
  let summary = "True where the element is an infinity of a sign that is asked for";
  let arguments = (ins Hwc_Tensor:$operand, DefaultValuedAttr<BoolAttr, "true">:$positive,
                       DefaultValuedAttr<BoolAttr, "true">:$negative);
  let reference = "elementwise::is_inf(call)";
  let lowering = "elementwise::is_inf(call)";
}

def Hwc_SelectOp : Hwc_Op<"select"> {
  let summary = "The second operand where the condition holds, else the third; all three broadcast";
  let arguments = (ins Hwc_Tensor:$condition, Hwc_Tensor:$lhs, Hwc_Tensor:$rhs);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Where";
  let cost = "Elementwise";
  let order = "Pointwise";
  let infer = "elementwise::select(call)";
  let reference = "elementwise::select(call)";
  let lowering = "elementwise::select(call)";
}
