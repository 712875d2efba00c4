// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file | FileCheck %s
// RUN: hwc-opt %s --split-input-file --verify-diagnostics | hwc-opt --split-input-file --pass-pipeline='builtin.module(hwc-lower)' | FileCheck %s --check-prefix=LOWER

// CHECK-LABEL: func.func @columns
// CHECK: hwc.tile %{{.*}} {repeats = array<i64: 1, 3>} : (tensor<2x4xf32>) -> tensor<2x12xf32>
// LOWER: affine_map<(d0, d1, d2) -> (d0, d2)>
// LOWER-LABEL: func.func @columns
// LOWER: linalg.generic
// LOWER: tensor.collapse_shape %{{.*}} : tensor<2x3x4xf32> into tensor<24xf32>
func.func @columns(%x: tensor<2x4xf32>) -> tensor<2x12xf32> {
  %0 = hwc.tile %x {repeats = array<i64: 1, 3>} : (tensor<2x4xf32>) -> tensor<2x12xf32>
  return %0 : tensor<2x12xf32>
}

// -----

func.func @rank(%x: tensor<2x4xf32>) {
  // expected-error @+1 {{`repeats` has 1 entries, needs one per dimension, 2}}
  %0 = hwc.tile %x {repeats = array<i64: 3>} : (tensor<2x4xf32>) -> tensor<2x12xf32>
  return
}

// -----

func.func @negative(%x: tensor<2xf32>) {
  // expected-error @+1 {{attribute `repeats` has the negative element -1}}
  %0 = hwc.tile %x {repeats = array<i64: -1>} : (tensor<2xf32>) -> tensor<2xf32>
  return
}
