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

def Hwc_MatmulIntegerOp : Hwc_Op<"matmul_integer", [AttrSizedOperandSegments]> {
  let summary = "Matrix product of 8-bit integers less their zero points, in i32";
  let description = [{
    `matmul(lhs - lhs_zero, rhs - rhs_zero)`, computed in i32, which wraps. The operands may differ in signedness. A
    zero point has the element type of its operand, broadcasts to it by numpy's rules, and has one value for all that
    is summed: `lhs_zero` is a scalar, one element, or `[..., M, 1]`; `rhs_zero` the same or `[..., 1, N]` or `[N]`.

    ```mlir
    %0 = hwc.matmul_integer %a, %b rhs_zero %z : (tensor<2x3xi8>, tensor<3x4xui8>, tensor<4xui8>) -> tensor<2x4xi32>
    ```
  }];
  let arguments = (ins Hwc_Tensor:$lhs, Hwc_Tensor:$rhs, Optional<Hwc_Tensor>:$lhs_zero,
                       Optional<Hwc_Tensor>:$rhs_zero);
  let results = (outs Hwc_Tensor:$result);
  let assemblyFormat = [{
    $lhs `,` $rhs (`lhs_zero` $lhs_zero^)? (`rhs_zero` $rhs_zero^)? attr-dict `:` functional-type(operands, results)
  }];
  let onnx = "MatMulInteger";
  let cost = "Contraction";
  let infer = "contraction::matmul_integer(call)";
  let reference = "contraction::matmul_integer(call)";
  let lowering = "contraction::matmul_integer(call)";
}

def Hwc_EinsumOp : Hwc_Op<"einsum"> {
  let summary = "Sum of products in Einstein's notation";
  let description = [{
    `equation` is numpy's: one term of letters an operand, `...` for leading dimensions that broadcast, a letter twice
    in one term for a diagonal, and after `->` the letters that are kept. Without `->` those are the ellipsis and then,
    sorted, the letters that occur once. A dimension of 1 broadcasts. Integers wrap.

    ```mlir
    %0 = hwc.einsum %q, %k {equation = "bhid,bhjd->bhij"} : (tensor<1x2x8x4xf32>, tensor<1x2x8x4xf32>) -> tensor<1x2x8x8xf32>
    ```
  }];
  let arguments = (ins Variadic<Hwc_Tensor>:$inputs, StrAttr:$equation);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Einsum";
  let cost = "Contraction";
  let infer = "contraction::einsum(call)";
  let reference = "contraction::einsum(call)";
  let lowering = "einsum::einsum(call)";
}

def Hwc_DetOp : Hwc_Op<"det"> {
  let summary = "Determinant of square matrices";
  let description = [{
    `[..., N, N] -> [...]`. The determinant of a matrix of no rows is 1.
  }];
  let arguments = (ins Hwc_Tensor:$operand);
  let results = (outs Hwc_Tensor:$result);
  let onnx = "Det";
  let cost = "Scan";
  let infer = "contraction::det(call)";
  let reference = "contraction::det(call)";
  let lowering = "det::det(call)";
}
