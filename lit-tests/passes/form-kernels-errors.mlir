// What is no graph is refused.
// RUN: not hwc-opt %s --split-input-file --pass-pipeline='builtin.module(hwc-form-kernels)' 2>&1 | FileCheck %s

// CHECK: error: not a graph: expected one function, found 0
module {}

// -----

// CHECK: error: not a graph: the function has no body
func.func private @main(tensor<2xf32>)

// -----

// CHECK: error: not a graph: `main` holds arith.addf
func.func @main(%x: tensor<2xf32>) -> tensor<2xf32> {
  %0 = arith.addf %x, %x : tensor<2xf32>
  return %0 : tensor<2xf32>
}
