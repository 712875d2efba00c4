// Reductions over whole axes, and what runs or sorts along one.

// `axes` are distinct and may count from the back; with none the elementwise part of the operator is all that is done.
// `float` and `integer` are the reference evaluator's functions on the elements of one group, `L` the kind of the lowering.
class Hwc_Reduce<string mnemonic, string onnxName, string float, string integer, string L> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$operand, DenseI64ArrayAttr:$axes, DefaultValuedAttr<BoolAttr, "true">:$keepdims);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = "$operand `over` $axes attr-dict `:` functional-type(operands, results)";
  let onnx = onnxName;
  let cost = "Reduction";
  let order = "Named";
  let infer = "reduction::numeric(call)";
  let reference = "reduction::reduce(call, " # float # ", " # integer # ")";
  let lowering = "reduction::reduce(call, reduction::Kind::" # L # ")";
}

def Hwc_ReduceSumOp : Hwc_Reduce<"reduce_sum", "ReduceSum", "reduction::sum", "reduction::integer_sum", "Sum"> {
  let summary = "Sum; 0 over nothing; integers wrap";
  let description = [{
    ```mlir
    %1 = hwc.reduce_sum %0 over [1] {keepdims = false} : (tensor<2x3xf32>) -> tensor<2xf32>
    ```
  }];
}

def Hwc_ReduceMeanOp : Hwc_Reduce<"reduce_mean", "ReduceMean", "reduction::mean", "reduction::integer_mean", "Mean"> {
  let summary = "Mean; integers are summed in 64 bits and rounded towards zero; NaN or 0 over nothing";
}

def Hwc_ReduceMaxOp : Hwc_Reduce<"reduce_max", "ReduceMax", "reduction::max", "reduction::integer_max", "Max"> {
  let summary = "Largest element, NaN if there is one; the smallest value of the type over nothing; true above false";
  let infer = "reduction::ordered(call)";
}

def Hwc_ReduceMinOp : Hwc_Reduce<"reduce_min", "ReduceMin", "reduction::min", "reduction::integer_min", "Min"> {
  let summary = "Smallest element, NaN if there is one; the largest value of the type over nothing; true above false";
  let infer = "reduction::ordered(call)";
}

def Hwc_ReduceProdOp : Hwc_Reduce<"reduce_prod", "ReduceProd", "reduction::prod", "reduction::integer_prod", "Prod"> {
  let summary = "Product; 1 over nothing; integers wrap";
}

def Hwc_ReduceL1Op : Hwc_Reduce<"reduce_l1", "ReduceL1", "reduction::l1", "reduction::integer_l1", "L1"> {
  let summary = "Sum of absolute values";
}

// Integer results of the operators below that leave the integers are truncated and clamped.
def Hwc_ReduceL2Op : Hwc_Reduce<"reduce_l2", "ReduceL2", "reduction::l2", "reduction::truncate(reduction::l2)", "L2"> {
  let summary = "Square root of the sum of squares";
}

def Hwc_ReduceLogSumOp : Hwc_Reduce<"reduce_log_sum", "ReduceLogSum", "reduction::log_sum",
                                    "reduction::truncate(reduction::log_sum)", "LogSum"> {
  let summary = "Natural logarithm of the sum";
}

def Hwc_ReduceLogSumExpOp : Hwc_Reduce<"reduce_log_sum_exp", "ReduceLogSumExp", "reduction::log_sum_exp",
                                       "reduction::truncate(reduction::log_sum_exp)", "LogSumExp"> {
  let summary = "Natural logarithm of the sum of exponentials, without overflow on the way";
}

def Hwc_ReduceSumSquareOp : Hwc_Reduce<"reduce_sum_square", "ReduceSumSquare", "reduction::sum_square",
                                       "reduction::integer_sum_square", "SumSquare"> {
  let summary = "Sum of squares; integers wrap";
}

// `R` tells whether an element beats the best so far.
class Hwc_ArgReduce<string mnemonic, string onnxName, string largest> : Hwc_Op<mnemonic> {
  let arguments = (ins Hwc_Tensor:$operand, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "true">:$keepdims,
                       DefaultValuedAttr<BoolAttr, "false">:$select_last_index);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = "$operand attr-dict `:` functional-type(operands, results)";
  let description = [{
    The result is of type `i64`. Among equals the first index is taken, or the last. NaN beats every number.
  }];
  let onnx = onnxName;
  let cost = "Reduction";
  let order = "Named";
  let infer = "reduction::arg(call)";
  let reference = "reduction::arg(call, " # largest # ")";
  let lowering = "reduction::arg(call, " # largest # ")";
}

def Hwc_ArgMaxOp : Hwc_ArgReduce<"arg_max", "ArgMax", "true"> {
  let summary = "Index of the largest element along an axis";
}

def Hwc_ArgMinOp : Hwc_ArgReduce<"arg_min", "ArgMin", "false"> {
  let summary = "Index of the smallest element along an axis";
}

def Hwc_TopKOp : Hwc_Op<"top_k"> {
  let summary = "The k largest or smallest elements along an axis, in order, and their indices";
  let description = [{
    Equal elements stand in the order of their indices. NaN is larger than every number. Indices are of type `i64`.

    ```mlir
    %values, %indices = hwc.top_k %0 {axis = 1 : i64, k = 3 : i64} : (tensor<4x9xf32>) -> (tensor<4x3xf32>, tensor<4x3xi64>)
    ```
  }];
  let arguments = (ins Hwc_Tensor:$operand, I64Attr:$k, DefaultValuedAttr<I64Attr, "-1">:$axis,
                       DefaultValuedAttr<BoolAttr, "true">:$largest);
  let results = (outs Hwc_Tensor:$values, Hwc_Tensor:$indices);
  let assemblyFormat = "$operand attr-dict `:` functional-type(operands, results)";
  let onnx = "TopK";
  let cost = "Sort";
  let order = "Named";
  let infer = "reduction::top_k(call)";
  let reference = "sort::top_k(call)";
  let lowering = "sort::top_k(call)";
}

def Hwc_CumsumOp : Hwc_Op<"cumsum"> {
  let summary = "Running sum along an axis; integers wrap";
  let description = [{
    Each element of the result sums the elements up to its own place, or before it where `exclusive`; from the far end
    where `reverse`.
  }];
  let arguments = (ins Hwc_Tensor:$operand, I64Attr:$axis, DefaultValuedAttr<BoolAttr, "false">:$exclusive,
                       DefaultValuedAttr<BoolAttr, "false">:$reverse);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "CumSum";
  let cost = "Scan";
  let order = "Named";
  let infer = "reduction::cumulative(call)";
  let reference = "scan::cumsum(call)";
  let lowering = "scan::cumsum(call)";
}
