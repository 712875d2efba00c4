// RUN: hwc-opt %s --split-input-file --verify-diagnostics | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s

// Names of dimensions go through what does not change them.

// CHECK-LABEL: func.func @matmul
// CHECK: -> tensor<?x2xf32, ["n", ""]>
func.func @matmul(%a: tensor<?x3xf32, ["n", ""]>, %b: tensor<3x2xf32>) -> tensor<?x2xf32, ["n", ""]> {
  %0 = hwc.matmul %a, %b : (tensor<?x3xf32, ["n", ""]>, tensor<3x2xf32>) -> tensor<?x2xf32, ["n", ""]>
  return %0 : tensor<?x2xf32, ["n", ""]>
}

// CHECK-LABEL: func.func @einsum
// CHECK: -> tensor<?x2xf32, ["n", ""]>
func.func @einsum(%a: tensor<?x4xf32, ["n", ""]>, %b: tensor<4x2xf32>) -> tensor<?x2xf32, ["n", ""]> {
  %0 = hwc.einsum %a, %b {equation = "ij,jk"} : (tensor<?x4xf32, ["n", ""]>, tensor<4x2xf32>) -> tensor<?x2xf32, ["n", ""]>
  return %0 : tensor<?x2xf32, ["n", ""]>
}

// CHECK-LABEL: func.func @conv
// CHECK: -> tensor<?x4x?x6xf32, ["n", "", "h", ""]>
func.func @conv(%x: tensor<?x3x?x8xf32, ["n", "", "h", ""]>, %w: tensor<4x3x3x3xf32>) -> tensor<?x4x?x6xf32, ["n", "", "h", ""]> {
  %0 = hwc.conv %x, %w {pads = array<i64: 1, 0, 1, 0>} : (tensor<?x3x?x8xf32, ["n", "", "h", ""]>, tensor<4x3x3x3xf32>) -> tensor<?x4x?x6xf32, ["n", "", "h", ""]>
  return %0 : tensor<?x4x?x6xf32, ["n", "", "h", ""]>
}

// CHECK-LABEL: func.func @max_pool
// CHECK: -> tensor<?x3x?xf32, ["n", "", "w"]>
func.func @max_pool(%x: tensor<?x3x?xf32, ["n", "", "w"]>) -> tensor<?x3x?xf32, ["n", "", "w"]> {
  %0 = hwc.max_pool %x {kernel = array<i64: 3>, pads = array<i64: 1, 1>} : (tensor<?x3x?xf32, ["n", "", "w"]>) -> tensor<?x3x?xf32, ["n", "", "w"]>
  return %0 : tensor<?x3x?xf32, ["n", "", "w"]>
}

// CHECK-LABEL: func.func @rnn
// CHECK: -> (tensor<?x?x3xf32, ["t", "n", ""]>, tensor<?x3xf32, ["n", ""]>)
func.func @rnn(%x: tensor<?x?x3xf32, ["t", "n", ""]>, %r: tensor<3x3xf32>) -> (tensor<?x?x3xf32, ["t", "n", ""]>, tensor<?x3xf32, ["n", ""]>) {
  %0:2 = hwc.rnn %x, %r {activations = ["Tanh"], alpha = array<f32: 0.000000e+00>, beta = array<f32: 0.000000e+00>} : (tensor<?x?x3xf32, ["t", "n", ""]>, tensor<3x3xf32>) -> (tensor<?x?x3xf32, ["t", "n", ""]>, tensor<?x3xf32, ["n", ""]>)
  return %0#0, %0#1 : tensor<?x?x3xf32, ["t", "n", ""]>, tensor<?x3xf32, ["n", ""]>
}
