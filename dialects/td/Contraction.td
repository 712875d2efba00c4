// Sums of products over shared indices.

def Hwc_MatmulOp : Hwc_Op<"matmul"> {
  let summary = "Matrix product with numpy's rules for rank-1 operands and batches";
  let description = [{
    `[..., M, K] x [..., K, N] -> [..., M, N]`; leading dimensions broadcast. A rank-1 operand is a row (left) or a
    column (right) whose added dimension is dropped from the result. Integers wrap.
  }];
  let arguments = (ins Hwc_Tensor:$lhs, Hwc_Tensor:$rhs);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "MatMul";
  let cost = "Contraction";
  let infer = "contraction::matmul(call)";
  let reference = "contraction::matmul(call)";
  let lowering = "contraction::matmul(call)";
}
