// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @rows
// CHECK: hwc.expand %{{.*}} {shape = array<i64: 2, 1, 4>} : (tensor<3x1xf32>) -> tensor<2x3x4xf32>
// LOWER: affine_map<(d0, d1, d2) -> (d1)>
// LOWER-LABEL: func.func @rows
func.func @rows(%x: tensor<3x1xf32>) -> tensor<2x3x4xf32> {
  %0 = hwc.expand %x {shape = array<i64: 2, 1, 4>} : (tensor<3x1xf32>) -> tensor<2x3x4xf32>
  return %0 : tensor<2x3x4xf32>
}

// -----

func.func @clash(%x: tensor<3xf32>) {
  // expected-error @+1 {{cannot broadcast a dimension of 3 with one of 2}}
  %0 = hwc.expand %x {shape = array<i64: 2>} : (tensor<3xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @too_large(%x: tensor<1xf32>) {
  // expected-error @+1 {{more than can be addressed}}
  %0 = hwc.expand %x {shape = array<i64: 4611686018427387904, 4>} : (tensor<1xf32>) -> tensor<4611686018427387904x4xf32>
  return
}
